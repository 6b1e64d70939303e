"""How a twin is attacked: SQL by the application's own role. `twins.py` and the files of `chapters/` register one for each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject, Tier
from tests.harness.world import World

Step = tuple[Any, ...]  # a statement and its values


@dataclass(frozen=True)
class Attack:
    """Statements of one transaction; the last, or its commit, must be refused."""

    by: str | None  # None: a superuser, for what the application may not even try
    steps: tuple[Step, ...]


Arrange = Callable[[World], Awaitable[Attack]]
ATTACKS: dict[str, Arrange] = {}
SEAT = "insert into operation_seats (operation_id, seat, staff_id, taken_at) values ($1, $2, $3, clock_timestamp())"
APPROVE = "insert into approvals (request_id, rank, approver_id, applicant_id, approved_at) values ($1, $2, $3, $4, clock_timestamp())"
MOVE = (
    "insert into movements (org_id, record_id, kind, request_id, holder_id, reserved_at, lapses_at)"
    " values ($1, $2, $3, $4, $5, clock_timestamp(), clock_timestamp() + interval '1 day')"
)
OPERATION = (
    "insert into operations (id, org_id, action, tier, vault_id, request_id, record_ids, required_seats, ask, opened_by, opened_at, expires_at)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8, '{}', $9, clock_timestamp(), clock_timestamp() + interval '10 minutes')"
)
FINISH = "update operations set state = 'DONE', done_at = clock_timestamp() where id = $1"
CASE = (
    "insert into discrepancies (org_id, record_id, kind, findings, reported_by, owner_id, reported_at, deadline_at)"
    " values ($1, $2, $3, '架上无', $4, $4, clock_timestamp(), clock_timestamp())"
)
INSPECT = (
    "insert into return_inspections (id, movement_id, record_id, inspected_by, inspected_at, numbers_match, pages_match, seal_intact,"
    " no_alterations, no_damage, pages_counted, findings, passed)"
    " values ($1, $2, $3, $4, clock_timestamp(), $5, true, true, true, true, (select pages from archive_records where id = $3), $6, $7)"
)
STATE = "update archive_records set state = $2 where id = $1"


def twin(name: str) -> Callable[[Arrange], Arrange]:
    """Registers how the rule of that constraint is attacked."""

    def register(arrange: Arrange) -> Arrange:
        assert name not in ATTACKS
        ATTACKS[name] = arrange
        return arrange

    return register


def who(bank: World, name: str) -> UUID:
    return bank.people[name].staff_id


async def movement(bank: World, record: UUID) -> UUID:
    return UUID(str(await bank.sql("select id from movements where record_id = $1 and closed_at is null", record)))


async def pending(bank: World) -> tuple[list[UUID], UUID, UUID]:
    """Papers, their request, and a checkout that only KEY has opened."""
    papers = await bank.papers()
    request = await bank.approved(papers)
    opened = await bank.done("kay", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    return papers, request, UUID(opened["operation"])


async def volume_out(bank: World) -> tuple[UUID, UUID]:
    """A volume that is checked out, and its movement."""
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    return volumes[0], await movement(bank, volumes[0])


async def held(bank: World) -> tuple[UUID, UUID]:
    """A volume on hold, and the hold."""
    volumes = await bank.volumes()
    request = await bank.requests(volumes, tier=Tier.SECOND)
    ask = Ask(A.PLACE_HOLD, hold_kind=HoldKind.AUDIT, subject_kind=HoldSubject.RECORD, subject=volumes[0], reason="专项审计")
    await bank.done("legal", ask)
    return volumes[0], request


def operation(bank: World, action: A, tier: Tier, records: list[UUID], seats: list[str], request: UUID | None = None) -> tuple[UUID, Step]:
    id_, branch = uuid4(), bank.branches["A"]
    vault = branch.vault if tier is Tier.FIRST else None
    return id_, (OPERATION, id_, branch.id, action.value, tier.value, vault, request, records, seats, who(bank, "officer"))


async def relate(bank: World, name: str, record: UUID) -> None:
    """Of the borrower of the record's loan."""
    await bank.sql(
        "insert into staff_relations (staff_id, party_id, kind) select $1, c.party_id, 'SPOUSE' from archive_records r"
        " join loans l on l.id = r.primary_loan_id join customers c on c.id = l.customer_id where r.id = $2",
        who(bank, name), record,
    )  # fmt: skip
