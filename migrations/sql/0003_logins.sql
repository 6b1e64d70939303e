-- The login of compiled reads may look, and leave a line in the access log, and nothing else.
do $$ begin
  if (select count(*) from pg_roles where rolname in ('loanfile_reader', 'loanfile_ledger')) < 2 then
    raise exception 'loanfile_reader or loanfile_ledger is missing: make them and run storage/embedded/roles.sql as an administrator first';
  end if;
end $$;
grant usage on schema public to loanfile_reader;
grant select on all tables in schema public to loanfile_reader;
revoke all on row_versions, pending_events, data_keys, idempotency_keys, customers from loanfile_reader;
grant select (id, org_id, party_id, name, district, identity_number_masked, phone_masked, address_masked, key_epoch, version, created_at,
  updated_at) on customers to loanfile_reader;
grant insert on access_log to loanfile_reader;

-- The sealer's login: it sees what waits for a seal and the chains that it stands in, and no row of a branch.
grant usage on schema public to loanfile_ledger;
grant select on pending_events to loanfile_ledger;
