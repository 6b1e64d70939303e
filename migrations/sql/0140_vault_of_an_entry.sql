-- May be run again after a break: what it does beside the writers comes after its commit.
alter table off_balance_entries add column if not exists vault_id uuid;
grant update (vault_id) on off_balance_entries to loanfile_registrar;
comment on column off_balance_entries.vault_id is 'The vault that it entered or left; kept by a trigger.';
alter table off_balance_entries drop constraint if exists fk_off_balance_entries_vault_id;
alter table off_balance_entries add constraint fk_off_balance_entries_vault_id foreign key (vault_id) references storage_locations (id) not valid;

-- C11: nobody says it, so nobody can say another: the vault of the operation, or the one in which what is missing stood.
create or replace function tg_off_balance_entries_vault() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.vault_id := coalesce((select o.vault_id from operations o where o.id = new.operation_id),
                           (select r.vault_id from archive_records r where r.id = new.record_id));
  return new;
end $$;
alter function tg_off_balance_entries_vault() owner to loanfile_judge;
create or replace trigger tg_off_balance_entries_vault before insert on off_balance_entries
  for each row execute function tg_off_balance_entries_vault();
