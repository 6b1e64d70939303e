-- C17, C43: what the judge calls frozen, of all branches, in one look: what has an open case, what lies in one envelope with that, and what
-- lies where somebody counts. `frozen_kinds` says the same of one record.
create function frozen_records() returns uuid[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
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
end $$;
alter function frozen_records() owner to loanfile_judge;
revoke execute on function frozen_records() from public;
grant execute on function frozen_records() to loanfile_app, loanfile_reader;
