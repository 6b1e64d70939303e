"""Rows of the table, each broken by one change in a Move that was right: what `test_rules` tries and rules.md lists."""

from dataclasses import replace
from datetime import timedelta

from server.custody.moves import Hold, Movement
from server.custody.moves.claims import Bringer
from storage.terms import Action as A
from storage.terms import HoldKind, MovementKind, Purpose, RequestKind, RequestState, Role, Seat, StaffKind, Tier
from storage.terms import RecordState as S
from tests.custody.breaking import Break, change_ask, change_found, change_movement, change_request, change_seat, change_subject
from tests.custody.chapters import chapters
from tests.custody.examples import ANN, ARCH, CODY, HEAD, KAY, LEA, LOU, MOV, NOW, OTHER, person

FIRST, SECOND = Tier.FIRST, Tier.SECOND
RESERVED = Movement(MOV, MovementKind.CHECKOUT, OTHER, ANN, NOW + timedelta(days=2))
OUT = replace(RESERVED, out_at=NOW - timedelta(days=1), due_at=NOW + timedelta(days=1))

ROLE, STEP, KIND = "the caller has a role for this act or seat", "the request is at the right step", "the request is of the kind of the act"
OPEN_SEAT, PENDING = "the caller takes an open seat of the operation", "the operation is still pending"
DUAL, TERM = (
    "KEY and CODE are two different keepers on duty now, or their substitutes in an emergency",
    "the due instant is after now and within the purpose's term",
)
INTEREST, ALREADY = "the caller has no interest in the loan", "the record has no open checkout"
BLOCKED, NO_HOLD = (
    "applicant and reader are active, and neither they nor their units are blocked for what is overdue",
    "no hold is active, or it permits this purpose",
)
OTHERS = "whoever hands out has not approved, nor, but for the officer of a release, applied"
CLAIM, INSPECTED = "no claim of an earlier return is open", "the returned record was inspected and found right in every respect"
PAGES = "as many pages were counted as the register has, except of a certificate that came back changed"
TOLD, VERSION = "what is not accepted is told item by item", "the version is the one that was read"
STATE, APPROVER = "the state permits the act", "the approver is neither the applicant, nor whom the papers are for, nor an earlier approver"

RECEIVING = "a paper comes back to a keeper of the vault, a volume to the archivist"

