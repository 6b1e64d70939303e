"""What is asked back while it is out, and what is sought because it did not come (C24)."""

from sqlalchemy import Text, update

from server.custody import notices
from server.custody.acts.change import AT, THESE, Detail, given, open_cases
from server.custody.writing import Writing
from storage.tables import discrepancies, movements
from storage.terms import Action as A
from storage.terms import NoticeKind, Role

RECALL = update(movements).where(THESE).values(recalled_at=given("at", AT), recalled_by=given("by"), recall_reason=given("reason", Text))


async def recall(w: Writing) -> Detail:
    """The holder is asked to bring it back early; until then it is not extended (C23)."""
    await w.conn.run(RECALL, the_ids=w.movements, the_at=w.at, the_by=w.by.id, the_reason=w.ask.reason)
    w.made["checkouts"] = w.movements
    for move in w.moves:
        assert move.movement is not None and move.movement.holder is not None
        await notices.tell(w.conn, {move.movement.holder}, NoticeKind.RECALLED, ("checkout", move.movement.id), w.at, record=move.record.id)
    return {}


async def overdue_search(w: Writing) -> Detail:
    """F14, S11: the search is the operations head's; the open checkout stays and is marked by the case."""
    await open_cases(w, list(w.moves))
    for case, move in zip(w.made["cases"], w.moves, strict=True):
        owners = await notices.people_for(w.conn, Role.OPS_HEAD, move.record.custody_org, w.at)
        owner = min(owners, default=move.movement.holder if move.movement else None)
        await w.conn.update(discrepancies, {"id": case}, {"owner_id": owner})
        await notices.tell(w.conn, {owner} if owner else set(), NoticeKind.SEARCH_DUE, ("case", case), w.at, record=move.record.id)
    return {}


CHANGES = {A.RECALL: recall, A.OVERDUE_SEARCH: overdue_search}
