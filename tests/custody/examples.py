"""For each act and tier a Move with nothing wrong: the matrix and the rule tests change one thing in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from server.custody.moves import Ask, Hold, Inspection, Move, Movement, Person, Record, Request, Subject
from server.custody.policy import ranks
from server.custody.rules.groups import INTERNAL
from server.custody.transitions import ADMINISTRATION, PART_OF, RECORDLESS, SEATS, TRANSITIONS, WHO, seat_roles
from storage.terms import Action as A
from storage.terms import HoldKind, MovementKind, Purpose, RequestKind, RequestState, Role, Seat, StaffKind, Tier
from storage.terms import RecordState as S
from tests.custody.chapters import chapters

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
ANN, HEAD, RISK, KAY, CODY, CLEO, ARCH, LEA, LOU, RID, REQ, MOV, ORG, OTHER = (UUID(int=i) for i in range(1, 15))
SITS = {
    Seat.KEY: KAY,
    Seat.CODE: CODY,
    Seat.CLERK: CLEO,
    Seat.ARCHIVIST: ARCH,
    Seat.RECEIVER: ANN,
    Seat.PROPOSER: LEA,
    Seat.SECOND: LOU,
    Seat.OFFICER: ANN,
    Seat.SUPERVISOR: HEAD,
}
WITHOUT_RECORD = RECORDLESS - {A.WITHDRAW}
READS = (A.REQUEST_READING, A.START_READING, A.END_READING)
STARTS = {A.CANCEL: S.RESERVED, A.WITHDRAW: S.RESERVED}
DECIDED = {A.CHECK_OUT, A.START_READING}


def person(id_: UUID, *roles: Role) -> Person:
    return Person(id_, ORG, frozenset(roles))


def start_of(action: A, tier: Tier) -> S | None:
    wanted = STARTS.get(action)
    return next((t.start for t in TRANSITIONS if t.tier is tier and t.action is action and wanted in (None, t.start)), None)


def example(action: A, tier: Tier) -> Move:
    """A Move that every rule lets through: what all acts share, and what the act's chapter adjusts."""
    made = _example(action, tier)
    for chapter in chapters():  # several may have to do with one act
        made = getattr(chapter, "ADJUST", {}).get(action, lambda m: m)(made)
    return made


def _example(action: A, tier: Tier) -> Move:
    state = start_of(action, tier) or S.IN_VAULT
    whole = PART_OF.get(action, action)
    required = SEATS.get((whole, tier), ())
    purpose = Purpose.CERTIFICATE_CHANGE if tier is Tier.FIRST else Purpose.AUDIT
    seats = {s: person(SITS[s], min(seat_roles(action, s))) for s in required}
    return Move(
        ask=_ask(action, purpose, required),
        action=action,
        at=NOW,
        by=_by(action, required),
        on=None if action in WITHOUT_RECORD else Record(RID, tier, state, ORG, ORG, ORG),
        request=_request(action, tier, purpose),
        movement=_movement(action, state),
        seats=seats,
        required=required,
        open_seats=frozenset(required),
        opened_by=ANN if action is A.WITHDRAW else None,
        on_duty={Seat.KEY: frozenset({KAY}), Seat.CODE: frozenset({CODY})},
        subject=Subject(OTHER, ORG, StaffKind.PERSON, True, False, False) if action in ADMINISTRATION else None,
        hold=Hold(HoldKind.LEGAL, ANN) if action is A.LIFT_HOLD else None,
        together=frozenset({RID}),
        due_at=NOW + timedelta(days=3) if action in (A.CHECK_OUT, A.REQUEST_EXTENSION, A.EXTEND) else None,
        due_at_max=NOW + timedelta(days=14),
    )


def _ask(action: A, purpose: Purpose, required: tuple[Seat, ...]) -> Ask:
    fine = action is A.ACCEPT_RETURN
    found = Inspection(RID, fine, fine, fine, fine, fine, 1, None if fine else "缺页", action is A.RETURN_MISSING)
    return Ask(
        action, records=(RID,), request=REQ, change={"staff": str(OTHER)} if action in ADMINISTRATION else None, seat=required[0] if required else None, purpose=purpose, brought_by=ANN,
        inspections=(found,) if action in (A.ACCEPT_RETURN, A.REJECT_RETURN, A.RETURN_MISSING) else (),
    )  # fmt: skip


def _by(action: A, required: tuple[Seat, ...]) -> Person:
    if required:
        return person(SITS[required[0]], min(seat_roles(action, required[0])))
    if action in (A.APPROVE, A.RESERVE, A.EXTEND, A.REJECT):
        return person(HEAD, Role.CREDIT_DEPT_HEAD)
    return person(ANN, min(WHO[action]))


def _request(action: A, tier: Tier, purpose: Purpose) -> Request | None:
    named = {A.APPROVE, A.RESERVE, A.EXTEND, A.REJECT, A.CANCEL, A.CHECK_OUT, A.START_READING, A.REGISTER_BAILEE_LETTER}
    if action not in named:
        return None
    given = dict(zip(sorted(ranks(tier, purpose)), (HEAD, RISK), strict=False))
    if action in (A.APPROVE, A.RESERVE, A.EXTEND, A.REJECT):
        given.pop(Role.CREDIT_DEPT_HEAD)
    kind = RequestKind.READ_ON_SITE if action is A.START_READING else RequestKind.EXTENSION if action is A.EXTEND else RequestKind.CHECKOUT
    state = RequestState.APPROVED if action in DECIDED | {A.CANCEL} else RequestState.SUBMITTED
    return Request(REQ, kind, state, purpose, ANN, ANN, 1, given, prolongs=REQ if action is A.EXTEND else None)


def _movement(action: A, state: S) -> Movement | None:
    kind = MovementKind.READING if action in READS else MovementKind.CHECKOUT
    base = {"id": MOV, "kind": kind, "request": REQ, "holder": ANN, "lapses_at": NOW + timedelta(days=2), "purpose": Purpose.AUDIT}
    if state is S.RESERVED:
        return Movement(**base)
    out = {**base, "out_at": NOW, "due_at": NOW + timedelta(days=1)}
    if state in (S.CHECKED_OUT, S.READING):
        return Movement(**out)
    return Movement(**out, returned_at=NOW) if state is S.RETURN_PENDING else None


def examples() -> Iterator[Move]:
    """One for each act and tier that the transitions know, and one for each act that names no record."""
    moving = {t.action for t in TRANSITIONS}
    yield from (example(action, Tier.FIRST) for action in sorted(RECORDLESS - moving))
    for action in A:
        for tier in Tier:
            if action not in INTERNAL and start_of(action, tier) is not None:
                yield example(action, tier)
