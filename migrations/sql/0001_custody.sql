-- The twins of the custody rules that a CHECK cannot say, and the facts that see every branch. Each twin bears its rule's
-- number; a trigger raises as if a constraint of its name had failed, so the desk turns either back into the rule.

-- Facts ---------------------------------------------------------------------------------------------------------------
-- One row a record, in one round trip. The caller learns them only through a rule's answer.
create function facts_of(ids uuid[], people uuid[], shift interval) returns table (
    now timestamptz, record_id uuid, movement_id uuid, kind text, request_id uuid, purpose text, holder_id uuid, lapses_at timestamptz,
    out_at timestamptz, due_at timestamptz, returned_at timestamptz, claimed boolean, extensions integer, operation_id uuid,
    hold_kinds text[], hold_placers uuid[], key_ids uuid[], code_ids uuid[], interested uuid[], overdue uuid[], inactive uuid[],
    frozen text[], mates uuid[])
language sql volatile security definer set search_path = public, pg_temp begin atomic
  select n.now, r.id, m.id, m.kind, m.request_id, q.purpose, m.holder_id, m.lapses_at,
         m.out_at, m.due_at, m.returned_at, m.claimed_at is not null, m.extensions,
         case when o.expires_at > n.now and o.state = 'PENDING' then m.operation_id end,
         h.kinds, h.placers, d.keys, d.codes, i.who, late.who, gone.who, f.kinds, e.mates
  from (select clock_timestamp() + shift as now) n cross join archive_records r
  left join loans l on l.id = r.primary_loan_id
  left join customers c on c.id = l.customer_id
  left join movements m on m.record_id = r.id and m.closed_at is null
  left join access_requests q on q.id = m.request_id
  left join operations o on o.id = m.operation_id
  cross join lateral (select array_agg(h.kind order by h.id) kinds, array_agg(h.placer_id order by h.id) placers from holds h
      where h.lifted_at is null and (h.record_id = r.id or h.loan_id = r.primary_loan_id or h.collateral_id = r.collateral_id
                                     or h.party_id = c.party_id or h.dealer_id = l.dealer_id)) h
  cross join lateral (select array_agg(k.staff_id) filter (where k.seat = 'KEY') keys,
                             array_agg(k.staff_id) filter (where k.seat = 'CODE') codes
      from keeper_duties k where k.vault_id = r.vault_id and k.during @> n.now) d
  cross join lateral (select array_agg(p) who from unnest(people) p where p = l.manager_id
      or exists (select from staff_relations s where s.staff_id = p and s.party_id = c.party_id)) i
  cross join lateral (select array_agg(distinct x.holder_id) who from movements x
      where x.holder_id = any (people) and x.closed_at is null and x.returned_at is null and x.due_at < n.now) late
  cross join lateral (select array_agg(s.id) who from staff s where s.id = any (people) and not s.active) gone
  cross join lateral (select array_agg(x.kind) kinds from discrepancies x where x.record_id = r.id and x.resolved_at is null) f
  cross join lateral (select array_agg(x.id) mates from archive_records x
      where x.envelope_id = r.envelope_id and x.id <> r.id and x.state = r.state) e
  where r.id = any (ids);
end;

-- A hold covers records of other branches: they are locked too, or a checkout would slip past it. Answers their loans.
create function lock_subject(record uuid, loan uuid, asset uuid, party uuid, dealer uuid) returns table (record_id uuid, loan_id uuid)
language sql volatile security definer set search_path = public, pg_temp as $$
  select r.id, r.primary_loan_id from archive_records r
  left join loans l on l.id = r.primary_loan_id left join customers c on c.id = l.customer_id
  where r.id = record or r.primary_loan_id = loan or r.collateral_id = asset or c.party_id = party or l.dealer_id = dealer
  order by r.id for update of r $$;

-- C15: states and steps ----------------------------------------------------------------------------------------------
create function tg_archive_records_c15_transition() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from transitions t where t.tier = new.tier and t.start = old.state and t.finish = new.state) then
    perform broken('tg_archive_records_c15_transition'); end if;
  return new;
end $$;
create trigger tg_archive_records_c15_transition before update of state on archive_records
  for each row when (old.state <> new.state) execute function tg_archive_records_c15_transition();

create function tg_archive_records_c15_birth() returns trigger language plpgsql as $$ begin
  if new.state not in ('AWAITED', 'PENDING_INTAKE', 'COLLECTING') then perform broken('tg_archive_records_c15_transition'); end if;
  return new;
