"""A paper that comes back while somebody waits for it is in the vault and reserved at once.

Revision ID: 0035
Revises: 0041
Create Date: 2026-11-26
"""

from alembic import op

revision = "0035"
down_revision: str | None = "0041"
branch_labels: str | None = None
depends_on: str | None = None
DONE = """create or replace function ct_operations_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare act acts; begin
  select * into act from acts where action = new.action;
  if exists (select from unnest(new.required_seats) s where s not in (select seat from operation_seats where operation_id = new.id)) then
    perform broken('ct_operations_c1_all_seats'); end if;
  if act.is_exit and not exists (select from tickets t where t.operation_id = new.id) then
    perform broken('ct_operations_c10_exit_has_ticket'); end if;
  if new.tier = 'FIRST' and (act.is_exit or act.is_entry) and
      (select count(*) from archive_records r where r.id = any (new.record_ids) and (act.is_exit or r.state in (%s))) <>
      (select count(*) from off_balance_entries e where e.operation_id = new.id) then
    perform broken('ct_operations_c11_off_balance'); end if;
  return null;
end $$"""


def upgrade() -> None:
    """C11 counts what the entry put into the vault: also what the queue has taken in the same transaction (F8, F3)."""
    op.execute(DONE % "'IN_VAULT', 'RESERVED'")


def downgrade() -> None:
    """Counts only what nobody has reserved."""
    op.execute(DONE % "'IN_VAULT'")
