-- Volumes: filled and handed in whole, taken over item by item, closed with their loan; contract elements; lists for disposal.
alter table archive_records add column rebuilds_id uuid;
comment on column archive_records.rebuilds_id is 'The lost volume that this one was rebuilt for, from certified copies.';
alter table archive_records add constraint fk_archive_records_rebuilds_id foreign key (rebuilds_id) references archive_records (id) not valid;
alter table archive_records validate constraint fk_archive_records_rebuilds_id;
grant update (retention_class, cutoff_at) on archive_records to loanfile_app;
alter table file_items add column copies integer not null default 1, add column document_no text, add column seen_by uuid, add column seen_at timestamptz;
comment on column file_items.copies is 'How many of it there are (C30).';
comment on column file_items.document_no is 'Number on the document, where it has one.';
comment on column file_items.seen_by is 'The archivist who ticked it when the volume was taken over (S2).';
comment on column file_items.seen_at is 'When.';
alter table file_items
  add constraint fk_file_items_seen_by foreign key (seen_by) references staff (id) not valid,
  add constraint ck_file_items_c30_copies check (copies > 0) not valid,
  add constraint ck_file_items_seen check ((seen_by is null) = (seen_at is null)) not valid;
alter table file_items validate constraint fk_file_items_seen_by;
alter table file_items validate constraint ck_file_items_c30_copies;
alter table file_items validate constraint ck_file_items_seen;
grant update (seen_by, seen_at) on file_items to loanfile_app;

insert into acts (action, is_exit, is_entry, at_desk) values
  ('ADD_FILE_ITEM', false, false, false),
  ('APPROVE_DISPOSAL', false, false, false),
  ('CLOSE_VOLUME', false, false, false),
  ('EXECUTE_DISPOSAL', false, false, true),
  ('PROPOSE_DISPOSAL', false, false, false),
  ('RECORD_ELEMENT_CHECK', false, false, false),
  ('REGISTER_SECOND_TIER', false, false, false),
  ('REJECT_DISPOSAL', false, false, false),
  ('REOPEN_VOLUME', false, false, false),
  ('RETURN_VOLUME', false, false, false),
  ('STOP_DISPOSAL', false, false, false);

insert into act_seats (action, tier, seat) values
  ('EXECUTE_DISPOSAL', 'SECOND', 'PROPOSER'),
  ('EXECUTE_DISPOSAL', 'SECOND', 'SECOND');

insert into transitions (tier, start, action, finish, code) values
  ('SECOND', 'ARCHIVED', 'PROPOSE_DISPOSAL', 'DISPOSAL_PROPOSED', 'S8'),
  ('SECOND', 'CLOSED_VOLUME', 'PROPOSE_DISPOSAL', 'DISPOSAL_PROPOSED', 'S8'),
  ('SECOND', 'CLOSED_VOLUME', 'REOPEN_VOLUME', 'FILED', 'S6'),
  ('SECOND', 'COLLECTING', 'ADD_FILE_ITEM', 'COLLECTING', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'EXECUTE_DISPOSAL', 'DESTROYED', 'S9'),
  ('SECOND', 'DISPOSAL_APPROVED', 'REJECT_DISPOSAL', 'ARCHIVED', 'S10'),
  ('SECOND', 'DISPOSAL_APPROVED', 'REJECT_DISPOSAL', 'CLOSED_VOLUME', 'S10'),
  ('SECOND', 'DISPOSAL_APPROVED', 'STOP_DISPOSAL', 'ARCHIVED', 'S10'),
  ('SECOND', 'DISPOSAL_APPROVED', 'STOP_DISPOSAL', 'CLOSED_VOLUME', 'S10'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'APPROVE_DISPOSAL', 'DISPOSAL_APPROVED', 'S8'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'APPROVE_DISPOSAL', 'DISPOSAL_PROPOSED', 'S8'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'REJECT_DISPOSAL', 'ARCHIVED', 'S10'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'REJECT_DISPOSAL', 'CLOSED_VOLUME', 'S10'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'STOP_DISPOSAL', 'ARCHIVED', 'S10'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'STOP_DISPOSAL', 'CLOSED_VOLUME', 'S10'),
  ('SECOND', 'FILED', 'CLOSE_VOLUME', 'CLOSED_VOLUME', 'S6'),
  ('SECOND', 'SUBMITTED', 'RETURN_VOLUME', 'COLLECTING', 'S2');
