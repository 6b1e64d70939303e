"""Scans and inspection reports: parse, call the use case, read the payload."""

from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import ARRAY, Boolean, Text
from strawberry.file_uploads import Upload

from schema.custody import CustodyEvent
from schema.custody_mutations.acting import UNSET, field
from schema.paging import col
from schema.papers import InspectionReport, Scan
from schema.reading.answers import payload
from schema.reading.declare import Given, Many, One
from schema.results import KeyedInput, id_of, maybe_id, mutation, version_of
from schema.scalars import URL, ByteCount, Date, DateTime
from server.errors import BadRequest, InputProblem, InvalidInput
from server.inspections import DRAFTERS, SIGNERS, Inspections, NewReport
from server.scans.uploads import READERS, UPLOADERS, NewScan, Uploads
from storage.terms import MediaType, ReportKind, ReportSubject, ScanSubject

SHA256_DIGITS = 64
SUBJECT_PREFIXES = {
    ScanSubject.FILE_ITEM: "item",
    ScanSubject.RECORD: "record",
    ScanSubject.REQUEST: "request",
    ScanSubject.OPERATION: "operation",
    ScanSubject.CASE: "case",
    ScanSubject.HANDOVER: "handover",
    ScanSubject.RELEASE: "release",
}


async def read(info: strawberry.Info, type_: type, outcome: dict[str, Any], **more: Any) -> Any:
    """The payload, read after the use case has committed."""
    context: Any = info.context
    made = {n: [UUID(i) for i in v] if isinstance(v, list) else UUID(v) for n, v in outcome.items() if n != "replayed"}
    async with context.database.transaction(context.principal) as conn:
        return await payload(info, type_, conn, **made, **more)


# Scans -------------------------------------------------------------------------------------------------------------------
@strawberry.type(description="What registerScan did.")
class RegisterScanPayload:
    """The row is there; the bytes are not."""

    scan: Scan | None = One(given="scan", description="The scan, not yet visible to readers.")
    events: list[CustodyEvent] = Many(given="events", description="What was recorded.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")
    upload_url: URL = Given("upload_url", Text, description="Where to PUT the bytes, once, within 15 minutes.")
    upload_headers: list[str] = Given(
        "upload_headers", ARRAY(Text), as_json=True, description="Headers that the signature covers, as `Name: value`."
    )


