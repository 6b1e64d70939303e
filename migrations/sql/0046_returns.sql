-- C43: the registry denies the bank's right, or a certificate comes back without the mortgage entry.
alter table discrepancies drop constraint ck_discrepancies_kind;
alter table discrepancies add constraint ck_discrepancies_kind
  check (kind in ('MISSING', 'EXTRA', 'WRONG_SLOT', 'SEAL_BROKEN', 'DAMAGED', 'PAYOFF_REVERSED', 'RIGHT_NOT_SHOWN')) not valid;
alter table discrepancies validate constraint ck_discrepancies_kind;

create function right_is_a_case(record uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from discrepancies d where d.record_id = record and d.kind = 'RIGHT_NOT_SHOWN' and d.resolved_at is null) $$;
create function ct_registry_checks_c43_case() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not right_is_a_case(new.record_id) then perform broken('ct_registry_checks_c43_case'); end if;
  return null;
end $$;
create constraint trigger ct_registry_checks_c43_case after insert on registry_checks deferrable initially deferred
  for each row when (not new.is_valid) execute function ct_registry_checks_c43_case();
create function ct_return_inspections_c43_case() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from archive_records r where r.id = new.record_id and r.kind = 'CERTIFICATE' and r.state = 'CHECKED_OUT')
     and not right_is_a_case(new.record_id) then
    perform broken('ct_return_inspections_c43_case'); end if;
  return null;
end $$;
create constraint trigger ct_return_inspections_c43_case after insert on return_inspections deferrable initially deferred
  for each row when (new.shows_mortgage is false) execute function ct_return_inspections_c43_case();

do $$ declare f text; begin
  foreach f in array array['right_is_a_case(uuid)', 'ct_registry_checks_c43_case()', 'ct_return_inspections_c43_case()'] loop
    execute format('alter function %s owner to loanfile_judge', f);
  end loop;
end $$;
