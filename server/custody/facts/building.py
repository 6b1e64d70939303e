"""How Moves are built: lock the request or operation, then the records in id order, read the clock, then the facts.

Rows of the caller's branches are read as the caller; what may lie in another branch comes from facts_of(), which sees all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from server.custody import reading
from server.custody.asks import ask_from_json, check_whole
from server.custody.facts import rows
from server.custody.facts.chapters import SOURCES
from server.custody.facts.queue import lock_waiting
from server.custody.facts.rows import Row, Stand
from server.custody.facts.sources import Gathering
from server.custody.moves import Ask, Elsewhere, Hold, Move, Movement, Person, Record, Request, Subject
from server.custody.moves.queue import Queue
from server.custody.policy import EXTENSIONS_MAX, OVERRIDE_ROLES, TERM_DAYS, Policy, ranks
from server.custody.transitions import FULFILLING, SEATS, after, seat_roles, seats_of
from server.errors import NotFound
from storage.database import Connection
from storage.terms import (
    Action,
    HoldKind,
    MovementKind,
    Purpose,
    RecordState,
    RequestKind,
    RequestState,
    Role,
    Seat,
    Tier,
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything read for one ask, before it is cut into Moves."""

    ask: Ask
    at: datetime
    by: Person
    people: Mapping[UUID, Person]
    stand: Stand
    request: Request | None
    hold: Hold | None
    policy: Policy
    subject: Subject | None = None
    sitter: Person | None = None  # who takes the OVERRIDE seat of an act that is somebody else's
    overriders: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    known: Mapping[type, Mapping[UUID | None, Any]] = field(default_factory=dict)  # facts of the act's chapter, by kind and record
    blocked: frozenset[UUID] = frozenset()  # applicant or reader, for what they or their unit have not brought back
    queued: Mapping[UUID, UUID] = field(default_factory=dict)
    waits: bool = False  # the request waits its turn instead of being refused by C14


async def moves_of(
    conn: Connection, caller: UUID, ask: Ask, *, policy: Policy, shift: timedelta = timedelta(), lock: bool = True
) -> tuple[Move, ...]:
    """One Move for each record of the ask; NotFound for what is unknown or not the caller's to see."""
    check_whole(ask)
    stand = await rows.operation(conn, ask.operation, lock)
    ask = _resolved(ask, stand)
    request = await rows.request(conn, ask.request, lock, policy)
    hold = await rows.hold(conn, ask.hold, lock)
    subject = await rows.subject(conn, ask, shift)
    queued = await lock_waiting(conn, ask, request) if lock else {}
    records = await rows.records(conn, ask, lock, queued)
    tier = Tier(records[0]["tier"]) if records else Tier.FIRST
    acting = _acting(ask, tier, caller, stand)
    named = {who for who in (ask.reader, ask.brought_by, getattr(ask.detail, "found_by", None)) if who is not None}
    people = await rows.people(conn, {caller, acting, *stand.taken.values(), *named}, shift)
    if not named <= people.keys():
        raise NotFound()
    borrowers = {request.applicant, request.reader} if request else {acting, ask.reader or acting}
    facts = {
        f["record_id"]: f
        for f in await conn.rows(reading.FACTS, ids=[r["id"] for r in records], people=sorted({*people, *borrowers}), shift=shift)
    }
    any_ = next(iter(facts.values()), None)
    clock = any_["now"] if any_ else await conn.value(reading.NOW, shift=shift)
    # After what the histories and the operation tell already: a clock set back, here or on another machine, disorders nothing.
    now = max(filter(None, (clock, any_["told_until"] if any_ else None, stand.told_until)))
    keeper = records[0]["custody_org_id"] if records else stand.row["org_id"] if stand.row else people[caller].org
    overriders = _overriders(ask, policy, now, keeper)
    ask = _seated(ask, tier, people[caller], request, stand, overriders)
    gathering = Gathering(conn, ask, records, request, people[acting], now, policy, lock)
    known = {source.kind: await source.read(gathering) for source in SOURCES if ask.action in source.actions}
    blocked = await rows.blocked(conn, borrowers, now, policy) if request or ask.purpose else frozenset()
    waits = _waits(request, records, facts, known)
    sitter = people[caller] if acting != caller else None
    scene = Scene(
        ask, now, people[acting], people, stand, request, hold, policy, subject, sitter, overriders, known, blocked, queued, waits
    )
    if not records:
        return (_move(scene, None, None, frozenset(), frozenset()),)
    together = frozenset(r["id"] for r in records)
    return tuple(_move(scene, rows.record(r), facts[r["id"]], together, frozenset(borrowers)) for r in records)


