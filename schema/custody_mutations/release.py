"""What leaves for good: notices, requests, recipients, release, substitution, surrender."""

from typing import Any

import strawberry

from schema.custody_mutations.acting import AT_THE_VAULT, UNSET, CheckoutPayload, RequestPayload, act, field
from schema.custody_mutations.envelopes import KeptInput
from schema.custody_mutations.papers import emergency_of
from schema.lending import Loan
from schema.reading.declare import One
from schema.records import ArchiveRecord
from schema.release import Release, SettlementNotice
from schema.results import KeyedInput, given, id_of, ids_of, maybe_id, version_of
from schema.scalars import Date
from server.custody import lookup
from server.custody.moves import Ask
from server.custody.moves.release import CourtReceiptShown, NoticeAsked, ReceiptShown, RecipientShown, ReplacementOffered
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from server.personal import Keys, Kind, Personal, mask_identity
from storage.terms import Action as A
from storage.terms import Purpose, RecipientCapacity, Role

RELEASERS = AT_THE_VAULT | {Role.LOAN_OFFICER}


class NoticePayload(RequestPayload):
    """Acts on settlement notices."""

    notice: SettlementNotice | None = One(given="notice", description="The notice.")
    paper: ArchiveRecord | None = One(given="paper", description="Its paper, which waits for the vault.")
    loan: Loan | None = One(given="loan", description="The loan.")


class ReleasePayload(CheckoutPayload):
    """Acts on releases."""

    release: Release | None = One(given="release", description="The release, as it stands now.")


@strawberry.input(description="Input of issueSettlementNotice.")
class IssueSettlementNoticeInput(KeyedInput):
    """The loan is paid off for good."""

    loan_id: strawberry.ID = field("The loan.")


@strawberry.input(description="Input of requestRelease.")
class RequestReleaseInput(KeyedInput):
    """Which papers go back to their owner, why."""

    record_ids: list[strawberry.ID] = field("The papers; at most 500.")
    purpose: Purpose = field("PAID_IN_FULL, REGISTRATION_CANCELLED or PARTIAL_RELEASE.")
    reason: str | None = field("In words.", UNSET)


@strawberry.input(description="Input of requestSubstitution.")
class RequestSubstitutionInput(KeyedInput):
    """Which papers leave, and what takes their place."""

    record_ids: list[strawberry.ID] = field("The papers that leave; at most 500.")
    replacement_id: strawberry.ID = field("The new paper; its collateral has a value.")
    reason: str | None = field("In words.", UNSET)


@strawberry.input(description="Input of verifyRecipient.")
class VerifyRecipientInput(KeyedInput):
    """Who comes for the papers."""

    request_id: strawberry.ID = field("The request of kind RELEASE.")
    capacity: RecipientCapacity = field("OWNER or ATTORNEY.")
    name: str = field("Name, as in the identity document.")
    identity_number: str = field("Number of the identity document; kept as a blind index and masked, never in clear.")
    authority_scan_id: strawberry.ID | None = field("Scan of the power of attorney, a scan of the request; for ATTORNEY.", UNSET)
    authority_until: Date | None = field("Last day of the power of attorney; for ATTORNEY.", UNSET)


@strawberry.input(description="Input of releaseOnSettlement.")
class ReleaseOnSettlementInput(KeptInput):
    """The papers are handed to their owner."""

    request_id: strawberry.ID = field("The approved request.")
    barcodes: list[str] = field("Barcodes scanned at the desk, of papers or envelopes, in any order; all lines of the request.")
    receipt_scan_id: strawberry.ID = field("Scan of the receipt signed by recipient, officer and keeper; a scan of the request.")
    expected_version: str = field("Version of the request last seen.")


@strawberry.input(description="Input of substituteCollateral.")
class SubstituteCollateralInput(KeptInput):
    """The old papers leave; the new one lies in the vault already."""

    request_id: strawberry.ID = field("The approved request.")
    barcodes: list[str] = field("Barcodes scanned at the desk, of papers or envelopes, in any order; all lines of the request.")
    expected_version: str = field("Version of the request last seen.")


@strawberry.input(description="Input of closeAsSurrendered.")
class CloseAsSurrenderedInput(KeyedInput):
    """The court keeps what was lent to it."""

    request_id: strawberry.ID = field("The request on which the papers are out.")
    record_ids: list[strawberry.ID] = field("The papers.")
    court: str = field("The court, by name.")
    receipt_scan_id: strawberry.ID = field("Scan of the court's receipt; a scan of the request.")


async def _notice(info: strawberry.Info, i: IssueSettlementNoticeInput) -> Ask:
    return Ask(A.ISSUE_NOTICE, detail=NoticeAsked(id_of(i.loan_id, "loan")))


async def _request(info: strawberry.Info, i: RequestReleaseInput) -> Ask:
    return Ask(A.REQUEST_RELEASE, records=ids_of(i.record_ids, "record", "recordIds"), purpose=i.purpose, reason=given(i.reason))


