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
create or replace function frozen_kinds(record uuid, at timestamptz default clock_timestamp()) returns text[]
language sql stable security definer set search_path = public, pg_temp as $$
  select array(select case when d.item_id is null then d.kind else 'ITEM' end from discrepancies d
      where d.record_id = record and d.resolved_at is null
    union select 'SLOT' from archive_records r join archive_records x on x.envelope_id = r.envelope_id and x.id <> r.id
      join discrepancies d on d.record_id = x.id and d.resolved_at is null where r.id = record
    union select 'COUNT' from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
      join stocktake_places p on p.location_id = coalesce(e.location_id, r.location_id) and p.closed_at is null
        and p.frozen_until > at where r.id = record order by 1) $$;
drop function frozen_all(uuid[], timestamptz);
