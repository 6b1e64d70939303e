"""The history of a contract: every event of its loans, and who saw or was refused what, in one stable order.

The order is (time, id): a sequence number orders only one chain. Reading it is itself a line of the access log, written
and committed before the first byte leaves; a reader without the role leaves a denied line.

By two times, as a loan file is told: what had happened at `as_of`, as far as it was recorded at `known_at`. A line counts from when
it happened, or from the earlier day or instant that it tells: of a position, value, grade or correction.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Text, func, or_, select

from server.compliance import access
from server.compliance.about import about_contract
from server.compliance.components import Component, component_of, evidence_of
from server.compliance.events import BECAME, CANONICAL_TAG
from server.compliance.tags import Tag
from server.errors import Forbidden, InputProblem, InvalidInput, NotFound
from server.personal import redact
from storage.database import Connection, Database, Principal
from storage.statements import given
from storage.tables import contracts
from storage.tables.columns import INSTANT
from storage.terms import AccessResult, Role

SOUGHT_MAX = 64  # characters of a number that no contract has
READERS = frozenset({Role.COMPLIANCE, Role.AUDITOR})
CONTRACT = select(contracts.c.id).where(or_(contracts.c.id == given("contract"), contracts.c.number == given("number", Text)))
DENIED = select(func.denied_contract(given("contract"), given("number", Text)))
NOW = select(func.clock_timestamp(type_=INSTANT))

_DETAIL = f"(convert_from(substr(canonical, {len(CANONICAL_TAG) + 1}), 'UTF8')::jsonb->'detail')"
# What may count from before it was told, and since when it then does.
LATE = {
    Tag.POSITION_POSTED: f"({_DETAIL}->>'as_of')::timestamptz",
    Tag.COLLATERAL_VALUED: f"({_DETAIL}->>'valued_on')::timestamp at time zone 'Asia/Shanghai'",
    Tag.LOAN_CLASSIFIED: f"({_DETAIL}->>'holds_from')::timestamp at time zone 'Asia/Shanghai'",
    # an import that changes the grade begins its period on that day
    Tag.LOAN_CHANGED: f"case when {_DETAIL}->'changed' ? 'classification' then bank_day(happened_at)::timestamp at time zone 'Asia/Shanghai' end",
    Tag.CORRECTED: "corrected_since(subject_id)",
}
_EARLIER = " ".join(f"when '{tag}' then {since}" for tag, since in LATE.items())
SINCE = f"least(happened_at, case tag {_EARLIER} end)"
_LATE_TAGS = ", ".join(f"'{tag}'" for tag in LATE)
AS_OF, KNOWN_AT = "coalesce($4::timestamptz, 'infinity')", "coalesce($5::timestamptz, 'infinity')"
_THEN = f"""(happened_at <= least({AS_OF}, {KNOWN_AT}) or (happened_at <= {KNOWN_AT} and tag in ({_LATE_TAGS}) and {SINCE} <= {AS_OF}))
  and (happened_at, id) > (coalesce($6::timestamptz, '-infinity'), coalesce($7::uuid, '00000000-0000-0000-0000-000000000000'))"""
_COLUMNS = "id, happened_at, tag, subject_kind, subject_id, actor_id, canonical, chain_id, seq, hash, cause_id"
# Each side reads no more than it can need. A chain is read along its numbers, which rise as its times do. Of an act that is told in
# many chains, a hold on a customer, the line in a chain of the contract counts, or the first.
LINES = f"""
with own as (
  select e.* from unnest($1::uuid[]) as chain (loan) cross join lateral (
    select {_COLUMNS} from events where chain_id = chain.loan and {_THEN} order by seq limit $8) e),
beside as (
  select {_COLUMNS} from events e
  where e.id in (select cause_id from events where chain_id = any ($1::uuid[]) and cause_id is not null
                 union select id from events where subject_id = any ($2::uuid[]) and tag <> '{Tag.COUNT_SUBMITTED}')
    and e.chain_id <> all ($1::uuid[]) and {_THEN}
    and not exists (select from events o where o.subject_id = e.subject_id and o.transaction_id = e.transaction_id and o.tag = e.tag
                    and o.id <> e.id and (o.chain_id = any ($1::uuid[]) or o.id < e.id))
  order by e.happened_at, e.id limit $8),
