"""An entry of the off-balance register says of which vault it is: where its record lies later is another question.

Revision ID: 0140
Revises: 0131
Create Date: 2026-11-26
"""

from uuid import UUID

from alembic import op
from sqlalchemy import text

from storage.migration import run_script

revision = "0140"
down_revision: str | None = "0131"
branch_labels: str | None = None
depends_on: str | None = None
INDEX = "ix_off_balance_entries_vault_id"
ROWS = 5000
# What was missing left the vault that it had entered last.
FILL = text("""
with these as (select x.id, x.record_id, x.operation_id, x.queued_at from off_balance_entries x where x.id > :after order by x.id limit :rows),
  told as (update off_balance_entries x set vault_id = coalesce(
      (select o.vault_id from operations o where o.id = s.operation_id),
      (select o.vault_id from off_balance_entries e join operations o on o.id = e.operation_id
       where e.record_id = s.record_id and e.direction = 'IN' and e.queued_at < s.queued_at order by e.queued_at desc, e.id desc limit 1),
      (select r.vault_id from archive_records r where r.id = s.record_id))
    from these s where s.id = x.id and x.vault_id is null)
select id from these order by id desc limit 1""")


def upgrade() -> None:
    """The trigger first: what a server of before writes meanwhile has its vault too. Then those of before, some thousand at a time."""
    run_script("0140_vault_of_an_entry")
    with op.get_context().autocommit_block():
        op.execute("set role loanfile_registrar")  # sees every unit's
        last: object = UUID(int=0)
        while last is not None:
            last = op.get_bind().execute(FILL, {"after": last, "rows": ROWS}).scalar()
        op.execute("set role loanfile_owner")
        op.execute("revoke update (vault_id) on off_balance_entries from loanfile_registrar")
        op.execute(f"drop index concurrently if exists {INDEX}")
        op.execute(f"create index concurrently {INDEX} on off_balance_entries (vault_id, queued_at, id)")
        op.execute("alter table off_balance_entries validate constraint fk_off_balance_entries_vault_id")


def downgrade() -> None:
    """Takes the column away."""
    run_script("0140_vault_of_an_entry_down")
