"""The desk: handed out, confirmed, taken back, read in the room."""

from typing import Any

import strawberry

from schema.custody_mutations.acting import (
    AT_THE_VAULT,
    EMERGENCY,
    KEEPERS,
    SUBSTITUTES_TOO,
    UNSET,
    ActPayload,
    CheckoutPayload,
    ConfirmPayload,
    act,
    field,
)
from schema.custody_mutations.papers import emergency_of
from schema.results import KeyedInput, OverridableInput, given, id_of, ids_of, maybe_id, version_of
from schema.scalars import Date
from server.custody import lookup
from server.custody.moves import Ask, Inspection
from server.custody.moves.envelopes import NewSeal, Resealing
from server.custody.transitions import WHO
from storage.terms import Action as A
from storage.terms import Seat


@strawberry.input(description="Input of checkOut.")
class CheckOutInput(OverridableInput):
    """What the keeper scans at the desk."""

    request_id: strawberry.ID | None = field("The approved request; found by the barcodes when left out.", UNSET)
    barcodes: list[str] = field("Barcodes scanned at the desk, of papers or envelopes, in any order; all lines of the request.")
    due_on: Date | None = field("Day on which they come back, by close of business.", UNSET)
    seat: Seat | None = field("The caller's seat; the first that fits when left out.", UNSET)
    emergency: str | None = field(EMERGENCY, UNSET)
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
    brought_by_id: strawberry.ID = field("Who brings them: the recorded holder, or a successor.")


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
    shows_mortgage: bool | None = field("Of a certificate: the bank's mortgage entry stands on it.", UNSET)


@strawberry.input(description="What was found of one record, or that it did not come.")
class RejectedItemInput(InspectionInput):
    """A return inspection of something that is not right."""

    missing: bool = strawberry.field(description="True when it did not come with the others.", default=False)


@strawberry.input(description="The seal that closes an envelope again.")
class NewSealInput:
    """A seal."""

    envelope_id: strawberry.ID = field("The envelope.")
    seal_no: str = field("Number on the new seal, never used before.")


@strawberry.input(description="Input of acceptReturn.")
class AcceptReturnInput(KeyedInput):
    """Inspected one by one."""

    inspections: list[InspectionInput] = field("One for each record.")
    seals: list[NewSealInput] | None = field("One for each envelope that was opened, while it was out or for the inspection.", UNSET)
    emergency: str | None = field(EMERGENCY, UNSET)


@strawberry.input(description="Input of rejectReturn.")
class RejectReturnInput(KeyedInput):
    """Refused item by item."""

    inspections: list[RejectedItemInput] = field("One for each record, with findings.")
    emergency: str | None = field(EMERGENCY, UNSET)


@strawberry.input(description="Input of startReading.")
class StartReadingInput(OverridableInput):
    """The volumes are handed over in the room."""

    request_id: strawberry.ID = field("The approved request.")


@strawberry.input(description="Input of endReading.")
class EndReadingInput(KeyedInput):
    """The volumes go back on the shelf."""

    record_ids: list[strawberry.ID] = field("The volumes.")


async def check_out_ask(info: strawberry.Info, i: Any) -> Ask:
    """Also of a line of a batch."""
    context: Any = info.context
    request = maybe_id(i.request_id, "request") or await lookup.request_of_barcodes(context.database, context.principal, i.barcodes)
    await lookup.check_lines(context.database, context.principal, request, i.barcodes)
    version, emergency = version_of(i.expected_version), emergency_of(i)
    return Ask(A.CHECK_OUT, request=request, due_on=given(i.due_on), seat=given(i.seat), expected_version=version, emergency=emergency)


async def _confirm(info: strawberry.Info, i: ConfirmOperationInput) -> Ask:
    return Ask(A.CONFIRM, operation=id_of(i.operation_id, "operation"), seat=given(i.seat))


async def _withdraw(info: strawberry.Info, i: WithdrawOperationInput) -> Ask:
    return Ask(A.WITHDRAW, operation=id_of(i.operation_id, "operation"), reason=given(i.reason))


async def present_ask(info: strawberry.Info, i: Any) -> Ask:
    """Also of a line of a batch."""
    context: Any = info.context
    records = await lookup.records_by_barcode(context.database, context.principal, i.barcodes)
    return Ask(A.PRESENT_RETURN, records=records, brought_by=id_of(i.brought_by_id, "staff"))


def _inspected(action: A) -> Any:
    async def ask(info: strawberry.Info, i: Any) -> Ask:
        records = ids_of([one.record_id for one in i.inspections], "record", "inspections")
        found = tuple(inspection(one) for one in i.inspections)
        return Ask(action, records=records, inspections=found, emergency=emergency_of(i), detail=_resealed(i))

    return ask


def inspection(i: Any) -> Inspection:
    """What was found of one record."""
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
        given(i.shows_mortgage),
    )


def _resealed(i: Any) -> Resealing | None:
    seals = given(getattr(i, "seals", None))
    if not seals:
        return None
    envelopes = ids_of([one.envelope_id for one in seals], "envelope", "seals")
    return Resealing(tuple(NewSeal(e, one.seal_no.strip()) for e, one in zip(envelopes, seals, strict=True)))


async def _start_reading(info: strawberry.Info, i: StartReadingInput) -> Ask:
    return Ask(A.START_READING, request=id_of(i.request_id, "request"))


async def _end_reading(info: strawberry.Info, i: EndReadingInput) -> Ask:
    return Ask(A.END_READING, records=ids_of(i.record_ids, "record", "recordIds"))


@strawberry.type
class DeskMutations:
    """Acts at the desk."""

    check_out = act(
        "checkOut", CheckOutInput, CheckoutPayload, check_out_ask, requires=KEEPERS | SUBSTITUTES_TOO,
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
        "presentReturn", PresentReturnInput, CheckoutPayload, present_ask, requires=WHO[A.PRESENT_RETURN],
        description="Take what its holder brings back (归还); it is available only after acceptReturn.",
    )  # fmt: skip
    accept_return = act(
        "acceptReturn", AcceptReturnInput, CheckoutPayload, _inspected(A.ACCEPT_RETURN), requires=AT_THE_VAULT,
        description="Inspect and put back what was returned (验收入库).",
    )  # fmt: skip
    reject_return = act(
        "rejectReturn", RejectReturnInput, CheckoutPayload, _inspected(A.REJECT_RETURN), requires=KEEPERS | SUBSTITUTES_TOO,
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
