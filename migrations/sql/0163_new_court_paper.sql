-- C22: the court's paper came after the lending, and serves one extension: one scan would move the day for ever.
drop function court_paper_is_on_file(uuid, uuid);
create function court_paper_is_on_file(scan uuid, record uuid, request uuid default null) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from scans s join movements m on m.record_id = record and m.closed_at is null and m.out_at < s.stored_at
      where s.id = scan and s.status = 'STORED' and (s.record_id = record or s.subject_kind = 'REQUEST' and s.subject_id = m.request_id))
    and not exists (select from access_requests q where q.court_paper_scan_id = scan and q.id is distinct from request
      and q.state not in ('REJECTED', 'CANCELLED', 'LAPSED')) $$;
alter function court_paper_is_on_file(uuid, uuid, uuid) owner to loanfile_judge;
revoke execute on function court_paper_is_on_file(uuid, uuid, uuid) from public;
grant execute on function court_paper_is_on_file(uuid, uuid, uuid) to loanfile_app, loanfile_registrar, loanfile_search;
create or replace function tg_movements_c22_extension() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare q access_requests; keeper uuid; begin
  select * into q from access_requests x where x.extends_id = new.id and x.state = 'FULFILLED' and x.extends_until = new.due_at
    and x.decided_at < old.due_at and x.applicant_id = new.holder_id order by x.decided_at desc limit 1;
  if new.claimed_at is not null or new.extensions <> old.extensions + 1 or q.id is null then
    perform broken('tg_movements_c22_extension'); end if;
  select r.custody_org_id into keeper from archive_records r where r.id = new.record_id;
  if q.court_paper_scan_id is not null and not court_paper_is_on_file(q.court_paper_scan_id, new.record_id, q.id)
     or q.court_paper_scan_id is null and q.purpose like 'LITIGATION%' and old.extensions >= parameter_of('extensions_max', keeper, 1) then
    perform broken('tg_movements_c22_court_paper'); end if;
  return new;
end $$;
