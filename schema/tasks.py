"""More of what waits for somebody: lines of the one union of `viewer { tasks }`, each for those roles that do it.

A line is kind, subject_kind, subject_id, due_at and id. What is not asked of a role is not in the statement at all.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ARRAY,
    Integer,
    Text,
    and_,
    case,
    cast,
    column,
    extract,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, array

from server.custody.moves.volumes import HEADS
from server.custody.policy import OVERRIDERS, PARAMETERS, POSITION_HOURS
from server.custody.transitions import FULFILLING, SEATS, SUBSTITUTES, seat_roles
from storage import tables
from storage.tables import override_permissions as permissions
from storage.terms import Action, BatchState, HandoverLineState, PaperKind, RecordState, RequestKind, RequestState, Role, Seat, Tier

KEEPERS = frozenset({Role.VAULT_KEEPER_KEY, Role.VAULT_KEEPER_CODE})
CHASERS = frozenset({Role.CREDIT_DEPT_HEAD, Role.OPS_HEAD, Role.VICE_PRESIDENT})
BY_ROLE = [(act, seat) for (act, _), seats in SEATS.items() for seat in seats if seat is not Seat.RECEIVER or act not in FULFILLING]


def line(kind: str, subject: str, row: Any, due: Any) -> Any:
    """One line of the union."""
    due = type_coerce(due, TIMESTAMP(timezone=True)).label("due_at")
    return select(literal(kind).label("kind"), literal(subject).label("subject_kind"), row.id.label("subject_id"), due, row.id.label("id"))


def seen(row: Any, me: Any) -> list[Any]:
    """Rows of the caller's units."""
    if me.everywhere:
        return []
    return [row.visible_to.op("&&")(me.branches)] if "visible_to" in row else [row.org_id == func.any(me.branches)]


def lines(me: Any) -> list[Any]:
    """All that the caller's roles may be asked to do."""
    return [*_own(me), *_late(me), *_papers(me), *_volumes(me), _counts(me), *_shipments(me), *_heads(me)]


def seats_for(me: Any, operation: Any, reader: Any) -> Iterator[tuple[str, Any]]:
    """Seats of an operation that the caller's roles may take, each with the condition; as the desk has it, in few words."""
    theirs: dict[Seat, set[Action]] = {}
    for act, seat in BY_ROLE:
        if seat_roles(act, seat) & me.roles:
            theirs.setdefault(seat, set()).add(act)
    for seat, acts in theirs.items():
        every = {act for (act, _), seats in SEATS.items() if seat in seats}
        yield seat.value, true() if acts == every else or_(*(operation.action == act.value for act in sorted(acts)))
    for seat, role in SUBSTITUTES.items():
        if role in me.roles:
            yield seat.value, operation.emergency_reason.is_not(None)
    yield Seat.RECEIVER.value, reader == me.staff
    if OVERRIDERS & me.roles:
        yield Seat.OVERRIDE.value, _overrides(me, operation, reader)


def _overrides(me: Any, operation: Any, reader: Any) -> Any:
    """C50: the caller has the permission of each rule that the operation would override, and gains nothing by it."""
    rules = func.jsonb_path_query(operation.ask, literal_column("cast('$.overrides[*].rule' as jsonpath)"))
    asked = rules.table_valued(column("value", JSONB)).render_derived(name="asked")
    rule = asked.c.value.op("#>>")(literal_column("'{}'"))
    unset = func.array(select(permissions.c.role).where(permissions.c.rule == rule).correlate_except(permissions).scalar_subquery())
    held = func.coalesce(func.policy_roles(literal("override_roles.").concat(func.lower(rule)), operation.org_id, func.now()), unset)
    mine = cast(array(sorted(role.value for role in OVERRIDERS & me.roles)), ARRAY(Text))
    lacking = select(literal(1)).select_from(asked).where(~held.op("&&")(mine)).correlate_except(asked)
    return and_(~lacking.exists(), operation.opened_by != me.staff, func.coalesce(reader != me.staff, true()))


