create or replace function tg_movements_c22_extension() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare q access_requests; keeper uuid; begin
  select * into q from access_requests x where x.extends_id = new.id and x.state = 'FULFILLED' and x.extends_until = new.due_at
    and x.decided_at < old.due_at and x.applicant_id = new.holder_id order by x.decided_at desc limit 1;
  if new.claimed_at is not null or has_open_claim(new.id) or new.extensions <> old.extensions + 1 or q.id is null then
    perform broken('tg_movements_c22_extension'); end if;
  select r.custody_org_id into keeper from archive_records r where r.id = new.record_id;
  if q.court_paper_scan_id is not null and not court_paper_is_on_file(q.court_paper_scan_id, new.record_id, q.id)
     or q.court_paper_scan_id is null and q.purpose like 'LITIGATION%' and old.extensions >= parameter_of('extensions_max', keeper, 1) then
    perform broken('tg_movements_c22_court_paper'); end if;
  return new;
end $$;
drop trigger tg_movements_c21_term_at_once on movements;
drop trigger tg_movements_c21_term on movements;
drop function tg_movements_c21_term();
drop function term_ends(text, uuid, timestamptz, timestamptz);