seen as (
  select id, logged_at, action, subject_ids[1] as subject_id, staff_id, result, purpose, detail
  from seen_of($3::uuid[], least({AS_OF}, {KNOWN_AT}), $6::timestamptz, $7::uuid, true, $8)),
line as (
  select {_COLUMNS}, null as result, null as purpose, null::jsonb as detail from own
  union all select {_COLUMNS}, null, null, null from beside
  union all select id, logged_at, action, 'access', subject_id, staff_id, null, null, null, null, null, result, purpose, detail from seen
  order by happened_at, id limit $8)
select l.id, l.happened_at, case when l.seq is null then l.happened_at else {SINCE} end as since, l.tag, l.subject_kind, l.subject_id,
  l.actor_id, s.name as actor_name, l.result,
  coalesce(l.purpose, told.detail->>'purpose', d.purpose) as purpose,
  coalesce(l.detail, told.detail || coalesce(
    (select jsonb_object_agg(w.name, w.words) from event_words w where l.seq is not null and w.event_id = l.id), '{{}}')) as detail,
  l.chain_id, l.seq, l.hash, l.cause_id, d.parameters::text as parameters,
  (select jsonb_build_object(c.field, jsonb_build_array(c.old_value, c.new_value)) from corrections c
   where l.subject_kind = 'correction' and c.operation_id = l.subject_id) as corrected
