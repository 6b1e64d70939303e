-- C22: an extension for a court keeps the scan of the court's paper, without which the court has no more of them than anybody.
alter table access_requests add column court_paper_scan_id uuid;
comment on column access_requests.court_paper_scan_id is 'Scan of the court''s paper of an EXTENSION for a court (C22).';
alter table access_requests add constraint fk_access_requests_court_paper_scan_id foreign key (court_paper_scan_id) references scans (id) not valid;
alter table access_requests validate constraint fk_access_requests_court_paper_scan_id;

create function court_paper_is_on_file(scan uuid, record uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from scans s where s.id = scan and s.status = 'STORED' and (s.record_id = record or s.subject_kind = 'REQUEST'
    and exists (select from movements m where m.record_id = record and m.closed_at is null and m.request_id = s.subject_id))) $$;
alter function court_paper_is_on_file(uuid, uuid) owner to loanfile_judge;
revoke execute on function court_paper_is_on_file(uuid, uuid) from public;
grant execute on function court_paper_is_on_file(uuid, uuid) to loanfile_app, loanfile_registrar, loanfile_search;

create or replace function tg_movements_c22_extension() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare q access_requests; keeper uuid; begin
  select * into q from access_requests x where x.extends_id = new.id and x.state = 'FULFILLED' and x.extends_until = new.due_at
    and x.decided_at < old.due_at and x.applicant_id = new.holder_id order by x.decided_at desc limit 1;
  if new.claimed_at is not null or new.extensions <> old.extensions + 1 or q.id is null then
    perform broken('tg_movements_c22_extension'); end if;
  select r.custody_org_id into keeper from archive_records r where r.id = new.record_id;
  if q.court_paper_scan_id is not null and not court_paper_is_on_file(q.court_paper_scan_id, new.record_id)
     or q.court_paper_scan_id is null and q.purpose like 'LITIGATION%' and old.extensions >= parameter_of('extensions_max', keeper, 1) then
    perform broken('tg_movements_c22_court_paper'); end if;
  return new;
end $$;

-- C5, C22: what was lent by more ranks than the matrix asks for today is prolonged by as many.
create or replace function tg_access_requests_c5_ranks() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.ranks := coalesce(
    policy_roles('approval_ranks.' || lower(new.tier) || '.' || lower(new.purpose), new.org_id, greatest(new.submitted_at, clock_timestamp())),
    array(select k.role from approval_ranks k where k.tier = new.tier and k.purpose = new.purpose order by 1));
  if new.kind = 'EXTENSION' then
    new.ranks := array(select unnest(new.ranks) union select unnest(q.ranks) from movements m join access_requests q on q.id = m.request_id
                       where m.id = new.extends_id order by 1);
  end if;
  return new;
end $$;
