-- Why an act was let through, which rules may be overridden and by whom, and ranks that follow the matrix in force.
CREATE TABLE decisions (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    action TEXT NOT NULL,
    caller_id UUID NOT NULL,
    operation_id UUID,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    event_ids UUID[] NOT NULL,
    moves JSONB NOT NULL,
    parameters JSONB NOT NULL,
    CONSTRAINT pk_decisions PRIMARY KEY (id),
    CONSTRAINT fk_decisions_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_decisions_caller_id FOREIGN KEY(caller_id) REFERENCES staff (id),
    CONSTRAINT fk_decisions_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id)
);
CREATE INDEX ix_decisions_caller_id ON decisions (caller_id);
CREATE INDEX ix_decisions_event_ids ON decisions USING gin (event_ids);
CREATE INDEX ix_decisions_operation_id ON decisions (operation_id);
CREATE INDEX ix_decisions_org_id ON decisions (org_id);
COMMENT ON TABLE decisions IS 'What was judged when an act was let through, and the parameters that were read: one row an act, append-only (C48).';
COMMENT ON COLUMN decisions.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN decisions.org_id IS 'Unit of the caller.';
COMMENT ON COLUMN decisions.action IS 'Which act.';
COMMENT ON COLUMN decisions.caller_id IS 'Who called.';
COMMENT ON COLUMN decisions.operation_id IS 'The operation, when the act has seats.';
COMMENT ON COLUMN decisions.decided_at IS 'The instant that the rules were judged at.';
COMMENT ON COLUMN decisions.event_ids IS 'Events that the act wrote.';
COMMENT ON COLUMN decisions.moves IS 'What was judged: the ask and one move for each record; no free text, no personal data.';
COMMENT ON COLUMN decisions.parameters IS 'Parameters that were read, with their values and the rows that held them.';
CREATE TABLE override_permissions (
    rule TEXT NOT NULL,
    role TEXT NOT NULL,
    CONSTRAINT pk_override_permissions PRIMARY KEY (rule, role),
    CONSTRAINT ck_override_permissions_c50_rule CHECK (rule in ('C18', 'C20', 'C21', 'C23', 'C33'))
);
COMMENT ON TABLE override_permissions IS 'Who may override which rule, where no parameter says otherwise (C50); loaded from server/custody/policy.py.';
COMMENT ON COLUMN override_permissions.rule IS 'The rule.';
COMMENT ON COLUMN override_permissions.role IS 'A role that may.';
CREATE TABLE overrides (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    operation_id UUID NOT NULL,
    record_id UUID NOT NULL,
    rule TEXT NOT NULL,
    code TEXT NOT NULL,
    comment TEXT NOT NULL,
    asked_by UUID NOT NULL,
    confirmed_by UUID NOT NULL,
    overridden_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_overrides PRIMARY KEY (id),
    CONSTRAINT ck_overrides_c50_rule CHECK (rule in ('C18', 'C20', 'C21', 'C23', 'C33')),
    CONSTRAINT ck_overrides_c50_comment CHECK (length(trim(comment)) > 0),
    CONSTRAINT uq_overrides_operation_id_record_id_rule_code UNIQUE (operation_id, record_id, rule, code),
    CONSTRAINT fk_overrides_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_overrides_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id),
    CONSTRAINT fk_overrides_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_overrides_asked_by FOREIGN KEY(asked_by) REFERENCES staff (id),
    CONSTRAINT fk_overrides_confirmed_by FOREIGN KEY(confirmed_by) REFERENCES staff (id)
);
CREATE INDEX ix_overrides_asked_by ON overrides (asked_by);
CREATE INDEX ix_overrides_confirmed_by ON overrides (confirmed_by);
CREATE INDEX ix_overrides_org_id ON overrides (org_id);
CREATE INDEX ix_overrides_overridden_at ON overrides (overridden_at);
CREATE INDEX ix_overrides_record_id ON overrides (record_id);
COMMENT ON TABLE overrides IS 'Rules that were broken for a record because a second person let them be, append-only (C50).';
COMMENT ON COLUMN overrides.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN overrides.org_id IS 'Unit of whoever confirmed it.';
COMMENT ON COLUMN overrides.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN overrides.operation_id IS 'The operation.';
COMMENT ON COLUMN overrides.record_id IS 'For which record.';
COMMENT ON COLUMN overrides.rule IS 'Which rule.';
COMMENT ON COLUMN overrides.code IS 'How it was broken.';
COMMENT ON COLUMN overrides.comment IS 'Why, in words.';
COMMENT ON COLUMN overrides.asked_by IS 'Whose act it is.';
COMMENT ON COLUMN overrides.confirmed_by IS 'The second person, with the permission of the rule.';
COMMENT ON COLUMN overrides.overridden_at IS 'When.';

