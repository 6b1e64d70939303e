-- Who may see and touch what. A unit sees its own rows and those below it; the principal stands in three settings of
-- the transaction: app.staff, app.branches ('*' for head office, compliance and audit) and app.roles.

create function app_staff() returns uuid language sql stable parallel restricted as
  $$ select nullif(current_setting('app.staff', true), '')::uuid $$;
create function app_everywhere() returns boolean language sql stable parallel restricted as
  $$ select coalesce(current_setting('app.branches', true) = '*', false) $$;
create function app_branches() returns uuid[] language sql stable parallel restricted as
  $$ select string_to_array(nullif(nullif(current_setting('app.branches', true), ''), '*'), ',')::uuid[] $$;
create function app_has_role(variadic wanted text[]) returns boolean language sql stable parallel restricted as
  $$ select coalesce(string_to_array(current_setting('app.roles', true), ',') && wanted, false) $$;

-- Copies of "who may see it", so that a policy and an index need no join. -------------------------------------------
create function distinct_ids(ids uuid[]) returns uuid[] language sql immutable as
  $$ select coalesce(array_agg(distinct id order by id), '{}') from unnest(ids) id where id is not null $$;

create function tg_records_visible_to() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.visible_to := distinct_ids(array[new.org_id, new.custody_org_id, (select org_id from collateral where id = new.collateral_id)]);
  return new;
end $$;
create trigger tg_records_visible_to before insert or update of org_id, custody_org_id, collateral_id on archive_records
  for each row execute function tg_records_visible_to();

