drop trigger tg_off_balance_entries_vault on off_balance_entries;
drop function tg_off_balance_entries_vault();
alter table off_balance_entries drop column vault_id;
