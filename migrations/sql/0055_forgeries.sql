-- What SQL of the server's own login could still do around the desk; each is refused by the twin that bears its rule's number.

-- C0: what a login needs is granted to it. What locks, writes or gathers the facts of every branch is the desk's alone.
do $$ declare f record; begin
  for f in select p.oid::regprocedure as called, p.proname as name, p.provolatile = 'v' as writes from pg_proc p
           where p.pronamespace = 'public'::regnamespace and p.prosecdef and p.prorettype <> 'trigger'::regtype
             and has_function_privilege('loanfile_app', p.oid, 'execute') loop
    execute format('revoke execute on function %s from public', f.called);
    execute format('grant execute on function %s to loanfile_app, loanfile_judge, loanfile_registrar, loanfile_search', f.called);
    if not f.writes and f.name not in ('certificate_facts', 'contents_of', 'correction_taken', 'facts_of_staff', 'handover_line_of', 'lateness_of',
        'lines_under', 'loans_to_transfer', 'recipient_fits', 'release_facts', 'replacement_facts', 'slot_facts', 'stocktake_findings', 'title_facts') then
      execute format('grant execute on function %s to loanfile_reader', f.called);
    end if;
  end loop;
end $$;

-- C0: a seat is for a role.
create table act_seat_roles (
  action text not null, seat text not null, role text not null,
  constraint pk_act_seat_roles primary key (action, seat, role),
  constraint fk_act_seat_roles_action foreign key (action) references acts (action)
);
comment on table act_seat_roles is
  'Who may take a seat of an act; keepers are known by their duty, receivers by the request. Loaded from server/custody/transitions.';