def _own(me: Any) -> list[Any]:
    """Of whoever reads: what is reserved for them, what they keep too long, whose position is old."""
    q, m = tables.access_requests.c, tables.movements.c
    fetch = line("FETCH", "request", q, q.lapses_at).where(
        q.state == RequestState.APPROVED.value, q.reader_id == me.staff, q.lapses_at > func.now(), *seen(q, me)
    )
    late = line("OVERDUE", "checkout", m, m.due_at).where(_out(m), m.due_at < func.now(), m.holder_id == me.staff, *seen(m, me))
    return [fetch, late, *([_stale(me)] if Role.LOAN_OFFICER in me.roles else [])]


def _out(m: Any) -> Any:
    return and_(m.closed_at.is_(None), m.kind != "ACT", m.out_at.is_not(None), m.returned_at.is_(None))


def _stale(me: Any) -> Any:
    """C53: a loan whose papers somebody wants back, and whose position is too old to release them on."""
    n, q, x, r, p = (
        t.alias() for t in (tables.loans, tables.access_requests, tables.request_lines, tables.archive_records, tables.loan_positions)
    )
    asked = (
        select(q.c.id)
        .join(x, x.c.request_id == q.c.id)
        .join(r, r.c.id == x.c.record_id)
        .where(
            r.c.primary_loan_id == n.c.id, q.c.kind == RequestKind.RELEASE.value, q.c.applicant_id == me.staff,
            or_(*(q.c.state == s.value for s in (RequestState.SUBMITTED, RequestState.APPROVED))),
        )
        .correlate(n)
    )  # fmt: skip
    hours = func.parameter_of(POSITION_HOURS, n.c.org_id, PARAMETERS[POSITION_HOURS].default)
    fresh = select(p.c.id).where(p.c.loan_id == n.c.id, p.c.as_of >= func.now() - func.make_interval(0, 0, 0, 0, hours)).correlate(n)
    return line("STALE_POSITION", "loan", n.c, func.now()).where(asked.exists(), ~fresh.exists(), *seen(n.c, me))


def _late(me: Any) -> list[Any]:
    """Of those who must see that it comes back."""
    if not CHASERS & me.roles:
        return []
    m = tables.movements.c
    return [line("CHASE", "checkout", m, m.due_at).where(_out(m), m.due_at < func.now(), m.holder_id != me.staff, *seen(m, me))]


def _papers(me: Any) -> list[Any]:
    """First-tier papers that are not yet in the vault."""
    r = tables.archive_records.c
    waiting = (r.tier == Tier.FIRST.value, r.state == RecordState.PENDING_INTAKE.value)
    certificate = tables.collateral_certificates.alias()
    electronic = (
        select(certificate.c.id).where(certificate.c.id == r.certificate_id, certificate.c.is_electronic).correlate_except(certificate)
    )
    bare = or_(func.coalesce(r.kind == PaperKind.SETTLEMENT_NOTICE.value, false()), electronic.exists())  # C7: these enter unsealed
    lines_ = []
    if Role.LOAN_OFFICER in me.roles:
        by = func.timezone("Asia/Shanghai", cast(r.expected_by, TIMESTAMP(timezone=False)))
        lines_.append(line("RECORD_ARRIVAL", "record", r, by).where(r.state == RecordState.AWAITED.value, *seen(r, me)))
    if (KEEPERS | {Role.LOAN_OFFICER}) & me.roles:
        lines_.append(line("SEAL", "record", r, r.created_at).where(*waiting, r.envelope_id.is_(None), ~bare, *seen(r, me)))
    if (KEEPERS | {Role.REGISTER_CLERK}) & me.roles:
        lines_.append(line("TAKE_IN", "record", r, r.created_at).where(*waiting, or_(r.envelope_id.is_not(None), bare), *seen(r, me)))
    return lines_


def _volumes(me: Any) -> list[Any]:
    """Second-tier volumes that were handed in."""
    if Role.ARCHIVIST not in me.roles:
        return []
    r = tables.archive_records.c
    submitted = (r.state == RecordState.SUBMITTED.value, r.submitted_by != me.staff)
    return [line("ACCEPT_VOLUME", "record", r, r.updated_at).where(*submitted, *seen(r, me))]


def seconds_left(row: Any, me: Any) -> Any:
    """Until the window of an operation closes."""
    left = cast(func.floor(extract("epoch", row.due_at - func.now())), Integer)
    return case((row.kind == "CONFIRM", func.greatest(0, left)))