async def _substitution(info: strawberry.Info, i: RequestSubstitutionInput) -> Ask:
    return Ask(
        A.REQUEST_SUBSTITUTION, records=ids_of(i.record_ids, "record", "recordIds"), purpose=Purpose.SUBSTITUTION, reason=given(i.reason),
        detail=ReplacementOffered(id_of(i.replacement_id, "record")),
    )  # fmt: skip


async def _recipient(info: strawberry.Info, i: VerifyRecipientInput) -> Ask:
    context: Any = info.context
    attorney, shown = i.capacity is RecipientCapacity.ATTORNEY, (given(i.authority_scan_id), given(i.authority_until))
    wrong = [InputProblem((path,), "EMPTY") for path, text in (("name", i.name), ("identityNumber", i.identity_number)) if not text.strip()]
    if i.capacity is RecipientCapacity.COURT:
        wrong.append(InputProblem(("capacity",), "NOT_ALLOWED"))
    for path, value in zip(("authorityScanId", "authorityUntil"), shown, strict=True):
        if attorney is (value is None):
            wrong.append(InputProblem((path,), "REQUIRED" if attorney else "NOT_ALLOWED"))
    if wrong:
        raise InvalidInput(wrong)
    index = Personal(Keys.of(context.settings).index).index(Kind.IDENTITY, i.identity_number)
    detail = RecipientShown(
        i.capacity, i.name.strip(), index.hex(), mask_identity(i.identity_number), maybe_id(i.authority_scan_id, "scan"), shown[1]
    )
    return Ask(A.VERIFY_RECIPIENT, request=id_of(i.request_id, "request"), detail=detail)


async def _release(info: strawberry.Info, i: ReleaseOnSettlementInput) -> Ask:
    return await _leaving(info, i, A.RELEASE, ReceiptShown(id_of(i.receipt_scan_id, "scan")))


async def _substitute(info: strawberry.Info, i: SubstituteCollateralInput) -> Ask:
    return await _leaving(info, i, A.SUBSTITUTE, None)


async def _leaving(info: strawberry.Info, i: Any, action: A, detail: ReceiptShown | None) -> Ask:
    context: Any = info.context
    request = id_of(i.request_id, "request")
    await lookup.check_lines(context.database, context.principal, request, i.barcodes)
    version, emergency = version_of(i.expected_version), emergency_of(i)
    return Ask(action, request=request, seat=given(i.seat), expected_version=version, detail=detail, emergency=emergency)


async def _surrender(info: strawberry.Info, i: CloseAsSurrenderedInput) -> Ask:
    if not i.court.strip():
        raise InvalidInput([InputProblem(("court",), "EMPTY")])
    records = ids_of(i.record_ids, "record", "recordIds")
    detail = CourtReceiptShown(id_of(i.receipt_scan_id, "scan"), i.court.strip())
    return Ask(A.SURRENDER, records=records, request=id_of(i.request_id, "request"), detail=detail)


@strawberry.type
class ReleaseMutations:
    """Acts by which papers leave for good."""

    issue_settlement_notice = act(
        "issueSettlementNotice", IssueSettlementNoticeInput, NoticePayload, _notice, requires=WHO[A.ISSUE_NOTICE],
        description="Say in writing that a loan is paid off for good (结清通知书); its paper then goes into the vault.",
    )  # fmt: skip
    request_release = act(
        "requestRelease", RequestReleaseInput, RequestPayload, _request, requires=WHO[A.REQUEST_RELEASE],
        description="Ask that papers go back to their owner (权证退还申请).",
    )  # fmt: skip
    request_substitution = act(
        "requestSubstitution", RequestSubstitutionInput, RequestPayload, _substitution, requires=WHO[A.REQUEST_SUBSTITUTION],
        description="Ask that another paper takes the place of these (抵押物置换申请).",
    )  # fmt: skip
    verify_recipient = act(
        "verifyRecipient", VerifyRecipientInput, ReleasePayload, _recipient, requires=WHO[A.VERIFY_RECIPIENT],
        description="Verify who will receive the papers: the owner, or the holder of a power of attorney.",
    )  # fmt: skip
    release_on_settlement = act(
        "releaseOnSettlement", ReleaseOnSettlementInput, ReleasePayload, _release, requires=RELEASERS,
        description="Hand papers back to their owner for good (结清退还); an operation of four seats.",
    )  # fmt: skip
    substitute_collateral = act(
        "substituteCollateral", SubstituteCollateralInput, ReleasePayload, _substitute, requires=AT_THE_VAULT,
        description="Let the old papers leave for good (置换出库); an operation of three seats.",
    )  # fmt: skip
    close_as_surrendered = act(
        "closeAsSurrendered", CloseAsSurrenderedInput, ReleasePayload, _surrender, requires=frozenset({Role.LEGAL, Role.OPS_HEAD}),
        description="Close what the court keeps (移送司法); LEGAL proposes, OPS_HEAD confirms.",
    )  # fmt: skip