CREATE TABLE contract_elements (
	element TEXT NOT NULL, 
	grade TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_contract_elements PRIMARY KEY (element), 
	CONSTRAINT ck_contract_elements_element CHECK (element in ('PARTIES', 'AGENT_AUTHORITY', 'AMOUNT', 'CURRENCY', 'TERM', 'RATE', 'PURPOSE', 'REPAYMENT', 'PAYEE_ACCOUNT', 'GUARANTEE', 'VEHICLE', 'REGISTRATION', 'INSURANCE', 'LIABILITY_CLAUSES', 'SIGNATURES', 'BANK_SEAL', 'SIGNING_DATE', 'FACE_TO_FACE', 'ALTERATIONS', 'SEAMS_AND_ANNEXES')), 
	CONSTRAINT ck_contract_elements_grade CHECK (grade in ('BLOCKING', 'CORRECTABLE'))
);
COMMENT ON TABLE contract_elements IS 'The checklist of contract elements (合同要素); loaded from server/custody/elements.';
COMMENT ON COLUMN contract_elements.element IS 'What a contract must have.';
COMMENT ON COLUMN contract_elements.grade IS 'Whether a gap blocks the file.';
COMMENT ON COLUMN contract_elements.position IS 'Place in the list.';
CREATE TABLE contract_element_checks (
	id UUID DEFAULT uuidv7() NOT NULL, 
	org_id UUID NOT NULL, 
	contract_id UUID NOT NULL, 
	checked_by UUID NOT NULL, 
	checked_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_contract_element_checks PRIMARY KEY (id), 
	CONSTRAINT fk_contract_element_checks_org_id FOREIGN KEY(org_id) REFERENCES org_units (id), 
	CONSTRAINT fk_contract_element_checks_contract_id FOREIGN KEY(contract_id) REFERENCES contracts (id), 
	CONSTRAINT fk_contract_element_checks_checked_by FOREIGN KEY(checked_by) REFERENCES staff (id)
);
CREATE INDEX ix_contract_element_checks_checked_at ON contract_element_checks (checked_at, id);
CREATE INDEX ix_contract_element_checks_contract_id ON contract_element_checks (contract_id, checked_at);
CREATE INDEX ix_contract_element_checks_org_id ON contract_element_checks (org_id, id);
COMMENT ON TABLE contract_element_checks IS 'Checks of a contract for omissions (漏项), append-only; the newest counts (C29).';
COMMENT ON COLUMN contract_element_checks.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN contract_element_checks.org_id IS 'The unit that the row belongs to.';
COMMENT ON COLUMN contract_element_checks.contract_id IS 'The contract.';
COMMENT ON COLUMN contract_element_checks.checked_by IS 'Who checked.';
COMMENT ON COLUMN contract_element_checks.checked_at IS 'When.';
CREATE TABLE contract_element_items (
	id UUID DEFAULT uuidv7() NOT NULL, 
	check_id UUID NOT NULL, 
	element TEXT NOT NULL, 
	result TEXT NOT NULL, 
	reason TEXT, 
	deadline_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_contract_element_items PRIMARY KEY (id), 
	CONSTRAINT ck_contract_element_items_element CHECK (element in ('PARTIES', 'AGENT_AUTHORITY', 'AMOUNT', 'CURRENCY', 'TERM', 'RATE', 'PURPOSE', 'REPAYMENT', 'PAYEE_ACCOUNT', 'GUARANTEE', 'VEHICLE', 'REGISTRATION', 'INSURANCE', 'LIABILITY_CLAUSES', 'SIGNATURES', 'BANK_SEAL', 'SIGNING_DATE', 'FACE_TO_FACE', 'ALTERATIONS', 'SEAMS_AND_ANNEXES')), 
	CONSTRAINT ck_contract_element_items_result CHECK (result in ('PRESENT', 'MISSING', 'INCONSISTENT', 'NOT_APPLICABLE')), 
	CONSTRAINT ck_contract_element_items_c29_reason CHECK (result <> 'NOT_APPLICABLE' or reason is not null), 
	CONSTRAINT uq_contract_element_items_check_id_element UNIQUE (check_id, element), 
	CONSTRAINT fk_contract_element_items_check_id FOREIGN KEY(check_id) REFERENCES contract_element_checks (id)
);
COMMENT ON TABLE contract_element_items IS 'What a check found of each element, append-only.';
COMMENT ON COLUMN contract_element_items.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN contract_element_items.check_id IS 'The check.';
COMMENT ON COLUMN contract_element_items.element IS 'Which element.';
COMMENT ON COLUMN contract_element_items.result IS 'What was found.';
COMMENT ON COLUMN contract_element_items.reason IS 'In words; required where it does not apply.';
COMMENT ON COLUMN contract_element_items.deadline_at IS 'Until when a correctable gap must be put right.';
CREATE TABLE disposal_batches (
	id UUID DEFAULT uuidv7() NOT NULL, 
	org_id UUID NOT NULL, 
	visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL, 
	state TEXT DEFAULT 'PROPOSED' NOT NULL, 
	list_hash BYTEA NOT NULL, 
	appraisal TEXT NOT NULL, 
	proposed_by UUID NOT NULL, 
	proposed_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	decided_at TIMESTAMP WITH TIME ZONE, 
	decision_reason TEXT, 
	version BIGINT DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
	CONSTRAINT pk_disposal_batches PRIMARY KEY (id), 
	CONSTRAINT ck_disposal_batches_state CHECK (state in ('PROPOSED', 'APPROVED', 'REJECTED', 'EXECUTED')), 
	CONSTRAINT ck_disposal_batches_list_hash CHECK (octet_length(list_hash) = 32), 
	CONSTRAINT ck_disposal_batches_decided CHECK ((state = 'PROPOSED') = (decided_at is null)), 
	CONSTRAINT uq_disposal_batches_id_list_hash UNIQUE (id, list_hash), 
	CONSTRAINT fk_disposal_batches_org_id FOREIGN KEY(org_id) REFERENCES org_units (id), 
	CONSTRAINT fk_disposal_batches_proposed_by FOREIGN KEY(proposed_by) REFERENCES staff (id)
);
CREATE INDEX ix_disposal_batches_org_id ON disposal_batches (org_id);
CREATE INDEX ix_disposal_batches_proposed_at ON disposal_batches (proposed_at, id);
CREATE INDEX ix_disposal_batches_updated_at ON disposal_batches (updated_at);
COMMENT ON TABLE disposal_batches IS 'Lists of volumes to be destroyed (销毁清册), C45 to C47.';
COMMENT ON COLUMN disposal_batches.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN disposal_batches.org_id IS 'Unit of whoever proposed it.';
COMMENT ON COLUMN disposal_batches.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN disposal_batches.state IS 'Life cycle.';
COMMENT ON COLUMN disposal_batches.list_hash IS 'SHA-256 of the ids of its records, in order: what the heads approve.';
COMMENT ON COLUMN disposal_batches.appraisal IS 'Why nothing of it need be kept.';
COMMENT ON COLUMN disposal_batches.proposed_by IS 'Who drew up the list.';
COMMENT ON COLUMN disposal_batches.proposed_at IS 'When.';
COMMENT ON COLUMN disposal_batches.decided_at IS 'When the last head approved it, or it was rejected.';
COMMENT ON COLUMN disposal_batches.decision_reason IS 'Why it was rejected.';
COMMENT ON COLUMN disposal_batches.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN disposal_batches.created_at IS 'When the row was made.';
COMMENT ON COLUMN disposal_batches.updated_at IS 'Last change; kept by a trigger.';
CREATE TABLE disposal_lines (
	id UUID DEFAULT uuidv7() NOT NULL, 
	batch_id UUID NOT NULL, 
	record_id UUID NOT NULL, 
	back_to TEXT NOT NULL, 
	is_open BOOLEAN DEFAULT true NOT NULL, 
	CONSTRAINT pk_disposal_lines PRIMARY KEY (id), 
	CONSTRAINT ck_disposal_lines_back_to CHECK (back_to in ('AWAITED', 'PENDING_INTAKE', 'IN_VAULT', 'COLLECTING', 'SUBMITTED', 'FILED', 'READING', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED', 'MISSING', 'LOST', 'REPLACED', 'RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'CLOSED_LOST', 'DESTROYED')), 
	CONSTRAINT uq_disposal_lines_batch_id_record_id UNIQUE (batch_id, record_id), 
	CONSTRAINT fk_disposal_lines_batch_id FOREIGN KEY(batch_id) REFERENCES disposal_batches (id), 
	CONSTRAINT fk_disposal_lines_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id)
);
CREATE INDEX ix_disposal_lines_record_id ON disposal_lines (record_id);
CREATE UNIQUE INDEX uq_disposal_lines_c46_one_list ON disposal_lines (record_id) WHERE is_open;
COMMENT ON TABLE disposal_lines IS 'Volumes of a list, written once.';
COMMENT ON COLUMN disposal_lines.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN disposal_lines.batch_id IS 'The list.';
COMMENT ON COLUMN disposal_lines.record_id IS 'The volume.';
COMMENT ON COLUMN disposal_lines.back_to IS 'Where it goes back to when it is not destroyed (S10).';
COMMENT ON COLUMN disposal_lines.is_open IS 'False once it went back or was destroyed.';
CREATE TABLE disposal_approvals (
	id UUID DEFAULT uuidv7() NOT NULL, 
	batch_id UUID NOT NULL, 
	list_hash BYTEA NOT NULL, 
	role TEXT NOT NULL, 
	staff_id UUID NOT NULL, 
	approved_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_disposal_approvals PRIMARY KEY (id), 
	CONSTRAINT ck_disposal_approvals_role CHECK (role in ('CREDIT_DEPT_HEAD', 'RISK_HEAD', 'PRESIDENT_OFFICE')), 
	CONSTRAINT uq_disposal_approvals_c46_one_per_rank UNIQUE (batch_id, role), 
	CONSTRAINT uq_disposal_approvals_c46_one_each UNIQUE (batch_id, staff_id), 
	CONSTRAINT fk_disposal_approvals_c46_exact_list FOREIGN KEY(batch_id, list_hash) REFERENCES disposal_batches (id, list_hash), 
	CONSTRAINT fk_disposal_approvals_batch_id FOREIGN KEY(batch_id) REFERENCES disposal_batches (id), 
	CONSTRAINT fk_disposal_approvals_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id)
);
COMMENT ON TABLE disposal_approvals IS 'What the heads of business, risk and the president''s office approved, append-only (C46).';
COMMENT ON COLUMN disposal_approvals.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN disposal_approvals.batch_id IS 'The list.';
COMMENT ON COLUMN disposal_approvals.list_hash IS 'The list as it was approved.';
COMMENT ON COLUMN disposal_approvals.role IS 'In which rank.';
COMMENT ON COLUMN disposal_approvals.staff_id IS 'Who.';
COMMENT ON COLUMN disposal_approvals.approved_at IS 'When.';
insert into contract_elements (element, grade, position) values
  ('PARTIES', 'BLOCKING', 1),
  ('AGENT_AUTHORITY', 'BLOCKING', 2),
  ('AMOUNT', 'BLOCKING', 3),
  ('CURRENCY', 'BLOCKING', 4),
  ('TERM', 'BLOCKING', 5),
  ('RATE', 'BLOCKING', 6),
  ('PURPOSE', 'BLOCKING', 7),
  ('REPAYMENT', 'BLOCKING', 8),
  ('PAYEE_ACCOUNT', 'BLOCKING', 9),
  ('GUARANTEE', 'BLOCKING', 10),
  ('VEHICLE', 'BLOCKING', 11),
  ('REGISTRATION', 'CORRECTABLE', 12),
  ('INSURANCE', 'CORRECTABLE', 13),
  ('LIABILITY_CLAUSES', 'BLOCKING', 14),
  ('SIGNATURES', 'BLOCKING', 15),
  ('BANK_SEAL', 'BLOCKING', 16),
  ('SIGNING_DATE', 'BLOCKING', 17),
  ('FACE_TO_FACE', 'BLOCKING', 18),
  ('ALTERATIONS', 'BLOCKING', 19),
  ('SEAMS_AND_ANNEXES', 'CORRECTABLE', 20);

