"""Who waits goes first; what is asked back is not kept longer; what is overdue is sought."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from server.custody.moves import Ask, Move
from server.custody.moves.queue import Queue
from server.custody.policy import ranks
from storage.terms import Action as A
from storage.terms import Purpose, RequestState, Tier
from tests.custody.attacking import MOVE, Attack, movement, twin, volume_out, who
from tests.custody.breaking import Break, change_movement, change_request
from tests.custody.examples import ANN, HEAD, NOW, OTHER, REQ, RISK, example, person
from tests.harness.world import World

FIRST, SECOND = Tier.FIRST, Tier.SECOND


def _with_queue(m: Move) -> Move:
    return replace(m, known={**m.known, Queue: Queue()})


def _served(m: Move) -> Move:
    right = example(A.RESERVE, m.record.tier)
    assert right.request is not None
    given = dict(zip(sorted(ranks(m.record.tier, right.request.purpose)), (HEAD, RISK), strict=False))
    return replace(m, request=replace(right.request, state=RequestState.WAITING, queue=True, approvals=given))


def _queued(m: Move) -> Move:
    right = example(A.APPROVE, m.record.tier)
    assert right.request is not None
    return replace(m, request=replace(right.request, queue=True), by=right.by)


ADJUST = {
    A.RESERVE: _with_queue,
    A.EXTEND: _with_queue,
    A.REQUEST_EXTENSION: _with_queue,
    A.RECALL: _with_queue,
    A.SERVE: _served,
    A.ENQUEUE: _queued,
    A.LAPSE: lambda m: replace(m, lapsed=replace(example(A.CANCEL, m.record.tier).movement, request=REQ), movement=None),
    A.OVERDUE_SEARCH: lambda m: replace(m, **change_movement(due_at=NOW - timedelta(days=20))(m)),
}


def _queue(queue: Queue) -> Any:
    return lambda m: {"known": {**m.known, Queue: queue}}


WAITED, RECALLED = _queue(Queue((OTHER,))), _queue(Queue(recalled=True))
NOBODY = "nobody else waits for the record, and its holder was not asked for it back"
BREAKS = (
    Break("nobody waits for the record", A.RESERVE, FIRST, WAITED),
    Break(NOBODY, A.REQUEST_EXTENSION, SECOND, WAITED),
    Break(NOBODY, A.EXTEND, FIRST, RECALLED),
    Break("the holder was not asked for it back before", A.RECALL, SECOND, RECALLED),
    Break("only a reservation past its time is tidied", A.LAPSE, SECOND, lambda m: {"lapsed": None}),
    Break("it was due days ago and was not presented", A.OVERDUE_SEARCH, FIRST, change_movement(due_at=NOW + timedelta(days=1))),
    Break("the request is at the right step", A.SERVE, SECOND, change_request(state=RequestState.SUBMITTED)),
    Break("every rank of the matrix has approved", A.SERVE, FIRST, change_request(approvals={})),
    Break(
        "the caller has a role for this act or seat",
        A.OVERDUE_SEARCH,
        SECOND,
        lambda m: {"by": person(ANN, *example(A.RECALL, SECOND).by.roles)},
    ),
)


async def waiting(bank: World, record: UUID) -> UUID:
    """Somebody who waits for a record that is out."""
    asked = Ask(A.REQUEST_CHECKOUT, records=(record,), purpose=Purpose.AUDIT, queue=True)
    request = UUID((await bank.done("legal", asked))["request"])
    await bank.done("head", Ask(A.APPROVE, request=request))
    return request


@twin("tg_movements_c14_queue_first")
async def _(bank: World) -> Attack:
    record, _ = await volume_out(bank)
    await waiting(bank, record)
    request = await bank.requests([record], tier=SECOND)
    return Attack("archivist", ((MOVE, bank.branches["A"].id, record, "CHECKOUT", request, who(bank, "officer")),))


@twin("tg_movements_c23_nobody_waits")
async def _(bank: World) -> Attack:
    record, moved = await volume_out(bank)
    await waiting(bank, record)
    longer = "update movements set extensions = extensions + 1 where id = $1"
    return Attack("officer", ((longer, moved),))


@twin("tg_movements_c24_recalled_once")
async def _(bank: World) -> Attack:
    record, _moved = await volume_out(bank)
    await bank.done("archivist", Ask(A.RECALL, records=(record,), reason="他人急用"))
    return Attack(
        "archivist", (("update movements set recalled_at = null, recalled_by = null where id = $1", await movement(bank, record)),)
    )
