"""Seats of operations at a vault: taken, or the operation is withdrawn (C1, C3, C6)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from tests.model.plays import Change, Play, Spoil
from tests.model.plays.spoiling import SERVICE, by, me, now, row
from tests.model.stage import Stage, Try

SEATS_OFTEN = 12  # in two plays: of each act at the vault two or three seats are taken after the first
TAKERS = {
    "KEY": "kay",
    "CODE": "cody",
    "CLERK": "clerk",
    "OFFICER": "teller",
    "OVERRIDE": "chief",
    "SUPERVISOR": "ops",
    "ARCHIVIST": "archivist",
    "PROPOSER": "legal",
    "SECOND": "legal_two",
}
PENDING_AT_A_VAULT = """select o.id, o.action, o.tier, o.required_seats, v.org_id as unit, reader.username as receiver,
  array(select seat from operation_seats s where s.operation_id = o.id) as taken from operations o
  join storage_locations v on v.id = o.vault_id left join access_requests q on q.id = o.request_id left join staff reader on reader.id = q.reader_id
  where o.org_id = any($1) and o.state = 'PENDING' and o.expires_at > $2 and not 'PROPOSER' = any (o.required_seats) order by o.id"""


def _open_seats(stage: Stage) -> Iterator[tuple[Any, Try]]:
    """Each pending operation, and whoever can take its next seat."""
    names, letters = (
        {p.staff_no: name for name, p in stage.bank.people.items()},
        {b.id: letter for letter, b in stage.bank.branches.items()},
    )
    for o in stage.rows(PENDING_AT_A_VAULT, stage.ours(), now(stage)):
        seat = next(s for s in o["required_seats"] if s not in o["taken"])
        who = names[o["receiver"]] if seat == "RECEIVER" else stage.bank.of(TAKERS[seat], letters[o["unit"]])
        yield o, Try(who, "confirmOperation", {"operationId": f"operation_{o['id']}", "seat": seat})


def _seats(stage: Stage) -> Iterator[Try]:
    return (what for _, what in _open_seats(stage))


def _seats_of_the_rarest(stage: Stage) -> Iterator[Try]:
    """Of the act that was ended least in all banks: what is begun seldom must not be left to chance."""
    found = [(stage.coverage.acts[o["tier"], o["action"]], what) for o, what in _open_seats(stage)]
    least = min((done for done, _ in found), default=0)
    return (what for done, what in found if done == least)


def _seat(seat: str, change: Change) -> Change:
    return lambda stage, right: change(stage, right) if right.input["seat"] == seat else None


def _keeper(stage: Stage, right: Try) -> Try | None:
    """Whoever has the KEY seat."""
    taken = "select p.username from operation_seats s join staff p on p.id = s.staff_id where s.operation_id = $1::text::uuid and s.seat = 'KEY'"
    who = stage.sql(taken, right.input["operationId"].removeprefix("operation_"))
    return right.but(next(name for name, p in stage.bank.people.items() if p.staff_no == who)) if who else None


def _clerk_too(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return row(stage, "staff_roles", staff_id=me(stage, what.who), role="REGISTER_CLERK")


def _withdrawals(stage: Stage) -> Iterator[Try]:
    for one in list(_seats(stage))[1:]:
        opened = stage.sql("select s.username from operations o join staff s on s.id = o.opened_by where o.id = $1",
                           UUID(one.input["operationId"].removeprefix("operation_")))  # fmt: skip
        who = next(n for n, p in stage.bank.people.items() if p.staff_no == opened)
        yield Try(who, "withdrawOperation", {"operationId": one.input["operationId"], "reason": "稍后再办"})


def _done_operation(stage: Stage, right: Try) -> Try | None:
    mine = stage.sql(
        "select o.id from operations o where o.org_id = any($1) and o.state = 'DONE' and o.opened_by = $2 limit 1",
        stage.ours(),
        me(stage, right.who),
    )
    return right.but(operationId=f"operation_{mine}") if mine else None


PLAYS = (
    Play("take a seat", _seats, often=SEATS_OFTEN, spoils=(
        SERVICE,
        Spoil("the receiver is the person the request names", _seat("RECEIVER", by("legal"))),
        Spoil("the caller takes an open seat of the operation", _seat("CODE", lambda _, right: right.but("kay", seat="KEY"))),
        Spoil("the caller has a role for this act or seat", _seat("CLERK", by("legal_two"))),
        Spoil("the clerk is not one of the keepers", _seat("CLERK", _keeper), _clerk_too),
    )),
    Play("take a seat of the rarest act", _seats_of_the_rarest, often=SEATS_OFTEN),
    Play("withdraw", _withdrawals, (
        Spoil("only who opened or joined an operation withdraws it", by("vice")),
        Spoil("the operation is still pending", _done_operation),
    )),
)  # fmt: skip
