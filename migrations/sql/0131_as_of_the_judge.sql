-- What the judge gathers is as of its instant, which may lie ahead (explainCustody), and a parameter as it holds then.
-- Whoever names no instant, as the twins do, means the clock's.

drop function parameter_of(text,uuid,integer);
create function parameter_of(name text, org uuid, fallback integer, at timestamptz default clock_timestamp()) returns integer
language sql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
  select coalesce((select s.value::integer from policy_parameters s where s.key = name and (s.org_id is null or s.org_id = org)
                   and s.effective_from <= at order by s.org_id is null, s.effective_from desc limit 1), fallback) $$;
drop function settlement_final_at(uuid);
create function settlement_final_at(loan uuid, at timestamptz default clock_timestamp()) returns timestamptz
language sql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
  select case when not p.settled then null
    when p.payoff_kind = 'CASH' then p.settled_at
    when p.cleared_at is not null then greatest(p.cleared_at, p.settled_at)
    else working_days_after(p.settled_at, parameter_of('payoff_days', (select org_id from loans where id = loan), 10, at)) end
  from payoff_of(loan) p $$;
drop function is_covered(uuid,uuid[]);
create function is_covered(record uuid, leaving uuid[], at timestamptz default clock_timestamp()) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from archive_records r join collateral c on c.id = r.collateral_id where r.id = record and c.kind = 'INVENTORY')
    and (select bool_and(p.owed is not null) and sum(p.owed) * parameter_of('cover_percent', (select org_id from archive_records where id = record), 120, at) / 100
         <= coalesce((select sum(c.value_amount) from collateral c where c.id in (
              select x.collateral_id from loan_collateral x where x.loan_id in (select loan_id from loans_on(record)))
            and c.id not in (select r.collateral_id from archive_records r where r.id = any (leaving) and r.collateral_id is not null)
            and exists (select from archive_records r where r.collateral_id = c.id and r.tier = 'FIRST'
                and (r.state in ('IN_VAULT', 'CHECKED_OUT', 'RETURN_PENDING') or r.state = 'RESERVED' and exists (
                  select from movements m where m.record_id = r.id and m.closed_at is null and m.kind = 'CHECKOUT')))), 0)
         from loans_on(record) l left join lateral payoff_of(l.loan_id) p on true) $$;
drop function release_facts(uuid[]);
create function release_facts(ids uuid[], at timestamptz default clock_timestamp()) returns table (record_id uuid, settled boolean, others_settled boolean, oldest timestamptz, final_at timestamptz, covered boolean, noticed boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, coalesce(s.settled, false), coalesce(s.others, true), s.oldest, s.final_at, coalesce(is_covered(r.id, ids, at), false),
    coalesce(s.noticed, false)
  from archive_records r cross join lateral (
    select bool_and(coalesce(p.settled, false)) filter (where l.loan_id = coalesce(r.primary_loan_id, l.loan_id)) settled,
      bool_and(coalesce(p.settled, false)) filter (where l.loan_id <> r.primary_loan_id) others,
      case when bool_and(p.as_of is not null) then min(p.as_of) end oldest, max(settlement_final_at(l.loan_id, at)) final_at,
      bool_or(notice_is_filed(l.loan_id)) filter (where l.loan_id = coalesce(r.primary_loan_id, l.loan_id)) noticed
    from loans_on(r.id) l left join lateral payoff_of(l.loan_id) p on true) s
  where r.id = any (ids) $$;
drop function recipient_fits(uuid,uuid,text,bytea,uuid,date);
create function recipient_fits(request uuid, record uuid, capacity text, identity bytea, authority uuid, until date, at timestamptz default clock_timestamp()) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select case capacity
    when 'OWNER' then exists (select from archive_records r left join collateral c on c.id = r.collateral_id
      left join loans l on l.id = r.primary_loan_id join customers k on k.id = coalesce(c.owner_id, l.customer_id)
      where r.id = record and k.identity_index = identity)
    when 'ATTORNEY' then until >= (at at time zone 'Asia/Shanghai')::date and exists (select from scans s
      where s.id = authority and s.status = 'STORED' and s.subject_kind = 'REQUEST' and s.subject_id = request)
    else false end $$;
drop function recipient_is_verified(uuid,uuid);
create function recipient_is_verified(request uuid, record uuid, at timestamptz default clock_timestamp()) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from releases v where v.request_id = request and v.state = 'DRAFT' and coalesce(
    recipient_fits(request, record, v.capacity, v.identity_index, v.authority_scan_id, v.authority_until, at), false)) $$;
