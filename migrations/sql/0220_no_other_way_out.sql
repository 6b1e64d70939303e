-- What leaves, leaves by an approved request; and what ends, ends as what it is. Each of these rows was right for itself, and no act writes it.

-- C5: a reservation is of a request that everybody has approved, and that is neither spent nor given up; so is what is handed out by it.
create function ct_movements_c5_approved() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from access_requests q where q.id = new.request_id
                 and (q.state = 'APPROVED' or q.state = 'FULFILLED' and tg_op = 'UPDATE')) then
    perform broken('ct_movements_c5_approved'); end if;
  return null;
end $$;
create constraint trigger ct_movements_c5_approved after insert on movements deferrable initially deferred
  for each row when (new.kind not in ('ACT', 'TRANSIT')) execute function ct_movements_c5_approved();
create constraint trigger ct_movements_c5_approved_out after update of out_at on movements deferrable initially deferred
  for each row when (new.kind not in ('ACT', 'TRANSIT') and new.out_at is not null) execute function ct_movements_c5_approved();

-- C15: nothing is born out, back or closed, where other rules look at the step; only a journey begins with its first one.
create function tg_movements_c15_birth() returns trigger language plpgsql as $$ begin
  if num_nonnulls(new.returned_at, new.returned_by, new.presented_to, new.claimed_at, new.closed_at, new.ended_as, new.inspection_id,
                  new.entry_operation_id, new.override_id, new.recalled_at) > 0 or new.extensions > 0
     or new.kind <> 'TRANSIT' and num_nonnulls(new.out_at, new.due_at, new.exit_operation_id) > 0 then
    perform broken('tg_movements_c15_birth'); end if;
  return new;
end $$;
create trigger tg_movements_c15_birth before insert on movements for each row execute function tg_movements_c15_birth();

-- C26, C38, C44: what is lent ends by an inspection, or by what became of the paper; a journey has ends of its own.
create function ct_movements_ended_so() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.ended_as in ('ARRIVED', 'REJECTED', 'RECALLED') and new.kind <> 'TRANSIT'
     or new.ended_as = 'REPLACED' and not exists (select from archive_records r where r.id = new.record_id and r.state = 'REPLACED') then
    perform broken('ct_movements_c26_ended_so'); end if;
  if new.ended_as = 'LOST' and not exists (select from loss_cases c where c.record_id = new.record_id
                                           and c.lost_operation_id = new.entry_operation_id and c.lost_at is not null) then
    perform broken('ct_movements_c44_ended_so'); end if;
  if new.kind in ('RELEASE', 'SUBSTITUTION') and new.out_at is not null and new.ended_as is null then
    perform broken('ct_movements_c38_out_is_gone'); end if;
  return null;
end $$;
create constraint trigger ct_movements_ended_so after update of out_at, ended_as on movements deferrable initially deferred
  for each row when (new.ended_as is not null or new.kind in ('RELEASE', 'SUBSTITUTION') and new.out_at is not null)
  execute function ct_movements_ended_so();

-- C31: what is on its way is on the list of those who sent it.
create function ct_movements_c31_listed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from handover_lines l where l.record_id = new.record_id and l.sent_operation_id = new.exit_operation_id) then
    perform broken('ct_movements_c31_listed'); end if;
  return null;
end $$;
create constraint trigger ct_movements_c31_listed after insert on movements deferrable initially deferred
  for each row when (new.kind = 'TRANSIT') execute function ct_movements_c31_listed();

-- C25: a claim blocks while it is open, whatever the movement says of it in between.
create function has_open_claim(movement uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from return_claims c where c.movement_id = movement and c.resolved_at is null) $$;
create or replace function tg_movements_c25_not_claimed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if old.claimed_at is not null or has_open_claim(new.id) then perform broken('tg_movements_c25_not_claimed'); end if;
  return new;
end $$;
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

-- C48: what is closed tells for ever who brought it, what was seen of it and as what it ended.
create or replace trigger tg_movements_c48_once before update of out_at, due_at, returned_at, closed_at, exit_operation_id, operation_id, ended_as,
  entry_operation_id, inspection_id, override_id, returned_by, presented_to, extensions on movements
  for each row execute function tg_movements_c48_once();

do $$ declare f text; begin
  foreach f in array array['ct_movements_c5_approved()', 'ct_movements_ended_so()', 'ct_movements_c31_listed()', 'has_open_claim(uuid)',
                           'tg_movements_c25_not_claimed()'] loop
    execute format('alter function %s owner to loanfile_judge', f);
    execute format('revoke execute on function %s from public', f);
  end loop;
end $$;
