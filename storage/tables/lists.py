"""Indexes for lists of whole tables, each in its orders.

Who sees little has their rows found by unit and sorted; who sees much, or everything, has them read in order until a page is
full. The planner, which is shown the caller's units for each page, chooses.
"""

from sqlalchemy import Index, Table, literal_column

from storage.tables.collateral import collateral_certificates
from storage.tables.custody import access_requests, discrepancies, holds, movements, operations
from storage.tables.decisions import corrections
from storage.tables.handovers import handovers
from storage.tables.lending import contracts, customers, loans
from storage.tables.losses import loss_cases
from storage.tables.papers import inspection_reports, scans
from storage.tables.records import archive_records, sealed_envelopes
from storage.tables.volumes import disposal_batches

ORDERS: dict[Table, tuple[str, ...]] = {
    loans: ("starts_on", "matures_on", "principal_amount"),
    contracts: ("signed_on",),
    customers: ("name",),
    collateral_certificates: ("number", "issued_on"),
    sealed_envelopes: ("sealed_at",),
    scans: ("registered_at",),
    inspection_reports: ("period_to",),
    holds: ("placed_at",),
    operations: ("opened_at", "expires_at"),
    movements: ("reserved_at",),
    access_requests: ("submitted_at",),
    discrepancies: ("reported_at", "deadline_at"),
    loss_cases: ("opened_at",),
    handovers: ("created_at",),
}
SHARED = (
    archive_records, collateral_certificates, sealed_envelopes, scans, movements, operations, access_requests, discrepancies, loss_cases,
    handovers, corrections, disposal_batches,
)  # fmt: skip
# A row is seen by up to three units, one that names several records by more. An array operator cannot be asked before
# row-level security, a member's equality can.
SEEN = (1, 2, 3, 4)

for _table, _columns in ORDERS.items():
    for _column in _columns:
        Index(f"ix_{_table.name}_{_column}", _table.c[_column], _table.c.id)
for _table in SHARED:
    for _at in SEEN:
        Index(f"ix_{_table.name}_seen_{_at}", literal_column(f"(visible_to[{_at}])"), _table=_table)
