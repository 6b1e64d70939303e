"""Exports of the history are asked for, and fetched by a link."""

from typing import Any

import strawberry
from sqlalchemy import Boolean

from schema.compliance import HistoryPurpose
from schema.exports import Export
from schema.paging import col
from schema.payloads import read
from schema.reading.declare import Given, One
from schema.reads import ContractBy
from schema.results import KeyedInput, given, id_of, known_or_nothing, mutation
from schema.scalars import URL, DateTime
from server.exports import ASKERS, EXAMINERS, Exports


@strawberry.input(description="Input of exportEvidence.")
class ExportEvidenceInput(KeyedInput):
    """Of which contract, why."""

    contract: ContractBy = strawberry.field(description="Exactly one way to name the contract.")
    purpose: HistoryPurpose = strawberry.field(description="Why; stands in the access log and in the pack.")


@strawberry.type(description="What exportEvidence did.")
class ExportEvidencePayload:
    """The pack is made in the background."""

    export: Export | None = One(given="export", description="The export, as it stands now.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


@strawberry.input(description="Input of exportEvents.")
class ExportEventsInput(KeyedInput):
    """Of which period, why."""

    from_: DateTime = strawberry.field(name="from", description="Events from this instant on.")
    to: DateTime = strawberry.field(description="Events before this instant, which lies in the past; ten years later at most.")
    purpose: HistoryPurpose = strawberry.field(description="Why; stands in the access log and in the file.")


@strawberry.type(description="What exportEvents did.")
class ExportEventsPayload:
    """The file is made in the background, part by part."""

    export: Export | None = One(given="export", description="The export, as it stands now.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


@strawberry.input(description="Input of issueExportLink.")
class IssueExportLinkInput(KeyedInput):
    """Who fetches what, why."""

    export_id: strawberry.ID = strawberry.field(description="An export of the caller's own.")
    purpose: HistoryPurpose = strawberry.field(description="Why; stands in the access log.")


@strawberry.type(description="A link to an export; its grant is in the access log.")
class IssueExportLinkPayload:
    """For a minute."""

    export_id: strawberry.ID = col("The export.")
    url: URL = col("Address of the file, as an attachment.")
    expires_at: DateTime = col("Until when; at most 60 seconds.")


def _exports(info: strawberry.Info) -> Exports:
    context: Any = info.context
    return Exports(context.database, context.objects)


async def _evidence(info: strawberry.Info, i: ExportEvidenceInput) -> Any:
    context: Any = info.context
    by: Any = i.contract
    number = given(by.number)
    contract = None if number is not None else known_or_nothing(by.id, "contract")
    outcome, replayed = await _exports(info).evidence(
        context.principal, contract=contract, number=number, purpose=str(i.purpose.value), key=str(i.idempotency_key),
        request_id=context.request_id,
    )  # fmt: skip
    return await read(info, ExportEvidencePayload, outcome, replayed=replayed)


async def _events(info: strawberry.Info, i: ExportEventsInput) -> Any:
    context: Any = info.context
    start, end = i.from_, i.to
    outcome, replayed = await _exports(info).events(
        context.principal, start, end, purpose=str(i.purpose.value), key=str(i.idempotency_key), request_id=context.request_id
    )
    return await read(info, ExportEventsPayload, outcome, replayed=replayed)


async def _link(info: strawberry.Info, i: IssueExportLinkInput) -> IssueExportLinkPayload:
    context: Any = info.context
    link = await _exports(info).link(
        context.principal, id_of(i.export_id, "export"), str(i.purpose.value), context.request_id, context.desk.shift
    )
    expires: Any = link.expires_at
    return IssueExportLinkPayload(export_id=i.export_id, url=URL(link.url), expires_at=expires)


@strawberry.type
class ExportMutations:
    """Acts by which the history leaves."""

    export_evidence = mutation(
        "exportEvidence", ExportEvidenceInput, ExportEvidencePayload, _evidence, requires=ASKERS, logs_denials=True,
        description="Have the evidence of a contract made: history, scans and proofs, to be verified without the bank (证据包).",
    )  # fmt: skip
    export_events = mutation(
        "exportEvents", ExportEventsInput, ExportEventsPayload, _events, requires=EXAMINERS, logs_denials=True,
        description="Have the events of a period made into a file, of the units that the caller sees (监管批量导出).",
    )  # fmt: skip
    issue_export_link = mutation(
        "issueExportLink", IssueExportLinkInput, IssueExportLinkPayload, _link, requires=ASKERS | EXAMINERS, logs_denials=True,
        description="A link to an export of the caller's own for at most a minute; each grant is logged.",
    )  # fmt: skip