def _resolved(ask: Ask, stand: Stand) -> Ask:
    """A confirmation is the act that opened the operation, asked again by the next seat."""
    if stand.row is None:
        return ask
    if ask.action is Action.WITHDRAW:
        opened = ask_from_json(stand.row["ask"])
        return replace(ask, records=tuple(stand.row["record_ids"]), hold=opened.hold)
    return replace(ask_from_json(stand.row["ask"]), operation=ask.operation, seat=ask.seat)


def _acting(ask: Ask, tier: Tier, caller: UUID, stand: Stand) -> UUID:
    """Whose act it is: an override lets a second person sit down, the act stays the one of whoever asked for it."""
    seatless = bool(ask.overrides) and (ask.action, tier) not in SEATS
    return stand.row["opened_by"] if seatless and stand.row is not None else caller


def _overriders(ask: Ask, policy: Policy, now: datetime, org: UUID) -> dict[str, frozenset[Role]]:
    """C50: who may override which rule. What nobody asked for was not decided by, so its version is not kept."""
    asked = {o.rule for o in ask.overrides}
    aside = policy.for_one_act()
    return {rule: (policy if rule in asked else aside).overriders(rule, now, org) for rule in OVERRIDE_ROLES}


def _seated(ask: Ask, tier: Tier, by: Person, request: Request | None, stand: Stand, overriders: Mapping[str, frozenset[Role]]) -> Ask:
    """Without a named seat: the first open one that the caller may take."""
    if ask.seat is not None:
        return ask
    for seat in seats_of(ask.action, tier, overriding=bool(ask.overrides)):
        if seat is Seat.RECEIVER and ask.action in FULFILLING:  # whom the request names
            fits = bool(request and request.reader == by.id)
        elif seat is Seat.OVERRIDE:
            fits = all(overriders.get(o.rule, frozenset()) & by.roles for o in ask.overrides)
        elif seat is Seat.PROPOSER and (ask.action, tier) not in SEATS:
            fits = stand.row is None
        else:
            fits = bool(seat_roles(ask.action, seat, emergency=ask.emergency is not None) & by.roles)
        if fits and seat not in stand.taken:
            return replace(ask, seat=seat)
    return ask


def _move(scene: Scene, record: Record | None, fact: Row | None, together: frozenset[UUID], borrowers: frozenset[UUID]) -> Move:
    movement, lapsed, request = None, None, scene.request
    if record is not None and fact is not None:
        kept = any(o.rule == "C20" for o in scene.ask.overrides) and request is not None and fact["request_id"] == request.id
        movement, lapsed, record = _stands(record, fact, kept=kept)
        if lapsed and request and request.id == lapsed.request:
            request = replace(request, state=RequestState.LAPSED)
    tier = record.tier if record else Tier.FIRST
    required, open_seats, sitting = _seats(scene, tier)
    ask = scene.ask if scene.ask.seat or len(required) != 1 else replace(scene.ask, seat=required[0])
    keeper = record.custody_org if record else scene.by.org  # whose parameters hold, whoever acts
    due_at, due_at_max = _due(scene, request, movement, keeper)
    fact = fact or {}
    known = {kind: found[record.id if record and record.id in found else None] for kind, found in scene.known.items()}
    place = next((f for f in known.values() if isinstance(f, Elsewhere)), None)
    return Move(
        ask=ask,
        action=_action(scene, ask, tier, request, record),
        at=scene.at,
        by=scene.by,
        on=record,
        request=request,
        movement=movement,
        lapsed=lapsed,
        seats=sitting,
        required=required,
        open_seats=open_seats,
        opened_by=scene.stand.row["opened_by"] if scene.stand.row and scene.stand.pending(scene.at) else None,
        on_duty=place.on_duty if place else {Seat.KEY: _ids(fact, "key_ids"), Seat.CODE: _ids(fact, "code_ids")},
        holds=tuple(Hold(HoldKind(k), p) for k, p in zip(fact.get("hold_kinds") or (), fact.get("hold_placers") or (), strict=True)),
        hold=scene.hold if scene.hold and scene.hold.is_active else None,
        interested=_ids(fact, "interested"),
        overdue=scene.blocked & borrowers,
        inactive=_ids(fact, "inactive") & borrowers,
        for_a_service=scene.ask.reader is not None and scene.people[scene.ask.reader].service,
        frozen=frozenset(fact.get("frozen") or ()),
        counted_until=fact.get("counted_until"),
        mates=_ids(fact, "mates"),
        together=together,
        subject=scene.subject,
        extensions_max=scene.policy.number(EXTENSIONS_MAX, scene.at, keeper),
        due_at=due_at,
        due_at_max=due_at_max,
        overriders=scene.overriders,
        sitter=scene.sitter,
        queued=scene.queued,
        version_now=_version(scene, record),
        vault=place.vault if place else record.vault if record else None,
        unit=place.unit if place else record.custody_org if record else None,
        known=known,
    )