do $$ declare name text; begin
  foreach name in array array['contract_elements', 'contract_element_checks', 'contract_element_items', 'disposal_batches', 'disposal_lines',
                              'disposal_approvals'] loop
    execute format('grant select on %I to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar', name);
    if name <> 'contract_elements' then
      execute format('grant insert on %I to loanfile_app', name);
      execute format('alter table %I enable row level security', name);
      execute format('alter table %I force row level security', name);
      execute format('create policy judge_sees_all on %I for select to loanfile_judge using (true)', name);
      execute format('create policy registrar_keeps_all on %I to loanfile_registrar using (true) with check (true)', name);
      execute format('create trigger tg_row_version after insert or update or delete on %I for each row execute function tg_row_version()', name);
    end if;
  end loop;
  foreach name in array array['contract_element_checks', 'contract_element_items', 'disposal_approvals'] loop
    execute format('create trigger tg_append_only_c48 before delete or truncate on %I execute function tg_append_only_c48()', name);
    execute format('create trigger tg_append_only_c48_update before update on %I execute function tg_append_only_c48()', name);
  end loop;
end $$;
create policy branch on contract_element_checks using (case when (select app_everywhere()) then true
  when org_id = any ((select app_branches())::uuid[]) then true else false end);
create policy branch on contract_element_items using (exists (select from contract_element_checks p where p.id = check_id));
create policy branch on disposal_batches using (case when (select app_everywhere()) then true
  when visible_to && (select app_branches()) then true else false end);