from line l join staff s on s.id = l.actor_id
cross join lateral (select {_DETAIL} as detail) told
left join judged_in(array(select id from line where seq is not null)) d on d.event_id = l.id
order by l.happened_at, l.id"""
ROLES = "select staff_id, role, given_at, taken_at, delegated_by from roles_over_time($1::uuid[])"
NAMES = "select staff_id, name, since from names_over_time($1::uuid[]) order by since"


class Change(NamedTuple):
    """What stood where before, and what stands there now; null where that was not told."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: an event, or a line of the access log (then without chain)."""

    id: UUID
    happened_at: datetime
    since: datetime
    tag: str
    subject_kind: str
    subject_id: UUID | None
    actor_id: UUID
    actor_name: str
    result: str | None
    purpose: str | None
    detail: dict[str, Any]
    chain_id: UUID | None
    seq: int | None
    hash: bytes | None
    cause_id: UUID | None
    parameters: str | None = None
    corrected: dict[str, Any] | None = None
    roles: tuple[Role, ...] = ()
    delegated: tuple[tuple[Role, UUID], ...] = ()

    @property
    def component(self) -> Component:
        """What it is part of."""
        return component_of(self.tag, self.result, self.detail)

    @property
    def evidence(self) -> tuple[str, ...]:
        """The scans that it rests on."""
        return evidence_of(self.subject_kind, self.subject_id, self.detail)

    @property
    def changes(self) -> tuple[Change, ...]:
        """How it differs from what was before."""
        return tuple(_changes(self.detail, self.corrected or {}))


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading that was let in and logged: of which contract, at which times."""

    contract_id: UUID
    as_of: datetime | None
    known_at: datetime | None


@dataclass(frozen=True, slots=True)
class History:
    """A page of the history of one contract."""

    contract_id: UUID
    entries: tuple[Entry, ...]
    has_next: bool


async def read_history(
    database: Database,
    principal: Principal,
    *,
    contract_id: UUID | None,
    number: str | None,
    as_of: datetime | None,
    known_at: datetime | None,
    purpose: str,
    request_id: str | None = None,
) -> Reading:
    """Judged and logged, and the log committed; Forbidden, NotFound, or InvalidInput about `asOf` and `knownAt`."""
    allowed = bool(READERS & principal.roles)
    times = (("asOf", as_of), ("knownAt", known_at))
    async with database.transaction(principal) as conn:
        now: datetime = await conn.value(NOW)
        found = await conn.value(CONTRACT, contract=contract_id, number=number)
        named = found or await conn.value(DENIED, contract=contract_id, number=number)
        result = AccessResult.GRANTED if allowed and found else AccessResult.DENIED
        told = {column: instant.isoformat() for column, instant in (("as_of", as_of), ("known_at", known_at)) if instant}
        await access.log(
            conn, principal, "contractHistory", result,
            subjects=[named] if named else [], purpose=purpose, detail=told if named else {**told, **sought(contract_id, number)}, request_id=request_id,
        )  # fmt: skip
    if not allowed:
        raise Forbidden("contractHistory is for compliance and audit.")
    if found is None:
        raise NotFound()
    if wrong := [InputProblem((name,), "IN_FUTURE") for name, instant in times if instant is not None and instant > now]:
        raise InvalidInput(wrong)
    return Reading(found, as_of, known_at)


def sought(contract: UUID | None, number: str | None) -> dict[str, str]:
    """What somebody asked for that is not there, for the access log."""
    return {"contract": str(contract)} if contract else {"number": redact((number or "")[:SOUGHT_MAX])}


async def page_of(database: Database, principal: Principal, reading: Reading, first: int, after: tuple[datetime, UUID] | None) -> History:
    """A page of what was let in; InvalidInput where nothing was told of the contract at that time yet."""
    async with database.transaction(principal) as conn:
        entries = await entries_of(conn, reading, first + 1, after)
    if not entries and after is None and (reading.as_of or reading.known_at):
        raise InvalidInput([InputProblem((name,), "BEFORE_FIRST_VERSION") for name in _earliest(reading)])
    return History(reading.contract_id, entries[:first], len(entries) > first)


def _earliest(reading: Reading) -> Iterator[str]:
    """Whichever of the two lies before everything."""
    as_of, known_at = reading.as_of, reading.known_at
    if as_of is not None and (known_at is None or as_of <= known_at):
        yield "asOf"
    if known_at is not None and (as_of is None or known_at <= as_of):
        yield "knownAt"


async def entries_of(conn: Connection, reading: Reading, limit: int, after: tuple[datetime, UUID] | None) -> tuple[Entry, ...]:
    """The next lines, as the principal of the transaction sees them; whoever asks has written the log."""
    about = await about_contract(conn, reading.contract_id)
    at, id_ = after or (None, None)
    rows = await conn.raw.fetch(
        LINES, about.loans, about.beside, about.subjects, reading.as_of, reading.known_at, at, id_, limit
    )  # fmt: skip
    people = list({row["actor_id"] for row in rows})
    spans, names = await conn.raw.fetch(ROLES, people), await conn.raw.fetch(NAMES, people)
    return tuple(Entry(**_then(dict(row.items()), spans, names)) for row in rows)


def _then(row: dict[str, Any], spans: Sequence[Any], names: Sequence[Any]) -> dict[str, Any]:
    """A line with the name, the roles and the delegations that its actor had when it happened."""
    actor, at = row["actor_id"], row["happened_at"]
    mine = [n for n in names if n["staff_id"] == actor]
    held = [s for s in spans if s["staff_id"] == actor and s["given_at"] <= at and (s["taken_at"] is None or at < s["taken_at"])]
    called = [n["name"] for n in mine if n["since"] <= at] or [n["name"] for n in mine[:1]]
    return row | {
        "actor_name": called[-1] if called else row["actor_name"],
        "roles": tuple(sorted({Role(s["role"]) for s in held})),
        "delegated": tuple(sorted((Role(s["role"]), s["delegated_by"]) for s in held if s["delegated_by"])),
    }


def _changes(detail: Mapping[str, Any], corrected: Mapping[str, Any]) -> Iterator[Change]:
    changed = detail.get("changed")  # of a loan, by an import: old and new by term
    for field, (before, after) in {**(changed if isinstance(changed, dict) else {}), **corrected}.items():
        yield Change(field, *(None if value is None else str(value) for value in (before, after)))
    if isinstance(plate := detail.get("plate"), str) and BECAME in plate:
        before, _, after = plate.partition(BECAME)
        yield Change("plate_no", before or None, after)
    if "to" in detail:
        yield Change("state", detail.get("from"), detail["to"])
    if "status" in detail:
        yield Change("status", None, detail["status"])
