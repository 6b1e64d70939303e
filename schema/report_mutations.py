"""Inspection reports: parse, call the use case, read the payload."""

from typing import Any

import strawberry
from sqlalchemy import Boolean

from schema.custody import CustodyEvent
from schema.custody_mutations.acting import UNSET, field
from schema.papers import InspectionReport
from schema.payloads import read
from schema.reading.declare import Given, Many, One
from schema.results import KeyedInput, id_of, maybe_id, mutation, version_of
from schema.scalars import Date
from server.inspections import DRAFTERS, SIGNERS, Inspections, NewReport
from storage.terms import ReportKind, ReportSubject


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
class ReportMutations:
    """Acts on reports."""

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