create policy branch on disposal_lines using (exists (select from disposal_batches p where p.id = batch_id));
create policy branch on disposal_approvals using (exists (select from disposal_batches p where p.id = batch_id));
create trigger tg_own_unit before insert on disposal_batches for each row execute function tg_own_unit();
create trigger tg_touch before update on disposal_batches for each row execute function tg_touch();
grant update (state, decided_at, decision_reason) on disposal_batches to loanfile_app;
grant update (is_open) on disposal_lines to loanfile_registrar;
grant update (state) on archive_records to loanfile_registrar;

-- C29: blocking elements that the newest check of a contract does not find; all of them when there is none.
create function element_gaps(contract uuid) returns text[]
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(array_agg(e.element order by e.position), '{}') from contract_elements e where e.grade = 'BLOCKING' and not exists (
    select from contract_element_items i where i.element = e.element and i.result in ('PRESENT', 'NOT_APPLICABLE') and i.check_id = (
      select c.id from contract_element_checks c where c.contract_id = contract order by c.checked_at desc, c.id desc limit 1)) $$;
create function contents_of(ids uuid[]) returns table (
    record_id uuid, items uuid[], pages integer[], is_numbered boolean, gaps text[], copies_alone boolean, rebuilt boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, f.items, f.pages, coalesce(f.last = cardinality(f.items), false),
    (select array_agg(distinct g) from (select x.contract_id from loan_contracts x where x.loan_id = r.primary_loan_id
       union select i.contract_id from file_items i where i.record_id = r.id and i.contract_id is not null) c, unnest(element_gaps(c.contract_id)) g),
    coalesce(f.copies_alone, true), r.rebuilds_id is not null
  from archive_records r cross join lateral (
    select array_agg(i.id order by i.position) items, array_agg(i.pages order by i.position) pages, max(i.position) as last,
           bool_and(not i.is_original) copies_alone from file_items i where i.record_id = r.id) f
  where r.id = any (ids) $$;

-- C45: how the loan of a volume has ended, and what its term asks for.
create function term_of(ids uuid[]) returns table (
    record_id uuid, ended boolean, ended_on date, least_class text, cutoff_at timestamptz, retention_class text)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, coalesce(l.status in ('SETTLED', 'WRITTEN_OFF') or p.settled_at is not null and p.principal_amount + p.interest_amount + p.fees_amount = 0, false),
    (p.settled_at at time zone 'Asia/Shanghai')::date, case when l.term_months <= 12 then 'FIVE_YEARS' else 'TWENTY_YEARS' end,
    r.cutoff_at, r.retention_class
  from archive_records r left join loans l on l.id = r.primary_loan_id
  left join lateral (select * from loan_positions x where x.loan_id = l.id order by x.as_of desc limit 1) p on true
  where r.id = any (ids) $$;
create function class_years(class text) returns integer language sql immutable as
  $$ select case class when 'FIVE_YEARS' then 5 when 'TWENTY_YEARS' then 20 when 'PERMANENT' then 1000 else 0 end $$;

-- What is handed in is whole and itemised; what is closed or disposed of is neither held nor frozen, and its time has run out.
create function tg_archive_records_volume() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare c record; t record; begin
  if new.state = 'SUBMITTED' and old.state = 'COLLECTING' then
    select * into c from contents_of(array[new.id]);
    if cardinality(c.gaps) > 0 then perform broken('tg_archive_records_c29_elements'); end if;
    if c.items is null or not c.is_numbered or c.rebuilt and not c.copies_alone then perform broken('tg_archive_records_c30_volume'); end if;
  end if;
  if old.state = 'FILED' and new.state = 'CLOSED_VOLUME' or new.state in ('DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED', 'DESTROYED') then
    select * into t from term_of(array[new.id]);
    if new.state = 'CLOSED_VOLUME' and not t.ended then perform broken('tg_archive_records_c34_closing'); end if;
    if exists (select from loans l right join (select new.id) r on true left join customers cu on cu.id = l.customer_id
               join holds h on h.lifted_at is null and (h.record_id = new.id or h.loan_id = l.id or h.collateral_id = new.collateral_id
                                                        or h.party_id = cu.party_id or h.dealer_id = l.dealer_id)
               where l.id is not distinct from new.primary_loan_id and (h.kind <> 'RECOVERY' or new.state <> 'CLOSED_VOLUME')) then
      perform broken('tg_archive_records_c16_closing'); end if;
    if cardinality(frozen_kinds(new.id)) > 0 then perform broken('tg_archive_records_c17_closing'); end if;
    if new.state = 'CLOSED_VOLUME' and (new.cutoff_at is null or class_years(new.retention_class) < class_years(t.least_class)) then
      perform broken('tg_archive_records_c45_class'); end if;
    if new.state <> 'CLOSED_VOLUME' and (new.cutoff_at is null or new.retention_class = 'PERMANENT'
        or new.cutoff_at + make_interval(years => class_years(new.retention_class)) > clock_timestamp()) then
      perform broken('tg_archive_records_c45_expired'); end if;
  end if;
  return new;
end $$;
create trigger tg_archive_records_volume before update of state on archive_records
  for each row when (new.tier = 'SECOND' and old.state <> new.state) execute function tg_archive_records_volume();
create function tg_archive_records_c45_class() returns trigger language plpgsql as $$ begin
  perform broken('tg_archive_records_c45_class');
  return null;
end $$;
create trigger tg_archive_records_c45_class before update of retention_class on archive_records
  for each row when (class_years(new.retention_class) < class_years(old.retention_class)) execute function tg_archive_records_c45_class();
create function tg_archive_records_c44_rebuilds_lost() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from archive_records r where r.id = new.rebuilds_id and r.tier = new.tier and r.state in ('LOST', 'CLOSED_LOST')
                 and r.primary_loan_id = new.primary_loan_id) then
    perform broken('tg_archive_records_c44_rebuilds_lost'); end if;
  return new;
