-- C42 as in 0168. What lies in a cabinet was looked for in every envelope of the bank, once for each cabinet, and what was found asked for
-- twice. Of a cabinet that was counted the first thing that was there will do; the oldest things of all the others are asked for together.
create or replace function vault_counted(vault uuid) returns table (counted_at timestamptz, since timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
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
  from waits w $$;
