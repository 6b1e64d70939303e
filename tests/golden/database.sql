-- Read back from a migrated database by make golden, to be read and compared: migrations/ is what makes it.

-- administer(text,jsonb,uuid): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.administer(act text, change jsonb, who uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare now timestamptz := clock_timestamp(); touched integer := 1; place jsonb; begin
  case act
  when 'CREATE_ORG_UNIT' then
    insert into org_units (id, code, name, level, parent_id, has_vault)
    values ((change->>'id')::uuid, change->>'code', change->>'name', change->>'level', (change->>'parent')::uuid, (change->>'has_vault')::boolean);
  when 'REGISTER_STAFF' then
    insert into staff (id, staff_no, username, name, org_id, kind)
    values ((change->>'id')::uuid, change->>'staff_no', change->>'username', change->>'name', (change->>'org')::uuid, change->>'kind');
    insert into staff_roles (staff_id, role, granted_at, granted_by)
    select (change->>'id')::uuid, role, now, who from jsonb_array_elements_text(change->'roles') role;
  when 'GRANT_ROLE' then
    insert into staff_roles (staff_id, role, granted_at, granted_by) values ((change->>'staff')::uuid, change->>'role', now, who);
  when 'REVOKE_ROLE' then
    delete from staff_roles where staff_id = (change->>'staff')::uuid and role = change->>'role';
    get diagnostics touched = row_count;
  when 'DELEGATE' then
    if not exists (select from staff_roles where staff_id = (change->>'staff')::uuid and role = change->>'role') then
      perform broken('administer_role_not_held'); end if;
    insert into delegations (id, from_staff_id, to_staff_id, role, org_id, during)
    select (change->>'id')::uuid, s.id, (change->>'to')::uuid, change->>'role', s.org_id,
           tstzrange((change->>'from_at')::timestamptz, (change->>'to_at')::timestamptz) from staff s where s.id = (change->>'staff')::uuid;
  when 'ASSIGN_DUTY' then
    insert into keeper_duties (id, vault_id, staff_id, seat, during)
    values ((change->>'id')::uuid, (change->>'vault')::uuid, (change->>'staff')::uuid, change->>'seat',
            tstzrange((change->>'from_at')::timestamptz, (change->>'to_at')::timestamptz));
  when 'HAND_OVER_DUTY' then
    update keeper_duties d set during = tstzrange(lower(d.during), now)
    where d.vault_id = (change->>'vault')::uuid and d.staff_id = (change->>'from')::uuid and d.seat = change->>'seat' and d.during @> now;
    get diagnostics touched = row_count;
    insert into keeper_duties (id, vault_id, staff_id, seat, during)
    values ((change->>'id')::uuid, (change->>'vault')::uuid, (change->>'staff')::uuid, change->>'seat',
            tstzrange(now, (change->>'to_at')::timestamptz));
  when 'DECLARE_RELATION' then
    insert into staff_relations (staff_id, party_id, kind)
    select (change->>'staff')::uuid, c.party_id, change->>'kind' from customers c where c.id = (change->>'customer')::uuid;
    get diagnostics touched = row_count;
  when 'GRANT_READING' then
    if not exists (select from staff_roles where staff_id = (change->>'staff')::uuid and role = 'EXAMINER') then
      perform broken('administer_role_not_held'); end if;
    insert into read_grants (staff_id, org_id, during, reason, granted_by)
    select (change->>'staff')::uuid, unit::uuid, tstzrange((change->>'from_at')::timestamptz, (change->>'to_at')::timestamptz),
           change->>'reason', who from jsonb_array_elements_text(change->'orgs') unit;
  when 'DEACTIVATE_STAFF' then
    update staff set active = false where id = (change->>'staff')::uuid and active;
    get diagnostics touched = row_count;
  when 'CREATE_LOCATIONS' then
    for place in select * from jsonb_array_elements(change->'locations') loop
      insert into storage_locations (id, org_id, kind, code, parent_id, vault_id)
      select (place->>'id')::uuid, (change->>'org')::uuid, place->>'kind', place->>'code', p.id,
             case when p.kind = 'VAULT' then p.id else p.vault_id end
      from (select 1) one left join storage_locations p on p.id = (place->>'parent')::uuid and p.org_id = (change->>'org')::uuid;
      if place ? 'parent' and not exists (select from storage_locations where id = (place->>'id')::uuid and parent_id is not null) then
        perform broken('administer_parent_elsewhere'); end if;
    end loop;
  when 'PROPOSE_POLICY' then  -- every process reads the parameters anew within ten minutes
    if (change->>'effective_from')::timestamptz < now + interval '10 minutes' then perform broken('administer_too_soon'); end if;
    insert into policy_parameters (key, value, org_id, effective_from, approved_by)
    values (change->>'key', change->>'value', (change->>'org')::uuid, (change->>'effective_from')::timestamptz, who);
  end case;
  if touched = 0 then perform broken('administer_nothing_to_change'); end if;
end $function$;

-- administer_units(text,jsonb,uuid): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.administer_units(act text, change jsonb, who uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  now timestamptz := clock_timestamp(); unit uuid := (change->>'unit')::uuid; receiver uuid := (change->>'receiver')::uuid;
  moved uuid[]; papers uuid[]; touched integer; begin
  if act = 'CLOSE_ORG_UNIT' then
    update org_units set closed_at = now where id = unit and closed_at is null;
    get diagnostics touched = row_count;
    if touched = 0 then perform broken('administer_nothing_to_change'); end if;
    return;
  end if;
  moved := loans_to_transfer(change);
  if cardinality(moved) <> (change->>'expected')::integer then perform broken('administer_count_changed'); end if;
  if cardinality(moved) not between 1 and 3000 then perform broken('administer_too_many'); end if;
  if not exists (select from org_units o where o.id = receiver and o.id <> unit and o.closed_at is null) then
    perform broken('administer_unit_closed'); end if;
  -- The receiving unit knows the borrower and the owner by rows of its own.
  insert into customers (org_id, party_id, name, district, identity_index, identity_cipher, identity_number_masked, phone_index, phone_cipher,
                         phone_masked, address_cipher, address_masked, key_epoch)
  select receiver, c.party_id, c.name, c.district, c.identity_index, c.identity_cipher, c.identity_number_masked, c.phone_index, c.phone_cipher,
         c.phone_masked, c.address_cipher, c.address_masked, c.key_epoch
  from customers c where c.id in (select l.customer_id from loans l where l.id = any (moved)
    union select a.owner_id from collateral a join loan_collateral x on x.collateral_id = a.id where x.loan_id = any (moved))
  on conflict (org_id, identity_index) do nothing;
  update loans l set org_id = receiver, customer_id = n.id from customers c join customers n on n.org_id = receiver and n.identity_index = c.identity_index
    where l.id = any (moved) and c.id = l.customer_id;
  update chains set org_id = receiver, transferred_at = now where id = any (moved);
  update loan_positions set org_id = receiver where loan_id = any (moved);
  update loan_contracts set org_id = receiver where loan_id = any (moved);
  update contracts k set org_id = receiver where k.org_id = unit and k.id in (select contract_id from loan_contracts where loan_id = any (moved))
    and not exists (select from loan_contracts x join loans l on l.id = x.loan_id where x.contract_id = k.id and l.org_id <> receiver);
  update loan_collateral set org_id = receiver where loan_id = any (moved);
  -- What secures only loans that have gone goes with them; owner and unit are the receiving unit's.
  update collateral a set org_id = receiver, owner_id = (select n.id from customers c join customers n on n.org_id = receiver
      and n.identity_index = c.identity_index where c.id = a.owner_id)
    where a.org_id = unit and a.id in (select collateral_id from loan_collateral where loan_id = any (moved))
    and not exists (select from loan_collateral x join loans l on l.id = x.loan_id where x.collateral_id = a.id and l.org_id <> receiver);
  select array_agg(r.id) into papers from archive_records r where r.primary_loan_id = any (moved);
  update archive_records set org_id = receiver where id = any (papers);
  -- What nobody keeps yet is awaited by the receiving unit: a volume by its archivist, a paper by its first vault, or the nearest one.
  update archive_records set custody_org_id = receiver where id = any (papers) and state = 'COLLECTING' and custody_org_id = unit;
  update archive_records r set custody_org_id = v.org_id, vault_id = v.vault_id from vault_near(receiver, unit) v
    where r.id = any (papers) and r.state = 'AWAITED' and r.custody_org_id = unit;
  perform refresh_collateral(x.collateral_id) from loan_collateral x where x.loan_id = any (moved);
  -- Its inspections go on where it is: whoever signs next is of the receiving unit; who signed before stands on the report.
  update inspection_reports set org_id = receiver where loan_id = any (moved);
  -- History belongs to the unit that owns the loan now; a former one keeps what it did itself.
  update access_requests q set visible_to = distinct_ids(q.visible_to || receiver)
    where q.id in (select request_id from request_lines where record_id = any (papers)) and not receiver = any (q.visible_to);
  update operations o set visible_to = distinct_ids(o.visible_to || receiver) where not receiver = any (o.visible_to) and o.id in (
    select exit_operation_id from movements where record_id = any (papers) union select entry_operation_id from movements where record_id = any (papers)
    union select operation_id from off_balance_entries where record_id = any (papers));
end $function$;

-- anchoring_age(): owned by loanfile_judge, called by loanfile_app, loanfile_ledger
CREATE OR REPLACE FUNCTION public.anchoring_age()
 RETURNS double precision
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select greatest(0, coalesce(extract(epoch from clock_timestamp() - least(
    (select noted_at from pending_events order by event_id limit 1),
    (select minute + interval '1 minute' from pending_access order by minute limit 1),
    (select signed_at from ledger_checkpoints where stored_at is null order by number limit 1))), 0))::double precision $function$;

-- app_branches(): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.app_branches()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE PARALLEL RESTRICTED
AS $function$ select string_to_array(nullif(nullif(current_setting('app.branches', true), ''), '*'), ',')::uuid[] $function$;

-- app_everywhere(): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.app_everywhere()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL RESTRICTED
AS $function$ select coalesce(current_setting('app.branches', true) = '*', false) $function$;

-- app_has_role(text[]): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.app_has_role(VARIADIC wanted text[])
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL RESTRICTED
AS $function$ select coalesce(string_to_array(current_setting('app.roles', true), ',') && wanted, false) $function$;

-- app_staff(): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.app_staff()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL RESTRICTED
AS $function$ select nullif(current_setting('app.staff', true), '')::uuid $function$;

-- archive_no_taken(text): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.archive_no_taken(wanted text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from archive_records where archive_no = wanted) $function$;

-- bank_day(timestamp with time zone): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.bank_day(instant timestamp with time zone)
 RETURNS date
 LANGUAGE sql
 STABLE
AS $function$ select (instant at time zone 'Asia/Shanghai')::date $function$;

-- blind_batches(): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.blind_batches()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare hidden uuid[] := blind_records(); begin
  if cardinality(hidden) = 0 then return '{}'; end if;
  return array(select distinct l.batch_id from disposal_lines l where l.record_id = any (hidden));
end $function$;

-- blind_envelopes(): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.blind_envelopes()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare places uuid[] := blind_places(); begin
  if cardinality(places) = 0 then return '{}'; end if;
  return array(select e.id from sealed_envelopes e where e.location_id = any (places)
    union select l.envelope_id from stocktake_lines l where l.location_id = any (places) and l.result is null and l.envelope_id is not null);
end $function$;

-- blind_handovers(): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.blind_handovers()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare hidden uuid[] := blind_records(); begin
  if cardinality(hidden) = 0 then return '{}'; end if;
  return array(select distinct l.handover_id from handover_lines l where l.record_id = any (hidden));
end $function$;

-- blind_places(): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.blind_places()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
  select coalesce(array_agg(p.location_id), '{}') from stocktakes t join stocktake_places p on p.stocktake_id = t.id
  where t.state in ('OPEN', 'COUNTING') and app_staff() in (t.first_counter_id, t.second_counter_id)
    and (p.first_counted_at is null or p.second_counted_at is null) $function$;

-- blind_records(): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.blind_records()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare places uuid[] := blind_places(); begin
  if cardinality(places) = 0 then return '{}'; end if;
  return array(select r.id from archive_records r where r.location_id = any (places)
    union select r.id from archive_records r where r.envelope_id = any (blind_envelopes())
    union select l.record_id from stocktake_lines l where l.location_id = any (places) and l.result is null and l.record_id is not null);
end $function$;

-- blind_requests(): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.blind_requests()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare hidden uuid[] := blind_records(); begin
  if cardinality(hidden) = 0 then return '{}'; end if;
  return array(select distinct l.request_id from request_lines l where l.record_id = any (hidden));
end $function$;

-- blind_words(): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.blind_words()
 RETURNS text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare hidden uuid[] := blind_records() || blind_envelopes(); begin
  if cardinality(hidden) = 0 then return null; end if;
  return array_to_string(hidden, '|');
end $function$;

-- broken(text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.broken(twin text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$ begin
  raise exception 'rule broken: %', twin using errcode = 'check_violation', constraint = twin;
end $function$;

-- canonical_access(access_log): owned by loanfile_owner, called by loanfile_app, loanfile_registrar
CREATE OR REPLACE FUNCTION public.canonical_access(line access_log)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select convert_to('loanfile access 1', 'UTF8') || '\x00'::bytea || convert_to(canonical_json(jsonb_build_object(
    'id', line.id, 'at', to_char(line.logged_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), 'by', line.staff_id,
    'unit', line.org_id, 'action', line.action, 'result', line.result, 'purpose', line.purpose, 'subjects', to_jsonb(line.subject_ids),
    'detail', line.detail, 'request', line.request_id)), 'UTF8') $function$;

-- canonical_json(jsonb): owned by loanfile_owner, called by loanfile_app, loanfile_registrar
CREATE OR REPLACE FUNCTION public.canonical_json(value jsonb)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$ begin
  return case jsonb_typeof(value)
    when 'object' then '{' || coalesce((select string_agg(to_json(key)::text || ':' || canonical_json(inner_value), ',' order by key collate "C")
                                        from jsonb_each(value) e(key, inner_value)), '') || '}'
    when 'array' then '[' || coalesce((select string_agg(canonical_json(inner_value), ',' order by place)
                                       from jsonb_array_elements(value) with ordinality e(inner_value, place)), '') || ']'
    when 'string' then to_json(value #>> '{}')::text
    else value::text end;
end $function$;

-- certificate_facts(uuid,text,text,text,numeric,uuid): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.certificate_facts(asset uuid, wanted text, vin_read text, owner_read text, amount_read numeric, besides uuid)
 RETURNS TABLE(number_taken boolean, vin_matches boolean, owner_matches boolean, amount_matches boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from collateral_certificates x where x.is_live and x.number = wanted and x.id is distinct from besides),
         a.vin is not distinct from vin_read,
         o.name is null or o.name is not distinct from owner_read,
         amount_read is null
           or exists (select from loan_collateral s where s.collateral_id = a.id and s.amount = amount_read)
           or exists (select from loan_collateral s join loan_contracts l on l.loan_id = s.loan_id join contracts k on k.id = l.contract_id
                      where s.collateral_id = a.id and k.kind = 'MORTGAGE' and k.amount = amount_read)
  from collateral a left join customers o on o.id = a.owner_id where a.id = asset $function$;

-- class_years(text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.class_years(class text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$ select case class when 'FIVE_YEARS' then 5 when 'TWENTY_YEARS' then 20 when 'PERMANENT' then 1000 else 0 end $function$;

-- classify_loan(uuid,text,date,text): owned by loanfile_registrar, called by loanfile_app
CREATE OR REPLACE FUNCTION public.classify_loan(loan uuid, grade text, from_day date, why text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare old loan_classifications; until date; made uuid; today date := bank_day(clock_timestamp()); begin
  perform from loans l where l.id = loan and (app_everywhere() or l.org_id = any (app_branches())) for update;
  if not found then return null; end if;
  if from_day > today then perform broken('valid_from_ahead'); end if;
  select * into old from loan_classifications v where v.loan_id = loan and v.during @> from_day;
  if lower(old.during) = from_day then
    update loan_classifications set classification = grade, recorded_by = app_staff(), reason = why where id = old.id;
    made := old.id; until := upper(old.during);
  else
    select min(lower(v.during)) into until from loan_classifications v where v.loan_id = loan and lower(v.during) > from_day;
    update loan_classifications set during = daterange(lower(during), from_day) where id = old.id;
    insert into loan_classifications (loan_id, during, classification, recorded_by, reason)
    values (loan, daterange(from_day, until), grade, app_staff(), why) returning id into made;
  end if;
  if until is null then
    update loans set classification = grade where id = loan and classification <> grade;
  end if;
  return made;
end $function$;

-- close_of_business(date): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.close_of_business(day date)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select (day + make_interval(mins => coalesce((select s.value::integer from policy_parameters s
      where s.key = 'close_of_business_minutes' and s.org_id is null and s.effective_from <= day::timestamp at time zone 'Asia/Shanghai'
      order by s.effective_from desc limit 1), 1050))) at time zone 'Asia/Shanghai' $function$;

-- constants_of(text): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.constants_of(of text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare parts text; made jsonb; begin
  select string_agg(format('%L, %s', a.attname, pg_get_expr(d.adbin, d.adrelid)), ', ') into parts
  from pg_attribute a join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = of::regclass and a.attnotnull and not a.attisdropped and pg_get_expr(d.adbin, d.adrelid) !~ '\(';
  if parts is null then return '{}'; end if;
  execute 'select jsonb_build_object(' || parts || ')' into made;
  return made;
end $function$;

-- contents_of(uuid[]): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.contents_of(ids uuid[])
 RETURNS TABLE(record_id uuid, items uuid[], pages integer[], is_numbered boolean, gaps text[], copies_alone boolean, rebuilt boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.id, f.items, f.pages, coalesce(f.last = cardinality(f.items), false),
    (select array_agg(distinct g) from (select x.contract_id from loan_contracts x where x.loan_id = r.primary_loan_id
       union select i.contract_id from file_items i where i.record_id = r.id and i.contract_id is not null) c, unnest(element_gaps(c.contract_id)) g),
    coalesce(f.copies_alone, true), r.rebuilds_id is not null
  from archive_records r cross join lateral (
    select array_agg(i.id order by i.position) items, array_agg(i.pages order by i.position) pages, max(i.position) as last,
           bool_and(not i.is_original) copies_alone from file_items i where i.record_id = r.id) f
  where r.id = any (ids) $function$;

-- corrected_column(text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.corrected_column(field text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case field when 'registrationNo' then 'registration_no' when 'issuedOn' then 'issued_on' when 'signedOn' then 'signed_on'
    when 'expiresOn' then 'expires_on' else field end $function$;

-- corrected_since(uuid): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.corrected_since(correction uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select case c.subject_kind
    when 'EVENT' then (select e.happened_at from events e where e.id = c.subject_id)
    else (select min(v.recorded_at) from row_versions v
          where v.table_name = case c.subject_kind when 'RECORD' then 'archive_records' when 'FILE_ITEM' then 'file_items'
                                 when 'CERTIFICATE' then 'collateral_certificates' when 'CONTRACT' then 'contracts' end
            and v.row_id = c.subject_id and v.content->>corrected_column(c.field) is not distinct from c.old_value) end
  from corrections c where (select app_has_role('COMPLIANCE', 'AUDITOR')) and c.operation_id = correction $function$;

-- correction_is_shown(text,uuid,uuid): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.correction_is_shown(of text, subject uuid, scan uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from scans s join archive_records r on r.id = s.record_id where s.id = scan and s.status = 'STORED' and case of
    when 'RECORD' then r.id = subject
    when 'FILE_ITEM' then exists (select from file_items i where i.id = subject and i.record_id = r.id)
    when 'CONTRACT' then exists (select from loan_contracts l where l.contract_id = subject and l.loan_id = r.primary_loan_id)
    when 'CERTIFICATE' then r.certificate_id = subject or not exists (select from archive_records o where o.certificate_id = subject)
      and exists (select from collateral_certificates c where c.id = subject and (r.collateral_id = c.collateral_id
        or r.primary_loan_id in (select x.loan_id from loan_collateral x where x.collateral_id = c.collateral_id)))
    when 'EVENT' then exists (select from events e where e.id = subject and (r.id = e.record_id or e.record_id is null and r.primary_loan_id = e.chain_id))
    else false end) $function$;

-- correction_taken(text,text,uuid,text): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.correction_taken(of text, field text, subject uuid, value text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select case of || '.' || field
    when 'CERTIFICATE.number' then exists (select from collateral_certificates c where c.number = value and c.is_live and c.id <> subject)
    when 'CONTRACT.number' then exists (select from contracts c where c.number = value and c.id <> subject)
    else false end $function$;

-- counted_until(uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.counted_until(record uuid, at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select max(p.frozen_until) from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
    join stocktake_places p on p.location_id = coalesce(e.location_id, r.location_id) and p.closed_at is null and p.frozen_until > at
  where r.id = record $function$;

-- court_paper_is_on_file(uuid,uuid,uuid): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.court_paper_is_on_file(scan uuid, record uuid, request uuid DEFAULT NULL::uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from scans s join movements m on m.record_id = record and m.closed_at is null and m.out_at < s.stored_at
      where s.id = scan and s.status = 'STORED' and (s.record_id = record or s.subject_kind = 'REQUEST' and s.subject_id = m.request_id))
    and not exists (select from access_requests q where q.court_paper_scan_id = scan and q.id is distinct from request
      and q.state not in ('REJECTED', 'CANCELLED', 'LAPSED')) $function$;

-- ct_access_requests_c5_all_ranks(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_access_requests_c5_all_ranks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from unnest(case when new.ranks = '{}' then array(  -- made before ranks were kept
               select k.role from approval_ranks k where k.tier = new.tier and k.purpose = new.purpose) else new.ranks end) needed
             where not exists (select from approvals a where a.request_id = new.id and a.rank = needed)) then
    perform broken('ct_access_requests_c5_all_ranks'); end if;
  return null;
end $function$;

-- ct_archive_records_accepted(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_accepted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.custodian_id is null or new.custodian_id = new.submitted_by then perform broken('ct_archive_records_c3_archivist_is_another'); end if;
  if exists (select from file_items i where i.record_id = new.id and i.seen_by is distinct from new.custodian_id) then
    perform broken('ct_archive_records_c31_item_by_item'); end if;
  return null;
end $function$;

-- ct_archive_records_c15_state_is_rows(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_c15_state_is_rows()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  which uuid := case when tg_table_name = 'archive_records' then (to_jsonb(new)->>'id')::uuid else (to_jsonb(new)->>'record_id')::uuid end;
  actual text; wanted text := state_of(which);
begin
  select state into actual from archive_records where id = which;
  if not (wanted = actual or (wanted = 'AT REST' and actual not in
      ('RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'READING', 'IN_TRANSIT', 'MISSING', 'LOST'))) then
    perform broken('ct_archive_records_c15_state_is_rows'); end if;
  return null;
end $function$;

-- ct_archive_records_c17_place(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_c17_place()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from operations o where o.done_in = pg_current_xact_id() and new.id = any (o.record_ids)) then
    perform broken('ct_archive_records_c17_place'); end if;
  return null;
end $function$;

-- ct_archive_records_c1_by_operation(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_c1_by_operation()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from transitions t join acts a using (action) where t.tier = new.tier and t.start = old.state and t.finish = new.state
                 and a.part_of is null and not exists (select from act_seats s where s.action = t.action and s.tier = t.tier))
     and not exists (select from operations o join acts a on a.action = o.action or a.part_of = o.action
                     join transitions t on t.action = a.action where o.done_in = pg_current_xact_id()
                     and o.state = 'DONE' and new.id = any (o.record_ids)
                     and t.tier = new.tier and t.start = old.state and t.finish = new.state) then
    perform broken('ct_archive_records_c1_by_operation'); end if;
  return null;
end $function$;

-- ct_archive_records_c31_acknowledged(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_c31_acknowledged()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.state in ('AWAITED', 'COLLECTING') and exists (select from operations o where o.action = 'TRANSFER_LOANS'
       and o.done_in = pg_current_xact_id() and o.ask->'change'->>'unit' = old.custody_org_id::text
       and new.custody_org_id = case new.state when 'COLLECTING' then (o.ask->'change'->>'receiver')::uuid
             else (select v.org_id from vault_near((o.ask->'change'->>'receiver')::uuid, old.custody_org_id) v) end) then
    return null; end if;
  if not exists (select from handover_lines l join handovers h on h.id = l.handover_id join operations o on o.id = l.decided_operation_id
                 where l.record_id = new.id and l.state in ('ACKNOWLEDGED', 'RESPONSIBILITY_ONLY') and h.to_org_id = new.custody_org_id
                 and h.org_id = old.custody_org_id and o.done_in = pg_current_xact_id()) then
    perform broken('ct_archive_records_c31_acknowledged'); end if;
  return null;
end $function$;

-- ct_archive_records_c32_custodian(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_c32_custodian()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from operations o where o.done_in = pg_current_xact_id() and new.id = any (o.record_ids)) then
    perform broken('ct_archive_records_c32_custodian'); end if;
  return null;
end $function$;

-- ct_archive_records_c38_left_by_movement(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_c38_left_by_movement()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from movements m where m.record_id = new.id and m.ended_as = new.state) then
    perform broken('ct_archive_records_c38_left_by_movement'); end if;
  return null;
end $function$;

-- ct_archive_records_c44_reissue_linked(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_c44_reissue_linked()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from loss_cases c join archive_records n on n.id = c.reissued_as_id
      left join collateral_certificates nc on nc.id = n.certificate_id left join collateral_certificates oc on oc.id = new.certificate_id
      where c.record_id = new.id and c.outcome = 'REPLACED' and n.state = 'IN_VAULT' and reissue_fits(new.id, n.id)
        and (oc.id is null or oc.voided_at is not null and nc.replaces_id = oc.id)) then
    perform broken('ct_archive_records_c44_reissue_linked'); end if;
  return null;
end $function$;

-- ct_archive_records_c46_approved(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_c46_approved()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from disposal_lines l join disposal_batches b on b.id = l.batch_id where l.record_id = new.id and l.is_open
      and (new.state = 'DISPOSAL_PROPOSED' or b.list_hash = list_hash_of(b.id)
           and (select count(*) from disposal_approvals a where a.batch_id = b.id and a.list_hash = b.list_hash) = 3)) then
    perform broken('ct_archive_records_c46_approved'); end if;
  return null;
end $function$;

-- ct_archive_records_c8_together(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_c8_together()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if (select count(distinct x.state in ('IN_VAULT', 'RESERVED')) from archive_records x
      where x.envelope_id = new.envelope_id and x.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT')) > 1 then
    perform broken('ct_archive_records_c8_together'); end if;
  return null;
end $function$;

-- ct_archive_records_content(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_content()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if is_electronic(new.certificate_id) then perform broken('ct_archive_records_c55_no_envelope'); end if;
  if (select count(distinct coalesce(x.collateral_id, x.id)) > 1 and count(distinct coalesce(x.primary_loan_id, x.id)) > 1
      from archive_records x where x.envelope_id = new.envelope_id) then
    perform broken('ct_archive_records_c8_one_collateral'); end if;
  return null;
end $function$;

-- ct_archive_records_enters(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_enters()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare r archive_records; begin
  select * into r from archive_records where id = new.id;
  if r.state <> 'IN_VAULT' then return null; end if;
  if exists (select from storage_locations v where v.id = r.vault_id and v.org_id <> r.custody_org_id) then
    perform broken('ct_archive_records_c31_vault'); end if;
  if r.envelope_id is null then
    if r.kind <> 'SETTLEMENT_NOTICE' and not is_electronic(r.certificate_id) then perform broken('ct_archive_records_c7_sealed'); end if;
  elsif not exists (select from sealed_envelopes e join storage_locations s on s.id = e.location_id
                    where e.id = r.envelope_id and s.kind = 'SLOT' and s.vault_id = r.vault_id) then
    perform broken('ct_archive_records_c8_in_slot'); end if;
  return null;
end $function$;

-- ct_archive_records_found(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_found()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare c loss_cases; begin
  select * into c from loss_cases x where x.record_id = new.id and x.outcome = 'FOUND' order by x.closed_at desc limit 1;
  if c.back_to is distinct from new.state then perform broken('ct_archive_records_c15_back'); end if;
  if not exists (select from return_inspections i join operations o on o.id = i.operation_id where i.discrepancy_id = c.discrepancy_id
                 and i.record_id = new.id and i.passed and o.done_in = pg_current_xact_id()) then
    perform broken('ct_archive_records_c26_found_inspected'); end if;
  return null;
end $function$;

-- ct_archive_records_lost_settled(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_lost_settled()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare s record; closed timestamptz; begin
  select * into s from settled_for_good(array[new.id]);
  select max(c.closed_at) into closed from loss_cases c where c.record_id = new.id and c.outcome = 'CLOSED_LOST';
  if not s.is_settled then perform broken('ct_archive_records_c34_lost_settled'); end if;
  if closed is null or s.final_at > closed then perform broken('ct_archive_records_c35_lost_final'); end if;
  return null;
end $function$;

-- ct_archive_records_reopened(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_archive_records_reopened()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare r archive_records; begin
  select * into r from archive_records where id = new.id;
  if not (r.state in ('AWAITED', 'SURRENDERED') and r.envelope_id is null) and not kept_by_two(array[new.id]) then
    perform broken('ct_archive_records_c9_by_opening'); end if;
  return null;
end $function$;

-- ct_disposal_lines_c46_list_hash(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_disposal_lines_c46_list_hash()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from disposal_batches b where b.id = new.batch_id and b.list_hash = list_hash_of(b.id)) then
    perform broken('ct_disposal_lines_c46_list_hash'); end if;
  return null;
end $function$;

-- ct_fixity_findings_c49_healed(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_fixity_findings_c49_healed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if tg_op = 'UPDATE' and old.healed_at is not null or not exists (
      select from scan_copies c where c.scan_id = new.scan_id and c.place = new.place and c.version_id = new.healed_version_id and c.bad_since is null) then
    perform broken('ct_fixity_findings_c49_healed');
  end if;
  return null;
end $function$;

-- ct_handover_lines_c31_both_sides(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_handover_lines_c31_both_sides()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare h handovers; o operations; side uuid; wanted text[]; which uuid; begin
  select * into h from handovers where id = new.handover_id;
  which := case when new.back_operation_id is distinct from old.back_operation_id then new.back_operation_id
                when new.state = 'SENT' then new.sent_operation_id else new.decided_operation_id end;
  side := case when new.state in ('SENT', 'RECALLED') or new.back_operation_id is distinct from old.back_operation_id
               then h.org_id else h.to_org_id end;
  wanted := case when new.back_operation_id is distinct from old.back_operation_id then array['TAKE_BACK', 'TAKE_BACK_PENDING', 'RESOLVE_FOUND', 'DECLARE_LOST']
    when new.state = 'SENT' then array['SEND_HANDOVER', 'SEND_PENDING', 'SEND_RESPONSIBILITY']
    when new.state = 'REJECTED' then array['REJECT_HANDOVER']
    when new.state = 'RECALLED' then array['TAKE_BACK', 'TAKE_BACK_PENDING', 'RECALL_RESPONSIBILITY',
                                                  'RESOLVE_FOUND', 'DECLARE_LOST']
    when h.kind = 'CUSTODIAN' then array['RECEIVE_CUSTODY']
    when new.state = 'RESPONSIBILITY_ONLY' then array['RECEIVE_RESPONSIBILITY']
    else array['RECEIVE_HANDOVER', 'RECEIVE_PENDING'] end;
  select * into o from operations where id = which;
  if o.state is distinct from 'DONE' or not o.action = any (wanted) or not new.record_id = any (o.record_ids)
     or exists (select from storage_locations v where v.id = o.vault_id and v.org_id <> side)
     -- Heads of a unit above may declare what the giver has lost.
     or o.action <> 'DECLARE_LOST' and exists (select from operation_seats s join staff p on p.id = s.staff_id
                where s.operation_id = o.id and s.seat <> 'SUPERVISOR' and p.org_id <> side)
     or h.kind = 'CUSTODIAN' and o.action = 'RECEIVE_CUSTODY' and not exists (
          select from operation_seats s where s.operation_id = o.id and s.seat = 'RECEIVER' and s.staff_id = h.taker_id) then
    perform broken('ct_handover_lines_c31_both_sides'); end if;
  return null;
end $function$;

-- ct_holds_c16_lifted_by_operation(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_holds_c16_lifted_by_operation()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if old.lifted_at is not null or not exists (select from operations o join operation_seats s on s.operation_id = o.id and s.seat = 'SECOND'
      where o.done_in = pg_current_xact_id() and o.action = 'LIFT_HOLD' and o.ask->>'hold' = new.id::text and s.staff_id = new.lifted_by) then
    perform broken('ct_holds_c16_lifted_by_operation'); end if;
  return null;
end $function$;

-- ct_loan_positions_c52_reversal(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_loan_positions_c52_reversal()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from settlement_notices n where n.loan_id = new.loan_id and n.voided_at is null)
     or exists (select from access_requests q join request_lines x on x.request_id = q.id
                where q.kind = 'RELEASE' and q.purpose <> 'PARTIAL_RELEASE' and q.state in ('SUBMITTED', 'WAITING', 'APPROVED')
                and new.loan_id in (select loan_id from loans_on(x.record_id)))
     or exists (select from archive_records r where r.primary_loan_id = new.loan_id and r.tier = 'SECOND' and r.state <> 'DESTROYED'
                and r.cutoff_at is not null) then
    perform broken('ct_loan_positions_c52_reversal'); end if;
  return null;
end $function$;

-- ct_movements_c15_request_kind(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_c15_request_kind()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare q access_requests; begin
  select * into q from access_requests where id = new.request_id;
  if q.kind <> (case new.kind when 'READING' then 'READ_ON_SITE' else new.kind end)
     or not exists (select from request_lines x where x.request_id = q.id and x.record_id = new.record_id) then
    perform broken('ct_movements_c15_request_kind'); end if;
  if new.holder_id <> q.reader_id then perform broken('ct_movements_c19_holder'); end if;
  return null;
end $function$;

-- ct_movements_c1_done(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_c1_done()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.exit_operation_id is not null and not exists (select from operations o join acts a using (action)
      where o.id = new.exit_operation_id and o.state = 'DONE' and (a.is_exit or new.kind = 'TRANSIT' and o.action = 'SEND_PENDING')
      and (o.request_id = new.request_id or new.kind = 'TRANSIT') and new.record_id = any (o.record_ids))
  or new.entry_operation_id is not null and not exists (select from operations o where o.id = new.entry_operation_id and o.state = 'DONE'
      and new.record_id = any (o.record_ids)) then
    perform broken('ct_movements_c1_done'); end if;
  return null;
end $function$;

-- ct_movements_c20_overridden(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_c20_overridden()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from overrides v join operations o on o.id = v.operation_id where v.id = new.override_id and v.rule = 'C20'
                 and v.record_id = new.record_id and o.request_id = new.request_id) then
    perform broken('ct_movements_c20_overridden'); end if;
  return null;
end $function$;

-- ct_movements_c25_claimed(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_c25_claimed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare which uuid := case when tg_table_name = 'movements' then (to_jsonb(new)->>'id')::uuid else (to_jsonb(new)->>'movement_id')::uuid end; begin
  if (select m.claimed_at is not null from movements m where m.id = which)
     <> exists (select from return_claims c where c.movement_id = which and c.resolved_at is null) then
    perform broken('ct_movements_c25_claimed'); end if;
  return null;
end $function$;

-- ct_movements_c25_found_in_vault(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_c25_found_in_vault()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from return_claims c where c.movement_id = new.id and c.resolution = 'FOUND_IN_VAULT' and c.resolved_at = new.returned_at
                 and not exists (select from return_inspections i where i.movement_id = new.id and i.inspected_at >= c.resolved_at)) then
    perform broken('ct_movements_c25_found_in_vault'); end if;
  return null;
end $function$;

-- ct_movements_c26_inspection_passed(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_c26_inspection_passed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from return_inspections i where i.id = new.inspection_id and i.movement_id = new.id and i.passed) then
    perform broken('ct_movements_c26_inspection_passed'); end if;
  return null;
end $function$;

-- ct_movements_c26_replacement_passed(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_c26_replacement_passed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from return_inspections i where i.id = new.inspection_id and i.movement_id = new.id and i.passed) then
    perform broken('ct_movements_c26_replacement_passed'); end if;
  return null;
end $function$;

-- ct_movements_c31_listed(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_c31_listed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from handover_lines l where l.record_id = new.record_id and l.sent_operation_id = new.exit_operation_id) then
    perform broken('ct_movements_c31_listed'); end if;
  return null;
end $function$;

-- ct_movements_c54_mortgage(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_c54_mortgage()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from archive_records r join return_inspections i on i.id = new.inspection_id
             where r.id = new.record_id and r.kind = 'CERTIFICATE' and i.shows_mortgage is not true) then
    perform broken('ct_movements_c54_mortgage'); end if;
  return null;
end $function$;

-- ct_movements_c5_approved(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_c5_approved()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from access_requests q where q.id = new.request_id
                 and (q.state = 'APPROVED' or q.state = 'FULFILLED' and tg_op = 'UPDATE')) then
    perform broken('ct_movements_c5_approved'); end if;
  return null;
end $function$;

-- ct_movements_ended_so(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_ended_so()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.ended_as in ('ARRIVED', 'REJECTED', 'RECALLED') and new.kind <> 'TRANSIT'
     or new.ended_as = 'REPLACED' and not exists (select from archive_records r where r.id = new.record_id and r.state = 'REPLACED') then
    perform broken('ct_movements_c26_ended_so'); end if;
  if new.ended_as = 'LOST' and not exists (select from loss_cases c where c.record_id = new.record_id
                                           and c.lost_operation_id = new.entry_operation_id and c.lost_at is not null) then
    perform broken('ct_movements_c44_ended_so'); end if;
  if new.kind in ('RELEASE', 'SUBSTITUTION') and new.out_at is not null and new.ended_as is null then
    perform broken('ct_movements_c38_out_is_gone'); end if;
  return null;
end $function$;

-- ct_movements_released(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_released()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare f record; v record; q access_requests; hours integer; begin
  select * into q from access_requests where id = new.request_id;
  select * into f from release_facts(array[new.record_id]);
  hours := parameter_of('position_hours', (select org_id from archive_records where id = new.record_id), 24);
  if q.purpose = 'PARTIAL_RELEASE' then
    if not f.covered then perform broken('ct_movements_c34_covered'); end if;
  else
    if not f.settled then perform broken('ct_movements_c34_settled'); end if;
    if not f.others_settled then perform broken('ct_movements_c34_cross_collateral'); end if;
    if f.final_at > clock_timestamp() then perform broken('ct_movements_c35_final'); end if;
    if not f.noticed then perform broken('ct_movements_c36_notice'); end if;
  end if;
  if f.oldest is null or f.oldest < clock_timestamp() - make_interval(hours => hours) then perform broken('ct_movements_c53_recent'); end if;
  select * into v from releases x where x.request_id = q.id and x.operation_id = new.exit_operation_id and x.capacity <> 'COURT';
  if v is null then perform broken('ct_movements_c37_recipient'); end if;
  if not coalesce(receipt_is_on_file(v.receipt_scan_id, q.id), false) then perform broken('ct_movements_c37_receipt'); end if;
  return null;
end $function$;

-- ct_movements_substituted(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_substituted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare f record; begin
  select * into f from substitution_facts(new.request_id, new.record_id);
  if not coalesce(f.in_vault, false) then perform broken('ct_movements_c39_in_vault'); end if;
  if not coalesce(f.approved, false) then perform broken('ct_movements_c39_value'); end if;
  return null;
end $function$;

-- ct_movements_surrendered(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_movements_surrendered()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare q access_requests; begin
  select * into q from access_requests where id = new.request_id;
  if q.purpose not like 'LITIGATION%' then perform broken('ct_movements_c13_out_for_the_court'); end if;
  if not exists (select from releases v join operations o on o.id = v.operation_id where v.request_id = q.id and v.capacity = 'COURT'
      and new.record_id = any (o.record_ids) and receipt_is_on_file(v.receipt_scan_id, q.id)) then
    perform broken('ct_movements_c40_court_receipt'); end if;
  if exists (select from holds_over(new.record_id) h where not (h.kind = 'LEGAL' and q.applicant_id = h.placer_id)) then
    perform broken('tg_movements_c16_no_hold'); end if;
  return null;
end $function$;

-- ct_off_balance_entries_c11_of_act(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_off_balance_entries_c11_of_act()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.operation_id is not null and not exists (select from operations o join acts a using (action)
       where o.id = new.operation_id and o.done_in = pg_current_xact_id() and new.record_id = any (o.record_ids)
         and new.direction = case when a.is_exit then 'OUT' when a.is_entry then 'IN' end)
  or new.discrepancy_id is not null and (new.direction <> 'OUT'
       or not exists (select from discrepancies d where d.id = new.discrepancy_id and d.record_id = new.record_id and d.kind = 'MISSING' and d.item_id is null)
       or exists (select from off_balance_entries e where e.discrepancy_id = new.discrepancy_id and e.id <> new.id)) then
    perform broken('ct_off_balance_entries_c11_of_act'); end if;
  return null;
end $function$;

-- ct_operations_c1_emergency_reviewed(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_operations_c1_emergency_reviewed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from emergency_reviews v where v.operation_id = new.id) then
    perform broken('ct_operations_c1_emergency_reviewed'); end if;
  return null;
end $function$;

-- ct_operations_done(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_operations_done()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare act acts; begin
  select * into act from acts where action = new.action;
  if exists (select from unnest(new.required_seats) s where s not in (select seat from operation_seats where operation_id = new.id)) then
    perform broken('ct_operations_c1_all_seats'); end if;
  if 'KEY' = any (new.required_seats) and exists (select from archive_records r where r.id = any (new.record_ids) and r.tier = 'FIRST'
      and r.state in ('IN_VAULT', 'RESERVED') and r.vault_id is distinct from new.vault_id) then
    perform broken('tg_operations_c1_vault'); end if;
  if act.is_exit and not exists (select from tickets t where t.operation_id = new.id and not t.is_void) then
    perform broken('ct_operations_c10_exit_has_ticket'); end if;
  if (act.is_exit or act.is_entry) and
      array(select r.id from archive_records r where r.id = any (new.record_ids) and r.tier = 'FIRST' and (act.is_exit or r.state in ('IN_VAULT', 'RESERVED')) order by 1)
      <> array(select e.record_id from off_balance_entries e where e.operation_id = new.id order by 1) then
    perform broken('ct_operations_c11_off_balance'); end if;
  return null;
end $function$;

-- ct_overrides_c50_second_person(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_overrides_c50_second_person()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from operations o join operation_seats s on s.operation_id = o.id and s.seat = 'OVERRIDE'
                 where o.id = new.operation_id and o.state = 'DONE' and o.done_in = pg_current_xact_id() and new.record_id = any (o.record_ids)
                   and s.staff_id = new.confirmed_by
                   and exists (select from jsonb_array_elements(o.ask->'overrides') x where x->>'rule' = new.rule)) then
    perform broken('ct_overrides_c50_second_person'); end if;
  return null;
end $function$;

-- ct_registry_checks_c43_case(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_registry_checks_c43_case()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not right_is_a_case(new.record_id) then perform broken('ct_registry_checks_c43_case'); end if;
  return null;
end $function$;

-- ct_return_inspections_c43_case(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_return_inspections_c43_case()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from archive_records r where r.id = new.record_id and r.kind = 'CERTIFICATE' and r.state = 'CHECKED_OUT')
     and not right_is_a_case(new.record_id) then
    perform broken('ct_return_inspections_c43_case'); end if;
  return null;
end $function$;

-- ct_scan_copies_c49_healed(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_scan_copies_c49_healed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.version_id <> old.version_id and not is_healed(new.scan_id, new.place, old.version_id, new.version_id)
     or exists (select from fixity_findings f where f.scan_id = new.scan_id and f.place = new.place and f.healed_at is null) then
    perform broken('ct_scan_copies_c49_healed');
  end if;
  return null;
end $function$;

-- ct_scans_c49_healed(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_scans_c49_healed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not is_healed(new.id, 'FIRST', old.object_version_id, new.object_version_id) then perform broken('ct_scans_c49_healed'); end if;
  return null;
end $function$;

-- ct_sealed_envelopes_c9_by_opening(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_sealed_envelopes_c9_by_opening()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not kept_by_two(array(select id from archive_records where envelope_id = new.id))
     -- While all of its papers are out nothing is moved: the slot that waits for them is another unit's from now on.
     and not (tg_op = 'UPDATE' and new.seal_no = old.seal_no
              and not exists (select from archive_records r where r.envelope_id = new.id and r.state not in ('CHECKED_OUT', 'SURRENDERED')))
     and not (tg_op = 'UPDATE' and new.seal_no = old.seal_no and new.location_id is null
              and not exists (select from archive_records r where r.envelope_id = new.id
                              and r.state not in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST'))) then
    perform broken('ct_sealed_envelopes_c9_by_opening'); end if;
  return null;
end $function$;

-- ct_sealed_envelopes_c9_seal(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_sealed_envelopes_c9_seal()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from seals s where s.seal_no = new.seal_no and s.envelope_id = new.id and s.broken_at is null) then
    perform broken('ct_sealed_envelopes_c9_seal'); end if;
  return null;
end $function$;

-- ct_stocktakes_c43_discrepancies(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_stocktakes_c43_discrepancies()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from stocktake_lines l where l.stocktake_id = new.id and l.result in ('MISSING', 'EXTRA', 'WRONG_SLOT', 'SEAL_BROKEN')
             and not exists (select from discrepancies d where d.kind = l.result and (d.stocktake_line_id = l.id
               or d.resolved_at is null and d.record_id in (select r.id from archive_records r where r.id = l.record_id or r.envelope_id = l.envelope_id))))
  then perform broken('ct_stocktakes_c43_discrepancies'); end if;
  return null;
end $function$;

-- ct_tickets_c10_replaced(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ct_tickets_c10_replaced()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from tickets t where t.operation_id = new.operation_id and not t.is_void) then
    perform broken('ct_tickets_c10_replaced'); end if;
  return null;
end $function$;

-- days_on_duty(tstzrange): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.days_on_duty(during tstzrange)
 RETURNS daterange
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select daterange(bank_day(lower(during)), bank_day(upper(during) - interval '1 microsecond'), '[]') $function$;

-- denied_contract(uuid,text): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.denied_contract(asked uuid, by_number text)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select c.id from contracts c where c.id = asked or c.number = by_number $function$;

-- denied_loan(uuid,text): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.denied_loan(asked uuid, by_number text)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select l.id from loans l where l.id = asked or l.number = by_number $function$;

-- distinct_ids(uuid[]): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.distinct_ids(ids uuid[])
 RETURNS uuid[]
 LANGUAGE sql
 IMMUTABLE
AS $function$ select coalesce(array_agg(distinct id order by id), '{}') from unnest(ids) id where id is not null $function$;

-- element_gaps(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.element_gaps(contract uuid)
 RETURNS text[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(array_agg(e.element order by e.position), '{}') from contract_elements e where e.grade = 'BLOCKING' and not exists (
    select from contract_element_items i where i.element = e.element and i.result in ('PRESENT', 'NOT_APPLICABLE') and i.check_id = (
      select c.id from contract_element_checks c where c.contract_id = contract order by c.checked_at desc, c.id desc limit 1)) $function$;

-- ever_had(text,uuid[],text): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ever_had(of text, rows uuid[], wanted text)
 RETURNS uuid[]
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(array_agg(distinct (v.content->>wanted)::uuid) filter (where v.content->>wanted is not null), '{}')
  from row_versions v where v.table_name = of and v.row_id = any (rows) $function$;

-- ever_of(text,uuid[]): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ever_of(of text, parents uuid[])
 RETURNS uuid[]
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(array_agg(distinct v.row_id), '{}') from unnest(parents) p, lateral (
    select row_id from row_versions x where row_parent(x.table_name, x.content) = p and x.table_name = of) v $function$;

-- extends(access_requests,movements): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.extends(asked access_requests, lent movements)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select asked.extends_id = lent.id or exists (select from movements m join request_lines l on l.request_id = asked.id and l.record_id = lent.record_id
    where m.id = asked.extends_id and m.request_id = lent.request_id) $function$;

-- facts_of(uuid[],uuid[],interval): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.facts_of(ids uuid[], people uuid[], shift interval)
 RETURNS TABLE(now timestamp with time zone, record_id uuid, movement_id uuid, kind text, request_id uuid, purpose text, holder_id uuid, lapses_at timestamp with time zone, out_at timestamp with time zone, due_at timestamp with time zone, returned_at timestamp with time zone, claimed boolean, extensions integer, operation_id uuid, hold_kinds text[], hold_placers uuid[], key_ids uuid[], code_ids uuid[], interested uuid[], overdue uuid[], inactive uuid[], frozen text[], mates uuid[])
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
BEGIN ATOMIC
 WITH moment AS MATERIALIZED (
          SELECT (clock_timestamp() + facts_of.shift) AS now
         ), held AS MATERIALIZED (
          SELECT o_1.record_id AS id,
             array_agg(o_1.kind ORDER BY o_1.hold_id) AS kinds,
             array_agg(o_1.placer_id ORDER BY o_1.hold_id) AS placers
            FROM ( SELECT DISTINCT i_1.id AS record_id,
                     o_2.hold_id,
                     o_2.kind,
                     o_2.placer_id
                    FROM (unnest(facts_of.ids) i_1(id)
                      CROSS JOIN LATERAL holds_over(i_1.id) o_2(hold_id, kind, placer_id))) o_1
           GROUP BY o_1.record_id
         ), stuck AS MATERIALIZED (
          SELECT f_1.record_id AS id,
             array_agg(f_1.kind ORDER BY f_1.kind) AS kinds
            FROM (moment n_1
              CROSS JOIN LATERAL frozen_all(facts_of.ids, n_1.now) f_1(record_id, kind))
           GROUP BY f_1.record_id
         ), ties AS MATERIALIZED (
          SELECT i_1.id,
             t.manager_id,
             t.party_id
            FROM (unnest(facts_of.ids) i_1(id)
              CROSS JOIN LATERAL ties_of(i_1.id) t(collateral_id, loan_id, manager_id, dealer_id, party_id))
         ), near AS MATERIALIZED (
          SELECT x.id,
             array_agg(x.who ORDER BY x.who) AS who
            FROM ( SELECT t.id,
                     p.who
                    FROM (ties t
                      JOIN unnest(facts_of.people) p(who) ON ((p.who = t.manager_id)))
                 UNION
                  SELECT t.id,
                     s.staff_id
                    FROM (ties t
                      JOIN staff_relations s ON ((s.party_id = t.party_id)))
                   WHERE (s.staff_id = ANY (facts_of.people))) x
           GROUP BY x.id
         )
  SELECT n.now,
     r.id,
     m.id,
     m.kind,
     m.request_id,
     q.purpose,
     m.holder_id,
     m.lapses_at,
     m.out_at,
     m.due_at,
     m.returned_at,
     (m.claimed_at IS NOT NULL),
     m.extensions,
         CASE
             WHEN ((o.expires_at > n.now) AND (o.state = 'PENDING'::text)) THEN m.operation_id
             ELSE NULL::uuid
         END AS "case",
     h.kinds,
     h.placers,
     d.keys,
     d.codes,
     i.who,
     late.who,
     gone.who,
     COALESCE(f.kinds, '{}'::text[]) AS "coalesce",
     e.mates
    FROM (((((((((((moment n
      CROSS JOIN archive_records r)
      LEFT JOIN movements m ON (((m.record_id = r.id) AND (m.closed_at IS NULL))))
      LEFT JOIN access_requests q ON ((q.id = m.request_id)))
      LEFT JOIN operations o ON ((o.id = m.operation_id)))
      LEFT JOIN held h ON ((h.id = r.id)))
      LEFT JOIN near i ON ((i.id = r.id)))
      LEFT JOIN stuck f ON ((f.id = r.id)))
      CROSS JOIN LATERAL ( SELECT array_agg(k.staff_id) FILTER (WHERE (k.seat = 'KEY'::text)) AS keys,
             array_agg(k.staff_id) FILTER (WHERE (k.seat = 'CODE'::text)) AS codes
            FROM keeper_duties k
           WHERE ((k.vault_id = r.vault_id) AND (k.during @> n.now))) d)
      CROSS JOIN LATERAL ( SELECT array_agg(DISTINCT x.holder_id) AS who
            FROM movements x
           WHERE ((x.holder_id = ANY (facts_of.people)) AND (x.closed_at IS NULL) AND (x.returned_at IS NULL) AND (x.due_at < n.now))) late)
      CROSS JOIN LATERAL ( SELECT array_agg(s.id) AS who
            FROM staff s
           WHERE ((s.id = ANY (facts_of.people)) AND (NOT s.active))) gone)
      CROSS JOIN LATERAL ( SELECT array_agg(x.id) AS mates
            FROM archive_records x
           WHERE ((x.envelope_id = r.envelope_id) AND (x.id <> r.id) AND (x.state = r.state))) e)
   WHERE (r.id = ANY (facts_of.ids));
END;

-- facts_of_staff(uuid,uuid,tstzrange,timestamp with time zone,text): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.facts_of_staff(who uuid, vault uuid, during tstzrange, at timestamp with time zone DEFAULT clock_timestamp(), seat text DEFAULT NULL::text)
 RETURNS TABLE(id uuid, org_id uuid, kind text, active boolean, has_custody boolean, has_duty_then boolean, has_other_seat boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select s.id, s.org_id, s.kind, s.active, has_custody(s.id, at),
         exists (select from keeper_duties d where d.staff_id = s.id and d.vault_id = vault and d.during && t.then),
         coalesce(has_other_seat(s.id, vault, facts_of_staff.seat, t.then), false)
  from staff s, (select tstzrange(coalesce(lower(facts_of_staff.during), at), upper(facts_of_staff.during)) as then) t where s.id = who $function$;

-- feed_position(): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.feed_position()
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select greatest(
    coalesce((select transaction_id::text::bigint from events where transaction_id < pg_snapshot_xmin(pg_current_snapshot())
              order by transaction_id desc limit 1), 0),
    coalesce((select transaction_id::text::bigint from notices where transaction_id < pg_snapshot_xmin(pg_current_snapshot())
              order by transaction_id desc limit 1), 0)) $function$;

-- frozen_all(uuid[],timestamp with time zone): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.frozen_all(records uuid[], at timestamp with time zone)
 RETURNS TABLE(record_id uuid, kind text)
 LANGUAGE sql
 STABLE
AS $function$
  select d.record_id, case when d.item_id is null then d.kind else 'ITEM' end from discrepancies d
    where d.record_id = any (records) and d.resolved_at is null
  union select r.id, 'SLOT' from archive_records r join archive_records x on x.envelope_id = r.envelope_id and x.id <> r.id
    join discrepancies d on d.record_id = x.id and d.resolved_at is null where r.id = any (records)
  union select r.id, 'COUNT' from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
    join stocktake_places p on p.location_id = coalesce(e.location_id, r.location_id) and p.closed_at is null and p.frozen_until > at
    where r.id = any (records) $function$;

-- frozen_kinds(uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.frozen_kinds(record uuid, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS text[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select array(select f.kind from frozen_all(array[record], at) f order by 1) $function$;

-- frozen_records(): owned by loanfile_judge, called by loanfile_app, loanfile_reader
CREATE OR REPLACE FUNCTION public.frozen_records()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare places uuid[] := array(select p.location_id from stocktake_places p where p.closed_at is null and p.frozen_until > clock_timestamp());
  cases uuid[] := array(select distinct d.record_id from discrepancies d where d.resolved_at is null and d.record_id is not null); begin
  if cardinality(places) > 0 then
    cases := array(select unnest(cases)
      union select r.id from sealed_envelopes e join archive_records r on r.envelope_id = e.id where e.location_id = any (places)
      union select r.id from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
        where r.location_id = any (places) and e.location_id is null);
  end if;
  return array(select unnest(cases)
    union select x.id from discrepancies d join archive_records r on r.id = d.record_id join archive_records x on x.envelope_id = r.envelope_id
      where d.resolved_at is null);
end $function$;

-- ground_of_return(uuid,uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.ground_of_return(holder uuid, bringer uuid, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select case when b.id = h.id then 'HOLDER'
    when not b.active or b.kind <> 'PERSON' then null
    when exists (select from delegations d where d.from_staff_id = h.id and d.to_staff_id = b.id and d.during @> at) then 'DELEGATE'
    when b.org_id <> h.org_id then null
    when exists (select from staff_roles r where r.staff_id = b.id and r.role in ('CREDIT_DEPT_HEAD', 'OPS_HEAD', 'BRANCH_HEAD')) then 'HEAD'
    when not h.active then 'COLLEAGUE' end
  from staff h join staff b on b.id = bringer where h.id = holder $function$;

-- handover_facts(uuid,uuid[],uuid,text,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.handover_facts(which uuid, ids uuid[], the_vault uuid, the_seal text, at timestamp with time zone)
 RETURNS TABLE(record_id uuid, kind text, state text, from_org uuid, to_org uuid, to_has_vault boolean, giver uuid, taker uuid, line text, stood_as text, shipped boolean, back boolean, complete boolean, is_current boolean, elsewhere boolean, kept_by_giver boolean, fit_for_archive boolean, late boolean, seal_used boolean, not_counted integer, keys uuid[], codes uuid[])
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.id, h.kind, h.state, h.org_id, h.to_org_id, o.has_vault, h.giver_id, h.taker_id, l.state, l.stood_as,
         l.shipment_id is not null, l.back_operation_id is not null,
         coalesce(f.copies > 0 and f.pages > 0 and (r.tier = 'SECOND' or f.seal_no is not null or needs_no_seal(r.id)), false),
         coalesce((f.archive_no, f.barcode, f.copies, f.pages, f.is_original, f.stood_as)
           = (l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.stood_as) and f.seal_no is not distinct from l.seal_no, false),
         exists (select from handover_lines x where x.record_id = r.id and x.handover_id <> h.id and x.state = 'SENT'),
         r.custody_org_id = h.org_id and (h.kind <> 'CUSTODIAN' or r.tier = 'FIRST' or r.custodian_id = h.giver_id),
         h.kind <> 'TO_ARCHIVE' or r.state = 'CLOSED_VOLUME' and r.cutoff_at is not null and coalesce(r.retention_class in ('TWENTY_YEARS', 'PERMANENT'), false),
         s.late, s.used, s.not_counted, d.keys, d.codes
  from handovers h join org_units o on o.id = h.to_org_id join archive_records r on r.id = any (ids)
  left join handover_lines l on l.handover_id = h.id and l.record_id = r.id
  left join lateral handover_line_of(r.id) f on true
  cross join (select exists (select from shipments p join handover_lines x on x.shipment_id = p.id and x.state = 'SENT'
                             where p.handover_id = which and p.due_at < at) late,
                     exists (select from shipments p where p.seal_no = the_seal) or exists (select from seals e where e.seal_no = the_seal) used,
                     uncounted(which, at) not_counted) s
  cross join (select array_agg(k.staff_id) filter (where k.seat = 'KEY') keys, array_agg(k.staff_id) filter (where k.seat = 'CODE') codes
              from keeper_duties k where k.vault_id = the_vault and k.during @> at) d
  where h.id = which $function$;

-- handover_line_of(uuid): owned by loanfile_judge, called by loanfile_registrar
CREATE OR REPLACE FUNCTION public.handover_line_of(record uuid)
 RETURNS TABLE(tier text, archive_no text, barcode text, copies integer, pages integer, is_original boolean, seal_no text, stood_as text, kept_by uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.tier, r.archive_no, r.barcode, case when r.tier = 'FIRST' then 1 else i.copies end,
         case when r.tier = 'FIRST' then greatest(r.pages, 1) else i.pages end, case when r.tier = 'FIRST' then true else i.originals end,
         e.seal_no, r.state, r.custody_org_id
  from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
  cross join lateral (select count(*)::integer copies, coalesce(sum(f.pages), 0)::integer pages, coalesce(bool_and(f.is_original), true) originals
                      from file_items f where f.record_id = r.id) i
  where r.id = record $function$;

-- handover_state_of(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.handover_state_of(which uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select case when bool_and(state = 'LISTED') or count(*) = 0 then 'DRAFT'
              when bool_or(state in ('LISTED', 'SENT') or state = 'REJECTED' and shipment_id is not null and back_operation_id is null
                         and exists (select from archive_records r where r.id = record_id and r.state = 'IN_TRANSIT'))
                then case when bool_or(state in ('ACKNOWLEDGED', 'RESPONSIBILITY_ONLY', 'REJECTED')) then 'PARTLY_ACKNOWLEDGED' else 'SENT' end
              when bool_or(state in ('ACKNOWLEDGED', 'RESPONSIBILITY_ONLY', 'REJECTED')) then 'CLOSED'
              else 'RECALLED' end
  from handover_lines where handover_id = which $function$;

-- has_custody(uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.has_custody(who uuid, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from movements m where m.holder_id = who and m.closed_at is null and m.out_at is not null and m.returned_at is null)
      or exists (select from keeper_duties d where d.staff_id = who and upper(d.during) > at)
      or exists (select from archive_records r where r.custodian_id = who and r.state not in ('DESTROYED', 'CLOSED_LOST'))
      or exists (select from discrepancies x where x.owner_id = who and x.resolved_at is null) $function$;

-- has_interest(uuid,uuid[]): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.has_interest(who uuid, records uuid[])
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from unnest(records) r (id) cross join lateral ties_of(r.id) t where t.manager_id = who
    or exists (select from staff_relations s where s.staff_id = who and s.party_id = t.party_id)) $function$;

-- has_open_claim(uuid): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.has_open_claim(movement uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from return_claims c where c.movement_id = movement and c.resolved_at is null) $function$;

-- has_open_discrepancy(uuid,text): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.has_open_discrepancy(record uuid, kind text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from discrepancies d where d.record_id = record and d.kind = has_open_discrepancy.kind
    and d.item_id is null and d.resolved_at is null) $function$;

-- has_other_seat(uuid,uuid,text,tstzrange): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.has_other_seat(who uuid, vault uuid, seat text, during tstzrange)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from keeper_duties d where d.staff_id = who and d.vault_id = vault and d.seat <> has_other_seat.seat
    and not isempty(d.during) and days_on_duty(d.during) && days_on_duty(has_other_seat.during)) $function$;

-- holds_over(uuid): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.holds_over(record uuid)
 RETURNS TABLE(hold_id uuid, kind text, placer_id uuid)
 LANGUAGE sql
 STABLE
AS $function$
  select h.id, h.kind, h.placer_id from ties_of(record) t
  join holds h on h.lifted_at is null and (h.record_id = record or h.loan_id = t.loan_id or h.collateral_id = t.collateral_id
                                           or h.party_id = t.party_id or h.dealer_id = t.dealer_id) $function$;

-- holds_that_cover(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader
CREATE OR REPLACE FUNCTION public.holds_that_cover(record uuid)
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
  select coalesce(array_agg(distinct h.hold_id), '{}') from holds_over(record) h $function$;

-- index_everything(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.index_everything()
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare t record; total bigint := 0; made bigint; begin
  for t in select tgrelid::regclass as source, string_to_array(encode(tgargs, 'escape'), '\000') as told
           from pg_trigger where tgfoid = 'tg_search_insert'::regproc loop
    execute search_insertion(t.told[1], t.told[2], t.told[3], t.source::text);
    get diagnostics made = row_count;
    total := total + made;
  end loop;
  insert into barcodes (code, kind, subject_id, issued_at)
    select e.barcode, 'ENVELOPE', e.id, e.created_at from sealed_envelopes e
    union all select r.barcode, case r.tier when 'FIRST' then 'PAPER' else 'VOLUME' end, r.id, r.created_at from archive_records r
    on conflict do nothing;
  return total;
end $function$;

-- is_administration(text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.is_administration(action text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select action in ('CREATE_ORG_UNIT', 'REGISTER_STAFF', 'GRANT_ROLE', 'REVOKE_ROLE', 'DELEGATE', 'ASSIGN_DUTY', 'HAND_OVER_DUTY',
                    'DECLARE_RELATION', 'DEACTIVATE_STAFF', 'CREATE_LOCATIONS', 'PROPOSE_POLICY', 'GRANT_READING', 'TRANSFER_LOANS',
                    'CLOSE_ORG_UNIT') $function$;

-- is_being_counted(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.is_being_counted(record uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$ select 'COUNT' = any (frozen_kinds(record)) $function$;

-- is_counted(uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.is_counted(location uuid, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from stocktake_places p where p.location_id = location and p.closed_at is null and p.frozen_until > at) $function$;

-- is_covered(uuid,uuid[],timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.is_covered(record uuid, leaving uuid[], at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from archive_records r join collateral c on c.id = r.collateral_id where r.id = record and c.kind = 'INVENTORY')
    and (select bool_and(p.owed is not null) and sum(p.owed) * parameter_of('cover_percent', (select org_id from archive_records where id = record), 120, at) / 100
         <= coalesce((select sum(c.value_amount) from collateral c where c.id in (
              select x.collateral_id from loan_collateral x where x.loan_id in (select loan_id from loans_on(record)))
            and c.id not in (select r.collateral_id from archive_records r where r.id = any (leaving) and r.collateral_id is not null)
            and exists (select from archive_records r where r.collateral_id = c.id and r.tier = 'FIRST'
                and (r.state in ('IN_VAULT', 'CHECKED_OUT', 'RETURN_PENDING') or r.state = 'RESERVED' and exists (
                  select from movements m where m.record_id = r.id and m.closed_at is null and m.kind = 'CHECKOUT')))), 0)
         from loans_on(record) l left join lateral payoff_of(l.loan_id) p on true) $function$;

-- is_custody_role(text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.is_custody_role(role text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select role in ('VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE', 'REGISTER_CLERK', 'ARCHIVIST') $function$;

-- is_electronic(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.is_electronic(certificate uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from collateral_certificates c where c.id = certificate and c.is_electronic) $function$;

-- is_healed(uuid,text,text,text): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.is_healed(scan uuid, copy text, bad text, good text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from fixity_findings f where f.scan_id = scan and f.place = copy and f.version_id = bad and f.healed_version_id = good) $function$;

-- is_loose(archive_records): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.is_loose(r archive_records)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select coalesce(r.tier = 'FIRST' and r.kind = 'SETTLEMENT_NOTICE' and r.envelope_id is null, false) $function$;

-- is_on_hold(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.is_on_hold(record uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
  select exists (select from holds_over(record)) $function$;

-- is_substitute(uuid,text,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.is_substitute(who uuid, wanted text, at timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from staff_roles r where r.staff_id = who and r.role = wanted)
      or exists (select from delegations d where d.to_staff_id = who and d.role = wanted and d.during @> at) $function$;

-- is_well_read(text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.is_well_read(code text)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
declare alphabet constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'; sum int := 18; value int; begin
  if code !~ '^[0-9A-Z]{2,}$' then return false; end if;
  foreach value in array array(select strpos(alphabet, c) - 1 from unnest(string_to_array(code, null)) c) loop
    sum := (case sum when 0 then 36 else sum end * 2 % 37 + value) % 36;
  end loop;
  return sum = 1;
end $function$;

-- is_working_day(date): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.is_working_day(which date)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce((select h.is_working from holidays h where h.day = which), extract(isodow from which) < 6) $function$;

-- json_members(jsonb,text[]): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.json_members(rows jsonb, VARIADIC names text[])
 RETURNS uuid[]
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select coalesce(array_agg(distinct (r->>n)::uuid) filter (where r->>n is not null), '{}') from jsonb_array_elements(rows) r, unnest(names) n $function$;

-- json_valid(jsonb,jsonb,text,date,jsonb): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.json_valid(rows jsonb, told jsonb, theirs text, day date, columns jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select coalesce(jsonb_agg(r || coalesce((
    select (select jsonb_object_agg(c.key, case c.value when 'from' then to_jsonb(lower((t->>'during')::daterange)) else t->c.value end)
            from jsonb_each_text(columns) c)
    from jsonb_array_elements(told) t where t->>theirs = r->>'id' and (t->>'during')::daterange @> day), '{}')), '[]')
  from jsonb_array_elements(rows) r $function$;

-- json_without(jsonb,text,uuid[]): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.json_without(rows jsonb, name text, hidden uuid[])
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when cardinality(hidden) = 0 then rows else (
    select coalesce(jsonb_agg(r), '[]') from jsonb_array_elements(rows) r where ((r->>name)::uuid = any (hidden)) is not true) end $function$;

-- judged_in(uuid[]): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.judged_in(events uuid[])
 RETURNS TABLE(event_id uuid, parameters jsonb, purpose text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
  select e.id, d.parameters, coalesce(d.moves->'request'->>'purpose', d.moves->'ask'->>'purpose')
  from decisions d cross join lateral unnest(d.event_ids) as e (id)
  where (select app_has_role('COMPLIANCE', 'AUDITOR')) and d.event_ids && events and e.id = any (events) $function$;

-- kept_by_two(uuid[]): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.kept_by_two(records uuid[])
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from operations o join act_seats s on s.action = o.action and s.tier = o.tier and s.seat = 'KEY'
                 where o.done_in = pg_current_xact_id() and o.state = 'DONE' and o.record_ids && records) $function$;

-- labels_of(uuid[]): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.labels_of(things uuid[])
 RETURNS SETOF text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not app_everywhere() then raise insufficient_privilege using message = 'labels of the whole bank are for those who see it'; end if;
  return query select b.code from barcodes b where b.subject_id = any (things);
end $function$;

-- last_scan_version(uuid): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.last_scan_version(subject uuid)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(max(s.scan_version), 0) from scans s where s.subject_id = subject $function$;

-- lateness_of(uuid[],timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.lateness_of(people uuid[], at timestamp with time zone)
 RETURNS TABLE(staff_id uuid, org_id uuid, own_due timestamp with time zone, unit_due timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select s.id, s.org_id,
    (select min(m.due_at) from movements m where m.holder_id = s.id and m.closed_at is null and m.out_at is not null
      and m.returned_at is null and m.due_at < at),
    (select min(m.due_at) from movements m join staff o on o.id = m.holder_id where o.org_id = s.org_id and m.closed_at is null
      and m.out_at is not null and m.returned_at is null and m.due_at < at)
  from staff s where s.id = any (people) $function$;

-- ledger_proof(bigint,bigint,bytea[]): owned by loanfile_owner, called by loanfile_app, loanfile_reader
CREATE OR REPLACE FUNCTION public.ledger_proof(leaf bigint, leaves bigint, border bytea[])
 RETURNS text[]
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
  select coalesce(array_agg(translate(encode(coalesce(n.hash, border[g.height + 1]), 'base64'), e'\n', '') order by g.height), '{}')
  from generate_series(0, 61) g(height)
  cross join lateral (select (leaf >> g.height) # 1 as sibling) s
  left join ledger_nodes n on n.level = g.height and n.position = s.sibling and ((s.sibling + 1) << g.height) <= leaves
  where (1::bigint << g.height) < leaves and (s.sibling << g.height) < leaves $function$;

-- letter_no_taken(uuid,text): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.letter_no_taken(unit uuid, wanted text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from bailee_letters where org_id = unit and letter_no = wanted) $function$;

-- lines_under(uuid,uuid,uuid,uuid,uuid): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.lines_under(record uuid, loan uuid, asset uuid, party uuid, dealer uuid)
 RETURNS TABLE(record_id uuid, loan_id uuid, state text, back_to text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.id, coalesce(r.primary_loan_id, r.custody_org_id), r.state, d.back_to from disposal_lines d join archive_records r on r.id = d.record_id
  left join loans l on l.id = r.primary_loan_id left join customers c on c.id = l.customer_id
  where d.is_open and (r.id = record or r.primary_loan_id = loan or r.collateral_id = asset or c.party_id = party or l.dealer_id = dealer) order by r.id $function$;

-- list_hash_of(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.list_hash_of(batch uuid)
 RETURNS bytea
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select sha256(convert_to(string_agg(l.record_id::text, ',' order by l.record_id), 'UTF8')) from disposal_lines l where l.batch_id = batch and l.is_open $function$;

-- loan_file(uuid,timestamp with time zone,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader
CREATE OR REPLACE FUNCTION public.loan_file(loan uuid, as_of timestamp with time zone, known_at timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  moment constant timestamptz := least(as_of, known_at);
  day constant date := bank_day(as_of);
  unseen constant uuid[] := blind_records();
  it constant uuid[] := array[loan];
  assets uuid[]; papers uuid[]; moves uuid[]; requests uuid[]; borrowers uuid[]; dealers uuid[];
  found jsonb; loans_ jsonb; assets_ jsonb; papers_ jsonb; holdings_ jsonb; envelopes_ jsonb; requests_ jsonb; approvals_ jsonb; scans_ jsonb;
  people_ jsonb; begin
  if not exists (select from loans l where l.id = loan and (app_everywhere() or l.org_id = any (app_branches()))) then return null; end if;
  papers := ever_of('archive_records', it);
  assets := ever_had('loan_collateral', ever_of('loan_collateral', it), 'collateral_id') || ever_had('archive_records', papers, 'collateral_id');
  moves := ever_of('movements', papers);
  requests := ever_had('request_lines', ever_of('request_lines', papers), 'request_id');
  borrowers := ever_had('loans', it, 'customer_id');
  dealers := ever_had('loans', it, 'dealer_id');

  loans_ := json_valid(rows_at('loans', it, moment, known_at),
    rows_at('loan_classifications', ever_of('loan_classifications', it), known_at, known_at),
    'loan_id', day, '{"classification": "classification"}');
  assets_ := json_valid(rows_at('collateral', assets, moment, known_at),
    rows_at('collateral_valuations', ever_of('collateral_valuations', assets), known_at, known_at),
    'collateral_id', day, '{"value_amount": "amount", "currency": "currency", "valued_on": "from"}');
  papers_ := json_without(rows_at('archive_records', papers, moment, known_at), 'id', unseen);
  select coalesce(jsonb_agg(m), '[]') into holdings_
    from jsonb_array_elements(json_without(rows_at('movements', moves, known_at, known_at), 'record_id', unseen)) m
    where (m->>'out_at')::timestamptz <= as_of
      and coalesce((m->>'returned_at')::timestamptz, (m->>'closed_at')::timestamptz, 'infinity') > as_of;
  envelopes_ := json_without(rows_at('sealed_envelopes', ever_had('archive_records', papers, 'envelope_id'), moment, known_at), 'id', blind_envelopes());
  requests_ := json_without(rows_at('access_requests', requests, moment, known_at), 'id', blind_requests());
  approvals_ := json_without(rows_at('approvals', ever_of('approvals', requests), moment, known_at), 'request_id', blind_requests());
  scans_ := json_without(rows_at('scans', ever_of('scans', papers), moment, known_at), 'record_id', unseen);
  found := jsonb_build_object(
    'loans', loans_, 'collateral', assets_, 'archive_records', papers_, 'holdings', holdings_, 'sealed_envelopes', envelopes_,
    'access_requests', requests_, 'approvals', approvals_, 'scans', scans_,
    'loan_positions', (select coalesce(jsonb_agg(p), '[]') from jsonb_array_elements(
      rows_at('loan_positions', ever_of('loan_positions', it), known_at, known_at)) p where (p->>'as_of')::timestamptz <= as_of),
    'loan_contracts', rows_at('loan_contracts', ever_of('loan_contracts', it), moment, known_at),
    'contracts', rows_at('contracts', ever_had('loan_contracts', ever_of('loan_contracts', it), 'contract_id'), moment, known_at),
    'loan_collateral', rows_at('loan_collateral', ever_of('loan_collateral', it), moment, known_at),
    'collateral_certificates', rows_at('collateral_certificates', ever_of('collateral_certificates', assets)
      || ever_had('archive_records', papers, 'certificate_id'), moment, known_at),
    'file_items', json_without(rows_at('file_items', ever_of('file_items', papers), moment, known_at), 'record_id', unseen),
    'movements', json_without(rows_at('movements', moves, moment, known_at), 'record_id', unseen),
    'request_lines', json_without(rows_at('request_lines', ever_of('request_lines', papers), moment, known_at), 'record_id', unseen),
    'holds', json_without(rows_at('holds', ever_of('holds', papers || assets || it || dealers || ever_had('customers', borrowers, 'party_id')),
      moment, known_at), 'record_id', unseen),
    'dealers', rows_at('dealers', dealers, moment, known_at),
    'loan_products', rows_at('loan_products', ever_had('loans', it, 'product_id'), moment, known_at));
  -- The borrower goes with the loan, also as the branch knew them that had it before; an owner is told to whoever sees the row.
  select coalesce(jsonb_agg(distinct c - '{identity_index,identity_cipher,phone_index,phone_cipher,address_cipher}'::text[]), '[]') into people_
    from (select jsonb_array_elements(rows_at('customers', json_members(assets_, 'owner_id'), moment, known_at))
          union all select constants_of('customers') || x.content from unnest(borrowers) b, lateral (select v.content from row_versions v
            where v.table_name = 'customers' and v.row_id = b and v.recorded_at <= moment order by v.id + 0 desc limit 1) x) c (c);
  return found || jsonb_build_object(
    'customers', people_,
    'staff', rows_at('staff', json_members(loans_, 'manager_id') || json_members(papers_, 'custodian_id')
      || json_members(found->'movements', 'holder_id') || json_members(holdings_, 'holder_id')
      || json_members(requests_, 'applicant_id', 'reader_id') || json_members(approvals_, 'approver_id') || json_members(scans_, 'uploaded_by'),
      moment, known_at),
    'org_units', rows_at('org_units', json_members(loans_, 'org_id') || json_members(papers_, 'custody_org_id')
      || json_members(assets_, 'org_id') || json_members(requests_, 'org_id'), moment, known_at),
    'storage_locations', rows_at('storage_locations', json_members(papers_, 'location_id', 'vault_id')
      || json_members(envelopes_, 'location_id'), moment, known_at));
end $function$;

-- loan_file_since(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader
CREATE OR REPLACE FUNCTION public.loan_file_since(loan uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select min(v.recorded_at) from row_versions v where v.table_name = 'loans' and v.row_id = loan
    and exists (select from loans l where l.id = loan and (app_everywhere() or l.org_id = any (app_branches()))) $function$;

-- loans_on(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.loans_on(record uuid)
 RETURNS TABLE(loan_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.primary_loan_id from archive_records r where r.id = record and r.primary_loan_id is not null
  union select x.loan_id from archive_records r join loan_collateral x on x.collateral_id = r.collateral_id where r.id = record $function$;

-- loans_to_transfer(jsonb): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.loans_to_transfer(change jsonb)
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(array_agg(l.id order by l.id), '{}') from loans l where l.org_id = (change->>'unit')::uuid
    and (change->'loans' is null or l.id in (select i::uuid from jsonb_array_elements_text(change->'loans') i)) $function$;

-- lock_chains(uuid[]): owned by loanfile_registrar, called by loanfile_app, loanfile_judge, loanfile_search
CREATE OR REPLACE FUNCTION public.lock_chains(ids uuid[])
 RETURNS TABLE(id uuid, seq bigint, head bytea, last_at timestamp with time zone, org_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  insert into chains (id, kind, org_id)
  select l.id, 'LOAN', l.org_id from loans l where l.id = any (ids)
  union all
  select o.id, 'ORG_UNIT', o.id from org_units o where o.id = any (ids)
  order by 1
  on conflict do nothing;
  return query select c.id, c.seq, c.head, c.last_at, c.org_id from chains c where c.id = any (ids) order by c.id for update;
end $function$;

-- lock_found(uuid): owned by loanfile_registrar, called by loanfile_app, loanfile_judge, loanfile_search
CREATE OR REPLACE FUNCTION public.lock_found(stocktake uuid)
 RETURNS TABLE(record_id uuid, chain_id uuid)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.id, coalesce(r.primary_loan_id, r.custody_org_id) from archive_records r
  where r.id in (select x.id from stocktake_findings(stocktake) f join archive_records x on x.id = f.record_id or x.envelope_id = f.envelope_id
                 where f.result in ('EXTRA', 'WRONG_SLOT', 'SEAL_BROKEN'))
  order by r.id for update of r $function$;

-- lock_subject(uuid,uuid,uuid,uuid,uuid): owned by loanfile_registrar, called by loanfile_app, loanfile_judge, loanfile_search
CREATE OR REPLACE FUNCTION public.lock_subject(record uuid, loan uuid, asset uuid, party uuid, dealer uuid)
 RETURNS TABLE(record_id uuid, loan_id uuid)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.id, r.primary_loan_id from archive_records r
  where r.id in (select u.record_id from records_under(record, loan, asset, party, dealer) u)
  order by r.id for update of r $function$;

-- lock_vehicle(text): owned by loanfile_owner, called by loanfile_app, loanfile_judge
CREATE OR REPLACE FUNCTION public.lock_vehicle(vin text)
 RETURNS void
 LANGUAGE sql
AS $function$
  select pg_advisory_xact_lock(hashtextextended('vehicle ' || vin, 0)) $function$;

-- look_up(text): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.look_up(asked text)
 RETURNS TABLE(kind text, id uuid, place text, is_retired boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select h.* from look_up_of_all(asked) h
  where h.id <> all ((select blind_records())::uuid[]) and h.id <> all ((select blind_envelopes())::uuid[]) $function$;

-- look_up_of_all(text): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.look_up_of_all(asked text)
 RETURNS TABLE(kind text, id uuid, place text, is_retired boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select f.kind, f.id, f.place, f.is_retired from (
    select 'record' as kind, r.id, 'BARCODE' as place, c.retired_at is not null as is_retired, r.visible_to as units
      from barcodes c join archive_records r on r.id = c.subject_id where c.code = upper(asked)
    union all select 'envelope', e.id, 'BARCODE', c.retired_at is not null, e.visible_to
      from barcodes c join sealed_envelopes e on e.id = c.subject_id where c.code = upper(asked)
    union all select 'envelope', e.id, 'SEAL', s.broken_at is not null, e.visible_to
      from seals s join sealed_envelopes e on e.id = s.envelope_id where s.seal_no = asked
    union all select 'record', r.id, 'ARCHIVE_NO', false, r.visible_to from archive_records r where r.archive_no = asked
    union all select 'certificate', c.id, 'CERTIFICATE_NO', not c.is_live, c.visible_to from collateral_certificates c where c.number = asked
    union all select 'collateral', c.id, 'VIN', false, c.visible_to from collateral c where c.vin = upper(asked)
    union all select 'loan', l.id, 'LOAN_NO', false, array[l.org_id] from loans l where l.number = asked
    union all select 'contract', c.id, 'CONTRACT_NO', false, array[c.org_id] from contracts c where c.number = asked
    union all select 'handover', h.id, 'HANDOVER_NO', false, h.visible_to
      from handovers h join org_units u on u.id = h.org_id where upper(right(h.id::text, 12)) = right(asked, 12)
        and u.code || '-H' || upper(right(h.id::text, 12)) = asked
    union all select 'ticket', t.id, 'TICKET_NO', t.is_void, array[t.org_id]
      from org_units u join tickets t on t.org_id = u.id and t.ticket_no = substring(asked, '-([0-9]{6,18})$')::bigint
      where u.code = substring(asked, '^(.+)-[0-9]{6,18}$')
        and u.code || '-' || lpad(t.ticket_no::text, greatest(6, length(t.ticket_no::text)), '0') = asked
    union all select 'receipt', i.id, 'RECEIPT_NO', false, o.visible_to
      from org_units u join operations o on o.org_id = u.id
      join intake_receipts i on i.operation_id = o.id and i.receipt_no = substring(asked, '-R([0-9]{8,18})$')::bigint
      where u.code = substring(asked, '^(.+)-R[0-9]{8,18}$')
        and u.code || '-R' || lpad(i.receipt_no::text, greatest(8, length(i.receipt_no::text)), '0') = asked) f
  where app_everywhere() or f.units && app_branches() order by f.is_retired, f.place, f.id limit 100 $function$;

-- names_over_time(uuid[]): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.names_over_time(people uuid[])
 RETURNS TABLE(staff_id uuid, name text, since timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select v.row_id, v.content->>'name', v.recorded_at from row_versions v
  where (select app_has_role('COMPLIANCE', 'AUDITOR')) and v.table_name = 'staff' and v.row_id = any (people) and v.operation <> 'D' $function$;

-- needs_no_seal(uuid): owned by loanfile_judge, called by loanfile_registrar
CREATE OR REPLACE FUNCTION public.needs_no_seal(record uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(r.kind = 'SETTLEMENT_NOTICE', false) or is_electronic(r.certificate_id) from archive_records r where r.id = record $function$;

-- notice_is_filed(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.notice_is_filed(loan uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
  select exists (select from settlement_notices n join archive_records r on r.id = n.record_id where n.loan_id = loan and n.voided_at is null
    and r.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT')
    and exists (select from scans s where s.record_id = r.id and s.status = 'STORED')) $function$;

-- number_is_void(text,uuid): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.number_is_void(wanted text, certificate uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from collateral_certificates c where c.number = wanted and c.voided_at is not null and c.id is distinct from certificate)
    or exists (select from collateral_certificates c where c.id = certificate and c.voided_at is not null and c.number <> wanted) $function$;

-- numbers_in(text[]): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.numbers_in(begins text[])
 RETURNS SETOF text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare rest text; met text; n int; begin
  if not app_everywhere() then raise insufficient_privilege using message = 'numbers of the whole bank are for those who see it'; end if;
  foreach rest in array begins loop
    while length(rest) >= 4 loop
      select max(f.plain) into met from (
        (select t.plain from search_terms t where t.kind not in ('customer', 'scan') and t.plain ~ '[0-9]' and t.plain <= rest collate "C"
           order by t.plain desc limit 1)
        union all (select search_plain(c.old_value) collate "C" from corrections c
          where c.field in ('number', 'archive_no', 'barcode', 'seal_no') and search_plain(c.old_value) collate "C" <= rest collate "C"
          order by search_plain(c.old_value) collate "C" desc limit 1)
        union all (select search_plain(s.seal_no) collate "C" from seals s where search_plain(s.seal_no) collate "C" <= rest collate "C"
          order by search_plain(s.seal_no) collate "C" desc limit 1)
        union all (select search_plain(b.code) collate "C" from barcodes b
          where b.retired_at is not null and search_plain(b.code) collate "C" <= rest collate "C"
          order by search_plain(b.code) collate "C" desc limit 1)) f (plain);
      exit when met is null;
      if starts_with(rest, met) then
        if length(met) >= 4 then return next met; end if;
        rest := left(met, -1);
      else
        n := 0;
        while substr(met, n + 1, 1) = substr(rest, n + 1, 1) loop n := n + 1; end loop;
        rest := left(rest, n);
      end if;
    end loop;
  end loop;
end $function$;

-- papers_on(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.papers_on(loan uuid)
 RETURNS TABLE(record_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.id from archive_records r where r.primary_loan_id = loan and r.tier = 'FIRST'
  union select r.id from loan_collateral x join archive_records r on r.collateral_id = x.collateral_id
    where x.loan_id = loan and r.tier = 'FIRST' $function$;

-- parameter_of(text,uuid,integer,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.parameter_of(name text, org uuid, fallback integer, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
  select coalesce((select s.value::integer from policy_parameters s where s.key = name and (s.org_id is null or s.org_id = org)
                   and s.effective_from <= at order by s.org_id is null, s.effective_from desc limit 1), fallback) $function$;

-- party_for(bytea): owned by loanfile_registrar, called by loanfile_app, loanfile_judge, loanfile_search
CREATE OR REPLACE FUNCTION public.party_for(wanted bytea)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare found_id uuid; begin
  insert into parties (identity_index) values (wanted) on conflict (identity_index) do nothing;
  select id into found_id from parties where identity_index = wanted;
  return found_id;
end $function$;

-- payoff_of(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.payoff_of(loan uuid)
 RETURNS TABLE(as_of timestamp with time zone, owed numeric, settled boolean, settled_at timestamp with time zone, payoff_kind text, cleared_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with said as (select * from loan_positions p where p.loan_id = loan),
  unpaid as (select coalesce(max(p.as_of), '-infinity') as at from said p
    where (p.principal_amount, p.interest_amount, p.fees_amount) <> (0, 0, 0) or p.reversal_of_id is not null),
  paid as (select p.* from said p, unpaid u where p.as_of > u.at)
  select n.as_of, n.principal_amount + n.interest_amount + n.fees_amount, n.as_of > u.at,
    (select coalesce(min(p.settled_at), min(p.as_of)) from paid p),
    (select p.payoff_kind from paid p where p.payoff_kind is not null order by p.as_of desc limit 1),
    (select p.payoff_cleared_at from paid p where p.payoff_cleared_at is not null order by p.as_of desc limit 1)
  from (select * from said order by as_of desc limit 1) n, unpaid u $function$;

-- pending_until(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.pending_until(operation uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select o.expires_at from operations o where o.id = operation and o.state = 'PENDING' $function$;

-- people_for(text,uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.people_for(wanted text, unit uuid, at timestamp with time zone)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with recursive above as (
    select o.id, o.parent_id, 0 as far from org_units o where o.id = unit
    union all select o.id, o.parent_id, a.far + 1 from org_units o join above a on o.id = a.parent_id),
  able as (
    select s.id, a.far from above a join staff s on s.org_id = a.id and s.active and s.kind = 'PERSON'
    where exists (select from staff_roles r where r.staff_id = s.id and r.role = wanted)
       or exists (select from delegations d where d.to_staff_id = s.id and d.role = wanted and d.during @> at))
  select id from able where far = (select min(far) from able) $function$;

-- place_is_counted(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.place_is_counted(location uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from stocktake_places p where p.location_id = location and p.closed_at is null) $function$;

-- places_to_count(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.places_to_count(place uuid)
 RETURNS TABLE(location_id uuid, cabinet_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with recursive inside as (
    select l.id, l.kind, case when l.kind = 'CABINET' then l.id end as cabinet from storage_locations l where l.id = place
    union all
    select l.id, l.kind, case when l.kind = 'CABINET' then l.id else i.cabinet end from storage_locations l join inside i on l.parent_id = i.id)
  select i.id, coalesce(i.cabinet, (select p.id from storage_locations l join storage_locations p on p.id = l.parent_id and p.kind = 'CABINET'
                                    where l.id = i.id), i.id)
  from inside i
  where i.kind = 'SLOT' or exists (select from archive_records r where r.location_id = i.id)
     or i.kind = 'CABINET' and not exists (select from storage_locations l where l.parent_id = i.id) $function$;

-- policy_roles(text,uuid,timestamp with time zone): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.policy_roles(wanted text, unit uuid, at timestamp with time zone)
 RETURNS text[]
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
  select array(select jsonb_array_elements_text(p.value::jsonb) order by 1) from policy_parameters p
  where p.key = wanted and (p.org_id is null or p.org_id = unit) and p.effective_from <= at
  order by p.org_id is not null desc, p.effective_from desc limit 1 $function$;

-- put_right(uuid,jsonb,timestamp with time zone,timestamp with time zone): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.put_right(row_id uuid, content jsonb, recorded timestamp with time zone, known_at timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare c record; made jsonb := content; begin
  for c in
    select corrected_column(x.field) as name, x.old_value, x.new_value
    from corrections x, lateral (
      select min(v.recorded_at) as moment from row_versions v
      where v.table_name = 'operations' and v.row_id = x.operation_id and v.content->>'state' = 'DONE') done
    where x.subject_id = put_right.row_id and x.subject_kind <> 'EVENT' and done.moment > recorded and done.moment <= known_at
    order by done.moment, x.id loop
    if made->>c.name is not distinct from c.old_value then made := made || jsonb_build_object(c.name, c.new_value); end if;
  end loop;
  return made;
end $function$;

-- queue_of(uuid[],uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.queue_of(ids uuid[], own uuid)
 RETURNS TABLE(record_id uuid, waiting uuid[], recalled boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.id, (select array_agg(q.id order by q.queued_at, q.id) from request_lines x join access_requests q on q.id = x.request_id
                where x.record_id = r.id and q.state = 'WAITING' and q.id is distinct from own),
         exists (select from movements m where m.record_id = r.id and m.closed_at is null and m.recalled_at is not null)
  from archive_records r where r.id = any (ids) $function$;

-- queue_position(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.queue_position(request uuid)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
  select 1 + count(distinct o.id)::integer from access_requests q join request_lines l on l.request_id = q.id
  join request_lines x on x.record_id = l.record_id and x.request_id <> q.id
  join access_requests o on o.id = x.request_id and o.state = 'WAITING' and (o.queued_at, o.id) < (q.queued_at, q.id)
  where q.id = request $function$;

-- receipt_is_on_file(uuid,uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.receipt_is_on_file(scan uuid, request uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from scans s where s.id = scan and s.status = 'STORED' and s.subject_kind = 'REQUEST' and s.subject_id = request
    and not exists (select from releases v where v.request_id = request and v.authority_scan_id = s.id)) $function$;

-- recipient_fits(uuid,uuid,text,bytea,uuid,date,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.recipient_fits(request uuid, record uuid, capacity text, identity bytea, authority uuid, until date, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select case capacity
    when 'OWNER' then exists (select from archive_records r left join collateral c on c.id = r.collateral_id
      left join loans l on l.id = r.primary_loan_id join customers k on k.id = coalesce(c.owner_id, l.customer_id)
      where r.id = record and k.identity_index = identity)
    when 'ATTORNEY' then until >= (at at time zone 'Asia/Shanghai')::date and exists (select from scans s
      where s.id = authority and s.status = 'STORED' and s.subject_kind = 'REQUEST' and s.subject_id = request)
    else false end $function$;

-- recipient_is_verified(uuid,uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.recipient_is_verified(request uuid, record uuid, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from releases v where v.request_id = request and v.state = 'DRAFT' and coalesce(
    recipient_fits(request, record, v.capacity, v.identity_index, v.authority_scan_id, v.authority_until, at), false)) $function$;

-- records_under(uuid,uuid,uuid,uuid,uuid): owned by loanfile_judge, called by loanfile_registrar
CREATE OR REPLACE FUNCTION public.records_under(record uuid, loan uuid, asset uuid, party uuid, dealer uuid)
 RETURNS TABLE(record_id uuid)
 LANGUAGE sql
 STABLE
AS $function$
  with tied as (
    select loan as id union all select l.id from loans l where l.dealer_id = dealer
    union all select l.id from customers c join loans l on l.customer_id = c.id where c.party_id = party)
  select record where record is not null
  union select r.id from archive_records r where r.collateral_id = asset
  union select r.id from tied t join archive_records r on r.primary_loan_id = t.id
  union select r.id from tied t join loan_collateral x on x.loan_id = t.id join archive_records r on r.collateral_id = x.collateral_id $function$;

-- refresh_collateral(uuid): owned by loanfile_registrar, called by loanfile_app, loanfile_judge, loanfile_search
CREATE OR REPLACE FUNCTION public.refresh_collateral(which uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare seen uuid[]; begin
  select distinct_ids(array_agg(v)) into seen from (
    select org_id from collateral where id = which
    union select unnest(visible_to) from archive_records where collateral_id = which) x (v);
  update collateral set visible_to = seen where id = which and visible_to is distinct from seen;
  update collateral_certificates set visible_to = seen where collateral_id = which and visible_to is distinct from seen;
  update sealed_envelopes e set visible_to = distinct_ids(seen || e.org_id)
    where e.collateral_id = which and e.visible_to is distinct from distinct_ids(seen || e.org_id);
end $function$;

-- rehearse(text,jsonb,uuid): owned by loanfile_registrar, called by loanfile_app, loanfile_judge, loanfile_search
CREATE OR REPLACE FUNCTION public.rehearse(act text, change jsonb, who uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if act in ('TRANSFER_LOANS', 'CLOSE_ORG_UNIT') then perform administer_units(act, change, who);
  else perform administer(act, change, who); end if;
  raise exception 'rehearsed' using errcode = 'LF001';
end $function$;

-- reissue_fits(uuid,uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.reissue_fits(lost uuid, reissued uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from archive_records o join archive_records n on n.id = reissued and n.id <> o.id
    left join collateral_certificates oc on oc.id = o.certificate_id left join collateral_certificates nc on nc.id = n.certificate_id
    where o.id = lost and o.tier = 'FIRST' and n.tier = 'FIRST' and n.kind = o.kind and n.collateral_id is not distinct from o.collateral_id
      and (oc.id is null) = (nc.id is null) and (nc.id is null or nc.is_live and nc.number <> oc.number and nc.kind = oc.kind)
      and not exists (select from loss_cases c where c.reissued_as_id = n.id and c.record_id <> o.id)) $function$;

-- release_facts(uuid[],timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.release_facts(ids uuid[], at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS TABLE(record_id uuid, settled boolean, others_settled boolean, oldest timestamp with time zone, final_at timestamp with time zone, covered boolean, noticed boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.id, coalesce(s.settled, false), coalesce(s.others, true), s.oldest, s.final_at, coalesce(is_covered(r.id, ids, at), false),
    coalesce(s.noticed, false)
  from archive_records r cross join lateral (
    select bool_and(coalesce(p.settled, false)) filter (where l.loan_id = coalesce(r.primary_loan_id, l.loan_id)) settled,
      bool_and(coalesce(p.settled, false)) filter (where l.loan_id <> r.primary_loan_id) others,
      case when bool_and(p.as_of is not null) then min(p.as_of) end oldest, max(settlement_final_at(l.loan_id, at)) final_at,
      bool_or(notice_is_filed(l.loan_id)) filter (where l.loan_id = coalesce(r.primary_loan_id, l.loan_id)) noticed
    from loans_on(r.id) l left join lateral payoff_of(l.loan_id) p on true) s
  where r.id = any (ids) $function$;

-- release_ready_since(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.release_ready_since(record uuid)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare f record; mine record; begin
  select r.primary_loan_id, r.collateral_id into mine from archive_records r
    where r.id = record and r.state = 'IN_VAULT' and r.kind <> 'SETTLEMENT_NOTICE';
  if not found or exists (
      select from (select mine.primary_loan_id union select x.loan_id from loan_collateral x where x.collateral_id = mine.collateral_id) l (id)
      where l.id is not null and not coalesce((
        select (p.principal_amount, p.interest_amount, p.fees_amount) = (0, 0, 0) and p.reversal_of_id is null
        from loan_positions p where p.loan_id = l.id order by p.as_of desc limit 1), false))
     or is_on_hold(record) or cardinality(frozen_kinds(record)) > 0 then return null; end if;
  select * into f from release_facts(array[record]);
  return case when f.settled and f.others_settled and f.final_at <= clock_timestamp() then f.final_at end;
end $function$;

-- replacement_facts(uuid,uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.replacement_facts(record uuid, replacement uuid, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS TABLE(in_vault boolean, approved boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select s.* from archive_records n join collateral c on c.id = n.collateral_id,
    lateral replacement_stands(record, replacement, c.value_amount, at) s where n.id = replacement $function$;

-- replacement_stands(uuid,uuid,numeric,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.replacement_stands(record uuid, replacement uuid, wanted numeric, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS TABLE(in_vault boolean, approved boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select n.tier = 'FIRST' and n.state = 'IN_VAULT' and not exists (select from movements m where m.record_id = n.id and m.closed_at is null),
    n.id <> o.id and c.value_amount = wanted
      and exists (select from loan_collateral x where x.collateral_id = n.collateral_id and x.loan_id in (select loan_id from loans_on(o.id)))
      and not exists (select from loans_on(o.id) l left join lateral payoff_of(l.loan_id) p on true
        where not exists (select from loan_collateral x where x.collateral_id = n.collateral_id and x.loan_id = l.loan_id)
          and (not coalesce(p.settled, false) or settlement_final_at(l.loan_id, at) > at))
      and c.value_amount >= least(b.value_amount, (select sum(p.owed) from loans_on(o.id) l left join lateral payoff_of(l.loan_id) p on true)
        * parameter_of('cover_percent', o.org_id, 120, at) / 100)
  from archive_records n join collateral c on c.id = n.collateral_id, archive_records o left join collateral b on b.id = o.collateral_id
  where n.id = replacement and o.id = record $function$;

-- rest_of(text,text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.rest_of(tier text, state text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$ select case when tier = 'FIRST' then 'IN_VAULT' when state in ('SUBMITTED', 'CLOSED_VOLUME', 'ARCHIVED') then state
            when state in ('IN_TRANSIT', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED') then 'CLOSED_VOLUME' else 'FILED' end $function$;

-- retention_years(text,uuid): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.retention_years(class text, unit uuid)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select case when class = 'PERMANENT' then class_years(class)
    else greatest(class_years(class), parameter_of('retention_years.' || lower(class), unit, class_years(class))) end $function$;

-- right_is_a_case(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.right_is_a_case(record uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from discrepancies d where d.record_id = record and d.kind = 'RIGHT_NOT_SHOWN' and d.resolved_at is null) $function$;

-- roles_over_time(uuid[]): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.roles_over_time(people uuid[])
 RETURNS TABLE(staff_id uuid, role text, given_at timestamp with time zone, taken_at timestamp with time zone, delegated_by uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select (v.content->>'staff_id')::uuid, v.content->>'role', v.recorded_at,
    (select min(d.recorded_at) from row_versions d where d.table_name = 'staff_roles' and d.row_id = v.row_id and d.operation = 'D'), null::uuid
  from row_versions v
  where (select app_has_role('COMPLIANCE', 'AUDITOR')) and v.table_name = 'staff_roles' and v.operation = 'I'
    and v.content->>'staff_id' = any (people::text[])
  union all
  select d.to_staff_id, d.role, lower(d.during), upper(d.during), d.from_staff_id from delegations d
  where (select app_has_role('COMPLIANCE', 'AUDITOR')) and d.to_staff_id = any (people) $function$;

-- row_parent(text,jsonb): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.row_parent(of text, content jsonb)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select (case
    when of in ('loan_positions', 'loan_contracts', 'loan_collateral', 'loan_classifications') then content->>'loan_id'
    when of in ('collateral_certificates', 'collateral_valuations') then content->>'collateral_id'
    when of = 'archive_records' then content->>'primary_loan_id'
    when of in ('file_items', 'movements', 'scans', 'request_lines') then content->>'record_id'
    when of = 'approvals' then content->>'request_id'
    when of = 'holds' then coalesce(content->>'record_id', content->>'loan_id', content->>'collateral_id', content->>'party_id', content->>'dealer_id')
  end)::uuid $function$;

-- rows_at(text,uuid[],timestamp with time zone,timestamp with time zone): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.rows_at(of text, ids uuid[], moment timestamp with time zone, known_at timestamp with time zone)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(jsonb_agg(
    d.made || case when of in ('archive_records', 'file_items', 'collateral_certificates', 'contracts')
                   then put_right(i.id, v.content, v.recorded_at, known_at) else v.content end order by i.id), '[]')
  from (select constants_of(of) as made) d, (select distinct unnest(ids) as id) i,
  lateral (select x.content, x.operation, x.recorded_at from row_versions x
           where x.table_name = of and x.row_id = i.id and x.recorded_at <= moment order by x.id + 0 desc limit 1) v
  where v.operation <> 'D' and (app_everywhere() or units_of(of, v.content) is null
    or units_of(of, v.content) ?| (app_branches())::text[]
    or (select units_of(of, x.content) from row_versions x where x.table_name = of and x.row_id = i.id order by x.id + 0 desc limit 1)
       ?| (app_branches())::text[]) $function$;

-- scan_lock_holder(uuid): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.scan_lock_holder(subject uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select s.locked_by_id from scans s where s.subject_id = subject and s.locked_by_id is not null and (s.record_id is not null or s.org_id = coalesce(
    (select u.org_id from (
       select id, org_id from access_requests union all select id, org_id from operations union all select id, org_id from handovers
       union all select id, org_id from discrepancies
       union all select r.id, q.org_id from releases r join access_requests q on q.id = r.request_id) u
     where u.id = subject and (app_everywhere() or u.org_id = any (app_branches()))),
    (select p.org_id from staff p where p.id = app_staff()))) $function$;

-- scan_lock_holder(uuid,uuid,uuid): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.scan_lock_holder(subject uuid, record uuid, unit uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select s.locked_by_id from scans s where s.subject_id = subject and s.locked_by_id is not null and (record is not null or s.org_id = unit) $function$;

-- scan_terms(uuid[]): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.scan_terms(ids uuid[])
 RETURNS TABLE(scan_id uuid, chain uuid, matures_on date, final_at timestamp with time zone, cutoff_at timestamp with time zone, retention_class text, on_hold boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select s.id, coalesce(r.primary_loan_id, s.org_id), e.matures_on, e.final_at,
    coalesce(r.cutoff_at, case when r.tier = 'FIRST' then e.cutoff_at end),
    case when r.id is null then null when class_years(r.retention_class) > e.years then r.retention_class
         when e.years = 5 then 'FIVE_YEARS' else 'TWENTY_YEARS' end,
    coalesce(is_on_hold(r.id), false)
  from scans s left join archive_records r on r.id = s.record_id
  left join lateral (
    select max(l.matures_on) as matures_on, case when max(l.term_months) <= 12 then 5 else 20 end as years,
      case when bool_and(l.status = 'WRITTEN_OFF' or f.at is not null) then max(coalesce(f.at, 'epoch')) end as final_at,
      case when bool_and(f.at is not null) then
        (date_trunc('year', max(p.settled_at) at time zone 'Asia/Shanghai') + interval '1 year') at time zone 'Asia/Shanghai' end as cutoff_at
    from loans_on(r.id) x join loans l on l.id = x.loan_id left join lateral payoff_of(l.id) p on true
      cross join lateral (select settlement_final_at(l.id) as at) f) e on true
  where s.id = any (ids) $function$;

-- scans_to_hold(): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.scans_to_hold()
 RETURNS TABLE(copy_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select distinct c.id from holds h cross join lateral records_under(h.record_id, h.loan_id, h.collateral_id, h.party_id, h.dealer_id) u
  join scans s on s.record_id = u.record_id join scan_copies c on c.scan_id = s.id where h.lifted_at is null and not c.due_hold $function$;

-- sealed_by_us(text): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.sealed_by_us(seal text)
 RETURNS TABLE(barcode text, is_current boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select e.barcode, s.seal_no = e.seal_no from seals s join sealed_envelopes e on e.id = s.envelope_id
  where s.seal_no = seal and (app_everywhere() or s.org_id = any (app_branches())) $function$;

-- seals_used(text[]): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.seals_used(numbers text[])
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from seals where seal_no = any (numbers)) $function$;

-- search_bare(text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.search_bare(plain text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN regexp_replace(plain, '(^|[^0-9])0+(?=[0-9])'::text, '\1'::text, 'g'::text);

-- search_fits(text,text,text,boolean,boolean): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.search_fits(plain text, bare text, needle text, among_bare boolean, begins boolean)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (NOT among_bare) THEN (strpos(plain, needle) > 0) WHEN begins THEN (bare ~ ('(^|[^0-9])'::text || needle)) ELSE (strpos(bare, needle) > 0) END;

-- search_grams(text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.search_grams(plain text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN ARRAY(SELECT CASE WHEN t.three THEN substr(search_grams.plain, n.n, 3) ELSE substr(search_grams.plain, n.n, 2) END AS substr FROM generate_series(1, (length(search_grams.plain) - 1)) n(n), LATERAL (SELECT ((substr(search_grams.plain, n.n, 3) COLLATE "C") ~ '^[0-9A-Z]{3}$'::text) AS three) t WHERE (t.three OR (n.n = 1) OR ((substr(search_grams.plain, (n.n - 1), 3) COLLATE "C") !~ '^[0-9A-Z]{3}$'::text)));

-- search_hits(text,text[],integer): owned by loanfile_search, called by loanfile_app, loanfile_judge, loanfile_reader, loanfile_registrar
CREATE OR REPLACE FUNCTION public.search_hits(asked text, kinds text[], most integer)
 RETURNS TABLE(kind text, id uuid, shown text, place text, before text, matched text, after text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select h.* from search_hits_of_all(asked, kinds, most) h
  where h.id <> all ((select blind_records())::uuid[]) and h.id <> all ((select blind_envelopes())::uuid[]) $function$;

-- search_hits(text,text[],integer,boolean): owned by loanfile_search, called by loanfile_app, loanfile_judge, loanfile_reader, loanfile_registrar
CREATE OR REPLACE FUNCTION public.search_hits(asked text, kinds text[], most integer, wide boolean)
 RETURNS TABLE(kind text, id uuid, shown text, place text, before text, matched text, after text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  enough int := 3 * most; reach int := 4 * enough;  -- a thing has at most three texts in a unit, and at most four units
  q text := left(search_plain(left(asked, 200)), 200); b text := search_bare(q);  -- some characters are many when they are made plain
  wanted text[] := array(select k from unnest(kinds) with ordinality u (k, n) group by k order by min(n));  -- each once, whatever is asked
  every boolean := app_everywhere();
  units uuid[] := case when every then (select array_agg(o.id order by o.id) from org_units o) else app_branches() end;
  hidden uuid[] := nullif(blind_records() || blind_envelopes(), '{}');  -- C41: what the caller is counting; null: nothing
  glanced int := case when q collate "C" ~ '^[0-9A-Z]{2,}$' then case length(q) when 2 then 100 else 20 end end;
begin
  return query
  -- Those that begin with it, in order; among the texts that have leading zeros, those that begin with it without them, or are it.
  with tree as materialized (
    select k.kind, k.rank, h.* from unnest(wanted) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(units) u (org) cross join lateral (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where t.org_id = u.org and t.kind = k.kind and t.plain >= q and t.plain < q || chr(1114111)
          and (hidden is null or t.subject_id not in (select unnest(hidden))) order by t.plain, t.subject_id limit enough) h
      order by h.plain, h.subject_id limit reach) h
    where q <> ''),
  room as materialized (select case when count(distinct f.subject_id) < most then enough else 3 end as for_bare from tree f),
  bare_tree as materialized (
    select k.kind, k.rank, h.* from unnest(wanted) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(units) u (org) cross join lateral (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where t.org_id = u.org and t.kind = k.kind and t.bare <> t.plain and t.bare >= b and t.bare < b || chr(1114111)
          and (hidden is null or t.subject_id not in (select unnest(hidden))) order by t.bare, t.subject_id limit (select for_bare from room)) h
      order by h.bare, h.subject_id limit reach) h
    where length(b) > 1 and q ~ '[0-9]'),
  -- What nearly every number has, as its zeros, is seen at a glance; its posting list would be as long as the table.
  glance as materialized (
    select k.kind, k.rank, h.* from unnest(wanted) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(case length(q) when 2 then units else units[1:3] end) u (org) cross join lateral (
        select f.* from (select t.subject_id, t.shown, t.plain, t.bare from search_terms t
          where t.org_id = u.org and t.kind = k.kind and (hidden is null or t.subject_id not in (select unnest(hidden)))
          order by t.plain, t.subject_id limit glanced) f
        where strpos(f.plain, q) > 0) h
      limit reach) h
    where glanced is not null
      and (select count(distinct f.subject_id) from (table tree union all table bare_tree) f) < most),
  soon as materialized (table tree union all table bare_tree union all table glance),
  inner_hits as materialized (
    select w.* from search_inside(q, false, false, wanted, units, hidden, every, wide, enough) w
    where length(q) > 1 and (select count(distinct subject_id) from soon) < most),
  -- In a text without leading zeros there is more than in the text itself only where zeros were left out, or may have been.
  bare_hits as materialized (
    select w.* from search_inside(b, true, q like '0%', wanted, units, hidden, every, wide, enough) w
    where length(b) > 1 and q ~ '[0-9]' and (b <> q or q ~ '[^0-9][0-9]')
      and (select count(distinct f.subject_id) from (table soon union all table inner_hits) f) < most),
  things as (
    select distinct on (a.rank, a.subject_id) a.*,
      case when a.plain = q or a.bare = b then 1 when starts_with(a.plain, q) or starts_with(a.bare, b) then 2 else 3 end as tier
    from (table soon union all table inner_hits union all table bare_hits) a
    order by a.rank, a.subject_id, a.plain = q or a.bare = b desc, starts_with(a.plain, q) or starts_with(a.bare, b) desc, a.shown),
  best as (
    select e.*, row_number() over (partition by e.tier, e.rank order by length(e.plain), e.plain, e.subject_id) as turn from things e
    order by e.tier, turn, e.rank limit most),
  looks as materialized (select search_pattern(b) as pattern)  -- once, and not for each hit
  select w.kind, w.subject_id, w.shown, (array['EXACT', 'PREFIX', 'CONTAINS'])[w.tier], left(w.shown, w.start - 1),
    substr(w.shown, w.start, w.stop - w.start), substr(w.shown, w.stop)
  from (select s.*, greatest(regexp_instr(s.shown, pattern), 1) as start, greatest(regexp_instr(s.shown, pattern, 1, 1, 1), 1) as stop
        from best s cross join looks) w
  order by w.tier, w.turn, w.rank;
end $function$;

-- search_hits_of_all(text,text[],integer): owned by loanfile_search, called by its owner alone
CREATE OR REPLACE FUNCTION public.search_hits_of_all(asked text, kinds text[], most integer)
 RETURNS TABLE(kind text, id uuid, shown text, place text, before text, matched text, after text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  enough int := 3 * most;  -- a thing has at most three texts
  q text := search_plain(left(asked, 200)); b text := search_bare(q); pattern text := search_pattern(b);
  units uuid[] := case when app_everywhere() then (select array_agg(o.id order by o.id) from org_units o) else app_branches() end;
begin
  return query
  with tree as materialized (
    select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(units) u (org) cross join lateral (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where t.org_id = u.org and t.kind = k.kind and t.plain >= q and t.plain < q || chr(1114111) order by t.plain limit enough) h
      order by h.plain limit enough) h
    where q <> ''),
  pairs as materialized (
    select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(units) u (org) cross join lateral (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where t.tokens @> array(select hashtextextended(g collate "C", search_seed(u.org, k.kind)) from unnest(search_grams(q)) g)
          and strpos(t.plain, q) > 0 limit enough) h
      limit enough) h
    where length(q) > 1 and (select count(*) from tree) < most),
  bares as materialized (
    select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(units) u (org) cross join lateral (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where t.tokens @> array(select hashtextextended(g collate "C", search_seed(u.org, k.kind)) from unnest(search_grams(b)) g)
          and case when q like '0%' then t.bare ~ ('(^|[^0-9])' || b) else strpos(t.bare, b) > 0 end limit enough) h
      limit enough) h
    where length(b) > 1 and q ~ '[0-9]' and (select count(*) from tree) + (select count(*) from pairs) < most),
  every as (
    select distinct on (a.rank, a.subject_id) a.*,
      case when a.plain = q or a.bare = b then 1 when starts_with(a.plain, q) or starts_with(a.bare, b) then 2 else 3 end as tier
    from (table tree union all table pairs union all table bares) a
    order by a.rank, a.subject_id, a.plain = q or a.bare = b desc, starts_with(a.plain, q) desc, a.shown),
  best as (
    select e.*, row_number() over (partition by e.tier, e.rank order by length(e.plain), e.plain, e.subject_id) as turn from every e
    order by e.tier, turn, e.rank limit most)
  select w.kind, w.subject_id, w.shown, (array['EXACT', 'PREFIX', 'CONTAINS'])[w.tier], left(w.shown, w.start - 1),
    substr(w.shown, w.start, w.stop - w.start), substr(w.shown, w.stop)
  from (select s.*, greatest(regexp_instr(s.shown, pattern), 1) as start, greatest(regexp_instr(s.shown, pattern, 1, 1, 1), 1) as stop
        from best s) w
  order by w.tier, w.turn, w.rank;
end $function$;

-- search_insertion(text,text,text,text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.search_insertion(kind text, units text, texts text, source text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select format('insert into search_terms (subject_id, org_id, kind, shown) select distinct f.id, org, %L, t
    from %s f cross join unnest(%s) org cross join unnest(array[%s]) t where search_plain(t) <> '''' on conflict do nothing',
    kind, source, case units when 'org_id' then 'array[f.org_id]' else 'f.' || units end,
    (select string_agg('f.' || c, ', ') from unnest(string_to_array(texts, ' ')) c)) $function$;

-- search_inside(text,boolean,boolean,text[],uuid[],uuid[],boolean,boolean,integer): owned by loanfile_search, called by its owner alone
CREATE OR REPLACE FUNCTION public.search_inside(needle text, among_bare boolean, begins boolean, kinds text[], units uuid[], hidden uuid[], every boolean, wide boolean, enough integer)
 RETURNS TABLE(kind text, rank bigint, subject_id uuid, shown text, plain text, bare text)
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  narrow text[] := search_grams(needle); grams text[] := case when wide then search_wide_grams(needle) else '{}' end;
  n int := cardinality(units); sample uuid[] := array(  -- of units, the last of which are small; for words, which may stand in every title
    select distinct units[x] from unnest(array[n, n - n / 4, n - n / 2]) x where needle collate "C" !~ '[0-9A-Z]{2}');
begin
  if grams <> '{}' then
    return query select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
      with plenty as materialized (
        select t.subject_id, t.shown, t.plain, t.bare from unnest(sample) u (org) cross join lateral (
          select t.* from search_terms t
          where t.tokens @> array(select hashtextextended(g collate "C", search_seed(u.org, k.kind)) from unnest(narrow) g)
            and search_fits(t.plain, t.bare, needle, among_bare, begins) and (hidden is null or t.subject_id not in (select unnest(hidden))) limit enough) t
        limit enough),
      found as materialized (select 3 * count(distinct p.subject_id) >= enough as suffices from plenty p)
      select p.* from plenty p where (select suffices from found)
      union all select f.* from (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where not (select suffices from found) and search_wide(t.kind, t.plain, t.bare)
            @> array(select hashtextextended(g collate "C", hashtextextended(k.kind collate "C", 0)) from unnest(grams) g)
          and case when t.kind = k.kind and (every or t.org_id = any (units))
            then search_fits(t.plain, t.bare, needle, among_bare, begins) and (hidden is null or t.subject_id not in (select unnest(hidden))) else false end
        limit 4 * enough) f) h;
    return;
  end if;
  return query select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
    select h.* from unnest(units) u (org) cross join lateral (
      select t.subject_id, t.shown, t.plain, t.bare from search_terms t
      where t.tokens @> array(select hashtextextended(g collate "C", search_seed(u.org, k.kind)) from unnest(narrow) g)
        and search_fits(t.plain, t.bare, needle, among_bare, begins) and (hidden is null or t.subject_id not in (select unnest(hidden))) limit enough) h
    limit 4 * enough) h;
end $function$;

-- search_pattern(text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.search_pattern(bare text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  select string_agg(case when c ~ '[0-9]' and prior !~ '[0-9]' then '[0０]*' else '' end
    || case when c ~ '[0-9A-Z]' then '[' || c || lower(c) || chr(ascii(c) + 65248) || chr(ascii(lower(c)) + 65248) || ']' else c end,
    '[\s!-/:-@\[-`{-~·、。〈〉《》「」『』【】〔〕〖〗“”‘’…—～№（），．：；！？－／]*' order by n)
  from (select n, substr(bare, n, 1) as c, substr(' ' || bare, n, 1) as prior from generate_series(1, length(bare)) n) chars $function$;

-- search_plain(text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.search_plain(shown text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN regexp_replace(upper((NORMALIZE(shown, NFKC) COLLATE "C")), '[\s!-/:-@\[-`{-~·、。〈〉《》「」『』【】〔〕〖〗“”‘’…—～№]+'::text, ''::text, 'g'::text);

-- search_seed(uuid,text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.search_seed(org uuid, kind text)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN hashtextextended((kind COLLATE "C"), uuid_hash_extended(org, (0)::bigint));

-- search_tokens(uuid,text,text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.search_tokens(org uuid, kind text, shown text)
 RETURNS bigint[]
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
declare
  plain text := public.search_plain(shown); bare text := public.search_bare(plain);
  seed bigint := public.search_seed(org, kind); made bigint[] := '{}';
begin
  foreach plain in array case when bare = plain then array[plain] else array[plain, bare] end loop
    for n in 1 .. length(plain) - 1 loop
      made := made || hashtextextended(substr(plain, n, 2) collate "C", seed);
      if substr(plain, n, 3) collate "C" ~ '^[0-9A-Z]{3}$' then
        made := made || hashtextextended(substr(plain, n, 3) collate "C", seed);
      end if;
    end loop;
  end loop;
  return made;
end $function$;

-- search_wide(text,text,text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.search_wide(kind text, plain text, bare text)
 RETURNS bigint[]
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
declare seed bigint := hashtextextended(kind collate "C", 0); made bigint[] := '{}'; begin
  foreach plain in array case when bare = plain then array[plain] else array[plain, bare] end loop
    for n in 1 .. length(plain) - 1 loop
      if substr(plain, n, 3) collate "C" ~ '^[0-9A-Z]{3}' then
        made := made || hashtextextended(substr(plain, n, 3) collate "C", seed);
        if substr(plain, n, 4) collate "C" ~ '^[0-9A-Z]{4}' then
          made := made || hashtextextended(substr(plain, n, 4) collate "C", seed);
        end if;
      elsif substr(plain, n, 2) collate "C" !~ '^[0-9A-Z]{2}' then
        made := made || hashtextextended(substr(plain, n, 2) collate "C", seed);
      end if;
    end loop;
  end loop;
  return made;
end $function$;

-- search_wide_grams(text): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.search_wide_grams(plain text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN CASE WHEN ((plain COLLATE "C") ~ '(^|[^0-9A-Z])[0-9A-Z]{2}([^0-9A-Z]|$)'::text) THEN '{}'::text[] ELSE ARRAY(SELECT substr(r.r[1], LEAST(n.n, GREATEST(1, (length(r.r[1]) - 3))), 4) AS substr FROM (SELECT regexp_replace(search_wide_grams.plain, '00+'::text, '0 0'::text, 'g'::text) AS apart) a, LATERAL regexp_matches((CASE WHEN ((a.apart COLLATE "C") ~ '[0-9A-Z]{4}'::text) THEN a.apart ELSE search_wide_grams.plain END COLLATE "C"), '[0-9A-Z]{3,}'::text, 'g'::text) r(r), LATERAL generate_series(1, length(r.r[1]), 4) n(n) UNION SELECT substr(search_wide_grams.plain, n.n, 2) AS substr FROM generate_series(1, (length(search_wide_grams.plain) - 1)) n(n) WHERE ((substr(search_wide_grams.plain, n.n, 2) COLLATE "C") !~ '^[0-9A-Z]{2}'::text)) END;

-- seen_of(uuid[],timestamp with time zone,timestamp with time zone,uuid,boolean,bigint): owned by loanfile_judge, called by loanfile_app
CREATE OR REPLACE FUNCTION public.seen_of(subjects uuid[], until timestamp with time zone, after_at timestamp with time zone, after_id uuid, with_refusals boolean, at_most bigint)
 RETURNS SETOF access_log
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
  with found as materialized (  -- else the index of times would be read until a page is full
    select a.* from access_log a
    where (select app_has_role('COMPLIANCE', 'AUDITOR')) and a.subject_ids && subjects and a.logged_at <= coalesce(until, 'infinity')
      and (a.logged_at, a.id) > (coalesce(after_at, '-infinity'), coalesce(after_id, '00000000-0000-0000-0000-000000000000'))
      and (with_refusals or a.result <> 'REFUSED'))
  select * from found order by logged_at, id limit at_most $function$;

-- settled_for_good(uuid[],timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.settled_for_good(ids uuid[], at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS TABLE(record_id uuid, is_settled boolean, final_at timestamp with time zone, unit uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.id, coalesce(bool_and(coalesce(p.settled, false)) filter (where o.loan_id is not null), true),
    max(settlement_final_at(o.loan_id, at)), l.org_id
  from archive_records r left join loans l on l.id = r.primary_loan_id left join lateral loans_on(r.id) o on true
  left join lateral payoff_of(o.loan_id) p on true
  where r.id = any (ids) group by r.id, l.org_id $function$;

-- settlement_final_at(uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.settlement_final_at(loan uuid, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
  select case when not p.settled then null
    when p.payoff_kind = 'CASH' then p.settled_at
    when p.cleared_at is not null then greatest(p.cleared_at, p.settled_at)
    else working_days_after(p.settled_at, parameter_of('payoff_days', (select org_id from loans where id = loan), 10, at)) end
  from payoff_of(loan) p $function$;

-- slot_facts(uuid,uuid): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.slot_facts(envelope uuid, place uuid)
 RETURNS TABLE(is_slot boolean, is_empty boolean, vault_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select s.kind = 'SLOT', s.id <> all (blind_places()) and not exists (select from sealed_envelopes e where e.location_id = s.id
    and e.id is distinct from envelope), s.vault_id
  from storage_locations s where s.id = place $function$;

-- state_of(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.state_of(record uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(
    (select case when exists (select from loss_cases c where c.discrepancy_id = d.id and c.state = 'LOST') then 'LOST' else 'MISSING' end
     from discrepancies d where d.record_id = record and d.kind = 'MISSING' and d.item_id is null and d.resolved_at is null),
    (select case when m.returned_at is not null then 'RETURN_PENDING'
                 when m.out_at is null then 'RESERVED'
                 when m.kind = 'READING' then 'READING'
                 when m.kind = 'TRANSIT' then 'IN_TRANSIT' else 'CHECKED_OUT' end
     from movements m where m.record_id = record and m.kind <> 'ACT' and m.closed_at is null), 'AT REST') $function$;

-- stays_open(uuid): owned by loanfile_registrar, called by loanfile_judge
CREATE OR REPLACE FUNCTION public.stays_open(unit uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  perform from org_units o where o.id = unit and o.closed_at is null for share;
  return found;
end $function$;

-- stocktake_cases_open(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.stocktake_cases_open(stocktake uuid)
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select count(*) from discrepancies d join stocktake_lines l on l.id = d.stocktake_line_id
  where l.stocktake_id = stocktake and not (d.resolved_at is not null or d.state = 'CASE' and d.owner_id is not null and d.signed_at is not null) $function$;

-- stocktake_findings(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.stocktake_findings(stocktake uuid)
 RETURNS TABLE(line_id uuid, result text, location_id uuid, envelope_id uuid, record_id uuid, barcode text, found_location_id uuid, found_seal_no text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select f.* from stocktake_findings_of_all(stocktake) f
  where not exists (select from stocktakes t where t.id = stocktake and t.state in ('OPEN', 'COUNTING')
                    and app_staff() in (t.first_counter_id, t.second_counter_id)) $function$;

-- stocktake_findings_of_all(uuid): owned by loanfile_judge, called by loanfile_registrar
CREATE OR REPLACE FUNCTION public.stocktake_findings_of_all(stocktake uuid)
 RETURNS TABLE(line_id uuid, result text, location_id uuid, envelope_id uuid, record_id uuid, barcode text, found_location_id uuid, found_seal_no text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with found as materialized (
    select c.location_id as place, c.barcode as code, c.seal_no as seal, e.id as envelope, r.id as record,
           coalesce(e.location_id, r.location_id) as listed_at, e.seal_no as seal_now,
           coalesce((select bool_or(x.state in ('IN_VAULT', 'RESERVED')) from archive_records x where x.envelope_id = e.id),
                    r.state in ('FILED', 'RESERVED', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED')
                    or is_loose(r) and r.state = 'IN_VAULT') as is_in,
           coalesce(is_loose(r) and r.vault_id = s.vault_id, false) as at_home
    from stocktakes t join stocktake_places p on p.stocktake_id = t.id
    join stocktake_counts c on c.stocktake_id = t.id and c.location_id = p.location_id and c.round = p.round and c.counter_id = t.first_counter_id
    join storage_locations s on s.id = c.location_id
    left join barcodes b on b.code = c.barcode
    left join sealed_envelopes e on e.id = b.subject_id
    left join archive_records r on r.id = b.subject_id
    where t.id = stocktake and c.barcode is not null),
  listed as materialized (
    select l.*, f.place, f.code, f.seal, f.seal_now, f.is_in as found_in, f.listed_at, coalesce(f.at_home, false) as at_home,
      coalesce((select bool_or(x.state in ('IN_VAULT', 'RESERVED')) and e.location_id is not distinct from l.location_id
                from sealed_envelopes e join archive_records x on x.envelope_id = e.id where e.id = l.envelope_id group by e.id),
               (select (x.state in ('FILED', 'RESERVED', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED')
                        or x.state = 'IN_VAULT' and is_loose(x))
                       and x.location_id is not distinct from l.location_id from archive_records x where x.id = l.record_id)) as still_there,
      exists (select from archive_records x where (x.envelope_id = l.envelope_id or x.id = l.record_id)
              and x.state in ('CHECKED_OUT', 'READING', 'RETURN_PENDING', 'IN_TRANSIT')) as is_out,
      coalesce((select bool_and(x.state = 'MISSING' and (coalesce(e.location_id, x.location_id) = l.location_id or is_loose(x))
                  and not exists (select from movements m where m.record_id = x.id and m.closed_at is null and m.out_at is not null))
                from archive_records x left join sealed_envelopes e on e.id = x.envelope_id
                where (x.envelope_id = l.envelope_id or x.id = l.record_id) and x.state not in
                  ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST', 'DESTROYED', 'LOST')), false) as is_missing
    from stocktake_lines l left join lateral (
      select * from found f where f.envelope = l.envelope_id or f.record = l.record_id
      order by f.place is distinct from l.location_id, f.place limit 1) f on true
    where l.stocktake_id = stocktake and l.expectation <> 'NOTHING')
  select l.id, case
      when l.expectation = 'REGISTRY' then 'TO_RECHECK'
      when l.place is null and l.is_missing then 'MISSING'
      when l.place is null and (l.expectation = 'OUT' or l.is_out) then 'OUT_WITH_TICKET'
      when l.place is null and not l.still_there then 'MOVED_SINCE'
      when l.place is null then 'MISSING'
      when l.expectation = 'OUT' and not coalesce(l.found_in, false) then 'EXTRA'
      when l.at_home and l.found_in then 'MATCHED'
      when l.place = l.location_id and (l.envelope_id is null or l.seal in (l.seal_no, l.seal_now)) then 'MATCHED'
      when l.place = l.location_id then 'SEAL_BROKEN'
      when l.found_in and l.place is not distinct from l.listed_at then 'MOVED_SINCE'
      else 'WRONG_SLOT' end,
    l.location_id, l.envelope_id, l.record_id, l.barcode, l.place, l.seal
  from listed l
  union all
  select null, case when f.is_in and f.listed_at is not null then 'WRONG_SLOT' else 'EXTRA' end, null, f.envelope, f.record, f.code, f.place, f.seal
  from found f
  where not exists (select from listed l where l.envelope_id = f.envelope or l.record_id = f.record)
    and not (coalesce(f.is_in, false) and (f.at_home or f.place is not distinct from f.listed_at)) $function$;

-- stocktake_places_open(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.stocktake_places_open(stocktake uuid)
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select count(*) from stocktake_places p where p.stocktake_id = stocktake and (p.first_counted_at is null or p.second_counted_at is null) $function$;

-- stocktake_team(uuid,uuid[],timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.stocktake_team(place uuid, counters uuid[], at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS TABLE(staff_id uuid, is_fit boolean, is_keeper boolean, is_interested boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with places as materialized (select p.location_id from places_to_count(place) p),
  papers as materialized (
    select r.id, r.custodian_id from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
    where coalesce(e.location_id, r.location_id) in (select location_id from places)),
  ties as materialized (select distinct t.manager_id, t.party_id from papers p cross join lateral ties_of(p.id) t)
  select s.id, s.active and s.kind = 'PERSON' and (
      with recursive above as (select l.org_id as id from storage_locations l where l.id = place
        union all select o.parent_id from org_units o join above a on o.id = a.id where o.parent_id is not null)
      select s.org_id in (select id from above)),
    exists (select from keeper_duties d join storage_locations l on l.id = place and d.vault_id = coalesce(l.vault_id, l.id)
            where d.staff_id = s.id and d.during @> at) or exists (select from papers p where p.custodian_id = s.id),
    exists (select from ties t where t.manager_id = s.id
            or exists (select from staff_relations x where x.staff_id = s.id and x.party_id = t.party_id))
  from staff s where s.id = any (counters) $function$;

-- stocktake_unchecked(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.stocktake_unchecked(stocktake uuid)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  return (select count(*) from stocktake_lines l join stocktakes t on t.id = l.stocktake_id
    where l.stocktake_id = stocktake and l.expectation = 'REGISTRY'
      and not exists (select from registry_checks k where k.record_id = l.record_id and k.checked_at >= t.as_of));
end $function$;

-- stocktakes_compared(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.stocktakes_compared(stocktake uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
  select exists (select from stocktakes t where t.id = stocktake and t.state in ('COMPARED', 'SIGNED')) $function$;

-- substitution_facts(uuid,uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.substitution_facts(request uuid, record uuid, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS TABLE(in_vault boolean, approved boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select s.* from substitutions x, lateral replacement_stands(record, x.replacement_id, x.value_amount, at) s where x.request_id = request $function$;

-- tell_alarm(text,text,integer,timestamp with time zone): owned by loanfile_registrar, called by loanfile_app
CREATE OR REPLACE FUNCTION public.tell_alarm(what text, first text, many integer, at timestamp with time zone)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare made uuid; begin
  if not app_has_role('SYSTEM') then raise insufficient_privilege using message = 'alarms are told by services'; end if;
  if first is null then
    update alarms set cleared_at = at where kind = what and cleared_at is null;
    return null;
  end if;
  update alarms set seen_at = at, findings = many where kind = what and cleared_at is null;  -- what was found first stays what it tells
  if found then return null; end if;
  insert into alarms (kind, told, findings, raised_at, seen_at) values (what, first, many, at, at)
  on conflict (kind) where cleared_at is null do nothing returning id into made;
  return made;
end $function$;

-- term_ends(text,uuid,timestamp with time zone,timestamp with time zone): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.term_ends(purpose text, unit uuid, since timestamp with time zone, at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select working_days_after(since, parameter_of('term_days.' || lower(purpose), unit, case purpose when 'AUDIT_READING' then 0 when 'OTHER' then 5
    when 'CERTIFICATE_REISSUE' then 15 when 'LITIGATION' then 30 when 'LITIGATION_RESTRUCTURE_WRITEOFF' then 30 else 10 end, at)) $function$;

-- term_of(uuid[],timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.term_of(ids uuid[], at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS TABLE(record_id uuid, ended boolean, ended_on date, least_class text, cutoff_at timestamp with time zone, retention_class text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.id, coalesce(l.status in ('SETTLED', 'WRITTEN_OFF') or p.settled_at is not null and p.principal_amount + p.interest_amount + p.fees_amount = 0, false),
    (p.settled_at at time zone 'Asia/Shanghai')::date, case when l.term_months <= parameter_of('short_term_months', r.custody_org_id, 12, at) then 'FIVE_YEARS' else 'TWENTY_YEARS' end,
    r.cutoff_at, r.retention_class
  from archive_records r left join loans l on l.id = r.primary_loan_id
  left join lateral (select * from loan_positions x where x.loan_id = l.id order by x.as_of desc limit 1) p on true
  where r.id = any (ids) $function$;

-- tg_access_log_c48_pending(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_access_log_c48_pending()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  insert into pending_access (line_id, minute, hash)
  values (new.id, date_trunc('minute', new.logged_at), sha256('\x00'::bytea || canonical_access(new)));
  return null;
end $function$;

-- tg_access_requests_c15_step(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_access_requests_c15_step()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not ((old.state, new.state) in (('SUBMITTED', 'APPROVED'), ('SUBMITTED', 'REJECTED'), ('SUBMITTED', 'CANCELLED'),
                                     ('APPROVED', 'FULFILLED'), ('APPROVED', 'LAPSED'), ('APPROVED', 'CANCELLED'),
                                     ('SUBMITTED', 'WAITING'), ('WAITING', 'APPROVED'), ('WAITING', 'CANCELLED'), ('WAITING', 'LAPSED'))
          or new.kind = 'RELEASE' and (old.state, new.state) = ('SUBMITTED', 'LAPSED')
          or new.kind = 'EXTENSION' and (old.state, new.state) = ('SUBMITTED', 'FULFILLED')
          or (old.state, new.state) = ('SUBMITTED', 'LAPSED') and (
            exists (select from movements m where m.id = new.extends_id and m.closed_at is not null)
            or exists (select from request_lines l join archive_records r on r.id = l.record_id
                       where l.request_id = new.id
                         and r.state in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'DESTROYED', 'CLOSED_LOST')))) then
    perform broken('tg_access_requests_c15_step'); end if;
  return new;
end $function$;

-- tg_access_requests_c1_no_service(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_access_requests_c1_no_service()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from staff s where s.id = new.reader_id and s.kind = 'SERVICE') then
    perform broken('tg_access_requests_c1_no_service'); end if;
  return new;
end $function$;

-- tg_access_requests_c40_outside(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_access_requests_c40_outside()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  new.outside_bank := coalesce((select p.leaves_bank from purposes p where p.tier = new.tier and p.kind = new.kind and p.purpose = new.purpose), new.outside_bank);
  return new;
end $function$;

-- tg_access_requests_c5_ranks(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_access_requests_c5_ranks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  new.ranks := coalesce(
    policy_roles('approval_ranks.' || lower(new.tier) || '.' || lower(new.purpose), new.org_id, greatest(new.submitted_at, clock_timestamp())),
    array(select k.role from approval_ranks k where k.tier = new.tier and k.purpose = new.purpose order by 1));
  if new.kind = 'EXTENSION' then
    new.ranks := array(select unnest(new.ranks) union select unnest(q.ranks) from movements m join access_requests q on q.id = m.request_id
                       where m.id = new.extends_id order by 1);
  end if;
  return new;
end $function$;

-- tg_append_only_c48(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_append_only_c48()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  perform broken('tg_append_only_c48');
  return null;
end $function$;

-- tg_approvals_c3_not_reader(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_approvals_c3_not_reader()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.approver_id = (select reader_id from access_requests where id = new.request_id) then perform broken('tg_approvals_c3_not_reader'); end if;
  return null;
end $function$;

-- tg_approvals_c4_no_interest(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_approvals_c4_no_interest()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if has_interest(new.approver_id, array(select x.record_id from request_lines x where x.request_id = new.request_id)) then
    perform broken('tg_approvals_c4_no_interest'); end if;
  return new;
end $function$;

-- tg_approvals_c5_rank_held(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_approvals_c5_rank_held()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from staff s where s.id = new.approver_id and s.active)
     or not is_substitute(new.approver_id, new.rank, greatest(new.approved_at, clock_timestamp())) then
    perform broken('tg_approvals_c5_rank_held'); end if;
  return null;
end $function$;

-- tg_archive_records_c15_birth(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_c15_birth()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if new.state not in ('AWAITED', 'PENDING_INTAKE', 'COLLECTING') then perform broken('tg_archive_records_c15_transition'); end if;
  if new.cutoff_at is not null then perform broken('tg_archive_records_c45_cutoff'); end if;
  return new;
end $function$;

-- tg_archive_records_c15_transition(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_c15_transition()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from transitions t where t.tier = new.tier and t.start = old.state and t.finish = new.state) then
    perform broken('tg_archive_records_c15_transition'); end if;
  return new;
end $function$;

-- tg_archive_records_c1_vault(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_c1_vault()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  perform broken('tg_archive_records_c1_vault');
  return null;
end $function$;

-- tg_archive_records_c26_pages(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_c26_pages()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from operations o where o.done_in = pg_current_xact_id() and o.action = 'CORRECT'
                 and o.ask->'detail'->>'subject' = new.id::text and o.ask->'detail'->>'field' = 'pages') then
    perform broken('tg_archive_records_c26_pages'); end if;
  return null;
end $function$;

-- tg_archive_records_c3_submitter(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_c3_submitter()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  perform broken('tg_archive_records_c3_submitter');
  return null;
end $function$;

-- tg_archive_records_c44_certificate(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_c44_certificate()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  perform broken('tg_archive_records_c44_certificate');
  return null;
end $function$;

-- tg_archive_records_c44_rebuilds_lost(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_c44_rebuilds_lost()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from archive_records r where r.id = new.rebuilds_id and r.tier = new.tier and r.state in ('LOST', 'CLOSED_LOST')
                 and r.primary_loan_id = new.primary_loan_id) then
    perform broken('tg_archive_records_c44_rebuilds_lost'); end if;
  return new;
end $function$;

-- tg_archive_records_c45_class(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_c45_class()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  perform broken('tg_archive_records_c45_class');
  return null;
end $function$;

-- tg_archive_records_c45_cutoff(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_c45_cutoff()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare ended date; begin
  select coalesce(t.ended_on, (select (c.last_at at time zone 'Asia/Shanghai')::date from chains c where c.id = new.primary_loan_id)) into ended
    from term_of(array[new.id]) t;
  if new.cutoff_at < make_timestamptz(extract(year from ended)::integer + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai') then
    perform broken('tg_archive_records_c45_cutoff'); end if;
  return new;
end $function$;

-- tg_archive_records_c48_label(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_c48_label()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare number text := substring(new.barcode, '^[PV]([0-9]{8,15})[0-9A-Z]$'); begin
  if not exists (select from transitions t where t.tier = old.tier and t.start = old.state and t.action = 'REPLACE_BARCODE') then
    perform broken('tg_archive_records_c15_label'); end if;
  if is_being_counted(new.id) then perform broken('tg_archive_records_c17_label'); end if;
  if number is null or left(new.barcode, 1) <> (case old.tier when 'FIRST' then 'P' else 'V' end) or not is_well_read(new.barcode)
     or number::bigint > (select s.last_value from barcode_numbers s where s.is_called)
     or number::bigint < (select s.seqstart from pg_sequence s where s.seqrelid = 'barcode_numbers'::regclass)
     or exists (select from barcodes b where b.code = new.barcode) then
    perform broken('tg_archive_records_c48_label'); end if;
  return new;
end $function$;

-- tg_archive_records_c4_taken_over(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_c4_taken_over()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if has_interest(new.custodian_id, array[new.id]) or exists (
      select from file_items i where i.record_id = new.id and i.seen_by is not null and has_interest(i.seen_by, array[new.id])) then
    perform broken('tg_archive_records_c4_taken_over'); end if;
  return null;
end $function$;

-- tg_archive_records_custody_passed(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_custody_passed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  update sealed_envelopes set org_id = new.custody_org_id, visible_to = distinct_ids(new.visible_to || new.custody_org_id)
  where id = new.envelope_id and org_id <> new.custody_org_id;
  return null;
end $function$;

-- tg_archive_records_off_list(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_off_list()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  update disposal_lines set is_open = false where record_id = new.id and is_open;
  return null;
end $function$;

-- tg_archive_records_volume(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_archive_records_volume()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare c record; t record; begin
  if new.state = 'SUBMITTED' and old.state = 'COLLECTING' then
    select * into c from contents_of(array[new.id]);
    if cardinality(c.gaps) > 0 then perform broken('tg_archive_records_c29_elements'); end if;
    if c.items is null or not c.is_numbered or c.rebuilt and not c.copies_alone then perform broken('tg_archive_records_c30_volume'); end if;
  end if;
  if old.state = 'FILED' and new.state = 'CLOSED_VOLUME' or new.state in ('DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED', 'DESTROYED') then
    select * into t from term_of(array[new.id]);
    if new.state = 'CLOSED_VOLUME' and not t.ended then perform broken('tg_archive_records_c34_closing'); end if;
    if exists (select from loans l right join (select new.id) r on true left join customers cu on cu.id = l.customer_id
               join holds h on h.lifted_at is null and (h.record_id = new.id or h.loan_id = l.id or h.collateral_id = new.collateral_id
                                                        or h.party_id = cu.party_id or h.dealer_id = l.dealer_id)
               where l.id is not distinct from new.primary_loan_id and (h.kind <> 'RECOVERY' or new.state <> 'CLOSED_VOLUME')) then
      perform broken('tg_archive_records_c16_closing'); end if;
    if cardinality(frozen_kinds(new.id)) > 0 then perform broken('tg_archive_records_c17_closing'); end if;
    if new.state = 'CLOSED_VOLUME' and (new.cutoff_at is null or class_years(new.retention_class) < class_years(t.least_class)) then
      perform broken('tg_archive_records_c45_class'); end if;
    if new.state <> 'CLOSED_VOLUME' and (new.cutoff_at is null or new.retention_class = 'PERMANENT'
        or new.cutoff_at + make_interval(years => retention_years(new.retention_class, new.custody_org_id)) > clock_timestamp()) then
      perform broken('tg_archive_records_c45_expired'); end if;
  end if;
  return new;
end $function$;

-- tg_barcodes_issue(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_barcodes_issue()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare kind text; begin
  kind := case when tg_table_name = 'sealed_envelopes' then 'ENVELOPE' when to_jsonb(new)->>'tier' = 'FIRST' then 'PAPER' else 'VOLUME' end;
  if left(new.barcode, 1) <> left(kind, 1) or not is_well_read(new.barcode) then
    raise exception 'label % is not one of a %', new.barcode, lower(kind) using errcode = 'check_violation', constraint = 'tg_barcodes_issue';
  end if;
  if tg_op = 'UPDATE' then update barcodes set retired_at = clock_timestamp() where code = old.barcode and retired_at is null; end if;
  insert into barcodes (code, kind, subject_id) values (new.barcode, kind, new.id);
  return null;
end $function$;

-- tg_c32_unit_is_open(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_c32_unit_is_open()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not stays_open(coalesce((to_jsonb(new)->>'to_org_id')::uuid, (to_jsonb(new)->>'org_id')::uuid)) then perform broken('tg_c32_unit_is_open'); end if;
  return new;
end $function$;

-- tg_collateral_certificates_c12_data(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_collateral_certificates_c12_data()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare known record; begin
  select * into known from certificate_facts(new.collateral_id, new.number, new.vin, new.owner_name, new.right_amount, new.id);
  if new.vin is not null and not known.vin_matches or new.owner_name is not null and not known.owner_matches
     or (new.vin is not null or new.owner_name is not null) and not known.amount_matches then
    perform broken('tg_collateral_certificates_c12_data'); end if;
  return new;
end $function$;

-- tg_collateral_certificates_c12_replaces(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_collateral_certificates_c12_replaces()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from collateral_certificates o where o.id = new.replaces_id and o.collateral_id = new.collateral_id and o.id <> new.id) then
    perform broken('tg_collateral_certificates_c12_replaces'); end if;
  return new;
end $function$;

-- tg_collateral_certificates_c44_void_for_ever(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_collateral_certificates_c44_void_for_ever()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if tg_op = 'UPDATE' and old.voided_at is not null and (new.voided_at is distinct from old.voided_at or new.number <> old.number)
     or exists (select from collateral_certificates c where c.number = new.number and c.id <> new.id and c.voided_at is not null) then
    perform broken('tg_collateral_certificates_c44_void_for_ever'); end if;
  return new;
end $function$;

-- tg_collateral_one_vehicle(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_collateral_one_vehicle()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare asset collateral; begin
  select * into asset from collateral c where c.id = case tg_table_name when 'collateral' then (to_jsonb(new)->>'id') else (to_jsonb(new)->>'collateral_id') end::uuid;
  if asset.vin is null then return null; end if;
  perform lock_vehicle(asset.vin);
  if exists (select from collateral c join loan_collateral s on s.collateral_id = c.id join loans l on l.id = s.loan_id
             where c.vin = asset.vin and c.id <> asset.id and l.status <> 'SETTLED') then
    perform broken('tg_collateral_one_vehicle');
  end if;
  return null;
end $function$;

-- tg_delegations_principal_version(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_delegations_principal_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  update staff set principal_version = principal_version + 1
  where id in (coalesce(new.to_staff_id, old.to_staff_id), coalesce(old.to_staff_id, new.to_staff_id));
  return null;
end $function$;

-- tg_discrepancies_c48_final(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_discrepancies_c48_final()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  perform broken('tg_discrepancies_c48_final');
  return null;
end $function$;

-- tg_discrepancies_open_loss(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_discrepancies_open_loss()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  insert into loss_cases (org_id, discrepancy_id, record_id, back_to, opened_at)
    select new.org_id, new.id, r.id,
      case when r.tier = 'FIRST' and (r.state = 'PENDING_INTAKE' or r.state = 'IN_TRANSIT' and exists (select from handover_lines l
                 where l.record_id = r.id and l.stood_as = 'PENDING_INTAKE' and l.state in ('SENT', 'REJECTED') and l.back_operation_id is null))
           then 'PENDING_INTAKE'
           when r.tier = 'SECOND' and r.state = 'IN_TRANSIT' then coalesce((select l.stood_as from handover_lines l
                 where l.record_id = r.id and l.shipment_id is not null and l.state in ('SENT', 'REJECTED') and l.back_operation_id is null),
               'FILED')
           else coalesce((select d.back_to from disposal_lines d where d.record_id = r.id and d.is_open), rest_of(r.tier, r.state)) end,
      new.reported_at from archive_records r where r.id = new.record_id;
  return null;
end $function$;

-- tg_disposal_approvals_c3_not_proposer(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_disposal_approvals_c3_not_proposer()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from disposal_batches b where b.id = new.batch_id and b.proposed_by = new.staff_id) then
    perform broken('tg_disposal_approvals_c3_not_proposer'); end if;
  return new;
end $function$;

-- tg_disposal_approvals_c46_rank_held(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_disposal_approvals_c46_rank_held()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from staff s where s.id = new.staff_id and s.active)
     or not is_substitute(new.staff_id, new.role, greatest(new.approved_at, clock_timestamp())) then
    perform broken('tg_disposal_approvals_c46_rank_held'); end if;
  return null;
end $function$;

-- tg_disposal_approvals_c4_no_interest(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_disposal_approvals_c4_no_interest()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if has_interest(new.staff_id, array(select l.record_id from disposal_lines l where l.batch_id = new.batch_id and l.is_open)) then
    perform broken('tg_disposal_approvals_c4_no_interest'); end if;
  return null;
end $function$;

-- tg_emergency_reviews_c1_once(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_emergency_reviews_c1_once()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if old.reviewed_at is not null then perform broken('tg_emergency_reviews_c1_once'); end if;
  if exists (select from operations o where o.id = new.operation_id and o.opened_by = new.reviewed_by)
     or exists (select from operation_seats s where s.operation_id = new.operation_id and s.staff_id = new.reviewed_by) then
    perform broken('tg_emergency_reviews_c3_another'); end if;
  return new;
end $function$;

-- tg_emergency_reviews_c1_open(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_emergency_reviews_c1_open()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  perform broken('tg_emergency_reviews_c1_open');
  return null;
end $function$;

-- tg_events_c48_links(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_events_c48_links()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  update chains set seq = new.seq, head = new.hash, last_at = new.happened_at
  where id = new.chain_id and seq = new.seq - 1 and head = new.prev_hash and last_at < new.happened_at;
  if not found then perform broken('tg_events_c48_links'); end if;
  insert into pending_events (event_id, hash) values (new.id, new.hash);
  return null;
end $function$;

-- tg_file_items_c31_collecting(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_file_items_c31_collecting()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from archive_records r where r.id = new.record_id and r.state = 'COLLECTING') then
    perform broken('tg_file_items_c31_collecting'); end if;
  return new;
end $function$;

-- tg_follow_collateral(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_follow_collateral()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  new.visible_to := distinct_ids(array[new.org_id] || (select visible_to from collateral where id = new.collateral_id));
  return new;
end $function$;

-- tg_follow_record(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_follow_record()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare seen uuid[]; begin
  select r.visible_to into seen from archive_records r where r.id = new.record_id for share;
  new.visible_to := coalesce(seen, array[new.org_id]);
  return new;
end $function$;

-- tg_handover_lines_c30_from_rows(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_handover_lines_c30_from_rows()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare h handovers; keeper uuid; begin
  select * into h from handovers where id = new.handover_id;
  select l.tier, l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.seal_no, l.stood_as, l.kept_by
    into new.tier, new.archive_no, new.barcode, new.copies, new.pages, new.is_original, new.seal_no, new.stood_as, keeper
    from handover_line_of(new.record_id) l;
  new.org_id := h.org_id;
  new.visible_to := h.visible_to;
  if h.state <> 'DRAFT' then perform broken('tg_handover_lines_c31_draft'); end if;
  if keeper <> h.org_id then perform broken('tg_handover_lines_c31_keeper'); end if;
  if new.tier = 'FIRST' and new.seal_no is null and not needs_no_seal(new.record_id) then
    perform broken('tg_handover_lines_c30_sealed'); end if;
  return new;
end $function$;

-- tg_handover_lines_c31_listed(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_handover_lines_c31_listed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if old.state <> 'LISTED' then perform broken('tg_handover_lines_c31_step'); end if;
  return old;
end $function$;

-- tg_handover_lines_c31_step(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_handover_lines_c31_step()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare h handovers; begin
  if not ((old.state, new.state) in (('LISTED', 'SENT'), ('SENT', 'ACKNOWLEDGED'), ('SENT', 'RESPONSIBILITY_ONLY'), ('SENT', 'REJECTED'),
                                     ('SENT', 'RECALLED')))
     or new.state = 'RESPONSIBILITY_ONLY' and new.shipment_id is not null or new.state = 'ACKNOWLEDGED' and new.shipment_id is null then
    perform broken('tg_handover_lines_c31_step'); end if;
  if new.state <> 'SENT' then return new; end if;
  select * into h from handovers where id = new.handover_id;
  if not exists (select from handover_line_of(new.record_id) l where (l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.stood_as)
                 = (new.archive_no, new.barcode, new.copies, new.pages, new.is_original, new.stood_as)
                 and l.seal_no is not distinct from new.seal_no) then
    perform broken('tg_handover_lines_c30_list_is_true'); end if;
  if h.kind <> 'CUSTODIAN' and new.shipment_id is null and new.stood_as not in ('CHECKED_OUT', 'READING') then
    perform broken('tg_handover_lines_c31_moves'); end if;
  if not stays_open(h.to_org_id) then perform broken('tg_c32_unit_is_open'); end if;
  if h.kind = 'TO_ARCHIVE' and not exists (select from archive_records r where r.id = new.record_id and r.state = 'CLOSED_VOLUME'
                                           and r.cutoff_at is not null and r.retention_class in ('TWENTY_YEARS', 'PERMANENT')) then
    perform broken('tg_handover_lines_c45_for_archive'); end if;
  if h.kind = 'TO_ARCHIVE' and exists (select from settled_for_good(array[new.record_id]) s where s.final_at > clock_timestamp()) then
    perform broken('tg_handover_lines_c35_for_archive'); end if;
  if new.tier = 'FIRST' and not exists (select from org_units o where o.id = h.to_org_id and o.has_vault) then
    perform broken('tg_handover_lines_c33_vault'); end if;
  return new;
end $function$;

-- tg_handover_lines_c48_once(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_handover_lines_c48_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if old.sent_operation_id is not null and (new.sent_operation_id, new.shipment_id) is distinct from (old.sent_operation_id, old.shipment_id)
     or old.decided_operation_id is not null and (new.decided_operation_id, new.decided_at, new.reasons)
        is distinct from (old.decided_operation_id, old.decided_at, old.reasons)
     or old.back_operation_id is not null and new.back_operation_id is distinct from old.back_operation_id then
    perform broken('tg_handover_lines_c48_once'); end if;
  return new;
end $function$;

-- tg_handover_lines_spread(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_handover_lines_spread()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare touched uuid[]; refreshed uuid[]; h handovers; begin
  if tg_op = 'DELETE' then
    select array_agg(distinct handover_id) into touched from was;
  else
    select array_agg(distinct n.handover_id), array_agg(n.record_id) filter (where cardinality(n.visible_to) > 1
             and n.state not in ('ACKNOWLEDGED', 'RESPONSIBILITY_ONLY'))  -- of those the change of keeper says it
      into touched, refreshed from is_now n join was o using (id)
      where n.state <> o.state or n.back_operation_id is distinct from o.back_operation_id;
    for h in select * from handovers x where x.id = any (touched) and x.kind = 'CUSTODIAN' loop
      if exists (select from is_now n join was o using (id) where n.handover_id = h.id and o.state = 'LISTED' and n.state = 'SENT')
         and uncounted(h.id) > 0 then perform broken('tg_handover_lines_c32_full_count'); end if;
    end loop;
    update archive_records set org_id = org_id where id = any (refreshed);
    update sealed_envelopes e set visible_to = distinct_ids(e.org_id || r.visible_to) from archive_records r
      where r.id = any (refreshed) and e.id = r.envelope_id and e.collateral_id is null
        and e.visible_to is distinct from distinct_ids(e.org_id || r.visible_to);
  end if;
  update handovers x set state = handover_state_of(x.id) where x.id = any (touched) and x.state <> handover_state_of(x.id);
  return null;
end $function$;

-- tg_handovers_c32_duties_end(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_handovers_c32_duties_end()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare now timestamptz := clock_timestamp(); begin
  update keeper_duties d set during = case when lower(d.during) < now then tstzrange(lower(d.during), now) else 'empty' end
  where d.staff_id = new.giver_id and upper(d.during) > now;
  return null;
end $function$;

-- tg_handovers_visible_to(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_handovers_visible_to()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  new.visible_to := distinct_ids(array[new.org_id, new.to_org_id]);
  new.state := 'DRAFT';
  return new;
end $function$;

-- tg_holds_s10_stop(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_holds_s10_stop()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  update archive_records r set state = d.back_to
    from lines_under(new.record_id, new.loan_id, new.collateral_id, new.party_id, new.dealer_id) d where r.id = d.record_id;
  return null;
end $function$;

-- tg_idempotency_keys_c51_once(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_idempotency_keys_c51_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  perform broken('tg_idempotency_keys_c51_once');
  return null;
end $function$;

-- tg_keeper_duties_c2_one_seat_a_day(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_keeper_duties_c2_one_seat_a_day()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  perform pg_advisory_xact_lock(hashtextextended(new.vault_id::text || new.staff_id::text, 2));  -- of two at once one sees the other
  if not isempty(new.during) and has_other_seat(new.staff_id, new.vault_id, new.seat, new.during) then
    perform broken('tg_keeper_duties_c2_one_seat_a_day'); end if;
  return null;
end $function$;

-- tg_loan_positions_c52_back_to_shelf(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_loan_positions_c52_back_to_shelf()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  update loss_cases c set back_to = 'FILED' from archive_records r where r.id = c.record_id and r.primary_loan_id = new.loan_id
    and r.tier = 'SECOND' and r.state = 'MISSING' and c.closed_at is null and c.back_to = 'CLOSED_VOLUME';
  return null;
end $function$;

-- tg_loans_classified(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_loans_classified()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare old_one loan_classifications; today date := bank_day(clock_timestamp()); begin
  select * into old_one from loan_classifications v where v.loan_id = new.id and v.during @> today;
  if old_one.classification = new.classification then return null; end if;
  if lower(old_one.during) = today then
    update loan_classifications set classification = new.classification, recorded_by = app_staff(), reason = null where id = old_one.id;
  else
    update loan_classifications set during = daterange(lower(during), today) where id = old_one.id;
    insert into loan_classifications (loan_id, during, classification, recorded_by)
    values (new.id, daterange(today, null), new.classification, app_staff());
  end if;
  return null;
end $function$;

-- tg_loss_cases_step(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_loss_cases_step()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if old.state <> new.state and not ((old.state, new.state) in (('OPEN', 'SEARCHED'), ('SEARCHED', 'LOST'))
      or new.state = 'CLOSED' and case when old.state = 'LOST' then new.outcome in ('REPLACED', 'CLOSED_LOST') else new.outcome = 'FOUND' end) then
    perform broken('tg_loss_cases_c44_step'); end if;
  if old.state in ('LOST', 'CLOSED') and (old.search_log, old.responsibility, old.searched_at, old.notified_at, old.lost_at, old.lost_operation_id, old.statement)
        is distinct from (new.search_log, new.responsibility, new.searched_at, new.notified_at, new.lost_at, new.lost_operation_id, new.statement)
     or old.state = 'CLOSED' and (old.outcome, old.closed_at, old.reissued_as_id) is distinct from (new.outcome, new.closed_at, new.reissued_as_id)
     or old.original_found_at is not null and new.original_found_at is distinct from old.original_found_at then
    perform broken('tg_loss_cases_c48_final'); end if;
  return new;
end $function$;

-- tg_movements_c14_one_pending(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c14_one_pending()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from operations o, operations n where o.id = old.operation_id and n.id = new.operation_id
             and n.opened_at <= o.expires_at and o.state in ('PENDING', 'EXPIRED')) then
    perform broken('tg_movements_c14_one_pending'); end if;
  return new;
end $function$;

-- tg_movements_c14_queue_first(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c14_queue_first()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from request_lines x join access_requests w on w.id = x.request_id and w.state = 'WAITING'
             where x.record_id = new.record_id and w.id <> new.request_id)
     and not exists (select from access_requests q where q.id = new.request_id and q.queued_at is not null) then
    perform broken('tg_movements_c14_queue_first'); end if;
  return new;
end $function$;

-- tg_movements_c15_birth(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c15_birth()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if num_nonnulls(new.returned_at, new.returned_by, new.presented_to, new.claimed_at, new.closed_at, new.ended_as, new.inspection_id,
                  new.entry_operation_id, new.override_id, new.recalled_at) > 0 or new.extensions > 0
     or new.kind <> 'TRANSIT' and num_nonnulls(new.out_at, new.due_at, new.exit_operation_id) > 0 then
    perform broken('tg_movements_c15_birth'); end if;
  return new;
end $function$;

-- tg_movements_c16_no_hold(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c16_no_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.kind in ('CHECKOUT', 'RELEASE', 'SUBSTITUTION') and exists (
      select from holds_over(new.record_id) h join access_requests q on q.id = new.request_id
      where not (h.kind = 'LEGAL' and q.purpose like 'LITIGATION%' and q.applicant_id = h.placer_id
        and (new.out_at is null or exists (select from approvals a where a.request_id = q.id and a.rank = 'VICE_PRESIDENT')))) then
    perform broken('tg_movements_c16_no_hold'); end if;
  if new.kind <> 'ACT' and cardinality(frozen_kinds(new.record_id)) > 0 then perform broken('tg_movements_c17_not_frozen'); end if;
  return new;
end $function$;

-- tg_movements_c17_slot_counted(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c17_slot_counted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if is_being_counted(new.record_id) then perform broken('tg_movements_c17_slot_counted'); end if;
  return new;
end $function$;

-- tg_movements_c21_recomputed(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c21_recomputed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare first date := (old.due_at at time zone 'Asia/Shanghai')::date; last date := (new.due_at at time zone 'Asia/Shanghai')::date; begin
  if new.due_at < old.due_at or new.due_at - old.due_at <> make_interval(days => last - first) or not is_working_day(last)
     or exists (select from generate_series(first, last - 1, interval '1 day') d where is_working_day(d::date))
     or not exists (select from holidays h where extract(year from h.day) = extract(year from first)) then
    perform broken('tg_movements_c21_recomputed'); end if;
  return new;
end $function$;

-- tg_movements_c21_term(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c21_term()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.due_at > term_ends((select q.purpose from access_requests q where q.id = new.request_id),
                            (select r.custody_org_id from archive_records r where r.id = new.record_id), new.out_at, new.out_at)
     and not exists (select from overrides v where v.operation_id = new.exit_operation_id and v.record_id = new.record_id and v.rule = 'C21') then
    perform broken('tg_movements_c21_term'); end if;
  return new;
end $function$;

-- tg_movements_c22_extension(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c22_extension()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare q access_requests; keeper uuid; lent_for text; for_court boolean; beyond boolean; begin
  select * into q from access_requests x
    where x.extends_id in (select m.id from movements m where m.request_id = new.request_id) and extends(x, new)
    and x.state = 'FULFILLED' and x.extends_until = new.due_at and x.decided_at < old.due_at and x.applicant_id = new.holder_id order by x.decided_at desc limit 1;
  if new.claimed_at is not null or has_open_claim(new.id) or new.extensions <> old.extensions + 1 or q.id is null then
    perform broken('tg_movements_c22_extension'); end if;
  select r.custody_org_id into keeper from archive_records r where r.id = new.record_id;
  select x.purpose into lent_for from access_requests x where x.id = new.request_id;
  for_court := lent_for like 'LITIGATION%';
  beyond := old.extensions >= parameter_of('extensions_max', keeper, 1, q.decided_at);
  if beyond and not for_court then
    perform broken('tg_movements_c22_extension'); end if;
  if q.court_paper_scan_id is not null and not court_paper_is_on_file(q.court_paper_scan_id, new.record_id, q.id)
     or q.court_paper_scan_id is null and for_court and beyond then
    perform broken('tg_movements_c22_court_paper'); end if;
  if new.due_at <= q.decided_at
     or new.due_at > term_ends(lent_for, keeper, old.due_at, q.decided_at) and not (for_court and q.court_paper_scan_id is not null)
        and not exists (select from overrides v join operations o on o.id = v.operation_id
                        where v.rule = 'C21' and v.record_id = new.record_id and o.request_id = q.id) then
    perform broken('tg_movements_c21_term'); end if;
  return new;
end $function$;

-- tg_movements_c23_nobody_waits(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c23_nobody_waits()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if (new.recalled_at is not null or exists (select from request_lines x join access_requests q on q.id = x.request_id
      where x.record_id = new.record_id and q.state = 'WAITING'))
     and not exists (select from overrides v join operations o on o.id = v.operation_id join access_requests q on q.id = o.request_id
      where v.rule = 'C23' and v.record_id = new.record_id and extends(q, new) and q.extends_until = new.due_at) then
    perform broken('tg_movements_c23_nobody_waits'); end if;
  return new;
end $function$;

-- tg_movements_c24_recalled_once(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c24_recalled_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  perform broken('tg_movements_c24_recalled_once');
end $function$;

-- tg_movements_c25_another_receives(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c25_another_receives()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.presented_to is null or new.presented_to = new.returned_by then perform broken('tg_movements_c25_another_receives'); end if;
  return new;
end $function$;

-- tg_movements_c25_holder_or_successor(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c25_holder_or_successor()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if ground_of_return(new.holder_id, new.returned_by) is null then perform broken('tg_movements_c25_holder_or_successor'); end if;
  return new;
end $function$;

-- tg_movements_c25_not_claimed(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c25_not_claimed()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if old.claimed_at is not null or has_open_claim(new.id) then perform broken('tg_movements_c25_not_claimed'); end if;
  return new;
end $function$;

-- tg_movements_c32_holder(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c32_holder()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  perform from staff s where s.id = new.holder_id and s.active for share;
  if not found then perform broken('tg_movements_c32_holder'); end if;
  return new;
end $function$;

-- tg_movements_c38_final(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c38_final()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from archive_records r where r.id = new.record_id and r.state in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED')) then
    perform broken('tg_movements_c38_final'); end if;
  return new;
end $function$;

-- tg_movements_c40_covered(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c40_covered()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if (new.due_at at time zone 'Asia/Shanghai')::date > (select max(b.return_by) from bailee_letters b where b.request_id = new.request_id) then
    perform broken('tg_movements_c40_covered'); end if;
  return new;
end $function$;

-- tg_movements_c40_letter(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c40_letter()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from access_requests q where q.id = new.request_id and q.tier = 'FIRST' and q.outside_bank)
     and not exists (select from bailee_letters b where b.request_id = new.request_id) then
    perform broken('tg_movements_c40_letter'); end if;
  return new;
end $function$;

-- tg_movements_c48_once(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_movements_c48_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if old.closed_at is not null or old.out_at is not null and new.out_at is distinct from old.out_at
     or old.exit_operation_id is not null and new.exit_operation_id is distinct from old.exit_operation_id then
    perform broken('tg_movements_c48_once'); end if;
  return new;
end $function$;

-- tg_off_balance_entries_c11_step(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_off_balance_entries_c11_step()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if old.state = 'BOOKED' then perform broken('tg_off_balance_entries_c11_step'); end if;
  return new;
end $function$;

-- tg_off_balance_entries_vault(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_off_balance_entries_vault()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  new.vault_id := coalesce((select o.vault_id from operations o where o.id = new.operation_id),
                           (select r.vault_id from archive_records r where r.id = new.record_id));
  return new;
end $function$;

-- tg_operation_seats_c0_administrators(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operation_seats_c0_administrators()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare o operations; begin
  if exists (select from staff s where s.id = new.staff_id and s.kind = 'SERVICE') then perform broken('tg_operation_seats_c1_no_service'); end if;
  select * into o from operations where id = new.operation_id;
  if not is_administration(o.action) then return new; end if;
  if new.staff_id::text in (o.ask->'change'->>'staff', o.ask->'change'->>'to', o.ask->'change'->>'from') then perform broken('tg_operation_seats_c0_not_oneself'); end if;
  if not exists (select from staff_roles r join staff s on s.id = r.staff_id and s.active where r.staff_id = new.staff_id
                 and r.role = case new.seat when 'PROPOSER' then 'ADMIN' when 'SECOND' then 'COMPLIANCE' end)
     and not exists (select from delegations d where d.to_staff_id = new.staff_id and d.during @> clock_timestamp()
                 and d.role = case new.seat when 'PROPOSER' then 'ADMIN' when 'SECOND' then 'COMPLIANCE' end) then
    perform broken('tg_operation_seats_c0_administrators'); end if;
  return new;
end $function$;

-- tg_operation_seats_c0_role(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operation_seats_c0_role()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare act text := (select o.action from operations o where o.id = new.operation_id); begin
  if not exists (select from staff s where s.id = new.staff_id and s.active)
     or exists (select from act_seat_roles r where r.action = act and r.seat = new.seat)
        and not exists (select from act_seat_roles r where r.action = act and r.seat = new.seat
                        and is_substitute(new.staff_id, r.role, greatest(new.taken_at, clock_timestamp()))) then
    perform broken('tg_operation_seats_c0_role'); end if;
  return null;
end $function$;

-- tg_operation_seats_c1_on_duty(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operation_seats_c1_on_duty()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare o operations; q access_requests; begin
  select * into o from operations where id = new.operation_id;
  if o.state <> 'PENDING' or new.taken_at not between o.opened_at and o.expires_at or not new.seat = any (o.required_seats) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat in ('KEY', 'CODE') and not exists (select from keeper_duties d where d.vault_id = o.vault_id
      and d.staff_id = new.staff_id and d.seat = new.seat and d.during @> new.taken_at
      and (upper_inf(d.during) or upper(d.during) > clock_timestamp()))  -- a former keeper is none, whatever the instant says
     and not (o.emergency_reason is not null
              and is_substitute(new.staff_id, case new.seat when 'KEY' then 'OPS_HEAD' else 'VICE_PRESIDENT' end, new.taken_at)) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat not in ('RECEIVER', 'PROPOSER', 'SECOND', 'SUPERVISOR', 'OVERRIDE')
     and has_interest(new.staff_id, o.record_ids) then
    perform broken('tg_operation_seats_c4_no_interest'); end if;
  if o.request_id is not null and exists (select from acts a where a.action = o.action and a.is_exit) then
    select * into q from access_requests where id = o.request_id;
    if new.seat = 'RECEIVER' and new.staff_id is distinct from q.reader_id then perform broken('tg_operation_seats_c19_receiver'); end if;
    if new.seat <> 'RECEIVER' and (new.seat <> 'OFFICER' and new.staff_id = q.applicant_id or exists (
        select from approvals a where a.request_id = q.id and a.approver_id = new.staff_id)) then
      perform broken('tg_operation_seats_c3_releaser'); end if;
  end if;
  return new;
end $function$;

-- tg_operation_seats_c4_deciding(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operation_seats_c4_deciding()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if has_interest(new.staff_id, (select o.record_ids from operations o where o.id = new.operation_id
                                 and o.action in ('DECLARE_LOST', 'CLOSE_LOST', 'SURRENDER'))) then
    perform broken('tg_operation_seats_c4_deciding'); end if;
  return null;
end $function$;

-- tg_operation_seats_c50_override(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operation_seats_c50_override()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare o operations; wanted text; held text[]; keeper uuid; begin
  select * into o from operations where id = new.operation_id;
  keeper := coalesce((select r.custody_org_id from archive_records r where r.id = any (o.record_ids) order by r.id limit 1), o.org_id);
  select coalesce(array_agg(r.role), '{}') into held from (
    select role from staff_roles where staff_id = new.staff_id
    union select d.role from delegations d where d.to_staff_id = new.staff_id and d.during @> new.taken_at) r;
  for wanted in select x->>'rule' from jsonb_array_elements(coalesce(o.ask->'overrides', '[]')) x loop
    if not held && coalesce(policy_roles('override_roles.' || lower(wanted), keeper, new.taken_at),
                            array(select p.role from override_permissions p where p.rule = wanted)) then
      perform broken('tg_operation_seats_c50_permitted'); end if;
  end loop;
  if new.staff_id = o.opened_by or new.staff_id = (o.ask->>'reader')::uuid
     or exists (select from access_requests q where q.id = (o.ask->>'request')::uuid and new.staff_id in (q.applicant_id, q.reader_id))
     or has_interest(new.staff_id, o.record_ids) then
    perform broken('tg_operation_seats_c50_another'); end if;
  return new;
end $function$;

-- tg_operations_administer(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operations_administer()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare second uuid := (select staff_id from operation_seats where operation_id = new.id and seat = 'SECOND'); begin
  if new.action in ('TRANSFER_LOANS', 'CLOSE_ORG_UNIT') then perform administer_units(new.action, new.ask->'change', second);
  else perform administer(new.action, new.ask->'change', second); end if;
  return null;
end $function$;

-- tg_operations_c15_step(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operations_c15_step()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if old.state <> 'PENDING' then perform broken('tg_operations_c15_step'); end if;
  return new;
end $function$;

-- tg_operations_c1_seats_of_act(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operations_c1_seats_of_act()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare minutes integer; begin
  if exists (select from act_seats s where s.action = new.action and not s.seat = any (new.required_seats)
             and (s.tier = new.tier or exists (select from archive_records r where r.id = any (new.record_ids) and r.tier = s.tier))) then
    perform broken('tg_operations_c1_seats_of_act'); end if;
  if 'KEY' = any (new.required_seats) then
    if exists (select from archive_records r where r.id = any (new.record_ids) and r.tier = 'FIRST' and r.state in ('IN_VAULT', 'RESERVED')
               and r.vault_id is distinct from new.vault_id) then
      perform broken('tg_operations_c1_vault'); end if;
    minutes := coalesce((select s.value::integer from policy_parameters s where s.key = 'operation_minutes'
      and (s.org_id is null or s.org_id = new.org_id) and s.effective_from <= new.opened_at
      order by s.org_id is null, s.effective_from desc limit 1), 15);
    if new.expires_at > new.opened_at + make_interval(mins => minutes) and not exists (select from acts a where a.action = new.action and a.at_desk) then
      perform broken('tg_operations_c1_window'); end if;
  end if;
  -- Not before what is told already; other records of a loan may be told of meanwhile.
  if new.opened_at < told_until(new.record_ids) - interval '5 minutes' then perform broken('tg_operations_c1_window'); end if;
  new.done_in := null;
  return new;
end $function$;

-- tg_operations_c48_amend(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operations_c48_amend()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare d jsonb := new.ask->'detail'; of contracts; joining uuid[]; day date := (d->>'signed_on')::date; proof uuid := (d->>'evidence')::uuid; begin
  select * into of from contracts where id = (d->>'contract')::uuid for update;
  joining := array(select j::uuid from jsonb_array_elements_text(coalesce(d->'loans', '[]')) j
                   except select loan_id from loan_contracts where contract_id = of.id);
  if not exists (select from scans s join archive_records r on r.id = s.record_id
                   join loan_contracts l on l.loan_id = r.primary_loan_id and l.contract_id = of.id
                 where s.id = proof and s.status = 'STORED') then
    perform broken('tg_operations_c48_amendment_evidence'); end if;
  if day is null or day < of.signed_on or day > bank_day(new.done_at) then perform broken('tg_operations_c48_amendment_day'); end if;
  if cardinality(joining) > 0 and (not of.is_maximum_amount or cardinality(joining) <>
      (select count(*) from loans l where l.id = any (joining) and l.org_id = of.org_id and l.currency = of.currency and (of.kind <> 'LOAN'
        or l.customer_id in (select o.customer_id from loan_contracts x join loans o on o.id = x.loan_id where x.contract_id = of.id)))) then
    perform broken('tg_operations_c48_amendment_loans'); end if;
  insert into contract_amendments (id, contract_id, number, signed_on, summary, amount_before, amount, currency, loan_ids, evidence_id,
                                   proposed_by, approved_by, amended_at)
  values (new.id, of.id, d->>'number', day, coalesce(d->>'summary', ''), of.amount, coalesce((d->>'amount')::numeric, of.amount), of.currency,
          joining, proof, (select staff_id from operation_seats where operation_id = new.id and seat = 'PROPOSER'),
          (select staff_id from operation_seats where operation_id = new.id and seat = 'SECOND'),
          greatest(new.done_at, (select max(amended_at) + interval '1 microsecond' from contract_amendments where contract_id = of.id)));
  update contracts set amount = coalesce((d->>'amount')::numeric, amount) where id = of.id;
  insert into loan_contracts (org_id, loan_id, contract_id) select of.org_id, j, of.id from unnest(joining) j;
  return null;
end $function$;

-- tg_operations_c48_correct(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operations_c48_correct()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare d jsonb := new.ask->'detail'; what uuid := (d->>'subject')::uuid; value text := d->>'value'; old text; begin
  case (d->>'of') || '.' || (d->>'field')
  when 'RECORD.title' then select title into old from archive_records where id = what for update;
    update archive_records set title = value where id = what;
  when 'RECORD.pages' then select pages into old from archive_records where id = what for update;
    update archive_records set pages = value::integer where id = what;
  when 'RECORD.expiresOn' then select expires_on into old from archive_records where id = what and kind = 'INSURANCE_POLICY' for update;
    if not found then perform broken('tg_operations_c48_correctable'); end if;
    update archive_records set expires_on = value::date where id = what;
  when 'FILE_ITEM.title' then select title into old from file_items where id = what for update;
    update file_items set title = value where id = what;
  when 'FILE_ITEM.pages' then select pages into old from file_items where id = what for update;
    update file_items set pages = value::integer where id = what;
  when 'CERTIFICATE.number' then select number into old from collateral_certificates where id = what for update;
    update collateral_certificates set number = value where id = what;
  when 'CERTIFICATE.registrationNo' then select registration_no into old from collateral_certificates where id = what for update;
    update collateral_certificates set registration_no = value where id = what;
  when 'CERTIFICATE.issuedOn' then select issued_on into old from collateral_certificates where id = what for update;
    update collateral_certificates set issued_on = value::date where id = what;
  when 'CERTIFICATE.expiresOn' then select expires_on into old from collateral_certificates where id = what for update;
    update collateral_certificates set expires_on = value::date where id = what;
  when 'CONTRACT.number' then select number into old from contracts where id = what for update;
    update contracts set number = value where id = what;
  when 'CONTRACT.signedOn' then select signed_on into old from contracts where id = what for update;
    update contracts set signed_on = value::date where id = what;
  else
    if d->>'of' = 'EVENT' and d->>'field' in ('archive_no', 'barcode', 'seal_no') then  -- the 17 bytes before are the tag
      select convert_from(substr(canonical, 18), 'UTF8')::jsonb->'detail'->>(d->>'field') into old from events where id = what;
    end if;
    if old is null then perform broken('tg_operations_c48_correctable'); end if;
  end case;
  if not correction_is_shown(d->>'of', what, (d->>'evidence')::uuid) then
    perform broken('tg_operations_c48_evidence'); end if;
  insert into corrections (id, org_id, visible_to, operation_id, subject_kind, subject_id, record_id, field, old_value, new_value, reason,
                           evidence_id, proposed_by, confirmed_by, corrected_at)
  values (new.id, new.org_id, new.visible_to, new.id, d->>'of', what, new.record_ids[1], d->>'field', old, value, coalesce(new.ask->>'reason', ''),
          (d->>'evidence')::uuid, (select staff_id from operation_seats where operation_id = new.id and seat = 'PROPOSER'),
          (select staff_id from operation_seats where operation_id = new.id and seat = 'SECOND'),
          greatest(new.done_at, (select max(corrected_at) + interval '1 microsecond' from corrections where subject_id = what)));
  return null;
end $function$;

-- tg_operations_done_in(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operations_done_in()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.done_at < (select max(s.taken_at) from operation_seats s where s.operation_id = new.id) then perform broken('tg_operations_c1_window'); end if;
  new.done_in := pg_current_xact_id();
  return new;
end $function$;

-- tg_operations_visible_to(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_operations_visible_to()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  new.visible_to := distinct_ids(array[new.org_id] || (
    select array_agg(v) from archive_records r, unnest(r.visible_to) v where r.id = any (new.record_ids)));
  return new;
end $function$;

-- tg_org_units_c32_clear(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_org_units_c32_clear()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not unit_is_clear(new.id) then perform broken('tg_org_units_c32_clear'); end if;
  return new;
end $function$;

-- tg_org_units_principal_version(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_org_units_principal_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  update staff set principal_version = principal_version + 1 where org_id in (
    with recursive above as (select new.parent_id as id union all select o.parent_id from org_units o join above a on o.id = a.id)
    select a.id from above a join org_units o on o.id = a.id where o.level <> 'HEAD_OFFICE');  -- who sees everything needs no list
  return null;
end $function$;

-- tg_overdue_steps_c24_bailee(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_overdue_steps_c24_bailee()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if (new.step = 'CONFIRMATION') <> exists (
       select from movements m join bailee_letters b on b.request_id = m.request_id where m.id = new.movement_id) then
    perform broken('tg_overdue_steps_c24_bailee'); end if;
  return new;
end $function$;

-- tg_overrides_visible_to(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_overrides_visible_to()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  new.visible_to := distinct_ids(array[new.org_id] || (select visible_to from operations where id = new.operation_id));
  return new;
end $function$;

-- tg_own_unit(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_own_unit()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  new.visible_to := array[new.org_id];
  return new;
end $function$;

-- tg_records_spread(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_records_spread()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if tg_op = 'UPDATE' and new.visible_to is distinct from old.visible_to then
    update movements set visible_to = new.visible_to where record_id = new.id;
    update file_items set visible_to = new.visible_to where record_id = new.id;
    update discrepancies set visible_to = new.visible_to where record_id = new.id;
    update scans set visible_to = new.visible_to where record_id = new.id;
    update loss_cases set visible_to = new.visible_to where record_id = new.id;
  end if;
  if new.collateral_id is not null then perform refresh_collateral(new.collateral_id); end if;
  return null;
end $function$;

-- tg_records_visible_to(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_records_visible_to()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  new.visible_to := distinct_ids(array[new.org_id, new.custody_org_id, (select org_id from collateral where id = new.collateral_id)]
    || (select array_agg(u) from handover_lines l, unnest(l.visible_to) u where l.record_id = new.id
        and (l.state = 'SENT' or l.state = 'REJECTED' and l.shipment_id is not null and l.back_operation_id is null)));
  return new;
end $function$;

-- tg_registry_checks_c55_electronic(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_registry_checks_c55_electronic()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from archive_records r where r.id = new.record_id and r.certificate_id = new.certificate_id)
     or not is_electronic(new.certificate_id) then perform broken('tg_registry_checks_c55_electronic'); end if;
  return new;
end $function$;

-- tg_releases_c37_recipient(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_releases_c37_recipient()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if tg_op = 'UPDATE' and old.state = 'DONE' then perform broken('tg_releases_c38_done'); end if;
  if new.capacity <> 'COURT' and exists (select from request_lines x where x.request_id = new.request_id and not coalesce(recipient_fits(
      new.request_id, x.record_id, new.capacity, new.identity_index, new.authority_scan_id, new.authority_until), false)) then
    perform broken('tg_releases_c37_recipient'); end if;
  return new;
end $function$;

-- tg_request_lines_c5_asked(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_request_lines_c5_asked()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare q access_requests; begin
  select * into q from access_requests where id = new.request_id;
  if q.state <> 'SUBMITTED' or exists (select from approvals a where a.request_id = q.id) then perform broken('tg_request_lines_c5_before_approval'); end if;
  if exists (select from archive_records r where r.id = new.record_id and r.tier <> q.tier) then perform broken('tg_request_lines_c13_tier'); end if;
  return new;
end $function$;

-- tg_request_lines_spread(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_request_lines_spread()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  update access_requests q set visible_to = distinct_ids(q.visible_to || r.visible_to)
    from archive_records r where q.id = new.request_id and r.id = new.record_id and not q.visible_to @> r.visible_to;
  return null;
end $function$;

-- tg_return_claims_c25_holder(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_return_claims_c25_holder()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from movements m where m.id = new.movement_id and m.holder_id = new.claimed_by and m.out_at is not null
                 and m.returned_at is null and m.closed_at is null) then
    perform broken('tg_return_claims_c25_holder'); end if;
  return new;
end $function$;

-- tg_return_claims_c25_once(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_return_claims_c25_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if old.resolved_at is not null then perform broken('tg_return_claims_c25_once'); end if;
  return new;
end $function$;

-- tg_return_inspections_c26_pages(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_return_inspections_c26_pages()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from archive_records r where r.id = new.record_id and r.pages > 0 and r.pages <> new.pages_counted)
    and not exists (select from movements m join operations o on o.id = m.operation_id where m.id = new.movement_id
      and m.record_id = new.record_id and o.action = 'ACCEPT_CHANGED_RETURN'
      and o.ask -> 'detail' -> 'changes' @> jsonb_build_array(jsonb_build_object('old', new.record_id))) then
    perform broken('tg_return_inspections_c26_pages'); end if;
  return new;
end $function$;

-- tg_roles_principal_version(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_roles_principal_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  update staff set principal_version = principal_version + 1
  where id in (coalesce(new.staff_id, old.staff_id), coalesce(old.staff_id, new.staff_id));
  return null;
end $function$;

-- tg_row_version(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_row_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare content jsonb := to_jsonb(coalesce(new, old)); begin
  insert into row_versions (table_name, row_id, operation, content)
  values (tg_table_name, (content->>'id')::uuid, left(tg_op, 1), content);
  return null;
end $function$;

-- tg_scan_copies_c45_longer(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_scan_copies_c45_longer()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare t record; kept timestamptz; begin
  if new.due_until < old.due_until then perform broken('tg_scan_copies_c45_longer'); end if;
  if old.due_hold and not new.due_hold then
    select * into t from scan_terms(array[new.scan_id]);
    kept := (t.cutoff_at at time zone 'Asia/Shanghai' + make_interval(years => class_years(t.retention_class))) at time zone 'Asia/Shanghai';
    if t.on_hold or t.retention_class = 'PERMANENT' or not coalesce(greatest(t.cutoff_at, t.final_at) <= clock_timestamp(), false)
       or t.cutoff_at is null or t.final_at is null or new.due_until < kept and kept > clock_timestamp() then
      perform broken('tg_scan_copies_c45_longer');
    end if;
  end if;
  return new;
end $function$;

-- tg_scan_copies_c49_seen(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_scan_copies_c49_seen()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if greatest(new.observed_at, new.checked_at, new.drifted_at, new.repaired_at, new.bad_since) > clock_timestamp() + interval '5 minutes'
     or tg_op = 'INSERT' and not exists (select from scans s where s.id = new.scan_id and s.status = 'STORED') then
    perform broken('tg_scan_copies_c49_seen');
  end if;
  return new;
end $function$;

-- tg_scans_c45_hold(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_scans_c45_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from scan_copies c where c.scan_id = new.id and c.place = 'FIRST' and c.due_hold and c.drifted_at is null) then
    perform broken('tg_scans_c45_hold');
  end if;
  return new;
end $function$;

-- tg_scans_c45_longer(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_scans_c45_longer()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  perform broken('tg_scans_c45_longer');
  return null;
end $function$;

-- tg_scans_c49_final(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_scans_c49_final()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if old.status not in ('REGISTERED', 'PENDING') then
    if (new.status, new.object_key, new.stored_at, new.reject_code) is distinct from (old.status, old.object_key, old.stored_at, old.reject_code) then
      perform broken('tg_scans_c49_final');
    end if;
  elsif new.status <> 'STORED' then
    if num_nonnulls(new.object_key, new.object_version_id, new.stored_at, new.lock_until) > 0 or new.legal_hold then
      perform broken('tg_scans_c49_final');
    end if;
  elsif new.object_key is distinct from 'scans/' || new.id or new.confirmed_at is null
     or new.stored_at not between new.registered_at - interval '5 minutes' and clock_timestamp() + interval '5 minutes' then
    perform broken('tg_scans_c49_final');
  end if;
  return new;
end $function$;

-- tg_scans_c49_locked(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_scans_c49_locked()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if scan_lock_holder(new.subject_id, new.record_id, new.org_id) <> new.uploaded_by then perform broken('tg_scans_c49_locked'); end if;
  return new;
end $function$;

-- tg_scans_copied(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_scans_copied()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  insert into scan_copies (scan_id, place, version_id, due_until, due_hold, lock_until, legal_hold, observed_at)
  values (new.id, 'FIRST', new.object_version_id, new.lock_until, new.legal_hold, new.lock_until, new.legal_hold, new.stored_at)
  on conflict (scan_id, place) do update set version_id = excluded.version_id;
  return null;
end $function$;

-- tg_sealed_envelopes_c17_not_frozen(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_sealed_envelopes_c17_not_frozen()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if exists (select from archive_records r where r.envelope_id = new.id and cardinality(frozen_kinds(r.id)) > 0) then
    perform broken('tg_sealed_envelopes_c17_not_frozen'); end if;
  return new;
end $function$;

-- tg_sealed_envelopes_c17_slot_counted(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_sealed_envelopes_c17_slot_counted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if is_counted(new.location_id) or is_counted(old.location_id) then perform broken('tg_sealed_envelopes_c17_slot_counted'); end if;
  return new;
end $function$;

-- tg_seals_c9_broken_once(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_seals_c9_broken_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  perform broken('tg_seals_c9_broken_once');
  return null;
end $function$;

-- tg_seals_unit(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_seals_unit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  new.org_id := (select e.org_id from sealed_envelopes e where e.id = new.envelope_id);
  return new;
end $function$;

-- tg_search_insert(): owned by loanfile_search, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_search_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  execute search_insertion(tg_argv[0], tg_argv[1], tg_argv[2], 'fresh');
  return null;
end $function$;

-- tg_search_update(): owned by loanfile_search, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_search_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  delete from search_terms where subject_id = new.id;
  execute search_insertion(tg_argv[0], tg_argv[1], tg_argv[2], '(select ($1).*)') using new;
  return null;
end $function$;

-- tg_settlement_notices_c34_settled(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_settlement_notices_c34_settled()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare p record; begin
  select * into p from payoff_of(new.loan_id);
  if not coalesce(p.settled, false) then perform broken('tg_settlement_notices_c34_settled'); end if;
  if settlement_final_at(new.loan_id) > clock_timestamp() then perform broken('tg_settlement_notices_c35_final'); end if;
  if p.as_of < clock_timestamp() - make_interval(hours => parameter_of('position_hours', new.org_id, 24)) then
    perform broken('tg_settlement_notices_c53_recent'); end if;
  return new;
end $function$;

-- tg_settlement_notices_c36_paper(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_settlement_notices_c36_paper()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from archive_records r where r.id = new.record_id and r.kind = 'SETTLEMENT_NOTICE' and r.primary_loan_id = new.loan_id) then
    perform broken('tg_settlement_notices_c36_paper'); end if;
  return null;
end $function$;

-- tg_settlement_notices_c52_void_stays(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_settlement_notices_c52_void_stays()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if old.voided_at is not null then perform broken('tg_settlement_notices_c52_void_stays'); end if;
  return new;
end $function$;

-- tg_shipments_visible_to(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_shipments_visible_to()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  select h.org_id, h.visible_to into new.org_id, new.visible_to from handovers h where h.id = new.handover_id;
  return new;
end $function$;

-- tg_staff_c1_no_service_in_custody(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_staff_c1_no_service_in_custody()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare row jsonb := to_jsonb(new); begin
  if (row ? 'seat' or is_custody_role(row->>'role'))
     and exists (select from staff s where s.id = coalesce(row->>'staff_id', row->>'to_staff_id')::uuid and s.kind = 'SERVICE') then
    perform broken('tg_staff_c1_no_service_in_custody'); end if;
  return new;
end $function$;

-- tg_staff_c32_custody_cleared(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_staff_c32_custody_cleared()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if has_custody(new.id) then perform broken('tg_staff_c32_custody_cleared'); end if;
  return new;
end $function$;

-- tg_staff_principal_version(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_staff_principal_version()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  new.principal_version := old.principal_version + 1;
  return new;
end $function$;

-- tg_stocktake_counts_advance(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_stocktake_counts_advance()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare t stocktakes; p stocktake_places; begin
  select * into t from stocktakes where id = new.stocktake_id;
  select * into p from stocktake_places where stocktake_id = new.stocktake_id and location_id = new.location_id for update;
  if p.frozen_until is null then
    update stocktake_places set frozen_until = least(new.counted_at, clock_timestamp()) + make_interval(hours => t.freeze_hours)
    where stocktake_id = new.stocktake_id and cabinet_id = p.cabinet_id and frozen_until is null;
  end if;
  if new.barcode is not null then return null; end if;
  if new.counter_id = t.first_counter_id then p.first_counted_at := new.counted_at; else p.second_counted_at := new.counted_at; end if;
  if p.first_counted_at is not null and p.second_counted_at is not null and exists (
      select from stocktake_counts c where c.stocktake_id = p.stocktake_id and c.location_id = p.location_id and c.round = p.round
      group by c.barcode, c.seal_no having count(*) <> 2) then
    p.round := p.round + 1; p.first_counted_at := null; p.second_counted_at := null;
  end if;
  update stocktake_places set round = p.round, first_counted_at = p.first_counted_at, second_counted_at = p.second_counted_at where id = p.id;
  if not exists (select from stocktake_places o where o.stocktake_id = p.stocktake_id and o.cabinet_id = p.cabinet_id
                 and (o.first_counted_at is null or o.second_counted_at is null)) then
    update stocktake_places set frozen_until = least(frozen_until, clock_timestamp())
    where stocktake_id = p.stocktake_id and cabinet_id = p.cabinet_id;
  end if;
  return null;
end $function$;

-- tg_stocktake_counts_c41_team(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_stocktake_counts_c41_team()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare t stocktakes; p stocktake_places; begin
  select * into t from stocktakes where id = new.stocktake_id;
  if t.state not in ('OPEN', 'COUNTING') then perform broken('tg_stocktakes_c15_step'); end if;
  if new.counter_id is distinct from app_staff() or new.counter_id not in (t.first_counter_id, t.second_counter_id) then
    perform broken('tg_stocktake_counts_c41_team'); end if;
  select * into p from stocktake_places where stocktake_id = new.stocktake_id and location_id = new.location_id;
  if p.id is null or new.round <> p.round
     or (case new.counter_id when t.first_counter_id then p.first_counted_at else p.second_counted_at end) is not null
     or exists (select from stocktake_counts c join stocktake_places o on o.stocktake_id = c.stocktake_id and o.location_id = c.location_id
                and o.round = c.round where c.stocktake_id = new.stocktake_id and c.counter_id = new.counter_id and c.barcode = new.barcode
                and c.location_id <> new.location_id) then
    perform broken('tg_stocktake_counts_c41_once'); end if;
  new.org_id := t.org_id;
  return new;
end $function$;

-- tg_stocktake_discrepancies(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_stocktake_discrepancies()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from stocktake_lines l where l.id = new.stocktake_line_id and l.result = new.kind and l.org_id = new.org_id
                 and (new.record_id is null or l.record_id = new.record_id
                      or l.envelope_id = (select r.envelope_id from archive_records r where r.id = new.record_id))) then
    perform broken('tg_discrepancies_c43_of_line'); end if;
  new.visible_to := distinct_ids(coalesce((select visible_to from archive_records where id = new.record_id), '{}') || new.org_id);
  return new;
end $function$;

-- tg_stocktakes_c15_step(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_stocktakes_c15_step()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if (old.state, new.state) not in (('OPEN', 'COUNTING'), ('COUNTING', 'COMPARED'), ('COMPARED', 'SIGNED')) then
    perform broken('tg_stocktakes_c15_step'); end if;
  if new.state = 'COUNTING' and not exists (select from stocktake_counts c where c.stocktake_id = new.id) then
    perform broken('tg_stocktakes_c15_step'); end if;
  if new.state = 'COMPARED' then
    if stocktake_places_open(new.id) > 0 then perform broken('tg_stocktakes_c41_counted'); end if;
    insert into stocktake_lines (org_id, stocktake_id, expectation, envelope_id, record_id, barcode, result, found_location_id, found_seal_no)
      select new.org_id, new.id, 'NOTHING', f.envelope_id, f.record_id, f.barcode, f.result, f.found_location_id, f.found_seal_no
      from stocktake_findings(new.id) f where f.line_id is null;
    update stocktake_lines l set result = f.result, found_location_id = f.found_location_id, found_seal_no = f.found_seal_no
      from stocktake_findings(new.id) f where f.line_id = l.id;
    update stocktake_places set closed_at = clock_timestamp(), frozen_until = least(frozen_until, clock_timestamp()) where stocktake_id = new.id;
  elsif new.state = 'SIGNED' then
    if stocktake_cases_open(new.id) > 0 then perform broken('tg_stocktakes_c42_cases'); end if;
    if stocktake_unchecked(new.id) > 0 then perform broken('tg_stocktakes_c55_registry'); end if;
  end if;
  return new;
end $function$;

-- tg_stocktakes_c41_team(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_stocktakes_c41_team()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if new.state <> 'OPEN' then perform broken('tg_stocktakes_c15_step'); end if;
  if (select count(*) filter (where is_fit and not is_keeper) from stocktake_team(new.place_id, array[new.first_counter_id, new.second_counter_id]))
     < 2 and new.first_counter_id <> new.second_counter_id then perform broken('tg_stocktakes_c41_team'); end if;
  if exists (select from stocktake_team(new.place_id, array[new.first_counter_id, new.second_counter_id]) where is_interested) then
    perform broken('tg_stocktakes_c4_no_interest'); end if;
  new.org_id := (select org_id from storage_locations where id = new.place_id);
  return new;
end $function$;

-- tg_stocktakes_frame(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_stocktakes_frame()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare whole boolean := (select kind = 'VAULT' from storage_locations where id = new.place_id); begin
  insert into stocktake_places (org_id, stocktake_id, location_id, cabinet_id, frozen_until)
    select new.org_id, new.id, p.location_id, p.cabinet_id, case when not whole then least(new.as_of, clock_timestamp()) + make_interval(hours => new.freeze_hours) end
    from places_to_count(new.place_id) p;
  insert into stocktake_lines (org_id, stocktake_id, expectation, location_id, envelope_id, barcode, seal_no)
    select new.org_id, new.id, case when bool_or(r.state in ('IN_VAULT', 'RESERVED')) then 'PRESENT' else 'OUT' end,
           e.location_id, e.id, e.barcode, e.seal_no
    from sealed_envelopes e join archive_records r on r.envelope_id = e.id
    where r.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT', 'MISSING')
      and (e.location_id in (select location_id from stocktake_places where stocktake_id = new.id)
           or whole and e.location_id is null and r.vault_id = new.place_id)
    group by e.id;
  insert into stocktake_lines (org_id, stocktake_id, expectation, location_id, record_id, barcode)
    select new.org_id, new.id,
           case when r.state in ('FILED', 'RESERVED', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED') then 'PRESENT' else 'OUT' end,
           r.location_id, r.id, r.barcode
    from archive_records r where r.tier = 'SECOND' and r.state not in ('COLLECTING', 'SUBMITTED', 'LOST', 'CLOSED_LOST', 'DESTROYED')
      and r.location_id in (select location_id from stocktake_places where stocktake_id = new.id);
  insert into stocktake_lines (org_id, stocktake_id, expectation, record_id, barcode)
    select new.org_id, new.id, case when r.state in ('IN_VAULT', 'RESERVED') then 'PRESENT' else 'OUT' end, r.id, r.barcode
    from archive_records r where whole and r.vault_id = new.place_id and is_loose(r)
      and r.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT', 'MISSING');
  insert into stocktake_lines (org_id, stocktake_id, expectation, record_id, barcode)
    select new.org_id, new.id, 'REGISTRY', r.id, r.barcode
    from archive_records r join collateral_certificates c on c.id = r.certificate_id
    where whole and c.is_electronic and r.vault_id = new.place_id and r.state in ('IN_VAULT', 'RESERVED');
  return null;
end $function$;

-- tg_substitutions_c39_before_approval(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_substitutions_c39_before_approval()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from access_requests q where q.id = new.request_id and q.kind = 'SUBSTITUTION' and q.state = 'SUBMITTED')
     or exists (select from approvals a where a.request_id = new.request_id) then
    perform broken('tg_substitutions_c39_before_approval'); end if;
  return new;
end $function$;

-- tg_tickets_c10_kept(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_tickets_c10_kept()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  if old.is_void or (new.org_id, new.ticket_no, new.operation_id, new.issued_at) is distinct from
                    (old.org_id, old.ticket_no, old.operation_id, old.issued_at) then perform broken('tg_tickets_c10_kept'); end if;
  return new;
end $function$;

-- tg_tickets_c10_next_number(): owned by loanfile_registrar, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_tickets_c10_next_number()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  perform pg_advisory_xact_lock(10, hashtext(new.org_id::text));
  insert into ticket_counters as c (org_id, last_no) values (new.org_id, 1)
    on conflict (org_id) do update set last_no = c.last_no + 1 returning last_no into new.ticket_no;
  return new;
end $function$;

-- tg_tickets_c10_unit(): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_tickets_c10_unit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ begin
  if not exists (select from operations o join archive_records r on r.id = any (o.record_ids)
                 where o.id = new.operation_id and r.custody_org_id = new.org_id)
     and not exists (select from tickets t where t.operation_id = new.operation_id and t.org_id = new.org_id) then
    perform broken('tg_tickets_c10_unit'); end if;
  return new;
end $function$;

-- tg_touch(): owned by loanfile_owner, called by its owner alone
CREATE OR REPLACE FUNCTION public.tg_touch()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
  new.version := old.version + 1;
  new.updated_at := clock_timestamp();
  return new;
end $function$;

-- ties_of(uuid): owned by loanfile_judge, called by its owner alone
CREATE OR REPLACE FUNCTION public.ties_of(record uuid)
 RETURNS TABLE(collateral_id uuid, loan_id uuid, manager_id uuid, dealer_id uuid, party_id uuid)
 LANGUAGE sql
 STABLE
AS $function$
  select r.collateral_id, l.id, l.manager_id, l.dealer_id, c.party_id
  from archive_records r cross join lateral (
    select r.primary_loan_id union all select x.loan_id from loan_collateral x
      where x.collateral_id = r.collateral_id and x.loan_id is distinct from r.primary_loan_id) o (id)
  left join loans l on l.id = o.id left join customers c on c.id = l.customer_id where r.id = record $function$;

-- title_facts(uuid[]): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.title_facts(ids uuid[])
 RETURNS TABLE(record_id uuid, certificate_id uuid, number text, is_electronic boolean, has_reference boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select r.id, c.id, c.number, coalesce(c.is_electronic, false), c.registry_reference is not null
  from archive_records r left join collateral_certificates c on c.id = r.certificate_id where r.id = any (ids) $function$;

-- told_until(uuid[]): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.told_until(ids uuid[])
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select max(c.last_at) from archive_records r join chains c on c.id = coalesce(r.primary_loan_id, r.custody_org_id) where r.id = any (ids) $function$;

-- uncounted(uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.uncounted(which uuid, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select count(*)::integer from handovers h join archive_records r on r.custodian_id = h.giver_id
      or r.tier = 'FIRST' and r.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING') and r.vault_id in (
        select d.vault_id from keeper_duties d where d.staff_id = h.giver_id and d.during @> at)
  where h.id = which and h.kind = 'CUSTODIAN' and r.custody_org_id = h.org_id
    and r.state not in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST', 'DESTROYED')
    and not exists (select from handover_lines l where l.handover_id = h.id and l.record_id = r.id)
    and not exists (select from movements m where m.record_id = r.id and m.kind = 'TRANSIT' and m.closed_at is null) $function$;

-- unit_facts(uuid,uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.unit_facts(a uuid, b uuid)
 RETURNS TABLE(a_open boolean, b_open boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select (select closed_at is null from org_units where id = a), (select closed_at is null from org_units where id = b) $function$;

-- unit_is_clear(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.unit_is_clear(unit uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select not (exists (select from loans l where l.org_id = unit)
    or exists (select from archive_records r where (r.custody_org_id = unit or r.org_id = unit) and r.state not in
         ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST', 'DESTROYED'))
    or exists (select from handovers h where unit in (h.org_id, h.to_org_id) and h.state in ('SENT', 'PARTLY_ACKNOWLEDGED'))
    or exists (select from staff s where s.org_id = unit and s.active)
    or exists (select from org_units o where o.parent_id = unit and o.closed_at is null)) $function$;

-- units_of(text,jsonb): owned by loanfile_owner, called by public
CREATE OR REPLACE FUNCTION public.units_of(of text, content jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when content ? 'visible_to' then content->'visible_to'
              when of in ('contracts', 'customers') then jsonb_build_array(content->>'org_id') end $function$;

-- units_of_loans_on(uuid[]): owned by loanfile_judge, called by loanfile_app, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.units_of_loans_on(ids uuid[])
 RETURNS TABLE(unit uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select distinct l.org_id from unnest(ids) r(id) cross join lateral loans_on(r.id) o join loans l on l.id = o.loan_id order by 1 $function$;

-- value_collateral(uuid,numeric,text,date,text): owned by loanfile_registrar, called by loanfile_app
CREATE OR REPLACE FUNCTION public.value_collateral(asset uuid, worth numeric, in_currency text, from_day date, why text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare old collateral_valuations; until date; made uuid; today date := bank_day(clock_timestamp()); begin
  perform from collateral c where c.id = asset and (app_everywhere() or c.org_id = any (app_branches())) for update;
  if not found then return null; end if;
  if from_day > today then perform broken('valid_from_ahead'); end if;
  select * into old from collateral_valuations v where v.collateral_id = asset and v.during @> from_day;
  if lower(old.during) = from_day then
    update collateral_valuations set amount = worth, currency = in_currency, recorded_by = app_staff(), reason = why where id = old.id;
    made := old.id; until := upper(old.during);
  else
    select min(lower(v.during)) into until from collateral_valuations v where v.collateral_id = asset and lower(v.during) > from_day;
    update collateral_valuations set during = daterange(lower(during), from_day) where id = old.id;
    insert into collateral_valuations (collateral_id, during, amount, currency, recorded_by, reason)
    values (asset, daterange(from_day, until), worth, in_currency, app_staff(), why) returning id into made;
  end if;
  if until is null then
    update collateral set value_amount = worth, currency = in_currency, valued_on = from_day
    where id = asset and (value_amount, currency, valued_on) is distinct from (worth, in_currency, from_day);
  end if;
  return made;
end $function$;

-- vault_counted(uuid): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.vault_counted(vault uuid)
 RETURNS TABLE(counted_at timestamp with time zone, since timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with recursive inside as (
    select l.id, l.kind, l.created_at, array[l.id] as within from storage_locations l where l.id = vault
    union all
    select l.id, l.kind, l.created_at, i.within || l.id from storage_locations l join inside i on l.parent_id = i.id and i.kind in ('VAULT', 'ROOM')),
  counts as materialized (
    select i.id, i.created_at, (select max(t.as_of) from stocktakes t where t.state = 'SIGNED' and t.place_id = any (i.within)) as last
    from inside i where i.kind in ('CABINET', 'SLOT')),
  cabinets as materialized (
    select c.*, c.last is not null and exists (
      select from unnest(array(select c.id union all select s.id from storage_locations s where s.parent_id = c.id)) p (id)
      where exists (select from sealed_envelopes e where e.location_id = p.id and coalesce(
              (select min((select max(x.queued_at) from off_balance_entries x where x.record_id = r.id and x.direction = 'IN'))
               from archive_records r where r.envelope_id = e.id and r.state in ('IN_VAULT', 'RESERVED')), e.sealed_at) <= c.last)
        or exists (select from archive_records r where r.location_id = p.id and greatest(r.created_at,
              (select max(m.closed_at) from movements m where m.record_id = r.id and m.ended_as = 'ARRIVED')) <= c.last)) as was_used
    from counts c),
  places as materialized (
    select c.id as cabinet_id, c.id from cabinets c where not c.was_used
    union all select c.id, s.id from cabinets c join storage_locations s on s.parent_id = c.id where not c.was_used),
  came as (
    select p.cabinet_id, coalesce(
      min((select max(x.queued_at) from off_balance_entries x where x.record_id = r.id and x.direction = 'IN')), min(e.sealed_at)) as at
    from places p join sealed_envelopes e on e.location_id = p.id
    left join archive_records r on r.envelope_id = e.id and r.state in ('IN_VAULT', 'RESERVED') group by p.cabinet_id, e.id
    union all
    select p.cabinet_id, greatest(r.created_at, (select max(m.closed_at) from movements m where m.record_id = r.id and m.ended_as = 'ARRIVED'))
    from places p join archive_records r on r.location_id = p.id),
  waits as (
    select c.last, c.last as since from cabinets c where c.was_used
    union all
    select c.last, greatest(coalesce(c.last, c.created_at), o.at) from cabinets c
    join (select a.cabinet_id, min(a.at) as at from came a group by a.cabinet_id) o on o.cabinet_id = c.id),
  whole as (select max(t.as_of) as last from stocktakes t where t.state = 'SIGNED' and t.place_id = vault)
  select case when count(w.since) = 0 then (select last from whole) when bool_and(w.last is not null) then min(w.last) end,
    coalesce(min(w.since), (select last from whole), (select l.created_at from storage_locations l where l.id = vault))
  from waits w $function$;

-- vault_near(uuid,uuid): owned by loanfile_judge, called by loanfile_registrar
CREATE OR REPLACE FUNCTION public.vault_near(unit uuid, besides uuid)
 RETURNS TABLE(vault_id uuid, org_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with recursive up as (
    select o.id, o.parent_id, 0 as far from org_units o where o.id = unit
    union all select o.id, o.parent_id, u.far + 1 from org_units o join up u on o.id = u.parent_id),
  near as (
    select u.id, u.far from up u
    union all select o.id, n.far from org_units o join near n on o.parent_id = n.id where n.far > 0)
  select l.id, l.org_id from near n join org_units o on o.id = n.id and o.closed_at is null and o.id is distinct from besides
  join storage_locations l on l.org_id = n.id and l.kind = 'VAULT' order by n.far, l.org_id <> unit, l.code limit 1 $function$;

-- was_on_hold(uuid,uuid,uuid,timestamp with time zone): owned by loanfile_judge, called by loanfile_app, loanfile_reader
CREATE OR REPLACE FUNCTION public.was_on_hold(record uuid, loan uuid, asset uuid, moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
  with tie as (
    select (l->>'id')::uuid as loan_id, (l->>'dealer_id')::uuid as dealer_id, (l->>'customer_id')::uuid as customer_id
    from jsonb_array_elements(rows_at('loans', array(select loan union all select (x->>'loan_id')::uuid from jsonb_array_elements(
      rows_at('loan_collateral', array(select c.id from loan_collateral c where c.collateral_id = asset), moment, moment)) x), moment, moment)) l)
  select exists (select from jsonb_array_elements(rows_at('holds', ever_of('holds', array(
      select record union all select asset union all select loan_id from tie union all select dealer_id from tie
      union all select c.party_id from tie t join customers c on c.id = t.customer_id)), moment, moment)) h where h->>'lifted_at' is null) $function$;

-- working_days_after(timestamp with time zone,integer): owned by loanfile_judge, called by loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search
CREATE OR REPLACE FUNCTION public.working_days_after(since timestamp with time zone, days integer)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare d date := (since at time zone 'Asia/Shanghai')::date; left_over integer := days; begin
  while left_over > 0 loop
    d := d + 1;
    if is_working_day(d) then left_over := left_over - 1; end if;
  end loop;
  return close_of_business(d);
end $function$;

CREATE CONSTRAINT TRIGGER ct_access_requests_c5_all_ranks AFTER INSERT OR UPDATE OF state ON public.access_requests DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.state = ANY (ARRAY['APPROVED'::text, 'FULFILLED'::text, 'WAITING'::text]))) EXECUTE FUNCTION ct_access_requests_c5_all_ranks();
CREATE CONSTRAINT TRIGGER ct_archive_records_accepted AFTER UPDATE OF state ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.state = 'SUBMITTED'::text) AND (new.state = 'FILED'::text))) EXECUTE FUNCTION ct_archive_records_accepted();
CREATE CONSTRAINT TRIGGER ct_archive_records_c15_state_is_rows AFTER INSERT OR UPDATE OF out_at, returned_at, closed_at ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ct_archive_records_c15_state_is_rows();
CREATE CONSTRAINT TRIGGER ct_archive_records_c15_state_is_rows AFTER INSERT OR UPDATE OF resolved_at ON public.discrepancies DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ct_archive_records_c15_state_is_rows();
CREATE CONSTRAINT TRIGGER ct_archive_records_c15_state_is_rows AFTER INSERT OR UPDATE OF state ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ct_archive_records_c15_state_is_rows();
CREATE CONSTRAINT TRIGGER ct_archive_records_c15_state_is_rows AFTER UPDATE OF state ON public.loss_cases DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ct_archive_records_c15_state_is_rows();
CREATE CONSTRAINT TRIGGER ct_archive_records_c17_place AFTER UPDATE OF location_id ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.location_id IS DISTINCT FROM new.location_id) AND (old.state <> 'SUBMITTED'::text))) EXECUTE FUNCTION ct_archive_records_c17_place();
CREATE CONSTRAINT TRIGGER ct_archive_records_c1_by_operation AFTER UPDATE OF state ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((old.state <> new.state)) EXECUTE FUNCTION ct_archive_records_c1_by_operation();
CREATE CONSTRAINT TRIGGER ct_archive_records_c31_acknowledged AFTER UPDATE OF custody_org_id ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((old.custody_org_id <> new.custody_org_id)) EXECUTE FUNCTION ct_archive_records_c31_acknowledged();
CREATE CONSTRAINT TRIGGER ct_archive_records_c32_custodian AFTER UPDATE OF custodian_id ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.custodian_id IS DISTINCT FROM new.custodian_id) AND (old.state <> 'SUBMITTED'::text))) EXECUTE FUNCTION ct_archive_records_c32_custodian();
CREATE CONSTRAINT TRIGGER ct_archive_records_c38_left_by_movement AFTER UPDATE OF state ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.state = ANY (ARRAY['RELEASED'::text, 'SUBSTITUTED'::text, 'SURRENDERED'::text]))) EXECUTE FUNCTION ct_archive_records_c38_left_by_movement();
CREATE CONSTRAINT TRIGGER ct_archive_records_c44_reissue_linked AFTER UPDATE OF state ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.state = 'LOST'::text) AND (new.state = 'REPLACED'::text))) EXECUTE FUNCTION ct_archive_records_c44_reissue_linked();
CREATE CONSTRAINT TRIGGER ct_archive_records_c46_approved AFTER UPDATE OF state ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.state <> new.state) AND (new.state = ANY (ARRAY['DISPOSAL_PROPOSED'::text, 'DISPOSAL_APPROVED'::text])))) EXECUTE FUNCTION ct_archive_records_c46_approved();
CREATE CONSTRAINT TRIGGER ct_archive_records_c8_together AFTER INSERT OR UPDATE OF state, envelope_id ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.envelope_id IS NOT NULL)) EXECUTE FUNCTION ct_archive_records_c8_together();
CREATE CONSTRAINT TRIGGER ct_archive_records_content AFTER INSERT OR UPDATE OF envelope_id, certificate_id ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.envelope_id IS NOT NULL)) EXECUTE FUNCTION ct_archive_records_content();
CREATE CONSTRAINT TRIGGER ct_archive_records_enters AFTER UPDATE OF state ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.state = 'IN_VAULT'::text) AND (old.state <> 'IN_VAULT'::text))) EXECUTE FUNCTION ct_archive_records_enters();
CREATE CONSTRAINT TRIGGER ct_archive_records_found AFTER UPDATE OF state ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.state = 'MISSING'::text) AND (new.state <> ALL (ARRAY['MISSING'::text, 'LOST'::text])))) EXECUTE FUNCTION ct_archive_records_found();
CREATE CONSTRAINT TRIGGER ct_archive_records_lost_settled AFTER UPDATE OF state ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.state = 'LOST'::text) AND (new.state = 'CLOSED_LOST'::text))) EXECUTE FUNCTION ct_archive_records_lost_settled();
CREATE CONSTRAINT TRIGGER ct_archive_records_reopened AFTER UPDATE OF envelope_id ON public.archive_records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.envelope_id IS NOT NULL) AND (new.envelope_id IS DISTINCT FROM old.envelope_id))) EXECUTE FUNCTION ct_archive_records_reopened();
CREATE CONSTRAINT TRIGGER ct_disposal_lines_c46_list_hash AFTER INSERT ON public.disposal_lines DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ct_disposal_lines_c46_list_hash();
CREATE CONSTRAINT TRIGGER ct_fixity_findings_c49_healed AFTER INSERT OR UPDATE ON public.fixity_findings DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.healed_at IS NOT NULL)) EXECUTE FUNCTION ct_fixity_findings_c49_healed();
CREATE CONSTRAINT TRIGGER ct_handover_lines_c31_both_sides AFTER UPDATE OF state, back_operation_id ON public.handover_lines DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.state <> new.state) OR (old.back_operation_id IS DISTINCT FROM new.back_operation_id))) EXECUTE FUNCTION ct_handover_lines_c31_both_sides();
CREATE CONSTRAINT TRIGGER ct_holds_c16_lifted_by_operation AFTER UPDATE OF lifted_at, lifted_by, lift_reason ON public.holds DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((((old.lifted_at IS DISTINCT FROM new.lifted_at) OR (old.lifted_by IS DISTINCT FROM new.lifted_by)) OR (old.lift_reason IS DISTINCT FROM new.lift_reason))) EXECUTE FUNCTION ct_holds_c16_lifted_by_operation();
CREATE CONSTRAINT TRIGGER ct_loan_positions_c52_reversal AFTER INSERT ON public.loan_positions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.reversal_of_id IS NOT NULL)) EXECUTE FUNCTION ct_loan_positions_c52_reversal();
CREATE CONSTRAINT TRIGGER ct_movements_c15_request_kind AFTER INSERT ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.kind <> ALL (ARRAY['ACT'::text, 'TRANSIT'::text]))) EXECUTE FUNCTION ct_movements_c15_request_kind();
CREATE CONSTRAINT TRIGGER ct_movements_c1_done AFTER INSERT OR UPDATE OF exit_operation_id, entry_operation_id ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.exit_operation_id IS NOT NULL) OR (new.entry_operation_id IS NOT NULL))) EXECUTE FUNCTION ct_movements_c1_done();
CREATE CONSTRAINT TRIGGER ct_movements_c20_overridden AFTER INSERT OR UPDATE OF override_id ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.override_id IS NOT NULL)) EXECUTE FUNCTION ct_movements_c20_overridden();
CREATE CONSTRAINT TRIGGER ct_movements_c25_claimed AFTER INSERT OR UPDATE OF resolved_at ON public.return_claims DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ct_movements_c25_claimed();
CREATE CONSTRAINT TRIGGER ct_movements_c25_claimed AFTER UPDATE OF claimed_at ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((old.claimed_at IS DISTINCT FROM new.claimed_at)) EXECUTE FUNCTION ct_movements_c25_claimed();
CREATE CONSTRAINT TRIGGER ct_movements_c25_found_in_vault AFTER INSERT OR UPDATE OF returned_at, returned_by ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.returned_at IS NOT NULL) AND (new.returned_by IS NULL))) EXECUTE FUNCTION ct_movements_c25_found_in_vault();
CREATE CONSTRAINT TRIGGER ct_movements_c26_inspection_passed AFTER UPDATE OF closed_at ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.closed_at IS NOT NULL) AND (new.out_at IS NOT NULL) AND (new.kind = 'CHECKOUT'::text) AND (COALESCE(new.ended_as, 'FOUND'::text) = 'FOUND'::text))) EXECUTE FUNCTION ct_movements_c26_inspection_passed();
CREATE CONSTRAINT TRIGGER ct_movements_c26_replacement_passed AFTER UPDATE OF closed_at ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.closed_at IS NOT NULL) AND (new.returned_at IS NOT NULL) AND (new.ended_as = 'REPLACED'::text))) EXECUTE FUNCTION ct_movements_c26_replacement_passed();
CREATE CONSTRAINT TRIGGER ct_movements_c31_listed AFTER INSERT ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.kind = 'TRANSIT'::text)) EXECUTE FUNCTION ct_movements_c31_listed();
CREATE CONSTRAINT TRIGGER ct_movements_c54_mortgage AFTER UPDATE OF closed_at ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.closed_at IS NOT NULL) AND (new.out_at IS NOT NULL) AND (new.inspection_id IS NOT NULL))) EXECUTE FUNCTION ct_movements_c54_mortgage();
CREATE CONSTRAINT TRIGGER ct_movements_c5_approved AFTER INSERT ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.kind <> ALL (ARRAY['ACT'::text, 'TRANSIT'::text]))) EXECUTE FUNCTION ct_movements_c5_approved();
CREATE CONSTRAINT TRIGGER ct_movements_c5_approved_out AFTER UPDATE OF out_at ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.kind <> ALL (ARRAY['ACT'::text, 'TRANSIT'::text])) AND (new.out_at IS NOT NULL))) EXECUTE FUNCTION ct_movements_c5_approved();
CREATE CONSTRAINT TRIGGER ct_movements_ended_so AFTER UPDATE OF out_at, ended_as ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.ended_as IS NOT NULL) OR ((new.kind = ANY (ARRAY['RELEASE'::text, 'SUBSTITUTION'::text])) AND (new.out_at IS NOT NULL)))) EXECUTE FUNCTION ct_movements_ended_so();
CREATE CONSTRAINT TRIGGER ct_movements_released AFTER INSERT OR UPDATE OF ended_as ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.ended_as = 'RELEASED'::text)) EXECUTE FUNCTION ct_movements_released();
CREATE CONSTRAINT TRIGGER ct_movements_substituted AFTER INSERT OR UPDATE OF ended_as ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.ended_as = 'SUBSTITUTED'::text)) EXECUTE FUNCTION ct_movements_substituted();
CREATE CONSTRAINT TRIGGER ct_movements_surrendered AFTER INSERT OR UPDATE OF ended_as ON public.movements DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.ended_as = 'SURRENDERED'::text)) EXECUTE FUNCTION ct_movements_surrendered();
CREATE CONSTRAINT TRIGGER ct_off_balance_entries_c11_of_act AFTER INSERT ON public.off_balance_entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ct_off_balance_entries_c11_of_act();
CREATE CONSTRAINT TRIGGER ct_operations_c1_emergency_reviewed AFTER INSERT ON public.operations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.emergency_reason IS NOT NULL)) EXECUTE FUNCTION ct_operations_c1_emergency_reviewed();
CREATE CONSTRAINT TRIGGER ct_operations_done AFTER INSERT OR UPDATE OF state ON public.operations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.state = 'DONE'::text)) EXECUTE FUNCTION ct_operations_done();
CREATE CONSTRAINT TRIGGER ct_overrides_c50_second_person AFTER INSERT ON public.overrides DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ct_overrides_c50_second_person();
CREATE CONSTRAINT TRIGGER ct_registry_checks_c43_case AFTER INSERT ON public.registry_checks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((NOT new.is_valid)) EXECUTE FUNCTION ct_registry_checks_c43_case();
CREATE CONSTRAINT TRIGGER ct_return_inspections_c43_case AFTER INSERT ON public.return_inspections DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.shows_mortgage IS FALSE)) EXECUTE FUNCTION ct_return_inspections_c43_case();
CREATE CONSTRAINT TRIGGER ct_scan_copies_c49_healed AFTER UPDATE OF version_id, bad_since ON public.scan_copies DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.version_id <> old.version_id) OR ((old.bad_since IS NOT NULL) AND (new.bad_since IS NULL)))) EXECUTE FUNCTION ct_scan_copies_c49_healed();
CREATE CONSTRAINT TRIGGER ct_scans_c49_healed AFTER UPDATE OF object_version_id ON public.scans DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.object_version_id IS NOT NULL) AND (new.object_version_id IS DISTINCT FROM old.object_version_id))) EXECUTE FUNCTION ct_scans_c49_healed();
CREATE CONSTRAINT TRIGGER ct_sealed_envelopes_c9_by_opening AFTER UPDATE OF seal_no, location_id ON public.sealed_envelopes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.seal_no <> old.seal_no) OR (new.location_id IS DISTINCT FROM old.location_id))) EXECUTE FUNCTION ct_sealed_envelopes_c9_by_opening();
CREATE CONSTRAINT TRIGGER ct_sealed_envelopes_c9_by_opening_new AFTER INSERT ON public.sealed_envelopes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.location_id IS NOT NULL)) EXECUTE FUNCTION ct_sealed_envelopes_c9_by_opening();
CREATE CONSTRAINT TRIGGER ct_sealed_envelopes_c9_seal AFTER INSERT OR UPDATE OF seal_no ON public.sealed_envelopes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ct_sealed_envelopes_c9_seal();
CREATE CONSTRAINT TRIGGER ct_stocktakes_c43_discrepancies AFTER UPDATE OF state ON public.stocktakes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.state = 'COMPARED'::text)) EXECUTE FUNCTION ct_stocktakes_c43_discrepancies();
CREATE CONSTRAINT TRIGGER ct_tickets_c10_replaced AFTER UPDATE OF is_void ON public.tickets DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.is_void AND (new.operation_id IS NOT NULL))) EXECUTE FUNCTION ct_tickets_c10_replaced();
CREATE TRIGGER tg_access_log_c48_pending AFTER INSERT ON public.access_log FOR EACH ROW EXECUTE FUNCTION tg_access_log_c48_pending();
CREATE TRIGGER tg_access_requests_c15_step BEFORE UPDATE OF state ON public.access_requests FOR EACH ROW WHEN ((old.state <> new.state)) EXECUTE FUNCTION tg_access_requests_c15_step();
CREATE TRIGGER tg_access_requests_c1_no_service BEFORE INSERT OR UPDATE OF reader_id ON public.access_requests FOR EACH ROW EXECUTE FUNCTION tg_access_requests_c1_no_service();
CREATE TRIGGER tg_access_requests_c40_outside BEFORE INSERT ON public.access_requests FOR EACH ROW EXECUTE FUNCTION tg_access_requests_c40_outside();
CREATE TRIGGER tg_access_requests_c5_ranks BEFORE INSERT ON public.access_requests FOR EACH ROW EXECUTE FUNCTION tg_access_requests_c5_ranks();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.access_log FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.alarms FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.approvals FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.bailee_letters FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.contract_amendments FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.contract_element_checks FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.contract_element_items FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.corrections FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.decisions FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.disposal_approvals FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.emergency_reviews FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.event_words FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.fixity_findings FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.fixity_runs FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.intake_receipts FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.ledger_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.ledger_leaves FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.ledger_nodes FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.loan_positions FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.operation_seats FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.overrides FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.registry_checks FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.report_sign_offs FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.return_claims FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.return_inspections FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.row_versions FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.seals FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48 BEFORE DELETE OR TRUNCATE ON public.tickets FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.access_log FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.approvals FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.bailee_letters FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.contract_amendments FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.contract_element_checks FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.contract_element_items FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.corrections FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.decisions FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.disposal_approvals FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.event_words FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.intake_receipts FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.ledger_checkpoints FOR EACH ROW WHEN (((to_jsonb(new.*) - 'stored_at'::text) IS DISTINCT FROM (to_jsonb(old.*) - 'stored_at'::text))) EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.ledger_leaves FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.ledger_nodes FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.loan_positions FOR EACH ROW WHEN (((to_jsonb(new.*) - 'org_id'::text) IS DISTINCT FROM (to_jsonb(old.*) - 'org_id'::text))) EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.operation_seats FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.overrides FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.registry_checks FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.report_sign_offs FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.return_inspections FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_append_only_c48_update BEFORE UPDATE ON public.row_versions FOR EACH STATEMENT EXECUTE FUNCTION tg_append_only_c48();
CREATE TRIGGER tg_approvals_c3_not_reader AFTER INSERT ON public.approvals FOR EACH ROW EXECUTE FUNCTION tg_approvals_c3_not_reader();
CREATE TRIGGER tg_approvals_c4_no_interest BEFORE INSERT ON public.approvals FOR EACH ROW EXECUTE FUNCTION tg_approvals_c4_no_interest();
CREATE TRIGGER tg_approvals_c5_rank_held AFTER INSERT ON public.approvals FOR EACH ROW EXECUTE FUNCTION tg_approvals_c5_rank_held();
CREATE TRIGGER tg_archive_records_c15_birth BEFORE INSERT ON public.archive_records FOR EACH ROW EXECUTE FUNCTION tg_archive_records_c15_birth();
CREATE TRIGGER tg_archive_records_c15_transition BEFORE UPDATE OF state ON public.archive_records FOR EACH ROW WHEN ((old.state <> new.state)) EXECUTE FUNCTION tg_archive_records_c15_transition();
CREATE TRIGGER tg_archive_records_c1_vault BEFORE UPDATE OF vault_id ON public.archive_records FOR EACH ROW WHEN (((old.tier = 'FIRST'::text) AND (old.vault_id IS DISTINCT FROM new.vault_id) AND (old.state = ANY (ARRAY['IN_VAULT'::text, 'RESERVED'::text])))) EXECUTE FUNCTION tg_archive_records_c1_vault();
CREATE TRIGGER tg_archive_records_c26_pages AFTER UPDATE OF pages, copies, is_original ON public.archive_records FOR EACH ROW WHEN (((((old.pages IS DISTINCT FROM new.pages) OR (old.copies IS DISTINCT FROM new.copies)) OR (old.is_original IS DISTINCT FROM new.is_original)) AND (old.state <> ALL (ARRAY['AWAITED'::text, 'PENDING_INTAKE'::text, 'COLLECTING'::text, 'SUBMITTED'::text])))) EXECUTE FUNCTION tg_archive_records_c26_pages();
CREATE TRIGGER tg_archive_records_c3_submitter BEFORE UPDATE OF submitted_by ON public.archive_records FOR EACH ROW WHEN (((old.submitted_by IS DISTINCT FROM new.submitted_by) AND (old.state <> 'COLLECTING'::text))) EXECUTE FUNCTION tg_archive_records_c3_submitter();
CREATE TRIGGER tg_archive_records_c44_certificate BEFORE UPDATE OF certificate_id ON public.archive_records FOR EACH ROW WHEN (((old.certificate_id IS DISTINCT FROM new.certificate_id) AND (old.state <> ALL (ARRAY['AWAITED'::text, 'PENDING_INTAKE'::text])))) EXECUTE FUNCTION tg_archive_records_c44_certificate();
CREATE TRIGGER tg_archive_records_c44_rebuilds_lost BEFORE INSERT ON public.archive_records FOR EACH ROW WHEN ((new.rebuilds_id IS NOT NULL)) EXECUTE FUNCTION tg_archive_records_c44_rebuilds_lost();
CREATE TRIGGER tg_archive_records_c45_class BEFORE UPDATE OF retention_class ON public.archive_records FOR EACH ROW WHEN ((class_years(new.retention_class) < class_years(old.retention_class))) EXECUTE FUNCTION tg_archive_records_c45_class();
CREATE TRIGGER tg_archive_records_c48_label BEFORE UPDATE OF barcode ON public.archive_records FOR EACH ROW WHEN ((old.barcode <> new.barcode)) EXECUTE FUNCTION tg_archive_records_c48_label();
CREATE TRIGGER tg_archive_records_c4_taken_over AFTER UPDATE OF state ON public.archive_records FOR EACH ROW WHEN (((old.state = 'SUBMITTED'::text) AND (new.state = 'FILED'::text))) EXECUTE FUNCTION tg_archive_records_c4_taken_over();
CREATE TRIGGER tg_archive_records_custody_passed AFTER UPDATE OF custody_org_id ON public.archive_records FOR EACH ROW WHEN (((old.custody_org_id <> new.custody_org_id) AND (new.envelope_id IS NOT NULL))) EXECUTE FUNCTION tg_archive_records_custody_passed();
CREATE TRIGGER tg_archive_records_off_list AFTER UPDATE OF state ON public.archive_records FOR EACH ROW WHEN (((old.state = ANY (ARRAY['DISPOSAL_PROPOSED'::text, 'DISPOSAL_APPROVED'::text])) AND (new.state <> ALL (ARRAY['DISPOSAL_PROPOSED'::text, 'DISPOSAL_APPROVED'::text])))) EXECUTE FUNCTION tg_archive_records_off_list();
CREATE TRIGGER tg_archive_records_volume BEFORE UPDATE OF state ON public.archive_records FOR EACH ROW WHEN (((new.tier = 'SECOND'::text) AND (old.state <> new.state))) EXECUTE FUNCTION tg_archive_records_volume();
CREATE TRIGGER tg_archive_records_volume_cutoff BEFORE UPDATE OF cutoff_at ON public.archive_records FOR EACH ROW WHEN (((new.cutoff_at IS DISTINCT FROM old.cutoff_at) AND (new.cutoff_at IS NOT NULL))) EXECUTE FUNCTION tg_archive_records_c45_cutoff();
CREATE TRIGGER tg_barcodes_issue AFTER INSERT ON public.archive_records FOR EACH ROW EXECUTE FUNCTION tg_barcodes_issue();
CREATE TRIGGER tg_barcodes_issue AFTER INSERT ON public.sealed_envelopes FOR EACH ROW EXECUTE FUNCTION tg_barcodes_issue();
CREATE TRIGGER tg_barcodes_reissue AFTER UPDATE OF barcode ON public.archive_records FOR EACH ROW WHEN ((old.barcode <> new.barcode)) EXECUTE FUNCTION tg_barcodes_issue();
CREATE TRIGGER tg_barcodes_reissue AFTER UPDATE OF barcode ON public.sealed_envelopes FOR EACH ROW WHEN ((old.barcode <> new.barcode)) EXECUTE FUNCTION tg_barcodes_issue();
CREATE TRIGGER tg_c32_unit_is_open BEFORE INSERT ON public.handovers FOR EACH ROW EXECUTE FUNCTION tg_c32_unit_is_open();
CREATE TRIGGER tg_c32_unit_is_open BEFORE INSERT OR UPDATE OF org_id ON public.loans FOR EACH ROW EXECUTE FUNCTION tg_c32_unit_is_open();
CREATE TRIGGER tg_c32_unit_is_open BEFORE INSERT OR UPDATE OF org_id ON public.staff FOR EACH ROW EXECUTE FUNCTION tg_c32_unit_is_open();
CREATE TRIGGER tg_collateral_certificates_c12_data BEFORE INSERT OR UPDATE OF vin, owner_name, right_amount ON public.collateral_certificates FOR EACH ROW EXECUTE FUNCTION tg_collateral_certificates_c12_data();
CREATE TRIGGER tg_collateral_certificates_c12_replaces BEFORE INSERT OR UPDATE OF replaces_id ON public.collateral_certificates FOR EACH ROW WHEN ((new.replaces_id IS NOT NULL)) EXECUTE FUNCTION tg_collateral_certificates_c12_replaces();
CREATE TRIGGER tg_collateral_certificates_c44_void_for_ever BEFORE INSERT OR UPDATE OF number, voided_at ON public.collateral_certificates FOR EACH ROW EXECUTE FUNCTION tg_collateral_certificates_c44_void_for_ever();
CREATE TRIGGER tg_collateral_one_vehicle AFTER INSERT ON public.collateral FOR EACH ROW WHEN ((new.vin IS NOT NULL)) EXECUTE FUNCTION tg_collateral_one_vehicle();
CREATE TRIGGER tg_collateral_one_vehicle AFTER INSERT ON public.loan_collateral FOR EACH ROW EXECUTE FUNCTION tg_collateral_one_vehicle();
CREATE TRIGGER tg_delegations_principal_version AFTER INSERT OR DELETE OR UPDATE ON public.delegations FOR EACH ROW EXECUTE FUNCTION tg_delegations_principal_version();
CREATE TRIGGER tg_discrepancies_c48_final BEFORE UPDATE OF state, resolved_at, resolution, owner_id, deadline_at, resolved_by, signed_by, signed_at ON public.discrepancies FOR EACH ROW WHEN ((old.state = 'RESOLVED'::text)) EXECUTE FUNCTION tg_discrepancies_c48_final();
CREATE TRIGGER tg_discrepancies_open_loss AFTER INSERT ON public.discrepancies FOR EACH ROW WHEN (((new.kind = 'MISSING'::text) AND (new.item_id IS NULL))) EXECUTE FUNCTION tg_discrepancies_open_loss();
CREATE TRIGGER tg_disposal_approvals_c3_not_proposer BEFORE INSERT ON public.disposal_approvals FOR EACH ROW EXECUTE FUNCTION tg_disposal_approvals_c3_not_proposer();
CREATE TRIGGER tg_disposal_approvals_c46_rank_held AFTER INSERT ON public.disposal_approvals FOR EACH ROW EXECUTE FUNCTION tg_disposal_approvals_c46_rank_held();
CREATE TRIGGER tg_disposal_approvals_c4_no_interest AFTER INSERT ON public.disposal_approvals FOR EACH ROW EXECUTE FUNCTION tg_disposal_approvals_c4_no_interest();
CREATE TRIGGER tg_emergency_reviews_c1_once BEFORE UPDATE OF reviewed_at, reviewed_by, finding, comment ON public.emergency_reviews FOR EACH ROW EXECUTE FUNCTION tg_emergency_reviews_c1_once();
CREATE TRIGGER tg_emergency_reviews_c1_open BEFORE INSERT ON public.emergency_reviews FOR EACH ROW WHEN ((num_nonnulls(new.reviewed_at, new.reviewed_by, new.finding) > 0)) EXECUTE FUNCTION tg_emergency_reviews_c1_open();
CREATE TRIGGER tg_events_c48_links AFTER INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION tg_events_c48_links();
CREATE TRIGGER tg_file_items_c31_collecting BEFORE INSERT ON public.file_items FOR EACH ROW EXECUTE FUNCTION tg_file_items_c31_collecting();
CREATE TRIGGER tg_follow_collateral BEFORE INSERT ON public.collateral_certificates FOR EACH ROW EXECUTE FUNCTION tg_follow_collateral();
CREATE TRIGGER tg_follow_collateral BEFORE INSERT ON public.sealed_envelopes FOR EACH ROW EXECUTE FUNCTION tg_follow_collateral();
CREATE TRIGGER tg_follow_record BEFORE INSERT ON public.discrepancies FOR EACH ROW EXECUTE FUNCTION tg_follow_record();
CREATE TRIGGER tg_follow_record BEFORE INSERT ON public.file_items FOR EACH ROW EXECUTE FUNCTION tg_follow_record();
CREATE TRIGGER tg_follow_record BEFORE INSERT ON public.loss_cases FOR EACH ROW EXECUTE FUNCTION tg_follow_record();
CREATE TRIGGER tg_follow_record BEFORE INSERT ON public.movements FOR EACH ROW EXECUTE FUNCTION tg_follow_record();
CREATE TRIGGER tg_follow_record BEFORE INSERT ON public.scans FOR EACH ROW EXECUTE FUNCTION tg_follow_record();
CREATE TRIGGER tg_follow_stocktake BEFORE INSERT ON public.discrepancies FOR EACH ROW WHEN ((new.stocktake_line_id IS NOT NULL)) EXECUTE FUNCTION tg_stocktake_discrepancies();
CREATE TRIGGER tg_handover_lines_c30_from_rows BEFORE INSERT ON public.handover_lines FOR EACH ROW EXECUTE FUNCTION tg_handover_lines_c30_from_rows();
CREATE TRIGGER tg_handover_lines_c31_listed BEFORE DELETE ON public.handover_lines FOR EACH ROW EXECUTE FUNCTION tg_handover_lines_c31_listed();
CREATE TRIGGER tg_handover_lines_c31_step BEFORE UPDATE OF state ON public.handover_lines FOR EACH ROW WHEN ((old.state <> new.state)) EXECUTE FUNCTION tg_handover_lines_c31_step();
CREATE TRIGGER tg_handover_lines_c48_once BEFORE UPDATE ON public.handover_lines FOR EACH ROW EXECUTE FUNCTION tg_handover_lines_c48_once();
CREATE TRIGGER tg_handover_lines_spread AFTER UPDATE ON public.handover_lines REFERENCING OLD TABLE AS was NEW TABLE AS is_now FOR EACH STATEMENT EXECUTE FUNCTION tg_handover_lines_spread();
CREATE TRIGGER tg_handover_lines_spread_deleted AFTER DELETE ON public.handover_lines REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION tg_handover_lines_spread();
CREATE TRIGGER tg_handovers_c32_duties_end AFTER UPDATE OF state ON public.handovers FOR EACH ROW WHEN (((new.kind = 'CUSTODIAN'::text) AND (new.state = 'CLOSED'::text) AND (old.state <> 'CLOSED'::text))) EXECUTE FUNCTION tg_handovers_c32_duties_end();
CREATE TRIGGER tg_handovers_visible_to BEFORE INSERT ON public.handovers FOR EACH ROW EXECUTE FUNCTION tg_handovers_visible_to();
CREATE TRIGGER tg_holds_s10_stop AFTER INSERT ON public.holds FOR EACH ROW EXECUTE FUNCTION tg_holds_s10_stop();
CREATE TRIGGER tg_idempotency_keys_c51_once BEFORE UPDATE ON public.idempotency_keys FOR EACH ROW WHEN (((old.outcome IS NOT NULL) AND (new.outcome IS DISTINCT FROM old.outcome))) EXECUTE FUNCTION tg_idempotency_keys_c51_once();
CREATE TRIGGER tg_keeper_duties_c2_one_seat_a_day AFTER INSERT OR UPDATE OF vault_id, staff_id, seat, during ON public.keeper_duties FOR EACH ROW EXECUTE FUNCTION tg_keeper_duties_c2_one_seat_a_day();
CREATE TRIGGER tg_loan_positions_c52_back_to_shelf AFTER INSERT ON public.loan_positions FOR EACH ROW WHEN ((new.reversal_of_id IS NOT NULL)) EXECUTE FUNCTION tg_loan_positions_c52_back_to_shelf();
CREATE TRIGGER tg_loans_classified AFTER UPDATE OF classification ON public.loans FOR EACH ROW WHEN ((old.classification IS DISTINCT FROM new.classification)) EXECUTE FUNCTION tg_loans_classified();
CREATE TRIGGER tg_loss_cases_step BEFORE UPDATE ON public.loss_cases FOR EACH ROW EXECUTE FUNCTION tg_loss_cases_step();
CREATE TRIGGER tg_movements_c14_one_pending BEFORE UPDATE OF operation_id ON public.movements FOR EACH ROW WHEN (((old.operation_id IS NOT NULL) AND (new.operation_id <> old.operation_id))) EXECUTE FUNCTION tg_movements_c14_one_pending();
CREATE TRIGGER tg_movements_c14_queue_first BEFORE INSERT ON public.movements FOR EACH ROW WHEN ((new.kind = ANY (ARRAY['CHECKOUT'::text, 'READING'::text]))) EXECUTE FUNCTION tg_movements_c14_queue_first();
CREATE TRIGGER tg_movements_c15_birth BEFORE INSERT ON public.movements FOR EACH ROW EXECUTE FUNCTION tg_movements_c15_birth();
CREATE TRIGGER tg_movements_c16_no_hold BEFORE INSERT ON public.movements FOR EACH ROW EXECUTE FUNCTION tg_movements_c16_no_hold();
CREATE TRIGGER tg_movements_c16_no_hold_out BEFORE UPDATE OF out_at ON public.movements FOR EACH ROW WHEN (((old.out_at IS NULL) AND (new.out_at IS NOT NULL))) EXECUTE FUNCTION tg_movements_c16_no_hold();
CREATE TRIGGER tg_movements_c17_slot_counted BEFORE UPDATE OF closed_at ON public.movements FOR EACH ROW WHEN (((old.closed_at IS NULL) AND (new.closed_at IS NOT NULL) AND (new.entry_operation_id IS NOT NULL))) EXECUTE FUNCTION tg_movements_c17_slot_counted();
CREATE TRIGGER tg_movements_c21_recomputed BEFORE UPDATE OF due_at ON public.movements FOR EACH ROW WHEN (((old.due_at IS DISTINCT FROM new.due_at) AND old.due_is_provisional AND (new.extensions = old.extensions))) EXECUTE FUNCTION tg_movements_c21_recomputed();
CREATE TRIGGER tg_movements_c21_term BEFORE UPDATE OF out_at ON public.movements FOR EACH ROW WHEN (((old.out_at IS NULL) AND (new.out_at IS NOT NULL) AND (new.kind = 'CHECKOUT'::text))) EXECUTE FUNCTION tg_movements_c21_term();
CREATE TRIGGER tg_movements_c21_term_at_once BEFORE INSERT ON public.movements FOR EACH ROW WHEN (((new.out_at IS NOT NULL) AND (new.kind = 'CHECKOUT'::text))) EXECUTE FUNCTION tg_movements_c21_term();
CREATE TRIGGER tg_movements_c22_extension BEFORE UPDATE OF due_at ON public.movements FOR EACH ROW WHEN (((old.due_at IS DISTINCT FROM new.due_at) AND (old.due_at IS NOT NULL) AND (NOT (old.due_is_provisional AND (new.extensions = old.extensions))))) EXECUTE FUNCTION tg_movements_c22_extension();
CREATE TRIGGER tg_movements_c23_nobody_waits BEFORE UPDATE OF extensions ON public.movements FOR EACH ROW WHEN ((new.extensions > old.extensions)) EXECUTE FUNCTION tg_movements_c23_nobody_waits();
CREATE TRIGGER tg_movements_c24_recalled_once BEFORE UPDATE OF recalled_at, recalled_by, recall_reason ON public.movements FOR EACH ROW WHEN (((old.recalled_at IS NOT NULL) AND (((old.recalled_at IS DISTINCT FROM new.recalled_at) OR (old.recalled_by IS DISTINCT FROM new.recalled_by)) OR (old.recall_reason IS DISTINCT FROM new.recall_reason)))) EXECUTE FUNCTION tg_movements_c24_recalled_once();
CREATE TRIGGER tg_movements_c25_another_receives BEFORE INSERT OR UPDATE OF returned_by, presented_to ON public.movements FOR EACH ROW WHEN (((new.returned_by IS NOT NULL) AND (new.kind <> 'READING'::text))) EXECUTE FUNCTION tg_movements_c25_another_receives();
CREATE TRIGGER tg_movements_c25_holder_or_successor BEFORE INSERT OR UPDATE OF returned_by ON public.movements FOR EACH ROW WHEN ((new.returned_by IS NOT NULL)) EXECUTE FUNCTION tg_movements_c25_holder_or_successor();
CREATE TRIGGER tg_movements_c25_not_claimed BEFORE UPDATE OF returned_at ON public.movements FOR EACH ROW WHEN (((old.returned_at IS NULL) AND (new.returned_at IS NOT NULL))) EXECUTE FUNCTION tg_movements_c25_not_claimed();
CREATE TRIGGER tg_movements_c32_holder BEFORE UPDATE OF out_at ON public.movements FOR EACH ROW WHEN (((old.out_at IS NULL) AND (new.out_at IS NOT NULL) AND (new.holder_id IS NOT NULL))) EXECUTE FUNCTION tg_movements_c32_holder();
CREATE TRIGGER tg_movements_c38_final BEFORE INSERT ON public.movements FOR EACH ROW EXECUTE FUNCTION tg_movements_c38_final();
CREATE TRIGGER tg_movements_c40_covered BEFORE UPDATE OF due_at ON public.movements FOR EACH ROW WHEN (((new.kind = 'CHECKOUT'::text) AND (new.due_at IS NOT NULL) AND (new.due_at IS DISTINCT FROM old.due_at) AND (NOT (COALESCE(old.due_is_provisional, false) AND (NOT COALESCE(new.due_is_provisional, false)))))) EXECUTE FUNCTION tg_movements_c40_covered();
CREATE TRIGGER tg_movements_c40_letter BEFORE UPDATE OF out_at ON public.movements FOR EACH ROW WHEN (((old.out_at IS NULL) AND (new.out_at IS NOT NULL) AND (new.kind = 'CHECKOUT'::text))) EXECUTE FUNCTION tg_movements_c40_letter();
CREATE TRIGGER tg_movements_c48_once BEFORE UPDATE OF out_at, due_at, returned_at, closed_at, exit_operation_id, operation_id, ended_as, entry_operation_id, inspection_id, override_id, returned_by, presented_to, extensions ON public.movements FOR EACH ROW EXECUTE FUNCTION tg_movements_c48_once();
CREATE TRIGGER tg_off_balance_entries_c11_step BEFORE UPDATE OF state, serial_no, booked_at, failure ON public.off_balance_entries FOR EACH ROW EXECUTE FUNCTION tg_off_balance_entries_c11_step();
CREATE TRIGGER tg_off_balance_entries_vault BEFORE INSERT ON public.off_balance_entries FOR EACH ROW EXECUTE FUNCTION tg_off_balance_entries_vault();
CREATE TRIGGER tg_operation_seats_c0_administrators BEFORE INSERT ON public.operation_seats FOR EACH ROW EXECUTE FUNCTION tg_operation_seats_c0_administrators();
CREATE TRIGGER tg_operation_seats_c0_role AFTER INSERT ON public.operation_seats FOR EACH ROW EXECUTE FUNCTION tg_operation_seats_c0_role();
CREATE TRIGGER tg_operation_seats_c1_on_duty BEFORE INSERT ON public.operation_seats FOR EACH ROW EXECUTE FUNCTION tg_operation_seats_c1_on_duty();
CREATE TRIGGER tg_operation_seats_c4_deciding AFTER INSERT ON public.operation_seats FOR EACH ROW WHEN ((new.seat = ANY (ARRAY['PROPOSER'::text, 'SECOND'::text]))) EXECUTE FUNCTION tg_operation_seats_c4_deciding();
CREATE TRIGGER tg_operation_seats_c50_override BEFORE INSERT ON public.operation_seats FOR EACH ROW WHEN ((new.seat = 'OVERRIDE'::text)) EXECUTE FUNCTION tg_operation_seats_c50_override();
CREATE TRIGGER tg_operations_administer AFTER UPDATE OF state ON public.operations FOR EACH ROW WHEN (((new.state = 'DONE'::text) AND (old.state = 'PENDING'::text) AND is_administration(new.action))) EXECUTE FUNCTION tg_operations_administer();
CREATE TRIGGER tg_operations_c15_step BEFORE UPDATE OF state ON public.operations FOR EACH ROW WHEN ((old.state <> new.state)) EXECUTE FUNCTION tg_operations_c15_step();
CREATE TRIGGER tg_operations_c1_seats_of_act BEFORE INSERT ON public.operations FOR EACH ROW EXECUTE FUNCTION tg_operations_c1_seats_of_act();
CREATE TRIGGER tg_operations_c48_amend AFTER UPDATE OF state ON public.operations FOR EACH ROW WHEN (((new.state = 'DONE'::text) AND (old.state = 'PENDING'::text) AND (new.action = 'AMEND_CONTRACT'::text))) EXECUTE FUNCTION tg_operations_c48_amend();
CREATE TRIGGER tg_operations_c48_correct AFTER UPDATE OF state ON public.operations FOR EACH ROW WHEN (((new.state = 'DONE'::text) AND (old.state = 'PENDING'::text) AND (new.action = 'CORRECT'::text))) EXECUTE FUNCTION tg_operations_c48_correct();
CREATE TRIGGER tg_operations_done_in BEFORE UPDATE OF state ON public.operations FOR EACH ROW WHEN (((new.state = 'DONE'::text) AND (old.state <> 'DONE'::text))) EXECUTE FUNCTION tg_operations_done_in();
CREATE TRIGGER tg_operations_visible_to BEFORE INSERT ON public.operations FOR EACH ROW EXECUTE FUNCTION tg_operations_visible_to();
CREATE TRIGGER tg_org_units_c32_clear BEFORE UPDATE OF closed_at ON public.org_units FOR EACH ROW WHEN (((old.closed_at IS NULL) AND (new.closed_at IS NOT NULL))) EXECUTE FUNCTION tg_org_units_c32_clear();
CREATE TRIGGER tg_org_units_principal_version AFTER INSERT OR UPDATE OF parent_id ON public.org_units FOR EACH ROW EXECUTE FUNCTION tg_org_units_principal_version();
CREATE TRIGGER tg_overdue_steps_c24_bailee BEFORE INSERT ON public.overdue_steps FOR EACH ROW WHEN ((new.step = ANY (ARRAY['SEARCH'::text, 'CONFIRMATION'::text]))) EXECUTE FUNCTION tg_overdue_steps_c24_bailee();
CREATE TRIGGER tg_overrides_visible_to BEFORE INSERT ON public.overrides FOR EACH ROW EXECUTE FUNCTION tg_overrides_visible_to();
CREATE TRIGGER tg_own_unit BEFORE INSERT ON public.access_requests FOR EACH ROW EXECUTE FUNCTION tg_own_unit();
CREATE TRIGGER tg_own_unit BEFORE INSERT ON public.collateral FOR EACH ROW EXECUTE FUNCTION tg_own_unit();
CREATE TRIGGER tg_own_unit BEFORE INSERT ON public.disposal_batches FOR EACH ROW EXECUTE FUNCTION tg_own_unit();
CREATE TRIGGER tg_read_grants_principal_version AFTER INSERT OR DELETE OR UPDATE ON public.read_grants FOR EACH ROW EXECUTE FUNCTION tg_roles_principal_version();
CREATE TRIGGER tg_records_spread AFTER INSERT OR UPDATE OF visible_to, collateral_id, org_id, custody_org_id ON public.archive_records FOR EACH ROW EXECUTE FUNCTION tg_records_spread();
CREATE TRIGGER tg_records_visible_to BEFORE INSERT OR UPDATE OF org_id, custody_org_id, collateral_id ON public.archive_records FOR EACH ROW EXECUTE FUNCTION tg_records_visible_to();
CREATE TRIGGER tg_registry_checks_c55_electronic BEFORE INSERT ON public.registry_checks FOR EACH ROW EXECUTE FUNCTION tg_registry_checks_c55_electronic();
CREATE TRIGGER tg_releases_c37_recipient BEFORE INSERT OR UPDATE ON public.releases FOR EACH ROW EXECUTE FUNCTION tg_releases_c37_recipient();
CREATE TRIGGER tg_request_lines_c5_asked BEFORE INSERT ON public.request_lines FOR EACH ROW EXECUTE FUNCTION tg_request_lines_c5_asked();
CREATE TRIGGER tg_request_lines_spread AFTER INSERT ON public.request_lines FOR EACH ROW EXECUTE FUNCTION tg_request_lines_spread();
CREATE TRIGGER tg_return_claims_c25_holder BEFORE INSERT ON public.return_claims FOR EACH ROW EXECUTE FUNCTION tg_return_claims_c25_holder();
CREATE TRIGGER tg_return_claims_c25_once BEFORE UPDATE ON public.return_claims FOR EACH ROW EXECUTE FUNCTION tg_return_claims_c25_once();
CREATE TRIGGER tg_return_inspections_c26_pages BEFORE INSERT ON public.return_inspections FOR EACH ROW WHEN (new.passed) EXECUTE FUNCTION tg_return_inspections_c26_pages();
CREATE TRIGGER tg_roles_principal_version AFTER INSERT OR DELETE OR UPDATE ON public.staff_roles FOR EACH ROW EXECUTE FUNCTION tg_roles_principal_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.access_requests FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.approvals FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.archive_records FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.bailee_letters FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.collateral FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.collateral_certificates FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.collateral_valuations FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.contract_element_checks FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.contract_element_items FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.contracts FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.customers FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.dealers FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.delegations FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.discrepancies FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.disposal_approvals FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.disposal_batches FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.disposal_lines FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.emergency_reviews FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.file_items FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.handover_lines FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.handovers FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.holds FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.inspection_reports FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.intake_receipts FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.keeper_duties FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.loan_classifications FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.loan_collateral FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.loan_contracts FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.loan_positions FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.loan_products FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.loans FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.loss_cases FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.movements FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.notices FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.off_balance_entries FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.operation_seats FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.operations FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.org_units FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.overdue_steps FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.policy_parameters FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.read_grants FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.registry_checks FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.releases FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.report_sign_offs FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.request_lines FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.return_claims FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.return_inspections FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.scans FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.sealed_envelopes FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.settlement_notices FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.shipments FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.staff FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.staff_relations FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.staff_roles FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.stocktakes FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.storage_locations FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.substitutions FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_row_version AFTER INSERT OR DELETE OR UPDATE ON public.tickets FOR EACH ROW EXECUTE FUNCTION tg_row_version();
CREATE TRIGGER tg_scan_copies_c45_longer BEFORE UPDATE OF due_until, due_hold ON public.scan_copies FOR EACH ROW EXECUTE FUNCTION tg_scan_copies_c45_longer();
CREATE TRIGGER tg_scan_copies_c49_seen BEFORE INSERT OR UPDATE OF observed_at, checked_at, drifted_at, repaired_at, bad_since ON public.scan_copies FOR EACH ROW EXECUTE FUNCTION tg_scan_copies_c49_seen();
CREATE TRIGGER tg_scans_c45_hold BEFORE UPDATE OF legal_hold ON public.scans FOR EACH ROW WHEN ((old.legal_hold AND (NOT new.legal_hold) AND (new.object_version_id = old.object_version_id))) EXECUTE FUNCTION tg_scans_c45_hold();
CREATE TRIGGER tg_scans_c45_longer BEFORE UPDATE OF lock_until ON public.scans FOR EACH ROW WHEN (((new.lock_until < old.lock_until) OR ((old.lock_until IS NOT NULL) AND (new.lock_until IS NULL)))) EXECUTE FUNCTION tg_scans_c45_longer();
CREATE TRIGGER tg_scans_c49_final BEFORE UPDATE OF status, object_key, object_version_id, stored_at, lock_until, legal_hold, reject_code ON public.scans FOR EACH ROW EXECUTE FUNCTION tg_scans_c49_final();
CREATE TRIGGER tg_scans_c49_locked BEFORE INSERT ON public.scans FOR EACH ROW EXECUTE FUNCTION tg_scans_c49_locked();
CREATE TRIGGER tg_scans_c49_locked_store BEFORE UPDATE OF status ON public.scans FOR EACH ROW WHEN (((new.status = 'STORED'::text) AND (old.status <> 'STORED'::text))) EXECUTE FUNCTION tg_scans_c49_locked();
CREATE TRIGGER tg_scans_copied AFTER INSERT OR UPDATE OF status, object_version_id ON public.scans FOR EACH ROW WHEN ((new.status = 'STORED'::text)) EXECUTE FUNCTION tg_scans_copied();
CREATE TRIGGER tg_sealed_envelopes_c17_not_frozen BEFORE UPDATE OF location_id ON public.sealed_envelopes FOR EACH ROW WHEN (((old.location_id IS NOT NULL) AND (new.location_id IS DISTINCT FROM old.location_id))) EXECUTE FUNCTION tg_sealed_envelopes_c17_not_frozen();
CREATE TRIGGER tg_sealed_envelopes_c17_slot_counted BEFORE UPDATE OF location_id ON public.sealed_envelopes FOR EACH ROW WHEN ((old.location_id IS DISTINCT FROM new.location_id)) EXECUTE FUNCTION tg_sealed_envelopes_c17_slot_counted();
CREATE TRIGGER tg_seals_c9_broken_once BEFORE UPDATE OF broken_at ON public.seals FOR EACH ROW WHEN (((old.broken_at IS NOT NULL) AND (new.broken_at IS NULL))) EXECUTE FUNCTION tg_seals_c9_broken_once();
CREATE TRIGGER tg_seals_unit BEFORE INSERT ON public.seals FOR EACH ROW EXECUTE FUNCTION tg_seals_unit();
CREATE TRIGGER tg_search_insert AFTER INSERT ON public.archive_records REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tg_search_insert('record', 'visible_to', 'archive_no barcode');
CREATE TRIGGER tg_search_insert AFTER INSERT ON public.collateral REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tg_search_insert('collateral', 'visible_to', 'vin engine_no plate_no');
CREATE TRIGGER tg_search_insert AFTER INSERT ON public.collateral_certificates REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tg_search_insert('certificate', 'visible_to', 'number');
CREATE TRIGGER tg_search_insert AFTER INSERT ON public.contracts REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tg_search_insert('contract', 'org_id', 'number');
CREATE TRIGGER tg_search_insert AFTER INSERT ON public.customers REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tg_search_insert('customer', 'org_id', 'name');
CREATE TRIGGER tg_search_insert AFTER INSERT ON public.loans REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tg_search_insert('loan', 'org_id', 'number');
CREATE TRIGGER tg_search_insert AFTER INSERT ON public.scans REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tg_search_insert('scan', 'visible_to', 'title');
CREATE TRIGGER tg_search_insert AFTER INSERT ON public.sealed_envelopes REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tg_search_insert('envelope', 'visible_to', 'barcode seal_no');
CREATE TRIGGER tg_search_update AFTER UPDATE ON public.archive_records FOR EACH ROW WHEN ((((old.visible_to IS DISTINCT FROM new.visible_to) OR (old.archive_no IS DISTINCT FROM new.archive_no)) OR (old.barcode IS DISTINCT FROM new.barcode))) EXECUTE FUNCTION tg_search_update('record', 'visible_to', 'archive_no barcode');
CREATE TRIGGER tg_search_update AFTER UPDATE ON public.collateral FOR EACH ROW WHEN (((((old.visible_to IS DISTINCT FROM new.visible_to) OR (old.vin IS DISTINCT FROM new.vin)) OR (old.engine_no IS DISTINCT FROM new.engine_no)) OR (old.plate_no IS DISTINCT FROM new.plate_no))) EXECUTE FUNCTION tg_search_update('collateral', 'visible_to', 'vin engine_no plate_no');
CREATE TRIGGER tg_search_update AFTER UPDATE ON public.collateral_certificates FOR EACH ROW WHEN (((old.visible_to IS DISTINCT FROM new.visible_to) OR (old.number IS DISTINCT FROM new.number))) EXECUTE FUNCTION tg_search_update('certificate', 'visible_to', 'number');
CREATE TRIGGER tg_search_update AFTER UPDATE ON public.contracts FOR EACH ROW WHEN (((old.org_id IS DISTINCT FROM new.org_id) OR (old.number IS DISTINCT FROM new.number))) EXECUTE FUNCTION tg_search_update('contract', 'org_id', 'number');
CREATE TRIGGER tg_search_update AFTER UPDATE ON public.customers FOR EACH ROW WHEN (((old.org_id IS DISTINCT FROM new.org_id) OR (old.name IS DISTINCT FROM new.name))) EXECUTE FUNCTION tg_search_update('customer', 'org_id', 'name');
CREATE TRIGGER tg_search_update AFTER UPDATE ON public.loans FOR EACH ROW WHEN (((old.org_id IS DISTINCT FROM new.org_id) OR (old.number IS DISTINCT FROM new.number))) EXECUTE FUNCTION tg_search_update('loan', 'org_id', 'number');
CREATE TRIGGER tg_search_update AFTER UPDATE ON public.scans FOR EACH ROW WHEN (((old.visible_to IS DISTINCT FROM new.visible_to) OR (old.title IS DISTINCT FROM new.title))) EXECUTE FUNCTION tg_search_update('scan', 'visible_to', 'title');
CREATE TRIGGER tg_search_update AFTER UPDATE ON public.sealed_envelopes FOR EACH ROW WHEN ((((old.visible_to IS DISTINCT FROM new.visible_to) OR (old.barcode IS DISTINCT FROM new.barcode)) OR (old.seal_no IS DISTINCT FROM new.seal_no))) EXECUTE FUNCTION tg_search_update('envelope', 'visible_to', 'barcode seal_no');
CREATE TRIGGER tg_settlement_notices_c34_settled BEFORE INSERT ON public.settlement_notices FOR EACH ROW EXECUTE FUNCTION tg_settlement_notices_c34_settled();
CREATE TRIGGER tg_settlement_notices_c36_paper AFTER INSERT ON public.settlement_notices FOR EACH ROW EXECUTE FUNCTION tg_settlement_notices_c36_paper();
CREATE TRIGGER tg_settlement_notices_c52_void_stays BEFORE UPDATE ON public.settlement_notices FOR EACH ROW EXECUTE FUNCTION tg_settlement_notices_c52_void_stays();
CREATE TRIGGER tg_shipments_visible_to BEFORE INSERT ON public.shipments FOR EACH ROW EXECUTE FUNCTION tg_shipments_visible_to();
CREATE TRIGGER tg_staff_c1_no_service_in_custody BEFORE INSERT OR UPDATE ON public.delegations FOR EACH ROW EXECUTE FUNCTION tg_staff_c1_no_service_in_custody();
CREATE TRIGGER tg_staff_c1_no_service_in_custody BEFORE INSERT OR UPDATE ON public.keeper_duties FOR EACH ROW EXECUTE FUNCTION tg_staff_c1_no_service_in_custody();
CREATE TRIGGER tg_staff_c1_no_service_in_custody BEFORE INSERT OR UPDATE ON public.staff_roles FOR EACH ROW EXECUTE FUNCTION tg_staff_c1_no_service_in_custody();
CREATE TRIGGER tg_staff_c32_custody_cleared BEFORE UPDATE OF active ON public.staff FOR EACH ROW WHEN ((old.active AND (NOT new.active))) EXECUTE FUNCTION tg_staff_c32_custody_cleared();
CREATE TRIGGER tg_staff_principal_version BEFORE UPDATE OF org_id, active, kind ON public.staff FOR EACH ROW EXECUTE FUNCTION tg_staff_principal_version();
CREATE TRIGGER tg_stocktake_counts_advance AFTER INSERT ON public.stocktake_counts FOR EACH ROW EXECUTE FUNCTION tg_stocktake_counts_advance();
CREATE TRIGGER tg_stocktake_counts_c41_team BEFORE INSERT ON public.stocktake_counts FOR EACH ROW EXECUTE FUNCTION tg_stocktake_counts_c41_team();
CREATE TRIGGER tg_stocktakes_c15_step BEFORE UPDATE OF state ON public.stocktakes FOR EACH ROW WHEN ((old.state <> new.state)) EXECUTE FUNCTION tg_stocktakes_c15_step();
CREATE TRIGGER tg_stocktakes_c41_team BEFORE INSERT ON public.stocktakes FOR EACH ROW EXECUTE FUNCTION tg_stocktakes_c41_team();
CREATE TRIGGER tg_stocktakes_frame AFTER INSERT ON public.stocktakes FOR EACH ROW EXECUTE FUNCTION tg_stocktakes_frame();
CREATE TRIGGER tg_substitutions_c39_before_approval BEFORE INSERT ON public.substitutions FOR EACH ROW EXECUTE FUNCTION tg_substitutions_c39_before_approval();
CREATE TRIGGER tg_tickets_c10_kept BEFORE UPDATE ON public.tickets FOR EACH ROW EXECUTE FUNCTION tg_tickets_c10_kept();
CREATE TRIGGER tg_tickets_c10_next_number BEFORE INSERT ON public.tickets FOR EACH ROW EXECUTE FUNCTION tg_tickets_c10_next_number();
CREATE TRIGGER tg_tickets_c10_unit BEFORE INSERT ON public.tickets FOR EACH ROW WHEN ((new.operation_id IS NOT NULL)) EXECUTE FUNCTION tg_tickets_c10_unit();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.access_requests FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.archive_records FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.collateral FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.collateral_certificates FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.collateral_valuations FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.contracts FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.customers FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.dealers FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.delegations FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.discrepancies FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.disposal_batches FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.emergency_reviews FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.exports FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.file_items FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.handover_lines FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.handovers FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.holds FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.inspection_reports FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.keeper_duties FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.loan_classifications FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.loan_products FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.loans FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.loss_cases FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.movements FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.notices FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.off_balance_entries FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.operations FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.org_units FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.read_grants FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.releases FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.return_claims FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.scan_previews FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.scans FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.sealed_envelopes FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.settlement_notices FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.shipments FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.staff FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.stocktakes FOR EACH ROW EXECUTE FUNCTION tg_touch();
CREATE TRIGGER tg_touch BEFORE UPDATE ON public.storage_locations FOR EACH ROW EXECUTE FUNCTION tg_touch();

create policy anyone_appends on access_log for insert to public with check (staff_id = ( SELECT app_staff() AS app_staff));
create policy anyone_appends on decisions for insert to public with check (caller_id = ( SELECT app_staff() AS app_staff));
create policy anyone_appends on event_words for insert to public with check true;
create policy anyone_appends on events for insert to public with check (actor_id = ( SELECT app_staff() AS app_staff));
create policy anyone_tells on notices for insert to public with check true;
create policy bank_wide on parties for all to public using ( SELECT app_everywhere() AS app_everywhere) with check true;
create policy blind on access_requests as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (id = ANY (( SELECT blind_requests() AS blind_requests)::uuid[])) THEN false ELSE true END;
create policy blind on archive_records as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on corrections as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on decisions as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN ((moves)::text ~ ( SELECT blind_words() AS blind_words)) THEN false ELSE true END;
create policy blind on discrepancies as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on disposal_batches as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (id = ANY (( SELECT blind_batches() AS blind_batches)::uuid[])) THEN false ELSE true END;
create policy blind on events as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false WHEN ((record_id IS NULL) AND (( SELECT blind_words() AS blind_words) IS NOT NULL) AND (convert_from(substr(canonical, 18), 'UTF8'::name) ~ ( SELECT blind_words() AS blind_words))) THEN false ELSE true END;
create policy blind on file_items as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on handover_lines as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on handovers as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (id = ANY (( SELECT blind_handovers() AS blind_handovers)::uuid[])) THEN false ELSE true END;
create policy blind on holds as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on loss_cases as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on movements as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on notices as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on off_balance_entries as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on operations as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_ids && ( SELECT blind_records() AS blind_records)) THEN false ELSE true END;
create policy blind on overrides as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on registry_checks as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on return_inspections as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on scans as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on sealed_envelopes as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (id = ANY (( SELECT blind_envelopes() AS blind_envelopes)::uuid[])) THEN false ELSE true END;
create policy blind on seals as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (envelope_id = ANY (( SELECT blind_envelopes() AS blind_envelopes)::uuid[])) THEN false ELSE true END;
create policy blind on settlement_notices as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (record_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy blind on stocktake_counts as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (counter_id = ( SELECT app_staff() AS app_staff)) THEN true ELSE stocktakes_compared(stocktake_id) END;
create policy blind on stocktake_lines as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN ((result IS NULL) AND (location_id = ANY (( SELECT blind_places() AS blind_places)::uuid[]))) THEN false ELSE true END;
create policy blind on substitutions as restrictive for select to loanfile_app, loanfile_reader using CASE WHEN (replacement_id = ANY (( SELECT blind_records() AS blind_records)::uuid[])) THEN false ELSE true END;
create policy branch on access_requests for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on approvals for all to public using (EXISTS ( SELECT FROM access_requests p WHERE (p.id = approvals.request_id)));
create policy branch on archive_records for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on bailee_letters for all to public using (EXISTS ( SELECT FROM access_requests p WHERE (p.id = bailee_letters.request_id)));
create policy branch on chains for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on collateral for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on collateral_certificates for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on collateral_valuations for all to public using (EXISTS ( SELECT FROM collateral p WHERE (p.id = collateral_valuations.collateral_id)));
create policy branch on contract_amendments for all to public using (EXISTS ( SELECT FROM contracts p WHERE (p.id = contract_amendments.contract_id)));
create policy branch on contract_element_checks for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on contract_element_items for all to public using (EXISTS ( SELECT FROM contract_element_checks p WHERE (p.id = contract_element_items.check_id)));
create policy branch on contracts for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on corrections for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on customers for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on discrepancies for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on disposal_approvals for all to public using (EXISTS ( SELECT FROM disposal_batches p WHERE (p.id = disposal_approvals.batch_id)));
create policy branch on disposal_batches for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on disposal_lines for all to public using (EXISTS ( SELECT FROM disposal_batches p WHERE (p.id = disposal_lines.batch_id)));
create policy branch on emergency_reviews for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on file_items for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on fixity_findings for all to public using (EXISTS ( SELECT FROM scans p WHERE (p.id = fixity_findings.scan_id)));
create policy branch on handover_lines for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on handovers for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on holds for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on inspection_reports for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on intake_receipts for all to public using (EXISTS ( SELECT FROM operations p WHERE (p.id = intake_receipts.operation_id)));
create policy branch on loan_classifications for all to public using (EXISTS ( SELECT FROM loans p WHERE (p.id = loan_classifications.loan_id)));
create policy branch on loan_collateral for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on loan_contracts for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on loan_positions for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on loans for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on loss_cases for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on movements for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on off_balance_entries for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on operation_seats for all to public using (EXISTS ( SELECT FROM operations p WHERE (p.id = operation_seats.operation_id)));
create policy branch on operations for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on overdue_steps for all to public using (EXISTS ( SELECT FROM movements m WHERE (m.id = overdue_steps.movement_id)));
create policy branch on overrides for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on registry_checks for all to public using (EXISTS ( SELECT FROM collateral_certificates p WHERE (p.id = registry_checks.certificate_id)));
create policy branch on releases for all to public using (EXISTS ( SELECT FROM access_requests p WHERE (p.id = releases.request_id)));
create policy branch on report_sign_offs for all to public using (EXISTS ( SELECT FROM inspection_reports p WHERE (p.id = report_sign_offs.report_id)));
create policy branch on request_lines for all to public using (EXISTS ( SELECT FROM access_requests p WHERE (p.id = request_lines.request_id)));
create policy branch on return_claims for all to public using (EXISTS ( SELECT FROM movements p WHERE (p.id = return_claims.movement_id)));
create policy branch on return_inspections for all to public using ((EXISTS ( SELECT FROM movements p WHERE (p.id = return_inspections.movement_id))) OR (EXISTS ( SELECT FROM discrepancies p WHERE (p.id = return_inspections.discrepancy_id))));
create policy branch on scan_copies for all to public using (EXISTS ( SELECT FROM scans p WHERE (p.id = scan_copies.scan_id)));
create policy branch on scan_previews for all to public using (EXISTS ( SELECT FROM scans p WHERE (p.id = scan_previews.scan_id)));
create policy branch on scans for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on sealed_envelopes for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on seals for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE (EXISTS ( SELECT FROM sealed_envelopes p WHERE (p.id = seals.envelope_id))) END;
create policy branch on settlement_notices for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on shipments for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (visible_to && ( SELECT app_branches() AS app_branches)) THEN true ELSE false END;
create policy branch on stocktake_counts for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on stocktake_lines for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on stocktake_places for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on stocktakes for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch on substitutions for all to public using (EXISTS ( SELECT FROM access_requests p WHERE (p.id = substitutions.request_id)));
create policy branch on tickets for all to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true ELSE false END;
create policy branch_reads on events for select to public using CASE WHEN ( SELECT app_everywhere() AS app_everywhere) THEN true WHEN (org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])) THEN true WHEN ((record_id IS NOT NULL) AND COALESCE(( SELECT true FROM archive_records r WHERE (r.id = events.record_id)), false)) THEN true ELSE COALESCE(( SELECT true FROM chains c WHERE ((c.id = events.chain_id) AND (c.transferred_at IS NOT NULL) AND (c.org_id = ANY (( SELECT app_branches() AS app_branches)::uuid[])))), false) END;
create policy compliance_reads on access_log for select to public using ( SELECT app_has_role(VARIADIC ARRAY['COMPLIANCE'::text, 'AUDITOR'::text]) AS app_has_role);
create policy compliance_reads on decisions for select to public using ( SELECT app_has_role(VARIADIC ARRAY['COMPLIANCE'::text, 'AUDITOR'::text]) AS app_has_role);
create policy compliance_reads on fixity_runs for all to public using ( SELECT app_has_role(VARIADIC ARRAY['COMPLIANCE'::text, 'AUDITOR'::text, 'SYSTEM'::text]) AS app_has_role);
create policy jobs_make on exports for update to public using ( SELECT app_has_role(VARIADIC ARRAY['SYSTEM'::text]) AS app_has_role);
create policy judge_fills on search_terms for insert to loanfile_judge with check true;
create policy judge_sees_all on access_log for select to loanfile_judge using true;
create policy judge_sees_all on access_requests for select to loanfile_judge using true;
create policy judge_sees_all on alarms for select to loanfile_judge using true;
create policy judge_sees_all on approvals for select to loanfile_judge using true;
create policy judge_sees_all on archive_records for select to loanfile_judge using true;
create policy judge_sees_all on bailee_letters for select to loanfile_judge using true;
create policy judge_sees_all on chains for select to loanfile_judge using true;
create policy judge_sees_all on collateral for select to loanfile_judge using true;
create policy judge_sees_all on collateral_certificates for select to loanfile_judge using true;
create policy judge_sees_all on collateral_valuations for select to loanfile_judge using true;
create policy judge_sees_all on contract_amendments for select to loanfile_judge using true;
create policy judge_sees_all on contract_element_checks for select to loanfile_judge using true;
create policy judge_sees_all on contract_element_items for select to loanfile_judge using true;
create policy judge_sees_all on contracts for select to loanfile_judge using true;
create policy judge_sees_all on corrections for select to loanfile_judge using true;
create policy judge_sees_all on customers for select to loanfile_judge using true;
create policy judge_sees_all on decisions for select to loanfile_judge using true;
create policy judge_sees_all on discrepancies for select to loanfile_judge using true;
create policy judge_sees_all on disposal_approvals for select to loanfile_judge using true;
create policy judge_sees_all on disposal_batches for select to loanfile_judge using true;
create policy judge_sees_all on disposal_lines for select to loanfile_judge using true;
create policy judge_sees_all on emergency_reviews for select to loanfile_judge using true;
create policy judge_sees_all on event_words for select to loanfile_judge using true;
create policy judge_sees_all on events for select to loanfile_judge using true;
create policy judge_sees_all on export_parts for select to loanfile_judge using true;
create policy judge_sees_all on exports for select to loanfile_judge using true;
create policy judge_sees_all on file_items for select to loanfile_judge using true;
create policy judge_sees_all on fixity_findings for select to loanfile_judge using true;
create policy judge_sees_all on fixity_runs for select to loanfile_judge using true;
create policy judge_sees_all on handover_lines for select to loanfile_judge using true;
create policy judge_sees_all on handovers for select to loanfile_judge using true;
create policy judge_sees_all on holds for select to loanfile_judge using true;
create policy judge_sees_all on idempotency_keys for select to loanfile_judge using true;
create policy judge_sees_all on inspection_reports for select to loanfile_judge using true;
create policy judge_sees_all on intake_receipts for select to loanfile_judge using true;
create policy judge_sees_all on loan_classifications for select to loanfile_judge using true;
create policy judge_sees_all on loan_collateral for select to loanfile_judge using true;
create policy judge_sees_all on loan_contracts for select to loanfile_judge using true;
create policy judge_sees_all on loan_positions for select to loanfile_judge using true;
create policy judge_sees_all on loans for select to loanfile_judge using true;
create policy judge_sees_all on loss_cases for select to loanfile_judge using true;
create policy judge_sees_all on movements for select to loanfile_judge using true;
create policy judge_sees_all on notices for select to loanfile_judge using true;
create policy judge_sees_all on off_balance_entries for select to loanfile_judge using true;
create policy judge_sees_all on operation_seats for select to loanfile_judge using true;
create policy judge_sees_all on operations for select to loanfile_judge using true;
create policy judge_sees_all on overdue_steps for select to loanfile_judge using true;
create policy judge_sees_all on overrides for select to loanfile_judge using true;
create policy judge_sees_all on parties for select to loanfile_judge using true;
create policy judge_sees_all on registry_checks for select to loanfile_judge using true;
create policy judge_sees_all on releases for select to loanfile_judge using true;
create policy judge_sees_all on report_sign_offs for select to loanfile_judge using true;
create policy judge_sees_all on request_lines for select to loanfile_judge using true;
create policy judge_sees_all on return_claims for select to loanfile_judge using true;
create policy judge_sees_all on return_inspections for select to loanfile_judge using true;
create policy judge_sees_all on scan_copies for select to loanfile_judge using true;
create policy judge_sees_all on scan_previews for select to loanfile_judge using true;
create policy judge_sees_all on scans for select to loanfile_judge using true;
create policy judge_sees_all on sealed_envelopes for select to loanfile_judge using true;
create policy judge_sees_all on seals for select to loanfile_judge using true;
create policy judge_sees_all on search_terms for select to loanfile_judge using true;
create policy judge_sees_all on settlement_notices for select to loanfile_judge using true;
create policy judge_sees_all on shipments for select to loanfile_judge using true;
create policy judge_sees_all on staff_relations for select to loanfile_judge using true;
create policy judge_sees_all on stocktake_counts for select to loanfile_judge using true;
create policy judge_sees_all on stocktake_lines for select to loanfile_judge using true;
create policy judge_sees_all on stocktake_places for select to loanfile_judge using true;
create policy judge_sees_all on stocktakes for select to loanfile_judge using true;
create policy judge_sees_all on substitutions for select to loanfile_judge using true;
create policy judge_sees_all on tickets for select to loanfile_judge using true;
create policy own on idempotency_keys for all to public using (caller_id = ( SELECT app_staff() AS app_staff));
create policy own_asks on exports for insert to public with check (staff_id = ( SELECT app_staff() AS app_staff));
create policy own_marks on notices for update to public using (staff_id = ( SELECT app_staff() AS app_staff));
create policy own_or_compliance on staff_relations for all to public using ((staff_id = ( SELECT app_staff() AS app_staff)) OR ( SELECT app_has_role(VARIADIC ARRAY['COMPLIANCE'::text, 'AUDITOR'::text, 'ADMIN'::text]) AS app_has_role));
create policy own_or_jobs_read on exports for select to public using ((staff_id = ( SELECT app_staff() AS app_staff)) OR ( SELECT app_has_role(VARIADIC ARRAY['SYSTEM'::text]) AS app_has_role));
create policy own_reads on notices for select to public using (staff_id = ( SELECT app_staff() AS app_staff));
create policy registrar_keeps_all on access_log for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on access_requests for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on alarms for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on approvals for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on archive_records for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on bailee_letters for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on chains for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on collateral for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on collateral_certificates for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on collateral_valuations for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on contract_amendments for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on contract_element_checks for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on contract_element_items for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on contracts for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on corrections for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on customers for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on decisions for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on discrepancies for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on disposal_approvals for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on disposal_batches for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on disposal_lines for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on emergency_reviews for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on event_words for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on events for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on export_parts for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on exports for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on file_items for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on fixity_findings for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on fixity_runs for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on handover_lines for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on handovers for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on holds for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on idempotency_keys for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on inspection_reports for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on intake_receipts for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on loan_classifications for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on loan_collateral for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on loan_contracts for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on loan_positions for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on loans for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on loss_cases for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on movements for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on notices for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on off_balance_entries for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on operation_seats for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on operations for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on overdue_steps for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on overrides for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on parties for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on registry_checks for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on releases for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on report_sign_offs for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on request_lines for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on return_claims for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on return_inspections for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on scan_copies for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on scan_previews for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on scans for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on sealed_envelopes for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on seals for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on settlement_notices for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on shipments for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on staff_relations for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on stocktake_counts for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on stocktake_lines for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on stocktake_places for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on stocktakes for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on substitutions for all to loanfile_registrar using true with check true;
create policy registrar_keeps_all on tickets for all to loanfile_registrar using true with check true;
create policy search_keeps_all on search_terms for all to loanfile_search using true with check true;
create policy told_reads on alarms for select to public using (EXISTS ( SELECT FROM notices n WHERE ((n.staff_id = ( SELECT app_staff() AS app_staff)) AND (n.kind = 'ALARM'::text) AND (n.subject_id = alarms.id))));
create policy with_the_event on event_words for select to public using (EXISTS ( SELECT FROM events e WHERE (e.id = event_words.event_id)));
create policy with_the_export on export_parts for all to public using (EXISTS ( SELECT FROM exports e WHERE (e.id = export_parts.export_id)));

grant delete, insert, select on export_parts to loanfile_app;
grant delete, insert, select on scan_previews to loanfile_app;
grant delete, insert, select on search_terms to loanfile_search;
grant delete, insert, select on staff_roles to loanfile_registrar;
grant delete, select on handover_lines to loanfile_app;
grant delete, select on pending_access to loanfile_ledger;
grant delete, select on pending_events to loanfile_ledger;
grant insert of action, detail, org_id, purpose, request_id, result, staff_id, subject_ids on access_log to loanfile_app;
grant insert of action, detail, org_id, purpose, request_id, result, staff_id, subject_ids on access_log to loanfile_reader;
grant insert of created_by, giver_id, in_town, kind, org_id, reason, taker_id, to_org_id on handovers to loanfile_app;
grant insert of due_at, handover_id, id, lines, operation_id, org_id, seal_no, sent_at, tier on shipments to loanfile_app;
grant insert of handover_id, record_id on handover_lines to loanfile_app;
grant insert of id, media_type, org_id, pages, part_sha256, record_id, registered_at, scan_version, sha256, size_bytes, subject_id, subject_kind, supersedes_id, title, upload_expires_at, uploaded_by on scans to loanfile_app;
grant insert on pending_access to loanfile_registrar;
grant insert, select on access_requests to loanfile_app;
grant insert, select on alarms to loanfile_registrar;
grant insert, select on approvals to loanfile_app;
grant insert, select on archive_records to loanfile_app;
grant insert, select on bailee_letters to loanfile_app;
grant insert, select on barcodes to loanfile_judge;
grant insert, select on barcodes to loanfile_registrar;
grant insert, select on collateral to loanfile_app;
grant insert, select on collateral_certificates to loanfile_app;
grant insert, select on contract_amendments to loanfile_registrar;
grant insert, select on contract_element_checks to loanfile_app;
grant insert, select on contract_element_items to loanfile_app;
grant insert, select on contracts to loanfile_app;
grant insert, select on corrections to loanfile_registrar;
grant insert, select on customers to loanfile_app;
grant insert, select on customers to loanfile_registrar;
grant insert, select on data_keys to loanfile_app;
grant insert, select on dealers to loanfile_app;
grant insert, select on decisions to loanfile_app;
grant insert, select on delegations to loanfile_registrar;
grant insert, select on discrepancies to loanfile_app;
grant insert, select on disposal_approvals to loanfile_app;
grant insert, select on disposal_batches to loanfile_app;
grant insert, select on disposal_lines to loanfile_app;
grant insert, select on emergency_reviews to loanfile_app;
grant insert, select on event_words to loanfile_app;
grant insert, select on events to loanfile_app;
grant insert, select on exports to loanfile_app;
grant insert, select on file_items to loanfile_app;
grant insert, select on fixity_findings to loanfile_app;
grant insert, select on fixity_runs to loanfile_app;
grant insert, select on holds to loanfile_app;
grant insert, select on holidays to loanfile_app;
grant insert, select on idempotency_keys to loanfile_app;
grant insert, select on inspection_reports to loanfile_app;
grant insert, select on intake_receipts to loanfile_app;
grant insert, select on keeper_duties to loanfile_registrar;
grant insert, select on ledger_checkpoints to loanfile_ledger;
grant insert, select on ledger_leaves to loanfile_ledger;
grant insert, select on ledger_nodes to loanfile_ledger;
grant insert, select on loan_collateral to loanfile_app;
grant insert, select on loan_contracts to loanfile_app;
grant insert, select on loan_contracts to loanfile_registrar;
grant insert, select on loan_positions to loanfile_app;
grant insert, select on loan_products to loanfile_app;
grant insert, select on loans to loanfile_app;
grant insert, select on loss_cases to loanfile_registrar;
grant insert, select on movements to loanfile_app;
grant insert, select on notices to loanfile_app;
grant insert, select on off_balance_entries to loanfile_app;
grant insert, select on operation_seats to loanfile_app;
grant insert, select on operations to loanfile_app;
grant insert, select on org_units to loanfile_app;
grant insert, select on org_units to loanfile_registrar;
grant insert, select on overdue_steps to loanfile_app;
grant insert, select on overrides to loanfile_app;
grant insert, select on parties to loanfile_registrar;
grant insert, select on pending_events to loanfile_registrar;
grant insert, select on policy_parameters to loanfile_registrar;
grant insert, select on read_grants to loanfile_registrar;
grant insert, select on registry_checks to loanfile_app;
grant insert, select on releases to loanfile_app;
grant insert, select on report_sign_offs to loanfile_app;
grant insert, select on request_lines to loanfile_app;
grant insert, select on return_claims to loanfile_app;
grant insert, select on return_inspections to loanfile_app;
grant insert, select on row_versions to loanfile_registrar;
grant insert, select on scan_copies to loanfile_app;
grant insert, select on sealed_envelopes to loanfile_app;
grant insert, select on seals to loanfile_app;
grant insert, select on search_terms to loanfile_judge;
grant insert, select on settlement_notices to loanfile_app;
grant insert, select on staff to loanfile_registrar;
grant insert, select on staff_relations to loanfile_registrar;
grant insert, select on stocktake_counts to loanfile_app;
grant insert, select on stocktake_lines to loanfile_registrar;
grant insert, select on stocktake_places to loanfile_registrar;
grant insert, select on stocktakes to loanfile_app;
grant insert, select on storage_locations to loanfile_registrar;
grant insert, select on substitutions to loanfile_app;
grant insert, select on tickets to loanfile_app;
grant insert, select, update on chains to loanfile_registrar;
grant insert, select, update on collateral_valuations to loanfile_registrar;
grant insert, select, update on loan_classifications to loanfile_registrar;
grant insert, select, update on scan_copies to loanfile_registrar;
grant insert, select, update on ticket_counters to loanfile_registrar;
grant select of address_masked, created_at, district, id, identity_number_masked, key_epoch, name, org_id, party_id, phone_masked, updated_at, version on customers to loanfile_reader;
grant select of authority_scan_id, authority_until, capacity, created_at, id, identity_number_masked, operation_id, org_id, receipt_scan_id, recipient_name, released_at, request_id, state, updated_at, verified_at, verified_by, version on releases to loanfile_reader;
grant select on access_log to loanfile_app;
grant select on access_log to loanfile_judge;
grant select on access_log to loanfile_reader;
grant select on access_log to loanfile_registrar;
grant select on access_requests to loanfile_judge;
grant select on access_requests to loanfile_reader;
grant select on access_requests to loanfile_registrar;
grant select on act_seat_roles to loanfile_app;
grant select on act_seat_roles to loanfile_judge;
grant select on act_seat_roles to loanfile_reader;
grant select on act_seat_roles to loanfile_registrar;
grant select on act_seats to loanfile_app;
grant select on act_seats to loanfile_judge;
grant select on act_seats to loanfile_reader;
grant select on act_seats to loanfile_registrar;
grant select on acts to loanfile_app;
grant select on acts to loanfile_judge;
grant select on acts to loanfile_reader;
grant select on acts to loanfile_registrar;
grant select on alarms to loanfile_app;
grant select on alarms to loanfile_judge;
grant select on alarms to loanfile_reader;
grant select on alembic_version to loanfile_app;
grant select on alembic_version to loanfile_judge;
grant select on alembic_version to loanfile_reader;
grant select on alembic_version to loanfile_registrar;
grant select on approval_ranks to loanfile_app;
grant select on approval_ranks to loanfile_judge;
grant select on approval_ranks to loanfile_reader;
grant select on approval_ranks to loanfile_registrar;
grant select on approvals to loanfile_judge;
grant select on approvals to loanfile_reader;
grant select on approvals to loanfile_registrar;
grant select on archive_records to loanfile_judge;
grant select on archive_records to loanfile_reader;
grant select on archive_records to loanfile_registrar;
grant select on bailee_letters to loanfile_judge;
grant select on bailee_letters to loanfile_reader;
grant select on bailee_letters to loanfile_registrar;
grant select on barcode_numbers to loanfile_judge;
grant select on certificate_versions to loanfile_app;
grant select on certificate_versions to loanfile_reader;
grant select on chains to loanfile_app;
grant select on chains to loanfile_judge;
grant select on chains to loanfile_reader;
grant select on collateral to loanfile_judge;
grant select on collateral to loanfile_reader;
grant select on collateral to loanfile_registrar;
grant select on collateral_certificates to loanfile_judge;
grant select on collateral_certificates to loanfile_reader;
grant select on collateral_certificates to loanfile_registrar;
grant select on collateral_plates to loanfile_app;
grant select on collateral_plates to loanfile_reader;
grant select on collateral_valuations to loanfile_app;
grant select on collateral_valuations to loanfile_judge;
grant select on collateral_valuations to loanfile_reader;
grant select on contract_amendments to loanfile_app;
grant select on contract_amendments to loanfile_judge;
grant select on contract_amendments to loanfile_reader;
grant select on contract_element_checks to loanfile_judge;
grant select on contract_element_checks to loanfile_reader;
grant select on contract_element_checks to loanfile_registrar;
grant select on contract_element_items to loanfile_judge;
grant select on contract_element_items to loanfile_reader;
grant select on contract_element_items to loanfile_registrar;
grant select on contract_elements to loanfile_app;
grant select on contract_elements to loanfile_judge;
grant select on contract_elements to loanfile_reader;
grant select on contract_elements to loanfile_registrar;
grant select on contracts to loanfile_judge;
grant select on contracts to loanfile_reader;
grant select on contracts to loanfile_registrar;
grant select on corrections to loanfile_app;
grant select on corrections to loanfile_judge;
grant select on corrections to loanfile_reader;
grant select on customers to loanfile_judge;
grant select on data_keys to loanfile_judge;
grant select on data_keys to loanfile_registrar;
grant select on dealers to loanfile_judge;
grant select on dealers to loanfile_reader;
grant select on dealers to loanfile_registrar;
grant select on decisions to loanfile_judge;
grant select on decisions to loanfile_reader;
grant select on decisions to loanfile_registrar;
grant select on delegations to loanfile_app;
grant select on delegations to loanfile_judge;
grant select on delegations to loanfile_reader;
grant select on discrepancies to loanfile_judge;
grant select on discrepancies to loanfile_reader;
grant select on discrepancies to loanfile_registrar;
grant select on disposal_approvals to loanfile_judge;
grant select on disposal_approvals to loanfile_reader;
grant select on disposal_approvals to loanfile_registrar;
grant select on disposal_batches to loanfile_judge;
grant select on disposal_batches to loanfile_reader;
grant select on disposal_batches to loanfile_registrar;
grant select on disposal_lines to loanfile_judge;
grant select on disposal_lines to loanfile_reader;
grant select on disposal_lines to loanfile_registrar;
grant select on emergency_reviews to loanfile_judge;
grant select on emergency_reviews to loanfile_reader;
grant select on emergency_reviews to loanfile_registrar;
grant select on event_words to loanfile_judge;
grant select on events to loanfile_judge;
grant select on events to loanfile_reader;
grant select on events to loanfile_registrar;
grant select on export_parts to loanfile_judge;
grant select on export_parts to loanfile_registrar;
grant select on exports to loanfile_judge;
grant select on exports to loanfile_reader;
grant select on exports to loanfile_registrar;
grant select on file_items to loanfile_judge;
grant select on file_items to loanfile_reader;
grant select on file_items to loanfile_registrar;
grant select on fixity_findings to loanfile_judge;
grant select on fixity_findings to loanfile_reader;
grant select on fixity_findings to loanfile_registrar;
grant select on fixity_runs to loanfile_judge;
grant select on fixity_runs to loanfile_reader;
grant select on fixity_runs to loanfile_registrar;
grant select on handover_lines to loanfile_judge;
grant select on handover_lines to loanfile_reader;
grant select on handover_lines to loanfile_registrar;
grant select on handovers to loanfile_app;
grant select on handovers to loanfile_judge;
grant select on handovers to loanfile_reader;
grant select on handovers to loanfile_registrar;
grant select on holds to loanfile_judge;
grant select on holds to loanfile_reader;
grant select on holds to loanfile_registrar;
grant select on holidays to loanfile_judge;
grant select on holidays to loanfile_reader;
grant select on holidays to loanfile_registrar;
grant select on idempotency_keys to loanfile_judge;
grant select on idempotency_keys to loanfile_registrar;
grant select on inspection_reports to loanfile_judge;
grant select on inspection_reports to loanfile_reader;
grant select on inspection_reports to loanfile_registrar;
grant select on intake_receipts to loanfile_judge;
grant select on intake_receipts to loanfile_reader;
grant select on intake_receipts to loanfile_registrar;
grant select on keeper_duties to loanfile_app;
grant select on keeper_duties to loanfile_judge;
grant select on keeper_duties to loanfile_reader;
grant select on ledger_checkpoints to loanfile_app;
grant select on ledger_checkpoints to loanfile_judge;
grant select on ledger_checkpoints to loanfile_reader;
grant select on ledger_leaves to loanfile_app;
grant select on ledger_leaves to loanfile_judge;
grant select on ledger_leaves to loanfile_reader;
grant select on ledger_nodes to loanfile_app;
grant select on ledger_nodes to loanfile_judge;
grant select on ledger_nodes to loanfile_reader;
grant select on loan_classifications to loanfile_app;
grant select on loan_classifications to loanfile_judge;
grant select on loan_classifications to loanfile_reader;
grant select on loan_collateral to loanfile_judge;
grant select on loan_collateral to loanfile_reader;
grant select on loan_collateral to loanfile_registrar;
grant select on loan_contracts to loanfile_judge;
grant select on loan_contracts to loanfile_reader;
grant select on loan_positions to loanfile_judge;
grant select on loan_positions to loanfile_reader;
grant select on loan_positions to loanfile_registrar;
grant select on loan_products to loanfile_judge;
grant select on loan_products to loanfile_reader;
grant select on loan_products to loanfile_registrar;
grant select on loans to loanfile_judge;
grant select on loans to loanfile_reader;
grant select on loans to loanfile_registrar;
grant select on loss_cases to loanfile_app;
grant select on loss_cases to loanfile_judge;
grant select on loss_cases to loanfile_reader;
grant select on movements to loanfile_judge;
grant select on movements to loanfile_reader;
grant select on movements to loanfile_registrar;
grant select on notices to loanfile_judge;
grant select on notices to loanfile_reader;
grant select on notices to loanfile_registrar;
grant select on off_balance_entries to loanfile_judge;
grant select on off_balance_entries to loanfile_reader;
grant select on off_balance_entries to loanfile_registrar;
grant select on operation_seats to loanfile_judge;
grant select on operation_seats to loanfile_reader;
grant select on operation_seats to loanfile_registrar;
grant select on operations to loanfile_judge;
grant select on operations to loanfile_reader;
grant select on operations to loanfile_registrar;
grant select on org_units to loanfile_judge;
grant select on org_units to loanfile_reader;
grant select on org_units to loanfile_search;
grant select on overdue_steps to loanfile_judge;
grant select on overdue_steps to loanfile_reader;
grant select on overdue_steps to loanfile_registrar;
grant select on override_permissions to loanfile_app;
grant select on override_permissions to loanfile_judge;
grant select on override_permissions to loanfile_reader;
grant select on override_permissions to loanfile_registrar;
grant select on overrides to loanfile_judge;
grant select on overrides to loanfile_reader;
grant select on overrides to loanfile_registrar;
grant select on parties to loanfile_app;
grant select on parties to loanfile_judge;
grant select on parties to loanfile_reader;
grant select on pending_access to loanfile_judge;
grant select on pending_events to loanfile_judge;
grant select on pg_stat_statements to -;
grant select on pg_stat_statements_info to -;
grant select on policy_parameters to loanfile_app;
grant select on policy_parameters to loanfile_judge;
grant select on policy_parameters to loanfile_reader;
grant select on purposes to loanfile_app;
grant select on purposes to loanfile_judge;
grant select on purposes to loanfile_reader;
grant select on purposes to loanfile_registrar;
grant select on read_grants to loanfile_app;
grant select on read_grants to loanfile_judge;
grant select on read_grants to loanfile_reader;
grant select on registry_checks to loanfile_judge;
grant select on registry_checks to loanfile_reader;
grant select on registry_checks to loanfile_registrar;
grant select on releases to loanfile_judge;
grant select on releases to loanfile_registrar;
grant select on report_sign_offs to loanfile_judge;
grant select on report_sign_offs to loanfile_reader;
grant select on report_sign_offs to loanfile_registrar;
grant select on request_lines to loanfile_judge;
grant select on request_lines to loanfile_reader;
grant select on request_lines to loanfile_registrar;
grant select on return_claims to loanfile_judge;
grant select on return_claims to loanfile_reader;
grant select on return_claims to loanfile_registrar;
grant select on return_inspections to loanfile_judge;
grant select on return_inspections to loanfile_reader;
grant select on return_inspections to loanfile_registrar;
grant select on row_versions to loanfile_judge;
grant select on scan_copies to loanfile_judge;
grant select on scan_copies to loanfile_reader;
grant select on scan_previews to loanfile_judge;
grant select on scan_previews to loanfile_reader;
grant select on scan_previews to loanfile_registrar;
grant select on scans to loanfile_app;
grant select on scans to loanfile_judge;
grant select on scans to loanfile_reader;
grant select on scans to loanfile_registrar;
grant select on sealed_envelopes to loanfile_judge;
grant select on sealed_envelopes to loanfile_reader;
grant select on sealed_envelopes to loanfile_registrar;
grant select on seals to loanfile_judge;
grant select on seals to loanfile_reader;
grant select on seals to loanfile_registrar;
grant select on settlement_notices to loanfile_judge;
grant select on settlement_notices to loanfile_reader;
grant select on settlement_notices to loanfile_registrar;
grant select on shipments to loanfile_app;
grant select on shipments to loanfile_judge;
grant select on shipments to loanfile_reader;
grant select on shipments to loanfile_registrar;
grant select on staff to loanfile_app;
grant select on staff to loanfile_judge;
grant select on staff to loanfile_reader;
grant select on staff_relations to loanfile_app;
grant select on staff_relations to loanfile_judge;
grant select on staff_relations to loanfile_reader;
grant select on staff_roles to loanfile_app;
grant select on staff_roles to loanfile_judge;
grant select on staff_roles to loanfile_reader;
grant select on stocktake_counts to loanfile_judge;
grant select on stocktake_counts to loanfile_reader;
grant select on stocktake_counts to loanfile_registrar;
grant select on stocktake_lines to loanfile_app;
grant select on stocktake_lines to loanfile_judge;
grant select on stocktake_lines to loanfile_reader;
grant select on stocktake_places to loanfile_app;
grant select on stocktake_places to loanfile_judge;
grant select on stocktake_places to loanfile_reader;
grant select on stocktakes to loanfile_judge;
grant select on stocktakes to loanfile_reader;
grant select on stocktakes to loanfile_registrar;
grant select on storage_locations to loanfile_app;
grant select on storage_locations to loanfile_judge;
grant select on storage_locations to loanfile_reader;
grant select on substitutions to loanfile_judge;
grant select on substitutions to loanfile_reader;
grant select on substitutions to loanfile_registrar;
grant select on ticket_counters to loanfile_app;
grant select on ticket_counters to loanfile_judge;
grant select on ticket_counters to loanfile_reader;
grant select on tickets to loanfile_judge;
grant select on tickets to loanfile_reader;
grant select on tickets to loanfile_registrar;
grant select on transitions to loanfile_app;
grant select on transitions to loanfile_judge;
grant select on transitions to loanfile_reader;
grant select on transitions to loanfile_registrar;
grant update of active, principal_version on staff to loanfile_registrar;
grant update of amount, number, org_id, signed_on on contracts to loanfile_registrar;
grant update of analysis, period_from, period_to, proposal, round, state, submitted_at, title on inspection_reports to loanfile_app;
grant update of annual_rate, classification, currency, dealer_id, instalment_amount, manager_id, matures_on, principal_amount, source_hash, starts_on, status, term_months on loans to loanfile_app;
grant update of attempts, checkpoint, done, expires_at, failure, last_at, last_id, leased_by, leased_until, made_at, sha256, size_bytes, state, total, units on exports to loanfile_app;
grant update of authority_scan_id, authority_until, capacity, identity_index, identity_number_masked, operation_id, receipt_scan_id, recipient_name, released_at, state, verified_at, verified_by on releases to loanfile_app;
grant update of back_operation_id, decided_at, decided_operation_id, reasons, sent_operation_id, shipment_id, state on handover_lines to loanfile_app;
grant update of back_to, visible_to on loss_cases to loanfile_registrar;
grant update of bad, bytes, last_at, objects on fixity_runs to loanfile_app;
grant update of bad_since, checked_at, drifted_at, due_hold, due_until, legal_hold, lock_until, observed_at, repaired_at, version_id on scan_copies to loanfile_app;
grant update of barcode, certificate_id, copies, custodian_id, custody_org_id, cutoff_at, envelope_id, expected_by, expires_on, from_whom, is_original, location_id, pages, retention_class, state, submitted_by, vault_id on archive_records to loanfile_app;
grant update of booked_at, failure, serial_no, state on off_balance_entries to loanfile_app;
grant update of broken_at on seals to loanfile_app;
grant update of claimed_at, closed_at, due_at, due_is_provisional, ended_as, entry_operation_id, exit_operation_id, extensions, inspection_id, operation_id, out_at, override_id, presented_to, recall_reason, recalled_at, recalled_by, returned_at, returned_by on movements to loanfile_app;
grant update of classification, customer_id, org_id on loans to loanfile_registrar;
grant update of cleared_at, findings, seen_at on alarms to loanfile_registrar;
grant update of closed_at on org_units to loanfile_registrar;
grant update of closed_at, first_counted_at, frozen_until, round, second_counted_at on stocktake_places to loanfile_registrar;
grant update of closed_at, lost_at, lost_operation_id, notified_at, notified_by, original_found_at, original_found_by, original_note, outcome, reissued_as_id, responsibility, search_log, searched_at, searched_by, state, statement on loss_cases to loanfile_app;
grant update of comment, finding, reviewed_at, reviewed_by on emergency_reviews to loanfile_app;
grant update of compared_at, compared_by, signed_at, signed_by, state on stocktakes to loanfile_app;
grant update of confirmed_at, confirmed_by_id, legal_hold, lock_until, locked_at, locked_by_id, object_key, object_version_id, reject_code, status, stored_at, upload_id on scans to loanfile_app;
grant update of currency, org_id, owner_id, value_amount, valued_on, visible_to on collateral to loanfile_registrar;
grant update of custody_org_id, expires_on, org_id, pages, state, title, vault_id, visible_to on archive_records to loanfile_registrar;
grant update of deadline_at, owner_id, resolution, resolved_at, resolved_by, signed_at, signed_by, state on discrepancies to loanfile_app;
grant update of decided_at, decision_reason, lapses_at, queued_at, state on access_requests to loanfile_app;
grant update of decided_at, decision_reason, state on disposal_batches to loanfile_app;
grant update of done_at, state on operations to loanfile_app;
grant update of during on keeper_duties to loanfile_registrar;
grant update of expires_on, is_electronic, is_live, issued_on, issuer, owner_name, registration_no, registry_reference, replaces_id, right_amount, vin, voided_at on collateral_certificates to loanfile_app;
grant update of expires_on, issued_on, number, registration_no, visible_to on collateral_certificates to loanfile_registrar;
grant update of findings, resolution, resolved_at, resolved_by on return_claims to loanfile_app;
grant update of found_location_id, found_seal_no, result on stocktake_lines to loanfile_registrar;
grant update of healed_at, healed_version_id on fixity_findings to loanfile_app;
grant update of is_open on disposal_lines to loanfile_registrar;
grant update of is_void, void_reason on tickets to loanfile_app;
grant update of lift_reason, lifted_at, lifted_by on holds to loanfile_app;
grant update of location_id, seal_no, sealed_at on sealed_envelopes to loanfile_app;
grant update of made_at, status, tried_at, wanted_at on scan_previews to loanfile_app;
grant update of org_id on inspection_reports to loanfile_registrar;
grant update of org_id on loan_collateral to loanfile_registrar;
grant update of org_id on loan_contracts to loanfile_registrar;
grant update of org_id on loan_positions to loanfile_registrar;
grant update of org_id, visible_to on sealed_envelopes to loanfile_registrar;
grant update of outcome on idempotency_keys to loanfile_app;
grant update of pages, title, visible_to on file_items to loanfile_registrar;
grant update of plate_no on collateral to loanfile_app;
grant update of read_at on notices to loanfile_app;
grant update of retired_at on barcodes to loanfile_registrar;
grant update of seen_at, seen_by on file_items to loanfile_app;
grant update of state on handovers to loanfile_registrar;
grant update of stored_at on ledger_checkpoints to loanfile_ledger;
grant update of visible_to on access_requests to loanfile_registrar;
grant update of visible_to on discrepancies to loanfile_registrar;
grant update of visible_to on movements to loanfile_registrar;
grant update of visible_to on operations to loanfile_registrar;
grant update of visible_to on scans to loanfile_registrar;
grant update of voided_at on settlement_notices to loanfile_app;
grant usage on barcode_numbers to loanfile_app;
grant usage on row_versions_id_seq to loanfile_registrar;
