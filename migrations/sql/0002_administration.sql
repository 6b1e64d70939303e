-- Administration: a change of the bank's units, people, duties, places and parameters is an operation of two people. When its
-- second seat makes it DONE, a trigger carries it out from the stored ask; nobody else, the application included, can.

alter table operations drop constraint ck_operations_action;
alter table operations add constraint ck_operations_action check (action in ('REGISTER', 'INTAKE', 'SUBMIT_VOLUME', 'ACCEPT_VOLUME',
  'REQUEST_CHECKOUT', 'REQUEST_READING', 'REQUEST_EXTENSION', 'APPROVE', 'RESERVE', 'EXTEND', 'REJECT', 'CANCEL', 'LAPSE', 'CHECK_OUT',
  'CONFIRM', 'WITHDRAW', 'PRESENT_RETURN', 'ACCEPT_RETURN', 'REJECT_RETURN', 'RETURN_MISSING', 'START_READING', 'END_READING',
  'PLACE_HOLD', 'LIFT_HOLD', 'REPORT_MISSING', 'CREATE_ORG_UNIT', 'REGISTER_STAFF', 'GRANT_ROLE', 'REVOKE_ROLE', 'DELEGATE',
  'ASSIGN_DUTY', 'HAND_OVER_DUTY', 'DECLARE_RELATION', 'DEACTIVATE_STAFF', 'CREATE_LOCATIONS', 'PROPOSE_POLICY', 'GRANT_READING')) not valid;
alter table operations validate constraint ck_operations_action;
alter table transitions drop constraint ck_transitions_action;
alter table transitions add constraint ck_transitions_action check (action in ('REGISTER', 'INTAKE', 'SUBMIT_VOLUME', 'ACCEPT_VOLUME',
  'REQUEST_CHECKOUT', 'REQUEST_READING', 'REQUEST_EXTENSION', 'APPROVE', 'RESERVE', 'EXTEND', 'REJECT', 'CANCEL', 'LAPSE', 'CHECK_OUT',
  'CONFIRM', 'WITHDRAW', 'PRESENT_RETURN', 'ACCEPT_RETURN', 'REJECT_RETURN', 'RETURN_MISSING', 'START_READING', 'END_READING',
  'PLACE_HOLD', 'LIFT_HOLD', 'REPORT_MISSING', 'CREATE_ORG_UNIT', 'REGISTER_STAFF', 'GRANT_ROLE', 'REVOKE_ROLE', 'DELEGATE',
  'ASSIGN_DUTY', 'HAND_OVER_DUTY', 'DECLARE_RELATION', 'DEACTIVATE_STAFF', 'CREATE_LOCATIONS', 'PROPOSE_POLICY', 'GRANT_READING')) not valid;
alter table transitions validate constraint ck_transitions_action;

