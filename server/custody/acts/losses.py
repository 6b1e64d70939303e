"""What is not where it should be: what F14 and S11 change."""

from server.custody.acts.change import CLOSE_UNUSED, SETTLE, Detail, open_cases
from server.custody.writing import Writing
from storage.terms import Action as A
from storage.terms import RequestState


async def report_missing(w: Writing) -> Detail:
    """F14, S11: a case is opened; an open reservation is cancelled, an open checkout stays and is marked by the case."""
    unused = [m.movement for m in w.moves if m.movement and m.movement.out_at is None]
    await w.conn.run(CLOSE_UNUSED, the_ids=[m.id for m in unused], the_at=w.at)
    requests = [m.request for m in unused if m.request]
    await w.conn.run(SETTLE, the_ids=requests, the_state=RequestState.CANCELLED.value, the_at=w.at)
    await open_cases(w, list(w.moves))
    return {}


CHANGES = {A.REPORT_MISSING: report_missing}
