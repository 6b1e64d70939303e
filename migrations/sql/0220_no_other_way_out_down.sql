drop trigger ct_movements_c5_approved on movements;
drop trigger ct_movements_c5_approved_out on movements;
drop function ct_movements_c5_approved();
drop trigger tg_movements_c15_birth on movements;
drop function tg_movements_c15_birth();
drop trigger ct_movements_ended_so on movements;
drop function ct_movements_ended_so();
drop trigger ct_movements_c31_listed on movements;
drop function ct_movements_c31_listed();
create or replace function tg_movements_c25_not_claimed() returns trigger language plpgsql as $$ begin
  if old.claimed_at is not null then perform broken('tg_movements_c25_not_claimed'); end if;
  return new;
end $$;
alter function tg_movements_c25_not_claimed() owner to loanfile_owner;
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
drop function has_open_claim(uuid);
create or replace trigger tg_movements_c48_once before update of out_at, due_at, returned_at, closed_at, exit_operation_id, operation_id on movements
  for each row execute function tg_movements_c48_once();
