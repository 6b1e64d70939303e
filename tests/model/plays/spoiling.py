"""What spoils many acts: rows past the triggers, other people, other words; each breaks one rule alone."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from tests.model.plays import Change, NotNow, Spoil, World
from tests.model.stage import Stage, Try

LABELLED = """select r.id from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
  where r.barcode = any($1) or e.barcode = any($1) order by r.id"""


def me(stage: Stage, who: str) -> UUID:
    return stage.bank.people[who].staff_id


@contextmanager
def past_triggers(stage: Stage) -> Iterator[None]:
    """As another branch, or an older system, may have left it; what a check constraint refuses even so cannot be."""
    root = stage.bank.root
    stage.run(root.execute("set session_replication_role = replica"))
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as e:
        raise NotNow from e
    finally:
        stage.run(root.execute("set session_replication_role = origin"))


@contextmanager
def row(stage: Stage, table: str, **values: Any) -> Iterator[None]:
    """A row that is there while the act is tried; written past the triggers, as another branch may have it."""
    names = ", ".join(values)
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    with past_triggers(stage):
        made = stage.sql(f"insert into {table} ({names}) values ({marks}) returning id", *values.values())
    try:
        yield
    finally:
        with past_triggers(stage):
            stage.run(stage.bank.root.execute(f"delete from {table} where id = $1", made))


@contextmanager
def changed(stage: Stage, table: str, id_: UUID, **values: Any) -> Iterator[None]:
    """A row that is otherwise while the act is tried; written past the triggers, so that nothing else changes with it."""
    before = next(iter(stage.rows(f"select {', '.join(values)} from {table} where id = $1", id_)), None)
    if before is None:
        raise NotNow
    past(stage, table, id_, values)
    try:
        yield
    finally:
        past(stage, table, id_, dict(before))


def past(stage: Stage, table: str, id_: UUID, values: dict[str, Any]) -> None:
    """A change past the triggers."""
    sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, 2))
    with past_triggers(stage):
        stage.run(stage.bank.root.execute(f"update {table} set {sets} where id = $1", id_, *values.values()))


def records_of(stage: Stage, what: Try) -> list[UUID]:
    given = what.input
    if "recordIds" in given:
        return [UUID(i.removeprefix("record_")) for i in given["recordIds"]]
    if "recordId" in given:
        return [UUID(given["recordId"].removeprefix("record_"))]
    if "requestId" in given:
        request = UUID(given["requestId"].removeprefix("request_"))
        return [r["record_id"] for r in stage.rows("select record_id from request_lines where request_id = $1", request)]
    if "operationId" in given:
        operation = UUID(given["operationId"].removeprefix("operation_"))
        return list(stage.sql("select record_ids from operations where id = $1", operation))
    if "barcodes" in given:
        return [r["id"] for r in stage.rows(LABELLED, given["barcodes"])]
    if "envelopeId" in given:
        return [r["id"] for r in stage.rows(LABELLED.replace("e.barcode", "e.id::text"), [given["envelopeId"].removeprefix("envelope_")])]
    if "recordId" in given:
        return [UUID(given["recordId"].removeprefix("record_"))]
    if "checkoutId" in given:
        checkout = UUID(given["checkoutId"].removeprefix("checkout_"))
        return [r["record_id"] for r in stage.rows("select record_id from movements where id = $1", checkout)]
    return [UUID(i["recordId"].removeprefix("record_")) for i in given.get("inspections", ())]


@contextmanager
def without(stage: Stage, table: str, where: str, *args: Any) -> Iterator[None]:
    """Rows that are gone while the act is tried."""
    kept = stage.rows(f"select to_jsonb(t) as row from {table} t where {where}", *args)
    with past_triggers(stage):
        stage.run(stage.bank.root.execute(f"delete from {table} where {where}", *args))
    try:
        yield
    finally:
        with past_triggers(stage):
            back = f"insert into {table} select * from jsonb_populate_record(null::{table}, $1::jsonb)"
            for one in kept:
                stage.run(stage.bank.root.execute(back, one["row"]))


def now(stage: Stage) -> datetime:
    return datetime.now(UTC) + stage.bank.desk.shift


def soon(stage: Stage, days: int = 1) -> str:
    return str(stage.bank.due(days))


def first_record(stage: Stage, what: Try) -> UUID:
    return records_of(stage, what)[0]


def held(stage: Stage, what: Try) -> AbstractContextManager[None]:
    record = first_record(stage, what)
    request = what.input.get("requestId", "").removeprefix("request_")
    if request and stage.sql("select kind <> 'CHECKOUT' from access_requests where id = $1::text::uuid", request):
        raise NotNow  # a hold does not keep from reading in the room, and an extension does not ask
    other = me(stage, "legal_b")
    return row(stage, "holds", org_id=stage.bank.branches["B"].id, kind="AUDIT", subject_kind="RECORD", record_id=record, reason="x",
               placer_id=other, placed_at=now(stage))  # fmt: skip


def frozen(stage: Stage, what: Try) -> AbstractContextManager[None]:
    at, record = now(stage), first_record(stage, what)
    return row(stage, "discrepancies", org_id=stage.ours()[0], record_id=record, kind="DAMAGED", findings="x", reported_by=me(stage, "risk"),
               owner_id=me(stage, "risk"), reported_at=at, deadline_at=at)  # fmt: skip


def related(who: str) -> World:
    def world(stage: Stage, what: Try) -> AbstractContextManager[None]:
        party = stage.sql(
            "select c.party_id from archive_records r join loans l on l.id = r.primary_loan_id join customers c on c.id = l.customer_id where r.id = $1",
            first_record(stage, what),
        )
        return row(stage, "staff_relations", staff_id=me(stage, who or what.who), party_id=party, kind="SPOUSE")

    return world


def overdue(stage: Stage, what: Try) -> AbstractContextManager[None]:
    """The applicant has something long overdue in another branch."""
    at = now(stage) - timedelta(days=40)
    return row(stage, "movements", org_id=stage.bank.branches["B"].id, record_id=uuid4(), kind="CHECKOUT", request_id=uuid4(),
               exit_operation_id=uuid4(), holder_id=me(stage, "officer"), reserved_at=at, lapses_at=at, out_at=at, due_at=at + timedelta(days=1))  # fmt: skip


def taken(**more: Any) -> World:
    """Another request has the record, though its state does not say so yet."""

    def world(stage: Stage, what: Try) -> AbstractContextManager[None]:
        at = now(stage)
        if stage.sql("select exists (select from movements where record_id = $1 and closed_at is null)", first_record(stage, what)):
            raise NotNow
        values = {"reserved_at": at, "lapses_at": at + timedelta(days=3), **{k: v(at) for k, v in more.items()}}
        return row(stage, "movements", org_id=stage.ours()[0], record_id=first_record(stage, what), kind="CHECKOUT", request_id=uuid4(),
                   holder_id=me(stage, "legal"), **values)  # fmt: skip

    return world


def request_is(**values: Any) -> World:
    return lambda stage, what: changed(stage, "access_requests", UUID(what.input["requestId"].removeprefix("request_")), **values)


def movement_is(**values: Any) -> World:
    def world(stage: Stage, what: Try) -> AbstractContextManager[None]:
        record = first_record(stage, what) if "checkoutId" not in what.input else None
        id_ = UUID(what.input["checkoutId"].removeprefix("checkout_")) if record is None else stage.sql(
            "select id from movements where record_id = $1 and closed_at is null", record)  # fmt: skip
        return changed(stage, "movements", id_, **{k: v(now(stage)) if callable(v) else v for k, v in values.items()})

    return world


def by(who: str) -> Change:
    return lambda _, right: right.but(who)


def given(**values: Any) -> Change:
    return lambda _, right: right.but(**values)


def another_operation(stage: Stage, what: Try) -> AbstractContextManager[None]:
    """Another operation is pending on the record."""
    stack, at, record = ExitStack(), now(stage), first_record(stage, what)
    id_ = uuid4()
    stack.enter_context(row(stage, "operations", id=id_, org_id=stage.ours()[0], action="CHECK_OUT", tier="SECOND", record_ids=[record],
                            required_seats=["ARCHIVIST"], ask="{}", opened_by=me(stage, "kay_b"), opened_at=at,
                            expires_at=at + timedelta(hours=1)))  # fmt: skip
    stack.enter_context(movement_is(operation_id=id_)(stage, what))
    return stack


def off_duty(seat: str) -> World:
    return lambda stage, _: without(stage, "keeper_duties", "vault_id = $1 and seat = $2", stage.bank.branches["A"].vault, seat)


HOLD = Spoil("no hold is active, or it permits this purpose", world=held)
FROZEN = Spoil("the record is not frozen by a discrepancy or a count", world=frozen)
OVERDUE = Spoil("applicant and reader are active, and neither they nor their units are blocked for what is overdue", world=overdue)
INTEREST = Spoil("the caller has no interest in the loan", world=related(""))
VERSION = Spoil("the version is the one that was read", given(expectedVersion="999999"))
STEP = Spoil("the request is at the right step", world=request_is(state="REJECTED"))
PENDING = Spoil("no other operation is pending on the record", world=another_operation)
OFF_DUTY = Spoil("KEY and CODE are two different keepers on duty now, or their substitutes in an emergency", world=off_duty("KEY"))
SERVICE = Spoil("a service takes no seat", world=lambda stage, what: changed(stage, "staff", me(stage, what.who), kind="SERVICE"))