comment on column act_seat_roles.action is 'The act.';
comment on column act_seat_roles.seat is 'A seat of it.';
comment on column act_seat_roles.role is 'Whoever holds it may sit there.';
grant select on act_seat_roles to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar;
insert into act_seat_roles (action, seat, role) values
  ('ACCEPT_CHANGED_RETURN', 'CLERK', 'REGISTER_CLERK'), ('ACCEPT_RETURN', 'ARCHIVIST', 'ARCHIVIST'),
  ('ACCEPT_RETURN', 'CLERK', 'REGISTER_CLERK'), ('ASSIGN_DUTY', 'PROPOSER', 'ADMIN'), ('ASSIGN_DUTY', 'SECOND', 'COMPLIANCE'),
  ('CHECK_OUT', 'ARCHIVIST', 'ARCHIVIST'), ('CHECK_OUT', 'CLERK', 'REGISTER_CLERK'), ('CLOSE_LOST', 'PROPOSER', 'OPS_HEAD'),
  ('CLOSE_LOST', 'SECOND', 'VICE_PRESIDENT'), ('CLOSE_ORG_UNIT', 'PROPOSER', 'ADMIN'), ('CLOSE_ORG_UNIT', 'SECOND', 'COMPLIANCE'),
  ('CORRECT', 'PROPOSER', 'ARCHIVIST'), ('CORRECT', 'PROPOSER', 'LOAN_OFFICER'), ('CORRECT', 'PROPOSER', 'OPS_HEAD'),
  ('CORRECT', 'PROPOSER', 'REGISTER_CLERK'), ('CORRECT', 'PROPOSER', 'VAULT_KEEPER_CODE'), ('CORRECT', 'PROPOSER', 'VAULT_KEEPER_KEY'),
  ('CORRECT', 'SECOND', 'BRANCH_HEAD'), ('CORRECT', 'SECOND', 'COMPLIANCE'), ('CORRECT', 'SECOND', 'CREDIT_DEPT_HEAD'),
  ('CORRECT', 'SECOND', 'OPS_HEAD'), ('CREATE_LOCATIONS', 'PROPOSER', 'ADMIN'), ('CREATE_LOCATIONS', 'SECOND', 'COMPLIANCE'),
  ('CREATE_ORG_UNIT', 'PROPOSER', 'ADMIN'), ('CREATE_ORG_UNIT', 'SECOND', 'COMPLIANCE'), ('DEACTIVATE_STAFF', 'PROPOSER', 'ADMIN'),
  ('DEACTIVATE_STAFF', 'SECOND', 'COMPLIANCE'), ('DECLARE_LOST', 'PROPOSER', 'OPS_HEAD'), ('DECLARE_LOST', 'SECOND', 'VICE_PRESIDENT'),
  ('DECLARE_RELATION', 'PROPOSER', 'ADMIN'), ('DECLARE_RELATION', 'SECOND', 'COMPLIANCE'), ('DELEGATE', 'PROPOSER', 'ADMIN'),
  ('DELEGATE', 'SECOND', 'COMPLIANCE'), ('EXECUTE_DISPOSAL', 'PROPOSER', 'ARCHIVIST'), ('EXECUTE_DISPOSAL', 'SECOND', 'AUDITOR'),
  ('EXECUTE_DISPOSAL', 'SECOND', 'COMPLIANCE'), ('EXECUTE_DISPOSAL', 'SECOND', 'OPS_HEAD'), ('EXECUTE_DISPOSAL', 'SECOND', 'RISK_HEAD'),
  ('GRANT_READING', 'PROPOSER', 'ADMIN'), ('GRANT_READING', 'SECOND', 'COMPLIANCE'), ('GRANT_ROLE', 'PROPOSER', 'ADMIN'),
  ('GRANT_ROLE', 'SECOND', 'COMPLIANCE'), ('HAND_OVER_DUTY', 'PROPOSER', 'ADMIN'), ('HAND_OVER_DUTY', 'SECOND', 'COMPLIANCE'),
  ('INTAKE', 'CLERK', 'REGISTER_CLERK'), ('LIFT_HOLD', 'PROPOSER', 'AUDITOR'), ('LIFT_HOLD', 'PROPOSER', 'COMPLIANCE'),
  ('LIFT_HOLD', 'PROPOSER', 'LEGAL'), ('LIFT_HOLD', 'PROPOSER', 'RISK_HEAD'), ('LIFT_HOLD', 'SECOND', 'AUDITOR'),
  ('LIFT_HOLD', 'SECOND', 'COMPLIANCE'), ('LIFT_HOLD', 'SECOND', 'LEGAL'), ('LIFT_HOLD', 'SECOND', 'RISK_HEAD'),
  ('MOVE_LOCATION', 'CLERK', 'REGISTER_CLERK'), ('PROPOSE_POLICY', 'PROPOSER', 'ADMIN'), ('PROPOSE_POLICY', 'SECOND', 'COMPLIANCE'),
  ('RECALL_RESPONSIBILITY', 'ARCHIVIST', 'ARCHIVIST'), ('RECALL_RESPONSIBILITY', 'CLERK', 'REGISTER_CLERK'),
  ('RECALL_RESPONSIBILITY', 'CLERK', 'VAULT_KEEPER_CODE'), ('RECALL_RESPONSIBILITY', 'CLERK', 'VAULT_KEEPER_KEY'),
  ('RECEIVE_CUSTODY', 'SUPERVISOR', 'BRANCH_HEAD'), ('RECEIVE_CUSTODY', 'SUPERVISOR', 'OPS_HEAD'),
  ('RECEIVE_HANDOVER', 'ARCHIVIST', 'ARCHIVIST'), ('RECEIVE_HANDOVER', 'CLERK', 'REGISTER_CLERK'),
  ('RECEIVE_PENDING', 'CLERK', 'REGISTER_CLERK'), ('RECEIVE_RESPONSIBILITY', 'ARCHIVIST', 'ARCHIVIST'),
  ('RECEIVE_RESPONSIBILITY', 'CLERK', 'REGISTER_CLERK'), ('RECEIVE_RESPONSIBILITY', 'CLERK', 'VAULT_KEEPER_CODE'),
  ('RECEIVE_RESPONSIBILITY', 'CLERK', 'VAULT_KEEPER_KEY'), ('RECORD_REISSUE', 'CLERK', 'REGISTER_CLERK'),
  ('REGISTER_STAFF', 'PROPOSER', 'ADMIN'), ('REGISTER_STAFF', 'SECOND', 'COMPLIANCE'), ('REJECT_HANDOVER', 'ARCHIVIST', 'ARCHIVIST'),
  ('REJECT_HANDOVER', 'CLERK', 'REGISTER_CLERK'), ('REJECT_HANDOVER', 'CLERK', 'VAULT_KEEPER_CODE'),
  ('REJECT_HANDOVER', 'CLERK', 'VAULT_KEEPER_KEY'), ('REJECT_RETURN', 'ARCHIVIST', 'ARCHIVIST'), ('RELEASE', 'CLERK', 'REGISTER_CLERK'),
  ('RELEASE', 'OFFICER', 'LOAN_OFFICER'), ('RESOLVE_FOUND', 'ARCHIVIST', 'ARCHIVIST'), ('RESOLVE_FOUND', 'CLERK', 'REGISTER_CLERK'),
  ('REVOKE_ROLE', 'PROPOSER', 'ADMIN'), ('REVOKE_ROLE', 'SECOND', 'COMPLIANCE'), ('SEND_HANDOVER', 'ARCHIVIST', 'ARCHIVIST'),
  ('SEND_HANDOVER', 'CLERK', 'REGISTER_CLERK'), ('SEND_PENDING', 'CLERK', 'REGISTER_CLERK'), ('SEND_PENDING', 'OFFICER', 'LOAN_OFFICER'),
  ('SEND_RESPONSIBILITY', 'ARCHIVIST', 'ARCHIVIST'), ('SEND_RESPONSIBILITY', 'CLERK', 'REGISTER_CLERK'),
  ('SEND_RESPONSIBILITY', 'CLERK', 'VAULT_KEEPER_CODE'), ('SEND_RESPONSIBILITY', 'CLERK', 'VAULT_KEEPER_KEY'),
  ('SUBSTITUTE', 'CLERK', 'REGISTER_CLERK'), ('SURRENDER', 'PROPOSER', 'LEGAL'), ('SURRENDER', 'SECOND', 'OPS_HEAD'),
  ('TAKE_BACK', 'ARCHIVIST', 'ARCHIVIST'), ('TAKE_BACK', 'CLERK', 'REGISTER_CLERK'), ('TAKE_BACK_PENDING', 'CLERK', 'REGISTER_CLERK'),
  ('TAKE_BACK_PENDING', 'OFFICER', 'LOAN_OFFICER'), ('TRANSFER_LOANS', 'PROPOSER', 'ADMIN'), ('TRANSFER_LOANS', 'SECOND', 'COMPLIANCE');
