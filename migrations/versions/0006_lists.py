"""Indexes for lists of whole tables: by what they are sorted, and by each unit that sees a row in place of all of them at once.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-24
"""

from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

ORDERS = {
    "loans": ("starts_on", "matures_on", "principal_amount"),
    "contracts": ("signed_on",),
    "customers": ("name",),
    "collateral_certificates": ("number", "issued_on"),
    "sealed_envelopes": ("sealed_at",),
    "scans": ("registered_at",),
    "inspection_reports": ("period_to",),
    "holds": ("placed_at",),
    "operations": ("opened_at", "expires_at"),
    "movements": ("reserved_at",),
    "access_requests": ("submitted_at",),
}
SHARED = ("archive_records", "collateral_certificates", "sealed_envelopes", "scans", "movements", "operations", "access_requests")
MADE = {
    **{f"ix_{table}_{column}": f"{table} ({column}, id)" for table, columns in ORDERS.items() for column in columns},
    **{f"ix_{table}_seen_{at}": f"{table} ((visible_to[{at}]))" for table in SHARED for at in (1, 2, 3, 4)},
}
UNUSED = (  # row-level security comes first, and no array operator before it
    "access_requests", "archive_records", "collateral", "collateral_certificates", "discrepancies", "movements", "operations", "scans",
)  # fmt: skip
# A scalar subquery is asked for each row that needs it; of `exists` the planner makes a table of every record that is visible.
EVENTS = """alter policy branch_reads on events using (case when (select app_everywhere()) then true
  when org_id = any ((select app_branches())::uuid[]) then true when record_id is not null then {} else false end)"""


def upgrade() -> None:
    """Each is built beside the writers; one that a break left half built is built anew. Then the planner learns of them."""
    with op.get_context().autocommit_block():
        for name, what in MADE.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on {what}")
        for table in SHARED:
            op.execute(f"analyze {table}")
        for table in UNUSED:
            op.execute(f"drop index concurrently if exists ix_{table}_visible_to")
    op.execute(EVENTS.format("coalesce((select true from archive_records r where r.id = record_id), false)"))
    # Lists are planned each time; a function that they call for each row need not be.
    op.execute("alter function is_on_hold(uuid) set plan_cache_mode = 'force_generic_plan'")


def downgrade() -> None:
    """Takes them away and brings back those of before."""
    op.execute(EVENTS.format("exists (select from archive_records r where r.id = record_id)"))
    op.execute("alter function is_on_hold(uuid) reset plan_cache_mode")
    for name, what in MADE.items():
        op.drop_index(name, what.split()[0])
    for table in UNUSED:
        op.create_index(f"ix_{table}_visible_to", table, ["visible_to"], postgresql_using="gin")
