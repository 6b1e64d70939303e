-- C17: when the count of a record's place lets it go, if it does not end before; the place is found as frozen_kinds finds it.
create function counted_until(record uuid, at timestamptz) returns timestamptz
language sql stable security definer set search_path = public, pg_temp as $$
  select max(p.frozen_until) from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
    join stocktake_places p on p.location_id = coalesce(e.location_id, r.location_id) and p.closed_at is null and p.frozen_until > at
  where r.id = record $$;
-- C14: when a pending operation expires, of whatever branch it is.
create function pending_until(operation uuid) returns timestamptz
language sql stable security definer set search_path = public, pg_temp as $$
  select o.expires_at from operations o where o.id = operation and o.state = 'PENDING' $$;
do $$ declare f text; begin
  foreach f in array array['counted_until(uuid, timestamptz)', 'pending_until(uuid)'] loop
    execute format('alter function %s owner to loanfile_judge', f);
    execute format('revoke execute on function %s from public', f);
    execute format('grant execute on function %s to loanfile_app, loanfile_registrar, loanfile_search', f);
  end loop;
end $$;