create function tg_operation_seats_c0_role() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare act text := (select o.action from operations o where o.id = new.operation_id); begin
  if not exists (select from staff s where s.id = new.staff_id and s.active)
     or exists (select from act_seat_roles r where r.action = act and r.seat = new.seat)
        and not exists (select from act_seat_roles r where r.action = act and r.seat = new.seat
                        and is_substitute(new.staff_id, r.role, greatest(new.taken_at, clock_timestamp()))) then
    perform broken('tg_operation_seats_c0_role'); end if;
  return null;
end $$;
create trigger tg_operation_seats_c0_role after insert on operation_seats for each row execute function tg_operation_seats_c0_role();

-- C1: the seats are those of the tier of every record, in the vault where the papers lie, in a window that the policy gives.
create or replace function tg_operations_c1_seats_of_act() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare minutes integer; begin
  if exists (select from act_seats s where s.action = new.action and not s.seat = any (new.required_seats)
             and (s.tier = new.tier or exists (select from archive_records r where r.id = any (new.record_ids) and r.tier = s.tier))) then
    perform broken('tg_operations_c1_seats_of_act'); end if;
  if 'KEY' = any (new.required_seats) then
    if exists (select from archive_records r where r.id = any (new.record_ids) and r.tier = 'FIRST' and r.state in ('IN_VAULT', 'RESERVED')
               and r.vault_id is distinct from new.vault_id) then
      perform broken('tg_operations_c1_vault'); end if;
    minutes := coalesce((select s.value::integer from policy_parameters s where s.key = 'operation_minutes'
      and (s.org_id is null or s.org_id = new.org_id) and s.effective_from <= new.opened_at
      order by s.org_id is null, s.effective_from desc limit 1), 15);
    if new.expires_at > new.opened_at + make_interval(mins => minutes) and not exists (select from acts a where a.action = new.action and a.at_desk) then
      perform broken('tg_operations_c1_window'); end if;
  end if;
  -- Not before what is told already; other records of a loan may be told of meanwhile.
  if new.opened_at < told_until(new.record_ids) - interval '5 minutes' then perform broken('tg_operations_c1_window'); end if;
  new.done_in := null;
  return new;
