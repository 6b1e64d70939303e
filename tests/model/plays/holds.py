"""Holds: placed, and lifted by two."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from uuid import UUID

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject
from tests.harness.world import World
from tests.model import arranging
from tests.model.plays import Play, Spoil
from tests.model.plays.lending import free
from tests.model.plays.spoiling import VERSION, by, changed, me, now
from tests.model.stage import Stage, Try


def _placed(stage: Stage) -> Iterator[Try]:
    if not stage.sql("select exists (select from holds where org_id = any($1) and lifted_at is null)", stage.ours()):
        for r in free(stage, "IN_VAULT", "FILED")[:3]:
            yield Try("legal", "placeHold", {"on": {"recordId": f"record_{r['id']}"}, "kind": "AUDIT", "reason": "专项审计"})


def _lifted(stage: Stage) -> Iterator[Try]:
    held = stage.rows(
        "select h.id, h.version from holds h where h.org_id = any($1) and h.lifted_at is null and not exists (select from operations o"
        " where o.action = 'LIFT_HOLD' and o.state = 'PENDING' and o.ask->>'hold' = h.id::text)", stage.ours(),
    )  # fmt: skip
    for h in held:
        yield Try("legal_two", "liftHold", {"holdId": f"hold_{h['id']}", "expectedVersion": str(h["version"]), "reason": "审计结束"})


def _confirmed(stage: Stage) -> Iterator[Try]:
    for o in stage.rows("select id from operations where org_id = any($1) and state = 'PENDING' and action = 'LIFT_HOLD'", stage.ours()):
        yield Try("risk", "confirmOperation", {"operationId": f"operation_{o['id']}", "seat": "SECOND"})


def _over(stage: Stage, what: Try) -> AbstractContextManager[None]:
    """It was lifted meanwhile, by others."""
    operation = what.input["operationId"].removeprefix("operation_")
    hold = stage.sql("select (ask->>'hold')::uuid from operations where id = $1::text::uuid", operation)
    return changed(stage, "holds", hold, lifted_at=now(stage), lifted_by=me(stage, "compliance"))


async def _proposed(bank: World) -> None:
    """A hold that somebody wants lifted."""
    volume = await arranging.filed(bank)
    ask = Ask(A.PLACE_HOLD, hold_kind=HoldKind.AUDIT, subject_kind=HoldSubject.RECORD, subject=volume, reason="专项审计")
    hold = UUID((await bank.done("legal", ask))["hold"])
    await bank.done("legal_two", Ask(A.LIFT_HOLD, hold=hold, reason="审计结束"))


PLAYS = (
    Play("place hold", _placed),
    Play("lift hold", _lifted, (VERSION,)),
    Play("confirm lift", _confirmed, arrange=_proposed, spoils=(
        Spoil("the hold is active", world=_over),
        Spoil("a hold is lifted by a second person", by("legal")),
        Spoil("whoever proposed the lift is not its second", by("legal_two")),
    )),
)  # fmt: skip
