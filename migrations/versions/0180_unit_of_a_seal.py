"""A seal says which unit put it on: who keeps the envelope later is another question.

Revision ID: 0180
Revises: 0172
Create Date: 2026-11-26
"""

from alembic import op
from sqlalchemy import text

from storage.migration import run_script

revision = "0180"
down_revision: str | None = "0172"
branch_labels: str | None = None
depends_on: str | None = None
INDEX = "ix_seals_org_id"
ROWS = 5000
# The unit that kept the envelope then; the first seal is older than its envelope's first version by what the act took.
FILL = text("""
with these as (select x.seal_no, x.envelope_id, x.applied_at from seals x where x.seal_no > :after order by x.seal_no limit :rows),
  told as (update seals x set org_id = coalesce(
      (select (v.content->>'org_id')::uuid from row_versions v where v.table_name = 'sealed_envelopes' and v.row_id = s.envelope_id
       and v.recorded_at <= s.applied_at order by v.id desc limit 1),
      (select (v.content->>'org_id')::uuid from row_versions v where v.table_name = 'sealed_envelopes' and v.row_id = s.envelope_id
       order by v.id limit 1),
      (select e.org_id from sealed_envelopes e where e.id = s.envelope_id))
    from these s where s.seal_no = x.seal_no and x.org_id is null)
select seal_no from these order by seal_no desc limit 1""")


def upgrade() -> None:
    """The trigger first: what a server of before writes meanwhile has its unit too. Then those of before, some thousand at a time."""
    run_script("0180_unit_of_a_seal")
    with op.get_context().autocommit_block():
        op.execute("set role loanfile_registrar")  # sees every unit's
        last: object = ""
        while last is not None:
            last = op.get_bind().execute(FILL, {"after": last, "rows": ROWS}).scalar()
        op.execute("set role loanfile_owner")
        op.execute("revoke update (org_id) on seals from loanfile_registrar")
        op.execute("alter table seals validate constraint seals_org_id_not_null")
        op.execute("alter table seals validate constraint fk_seals_org_id")
        op.execute(f"drop index concurrently if exists {INDEX}")
        op.execute(f"create index concurrently {INDEX} on seals (org_id, applied_at, seal_no)")


def downgrade() -> None:
    """Takes the column away."""
    run_script("0180_unit_of_a_seal_down")