end $$;

create or replace function tg_operations_done_in() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.done_at < (select max(s.taken_at) from operation_seats s where s.operation_id = new.id) then perform broken('tg_operations_c1_window'); end if;
  new.done_in := pg_current_xact_id();
  return new;
end $$;
alter function tg_operations_done_in() owner to loanfile_judge;

create or replace function tg_operation_seats_c1_on_duty() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare o operations; q access_requests; begin
  select * into o from operations where id = new.operation_id;
  if o.state <> 'PENDING' or new.taken_at not between o.opened_at and o.expires_at or not new.seat = any (o.required_seats) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat in ('KEY', 'CODE') and not exists (select from keeper_duties d where d.vault_id = o.vault_id
      and d.staff_id = new.staff_id and d.seat = new.seat and d.during @> new.taken_at
      and (upper_inf(d.during) or upper(d.during) > clock_timestamp()))  -- a former keeper is none, whatever the instant says
     and not (o.emergency_reason is not null
              and is_substitute(new.staff_id, case new.seat when 'KEY' then 'OPS_HEAD' else 'VICE_PRESIDENT' end, new.taken_at)) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat not in ('RECEIVER', 'PROPOSER', 'SECOND', 'SUPERVISOR', 'OVERRIDE') and exists (
      select from archive_records r join loans l on l.id = r.primary_loan_id join customers c on c.id = l.customer_id
      where r.id = any (o.record_ids) and (l.manager_id = new.staff_id
        or exists (select from staff_relations s where s.staff_id = new.staff_id and s.party_id = c.party_id))) then
    perform broken('tg_operation_seats_c4_no_interest'); end if;
  if o.request_id is not null and exists (select from acts a where a.action = o.action and a.is_exit) then
    select * into q from access_requests where id = o.request_id;
    if new.seat = 'RECEIVER' and new.staff_id is distinct from q.reader_id then perform broken('tg_operation_seats_c19_receiver'); end if;
    if new.seat not in ('RECEIVER', 'OFFICER') and (new.staff_id = q.applicant_id or exists (
        select from approvals a where a.request_id = q.id and a.approver_id = new.staff_id)) then
      perform broken('tg_operation_seats_c3_releaser'); end if;
  end if;
  return new;
end $$;

