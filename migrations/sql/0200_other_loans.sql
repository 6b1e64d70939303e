-- C4, C16: a paper secures each loan on its collateral, and not only the one it was registered under. These two tell what that means, once:
-- the loans on a record with whom they tie, and the active holds on any of it. Neither asks who calls, so that PostgreSQL can put them into
-- the statements of the judge's functions; nobody else may call them. A hold comes once for each loan that it reaches the record by.
create function ties_of(record uuid) returns table (collateral_id uuid, loan_id uuid, manager_id uuid, dealer_id uuid, party_id uuid)
language sql stable as $$
  select r.collateral_id, l.id, l.manager_id, l.dealer_id, c.party_id
  from archive_records r cross join lateral (
    select r.primary_loan_id union all select x.loan_id from loan_collateral x
      where x.collateral_id = r.collateral_id and x.loan_id is distinct from r.primary_loan_id) o (id)
  left join loans l on l.id = o.id left join customers c on c.id = l.customer_id where r.id = record $$;
create function holds_over(record uuid) returns table (hold_id uuid, kind text, placer_id uuid)
language sql stable as $$
  select h.id, h.kind, h.placer_id from ties_of(record) t
  join holds h on h.lifted_at is null and (h.record_id = record or h.loan_id = t.loan_id or h.collateral_id = t.collateral_id
                                           or h.party_id = t.party_id or h.dealer_id = t.dealer_id) $$;
-- The other way round: what a hold on this will cover.
create function records_under(record uuid, loan uuid, asset uuid, party uuid, dealer uuid) returns table (record_id uuid)
language sql stable as $$
  with tied as (
    select loan as id union all select l.id from loans l where l.dealer_id = dealer
    union all select l.id from customers c join loans l on l.customer_id = c.id where c.party_id = party)
  select record where record is not null
  union select r.id from archive_records r where r.collateral_id = asset
  union select r.id from tied t join archive_records r on r.primary_loan_id = t.id
  union select r.id from tied t join loan_collateral x on x.loan_id = t.id join archive_records r on r.collateral_id = x.collateral_id $$;
do $$ declare f text; begin
  foreach f in array array['ties_of(uuid)', 'holds_over(uuid)', 'records_under(uuid, uuid, uuid, uuid, uuid)'] loop
    execute format('alter function %s owner to loanfile_judge', f);
    execute format('revoke execute on function %s from public', f);
  end loop;
end $$;
grant execute on function records_under(uuid, uuid, uuid, uuid, uuid) to loanfile_registrar;  -- as whom lock_subject runs

create or replace function lock_subject(record uuid, loan uuid, asset uuid, party uuid, dealer uuid) returns table (record_id uuid, loan_id uuid)
language sql volatile security definer set search_path = public, pg_temp as $$
  select r.id, r.primary_loan_id from archive_records r
  where r.id in (select u.record_id from records_under(record, loan, asset, party, dealer) u)
  order by r.id for update of r $$;
create or replace function is_on_hold(record uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
  select exists (select from holds_over(record)) $$;
create or replace function holds_that_cover(record uuid) returns uuid[]
language sql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
  select coalesce(array_agg(distinct h.hold_id), '{}') from holds_over(record) h $$;
create or replace function has_interest(who uuid, records uuid[]) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from unnest(records) r (id) cross join lateral ties_of(r.id) t where t.manager_id = who
    or exists (select from staff_relations s where s.staff_id = who and s.party_id = t.party_id)) $$;

create or replace function tg_operation_seats_c1_on_duty() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
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
    if new.seat not in ('RECEIVER', 'OFFICER') and (new.staff_id = q.applicant_id or exists (
        select from approvals a where a.request_id = q.id and a.approver_id = new.staff_id)) then
      perform broken('tg_operation_seats_c3_releaser'); end if;
  end if;
  return new;
end $$;
create or replace function tg_operation_seats_c50_override() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
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
end $$;
create or replace function tg_approvals_c4_no_interest() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if has_interest(new.approver_id, array(select x.record_id from request_lines x where x.request_id = new.request_id)) then
    perform broken('tg_approvals_c4_no_interest'); end if;
  return new;
