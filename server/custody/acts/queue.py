"""Requests that wait, and those whose turn has come: what F3 and S4 change then."""

from server.custody import notices
from server.custody.acts.change import Detail
from server.custody.acts.lending import approve, take
from server.custody.writing import Writing
from storage.tables import access_requests
from storage.terms import Action as A
from storage.terms import NoticeKind, RequestState


async def enqueue(w: Writing) -> Detail:
    """The last approval, while somebody else has a record of the request: it waits for all of them."""
    request = w.first.request
    assert request is not None
    detail = await approve(w)
    waiting = {"state": RequestState.WAITING, "decided_at": w.at, "queued_at": w.at}
    await w.conn.update(access_requests, {"id": request.id}, waiting)
    return detail


async def serve(w: Writing) -> Detail:
    """Its turn: reserved for every line, and its people are told."""
    request = w.first.request
    assert request is not None
    detail = await take(w)
    who = {request.applicant, request.reader}
    await notices.tell(w.conn, who, NoticeKind.READY_TO_FETCH, ("request", request.id), w.at, due=detail["lapses"])
    return detail


async def lapse(w: Writing) -> Detail:
    """The desk has met it already: what is past its time is closed before anything else."""
    return {}


CHANGES = {A.ENQUEUE: enqueue, A.SERVE: serve, A.LAPSE: lapse}