end $$;
create trigger tg_archive_records_c44_rebuilds_lost before insert on archive_records
  for each row when (new.rebuilds_id is not null) execute function tg_archive_records_c44_rebuilds_lost();
create function ct_archive_records_accepted() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.custodian_id is null or new.custodian_id = new.submitted_by then perform broken('ct_archive_records_c3_archivist_is_another'); end if;
  if exists (select from file_items i where i.record_id = new.id and i.seen_by is distinct from new.custodian_id) then
    perform broken('ct_archive_records_c31_item_by_item'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_accepted after update of state on archive_records deferrable initially deferred
  for each row when (old.state = 'SUBMITTED' and new.state = 'FILED') execute function ct_archive_records_accepted();

-- C46: the list is what the heads approved, neither longer nor shorter.
create function list_hash_of(batch uuid) returns bytea
language sql stable security definer set search_path = public, pg_temp as $$
  select sha256(convert_to(string_agg(l.record_id::text, ',' order by l.record_id), 'UTF8')) from disposal_lines l where l.batch_id = batch and l.is_open $$;
create function ct_disposal_lines_c46_list_hash() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from disposal_batches b where b.id = new.batch_id and b.list_hash = list_hash_of(b.id)) then
    perform broken('ct_disposal_lines_c46_list_hash'); end if;
  return null;