end $$;
create trigger tg_archive_records_c15_birth before insert on archive_records for each row execute function tg_archive_records_c15_birth();

create function state_of(record uuid) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select case when exists (select from discrepancies d where d.record_id = record and d.kind = 'MISSING' and d.resolved_at is null)
    then 'MISSING'
    else coalesce((select case when m.returned_at is not null then 'RETURN_PENDING'
                               when m.out_at is null then 'RESERVED'
                               when m.kind = 'READING' then 'READING' else 'CHECKED_OUT' end
                   from movements m where m.record_id = record and m.kind <> 'ACT' and m.closed_at is null), 'AT REST') end $$;

create function ct_archive_records_c15_state_is_rows() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  which uuid := case when tg_table_name = 'archive_records' then (to_jsonb(new)->>'id')::uuid else (to_jsonb(new)->>'record_id')::uuid end;
  actual text; wanted text := state_of(which);
begin
  select state into actual from archive_records where id = which;
  if not (wanted = actual or (wanted = 'AT REST' and actual not in ('RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'READING', 'MISSING'))) then
    perform broken('ct_archive_records_c15_state_is_rows'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_c15_state_is_rows after insert or update of state on archive_records
  deferrable initially deferred for each row execute function ct_archive_records_c15_state_is_rows();
create constraint trigger ct_archive_records_c15_state_is_rows after insert or update of out_at, returned_at, closed_at on movements
  deferrable initially deferred for each row execute function ct_archive_records_c15_state_is_rows();
create constraint trigger ct_archive_records_c15_state_is_rows after insert or update of resolved_at on discrepancies
  deferrable initially deferred for each row execute function ct_archive_records_c15_state_is_rows();

create function tg_access_requests_c15_step() returns trigger language plpgsql as $$ begin
  if not ((old.state, new.state) in (('SUBMITTED', 'APPROVED'), ('SUBMITTED', 'REJECTED'), ('SUBMITTED', 'CANCELLED'),
                                     ('APPROVED', 'FULFILLED'), ('APPROVED', 'LAPSED'), ('APPROVED', 'CANCELLED'))
          or new.kind = 'EXTENSION' and (old.state, new.state) = ('SUBMITTED', 'FULFILLED')) then
    perform broken('tg_access_requests_c15_step'); end if;
  return new;
end $$;
create trigger tg_access_requests_c15_step before update of state on access_requests
  for each row when (old.state <> new.state) execute function tg_access_requests_c15_step();

create function tg_operations_c15_step() returns trigger language plpgsql as $$ begin
  if old.state <> 'PENDING' then perform broken('tg_operations_c15_step'); end if;
  return new;
end $$;
create trigger tg_operations_c15_step before update of state on operations
  for each row when (old.state <> new.state) execute function tg_operations_c15_step();

create function ct_movements_c15_request_kind() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from access_requests q join request_lines x on x.request_id = q.id and x.record_id = new.record_id
                 where q.id = new.request_id and q.kind = case new.kind when 'READING' then 'READ_ON_SITE' else 'CHECKOUT' end) then
    perform broken('ct_movements_c15_request_kind'); end if;
  return null;
end $$;
create constraint trigger ct_movements_c15_request_kind after insert on movements deferrable initially deferred
  for each row when (new.kind <> 'ACT') execute function ct_movements_c15_request_kind();

-- C1 C3 C4 C6 C19: who sits ------------------------------------------------------------------------------------------
create function tg_operation_seats_c1_on_duty() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare o operations; q access_requests; begin
  select * into o from operations where id = new.operation_id;
  if o.state <> 'PENDING' or new.taken_at > o.expires_at or not new.seat = any (o.required_seats) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat in ('KEY', 'CODE') and not exists (select from keeper_duties d where d.vault_id = o.vault_id
      and d.staff_id = new.staff_id and d.seat = new.seat and d.during @> new.taken_at) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat not in ('RECEIVER', 'PROPOSER', 'SECOND') and exists (
      select from archive_records r join loans l on l.id = r.primary_loan_id join customers c on c.id = l.customer_id
      where r.id = any (o.record_ids) and (l.manager_id = new.staff_id
        or exists (select from staff_relations s where s.staff_id = new.staff_id and s.party_id = c.party_id))) then
    perform broken('tg_operation_seats_c4_no_interest'); end if;
  if o.action = 'CHECK_OUT' then
    select * into q from access_requests where id = o.request_id;
    if new.seat = 'RECEIVER' and new.staff_id is distinct from q.reader_id then perform broken('tg_operation_seats_c19_receiver'); end if;
    if new.seat <> 'RECEIVER' and (new.staff_id = q.applicant_id or exists (
        select from approvals a where a.request_id = q.id and a.approver_id = new.staff_id)) then
      perform broken('tg_operation_seats_c3_releaser'); end if;
  end if;
  return new;
end $$;
create trigger tg_operation_seats_c1_on_duty before insert on operation_seats for each row execute function tg_operation_seats_c1_on_duty();

create function ct_operations_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from unnest(new.required_seats) s where s not in (select seat from operation_seats where operation_id = new.id)) then
    perform broken('ct_operations_c1_all_seats'); end if;
  if new.action = 'CHECK_OUT' and not exists (select from tickets t where t.operation_id = new.id) then
    perform broken('ct_operations_c10_exit_has_ticket'); end if;
  if new.tier = 'FIRST' and new.action in ('CHECK_OUT', 'INTAKE', 'ACCEPT_RETURN') and cardinality(new.record_ids) <>
      (select count(*) from off_balance_entries e where e.operation_id = new.id) then
    perform broken('ct_operations_c11_off_balance'); end if;
  return null;
end $$;
create constraint trigger ct_operations_done after insert or update of state on operations deferrable initially deferred
  for each row when (new.state = 'DONE') execute function ct_operations_done();

create function ct_movements_c1_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.exit_operation_id is not null and not exists (select from operations o where o.id = new.exit_operation_id and o.state = 'DONE'
      and o.action = 'CHECK_OUT' and o.request_id = new.request_id and new.record_id = any (o.record_ids))
  or new.entry_operation_id is not null and not exists (select from operations o where o.id = new.entry_operation_id and o.state = 'DONE'
      and o.action in ('ACCEPT_RETURN', 'REJECT_RETURN') and new.record_id = any (o.record_ids)) then
    perform broken('ct_movements_c1_done'); end if;
  return null;
end $$;
create constraint trigger ct_movements_c1_done after insert or update of exit_operation_id, entry_operation_id on movements
  deferrable initially deferred for each row when (new.exit_operation_id is not null or new.entry_operation_id is not null)
  execute function ct_movements_c1_done();

create function tg_approvals_c4_no_interest() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from request_lines x join archive_records r on r.id = x.record_id join loans l on l.id = r.primary_loan_id
             join customers c on c.id = l.customer_id where x.request_id = new.request_id and (l.manager_id = new.approver_id
               or exists (select from staff_relations s where s.staff_id = new.approver_id and s.party_id = c.party_id))) then
    perform broken('tg_approvals_c4_no_interest'); end if;
  return new;
end $$;
create trigger tg_approvals_c4_no_interest before insert on approvals for each row execute function tg_approvals_c4_no_interest();

create function ct_access_requests_c5_all_ranks() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from approval_ranks k where k.tier = new.tier and k.purpose = new.purpose
             and not exists (select from approvals a where a.request_id = new.id and a.rank = k.role)) then
    perform broken('ct_access_requests_c5_all_ranks'); end if;
  return null;