alter table approval_ranks drop constraint ck_approval_ranks_role;
alter table approval_ranks add constraint ck_approval_ranks_role check (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD',
  'OPS_HEAD', 'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE',
  'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'EXAMINER', 'SYSTEM')) not valid;
alter table approval_ranks validate constraint ck_approval_ranks_role;
alter table staff_roles drop constraint ck_staff_roles_role;
alter table staff_roles add constraint ck_staff_roles_role check (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD', 'OPS_HEAD',
  'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE',
  'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'EXAMINER', 'SYSTEM')) not valid;
alter table staff_roles validate constraint ck_staff_roles_role;
alter table delegations drop constraint ck_delegations_role;
alter table delegations add constraint ck_delegations_role check (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD', 'OPS_HEAD',
  'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE',
  'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'EXAMINER', 'SYSTEM')) not valid;
alter table delegations validate constraint ck_delegations_role;
alter table approvals drop constraint ck_approvals_rank;
alter table approvals add constraint ck_approvals_rank check (rank in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD', 'OPS_HEAD',
  'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE',
  'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'EXAMINER', 'SYSTEM')) not valid;
alter table approvals validate constraint ck_approvals_rank;
alter table report_sign_offs drop constraint ck_report_sign_offs_role;
alter table report_sign_offs add constraint ck_report_sign_offs_role check (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD',
  'OPS_HEAD', 'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE',
  'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'EXAMINER', 'SYSTEM')) not valid;
alter table report_sign_offs validate constraint ck_report_sign_offs_role;

-- What an outside auditor or regulator may read: one unit and those below it, for a time.
CREATE TABLE read_grants (
    id UUID DEFAULT uuidv7() NOT NULL,
    staff_id UUID NOT NULL,
    org_id UUID NOT NULL,
    during TSTZRANGE NOT NULL,
    reason TEXT NOT NULL,
    granted_by UUID NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_read_grants PRIMARY KEY (id),
    CONSTRAINT fk_read_grants_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id),
    CONSTRAINT fk_read_grants_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_read_grants_granted_by FOREIGN KEY(granted_by) REFERENCES staff (id)
);
CREATE INDEX ix_read_grants_staff_id ON read_grants (staff_id);
CREATE INDEX ix_read_grants_updated_at ON read_grants (updated_at);
COMMENT ON TABLE read_grants IS 'What an outside auditor or regulator (EXAMINER) may read: one unit and those below it, for a time.';
COMMENT ON COLUMN read_grants.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN read_grants.staff_id IS 'The examiner.';
COMMENT ON COLUMN read_grants.org_id IS 'The unit.';
COMMENT ON COLUMN read_grants.during IS 'When it holds.';
COMMENT ON COLUMN read_grants.reason IS 'By what order or contract.';
COMMENT ON COLUMN read_grants.granted_by IS 'Who confirmed it.';
COMMENT ON COLUMN read_grants.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN read_grants.created_at IS 'When the row was made.';
COMMENT ON COLUMN read_grants.updated_at IS 'Last change; kept by a trigger.';
create trigger tg_touch before update on read_grants for each row execute function tg_touch();
create trigger tg_row_version after insert or update or delete on read_grants for each row execute function tg_row_version();

create function is_administration(action text) returns boolean language sql immutable as $$
  select action in ('CREATE_ORG_UNIT', 'REGISTER_STAFF', 'GRANT_ROLE', 'REVOKE_ROLE', 'DELEGATE', 'ASSIGN_DUTY', 'HAND_OVER_DUTY',
                    'DECLARE_RELATION', 'DEACTIVATE_STAFF', 'CREATE_LOCATIONS', 'PROPOSE_POLICY', 'GRANT_READING') $$;
create function is_custody_role(role text) returns boolean language sql immutable as $$
  select role in ('VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE', 'REGISTER_CLERK', 'ARCHIVIST') $$;

-- C32: what a leaver must hand over first, in whatever branch.
create function has_custody(who uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from movements m where m.holder_id = who and m.closed_at is null and m.out_at is not null and m.returned_at is null)
      or exists (select from keeper_duties d where d.staff_id = who and upper(d.during) > clock_timestamp())
      or exists (select from archive_records r where r.custodian_id = who and r.state not in ('DESTROYED', 'ARCHIVED'))
      or exists (select from discrepancies x where x.owner_id = who and x.resolved_at is null) $$;

create function facts_of_staff(who uuid, vault uuid, during tstzrange) returns table (
    id uuid, org_id uuid, kind text, active boolean, has_custody boolean, has_duty_then boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.id, s.org_id, s.kind, s.active, has_custody(s.id),
         exists (select from keeper_duties d where d.staff_id = s.id and d.vault_id = vault and d.during && $3)
  from staff s where s.id = who $$;

-- Carries a change out. Column defaults are the tables'; what it names and is not there fails at a foreign key.
create function administer(act text, change jsonb, who uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare now timestamptz := clock_timestamp(); touched integer := 1; place jsonb; begin
  case act
  when 'CREATE_ORG_UNIT' then
    insert into org_units (id, code, name, level, parent_id, has_vault)
    values ((change->>'id')::uuid, change->>'code', change->>'name', change->>'level', (change->>'parent')::uuid, (change->>'has_vault')::boolean);
  when 'REGISTER_STAFF' then
    insert into staff (id, staff_no, username, name, org_id, kind)
    values ((change->>'id')::uuid, change->>'staff_no', change->>'username', change->>'name', (change->>'org')::uuid, change->>'kind');
    insert into staff_roles (staff_id, role, granted_at, granted_by)
    select (change->>'id')::uuid, role, now, who from jsonb_array_elements_text(change->'roles') role;
  when 'GRANT_ROLE' then
    insert into staff_roles (staff_id, role, granted_at, granted_by) values ((change->>'staff')::uuid, change->>'role', now, who);
  when 'REVOKE_ROLE' then
    delete from staff_roles where staff_id = (change->>'staff')::uuid and role = change->>'role';
    get diagnostics touched = row_count;
  when 'DELEGATE' then
    if not exists (select from staff_roles where staff_id = (change->>'staff')::uuid and role = change->>'role') then
      perform broken('administer_role_not_held'); end if;
    insert into delegations (id, from_staff_id, to_staff_id, role, org_id, during)
    select (change->>'id')::uuid, s.id, (change->>'to')::uuid, change->>'role', s.org_id,
           tstzrange((change->>'from_at')::timestamptz, (change->>'to_at')::timestamptz) from staff s where s.id = (change->>'staff')::uuid;
  when 'ASSIGN_DUTY' then
    insert into keeper_duties (id, vault_id, staff_id, seat, during)
    values ((change->>'id')::uuid, (change->>'vault')::uuid, (change->>'staff')::uuid, change->>'seat',
            tstzrange((change->>'from_at')::timestamptz, (change->>'to_at')::timestamptz));
  when 'HAND_OVER_DUTY' then
    update keeper_duties d set during = tstzrange(lower(d.during), now)
    where d.vault_id = (change->>'vault')::uuid and d.staff_id = (change->>'from')::uuid and d.seat = change->>'seat' and d.during @> now;
    get diagnostics touched = row_count;
    insert into keeper_duties (id, vault_id, staff_id, seat, during)
    values ((change->>'id')::uuid, (change->>'vault')::uuid, (change->>'staff')::uuid, change->>'seat',
            tstzrange(now, (change->>'to_at')::timestamptz));
  when 'DECLARE_RELATION' then
    insert into staff_relations (staff_id, party_id, kind)
    select (change->>'staff')::uuid, c.party_id, change->>'kind' from customers c where c.id = (change->>'customer')::uuid;
    get diagnostics touched = row_count;
  when 'GRANT_READING' then
    if not exists (select from staff_roles where staff_id = (change->>'staff')::uuid and role = 'EXAMINER') then
      perform broken('administer_role_not_held'); end if;
    insert into read_grants (staff_id, org_id, during, reason, granted_by)
    select (change->>'staff')::uuid, unit::uuid, tstzrange((change->>'from_at')::timestamptz, (change->>'to_at')::timestamptz),
           change->>'reason', who from jsonb_array_elements_text(change->'orgs') unit;
  when 'DEACTIVATE_STAFF' then
    update staff set active = false where id = (change->>'staff')::uuid and active;
    get diagnostics touched = row_count;
  when 'CREATE_LOCATIONS' then
    for place in select * from jsonb_array_elements(change->'locations') loop
      insert into storage_locations (id, org_id, kind, code, parent_id, vault_id)
      select (place->>'id')::uuid, (change->>'org')::uuid, place->>'kind', place->>'code', p.id,
             case when p.kind = 'VAULT' then p.id else p.vault_id end
      from (select 1) one left join storage_locations p on p.id = (place->>'parent')::uuid and p.org_id = (change->>'org')::uuid;
      if place ? 'parent' and not exists (select from storage_locations where id = (place->>'id')::uuid and parent_id is not null) then
        perform broken('administer_parent_elsewhere'); end if;
    end loop;
  when 'PROPOSE_POLICY' then  -- every process reads the parameters anew within ten minutes
    if (change->>'effective_from')::timestamptz < now + interval '10 minutes' then perform broken('administer_too_soon'); end if;
    insert into policy_parameters (key, value, org_id, effective_from, approved_by)
    values (change->>'key', change->>'value', (change->>'org')::uuid, (change->>'effective_from')::timestamptz, who);
  end case;
  if touched = 0 then perform broken('administer_nothing_to_change'); end if;
end $$;
revoke execute on function administer(text, jsonb, uuid) from public;

-- The same, and then undone: whoever proposes a change learns at once what would be wrong with it.
create function rehearse(act text, change jsonb, who uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  perform administer(act, change, who);
  raise exception 'rehearsed' using errcode = 'LF001';
end $$;

create function tg_operations_administer() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  perform administer(new.action, new.ask->'change', (select staff_id from operation_seats where operation_id = new.id and seat = 'SECOND'));
  return null;
end $$;
create trigger tg_operations_administer after update of state on operations
  for each row when (new.state = 'DONE' and old.state = 'PENDING' and is_administration(new.action)) execute function tg_operations_administer();

-- C0, C3: who may propose and confirm a change.
create function tg_operation_seats_c0_administrators() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare o operations; begin
  if exists (select from staff s where s.id = new.staff_id and s.kind = 'SERVICE') then perform broken('tg_operation_seats_c1_no_service'); end if;
  select * into o from operations where id = new.operation_id;
  if not is_administration(o.action) then return new; end if;
  if new.staff_id::text in (o.ask->'change'->>'staff', o.ask->'change'->>'to', o.ask->'change'->>'from') then perform broken('tg_operation_seats_c0_not_oneself'); end if;
  if not exists (select from staff_roles r join staff s on s.id = r.staff_id and s.active where r.staff_id = new.staff_id
                 and r.role = case new.seat when 'PROPOSER' then 'ADMIN' when 'SECOND' then 'COMPLIANCE' end)
     and not exists (select from delegations d where d.to_staff_id = new.staff_id and d.during @> clock_timestamp()
                 and d.role = case new.seat when 'PROPOSER' then 'ADMIN' when 'SECOND' then 'COMPLIANCE' end) then
    perform broken('tg_operation_seats_c0_administrators'); end if;
  return new;
end $$;
create trigger tg_operation_seats_c0_administrators before insert on operation_seats
  for each row execute function tg_operation_seats_c0_administrators();

create function tg_staff_c32_custody_cleared() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if has_custody(new.id) then perform broken('tg_staff_c32_custody_cleared'); end if;
  return new;
end $$;
create trigger tg_staff_c32_custody_cleared before update of active on staff
  for each row when (old.active and not new.active) execute function tg_staff_c32_custody_cleared();

create function tg_staff_c1_no_service_in_custody() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare row jsonb := to_jsonb(new); begin
  if (row ? 'seat' or is_custody_role(row->>'role'))
     and exists (select from staff s where s.id = coalesce(row->>'staff_id', row->>'to_staff_id')::uuid and s.kind = 'SERVICE') then
    perform broken('tg_staff_c1_no_service_in_custody'); end if;
  return new;
end $$;
create trigger tg_staff_c1_no_service_in_custody before insert or update on staff_roles for each row execute function tg_staff_c1_no_service_in_custody();
create trigger tg_staff_c1_no_service_in_custody before insert or update on delegations for each row execute function tg_staff_c1_no_service_in_custody();
create trigger tg_staff_c1_no_service_in_custody before insert or update on keeper_duties for each row execute function tg_staff_c1_no_service_in_custody();

-- A principal kept by a process is read anew when somebody delegates to them, or when a unit is made below theirs.
create function tg_delegations_principal_version() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  update staff set principal_version = principal_version + 1
  where id in (coalesce(new.to_staff_id, old.to_staff_id), coalesce(old.to_staff_id, new.to_staff_id));
  return null;
end $$;
create trigger tg_delegations_principal_version after insert or update or delete on delegations
  for each row execute function tg_delegations_principal_version();
create trigger tg_read_grants_principal_version after insert or update or delete on read_grants
  for each row execute function tg_roles_principal_version();
create function tg_org_units_principal_version() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  update staff set principal_version = principal_version + 1 where org_id in (
    with recursive above as (select new.parent_id as id union all select o.parent_id from org_units o join above a on o.id = a.id)
    select a.id from above a join org_units o on o.id = a.id where o.level <> 'HEAD_OFFICE');  -- who sees everything needs no list
  return null;
end $$;
create trigger tg_org_units_principal_version after insert or update of parent_id on org_units
  for each row execute function tg_org_units_principal_version();

grant select on read_grants to loanfile_app, loanfile_judge, loanfile_registrar;
grant insert on read_grants, org_units, staff, staff_roles, delegations, keeper_duties, staff_relations, storage_locations, policy_parameters to loanfile_registrar;
grant delete on staff_roles to loanfile_registrar;
grant update (active, principal_version) on staff to loanfile_registrar;
grant update (during) on keeper_duties to loanfile_registrar;

alter function administer(text, jsonb, uuid) owner to loanfile_registrar;
alter function rehearse(text, jsonb, uuid) owner to loanfile_registrar;
alter function tg_delegations_principal_version() owner to loanfile_registrar;
alter function tg_org_units_principal_version() owner to loanfile_registrar;
alter function tg_operations_administer() owner to loanfile_registrar;
alter function has_custody(uuid) owner to loanfile_judge;
alter function facts_of_staff(uuid, uuid, tstzrange) owner to loanfile_judge;
alter function tg_operation_seats_c0_administrators() owner to loanfile_judge;
alter function tg_staff_c32_custody_cleared() owner to loanfile_judge;
alter function tg_staff_c1_no_service_in_custody() owner to loanfile_judge;