create function refresh_collateral(which uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare seen uuid[]; begin
  select distinct_ids(array_agg(v)) into seen from (
    select org_id from collateral where id = which
    union select unnest(visible_to) from archive_records where collateral_id = which) x (v);
  update collateral set visible_to = seen where id = which and visible_to is distinct from seen;
  update collateral_certificates set visible_to = seen where collateral_id = which and visible_to is distinct from seen;
  update sealed_envelopes e set visible_to = distinct_ids(seen || e.org_id)
    where e.collateral_id = which and e.visible_to is distinct from distinct_ids(seen || e.org_id);
end $$;

create function tg_records_spread() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if tg_op = 'UPDATE' and new.visible_to is distinct from old.visible_to then
    update movements set visible_to = new.visible_to where record_id = new.id;
    update file_items set visible_to = new.visible_to where record_id = new.id;
    update discrepancies set visible_to = new.visible_to where record_id = new.id;
    update scans set visible_to = new.visible_to where record_id = new.id;
  end if;
  if new.collateral_id is not null then perform refresh_collateral(new.collateral_id); end if;
  return null;
end $$;
create trigger tg_records_spread after insert or update of visible_to, collateral_id, org_id, custody_org_id on archive_records
  for each row execute function tg_records_spread();

create function tg_follow_record() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.visible_to := coalesce((select visible_to from archive_records where id = new.record_id), array[new.org_id]);
  return new;
end $$;
do $$ declare name text; begin
  foreach name in array array['movements', 'file_items', 'discrepancies', 'scans'] loop
    execute format('create trigger tg_follow_record before insert on %I for each row execute function tg_follow_record()', name);
  end loop;
end $$;

create function tg_follow_collateral() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.visible_to := distinct_ids(array[new.org_id] || (select visible_to from collateral where id = new.collateral_id));
  return new;
end $$;
create trigger tg_follow_collateral before insert on collateral_certificates for each row execute function tg_follow_collateral();
create trigger tg_follow_collateral before insert on sealed_envelopes for each row execute function tg_follow_collateral();

create function tg_own_unit() returns trigger language plpgsql as $$ begin
  new.visible_to := array[new.org_id];
  return new;
end $$;
create trigger tg_own_unit before insert on collateral for each row execute function tg_own_unit();
create trigger tg_own_unit before insert on access_requests for each row execute function tg_own_unit();

create function tg_request_lines_spread() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  update access_requests q set visible_to = distinct_ids(q.visible_to || r.visible_to)
    from archive_records r where q.id = new.request_id and r.id = new.record_id and not q.visible_to @> r.visible_to;
  return null;
end $$;
create trigger tg_request_lines_spread after insert on request_lines for each row execute function tg_request_lines_spread();

create function tg_operations_visible_to() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.visible_to := distinct_ids(array[new.org_id] || (
    select array_agg(v) from archive_records r, unnest(r.visible_to) v where r.id = any (new.record_ids)));
  return new;
end $$;
create trigger tg_operations_visible_to before insert on operations for each row execute function tg_operations_visible_to();

-- Row-level security: the backstop of the compiler's own predicate. --------------------------------------------------
-- Written as CASE: as a bare comparison it would lead the planner to the wrong index.
do $$ declare name text; begin
  foreach name in array array['customers', 'loans', 'loan_positions', 'contracts', 'loan_contracts', 'loan_collateral',
                              'inspection_reports', 'tickets', 'off_balance_entries', 'holds'] loop
    execute format('create policy branch on %I using (case when (select app_everywhere()) then true
      when org_id = any ((select app_branches())::uuid[]) then true else false end)', name);
  end loop;
  foreach name in array array['collateral', 'collateral_certificates', 'sealed_envelopes', 'archive_records', 'file_items',
                              'access_requests', 'operations', 'movements', 'discrepancies', 'scans'] loop
    execute format('create policy branch on %I using (case when (select app_everywhere()) then true
      when visible_to && (select app_branches()) then true else false end)', name);
  end loop;
end $$;
create policy branch on request_lines using (exists (select from access_requests p where p.id = request_id));
create policy branch on approvals using (exists (select from access_requests p where p.id = request_id));
create policy branch on operation_seats using (exists (select from operations p where p.id = operation_id));
create policy branch on return_inspections using (exists (select from movements p where p.id = movement_id));
create policy branch on report_sign_offs using (exists (select from inspection_reports p where p.id = report_id));
create policy branch on seals using (exists (select from sealed_envelopes p where p.id = envelope_id));
create policy bank_wide on parties using ((select app_everywhere())) with check (true);
create policy own_or_compliance on staff_relations
  using (staff_id = (select app_staff()) or (select app_has_role('COMPLIANCE', 'AUDITOR', 'ADMIN')));
create policy own on idempotency_keys using (caller_id = (select app_staff()));
create policy branch on chains using (case when (select app_everywhere()) then true when org_id = any ((select app_branches())::uuid[]) then true else false end);
-- An act on a record of another branch's loan writes into that loan's chain; the link trigger guards what is written.
create policy branch_reads on events for select using (case when (select app_everywhere()) then true
  when org_id = any ((select app_branches())::uuid[]) then true
  when record_id is not null and exists (select from archive_records r where r.id = record_id) then true else false end);
create policy anyone_appends on events for insert with check (actor_id = (select app_staff()));
create policy compliance_reads on access_log for select using ((select app_has_role('COMPLIANCE', 'AUDITOR')));
create policy anyone_appends on access_log for insert with check (staff_id = (select app_staff()));

do $$ declare name text; begin
  for name in select distinct tablename from pg_policies where schemaname = 'public' loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy judge_sees_all on %I for select to loanfile_judge using (true)', name);
    execute format('create policy registrar_keeps_all on %I to loanfile_registrar using (true) with check (true)', name);
  end loop;
end $$;

-- Privileges: what is not granted cannot be done. ---------------------------------------------------------------------
grant usage on schema public to loanfile_app, loanfile_judge, loanfile_registrar;
grant select on all tables in schema public to loanfile_judge, loanfile_registrar, loanfile_app;
revoke all on row_versions, pending_events from loanfile_app;

grant insert on org_units, dealers, loan_products, customers, loans, loan_positions, contracts, loan_contracts,
  collateral, loan_collateral, collateral_certificates, sealed_envelopes, seals, archive_records, file_items,
  access_requests, request_lines, approvals, operations, operation_seats, movements, return_inspections, tickets, holds,
  discrepancies, off_balance_entries, idempotency_keys, events, access_log, scans, inspection_reports, report_sign_offs,
  holidays, data_keys to loanfile_app;
grant update (principal_amount, currency, term_months, annual_rate, instalment_amount, starts_on, matures_on, status,
  classification, manager_id, dealer_id, source_hash) on loans to loanfile_app;
grant update (state, envelope_id, location_id, vault_id, custody_org_id, custodian_id, submitted_by, pages, certificate_id)
  on archive_records to loanfile_app;
grant update (seal_no, sealed_at, location_id) on sealed_envelopes to loanfile_app;
grant update (broken_at) on seals to loanfile_app;
grant update (state, decided_at, lapses_at, decision_reason) on access_requests to loanfile_app;
grant update (state, done_at) on operations to loanfile_app;
grant update (operation_id, exit_operation_id, out_at, due_at, extensions, returned_at, returned_by, presented_to, claimed_at,
  inspection_id, entry_operation_id, closed_at, lapses_at) on movements to loanfile_app;
grant update (lifted_at, lifted_by, lift_reason) on holds to loanfile_app;
grant update (state, resolved_at, resolution, owner_id, deadline_at) on discrepancies to loanfile_app;
grant update (state, serial_no, booked_at) on off_balance_entries to loanfile_app;
grant update (is_void, void_reason) on tickets to loanfile_app;
grant update (outcome) on idempotency_keys to loanfile_app;
grant update (status, stored_at, object_key, object_version_id, lock_until, legal_hold, reject_code) on scans to loanfile_app;
grant update (title, period_from, period_to, analysis, proposal, state, round, submitted_at) on inspection_reports to loanfile_app;

grant insert, update on chains to loanfile_registrar;
grant insert on row_versions, pending_events to loanfile_registrar;
grant usage on sequence row_versions_id_seq to loanfile_registrar;
grant update (principal_version) on staff to loanfile_registrar;
grant update (visible_to) on archive_records, movements, file_items, discrepancies, scans, collateral, collateral_certificates,
  sealed_envelopes, access_requests to loanfile_registrar;

-- A person known to any branch, found without seeing the branches; made when unknown.
create function party_for(wanted bytea) returns uuid
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare found_id uuid; begin
  insert into parties (identity_index) values (wanted) on conflict (identity_index) do nothing;
  select id into found_id from parties where identity_index = wanted;
  return found_id;
end $$;
grant insert on parties to loanfile_registrar;

-- Whether an active hold of any branch covers the record: everyone may know that there is one (C16).
create function is_on_hold(record uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (
    select from archive_records r left join loans l on l.id = r.primary_loan_id left join customers c on c.id = l.customer_id
    join holds h on h.lifted_at is null and (h.record_id = r.id or h.loan_id = r.primary_loan_id or h.collateral_id = r.collateral_id
                                             or h.party_id = c.party_id or h.dealer_id = l.dealer_id)
    where r.id = record) $$;
