-- C42 as in 0167, in one query: a function that is called for each thing costs more than what it asks, and so does asking for the last
-- count beside each. The oldest thing is asked for where none is found that was there at the count: else the first will do.
create or replace function vault_counted(vault uuid) returns table (counted_at timestamptz, since timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  with recursive inside as (
    select l.id, l.kind, l.created_at, array[l.id] as within from storage_locations l where l.id = vault
    union all
    select l.id, l.kind, l.created_at, i.within || l.id from storage_locations l join inside i on l.parent_id = i.id and i.kind in ('VAULT', 'ROOM')),
  cabinets as (
    select i.created_at, i.within, array(select i.id union all select s.id from storage_locations s where s.parent_id = i.id) as places
    from inside i where i.kind in ('CABINET', 'SLOT')),
  counts as materialized (
    select c.created_at, c.places, (select max(t.as_of) from stocktakes t where t.state = 'SIGNED' and t.place_id = any (c.within)) as last
    from cabinets c where exists (select from sealed_envelopes e where e.location_id = any (c.places))
      or exists (select from archive_records r where r.location_id = any (c.places))),
  waits as (
    select c.last, case
      when exists (select from sealed_envelopes e where e.location_id = any (c.places) and coalesce(
          (select min((select max(x.queued_at) from off_balance_entries x where x.record_id = r.id and x.direction = 'IN'))
           from archive_records r where r.envelope_id = e.id and r.state in ('IN_VAULT', 'RESERVED')), e.sealed_at) <= b.since)
        or exists (select from archive_records r where r.location_id = any (c.places) and greatest(r.created_at, (select max(m.closed_at) from movements m where m.record_id = r.id and m.ended_as = 'ARRIVED')) <= b.since) then b.since
      else least((select min(coalesce(
          (select min((select max(x.queued_at) from off_balance_entries x where x.record_id = r.id and x.direction = 'IN'))
           from archive_records r where r.envelope_id = e.id and r.state in ('IN_VAULT', 'RESERVED')), e.sealed_at)) from sealed_envelopes e where e.location_id = any (c.places)),
                 (select min(greatest(r.created_at, (select max(m.closed_at) from movements m where m.record_id = r.id and m.ended_as = 'ARRIVED'))) from archive_records r where r.location_id = any (c.places))) end as since
    from counts c cross join lateral (select coalesce(c.last, c.created_at) as since) b),
  whole as (select max(t.as_of) as last from stocktakes t where t.state = 'SIGNED' and t.place_id = vault)
  select case when count(w.since) = 0 then (select last from whole) when bool_and(w.last is not null) then min(w.last) end,
    coalesce(min(w.since), (select last from whole), (select l.created_at from storage_locations l where l.id = vault))
  from waits w $$;
drop function envelope_came_at(uuid);
drop function volume_came_at(uuid);