create or replace function ct_operations_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare act acts; begin
  select * into act from acts where action = new.action;
  if exists (select from unnest(new.required_seats) s where s not in (select seat from operation_seats where operation_id = new.id)) then
    perform broken('ct_operations_c1_all_seats'); end if;
  if 'KEY' = any (new.required_seats) and exists (select from archive_records r where r.id = any (new.record_ids) and r.tier = 'FIRST'
      and r.state in ('IN_VAULT', 'RESERVED') and r.vault_id is distinct from new.vault_id) then
    perform broken('tg_operations_c1_vault'); end if;
  if act.is_exit and not exists (select from tickets t where t.operation_id = new.id and not t.is_void) then
    perform broken('ct_operations_c10_exit_has_ticket'); end if;
  if (act.is_exit or act.is_entry) and
      array(select r.id from archive_records r where r.id = any (new.record_ids) and r.tier = 'FIRST' and (act.is_exit or r.state in ('IN_VAULT', 'RESERVED')) order by 1)
      <> array(select e.record_id from off_balance_entries e where e.operation_id = new.id order by 1) then
    perform broken('ct_operations_c11_off_balance'); end if;
  return null;
end $$;

create function tg_archive_records_c1_vault() returns trigger language plpgsql as $$ begin
  perform broken('tg_archive_records_c1_vault');
  return null;
end $$;
create trigger tg_archive_records_c1_vault before update of vault_id on archive_records for each row
  when (old.tier = 'FIRST' and old.vault_id is distinct from new.vault_id and old.state in ('IN_VAULT', 'RESERVED'))
  execute function tg_archive_records_c1_vault();

-- C3, C5, C13: what was approved is what was asked for, by whoever holds the rank.
create function tg_request_lines_c5_asked() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare q access_requests; begin
  select * into q from access_requests where id = new.request_id;
  if q.state <> 'SUBMITTED' or exists (select from approvals a where a.request_id = q.id) then perform broken('tg_request_lines_c5_before_approval'); end if;
  if exists (select from archive_records r where r.id = new.record_id and r.tier <> q.tier) then perform broken('tg_request_lines_c13_tier'); end if;
  return new;
end $$;
create trigger tg_request_lines_c5_asked before insert on request_lines for each row execute function tg_request_lines_c5_asked();

create function tg_approvals_c5_rank_held() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from staff s where s.id = new.approver_id and s.active)
     or not is_substitute(new.approver_id, new.rank, greatest(new.approved_at, clock_timestamp())) then
    perform broken('tg_approvals_c5_rank_held'); end if;
  return null;
end $$;
create function tg_disposal_approvals_c46_rank_held() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from staff s where s.id = new.staff_id and s.active)
     or not is_substitute(new.staff_id, new.role, greatest(new.approved_at, clock_timestamp())) then
    perform broken('tg_disposal_approvals_c46_rank_held'); end if;
  return null;
end $$;
create trigger tg_disposal_approvals_c46_rank_held after insert on disposal_approvals for each row
  execute function tg_disposal_approvals_c46_rank_held();
create trigger tg_approvals_c5_rank_held after insert on approvals for each row execute function tg_approvals_c5_rank_held();

-- C3, C32: who handed a volume in is told once; who keeps it changes by an act.
create function tg_archive_records_c3_submitter() returns trigger language plpgsql as $$ begin
  perform broken('tg_archive_records_c3_submitter');
  return null;
end $$;
create trigger tg_archive_records_c3_submitter before update of submitted_by on archive_records for each row
  when (old.submitted_by is distinct from new.submitted_by and old.state <> 'COLLECTING') execute function tg_archive_records_c3_submitter();