def _counts(me: Any) -> Any:
    """C41: each counter for themself, while a place is left that they have not counted in its round."""
    t, place = tables.stocktakes.c, tables.stocktake_places.alias()
    first = and_(t.first_counter_id == me.staff, place.c.first_counted_at.is_(None))
    second = and_(t.second_counter_id == me.staff, place.c.second_counted_at.is_(None))
    left = select(place.c.id).where(place.c.stocktake_id == t.id, or_(first, second)).correlate_except(place)
    mine = or_(t.first_counter_id == me.staff, t.second_counter_id == me.staff)  # so that an index is used before the places
    return line("COUNT", "stocktake", t, t.as_of).where(or_(t.state == "OPEN", t.state == "COUNTING"), mine, left.exists(), *seen(t, me))


def _shipments(me: Any) -> list[Any]:
    """C31: what is on its way to the caller's unit, and what of their own was refused."""
    if not (KEEPERS | {Role.ARCHIVIST, Role.REGISTER_CLERK}) & me.roles:
        return []
    s, h, x = tables.shipments.alias(), tables.handovers.alias(), tables.handover_lines.alias()
    refused = (x.c.shipment_id == s.c.id, x.c.state == HandoverLineState.REJECTED.value, x.c.back_operation_id.is_(None))
    tiers = [t.value for t, roles in ((Tier.FIRST, KEEPERS | {Role.REGISTER_CLERK}), (Tier.SECOND, {Role.ARCHIVIST})) if roles & me.roles]
    since = select(func.max(x.c.decided_at)).where(*refused).correlate(s).scalar_subquery()
    back = line("TAKE_BACK", "shipment", s.c, since).where(
        select(x.c.id).where(*refused).correlate(s).exists(), or_(*(s.c.tier == t for t in tiers)), s.c.org_id == func.any(me.branches),
        *seen(s.c, me),
    )  # fmt: skip
    open_ = select(x.c.id).where(x.c.shipment_id == s.c.id, x.c.state == "SENT").correlate(s)
    ours = select(h.c.id).where(h.c.id == s.c.handover_id, h.c.to_org_id == func.any(me.branches)).correlate(s)
    return [line("ACKNOWLEDGE", "shipment", s.c, s.c.due_at).where(open_.exists(), ours.exists(), *seen(s.c, me)), back]


def _heads(me: Any) -> list[Any]:
    """What heads and compliance look at: an emergency, a stocktake that both have counted, a list for disposal."""
    lines_ = []
    if {Role.BRANCH_HEAD, Role.COMPLIANCE} & me.roles:  # C1, C3: whoever sat does not review
        e, sat = tables.emergency_reviews.c, tables.operation_seats.alias()
        seated = select(sat.c.staff_id).where(sat.c.operation_id == e.operation_id).correlate_except(sat)
        lines_.append(line("REVIEW_EMERGENCY", "review", e, e.due_at).where(e.reviewed_at.is_(None), me.staff.not_in(seated), *seen(e, me)))
    if Role.OPS_HEAD in me.roles:  # C41: neither counter compares or signs
        t, place = tables.stocktakes.c, tables.stocktake_places.alias()
        uncounted = or_(place.c.first_counted_at.is_(None), place.c.second_counted_at.is_(None))
        left = select(place.c.id).where(place.c.stocktake_id == t.id, uncounted).correlate_except(place)
        other = (t.first_counter_id != me.staff, t.second_counter_id != me.staff, *seen(t, me))
        lines_.append(line("COMPARE_COUNTS", "stocktake", t, t.as_of).where(t.state == "COUNTING", ~left.exists(), *other))
        lines_.append(line("SIGN_STOCKTAKE", "stocktake", t, t.compared_at).where(t.state == "COMPARED", *other))
    if ranks := sorted(role.value for role in HEADS & me.roles):  # C46: three different heads, none of whom drew it up
        b, said = tables.disposal_batches.c, tables.disposal_approvals.alias()
        given = select(said.c.role).where(said.c.batch_id == b.id).correlate_except(said)
        heads = select(said.c.staff_id).where(said.c.batch_id == b.id).correlate_except(said)
        lacks = or_(*(literal(rank).not_in(given) for rank in ranks))
        open_ = (b.state == BatchState.PROPOSED.value, b.proposed_by != me.staff, me.staff.not_in(heads), lacks)
        lines_.append(line("APPROVE_DISPOSAL", "batch", b, b.proposed_at).where(*open_, *seen(b, me)))
    return lines_