@strawberry.type(description="What confirmScan did.")
class ConfirmScanPayload:
    """The bytes are verified and locked."""

    scan: Scan | None = One(given="scan", description="The scan.")
    events: list[CustodyEvent] = Many(given="events", description="What was recorded.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


@strawberry.type(description="What uploadScan did.")
class UploadScanPayload:
    """The bytes are verified and locked."""

    scan: Scan | None = One(given="scan", description="The scan.")
    events: list[CustodyEvent] = Many(given="events", description="What was recorded.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


@strawberry.type(description="A link to a scan; its grant is in the access log.")
class IssueScanLinkPayload:
    """For a minute."""

    scan_id: strawberry.ID = col("The scan.")
    url: URL = col("Address of the bytes, as an attachment.")
    expires_at: DateTime = col("Until when; at most 60 seconds.")


@strawberry.input(description="What a scan shows and is.")
class ScanInput(KeyedInput):
    """Common to both ways."""

    subject_kind: ScanSubject = field("What it shows.")
    subject_id: strawberry.ID = field("Id of what it shows.")
    title: str = field("Title.")
    media_type: str = field("application/pdf, image/tiff, image/jpeg or image/png.")
    sha256: str = field("SHA-256 of the bytes, 64 hex digits.")
    pages: int = field("Pages, at least 1.")


@strawberry.input(description="Input of registerScan.")
class RegisterScanInput(ScanInput):
    """The bytes follow by a presigned PUT."""

    size_bytes: ByteCount = field("Size; at most 64 MiB.")


@strawberry.input(description="Input of uploadScan.")
class UploadScanInput(ScanInput):
    """The bytes come with the request."""

    file: Upload = field("The bytes, at most 16 MiB, as a part of a GraphQL multipart request.")


@strawberry.input(description="Input of confirmScan.")
class ConfirmScanInput(KeyedInput):
    """The PUT was made."""

    scan_id: strawberry.ID = field("The scan.")


@strawberry.input(description="Input of issueScanLink.")
class IssueScanLinkInput(KeyedInput):
    """Who reads what, why."""

    scan_id: strawberry.ID = field("The scan.")
    version: int = field("Version of the scan.")
    purpose: str = field("Why; stands in the access log.")


def _new_scan(i: ScanInput, size_bytes: int) -> NewScan:
    wrong = []
    if i.media_type not in {m.value for m in MediaType}:
        wrong.append(InputProblem(("mediaType",), "MEDIA_TYPE_NOT_ALLOWED"))
    digits = i.sha256.lower()
    if len(digits) != SHA256_DIGITS or set(digits) - set("0123456789abcdef"):
        wrong.append(InputProblem(("sha256",), "NOT_A_SHA256"))
    if i.pages < 1:
        wrong.append(InputProblem(("pages",), "REQUIRED"))
    if not i.title.strip():
        wrong.append(InputProblem(("title",), "EMPTY"))
    if wrong:
        raise InvalidInput(wrong)
    subject = id_of(i.subject_id, SUBJECT_PREFIXES[i.subject_kind])
    return NewScan(i.subject_kind, subject, i.title, MediaType(i.media_type), bytes.fromhex(digits), size_bytes, i.pages)


def _uploads(info: strawberry.Info) -> Uploads:
    context: Any = info.context
    return Uploads(context.database, context.objects)


async def _register(info: strawberry.Info, i: RegisterScanInput) -> Any:
    context: Any = info.context
    outcome, replayed, address = await _uploads(info).register(context.principal, _new_scan(i, i.size_bytes), key=str(i.idempotency_key))
    headers = [f"{name}: {value}" for name, value in address.headers.items()]
    return await read(info, RegisterScanPayload, outcome, replayed=replayed, upload_url=address.url, upload_headers=headers)


async def _confirm(info: strawberry.Info, i: ConfirmScanInput) -> Any:
    context: Any = info.context
    outcome, replayed = await _uploads(info).confirm(context.principal, id_of(i.scan_id, "scan"), key=str(i.idempotency_key))
    return await read(info, ConfirmScanPayload, outcome, replayed=replayed)


async def _upload(info: strawberry.Info, i: UploadScanInput) -> Any:
    context: Any = info.context
    file: Any = i.file
    if not hasattr(file, "read"):
        raise BadRequest("`file` is a part of a multipart request.")
    await file.seek(0)  # a request may be run twice
    body = await file.read()
    outcome, replayed = await _uploads(info).upload(context.principal, _new_scan(i, len(body)), body, key=str(i.idempotency_key))
    return await read(info, UploadScanPayload, outcome, replayed=replayed)


async def _link(info: strawberry.Info, i: IssueScanLinkInput) -> Any:
    context: Any = info.context
    if not i.purpose.strip():
        raise InvalidInput([InputProblem(("purpose",), "EMPTY")])
    link = await _uploads(info).link(context.principal, id_of(i.scan_id, "scan"), i.version, i.purpose, context.request_id)
    expires: Any = link.expires_at
    return IssueScanLinkPayload(scan_id=strawberry.ID(f"scan_{link.scan}"), url=URL(link.url), expires_at=expires)


# Inspection reports ------------------------------------------------------------------------------------------------------
class ReportPayload:
    """What every act on a report answers with."""

    report: InspectionReport | None = One(given="report", description="The report, as it stands now.")
    events: list[CustodyEvent] = Many(given="events", description="What was recorded.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


def _report_payload(name: str) -> Any:
    from schema.custody_mutations.acting import payload_of

    return payload_of(ReportPayload, name)


DraftPayload = _report_payload("DraftInspectionReportPayload")
SubmitPayload = _report_payload("SubmitInspectionReportPayload")
SignPayload = _report_payload("SignInspectionReportPayload")
ReturnPayload = _report_payload("ReturnInspectionReportPayload")


@strawberry.input(description="Input of draftInspectionReport.")
class DraftInspectionReportInput(KeyedInput):
    """What the inspector writes."""

    kind: ReportKind = field("Kind.")
    subject: ReportSubject = field("What was inspected.")
    loan_id: strawberry.ID | None = field("The loan, when it is about one.", UNSET)
    title: str = field("Title.")
    period_from: Date = field("First day of the period.")
    period_to: Date = field("Last day of the period.")
    analysis: str = field("What was found.")
    proposal: str = field("What should be done.")


@strawberry.input(description="Input of submitInspectionReport.")
class SubmitInspectionReportInput(KeyedInput):
    """By its author."""

    report_id: strawberry.ID = field("The report.")
    expected_version: str = field("Version of the report last seen.")


@strawberry.input(description="Input of signInspectionReport.")
class SignInspectionReportInput(KeyedInput):
    """A decision made on a screen."""

    report_id: strawberry.ID = field("The report.")
    expected_version: str = field("Version of the report last seen.")


@strawberry.input(description="Input of returnInspectionReport.")
class ReturnInspectionReportInput(KeyedInput):
    """A decision made on a screen."""

    report_id: strawberry.ID = field("The report.")
    expected_version: str = field("Version of the report last seen.")
    reasons: str = field("Why.")


async def _draft(info: strawberry.Info, i: DraftInspectionReportInput) -> Any:
    context: Any = info.context
    new = NewReport(
        i.kind, i.subject, context.principal.org_id, i.title, (i.period_from, i.period_to), i.analysis, i.proposal,
        maybe_id(i.loan_id, "loan"),
    )  # fmt: skip
    outcome = await Inspections(context.database).draft(context.principal, new, key=str(i.idempotency_key))
    return await read(info, DraftPayload, outcome, replayed=outcome["replayed"])


async def _submit(info: strawberry.Info, i: SubmitInspectionReportInput) -> Any:
    context: Any = info.context
    outcome = await Inspections(context.database).submit(
        context.principal, id_of(i.report_id, "report"), version=version_of(i.expected_version), key=str(i.idempotency_key)
    )
    return await read(info, SubmitPayload, outcome, replayed=outcome["replayed"])


async def _sign(info: strawberry.Info, i: SignInspectionReportInput) -> Any:
    context: Any = info.context
    outcome = await Inspections(context.database).sign(
        context.principal, id_of(i.report_id, "report"), version=version_of(i.expected_version), key=str(i.idempotency_key)
    )
    return await read(info, SignPayload, outcome, replayed=outcome["replayed"])


async def _send_back(info: strawberry.Info, i: ReturnInspectionReportInput) -> Any:
    context: Any = info.context
    outcome = await Inspections(context.database).send_back(
        context.principal, id_of(i.report_id, "report"), version=version_of(i.expected_version), reasons=i.reasons,
        key=str(i.idempotency_key),
    )  # fmt: skip
    return await read(info, ReturnPayload, outcome, replayed=outcome["replayed"])


@strawberry.type
class PaperMutations:
    """Acts on scans and reports."""

    register_scan = mutation(
        "registerScan", RegisterScanInput, RegisterScanPayload, _register, requires=UPLOADERS,
        description="Announce a scan; the bytes follow by a presigned PUT, then confirmScan.",
    )  # fmt: skip
    confirm_scan = mutation(
        "confirmScan", ConfirmScanInput, ConfirmScanPayload, _confirm, requires=UPLOADERS,
        description="Verify the stored bytes and lock them; the scan is visible from then on.",
    )  # fmt: skip
    upload_scan = mutation(
        "uploadScan", UploadScanInput, UploadScanPayload, _upload, requires=UPLOADERS,
        description="A small scan in one multipart request; the same way as registerScan.",
    )  # fmt: skip
    issue_scan_link = mutation(
        "issueScanLink", IssueScanLinkInput, IssueScanLinkPayload, _link, requires=READERS,
        description="A link to one version of a scan for at most a minute; each grant is logged.",
    )  # fmt: skip
    draft_inspection_report = mutation(
        "draftInspectionReport",
        DraftInspectionReportInput,
        DraftPayload,
        _draft,
        requires=DRAFTERS,
        description="Write a report (检查报告).",
    )
    submit_inspection_report = mutation(
        "submitInspectionReport", SubmitInspectionReportInput, SubmitPayload, _submit, requires=DRAFTERS,
        description="Submit one's report for signature.",
    )  # fmt: skip
    sign_inspection_report = mutation(
        "signInspectionReport", SignInspectionReportInput, SignPayload, _sign, requires=SIGNERS,
        description="The head of the credit department signs first, then the president in charge.",
    )  # fmt: skip
    return_inspection_report = mutation(
        "returnInspectionReport", ReturnInspectionReportInput, ReturnPayload, _send_back, requires=SIGNERS,
        description="Return a report to its author, with reasons.",
    )  # fmt: skip
