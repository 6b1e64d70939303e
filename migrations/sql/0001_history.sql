-- History from the first day: versions, row versions, hash chains, and what can never be changed.
-- loanfile_registrar owns every function that numbers, links or propagates; nobody logs in as it.

-- Raises as if a constraint of that name had failed: the desk turns the name back into its rule.
create function broken(twin text) returns void language plpgsql as $$ begin
  raise exception 'rule broken: %', twin using errcode = 'check_violation', constraint = twin;
end $$;

-- version and updated_at are nobody's to write.
create function tg_touch() returns trigger language plpgsql as $$ begin
  new.version := old.version + 1;
  new.updated_at := clock_timestamp();
  return new;
end $$;

create function tg_row_version() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare content jsonb := to_jsonb(coalesce(new, old)); begin
  insert into row_versions (table_name, row_id, operation, content)
  values (tg_table_name, (content->>'id')::uuid, left(tg_op, 1), content);
  return null;
end $$;

do $$ declare name text; begin
  for name in select table_name from information_schema.columns
              where table_schema = 'public' and column_name = 'version' loop
    execute format('create trigger tg_touch before update on %I for each row execute function tg_touch()', name);
  end loop;
  foreach name in array array[
      'org_units', 'staff', 'staff_roles', 'delegations', 'staff_relations', 'keeper_duties', 'policy_parameters',
      'customers', 'dealers', 'loan_products', 'loans', 'loan_positions', 'contracts', 'loan_contracts',
      'collateral', 'loan_collateral', 'collateral_certificates', 'storage_locations', 'sealed_envelopes',
      'archive_records', 'file_items', 'access_requests', 'request_lines', 'approvals', 'operations', 'operation_seats',
      'movements', 'return_inspections', 'tickets', 'holds', 'discrepancies', 'off_balance_entries',
      'scans', 'inspection_reports', 'report_sign_offs'] loop
    execute format('create trigger tg_row_version after insert or update or delete on %I
                    for each row execute function tg_row_version()', name);
  end loop;
end $$;

-- A principal kept by a process is compared by this number.
create function tg_staff_principal_version() returns trigger language plpgsql as $$ begin
  new.principal_version := old.principal_version + 1;
  return new;
end $$;
create trigger tg_staff_principal_version before update of org_id, active, kind on staff
  for each row execute function tg_staff_principal_version();
create function tg_roles_principal_version() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  update staff set principal_version = principal_version + 1
  where id in (coalesce(new.staff_id, old.staff_id), coalesce(old.staff_id, new.staff_id));
  return null;
end $$;
create trigger tg_roles_principal_version after insert or update or delete on staff_roles
  for each row execute function tg_roles_principal_version();

-- Chains: one for each loan and each unit. Locked in id order; missing ones are made here.
create function lock_chains(ids uuid[]) returns table (id uuid, seq bigint, head bytea, last_at timestamptz, org_id uuid)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  insert into chains (id, kind, org_id)
  select l.id, 'LOAN', l.org_id from loans l where l.id = any (ids)
  union all
  select o.id, 'ORG_UNIT', o.id from org_units o where o.id = any (ids)
  order by 1
  on conflict do nothing;
  return query select c.id, c.seq, c.head, c.last_at, c.org_id from chains c where c.id = any (ids) order by c.id for update;
end $$;

create function tg_events_c48_links() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  update chains set seq = new.seq, head = new.hash, last_at = new.happened_at
  where id = new.chain_id and seq = new.seq - 1 and head = new.prev_hash and last_at < new.happened_at;
  if not found then perform broken('tg_events_c48_links'); end if;
  insert into pending_events (event_id, hash) values (new.id, new.hash);
  return null;
end $$;
create trigger tg_events_c48_links after insert on events for each row execute function tg_events_c48_links();

-- Append-only, also for the owner: a mistake is corrected by another row (C48).
create function tg_append_only_c48() returns trigger language plpgsql as $$ begin
  perform broken('tg_append_only_c48');
  return null;
end $$;
do $$ declare name text; begin
  foreach name in array array['events', 'access_log', 'approvals', 'operation_seats', 'return_inspections', 'report_sign_offs',
                              'row_versions', 'seals', 'loan_positions'] loop
    execute format('create trigger tg_append_only_c48 before delete or truncate on %I execute function tg_append_only_c48()', name);
    if name <> 'seals' then
      execute format('create trigger tg_append_only_c48_update before update on %I execute function tg_append_only_c48()', name);
    end if;
  end loop;
end $$;
create trigger tg_append_only_c48 before delete or truncate on tickets execute function tg_append_only_c48();