end $$;
create or replace function tg_movements_c16_no_hold() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.kind in ('CHECKOUT', 'RELEASE', 'SUBSTITUTION') and exists (
      select from holds_over(new.record_id) h join access_requests q on q.id = new.request_id
      where not (h.kind = 'LEGAL' and q.purpose like 'LITIGATION%' and q.applicant_id = h.placer_id
        and (new.out_at is null or exists (select from approvals a where a.request_id = q.id and a.rank = 'VICE_PRESIDENT')))) then
    perform broken('tg_movements_c16_no_hold'); end if;
  if new.kind <> 'ACT' and cardinality(frozen_kinds(new.record_id)) > 0 then perform broken('tg_movements_c17_not_frozen'); end if;
  return new;
end $$;
create or replace function ct_movements_surrendered() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare q access_requests; begin
  select * into q from access_requests where id = new.request_id;
  if q.purpose not like 'LITIGATION%' then perform broken('ct_movements_c13_out_for_the_court'); end if;
  if not exists (select from releases v join operations o on o.id = v.operation_id where v.request_id = q.id and v.capacity = 'COURT'
      and new.record_id = any (o.record_ids) and receipt_is_on_file(v.receipt_scan_id, q.id)) then
    perform broken('ct_movements_c40_court_receipt'); end if;
  if exists (select from holds_over(new.record_id) h where not (h.kind = 'LEGAL' and q.applicant_id = h.placer_id)) then
    perform broken('tg_movements_c16_no_hold'); end if;
  return null;
end $$;
create or replace function stocktake_team(place uuid, counters uuid[], at timestamptz default clock_timestamp()) returns table (staff_id uuid, is_fit boolean, is_keeper boolean, is_interested boolean)
language sql stable security definer set search_path = public, pg_temp as $$
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
  from staff s where s.id = any (counters) $$;
create or replace function scans_to_hold() returns table (copy_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select distinct c.id from holds h cross join lateral records_under(h.record_id, h.loan_id, h.collateral_id, h.party_id, h.dealer_id) u
  join scans s on s.record_id = u.record_id join scan_copies c on c.scan_id = s.id where h.lifted_at is null and not c.due_hold $$;
create or replace function facts_of(ids uuid[], people uuid[], shift interval) returns table (
    now timestamptz, record_id uuid, movement_id uuid, kind text, request_id uuid, purpose text, holder_id uuid, lapses_at timestamptz,
    out_at timestamptz, due_at timestamptz, returned_at timestamptz, claimed boolean, extensions integer, operation_id uuid,
    hold_kinds text[], hold_placers uuid[], key_ids uuid[], code_ids uuid[], interested uuid[], overdue uuid[], inactive uuid[],
    frozen text[], mates uuid[])
language sql volatile security definer set search_path = public, pg_temp begin atomic
  select n.now, r.id, m.id, m.kind, m.request_id, q.purpose, m.holder_id, m.lapses_at,
         m.out_at, m.due_at, m.returned_at, m.claimed_at is not null, m.extensions,
         case when o.expires_at > n.now and o.state = 'PENDING' then m.operation_id end,
         h.kinds, h.placers, d.keys, d.codes, i.who, late.who, gone.who, f.kinds, e.mates
  from (select clock_timestamp() + shift as now) n cross join archive_records r
  left join movements m on m.record_id = r.id and m.closed_at is null
  left join access_requests q on q.id = m.request_id
  left join operations o on o.id = m.operation_id
  cross join lateral (select array_agg(h.kind order by h.hold_id) kinds, array_agg(h.placer_id order by h.hold_id) placers
      from (select distinct o.* from holds_over(r.id) o) h) h
  cross join lateral (select array_agg(k.staff_id) filter (where k.seat = 'KEY') keys,
                             array_agg(k.staff_id) filter (where k.seat = 'CODE') codes
      from keeper_duties k where k.vault_id = r.vault_id and k.during @> n.now) d
  cross join lateral (select array_agg(distinct p) who from ties_of(r.id) t join unnest(people) p on p = t.manager_id
      or exists (select from staff_relations s where s.staff_id = p and s.party_id = t.party_id)) i
  cross join lateral (select array_agg(distinct x.holder_id) who from movements x
      where x.holder_id = any (people) and x.closed_at is null and x.returned_at is null and x.due_at < n.now) late
  cross join lateral (select array_agg(s.id) who from staff s where s.id = any (people) and not s.active) gone
  cross join lateral (select frozen_kinds(r.id, n.now) kinds) f
  cross join lateral (select array_agg(x.id) mates from archive_records x
      where x.envelope_id = r.envelope_id and x.id <> r.id and x.state = r.state) e
  where r.id = any (ids);
end;
