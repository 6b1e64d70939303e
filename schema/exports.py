"""What is made of the history for somebody to take away: evidence of a contract, events of a period."""

from typing import Any

import strawberry
from sqlalchemy import func, literal

from schema.compliance import HistoryPurpose
from schema.lending import Contract
from schema.notices import own
from schema.paging import DateTimeFilter, IDFilter, Node, Versioned, col, enum_filter, sort_keys, sort_of, where_of
from schema.reading.declare import One, Sql, reads
from schema.scalars import ByteCount, DateTime
from storage import tables
from storage.terms import ExportFailure, ExportKind, ExportState

FIELDS = ("asked_at", "updated_at")
ExportWhere = where_of(
    __name__, "ExportWhere", id=IDFilter, kind=enum_filter(ExportKind), state=enum_filter(ExportState), contract_id=IDFilter,
    asked_at=DateTimeFilter,
)  # fmt: skip
ExportSort = sort_of(__name__, "ExportSort", *FIELDS)
EXPORT_KEYS = sort_keys(*FIELDS)


def _hex(row: Any, me: Any) -> Any:
    return func.encode(row.sha256, literal("hex"))


@reads(tables.exports, "export", blind=own)
@strawberry.type(
    description="An evidence pack, or the events of a period (证据包): one zip file, made in the background for whoever asked."
)
class Export(Node, Versioned):
    """An export."""

    kind: ExportKind = col("What it holds.")
    purpose: HistoryPurpose = col("Why it was asked for.")
    contract: Contract | None = One("contract_id", description="The contract, of EVIDENCE.")
    period_from: DateTime | None = col("First instant of the period, of EVENTS.")
    period_to: DateTime | None = col("End of the period; not part of it.")
    state: ExportState = col("Only READY ones can be fetched; EXPIRED ones were thrown away.")
    asked_at: DateTime = col("When it was asked for; a history is told up to here.")
    done: int = col("How much is made.")
    total: int | None = col("Of how much, once it is known: steps of EVIDENCE, events of EVENTS.")
    sha256: str | None = Sql(_hex, description="SHA-256 of the file, hex.")
    size_bytes: ByteCount | None = col("Its size.")
    made_at: DateTime | None = col("When it was made.")
    expires_at: DateTime | None = col("Until when it is kept.")
    failure: ExportFailure | None = col("Why it was not made, when FAILED.")
    updated_at: DateTime = col("Last change.")