drop function replacement_stands(uuid,uuid,numeric);
create function replacement_stands(record uuid, replacement uuid, wanted numeric, at timestamptz default clock_timestamp()) returns table (in_vault boolean, approved boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select n.tier = 'FIRST' and n.state = 'IN_VAULT' and not exists (select from movements m where m.record_id = n.id and m.closed_at is null),
    n.id <> o.id and c.value_amount = wanted
      and exists (select from loan_collateral x where x.collateral_id = n.collateral_id and x.loan_id in (select loan_id from loans_on(o.id)))
      and c.value_amount >= least(b.value_amount, (select sum(p.owed) from loans_on(o.id) l left join lateral payoff_of(l.loan_id) p on true)
        * parameter_of('cover_percent', o.org_id, 120, at) / 100)
  from archive_records n join collateral c on c.id = n.collateral_id, archive_records o left join collateral b on b.id = o.collateral_id
  where n.id = replacement and o.id = record $$;
drop function replacement_facts(uuid,uuid);
create function replacement_facts(record uuid, replacement uuid, at timestamptz default clock_timestamp()) returns table (in_vault boolean, approved boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.* from archive_records n join collateral c on c.id = n.collateral_id,
    lateral replacement_stands(record, replacement, c.value_amount, at) s where n.id = replacement $$;
drop function substitution_facts(uuid,uuid);
create function substitution_facts(request uuid, record uuid, at timestamptz default clock_timestamp()) returns table (in_vault boolean, approved boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.* from substitutions x, lateral replacement_stands(record, x.replacement_id, x.value_amount, at) s where x.request_id = request $$;
drop function settled_for_good(uuid[]);
create function settled_for_good(ids uuid[], at timestamptz default clock_timestamp()) returns table (record_id uuid, is_settled boolean, final_at timestamptz, unit uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, r.primary_loan_id is null or coalesce(p.settled, false), settlement_final_at(r.primary_loan_id, at), l.org_id
  from archive_records r left join loans l on l.id = r.primary_loan_id left join lateral payoff_of(r.primary_loan_id) p on true
  where r.id = any (ids) $$;
create function frozen_kinds(record uuid, at timestamptz default clock_timestamp()) returns text[]
language sql stable security definer set search_path = public, pg_temp as $$
  select array(select case when d.item_id is null then d.kind else 'ITEM' end from discrepancies d
      where d.record_id = record and d.resolved_at is null
    union select 'SLOT' from archive_records r join archive_records x on x.envelope_id = r.envelope_id and x.id <> r.id
      join discrepancies d on d.record_id = x.id and d.resolved_at is null where r.id = record
    union select 'COUNT' from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
      join stocktake_places p on p.location_id = coalesce(e.location_id, r.location_id) and p.closed_at is null
        and p.frozen_until > at where r.id = record order by 1) $$;
drop function has_custody(uuid);
create function has_custody(who uuid, at timestamptz default clock_timestamp()) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from movements m where m.holder_id = who and m.closed_at is null and m.out_at is not null and m.returned_at is null)
      or exists (select from keeper_duties d where d.staff_id = who and upper(d.during) > at)
      or exists (select from archive_records r where r.custodian_id = who and r.state not in ('DESTROYED', 'ARCHIVED'))
      or exists (select from discrepancies x where x.owner_id = who and x.resolved_at is null) $$;
drop function facts_of_staff(uuid,uuid,tstzrange);
create function facts_of_staff(who uuid, vault uuid, during tstzrange, at timestamptz default clock_timestamp()) returns table (id uuid, org_id uuid, kind text, active boolean, has_custody boolean, has_duty_then boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.id, s.org_id, s.kind, s.active, has_custody(s.id, at),
         exists (select from keeper_duties d where d.staff_id = s.id and d.vault_id = vault and d.during && $3)
  from staff s where s.id = who $$;
drop function is_counted(uuid);
create function is_counted(location uuid, at timestamptz default clock_timestamp()) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from stocktake_places p where p.location_id = location and p.closed_at is null and p.frozen_until > at) $$;
drop function stocktake_team(uuid,uuid[]);
create function stocktake_team(place uuid, counters uuid[], at timestamptz default clock_timestamp()) returns table (staff_id uuid, is_fit boolean, is_keeper boolean, is_interested boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  with places as materialized (select p.location_id from places_to_count(place) p),
  papers as materialized (
    select r.id, r.primary_loan_id, r.custodian_id from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
    where coalesce(e.location_id, r.location_id) in (select location_id from places))
  select s.id, s.active and s.kind = 'PERSON' and (
      with recursive above as (select l.org_id as id from storage_locations l where l.id = place
        union all select o.parent_id from org_units o join above a on o.id = a.id where o.parent_id is not null)
      select s.org_id in (select id from above)),
    exists (select from keeper_duties d join storage_locations l on l.id = place and d.vault_id = coalesce(l.vault_id, l.id)
            where d.staff_id = s.id and d.during @> at) or exists (select from papers p where p.custodian_id = s.id),
    exists (select from papers p join loans l on l.id = p.primary_loan_id join customers c on c.id = l.customer_id
            where l.manager_id = s.id or exists (select from staff_relations x where x.staff_id = s.id and x.party_id = c.party_id))
  from staff s where s.id = any (counters) $$;
drop function uncounted(uuid);
create function uncounted(which uuid, at timestamptz default clock_timestamp()) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  select count(*)::integer from handovers h join archive_records r on r.custodian_id = h.giver_id
      or r.tier = 'FIRST' and r.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING') and r.vault_id in (
        select d.vault_id from keeper_duties d where d.staff_id = h.giver_id and d.during @> at)
  where h.id = which and h.kind = 'CUSTODIAN' and r.custody_org_id = h.org_id
    and r.state not in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST', 'DESTROYED', 'ARCHIVED')
    and not exists (select from handover_lines l where l.handover_id = h.id and l.record_id = r.id) $$;
-- C35: of which units the loans on these papers are, so that the days that were waited can be named with the decision.
create function units_of_loans_on(ids uuid[]) returns table (unit uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select distinct l.org_id from unnest(ids) r(id) cross join lateral loans_on(r.id) o join loans l on l.id = o.loan_id order by 1 $$;
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
  left join loans l on l.id = r.primary_loan_id
  left join customers c on c.id = l.customer_id
  left join movements m on m.record_id = r.id and m.closed_at is null
  left join access_requests q on q.id = m.request_id
  left join operations o on o.id = m.operation_id
  cross join lateral (select array_agg(h.kind order by h.id) kinds, array_agg(h.placer_id order by h.id) placers from holds h
      where h.lifted_at is null and (h.record_id = r.id or h.loan_id = r.primary_loan_id or h.collateral_id = r.collateral_id
                                     or h.party_id = c.party_id or h.dealer_id = l.dealer_id)) h
  cross join lateral (select array_agg(k.staff_id) filter (where k.seat = 'KEY') keys,
                             array_agg(k.staff_id) filter (where k.seat = 'CODE') codes
      from keeper_duties k where k.vault_id = r.vault_id and k.during @> n.now) d
  cross join lateral (select array_agg(p) who from unnest(people) p where p = l.manager_id
      or exists (select from staff_relations s where s.staff_id = p and s.party_id = c.party_id)) i
  cross join lateral (select array_agg(distinct x.holder_id) who from movements x
      where x.holder_id = any (people) and x.closed_at is null and x.returned_at is null and x.due_at < n.now) late
  cross join lateral (select array_agg(s.id) who from staff s where s.id = any (people) and not s.active) gone
  cross join lateral (select frozen_kinds(r.id, n.now) kinds) f
  cross join lateral (select array_agg(x.id) mates from archive_records x
      where x.envelope_id = r.envelope_id and x.id <> r.id and x.state = r.state) e
  where r.id = any (ids);
end;

drop function frozen_kinds(uuid);
create or replace function handover_facts(which uuid, ids uuid[], the_vault uuid, the_seal text, at timestamptz) returns table (record_id uuid, kind text, state text, from_org uuid, to_org uuid, to_has_vault boolean, giver uuid, taker uuid, line text, stood_as text, shipped boolean, back boolean, complete boolean, is_current boolean, elsewhere boolean, kept_by_giver boolean, fit_for_archive boolean, late boolean, seal_used boolean, not_counted integer, keys uuid[], codes uuid[])
language sql security definer set search_path = public, pg_temp as $$
  select r.id, h.kind, h.state, h.org_id, h.to_org_id, o.has_vault, h.giver_id, h.taker_id, l.state, l.stood_as,
         l.shipment_id is not null, l.back_operation_id is not null,
         coalesce(f.copies > 0 and f.pages > 0 and (r.tier = 'SECOND' or f.seal_no is not null), false),
         coalesce((f.archive_no, f.barcode, f.copies, f.pages, f.is_original, f.stood_as)
           = (l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.stood_as) and f.seal_no is not distinct from l.seal_no, false),
         exists (select from handover_lines x where x.record_id = r.id and x.handover_id <> h.id and x.state = 'SENT'),
         r.custody_org_id = h.org_id and (h.kind <> 'CUSTODIAN' or r.tier = 'FIRST' or r.custodian_id = h.giver_id),
         h.kind <> 'TO_ARCHIVE' or r.state = 'CLOSED_VOLUME' and coalesce(r.retention_class in ('TWENTY_YEARS', 'PERMANENT'), false),
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
  where h.id = which $$;
do $$ declare f text; begin
  foreach f in array array['parameter_of(text,uuid,integer,timestamptz)',
      'settlement_final_at(uuid,timestamptz)',
      'is_covered(uuid,uuid[],timestamptz)',
      'recipient_is_verified(uuid,uuid,timestamptz)',
      'replacement_stands(uuid,uuid,numeric,timestamptz)',
      'substitution_facts(uuid,uuid,timestamptz)',
      'settled_for_good(uuid[],timestamptz)',
      'frozen_kinds(uuid,timestamptz)',
      'has_custody(uuid,timestamptz)',
      'is_counted(uuid,timestamptz)',
      'stocktake_team(uuid,uuid[],timestamptz)',
      'uncounted(uuid,timestamptz)'] loop
    execute format('alter function %s owner to loanfile_judge', f);
    execute format('revoke execute on function %s from public', f);
    execute format('grant execute on function %s to loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search', f);
  end loop;
end $$;
do $$ declare f text; begin
  foreach f in array array['release_facts(uuid[],timestamptz)',
      'recipient_fits(uuid,uuid,text,bytea,uuid,date,timestamptz)',
      'replacement_facts(uuid,uuid,timestamptz)',
      'facts_of_staff(uuid,uuid,tstzrange,timestamptz)',
      'units_of_loans_on(uuid[])'] loop
    execute format('alter function %s owner to loanfile_judge', f);
    execute format('revoke execute on function %s from public', f);
    execute format('grant execute on function %s to loanfile_app, loanfile_registrar, loanfile_search', f);
  end loop;
end $$;