insert into override_permissions (rule, role) values
  ('C18', 'BRANCH_HEAD'),
  ('C18', 'OPS_HEAD'),
  ('C20', 'BRANCH_HEAD'),
  ('C20', 'OPS_HEAD'),
  ('C21', 'BRANCH_HEAD'),
  ('C21', 'VICE_PRESIDENT'),
  ('C23', 'BRANCH_HEAD'),
  ('C23', 'VICE_PRESIDENT'),
  ('C33', 'OPS_HEAD'),
  ('C33', 'VICE_PRESIDENT');

alter table policy_parameters add constraint ck_policy_parameters_value check (value is json) not valid;
alter table policy_parameters validate constraint ck_policy_parameters_value;

-- A parameter that is a list of roles, as it holds for a unit at an instant; null: nobody has set it.
create function policy_roles(wanted text, unit uuid, at timestamptz) returns text[]
language sql stable set search_path = public, pg_temp as $$
  select array(select jsonb_array_elements_text(p.value::jsonb) order by 1) from policy_parameters p
  where p.key = wanted and (p.org_id is null or p.org_id = unit) and p.effective_from <= at
  order by p.org_id is not null desc, p.effective_from desc limit 1 $$;

-- C5: a request keeps the ranks of the matrix that held when it was made; nobody makes one for the past.
alter table access_requests add column ranks text[] default '{}'::text[] not null;
comment on column access_requests.ranks is 'Whose approvals it needs, by the matrix as it held when it was made (C5); kept by a trigger.';
create function tg_access_requests_c5_ranks() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.ranks := coalesce(
    policy_roles('approval_ranks.' || lower(new.tier) || '.' || lower(new.purpose), new.org_id, greatest(new.submitted_at, clock_timestamp())),
    array(select k.role from approval_ranks k where k.tier = new.tier and k.purpose = new.purpose order by 1));
  return new;
end $$;
create trigger tg_access_requests_c5_ranks before insert on access_requests for each row execute function tg_access_requests_c5_ranks();

create or replace function ct_access_requests_c5_all_ranks() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from unnest(case when new.ranks = '{}' then array(  -- made before ranks were kept
               select k.role from approval_ranks k where k.tier = new.tier and k.purpose = new.purpose) else new.ranks end) needed
             where not exists (select from approvals a where a.request_id = new.id and a.rank = needed)) then
    perform broken('ct_access_requests_c5_all_ranks'); end if;
  return null;
end $$;

-- C50: the second person of an override.
create function tg_operation_seats_c50_override() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare o operations; wanted text; held text[]; begin
  select * into o from operations where id = new.operation_id;
  select coalesce(array_agg(r.role), '{}') into held from (
    select role from staff_roles where staff_id = new.staff_id
    union select d.role from delegations d where d.to_staff_id = new.staff_id and d.during @> new.taken_at) r;
  for wanted in select x->>'rule' from jsonb_array_elements(coalesce(o.ask->'overrides', '[]')) x loop
    if not held && coalesce(policy_roles('override_roles.' || lower(wanted), o.org_id, new.taken_at),
                            array(select p.role from override_permissions p where p.rule = wanted)) then
      perform broken('tg_operation_seats_c50_permitted'); end if;
  end loop;
  if new.staff_id = o.opened_by or new.staff_id = (o.ask->>'reader')::uuid
     or exists (select from access_requests q where q.id = (o.ask->>'request')::uuid and new.staff_id in (q.applicant_id, q.reader_id))
     or exists (select from archive_records r join loans l on l.id = r.primary_loan_id join customers c on c.id = l.customer_id
                where r.id = any (o.record_ids) and (l.manager_id = new.staff_id
                  or exists (select from staff_relations s where s.staff_id = new.staff_id and s.party_id = c.party_id))) then
    perform broken('tg_operation_seats_c50_another'); end if;
  return new;