def _version(scene: Scene, record: Record | None) -> int | None:
    """Of what a decision is about: the hold, the request, what the act's chapter names, or the record."""
    about: Any = scene.hold or scene.request
    about = about or next((f for found in scene.known.values() for f in found.values() if hasattr(f, "version")), record)
    return about.version if about else None


def _waits(request: Request | None, records: list[Row], facts: Mapping[UUID, Row], known: Mapping[type, Mapping[UUID | None, Any]]) -> bool:
    """Whether a request that was made to wait finds a record taken, or others waiting for one."""
    if request is None or not request.queue or request.kind is RequestKind.EXTENSION:
        return False
    stands = {row["id"]: _stands(rows.record(row), facts[row["id"]])[0] for row in records}
    taken = any(m is not None and m.kind is not MovementKind.ACT and m.request != request.id for m in stands.values())
    return taken or any(queue.waiting for queue in known.get(Queue, {}).values())


def _ids(fact: Row, name: str) -> frozenset[UUID]:
    return frozenset(fact.get(name) or ())


def _stands(record: Record, fact: Row, *, kept: bool = False) -> tuple[Movement | None, Movement | None, Record]:
    """The open movement that counts, the reservation that has lapsed, and the record as it counts now.

    `kept`: an override of C20 asks for a reservation past its time, which still stands until somebody displaces it.
    """
    if fact["movement_id"] is None:
        return None, None, record
    movement = Movement(
        fact["movement_id"],
        MovementKind(fact["kind"]),
        fact["request_id"],
        fact["holder_id"],
        fact["lapses_at"],
        fact["out_at"],
        fact["due_at"],
        fact["returned_at"],
        fact["operation_id"],
        fact["claimed"],
        fact["extensions"],
        Purpose(fact["purpose"]) if fact["purpose"] else None,
        fact["pending_until"],
    )
    if movement.kind is MovementKind.ACT:  # whoever opens the next operation closes it
        return (movement if movement.operation else None), None, record
    if not kept and movement.out_at is None and movement.lapses_at <= fact["now"] and record.state is RecordState.RESERVED:
        rest = after(record.tier, record.state, Action.LAPSE)
        assert rest is not None  # RESERVED has a LAPSE row in both tiers
        return None, movement, replace(record, state=rest)  # past its time it counts as gone, for everybody at once
    return movement, None, record


def _action(scene: Scene, ask: Ask, tier: Tier, request: Request | None, record: Record | None) -> Action:
    """The last approval reserves or extends; an item that did not come back is reported missing."""
    if ask.action is Action.APPROVE and request is not None:
        missing = (request.ranks or ranks(tier, request.purpose)) - set(request.approvals)
        if len(missing) == 1 and missing <= scene.by.roles:  # one person gives one rank, however many roles they have
            if request.kind is RequestKind.EXTENSION:
                return Action.EXTEND
            return Action.ENQUEUE if scene.waits else Action.RESERVE
    if ask.action is Action.REJECT_RETURN and any(i.missing and record and i.record == record.id for i in ask.inspections):
        return Action.RETURN_MISSING
    becomes = (getattr(found.get(record.id), "becomes", None) for found in scene.known.values()) if record else ()
    return next((action for action in becomes if action is not None), ask.action)  # as a fact of the record says


def _seats(scene: Scene, tier: Tier) -> tuple[tuple[Seat, ...], frozenset[Seat], dict[Seat, Person]]:
    stand, ask = scene.stand, scene.ask
    if ask.action is Action.WITHDRAW:
        return (), frozenset(), {seat: scene.people[who] for seat, who in stand.taken.items()}
    required = seats_of(ask.action, tier, overriding=bool(ask.overrides))
    pending = stand.pending(scene.at) if ask.operation else True
    open_seats = frozenset(required if pending else ()) - set(stand.taken)
    seat = ask.seat if ask.seat or len(required) != 1 else required[0]
    sitting = {s: scene.people[who] for s, who in stand.taken.items()}
    return required, open_seats, sitting | ({seat: scene.sitter or scene.by} if seat in open_seats and seat is not None else {})


def _due(scene: Scene, request: Request | None, movement: Movement | None, keeper: UUID) -> tuple[datetime | None, datetime | None]:
    """When it is to be back, and the latest that C21 allows; an extension counts from the old due instant."""
    ask, policy = scene.ask, scene.policy
    due_at = policy.close_of(ask.due_on) if ask.due_on else (request.until if request else None)
    purpose = request.purpose if request else ask.purpose or (movement.purpose if movement else None)
    if purpose is None or purpose not in TERM_DAYS:  # nothing that leaves for good is due
        return due_at, None
    start = movement.due_at if movement and movement.due_at else scene.at
    return due_at, policy.working_days_after(start, policy.term_days(purpose, scene.at, keeper))
