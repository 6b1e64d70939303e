-- C21, C22: how long something may be out, and how often that is prolonged, as the policy says it at that instant.
create function term_ends(purpose text, unit uuid, since timestamptz, at timestamptz) returns timestamptz
language sql stable security definer set search_path = public, pg_temp as $$
  select working_days_after(since, parameter_of('term_days.' || lower(purpose), unit, case purpose when 'AUDIT_READING' then 0 when 'OTHER' then 5
    when 'CERTIFICATE_REISSUE' then 15 when 'LITIGATION' then 30 when 'LITIGATION_RESTRUCTURE_WRITEOFF' then 30 else 10 end, at)) $$;
create function tg_movements_c21_term() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.due_at > term_ends((select q.purpose from access_requests q where q.id = new.request_id),
                            (select r.custody_org_id from archive_records r where r.id = new.record_id), new.out_at, new.out_at)
     and not exists (select from overrides v where v.operation_id = new.exit_operation_id and v.record_id = new.record_id and v.rule = 'C21') then
    perform broken('tg_movements_c21_term'); end if;
  return new;
end $$;
create trigger tg_movements_c21_term before update of out_at on movements
  for each row when (old.out_at is null and new.out_at is not null and new.kind = 'CHECKOUT') execute function tg_movements_c21_term();
create trigger tg_movements_c21_term_at_once before insert on movements
  for each row when (new.out_at is not null and new.kind = 'CHECKOUT') execute function tg_movements_c21_term();

-- What is out for a court is so by the request on which it left: an extension does not say so by itself.
create or replace function tg_movements_c22_extension() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare q access_requests; keeper uuid; lent_for text; for_court boolean; beyond boolean; begin
  select * into q from access_requests x where x.extends_id = new.id and x.state = 'FULFILLED' and x.extends_until = new.due_at
    and x.decided_at < old.due_at and x.applicant_id = new.holder_id order by x.decided_at desc limit 1;
  if new.claimed_at is not null or has_open_claim(new.id) or new.extensions <> old.extensions + 1 or q.id is null then
    perform broken('tg_movements_c22_extension'); end if;
  select r.custody_org_id into keeper from archive_records r where r.id = new.record_id;
  select x.purpose into lent_for from access_requests x where x.id = new.request_id;
  for_court := lent_for like 'LITIGATION%';
  beyond := old.extensions >= parameter_of('extensions_max', keeper, 1, q.decided_at);
  if beyond and not for_court then
    perform broken('tg_movements_c22_extension'); end if;
  if q.court_paper_scan_id is not null and not court_paper_is_on_file(q.court_paper_scan_id, new.record_id, q.id)
     or q.court_paper_scan_id is null and for_court and beyond then
    perform broken('tg_movements_c22_court_paper'); end if;
  if new.due_at <= q.decided_at
     or new.due_at > term_ends(lent_for, keeper, old.due_at, q.decided_at) and not (for_court and q.court_paper_scan_id is not null)
        and not exists (select from overrides v join operations o on o.id = v.operation_id
                        where v.rule = 'C21' and v.record_id = new.record_id and o.request_id = q.id) then
    perform broken('tg_movements_c21_term'); end if;
  return new;
end $$;
alter function term_ends(text, uuid, timestamptz, timestamptz) owner to loanfile_judge;
alter function tg_movements_c21_term() owner to loanfile_judge;
revoke execute on function term_ends(text, uuid, timestamptz, timestamptz) from public;
