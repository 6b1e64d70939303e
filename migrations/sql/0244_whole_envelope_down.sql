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
create or replace function tg_movements_c23_nobody_waits() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if (new.recalled_at is not null or exists (select from request_lines x join access_requests q on q.id = x.request_id
      where x.record_id = new.record_id and q.state = 'WAITING'))
     and not exists (select from overrides v join operations o on o.id = v.operation_id join access_requests q on q.id = o.request_id
      where v.rule = 'C23' and v.record_id = new.record_id and q.extends_id = new.id and q.extends_until = new.due_at) then
    perform broken('tg_movements_c23_nobody_waits'); end if;
  return new;
end $$;
drop function extends(access_requests, movements);