LENDING: tuple[Break, ...] = (
    Break("a service takes no seat", A.CHECK_OUT, SECOND, lambda m: {"by": replace(m.by, service=True)}),
    Break("papers are lent to a person", A.REQUEST_CHECKOUT, FIRST, lambda m: {"for_a_service": True}),
    Break("papers are lent to a person", A.REQUEST_READING, SECOND, lambda m: {"for_a_service": True}),
    Break("nobody proposes or confirms a change of themself", A.GRANT_ROLE, FIRST, change_ask(change={"staff": str(LEA), "role": "LEGAL"})),
    Break("nobody proposes or confirms a change of themself", A.DELEGATE, FIRST, change_ask(change={"staff": str(OTHER), "to": str(LOU), "role": "LEGAL"})),
    Break("a service account gets no custody role and no duty", A.GRANT_ROLE, FIRST, lambda m: {
        "ask": replace(m.ask, change={"staff": str(OTHER), "role": "ARCHIVIST"}), "subject": replace(m.subject, kind=StaffKind.SERVICE)}),
    Break("a service account gets no custody role and no duty", A.ASSIGN_DUTY, FIRST, change_subject(kind=StaffKind.SERVICE)),
    Break("the keeper has no other duty for the vault in that time", A.ASSIGN_DUTY, FIRST, change_subject(has_duty_then=True)),
    *(Break("nobody has the key and the code of one vault on one day", act, FIRST, change_subject(has_other_seat=True))
      for act in (A.ASSIGN_DUTY, A.HAND_OVER_DUTY)),
    Break("whoever proposed a change does not confirm it", A.PROPOSE_POLICY, FIRST, change_seat(Seat.SECOND, person(LEA, Role.COMPLIANCE))),
    Break("a leaver holds no paper, no duty, no shelf and no open case", A.DEACTIVATE_STAFF, FIRST, change_subject(has_custody=True)),
    Break(ROLE, A.CHECK_OUT, SECOND, lambda m: {"by": person(ARCH, Role.LOAN_OFFICER)}),
    Break(ROLE, A.REQUEST_CHECKOUT, FIRST, lambda m: {"by": replace(m.by, active=False)}),
    Break(ROLE, A.PRESENT_RETURN, SECOND, lambda m: {"by": person(ANN, Role.LOAN_OFFICER)}, frozenset({RECEIVING})),
    Break("only the applicant cancels a request", A.CANCEL, SECOND, lambda m: {"by": person(OTHER, Role.LOAN_OFFICER)}),
    Break("only who opened or joined an operation withdraws it", A.WITHDRAW, FIRST, lambda m: {"opened_by": OTHER}),
    Break(OPEN_SEAT, A.CHECK_OUT, FIRST, lambda m: {"open_seats": frozenset()}),
    Break(PENDING, A.WITHDRAW, FIRST, lambda m: {"opened_by": None, "seats": {Seat.RECEIVER: m.by}}),
    Break("the hold is active", A.LIFT_HOLD, FIRST, lambda m: {"hold": None}),
    Break(DUAL, A.CHECK_OUT, FIRST, lambda m: {"on_duty": {**m.on_duty, Seat.KEY: frozenset({OTHER})}}),
    Break(DUAL, A.ACCEPT_RETURN, FIRST, lambda m: {"on_duty": {**m.on_duty, Seat.CODE: frozenset()}}),
    Break(DUAL, A.CHECK_OUT, FIRST, change_seat(Seat.RECEIVER, person(KAY, Role.VAULT_KEEPER_KEY)),
          frozenset({"the receiver is the person the request names"})),
    Break("nobody seated has KEY and CODE duty for one vault", A.CHECK_OUT, FIRST,
          lambda m: {"on_duty": {Seat.KEY: frozenset({KAY}), Seat.CODE: frozenset({CODY, KAY})}}),
    Break(APPROVER, A.APPROVE, FIRST, lambda m: {"by": person(ANN, Role.CREDIT_DEPT_HEAD)}),
    Break(APPROVER, A.RESERVE, FIRST, change_request(approvals={Role.RISK_HEAD: HEAD})),
    Break(APPROVER, A.RESERVE, FIRST, change_request(reader=HEAD)),
    Break(OTHERS, A.CHECK_OUT, FIRST, change_request(approvals={Role.CREDIT_DEPT_HEAD: HEAD, Role.RISK_HEAD: KAY})),
    Break(OTHERS, A.CHECK_OUT, SECOND, change_request(applicant=ARCH)),
    Break(INTEREST, A.APPROVE, SECOND, lambda m: {"interested": frozenset({HEAD})}),
    Break(INTEREST, A.CHECK_OUT, FIRST, lambda m: {"interested": frozenset({KAY})}),
    *(Break(INTEREST, act, SECOND, lambda m: {"interested": frozenset({m.by.id})})
      for act in (A.APPROVE_DISPOSAL, A.ACCEPT_VOLUME, A.DECLARE_LOST, A.CLOSE_LOST)),
    Break(INTEREST, A.SURRENDER, FIRST, lambda m: {"interested": frozenset({m.by.id})}),
    Break("the approver holds a rank that the request still needs", A.APPROVE, FIRST, lambda m: {"by": person(OTHER, Role.VICE_PRESIDENT)}),
    Break("every rank of the matrix has approved", A.CHECK_OUT, FIRST, change_request(approvals={Role.RISK_HEAD: HEAD})),
    Break("every rank of the matrix has approved", A.START_READING, SECOND, change_request(approvals={})),
    Break("the clerk is not one of the keepers", A.CHECK_OUT, FIRST, change_seat(Seat.CLERK, person(KAY, Role.REGISTER_CLERK))),
    Break("all papers of the envelope move together", A.RESERVE, FIRST, lambda m: {"mates": frozenset({OTHER})}),
    Break("the purpose is one of the tier's, for that kind of request", A.REQUEST_CHECKOUT, FIRST, change_ask(purpose=Purpose.AUDIT)),
    Break("another purpose is told in words", A.REQUEST_CHECKOUT, SECOND, change_ask(purpose=Purpose.OTHER, reason="  ")),
    Break(ALREADY, A.RESERVE, SECOND, lambda m: {"movement": OUT}),
    Break("the record is not reserved for another request", A.RESERVE, FIRST, lambda m: {"movement": RESERVED}),
    Break("no other operation is pending on the record", A.CHECK_OUT, FIRST, change_movement(operation=OTHER)),
    Break(STATE, A.CHECK_OUT, FIRST, lambda m: {"on": replace(m.record, state=S.IN_VAULT)}),
    Break(STATE, A.REQUEST_CHECKOUT, SECOND, lambda m: {"on": replace(m.record, state=S.MISSING)}),
    Break(STEP, A.CHECK_OUT, SECOND, change_request(state=RequestState.FULFILLED)),
    Break(STEP, A.APPROVE, SECOND, change_request(state=RequestState.REJECTED)),
    Break(STEP, A.CANCEL, SECOND, change_request(state=RequestState.CANCELLED)),
    Break(KIND, A.CHECK_OUT, SECOND, change_request(kind=RequestKind.READ_ON_SITE)),
    Break(KIND, A.START_READING, SECOND, change_request(kind=RequestKind.CHECKOUT)),
    Break(NO_HOLD, A.REQUEST_CHECKOUT, FIRST, lambda m: {"holds": (Hold(HoldKind.LEGAL, OTHER),)}),
    Break(NO_HOLD, A.CHECK_OUT, SECOND, lambda m: {"holds": (Hold(HoldKind.AUDIT, ANN),)}),
    Break("a hold is lifted by a second person", A.LIFT_HOLD, FIRST, change_seat(Seat.SECOND, person(ANN, Role.LEGAL))),
    Break("whoever proposed the lift is not its second", A.LIFT_HOLD, FIRST, change_seat(Seat.SECOND, person(LEA, Role.LEGAL))),
    Break("the record is not frozen by a discrepancy or a count", A.CHECK_OUT, SECOND, lambda m: {"frozen": frozenset({"MISSING"})}),
    Break(BLOCKED, A.REQUEST_CHECKOUT, SECOND, lambda m: {"overdue": frozenset({ANN})}),
    Break(BLOCKED, A.CHECK_OUT, FIRST, lambda m: {"inactive": frozenset({ANN})}),
    Break("the receiver is the person the request names", A.CHECK_OUT, FIRST, change_seat(Seat.RECEIVER, person(OTHER, Role.LOAN_OFFICER))),
    Break("the holder asks for the extension", A.REQUEST_EXTENSION, SECOND, lambda m: {"by": person(OTHER, Role.LOAN_OFFICER)}),
    Break("the reservation has not lapsed", A.CHECK_OUT, SECOND, lambda m: {"lapsed": RESERVED}),
    Break("the reservation has not lapsed", A.START_READING, SECOND, change_request(state=RequestState.LAPSED)),
    Break("a due day is named", A.CHECK_OUT, FIRST, lambda m: {"due_at": None}),
    Break(TERM, A.CHECK_OUT, FIRST, lambda m: {"due_at": NOW + timedelta(days=15)}),
    Break(TERM, A.CHECK_OUT, SECOND, lambda m: {"due_at": NOW}),
    Break(TERM, A.EXTEND, SECOND, lambda m: {"due_at": NOW + timedelta(days=15)}),
    Break("the checkout is not yet due", A.REQUEST_EXTENSION, FIRST, change_movement(due_at=NOW)),
    Break("the checkout was not extended before, or a court decides its end", A.EXTEND, SECOND, change_movement(extensions=1)),
    *(Break(RECEIVING, act, tier, lambda m, role=role: {"by": person(ANN, role)})
      for act in (A.PRESENT_RETURN, A.RESOLVE_CLAIM) for tier, role in ((FIRST, Role.ARCHIVIST), (SECOND, Role.VAULT_KEEPER_CODE))),
    Break("an extension prolongs the checkout for which it was asked", A.EXTEND, SECOND, change_movement(request=OTHER)),
    Break("the recorded holder or a successor brings it back", A.PRESENT_RETURN, FIRST, lambda m: {"known": {**m.known, Bringer: Bringer()}}),
    Break("whoever brings it back is not the one who receives it", A.PRESENT_RETURN, SECOND, lambda m: {"ask": replace(m.ask, brought_by=m.by.id)}),
    Break(CLAIM, A.EXTEND, FIRST, change_movement(claimed=True)),
    Break(CLAIM, A.REQUEST_EXTENSION, SECOND, change_movement(claimed=True)),
    *(Break(INSPECTED, A.ACCEPT_RETURN, FIRST, change_found(**{aspect: False}))
      for aspect in ("numbers_match", "pages_match", "seal_intact", "no_alterations", "no_damage")),
    Break(INSPECTED, A.ACCEPT_RETURN, SECOND, change_ask(inspections=())),
    Break("the last return is closed", A.RESERVE, SECOND, lambda m: {"movement": replace(OUT, returned_at=NOW)}, frozenset({ALREADY})),
    *(
        Break(PAGES, action, tier, lambda m: {"on": replace(m.record, pages=9)})
        for action, tier in (
            (A.ACCEPT_RETURN, FIRST), (A.ACCEPT_RETURN, SECOND), (A.RESOLVE_FOUND, SECOND), (A.ACCEPT_CHANGED_RETURN, FIRST)
        )
    ),
    Break(TOLD, A.REJECT_RETURN, FIRST, change_found(findings=" ")),
    Break(TOLD, A.RETURN_MISSING, SECOND, change_found(findings=None)),
    Break("no case of a missing record is open already", A.REPORT_MISSING, FIRST, lambda m: {"frozen": frozenset({"MISSING"})}),
    Break(VERSION, A.APPROVE, FIRST, change_ask(expected_version=7)),
    Break(VERSION, A.LIFT_HOLD, FIRST, change_ask(expected_version=2)),
)  # fmt: skip
BREAKS: tuple[Break, ...] = (*LENDING, *(b for chapter in chapters() for b in getattr(chapter, "BREAKS", ())))