end $$;
create trigger tg_operation_seats_c50_override before insert on operation_seats
  for each row when (new.seat = 'OVERRIDE') execute function tg_operation_seats_c50_override();

create function tg_overrides_visible_to() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.visible_to := distinct_ids(array[new.org_id] || (select visible_to from operations where id = new.operation_id));
  return new;
end $$;
create trigger tg_overrides_visible_to before insert on overrides for each row execute function tg_overrides_visible_to();

-- Nobody writes an override without the operation that asked for it and the second person who sat down in it, done now.
create function ct_overrides_c50_second_person() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from operations o join operation_seats s on s.operation_id = o.id and s.seat = 'OVERRIDE'
                 where o.id = new.operation_id and o.state = 'DONE' and o.done_in = pg_current_xact_id() and new.record_id = any (o.record_ids)
                   and s.staff_id = new.confirmed_by
                   and exists (select from jsonb_array_elements(o.ask->'overrides') x where x->>'rule' = new.rule)) then
    perform broken('ct_overrides_c50_second_person'); end if;
  return null;
end $$;
create constraint trigger ct_overrides_c50_second_person after insert on overrides deferrable initially deferred
  for each row execute function ct_overrides_c50_second_person();

-- C20: what leaves after its reservation has lapsed names the override that let it.
alter table movements add column override_id uuid;
comment on column movements.override_id is 'The override that let it leave after its reservation had lapsed (C20, C50).';
alter table movements add constraint fk_movements_override_id foreign key (override_id) references overrides (id) not valid;
alter table movements validate constraint fk_movements_override_id;
alter table movements drop constraint ck_movements_c20_before_lapse;
alter table movements add constraint ck_movements_c20_before_lapse
  check (out_at is null or out_at <= lapses_at or override_id is not null) not valid;
alter table movements validate constraint ck_movements_c20_before_lapse;
create function ct_movements_c20_overridden() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from overrides v join operations o on o.id = v.operation_id where v.id = new.override_id and v.rule = 'C20'
                 and v.record_id = new.record_id and o.request_id = new.request_id) then
    perform broken('ct_movements_c20_overridden'); end if;
  return null;
end $$;
create constraint trigger ct_movements_c20_overridden after insert or update of override_id on movements deferrable initially deferred
  for each row when (new.override_id is not null) execute function ct_movements_c20_overridden();

-- C23: a checkout for which somebody waits is prolonged only under an override of that extension.
create or replace function tg_movements_c23_nobody_waits() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if (new.recalled_at is not null or exists (select from request_lines x join access_requests q on q.id = x.request_id
      where x.record_id = new.record_id and q.state = 'WAITING'))
     and not exists (select from overrides v join operations o on o.id = v.operation_id join access_requests q on q.id = o.request_id
      where v.rule = 'C23' and v.record_id = new.record_id and q.extends_id = new.id and q.extends_until = new.due_at) then
    perform broken('tg_movements_c23_nobody_waits'); end if;
  return new;
end $$;

do $$ declare name text; begin
  foreach name in array array['decisions', 'overrides'] loop
    execute format('create trigger tg_append_only_c48 before delete or truncate on %I execute function tg_append_only_c48()', name);
    execute format('create trigger tg_append_only_c48_update before update on %I execute function tg_append_only_c48()', name);
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy judge_sees_all on %I for select to loanfile_judge using (true)', name);
    execute format('create policy registrar_keeps_all on %I to loanfile_registrar using (true) with check (true)', name);
  end loop;
end $$;
create policy compliance_reads on decisions for select using ((select app_has_role('COMPLIANCE', 'AUDITOR')));
create policy anyone_appends on decisions for insert with check (caller_id = (select app_staff()));
create policy branch on overrides using (case when (select app_everywhere()) then true
  when visible_to && (select app_branches()) then true else false end);

grant select on decisions, overrides, override_permissions to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar;
grant insert on decisions, overrides to loanfile_app;
grant update (override_id) on movements to loanfile_app;
alter function tg_access_requests_c5_ranks() owner to loanfile_judge;
alter function tg_operation_seats_c50_override() owner to loanfile_judge;
alter function tg_overrides_visible_to() owner to loanfile_judge;
alter function ct_overrides_c50_second_person() owner to loanfile_judge;
alter function ct_movements_c20_overridden() owner to loanfile_judge;
