"""The acts of the custody desk: parse, perform, read the payload in the same transaction."""

from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import Boolean

from schema.custody import AccessRequest, Checkout, CustodyEvent, Discrepancy, Hold, Operation
from schema.organisation import OrgUnit, StaffMember, StorageLocation
from schema.reading.answers import payload
from schema.reading.declare import Given, Many, One
from schema.records import ArchiveRecord
from schema.results import KeyedInput, given, id_of, ids_of, maybe_id, mutation, version_of
from schema.scalars import Date
from server.custody import lookup
from server.custody.desk import Done, Refused
from server.custody.moves import Ask, Inspection
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from storage.database import Connection
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject, Purpose, Role, Seat

KEEPERS = frozenset({Role.VAULT_KEEPER_KEY, Role.VAULT_KEEPER_CODE, Role.ARCHIVIST})
RETURN_DESK = KEEPERS | {Role.REGISTER_CLERK}
UNSET: Any = strawberry.UNSET


def field(description: str, default: Any = None) -> Any:
    """An input field; with a default it may be left out."""
    return strawberry.field(description=description) if default is None else strawberry.field(description=description, default=UNSET)


class ActPayload:
    """What every custody act answers with."""

    operation: Operation | None = One(given="operation", description="The operation, when the act has seats; PENDING until all are taken.")
    records: list[ArchiveRecord] = Many(given="records", description="The records, as they stand now.")
    events: list[CustodyEvent] = Many(given="events", description="What was recorded.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


class RequestPayload(ActPayload):
    """Acts on requests."""

    request: AccessRequest | None = One(given="request", description="The request, as it stands now.")


class CheckoutPayload(ActPayload):
    """Acts on checkouts."""

    checkouts: list[Checkout] = Many(given="checkouts", description="The checkouts, as they stand now.")
    request: AccessRequest | None = One(given="request", description="The request.")


class HoldPayload(ActPayload):
    """Acts on holds."""

    hold: Hold | None = One(given="hold", description="The hold.")


class ConfirmPayload(CheckoutPayload, HoldPayload):
    """Whatever the operation was about."""

    staff: StaffMember | None = One(given="staff", description="The member of staff whom a change was about.")
    org_unit: OrgUnit | None = One(given="org", description="The unit that was made.")
    locations: list[StorageLocation] = Many(given="locations", description="The places that were made.")


class CasePayload(ActPayload):
    """Acts that open cases."""

    cases: list[Discrepancy] = Many(given="cases", description="The cases that were opened.")


def payload_of(base: type, name: str) -> Any:
    """The payload type of one mutation."""
    cls = type(name, (base,), {"__doc__": base.__doc__, "__annotations__": {}, "__module__": __name__})
    for parent in reversed(base.__mro__[:-1]):
        for key, type_ in parent.__annotations__.items():
            cls.__annotations__[key] = type_
            setattr(cls, key, _copied(parent.__dict__[key]))
    return strawberry.type(cls, description=f"What {name[0].lower()}{name.removesuffix('Payload')[1:]} did.")


def _copied(made: Any) -> Any:
    import copy

    return copy.copy(made)


async def perform(info: strawberry.Info, type_: type, name: str, key: str, ask: Ask) -> Any:
    """Through the desk; the payload is read before the commit, in the same transaction."""
    context = info.context

    async def read(conn: Connection, outcome: dict[str, Any], replayed: bool) -> Any:
        made = {n: _uuids(v) for n, v in outcome.items() if n != "state"}
        return await payload(info, type_, conn, **made, replayed=replayed)

    answer = await context.desk.perform(context.principal, ask, key, name, read)
    if isinstance(answer, Refused):
        return answer
    assert isinstance(answer, Done)
    return answer.answer


def _uuids(value: Any) -> Any:
    return [UUID(v) for v in value] if isinstance(value, list) else UUID(value)


def act(name: str, input_type: Any, base: type, ask_of: Any, *, description: str, requires: frozenset[Role] | None = None) -> Any:
    """The field of a custody act: `ask_of(info, input)` says what is asked of the desk."""
    type_ = payload_of(base, f"{name[0].upper()}{name[1:]}Payload")

    async def resolve(info: strawberry.Info, input_: Any) -> Any:
        return await perform(info, type_, name, str(input_.idempotency_key), await ask_of(info, input_))

    return mutation(name, input_type, type_, resolve, description=description, requires=requires)


# Requests ----------------------------------------------------------------------------------------------------------------
@strawberry.input(description="Input of requestCheckout.")
class RequestCheckoutInput(KeyedInput):
    """Who needs which papers, why."""

    record_ids: list[strawberry.ID] = field("The papers or volumes, all of one tier; at most 500.")
    purpose: Purpose = field("Why.")
    reason: str | None = field("In words; required for OTHER.", UNSET)
    reader_id: strawberry.ID | None = field("Who will hold them; the caller when left out.", UNSET)


@strawberry.input(description="Input of requestReading.")
class RequestReadingInput(KeyedInput):
    """Who wants to read which volumes in the room."""

    record_ids: list[strawberry.ID] = field("The volumes; at most 500.")
    purpose: Purpose = field("Why.")
    reason: str | None = field("In words; required for OTHER.", UNSET)
    reader_id: strawberry.ID | None = field("Who will read them; the caller when left out.", UNSET)


@strawberry.input(description="Input of requestExtension.")
class RequestExtensionInput(KeyedInput):
    """Until when."""

    checkout_id: strawberry.ID = field("The checkout to prolong.")
    due_on: Date = field("The new due day; it counts from the old one.")
    reason: str | None = field("In words.", UNSET)


@strawberry.input(description="Input of approveRequest.")
class ApproveRequestInput(KeyedInput):
    """A decision made on a screen."""

    request_id: strawberry.ID = field("The request.")
    expected_version: str = field("Version of the request last seen.")
    comment: str | None = field("In words.", UNSET)


@strawberry.input(description="Input of rejectRequest.")
class RejectRequestInput(KeyedInput):
    """A decision made on a screen."""

    request_id: strawberry.ID = field("The request.")
    expected_version: str = field("Version of the request last seen.")
    reason: str = field("Why.")


@strawberry.input(description="Input of cancelRequest.")
class CancelRequestInput(KeyedInput):
    """The applicant takes it back."""

    request_id: strawberry.ID = field("The request.")
    expected_version: str = field("Version of the request last seen.")
    reason: str | None = field("Why.", UNSET)


async def _request(info: strawberry.Info, i: Any) -> Ask:
    action = A.REQUEST_READING if isinstance(i, RequestReadingInput) else A.REQUEST_CHECKOUT
    records = ids_of(i.record_ids, "record", "recordIds")
    return Ask(action, records=records, purpose=i.purpose, reason=given(i.reason), reader=maybe_id(i.reader_id, "staff"))


async def _extension(info: strawberry.Info, i: RequestExtensionInput) -> Ask:
    context: Any = info.context
    record = await lookup.record_of_checkout(context.database, context.principal, id_of(i.checkout_id, "checkout"))
    return Ask(A.REQUEST_EXTENSION, records=(record,), due_on=i.due_on, reason=given(i.reason))


def _decision(action: A) -> Any:
    async def ask(info: strawberry.Info, i: Any) -> Ask:
        reason = given(i.comment) if action is A.APPROVE else given(i.reason)
        if action is A.REJECT and not i.reason.strip():
            raise InvalidInput([InputProblem(("reason",), "EMPTY")])
        return Ask(action, request=id_of(i.request_id, "request"), expected_version=version_of(i.expected_version), reason=reason)

    return ask


# Handing out and taking back ---------------------------------------------------------------------------------------------
@strawberry.input(description="Input of checkOut.")
class CheckOutInput(KeyedInput):
    """What the keeper scans at the desk."""

    request_id: strawberry.ID | None = field("The approved request; found by the barcodes when left out.", UNSET)
    barcodes: list[str] = field("Barcodes scanned at the desk, of papers or envelopes, in any order; all lines of the request.")
    due_on: Date | None = field("Day on which they come back, by close of business.", UNSET)
    seat: Seat | None = field("The caller's seat; the first that fits when left out.", UNSET)
    expected_version: str | None = field("Version of the request last seen; optional at the desk.", UNSET)


@strawberry.input(description="Input of confirmOperation.")
class ConfirmOperationInput(KeyedInput):
    """The next seat."""

    operation_id: strawberry.ID = field("The pending operation.")
    seat: Seat | None = field("The caller's seat; the first that fits when left out.", UNSET)


@strawberry.input(description="Input of withdrawOperation.")
class WithdrawOperationInput(KeyedInput):
    """Nobody will take the seats that are left."""

    operation_id: strawberry.ID = field("The pending operation.")
    reason: str | None = field("Why.", UNSET)


@strawberry.input(description="Input of presentReturn.")
class PresentReturnInput(KeyedInput):
    """What is brought back, by whom."""

    barcodes: list[str] = field("Barcodes scanned at the desk, of papers or envelopes.")
    brought_by_id: strawberry.ID = field("Who brings them: the recorded holder.")


@strawberry.input(description="What was found of one record.")
class InspectionInput:
    """A return inspection."""

    record_id: strawberry.ID = field("The record.")
    numbers_match: bool = field("Numbers on the paper match the register.")
    pages_match: bool = field("All pages are there.")
    seal_intact: bool = field("The seal is whole, or none was put on.")
    no_alterations: bool = field("Nothing was altered.")
    no_damage: bool = field("Nothing is damaged.")
    pages_counted: int = field("Pages counted.")
    findings: str | None = field("In words; required for what is not right.", UNSET)


@strawberry.input(description="What was found of one record, or that it did not come.")
class RejectedItemInput(InspectionInput):
    """A return inspection of something that is not right."""

    missing: bool = strawberry.field(description="True when it did not come with the others.", default=False)


@strawberry.input(description="Input of acceptReturn.")
class AcceptReturnInput(KeyedInput):
    """Inspected one by one."""

    inspections: list[InspectionInput] = field("One for each record.")


@strawberry.input(description="Input of rejectReturn.")
class RejectReturnInput(KeyedInput):
    """Refused item by item."""

    inspections: list[RejectedItemInput] = field("One for each record, with findings.")


@strawberry.input(description="Input of startReading.")
class StartReadingInput(KeyedInput):
    """The volumes are handed over in the room."""

    request_id: strawberry.ID = field("The approved request.")


@strawberry.input(description="Input of endReading.")
class EndReadingInput(KeyedInput):
    """The volumes go back on the shelf."""

    record_ids: list[strawberry.ID] = field("The volumes.")


async def _check_out(info: strawberry.Info, i: CheckOutInput) -> Ask:
    context: Any = info.context
    request = maybe_id(i.request_id, "request") or await lookup.request_of_barcodes(context.database, context.principal, i.barcodes)
    await lookup.check_lines(context.database, context.principal, request, i.barcodes)
    return Ask(A.CHECK_OUT, request=request, due_on=given(i.due_on), seat=given(i.seat), expected_version=version_of(i.expected_version))


async def _confirm(info: strawberry.Info, i: ConfirmOperationInput) -> Ask:
    return Ask(A.CONFIRM, operation=id_of(i.operation_id, "operation"), seat=given(i.seat))


async def _withdraw(info: strawberry.Info, i: WithdrawOperationInput) -> Ask:
    return Ask(A.WITHDRAW, operation=id_of(i.operation_id, "operation"), reason=given(i.reason))


async def _present(info: strawberry.Info, i: PresentReturnInput) -> Ask:
    context: Any = info.context
    records = await lookup.records_by_barcode(context.database, context.principal, i.barcodes)
    return Ask(A.PRESENT_RETURN, records=records, brought_by=id_of(i.brought_by_id, "staff"))


def _inspected(action: A) -> Any:
    async def ask(info: strawberry.Info, i: Any) -> Ask:
        records = ids_of([one.record_id for one in i.inspections], "record", "inspections")
        return Ask(action, records=records, inspections=tuple(_inspection(one) for one in i.inspections))

    return ask


def _inspection(i: Any) -> Inspection:
    return Inspection(
        id_of(i.record_id, "record"),
        i.numbers_match,
        i.pages_match,
        i.seal_intact,
        i.no_alterations,
        i.no_damage,
        i.pages_counted,
        given(i.findings),
        getattr(i, "missing", False),
    )


async def _start_reading(info: strawberry.Info, i: StartReadingInput) -> Ask:
    return Ask(A.START_READING, request=id_of(i.request_id, "request"))


async def _end_reading(info: strawberry.Info, i: EndReadingInput) -> Ask:
    return Ask(A.END_READING, records=ids_of(i.record_ids, "record", "recordIds"))


# Holds and what is not there ---------------------------------------------------------------------------------------------
@strawberry.input(one_of=True, description="Exactly one thing to hold.")
class HoldOnInput:
    """The subject of a hold."""

    record_id: strawberry.ID | None = field("A paper or volume.", UNSET)
    loan_id: strawberry.ID | None = field("A loan and its records.", UNSET)
    collateral_id: strawberry.ID | None = field("Collateral and its records.", UNSET)
    customer_id: strawberry.ID | None = field("A customer, in every branch.", UNSET)
    dealer_id: strawberry.ID | None = field("A dealer and all loans through it.", UNSET)


@strawberry.input(description="Input of placeHold.")
class PlaceHoldInput(KeyedInput):
    """What is held, and why."""

    on: HoldOnInput = field("What it is on.")
    kind: HoldKind = field("Kind.")
    reason: str = field("In words; only for those who may know.")


@strawberry.input(description="Input of liftHold.")
class LiftHoldInput(KeyedInput):
    """A decision made on a screen; a second person confirms it."""

    hold_id: strawberry.ID = field("The hold.")
    expected_version: str = field("Version of the hold last seen.")
    reason: str = field("Why.")


@strawberry.input(description="Input of reportMissing.")
class ReportMissingInput(KeyedInput):
    """What is not where it should be."""

    record_ids: list[strawberry.ID] = field("The records.")
    findings: str = field("In words.")


SUBJECTS = {
    "record_id": (HoldSubject.RECORD, "record"),
    "loan_id": (HoldSubject.LOAN, "loan"),
    "collateral_id": (HoldSubject.COLLATERAL, "collateral"),
    "customer_id": (HoldSubject.CUSTOMER, "customer"),
    "dealer_id": (HoldSubject.DEALER, "dealer"),
}


async def _place_hold(info: strawberry.Info, i: PlaceHoldInput) -> Ask:
    if not i.reason.strip():
        raise InvalidInput([InputProblem(("reason",), "EMPTY")])
    name = next(n for n in SUBJECTS if given(getattr(i.on, n)) is not None)
    kind, prefix = SUBJECTS[name]
    subject = id_of(getattr(i.on, name), prefix)
    records = (subject,) if kind is HoldSubject.RECORD else ()
    return Ask(A.PLACE_HOLD, records=records, hold_kind=i.kind, subject_kind=kind, subject=subject, reason=i.reason)


async def _lift_hold(info: strawberry.Info, i: LiftHoldInput) -> Ask:
    return Ask(A.LIFT_HOLD, hold=id_of(i.hold_id, "hold"), expected_version=version_of(i.expected_version), reason=i.reason)


async def _report_missing(info: strawberry.Info, i: ReportMissingInput) -> Ask:
    if not i.findings.strip():
        raise InvalidInput([InputProblem(("findings",), "EMPTY")])
    return Ask(A.REPORT_MISSING, records=ids_of(i.record_ids, "record", "recordIds"), reason=i.findings)


@strawberry.type
class CustodyMutations:
    """The acts of the custody desk."""

    request_checkout = act(
        "requestCheckout", RequestCheckoutInput, RequestPayload, _request, requires=WHO[A.REQUEST_CHECKOUT],
        description="Ask for papers or volumes to be lent (借阅申请).",
    )  # fmt: skip
    request_reading = act(
        "requestReading", RequestReadingInput, RequestPayload, _request, requires=WHO[A.REQUEST_READING],
        description="Ask to read volumes in the room (查阅申请).",
    )  # fmt: skip
    request_extension = act(
        "requestExtension", RequestExtensionInput, RequestPayload, _extension, requires=WHO[A.REQUEST_EXTENSION],
        description="Ask for a later due day (续借申请).",
    )  # fmt: skip
    approve_request = act(
        "approveRequest", ApproveRequestInput, RequestPayload, _decision(A.APPROVE), requires=WHO[A.APPROVE],
        description="Approve in one's rank; the last approval reserves every line or none.",
    )  # fmt: skip
    reject_request = act(
        "rejectRequest",
        RejectRequestInput,
        RequestPayload,
        _decision(A.REJECT),
        requires=WHO[A.REJECT],
        description="Say no, with a reason.",
    )
    cancel_request = act(
        "cancelRequest", CancelRequestInput, RequestPayload, _decision(A.CANCEL), description="Take one's own request back."
    )
    check_out = act(
        "checkOut", CheckOutInput, CheckoutPayload, _check_out, requires=KEEPERS,
        description="Hand out what an approved request names (出库); in the vault an operation of four seats.",
    )  # fmt: skip
    confirm_operation = act(
        "confirmOperation", ConfirmOperationInput, ConfirmPayload, _confirm,
        description="Take the next seat of a pending operation; the last seat judges again and moves everything.",
    )  # fmt: skip
    withdraw_operation = act(
        "withdrawOperation", WithdrawOperationInput, ActPayload, _withdraw, description="End a pending operation without effect."
    )
    present_return = act(
        "presentReturn", PresentReturnInput, CheckoutPayload, _present, requires=WHO[A.PRESENT_RETURN],
        description="Take what its holder brings back (归还); it is available only after acceptReturn.",
    )  # fmt: skip
    accept_return = act(
        "acceptReturn", AcceptReturnInput, CheckoutPayload, _inspected(A.ACCEPT_RETURN), requires=RETURN_DESK,
        description="Inspect and put back what was returned (验收入库).",
    )  # fmt: skip
    reject_return = act(
        "rejectReturn", RejectReturnInput, CheckoutPayload, _inspected(A.REJECT_RETURN), requires=KEEPERS,
        description="Refuse a return item by item; what did not come is missing.",
    )  # fmt: skip
    start_reading = act(
        "startReading", StartReadingInput, CheckoutPayload, _start_reading, requires=WHO[A.START_READING],
        description="Hand volumes over in the room (室内查阅).",
    )  # fmt: skip
    end_reading = act(
        "endReading", EndReadingInput, CheckoutPayload, _end_reading, requires=WHO[A.END_READING],
        description="Put volumes back on the shelf the same day.",
    )  # fmt: skip
    place_hold = act(
        "placeHold", PlaceHoldInput, HoldPayload, _place_hold, requires=WHO[A.PLACE_HOLD], description="Freeze by law or rule (冻结)."
    )
    lift_hold = act(
        "liftHold", LiftHoldInput, HoldPayload, _lift_hold, requires=WHO[A.PLACE_HOLD],
        description="Propose to lift a hold; a second person confirms it.",
    )  # fmt: skip
    report_missing = act(
        "reportMissing",
        ReportMissingInput,
        CasePayload,
        _report_missing,
        description="Say that a record is not where it should be (下落不明).",
    )