end $$;
create constraint trigger ct_disposal_lines_c46_list_hash after insert on disposal_lines deferrable initially deferred
  for each row execute function ct_disposal_lines_c46_list_hash();
create function tg_disposal_approvals_c3_not_proposer() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from disposal_batches b where b.id = new.batch_id and b.proposed_by = new.staff_id) then
    perform broken('tg_disposal_approvals_c3_not_proposer'); end if;
  return new;
end $$;
create trigger tg_disposal_approvals_c3_not_proposer before insert on disposal_approvals
  for each row execute function tg_disposal_approvals_c3_not_proposer();
create function ct_archive_records_c46_approved() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from disposal_lines l join disposal_batches b on b.id = l.batch_id where l.record_id = new.id and l.is_open
      and (new.state = 'DISPOSAL_PROPOSED' or b.list_hash = list_hash_of(b.id)
           and (select count(*) from disposal_approvals a where a.batch_id = b.id and a.list_hash = b.list_hash) = 3)) then
    perform broken('ct_archive_records_c46_approved'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_c46_approved after update of state on archive_records deferrable initially deferred
  for each row when (old.state <> new.state and new.state in ('DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED')) execute function ct_archive_records_c46_approved();
-- A volume that leaves the list, however it does, stands on it no more.
create function tg_archive_records_off_list() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  update disposal_lines set is_open = false where record_id = new.id and is_open;
  return null;
end $$;
create trigger tg_archive_records_off_list after update of state on archive_records
  for each row when (old.state in ('DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED') and new.state not in ('DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED'))
  execute function tg_archive_records_off_list();
create function lines_under(record uuid, loan uuid, asset uuid, party uuid, dealer uuid)
returns table (record_id uuid, loan_id uuid, state text, back_to text)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, coalesce(r.primary_loan_id, r.custody_org_id), r.state, d.back_to from disposal_lines d join archive_records r on r.id = d.record_id
  left join loans l on l.id = r.primary_loan_id left join customers c on c.id = l.customer_id
  where d.is_open and (r.id = record or r.primary_loan_id = loan or r.collateral_id = asset or c.party_id = party or l.dealer_id = dealer) order by r.id $$;
create function tg_holds_s10_stop() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  update archive_records r set state = d.back_to
    from lines_under(new.record_id, new.loan_id, new.collateral_id, new.party_id, new.dealer_id) d where r.id = d.record_id;
  return null;
end $$;
create trigger tg_holds_s10_stop after insert on holds for each row execute function tg_holds_s10_stop();

-- S11: a volume that was on a list goes back to where it stood before the list.
create or replace function tg_discrepancies_open_loss() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  insert into loss_cases (org_id, discrepancy_id, record_id, back_to, opened_at)
    select new.org_id, new.id, r.id, coalesce((select d.back_to from disposal_lines d where d.record_id = r.id and d.is_open), rest_of(r.tier, r.state)),
      new.reported_at from archive_records r where r.id = new.record_id;
  return null;
end $$;

do $$ declare f text; begin
  foreach f in array array['element_gaps(uuid)', 'contents_of(uuid[])', 'term_of(uuid[])', 'tg_archive_records_volume()',
      'tg_archive_records_c44_rebuilds_lost()', 'ct_archive_records_accepted()', 'list_hash_of(uuid)', 'ct_disposal_lines_c46_list_hash()',
      'tg_disposal_approvals_c3_not_proposer()', 'ct_archive_records_c46_approved()', 'lines_under(uuid, uuid, uuid, uuid, uuid)'] loop
    execute format('alter function %s owner to loanfile_judge', f);
  end loop;
  foreach f in array array['tg_archive_records_off_list()', 'tg_holds_s10_stop()'] loop
    execute format('alter function %s owner to loanfile_registrar', f);
  end loop;
end $$;
