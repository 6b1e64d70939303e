"""Requests: asked for, approved, rejected, cancelled."""

from typing import Any

import strawberry

from schema.custody_mutations.acting import UNSET, RequestPayload, act, field
from schema.results import KeyedInput, OverridableInput, given, id_of, ids_of, maybe_id, version_of
from schema.scalars import Date
from server.custody import lookup
from server.custody.moves import Ask
from server.custody.moves.lending import CourtPaperShown
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A
from storage.terms import Purpose


@strawberry.input(description="Input of requestCheckout.")
class RequestCheckoutInput(OverridableInput):
    """Who needs which papers, why."""

    record_ids: list[strawberry.ID] = field("The papers or volumes, all of one tier; at most 500.")
    purpose: Purpose = field("Why.")
    reason: str | None = field("In words; required for OTHER.", UNSET)
    reader_id: strawberry.ID | None = field("Who will hold them; the caller when left out.", UNSET)
    outside_bank: bool | None = field(
        "Whether first-tier papers leave the bank; of OTHER alone, the other purposes say it themselves.", UNSET
    )
    queue: bool = strawberry.field(description="Wait when they are taken, instead of being refused.", default=False)


@strawberry.input(description="Input of requestReading.")
class RequestReadingInput(OverridableInput):
    """Who wants to read which volumes in the room."""

    record_ids: list[strawberry.ID] = field("The volumes; at most 500.")
    purpose: Purpose = field("Why.")
    reason: str | None = field("In words; required for OTHER.", UNSET)
    reader_id: strawberry.ID | None = field("Who will read them; the caller when left out.", UNSET)
    queue: bool = strawberry.field(description="Wait when they are taken, instead of being refused.", default=False)


@strawberry.input(description="Input of requestExtension.")
class RequestExtensionInput(OverridableInput):
    """Until when."""

    checkout_id: strawberry.ID = field("The checkout to prolong.")
    due_on: Date = field("The new due day; it counts from the old one.")
    reason: str = field("Why, in words.")
    court_paper_scan_id: strawberry.ID | None = field(
        "Of what is lent to a court: the scan of the court's paper, of the record or of its request, stored since the lending and named by"
        " no other extension. With it the day is the court's; without it the court has one extension, within the term.",
        UNSET,
    )


@strawberry.input(description="Input of approveRequest.")
class ApproveRequestInput(OverridableInput):
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
    reason: str = field("Why.")


async def _request(info: strawberry.Info, i: Any) -> Ask:
    action = A.REQUEST_READING if isinstance(i, RequestReadingInput) else A.REQUEST_CHECKOUT
    records = ids_of(i.record_ids, "record", "recordIds")
    reader, queue, outside = maybe_id(i.reader_id, "staff"), i.queue or None, given(getattr(i, "outside_bank", None))
    return Ask(action, records=records, purpose=i.purpose, reason=given(i.reason), reader=reader, queue=queue, outside_bank=outside)


async def _extension(info: strawberry.Info, i: RequestExtensionInput) -> Ask:
    context: Any = info.context
    record = await lookup.record_of_checkout(context.database, context.principal, id_of(i.checkout_id, "checkout"))
    paper = maybe_id(i.court_paper_scan_id, "scan")
    detail = CourtPaperShown(paper) if paper else None
    return Ask(A.REQUEST_EXTENSION, records=(record,), due_on=i.due_on, reason=_why(i), detail=detail)


def _why(i: Any) -> str:
    reason = str(i.reason)
    if not reason.strip():
        raise InvalidInput([InputProblem(("reason",), "EMPTY")])
    return reason


def _decision(action: A) -> Any:
    async def ask(info: strawberry.Info, i: Any) -> Ask:
        reason = given(i.comment) if action is A.APPROVE else _why(i)
        return Ask(action, request=id_of(i.request_id, "request"), expected_version=version_of(i.expected_version), reason=reason)

    return ask


@strawberry.type
class RequestMutations:
    """Acts on requests."""

    request_checkout = act(
        "requestCheckout", RequestCheckoutInput, RequestPayload, _request, requires=WHO[A.REQUEST_CHECKOUT],
        description="Ask for papers or volumes to be lent (借阅申请).",
    )  # fmt: skip
    request_reading = act(
        "requestReading", RequestReadingInput, RequestPayload, _request, requires=WHO[A.REQUEST_READING],
        description="Ask to read volumes in the room (查阅申请).",
    )  # fmt: skip
    request_extension = act(
        "requestExtension",
        RequestExtensionInput,
        RequestPayload,
        _extension,
        description="Ask, as the holder, for a later due day (续借申请).",
    )
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
