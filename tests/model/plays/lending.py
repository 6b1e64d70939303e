"""Lending of both tiers, reading, returns: F3 to F9, S3 to S5."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from storage.terms import Purpose, Role
from tests.model.stage import Stage, Try

APPROVERS = {Role.CREDIT_DEPT_HEAD: "head", Role.RISK_HEAD: "risk", Role.VICE_PRESIDENT: "vice"}
TAKERS = {
    "KEY": "kay",
    "CODE": "cody",
    "CLERK": "clerk",
    "RECEIVER": "officer",
    "ARCHIVIST": "archivist",
    "PROPOSER": "legal",
    "SECOND": "legal_two",
}
PURPOSES = {"FIRST": Purpose.AUDIT_READING, "SECOND": Purpose.AUDIT}
FREE = """select r.id, r.tier, r.barcode from archive_records r where r.org_id = any($1) and r.state = any($2)
  and not exists (select from movements m where m.record_id = r.id and m.closed_at is null)
  and not exists (select from access_requests q join request_lines l on l.request_id = q.id where l.record_id = r.id and q.state in ('SUBMITTED', 'WAITING'))
  and not is_on_hold(r.id) and cardinality(frozen_kinds(r.id)) = 0
  and (r.envelope_id is null or not exists (select from archive_records x where x.envelope_id = r.envelope_id and x.id <> r.id))
  and not exists (select from movements m where m.holder_id = $3 and m.closed_at is null and m.returned_at is null and m.due_at < now() + $4)
  order by r.id"""
REQUESTS = """select q.id, q.kind, q.tier, q.purpose, q.version, r.id as record, r.barcode, r.state as record_state,
  array(select rank from approvals a where a.request_id = q.id) as given from access_requests q join request_lines l on l.request_id = q.id
  join archive_records r on r.id = l.record_id where q.org_id = any($1) and q.state = $2 and q.applicant_id = $3
  and not is_on_hold(r.id) and cardinality(frozen_kinds(r.id)) = 0 order by q.id"""


def me(stage: Stage, who: str) -> UUID:
    return stage.bank.people[who].staff_id


def free(stage: Stage, *states: str) -> list[Any]:
    """Records that nothing keeps from being asked for."""
    return stage.rows(FREE, stage.ours()[:1], list(states), me(stage, "officer"), stage.bank.desk.shift)


def requests(stage: Stage, state: str) -> list[Any]:
    return stage.rows(REQUESTS, stage.ours(), state, me(stage, "officer"))


# What spoils many acts -----------------------------------------------------------------------------------------------------
@contextmanager
def row(stage: Stage, table: str, **values: Any) -> Iterator[None]:
    """A row that is there while the act is tried; written past the triggers, as another branch may have it."""
    names = ", ".join(values)
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    stage.run(stage.bank.root.execute("set session_replication_role = replica"))
    made = stage.sql(f"insert into {table} ({names}) values ({marks}) returning id", *values.values())
    stage.run(stage.bank.root.execute("set session_replication_role = origin"))
    try:
        yield
    finally:
        stage.run(stage.bank.root.execute("set session_replication_role = replica"))
        stage.run(stage.bank.root.execute(f"delete from {table} where id = $1", made))
        stage.run(stage.bank.root.execute("set session_replication_role = origin"))


@contextmanager
def changed(stage: Stage, table: str, id_: UUID, **values: Any) -> Iterator[None]:
    """A row that is otherwise while the act is tried; written past the triggers, so that nothing else changes with it."""
    before = stage.rows(f"select {', '.join(values)} from {table} where id = $1", id_)[0]
    past(stage, table, id_, values)
    try:
        yield
    finally:
        past(stage, table, id_, dict(before))


def past(stage: Stage, table: str, id_: UUID, values: dict[str, Any]) -> None:
    """A change past the triggers."""
    sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, 2))
    root = stage.bank.root
    stage.run(root.execute("set session_replication_role = replica"))
    stage.run(root.execute(f"update {table} set {sets} where id = $1", id_, *values.values()))
    stage.run(root.execute("set session_replication_role = origin"))


def records_of(stage: Stage, what: Try) -> list[UUID]:
    given = what.input
    if "recordIds" in given:
        return [UUID(i.removeprefix("record_")) for i in given["recordIds"]]
    if "requestId" in given:
        request = UUID(given["requestId"].removeprefix("request_"))
        return [r["record_id"] for r in stage.rows("select record_id from request_lines where request_id = $1", request)]
    if "operationId" in given:
        operation = UUID(given["operationId"].removeprefix("operation_"))
        return list(stage.sql("select record_ids from operations where id = $1", operation))
    if "barcodes" in given:
        return [r["id"] for r in stage.rows("select id from archive_records where barcode = any($1)", given["barcodes"])]
    return [UUID(i["recordId"].removeprefix("record_")) for i in given.get("inspections", ())]
