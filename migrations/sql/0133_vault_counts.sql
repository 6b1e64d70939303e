-- C42: a vault is counted cabinet by cabinet, so it was counted last when that of them was that waits longest. What lies outside cabinets is a
-- place of its own; a count of what it stands in counts for it; what is empty need not be counted. `since`: from when the next count is due.
create function vault_counted(vault uuid) returns table (counted_at timestamptz, since timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  with recursive inside as (
    select l.id, l.kind, l.created_at, array[l.id] as within from storage_locations l where l.id = vault
    union all
    select l.id, l.kind, l.created_at, i.within || l.id from storage_locations l join inside i on l.parent_id = i.id and i.kind in ('VAULT', 'ROOM')),
  held as (
    select i.id, i.created_at, i.within from inside i where i.kind in ('CABINET', 'SLOT') and (
      exists (select from sealed_envelopes e where e.location_id = i.id)
      or exists (select from storage_locations s join sealed_envelopes e on e.location_id = s.id where s.parent_id = i.id)
      or exists (select from archive_records r where r.location_id = i.id)
      or exists (select from storage_locations s join archive_records r on r.location_id = s.id where s.parent_id = i.id))),
  counts as (
    select h.created_at, (select max(t.as_of) from stocktakes t where t.state = 'SIGNED' and t.place_id = any (h.within)) as last from held h),
  whole as (select max(t.as_of) as last from stocktakes t where t.state = 'SIGNED' and t.place_id = vault)
  select case when count(c.created_at) = 0 then (select last from whole) when bool_and(c.last is not null) then min(c.last) end,
    coalesce(min(coalesce(c.last, c.created_at)), (select last from whole), (select l.created_at from storage_locations l where l.id = vault))
  from counts c $$;
alter function vault_counted(uuid) owner to loanfile_judge;
revoke execute on function vault_counted(uuid) from public;
grant execute on function vault_counted(uuid) to loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search;