create function ct_archive_records_c32_custodian() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from operations o where o.done_in = pg_current_xact_id() and new.id = any (o.record_ids)) then
    perform broken('ct_archive_records_c32_custodian'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_c32_custodian after update of custodian_id on archive_records deferrable initially deferred
  for each row when (old.custodian_id is distinct from new.custodian_id and old.state <> 'SUBMITTED') execute function ct_archive_records_c32_custodian();

-- C11: what goes on the balance or off it is a record of the act that moves it, in the act's direction, once.
create function ct_off_balance_entries_c11_of_act() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.operation_id is not null and not exists (select from operations o join acts a using (action)
       where o.id = new.operation_id and o.done_in = pg_current_xact_id() and new.record_id = any (o.record_ids)
         and new.direction = case when a.is_exit then 'OUT' when a.is_entry then 'IN' end)
  or new.discrepancy_id is not null and (new.direction <> 'OUT'
       or not exists (select from discrepancies d where d.id = new.discrepancy_id and d.record_id = new.record_id and d.kind = 'MISSING' and d.item_id is null)
       or exists (select from off_balance_entries e where e.discrepancy_id = new.discrepancy_id and e.id <> new.id)) then
    perform broken('ct_off_balance_entries_c11_of_act'); end if;
  return null;
end $$;
create constraint trigger ct_off_balance_entries_c11_of_act after insert on off_balance_entries deferrable initially deferred
  for each row execute function ct_off_balance_entries_c11_of_act();

-- C16: a hold is lifted by the operation that lifts it, once.
create function ct_holds_c16_lifted_by_operation() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if old.lifted_at is not null or not exists (select from operations o join operation_seats s on s.operation_id = o.id and s.seat = 'SECOND'
      where o.done_in = pg_current_xact_id() and o.action = 'LIFT_HOLD' and o.ask->>'hold' = new.id::text and s.staff_id = new.lifted_by) then
    perform broken('ct_holds_c16_lifted_by_operation'); end if;
  return null;
end $$;
create constraint trigger ct_holds_c16_lifted_by_operation after update of lifted_at, lifted_by, lift_reason on holds deferrable initially deferred
  for each row when ((old.lifted_at, old.lifted_by, old.lift_reason) is distinct from (new.lifted_at, new.lifted_by, new.lift_reason))
  execute function ct_holds_c16_lifted_by_operation();

-- C19: who holds it is whom the request names. C20: nobody makes a reservation last.
create or replace function ct_movements_c15_request_kind() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare q access_requests; begin
  select * into q from access_requests where id = new.request_id;
  if q.kind <> (case new.kind when 'READING' then 'READ_ON_SITE' else new.kind end)
     or not exists (select from request_lines x where x.request_id = q.id and x.record_id = new.record_id) then
    perform broken('ct_movements_c15_request_kind'); end if;
  if new.holder_id <> q.reader_id then perform broken('ct_movements_c19_holder'); end if;
  return null;
end $$;
revoke update (lapses_at) on movements from loanfile_app;

-- C32: no unit closes on what is being put into it, and nobody leaves with what is being handed to them, however close together the two are:
-- whoever relies on them keeps their row from changing until the commit.
create function stays_open(unit uuid) returns boolean
language plpgsql volatile security definer set search_path = public, pg_temp as $$ begin
  perform from org_units o where o.id = unit and o.closed_at is null for share;
  return found;
end $$;
create or replace function tg_c32_unit_is_open() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not stays_open(coalesce((to_jsonb(new)->>'to_org_id')::uuid, (to_jsonb(new)->>'org_id')::uuid)) then perform broken('tg_c32_unit_is_open'); end if;
  return new;
end $$;
create or replace function tg_handover_lines_c31_step() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare h handovers; begin
  if not ((old.state, new.state) in (('LISTED', 'SENT'), ('SENT', 'ACKNOWLEDGED'), ('SENT', 'RESPONSIBILITY_ONLY'), ('SENT', 'REJECTED'),
                                     ('SENT', 'RECALLED')))
     or new.state = 'RESPONSIBILITY_ONLY' and new.shipment_id is not null or new.state = 'ACKNOWLEDGED' and new.shipment_id is null then
    perform broken('tg_handover_lines_c31_step'); end if;
  if new.state <> 'SENT' then return new; end if;
  select * into h from handovers where id = new.handover_id;
  if not exists (select from handover_line_of(new.record_id) l where (l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.stood_as)
                 = (new.archive_no, new.barcode, new.copies, new.pages, new.is_original, new.stood_as)
                 and l.seal_no is not distinct from new.seal_no) then
    perform broken('tg_handover_lines_c30_list_is_true'); end if;
  if h.kind <> 'CUSTODIAN' and new.shipment_id is null and new.stood_as not in ('CHECKED_OUT', 'READING') then
    perform broken('tg_handover_lines_c31_moves'); end if;
  if not stays_open(h.to_org_id) then perform broken('tg_c32_unit_is_open'); end if;
  if h.kind = 'TO_ARCHIVE' and not exists (select from archive_records r where r.id = new.record_id and r.state = 'CLOSED_VOLUME'
                                           and r.retention_class in ('TWENTY_YEARS', 'PERMANENT')) then
    perform broken('tg_handover_lines_c45_for_archive'); end if;
  if new.tier = 'FIRST' and not exists (select from org_units o where o.id = h.to_org_id and o.has_vault) then
    perform broken('tg_handover_lines_c33_vault'); end if;
  return new;
end $$;

create function tg_movements_c32_holder() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  perform from staff s where s.id = new.holder_id and s.active for share;
  if not found then perform broken('tg_movements_c32_holder'); end if;
  return new;
end $$;
create trigger tg_movements_c32_holder before update of out_at on movements for each row
  when (old.out_at is null and new.out_at is not null and new.holder_id is not null) execute function tg_movements_c32_holder();
alter function stays_open(uuid) owner to loanfile_registrar;
alter function tg_movements_c32_holder() owner to loanfile_registrar;
revoke execute on function stays_open(uuid) from public;
grant execute on function stays_open(uuid) to loanfile_judge;

-- C43: a finding of a stocktake is of what was found there.
create or replace function tg_stocktake_discrepancies() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from stocktake_lines l where l.id = new.stocktake_line_id and l.result = new.kind and l.org_id = new.org_id
                 and (new.record_id is null or l.record_id = new.record_id
                      or l.envelope_id = (select r.envelope_id from archive_records r where r.id = new.record_id))) then
    perform broken('tg_discrepancies_c43_of_line'); end if;
  new.visible_to := distinct_ids(coalesce((select visible_to from archive_records where id = new.record_id), '{}') || new.org_id);
  return new;