end $$;
create constraint trigger ct_access_requests_c5_all_ranks after insert or update of state on access_requests deferrable initially deferred
  for each row when (new.state in ('APPROVED', 'FULFILLED')) execute function ct_access_requests_c5_all_ranks();

-- C8: the papers of an envelope are all inside or all outside.
create function ct_archive_records_c8_together() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if (select count(distinct x.state in ('IN_VAULT', 'RESERVED')) from archive_records x
      where x.envelope_id = new.envelope_id and x.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING')) > 1 then
    perform broken('ct_archive_records_c8_together'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_c8_together after insert or update of state, envelope_id on archive_records
  deferrable initially deferred for each row when (new.envelope_id is not null) execute function ct_archive_records_c8_together();

-- C10: the number is not the caller's to choose. Waiters on an updated row all wake at each commit; the advisory lock is a fair queue.
create function tg_tickets_c10_next_number() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  perform pg_advisory_xact_lock(10, hashtext(new.org_id::text));
  insert into ticket_counters as c (org_id, last_no) values (new.org_id, 1)
    on conflict (org_id) do update set last_no = c.last_no + 1 returning last_no into new.ticket_no;
  return new;
end $$;
create trigger tg_tickets_c10_next_number before insert on tickets for each row execute function tg_tickets_c10_next_number();
create function tg_tickets_c10_kept() returns trigger language plpgsql as $$ begin
  if old.is_void or (new.org_id, new.ticket_no, new.operation_id, new.issued_at) is distinct from
                    (old.org_id, old.ticket_no, old.operation_id, old.issued_at) then perform broken('tg_tickets_c10_kept'); end if;
  return new;
end $$;
create trigger tg_tickets_c10_kept before update on tickets for each row execute function tg_tickets_c10_kept();
grant insert, update on ticket_counters to loanfile_registrar;

-- C14: the pointer to a pending operation may be displaced only after that operation's time.
create function tg_movements_c14_one_pending() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from operations o, operations n where o.id = old.operation_id and n.id = new.operation_id
             and n.opened_at <= o.expires_at and o.state in ('PENDING', 'EXPIRED')) then
    perform broken('tg_movements_c14_one_pending'); end if;
  return new;
end $$;
create trigger tg_movements_c14_one_pending before update of operation_id on movements
  for each row when (old.operation_id is not null and new.operation_id <> old.operation_id) execute function tg_movements_c14_one_pending();

-- C16, C17: nothing held or frozen is reserved or handed out.
create function tg_movements_c16_no_hold() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.kind = 'CHECKOUT' and exists (
      select from archive_records r left join loans l on l.id = r.primary_loan_id left join customers c on c.id = l.customer_id
      join access_requests q on q.id = new.request_id
      join holds h on h.lifted_at is null and (h.record_id = r.id or h.loan_id = r.primary_loan_id or h.collateral_id = r.collateral_id
                                               or h.party_id = c.party_id or h.dealer_id = l.dealer_id)
      where r.id = new.record_id and not (h.kind = 'LEGAL' and q.purpose like 'LITIGATION%' and q.applicant_id = h.placer_id
        and (new.out_at is null or exists (select from approvals a where a.request_id = q.id and a.rank = 'VICE_PRESIDENT')))) then
    perform broken('tg_movements_c16_no_hold'); end if;
  if new.kind <> 'ACT' and exists (select from discrepancies d where d.record_id = new.record_id and d.resolved_at is null) then
    perform broken('tg_movements_c17_not_frozen'); end if;
  return new;
end $$;
create trigger tg_movements_c16_no_hold before insert on movements for each row execute function tg_movements_c16_no_hold();
create trigger tg_movements_c16_no_hold_out before update of out_at on movements
  for each row when (old.out_at is null and new.out_at is not null) execute function tg_movements_c16_no_hold();

-- C22, C25: a due instant moves only by an approved extension that came in time, while no claim is open.
create function tg_movements_c22_extension() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.claimed_at is not null or new.extensions <> old.extensions + 1 or not exists (
      select from access_requests q where q.extends_id = new.id and q.state = 'FULFILLED' and q.extends_until = new.due_at
        and q.decided_at < old.due_at and q.applicant_id = new.holder_id) then
    perform broken('tg_movements_c22_extension'); end if;
  return new;
end $$;
create trigger tg_movements_c22_extension before update of due_at on movements
  for each row when (old.due_at is distinct from new.due_at and old.due_at is not null) execute function tg_movements_c22_extension();

-- A movement's past is not rewritten; out_at, returned_at and closed_at are set once.
create function tg_movements_c48_once() returns trigger language plpgsql as $$ begin
  if old.closed_at is not null or old.out_at is not null and new.out_at is distinct from old.out_at
     or old.exit_operation_id is not null and new.exit_operation_id is distinct from old.exit_operation_id then
    perform broken('tg_movements_c48_once'); end if;
  return new;
end $$;
create trigger tg_movements_c48_once before update of out_at, due_at, returned_at, closed_at, exit_operation_id, operation_id on movements
  for each row execute function tg_movements_c48_once();

create function ct_movements_c26_inspection_passed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from return_inspections i where i.id = new.inspection_id and i.movement_id = new.id and i.passed) then
    perform broken('ct_movements_c26_inspection_passed'); end if;
  return null;
end $$;
create constraint trigger ct_movements_c26_inspection_passed after update of closed_at on movements deferrable initially deferred
  for each row when (new.closed_at is not null and new.out_at is not null and new.kind = 'CHECKOUT')
  execute function ct_movements_c26_inspection_passed();
