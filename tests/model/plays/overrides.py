"""Overrides: asked for with the act, let pass by a second person (C50)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

from tests.model.plays import Change, Play, Spoil
from tests.model.plays.lending import asked, checkouts, idle
from tests.model.plays.spoiling import by, me, now, records_of, row, soon
from tests.model.stage import Stage, Try

WHY = "法院今日开庭"
LET = """select id from operations o where org_id = any($1) and state = 'PENDING' and expires_at > $2 and 'OVERRIDE' = any(required_seats)
  and cardinality(required_seats) - 1 = (select count(*) from operation_seats s where s.operation_id = o.id and s.seat <> 'OVERRIDE') order by id"""


def _requests(stage: Stage) -> Iterator[Try]:
    if not stage.rows(LET, stage.ours(), now(stage)):
        for right in asked("requestCheckout", "IN_VAULT", "FILED")(stage):
            yield right.but(overrides=[{"rule": "C18", "comment": WHY}])


def _checkouts(stage: Stage) -> Iterator[Try]:
    for right in checkouts("SECOND")(stage):
        yield right.but(dueOn=soon(stage, 80), overrides=[{"rule": "C21", "comment": WHY}])


def _let(stage: Stage) -> Iterator[Try]:
    free = {r["id"] for r in idle(stage, "IN_VAULT", "FILED", "RESERVED")}
    for o in stage.rows(LET, stage.ours(), now(stage)):
        right = Try("chief", "confirmOperation", {"operationId": f"operation_{o['id']}", "seat": "OVERRIDE"})
        moving = stage.sql("select exists (select from movements where operation_id = $1 and closed_at is null)", o["id"])
        if moving or set(records_of(stage, right)) <= free:
            yield right


def _overrides(**changed: str) -> Change:
    return lambda _, right: right.but(overrides=[o | changed for o in right.input["overrides"]])


def _boss_too(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return row(stage, "staff_roles", staff_id=me(stage, what.who), role="BRANCH_HEAD")


def _opener(stage: Stage, right: Try) -> Try | None:
    opened = stage.sql("select s.username from operations o join staff s on s.id = o.opened_by where o.id = $1::text::uuid"
                       " and o.action = 'REQUEST_CHECKOUT'",
                       right.input["operationId"].removeprefix("operation_"))  # fmt: skip
    return opened and right.but(next(name for name, p in stage.bank.people.items() if p.staff_no == opened))


NAMES = Spoil("an override names a rule of this act that the bank lets override", _overrides(rule="C16"))
WHYS = Spoil("an override says why", _overrides(comment="  "))
PLAYS = (
    Play("request with an override", _requests, (NAMES, WHYS)),
    Play("check out with an override", _checkouts, (WHYS,)),
    Play("let a rule be broken", _let, often=2, spoils=(
        Spoil("whoever confirms an override has the permission of each rule", by("legal")),
        Spoil("whoever confirms an override gains nothing by it and has no other part in the act", _opener, _boss_too),
    )),
)  # fmt: skip