end $$;

-- C49: versions are counted over all units; of a handover or a request each side sees its own scans.
create function last_scan_version(subject uuid) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(max(s.scan_version), 0) from scans s where s.subject_id = subject $$;
alter function last_scan_version(uuid) owner to loanfile_judge;
revoke execute on function last_scan_version(uuid) from public;
grant execute on function last_scan_version(uuid) to loanfile_app;

-- C45: it is kept from the first of January after the loan has ended; a closed volume is not kept from an earlier one.
create function tg_archive_records_c45_cutoff() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare ended date; begin
  select coalesce(t.ended_on, (select (c.last_at at time zone 'Asia/Shanghai')::date from chains c where c.id = new.primary_loan_id)) into ended
    from term_of(array[new.id]) t;
  if new.cutoff_at < make_timestamptz(extract(year from ended)::integer + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai') then
    perform broken('tg_archive_records_c45_cutoff'); end if;
  return new;
end $$;
create trigger tg_archive_records_volume_cutoff before update of cutoff_at on archive_records for each row
  when (new.cutoff_at is distinct from old.cutoff_at and new.cutoff_at is not null) execute function tg_archive_records_c45_cutoff();

do $$ declare name text; begin
  foreach name in array array['tg_operation_seats_c0_role', 'tg_request_lines_c5_asked', 'tg_approvals_c5_rank_held',
      'tg_disposal_approvals_c46_rank_held', 'ct_archive_records_c32_custodian',
      'ct_off_balance_entries_c11_of_act', 'ct_holds_c16_lifted_by_operation', 'tg_archive_records_c45_cutoff'] loop
    execute format('alter function %I() owner to loanfile_judge', name);
  end loop;
end $$;
