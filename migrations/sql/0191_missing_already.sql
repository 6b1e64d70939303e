-- The comparison, both ways: the list against the shelf, then the shelf against the list. What moved by a ticket since the frame was
-- taken is as it should be; what was known to be missing before, and left by no ticket, is missing still.
create or replace function stocktake_findings_of_all(stocktake uuid) returns table (
  line_id uuid, result text, location_id uuid, envelope_id uuid, record_id uuid, barcode text, found_location_id uuid, found_seal_no text)
language sql stable security definer set search_path = public, pg_temp as $$
  with found as materialized (
    select c.location_id as place, c.barcode as code, c.seal_no as seal, e.id as envelope, r.id as record,
           coalesce(e.location_id, r.location_id) as listed_at, e.seal_no as seal_now,
           coalesce((select bool_or(x.state in ('IN_VAULT', 'RESERVED')) from archive_records x where x.envelope_id = e.id),
                    r.state in ('FILED', 'RESERVED', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED')) as is_in
    from stocktakes t join stocktake_places p on p.stocktake_id = t.id
    join stocktake_counts c on c.stocktake_id = t.id and c.location_id = p.location_id and c.round = p.round and c.counter_id = t.first_counter_id
    left join barcodes b on b.code = c.barcode
    left join sealed_envelopes e on e.id = b.subject_id
    left join archive_records r on r.id = b.subject_id
    where t.id = stocktake and c.barcode is not null),
  listed as materialized (
    select l.*, f.place, f.code, f.seal, f.seal_now, f.is_in as found_in, f.listed_at,
      coalesce((select bool_or(x.state in ('IN_VAULT', 'RESERVED')) and e.location_id is not distinct from l.location_id
                from sealed_envelopes e join archive_records x on x.envelope_id = e.id where e.id = l.envelope_id group by e.id),
               (select x.state in ('FILED', 'RESERVED', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED')
                       and x.location_id is not distinct from l.location_id from archive_records x where x.id = l.record_id)) as still_there,
      exists (select from archive_records x where (x.envelope_id = l.envelope_id or x.id = l.record_id)
              and x.state in ('CHECKED_OUT', 'READING', 'RETURN_PENDING', 'IN_TRANSIT')) as is_out,
      coalesce((select bool_and(x.state = 'MISSING' and coalesce(e.location_id, x.location_id) = l.location_id
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
    and not (coalesce(f.is_in, false) and f.place is not distinct from f.listed_at) $$;
