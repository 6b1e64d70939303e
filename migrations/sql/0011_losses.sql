-- Losses: a discrepancy with owner, deadline and second person; the case of a record that is not there, from its search to its end.
alter table discrepancies add column item_id uuid, add column resolved_by uuid, add column signed_by uuid, add column signed_at timestamptz;
comment on column discrepancies.item_id is 'The paper of the volume that it is about; null for the volume itself.';
comment on column discrepancies.resolved_by is 'Who resolved it.';
comment on column discrepancies.signed_by is 'The head of operations who signed its case: owner and deadline (C42).';
comment on column discrepancies.signed_at is 'When.';
alter table discrepancies
  add constraint fk_discrepancies_item_id foreign key (item_id) references file_items (id) not valid,
  add constraint fk_discrepancies_resolved_by foreign key (resolved_by) references staff (id) not valid,
  add constraint fk_discrepancies_signed_by foreign key (signed_by) references staff (id) not valid,
  add constraint ck_discrepancies_c43_case_is_owned check (state <> 'CASE' or owner_id is not null) not valid,
  add constraint ck_discrepancies_c43_deadline_ahead
    check ((signed_by is null) = (signed_at is null) and (signed_at is null or deadline_at > signed_at)) not valid,
  add constraint ck_discrepancies_c28_item check (item_id is null or kind in ('MISSING', 'DAMAGED')) not valid,
  add constraint ck_discrepancies_c3_second_person check (resolved_by <> reported_by or kind = 'MISSING' and item_id is null) not valid;
alter table discrepancies validate constraint fk_discrepancies_item_id;
alter table discrepancies validate constraint fk_discrepancies_resolved_by;
alter table discrepancies validate constraint fk_discrepancies_signed_by;
alter table discrepancies validate constraint ck_discrepancies_c43_case_is_owned;
alter table discrepancies validate constraint ck_discrepancies_c43_deadline_ahead;
alter table discrepancies validate constraint ck_discrepancies_c28_item;
alter table discrepancies validate constraint ck_discrepancies_c3_second_person;
grant update (resolved_by, signed_by, signed_at) on discrepancies to loanfile_app;

alter table return_inspections alter column movement_id drop not null, add column discrepancy_id uuid;
comment on column return_inspections.movement_id is 'Of which checkout; null where none was open.';
comment on column return_inspections.discrepancy_id is 'The case of a record that was found.';
alter table return_inspections
  add constraint fk_return_inspections_discrepancy_id foreign key (discrepancy_id) references discrepancies (id) not valid,
  add constraint ck_return_inspections_of_checkout_or_case check (num_nonnulls(movement_id, discrepancy_id) > 0) not valid;
alter table return_inspections validate constraint fk_return_inspections_discrepancy_id;
alter table return_inspections validate constraint ck_return_inspections_of_checkout_or_case;
alter policy branch on return_inspections using (exists (select from movements p where p.id = movement_id)
  or exists (select from discrepancies p where p.id = discrepancy_id));

alter table off_balance_entries alter column operation_id drop not null, add column discrepancy_id uuid;
comment on column off_balance_entries.operation_id is 'The entry or exit; null for what was found missing from the vault.';
comment on column off_balance_entries.discrepancy_id is 'The case of what was found missing from the vault.';
alter table off_balance_entries
  add constraint fk_off_balance_entries_discrepancy_id foreign key (discrepancy_id) references discrepancies (id) not valid,
  add constraint ck_off_balance_entries_c11_of_operation_or_case check (num_nonnulls(operation_id, discrepancy_id) = 1) not valid;
alter table off_balance_entries validate constraint fk_off_balance_entries_discrepancy_id;
alter table off_balance_entries validate constraint ck_off_balance_entries_c11_of_operation_or_case;

alter table collateral_certificates add column voided_at timestamptz;
comment on column collateral_certificates.voided_at is 'When its number was made void for ever, because the paper was lost (C44).';
alter table collateral_certificates add constraint ck_collateral_certificates_c44_void_is_not_live check (voided_at is null or not is_live) not valid;
alter table collateral_certificates validate constraint ck_collateral_certificates_c44_void_is_not_live;
grant update (is_live, voided_at, replaces_id) on collateral_certificates to loanfile_app;

-- What COMPLIANCE is told of (C44).
alter table notices drop constraint ck_notices_kind;
alter table notices add constraint ck_notices_kind check (kind in ('DUE_SOON', 'OVERDUE', 'BLOCKED', 'RECALLED', 'SEARCH_DUE', 'CONFIRMATION_DUE', 'READY_TO_FETCH', 'RESERVATION_LAPSED', 'WAITING_LAPSED', 'DUE_PROVISIONAL', 'DUE_MOVED', 'CASE_LATE', 'PAPER_LATE', 'EXPIRING', 'TRANSIT_LATE', 'STOCKTAKE_MISSED', 'EMERGENCY_UNREVIEWED', 'LOSS_REPORTED')) not valid;
alter table notices validate constraint ck_notices_kind;

-- An act that leads back to what was before has several ends.
alter table transitions drop constraint pk_transitions;
alter table transitions add constraint pk_transitions primary key (tier, start, action, finish);
comment on column transitions.finish is 'State after; more than one where the act leads back to what was before.';

insert into acts (action, is_exit, is_entry, at_desk) values
  ('CLOSE_LOST', false, false, true),
  ('DECLARE_LOST', false, false, true),
  ('NOTIFY_COMPLIANCE', false, false, false),
  ('OPEN_CASE', false, false, false),
  ('RECORD_REISSUE', false, true, false),
  ('RECORD_SEARCH', false, false, false),
  ('RECORD_VOIDED_ORIGINAL', false, false, false),
  ('REPORT_ITEM_MISSING', false, false, false),
  ('RESOLVE_DISCREPANCY', false, false, false),
  ('RESOLVE_FOUND', false, true, false);

insert into act_seats (action, tier, seat) values
  ('CLOSE_LOST', 'FIRST', 'PROPOSER'),
  ('CLOSE_LOST', 'FIRST', 'SECOND'),
  ('CLOSE_LOST', 'SECOND', 'PROPOSER'),
  ('CLOSE_LOST', 'SECOND', 'SECOND'),
  ('DECLARE_LOST', 'FIRST', 'PROPOSER'),
  ('DECLARE_LOST', 'FIRST', 'SECOND'),
  ('DECLARE_LOST', 'SECOND', 'PROPOSER'),
  ('DECLARE_LOST', 'SECOND', 'SECOND'),
  ('RECORD_REISSUE', 'FIRST', 'CLERK'),
  ('RECORD_REISSUE', 'FIRST', 'CODE'),
  ('RECORD_REISSUE', 'FIRST', 'KEY'),
  ('RESOLVE_FOUND', 'FIRST', 'CLERK'),
  ('RESOLVE_FOUND', 'FIRST', 'CODE'),
  ('RESOLVE_FOUND', 'FIRST', 'KEY'),
  ('RESOLVE_FOUND', 'SECOND', 'ARCHIVIST');

insert into transitions (tier, start, action, finish, code) values
  ('FIRST', 'AWAITED', 'OPEN_CASE', 'AWAITED', '–'),
  ('FIRST', 'AWAITED', 'RESOLVE_DISCREPANCY', 'AWAITED', '–'),
  ('FIRST', 'CHECKED_OUT', 'OPEN_CASE', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'RESOLVE_DISCREPANCY', 'CHECKED_OUT', '–'),
  ('FIRST', 'CLOSED_LOST', 'OPEN_CASE', 'CLOSED_LOST', '–'),
  ('FIRST', 'CLOSED_LOST', 'RECORD_VOIDED_ORIGINAL', 'CLOSED_LOST', '–'),
  ('FIRST', 'CLOSED_LOST', 'RESOLVE_DISCREPANCY', 'CLOSED_LOST', '–'),
  ('FIRST', 'IN_TRANSIT', 'OPEN_CASE', 'IN_TRANSIT', '–'),
  ('FIRST', 'IN_TRANSIT', 'RESOLVE_DISCREPANCY', 'IN_TRANSIT', '–'),
  ('FIRST', 'IN_VAULT', 'OPEN_CASE', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'RESOLVE_DISCREPANCY', 'IN_VAULT', '–'),
  ('FIRST', 'LOST', 'CLOSE_LOST', 'CLOSED_LOST', 'F18'),
  ('FIRST', 'LOST', 'OPEN_CASE', 'LOST', '–'),
  ('FIRST', 'LOST', 'RECORD_REISSUE', 'REPLACED', 'F17'),
  ('FIRST', 'LOST', 'RECORD_VOIDED_ORIGINAL', 'LOST', '–'),
  ('FIRST', 'LOST', 'RESOLVE_DISCREPANCY', 'LOST', '–'),
  ('FIRST', 'MISSING', 'DECLARE_LOST', 'LOST', 'F16'),
  ('FIRST', 'MISSING', 'NOTIFY_COMPLIANCE', 'MISSING', '–'),
  ('FIRST', 'MISSING', 'OPEN_CASE', 'MISSING', '–'),
  ('FIRST', 'MISSING', 'RECORD_SEARCH', 'MISSING', '–'),
  ('FIRST', 'MISSING', 'RESOLVE_DISCREPANCY', 'MISSING', '–'),
  ('FIRST', 'MISSING', 'RESOLVE_FOUND', 'IN_VAULT', 'F15'),
  ('FIRST', 'PENDING_INTAKE', 'OPEN_CASE', 'PENDING_INTAKE', '–'),
  ('FIRST', 'PENDING_INTAKE', 'RECORD_REISSUE', 'IN_VAULT', 'F17'),
  ('FIRST', 'PENDING_INTAKE', 'RESOLVE_DISCREPANCY', 'PENDING_INTAKE', '–'),
  ('FIRST', 'RELEASED', 'OPEN_CASE', 'RELEASED', '–'),
  ('FIRST', 'RELEASED', 'RESOLVE_DISCREPANCY', 'RELEASED', '–'),
  ('FIRST', 'REPLACED', 'OPEN_CASE', 'REPLACED', '–'),
  ('FIRST', 'REPLACED', 'RECORD_VOIDED_ORIGINAL', 'REPLACED', '–'),
  ('FIRST', 'REPLACED', 'RESOLVE_DISCREPANCY', 'REPLACED', '–'),
  ('FIRST', 'RESERVED', 'OPEN_CASE', 'RESERVED', '–'),
  ('FIRST', 'RESERVED', 'RESOLVE_DISCREPANCY', 'RESERVED', '–'),
  ('FIRST', 'RETURN_PENDING', 'OPEN_CASE', 'RETURN_PENDING', '–'),
  ('FIRST', 'RETURN_PENDING', 'RESOLVE_DISCREPANCY', 'RETURN_PENDING', '–'),
  ('FIRST', 'SUBSTITUTED', 'OPEN_CASE', 'SUBSTITUTED', '–'),
  ('FIRST', 'SUBSTITUTED', 'RESOLVE_DISCREPANCY', 'SUBSTITUTED', '–'),
  ('FIRST', 'SURRENDERED', 'OPEN_CASE', 'SURRENDERED', '–'),
  ('FIRST', 'SURRENDERED', 'RESOLVE_DISCREPANCY', 'SURRENDERED', '–'),
  ('SECOND', 'ARCHIVED', 'OPEN_CASE', 'ARCHIVED', '–'),
  ('SECOND', 'ARCHIVED', 'REPORT_ITEM_MISSING', 'ARCHIVED', '–'),
  ('SECOND', 'ARCHIVED', 'RESOLVE_DISCREPANCY', 'ARCHIVED', '–'),
  ('SECOND', 'CHECKED_OUT', 'OPEN_CASE', 'CHECKED_OUT', '–'),
  ('SECOND', 'CHECKED_OUT', 'REPORT_ITEM_MISSING', 'CHECKED_OUT', '–'),
  ('SECOND', 'CHECKED_OUT', 'RESOLVE_DISCREPANCY', 'CHECKED_OUT', '–'),
  ('SECOND', 'CLOSED_LOST', 'OPEN_CASE', 'CLOSED_LOST', '–'),
  ('SECOND', 'CLOSED_LOST', 'RECORD_VOIDED_ORIGINAL', 'CLOSED_LOST', '–'),
  ('SECOND', 'CLOSED_LOST', 'RESOLVE_DISCREPANCY', 'CLOSED_LOST', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'OPEN_CASE', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'REPORT_ITEM_MISSING', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'RESOLVE_DISCREPANCY', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'COLLECTING', 'OPEN_CASE', 'COLLECTING', '–'),
  ('SECOND', 'COLLECTING', 'REPORT_ITEM_MISSING', 'COLLECTING', '–'),
  ('SECOND', 'COLLECTING', 'RESOLVE_DISCREPANCY', 'COLLECTING', '–'),
  ('SECOND', 'DESTROYED', 'OPEN_CASE', 'DESTROYED', '–'),
  ('SECOND', 'DESTROYED', 'RESOLVE_DISCREPANCY', 'DESTROYED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'OPEN_CASE', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'REPORT_ITEM_MISSING', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'RESOLVE_DISCREPANCY', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'OPEN_CASE', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'REPORT_ITEM_MISSING', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'RESOLVE_DISCREPANCY', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'FILED', 'OPEN_CASE', 'FILED', '–'),
  ('SECOND', 'FILED', 'REPORT_ITEM_MISSING', 'FILED', '–'),
  ('SECOND', 'FILED', 'RESOLVE_DISCREPANCY', 'FILED', '–'),
  ('SECOND', 'IN_TRANSIT', 'OPEN_CASE', 'IN_TRANSIT', '–'),
  ('SECOND', 'IN_TRANSIT', 'REPORT_ITEM_MISSING', 'IN_TRANSIT', '–'),
  ('SECOND', 'IN_TRANSIT', 'RESOLVE_DISCREPANCY', 'IN_TRANSIT', '–'),
  ('SECOND', 'LOST', 'CLOSE_LOST', 'CLOSED_LOST', 'S11'),
  ('SECOND', 'LOST', 'OPEN_CASE', 'LOST', '–'),
  ('SECOND', 'LOST', 'RECORD_VOIDED_ORIGINAL', 'LOST', '–'),
  ('SECOND', 'LOST', 'RESOLVE_DISCREPANCY', 'LOST', '–'),
  ('SECOND', 'MISSING', 'DECLARE_LOST', 'LOST', 'S11'),
  ('SECOND', 'MISSING', 'NOTIFY_COMPLIANCE', 'MISSING', '–'),
  ('SECOND', 'MISSING', 'OPEN_CASE', 'MISSING', '–'),
  ('SECOND', 'MISSING', 'RECORD_SEARCH', 'MISSING', '–'),
  ('SECOND', 'MISSING', 'RESOLVE_DISCREPANCY', 'MISSING', '–'),
  ('SECOND', 'MISSING', 'RESOLVE_FOUND', 'ARCHIVED', 'S11'),
  ('SECOND', 'MISSING', 'RESOLVE_FOUND', 'CLOSED_VOLUME', 'S11'),
  ('SECOND', 'MISSING', 'RESOLVE_FOUND', 'FILED', 'S11'),
  ('SECOND', 'MISSING', 'RESOLVE_FOUND', 'SUBMITTED', 'S11'),
  ('SECOND', 'READING', 'OPEN_CASE', 'READING', '–'),
  ('SECOND', 'READING', 'REPORT_ITEM_MISSING', 'READING', '–'),
  ('SECOND', 'READING', 'RESOLVE_DISCREPANCY', 'READING', '–'),
  ('SECOND', 'RESERVED', 'OPEN_CASE', 'RESERVED', '–'),
  ('SECOND', 'RESERVED', 'REPORT_ITEM_MISSING', 'RESERVED', '–'),
  ('SECOND', 'RESERVED', 'RESOLVE_DISCREPANCY', 'RESERVED', '–'),
  ('SECOND', 'RETURN_PENDING', 'OPEN_CASE', 'RETURN_PENDING', '–'),
  ('SECOND', 'RETURN_PENDING', 'REPORT_ITEM_MISSING', 'RETURN_PENDING', '–'),
  ('SECOND', 'RETURN_PENDING', 'RESOLVE_DISCREPANCY', 'RETURN_PENDING', '–'),
  ('SECOND', 'SUBMITTED', 'OPEN_CASE', 'SUBMITTED', '–'),
  ('SECOND', 'SUBMITTED', 'REPORT_ITEM_MISSING', 'SUBMITTED', '–'),
  ('SECOND', 'SUBMITTED', 'RESOLVE_DISCREPANCY', 'SUBMITTED', '–');
CREATE TABLE loss_cases (
	id UUID DEFAULT uuidv7() NOT NULL, 
	org_id UUID NOT NULL, 
	visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL, 
	discrepancy_id UUID NOT NULL, 
	record_id UUID NOT NULL, 
	state TEXT DEFAULT 'OPEN' NOT NULL, 
	back_to TEXT NOT NULL, 
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	search_log TEXT, 
	responsibility TEXT, 
	searched_by UUID, 
	searched_at TIMESTAMP WITH TIME ZONE, 
	notified_by UUID, 
	notified_at TIMESTAMP WITH TIME ZONE, 
	lost_operation_id UUID, 
	lost_at TIMESTAMP WITH TIME ZONE, 
	reissued_as_id UUID, 
	outcome TEXT, 
	closed_at TIMESTAMP WITH TIME ZONE, 
	original_found_at TIMESTAMP WITH TIME ZONE, 
	original_found_by UUID, 
	original_note TEXT, 
	version BIGINT DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
	CONSTRAINT pk_loss_cases PRIMARY KEY (id), 
	CONSTRAINT uq_loss_cases_discrepancy_id UNIQUE (discrepancy_id), 
	CONSTRAINT ck_loss_cases_state CHECK (state in ('OPEN', 'SEARCHED', 'LOST', 'CLOSED')), 
	CONSTRAINT ck_loss_cases_outcome CHECK (outcome in ('FOUND', 'REPLACED', 'CLOSED_LOST')), 
	CONSTRAINT ck_loss_cases_back_to CHECK (back_to in ('AWAITED', 'PENDING_INTAKE', 'IN_VAULT', 'COLLECTING', 'SUBMITTED', 'FILED', 'READING', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED', 'MISSING', 'LOST', 'REPLACED', 'RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'CLOSED_LOST', 'DESTROYED')), 
	CONSTRAINT ck_loss_cases_c44_searched CHECK (state = 'OPEN' or outcome is not distinct from 'FOUND' or num_nonnulls(search_log, searched_by, searched_at) = 3), 
	CONSTRAINT ck_loss_cases_c44_complete CHECK (not (state = 'LOST' or outcome in ('REPLACED', 'CLOSED_LOST')) or num_nonnulls(search_log, responsibility, notified_at, notified_by, lost_at, lost_operation_id) = 6), 
	CONSTRAINT ck_loss_cases_closed CHECK ((state = 'CLOSED') = (outcome is not null) and (state = 'CLOSED') = (closed_at is not null)), 
	CONSTRAINT ck_loss_cases_reissued CHECK ((outcome is not distinct from 'REPLACED') = (reissued_as_id is not null)), 
	CONSTRAINT ck_loss_cases_c44_original_is_lost CHECK (original_found_at is null or lost_at is not null), 
	CONSTRAINT ck_loss_cases_original CHECK (num_nonnulls(original_found_at, original_found_by, original_note) in (0, 3)), 
	CONSTRAINT fk_loss_cases_org_id FOREIGN KEY(org_id) REFERENCES org_units (id), 
	CONSTRAINT fk_loss_cases_discrepancy_id FOREIGN KEY(discrepancy_id) REFERENCES discrepancies (id), 
	CONSTRAINT fk_loss_cases_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id), 
	CONSTRAINT fk_loss_cases_searched_by FOREIGN KEY(searched_by) REFERENCES staff (id), 
	CONSTRAINT fk_loss_cases_notified_by FOREIGN KEY(notified_by) REFERENCES staff (id), 
	CONSTRAINT fk_loss_cases_lost_operation_id FOREIGN KEY(lost_operation_id) REFERENCES operations (id), 
	CONSTRAINT fk_loss_cases_reissued_as_id FOREIGN KEY(reissued_as_id) REFERENCES archive_records (id), 
	CONSTRAINT fk_loss_cases_original_found_by FOREIGN KEY(original_found_by) REFERENCES staff (id)
);
CREATE INDEX ix_loss_cases_opened_at ON loss_cases (opened_at, id);
CREATE INDEX ix_loss_cases_org_id ON loss_cases (org_id);
CREATE INDEX ix_loss_cases_record_id ON loss_cases (record_id);
CREATE INDEX ix_loss_cases_reissued_as_id ON loss_cases (reissued_as_id);
CREATE INDEX ix_loss_cases_seen_1 ON loss_cases ((visible_to[1]));
CREATE INDEX ix_loss_cases_seen_2 ON loss_cases ((visible_to[2]));
CREATE INDEX ix_loss_cases_seen_3 ON loss_cases ((visible_to[3]));
CREATE INDEX ix_loss_cases_seen_4 ON loss_cases ((visible_to[4]));
CREATE INDEX ix_loss_cases_updated_at ON loss_cases (updated_at);
CREATE UNIQUE INDEX uq_loss_cases_one_open ON loss_cases (record_id) WHERE closed_at is null;
COMMENT ON TABLE loss_cases IS 'What was done about a record that is not there (C44); opened by a trigger with its discrepancy.';
COMMENT ON COLUMN loss_cases.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN loss_cases.org_id IS 'Branch of the record.';
COMMENT ON COLUMN loss_cases.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN loss_cases.discrepancy_id IS 'The discrepancy.';
COMMENT ON COLUMN loss_cases.record_id IS 'The record.';
COMMENT ON COLUMN loss_cases.state IS 'Life cycle.';
COMMENT ON COLUMN loss_cases.back_to IS 'Where the record stood at rest before, and goes back to when it is found (S11).';
COMMENT ON COLUMN loss_cases.opened_at IS 'When it was opened.';
COMMENT ON COLUMN loss_cases.search_log IS 'Where it was sought, when and by whom.';
COMMENT ON COLUMN loss_cases.responsibility IS 'Statement of responsibility.';
COMMENT ON COLUMN loss_cases.searched_by IS 'Who recorded the search.';
COMMENT ON COLUMN loss_cases.searched_at IS 'When.';
COMMENT ON COLUMN loss_cases.notified_by IS 'Who told COMPLIANCE.';
COMMENT ON COLUMN loss_cases.notified_at IS 'When COMPLIANCE was told.';
COMMENT ON COLUMN loss_cases.lost_operation_id IS 'The operation that declared it lost.';
COMMENT ON COLUMN loss_cases.lost_at IS 'When.';
COMMENT ON COLUMN loss_cases.reissued_as_id IS 'The paper that was issued in its place.';
COMMENT ON COLUMN loss_cases.outcome IS 'How it ended.';
COMMENT ON COLUMN loss_cases.closed_at IS 'When.';
COMMENT ON COLUMN loss_cases.original_found_at IS 'When the lost original, void by then, turned up.';
COMMENT ON COLUMN loss_cases.original_found_by IS 'Who recorded that.';
COMMENT ON COLUMN loss_cases.original_note IS 'Where it turned up, and what became of it.';
COMMENT ON COLUMN loss_cases.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN loss_cases.created_at IS 'When the row was made.';
COMMENT ON COLUMN loss_cases.updated_at IS 'Last change; kept by a trigger.';

grant select on loss_cases to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar;
grant update (state, search_log, responsibility, searched_by, searched_at, notified_by, notified_at, lost_operation_id, lost_at, reissued_as_id,
  outcome, closed_at, original_found_at, original_found_by, original_note) on loss_cases to loanfile_app;
grant insert, update (visible_to) on loss_cases to loanfile_registrar;
create policy branch on loss_cases using (case when (select app_everywhere()) then true
  when visible_to && (select app_branches()) then true else false end);
create policy judge_sees_all on loss_cases for select to loanfile_judge using (true);
create policy registrar_keeps_all on loss_cases to loanfile_registrar using (true) with check (true);
alter table loss_cases enable row level security;
alter table loss_cases force row level security;
create trigger tg_touch before update on loss_cases for each row execute function tg_touch();
create trigger tg_row_version after insert or update or delete on loss_cases for each row execute function tg_row_version();
create trigger tg_follow_record before insert on loss_cases for each row execute function tg_follow_record();

create or replace function tg_records_spread() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if tg_op = 'UPDATE' and new.visible_to is distinct from old.visible_to then
    update movements set visible_to = new.visible_to where record_id = new.id;
    update file_items set visible_to = new.visible_to where record_id = new.id;
    update discrepancies set visible_to = new.visible_to where record_id = new.id;
    update scans set visible_to = new.visible_to where record_id = new.id;
    update loss_cases set visible_to = new.visible_to where record_id = new.id;
  end if;
  if new.collateral_id is not null then perform refresh_collateral(new.collateral_id); end if;
  return null;
end $$;

-- S11: where a record stands at rest, whatever phase of a movement it is in.
create function rest_of(tier text, state text) returns text language sql immutable as
  $$ select case when tier = 'FIRST' then 'IN_VAULT' when state in ('SUBMITTED', 'CLOSED_VOLUME', 'ARCHIVED') then state
            when state in ('IN_TRANSIT', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED') then 'CLOSED_VOLUME' else 'FILED' end $$;
create function tg_discrepancies_open_loss() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  insert into loss_cases (org_id, discrepancy_id, record_id, back_to, opened_at)
    select new.org_id, new.id, r.id, rest_of(r.tier, r.state), new.reported_at from archive_records r where r.id = new.record_id;
  return null;
end $$;
alter function tg_discrepancies_open_loss() owner to loanfile_registrar;
create trigger tg_discrepancies_open_loss after insert on discrepancies
  for each row when (new.kind = 'MISSING' and new.item_id is null) execute function tg_discrepancies_open_loss();
set local role loanfile_registrar;
insert into loss_cases (org_id, discrepancy_id, record_id, back_to, opened_at)
  select d.org_id, d.id, r.id, rest_of(r.tier, r.state), d.reported_at from discrepancies d join archive_records r on r.id = d.record_id
  where d.kind = 'MISSING' and d.resolved_at is null;
reset role;

-- C15: an open case makes it MISSING or LOST, whatever the movement says.
create or replace function state_of(record uuid) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(
    (select case when exists (select from loss_cases c where c.discrepancy_id = d.id and c.state = 'LOST') then 'LOST' else 'MISSING' end
     from discrepancies d where d.record_id = record and d.kind = 'MISSING' and d.item_id is null and d.resolved_at is null),
    (select case when m.returned_at is not null then 'RETURN_PENDING'
                 when m.out_at is null then 'RESERVED'
                 when m.kind = 'READING' then 'READING'
                 when m.kind = 'TRANSIT' then 'IN_TRANSIT' else 'CHECKED_OUT' end
     from movements m where m.record_id = record and m.kind <> 'ACT' and m.closed_at is null), 'AT REST') $$;
create constraint trigger ct_archive_records_c15_state_is_rows after update of state on loss_cases
  deferrable initially deferred for each row execute function ct_archive_records_c15_state_is_rows();

-- A missing paper of a volume freezes the volume, but does not make it missing.
create or replace function frozen_kinds(record uuid) returns text[]
language sql stable security definer set search_path = public, pg_temp as $$
  select array(select case when d.item_id is null then d.kind else 'ITEM' end from discrepancies d
      where d.record_id = record and d.resolved_at is null
    union select 'SLOT' from archive_records r join archive_records x on x.envelope_id = r.envelope_id and x.id <> r.id
      join discrepancies d on d.record_id = x.id and d.resolved_at is null where r.id = record order by 1) $$;

-- C11: of an entry only what ends in the vault is booked in; what was lost went off with its case.
create or replace function ct_operations_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare act acts; begin
  select * into act from acts where action = new.action;
  if exists (select from unnest(new.required_seats) s where s not in (select seat from operation_seats where operation_id = new.id)) then
    perform broken('ct_operations_c1_all_seats'); end if;
  if act.is_exit and not exists (select from tickets t where t.operation_id = new.id) then
    perform broken('ct_operations_c10_exit_has_ticket'); end if;
  if new.tier = 'FIRST' and (act.is_exit or act.is_entry) and
      (select count(*) from archive_records r where r.id = any (new.record_ids) and (act.is_exit or r.state = 'IN_VAULT')) <>
      (select count(*) from off_balance_entries e where e.operation_id = new.id) then
    perform broken('ct_operations_c11_off_balance'); end if;
  return null;
end $$;
-- C48: what is resolved, lost or closed is not told anew.
create function tg_discrepancies_c48_final() returns trigger language plpgsql as $$ begin
  perform broken('tg_discrepancies_c48_final');
  return null;
end $$;
create trigger tg_discrepancies_c48_final before update of state, resolved_at, resolution, owner_id, deadline_at, resolved_by, signed_by, signed_at
  on discrepancies for each row when (old.state = 'RESOLVED') execute function tg_discrepancies_c48_final();
create function tg_loss_cases_step() returns trigger language plpgsql as $$ begin
  if old.state <> new.state and not ((old.state, new.state) in (('OPEN', 'SEARCHED'), ('SEARCHED', 'LOST'))
      or new.state = 'CLOSED' and case when old.state = 'LOST' then new.outcome in ('REPLACED', 'CLOSED_LOST') else new.outcome = 'FOUND' end) then
    perform broken('tg_loss_cases_c44_step'); end if;
  if old.state in ('LOST', 'CLOSED') and (old.search_log, old.responsibility, old.searched_at, old.notified_at, old.lost_at, old.lost_operation_id)
        is distinct from (new.search_log, new.responsibility, new.searched_at, new.notified_at, new.lost_at, new.lost_operation_id)
     or old.state = 'CLOSED' and (old.outcome, old.closed_at, old.reissued_as_id) is distinct from (new.outcome, new.closed_at, new.reissued_as_id)
     or old.original_found_at is not null and new.original_found_at is distinct from old.original_found_at then
    perform broken('tg_loss_cases_c48_final'); end if;
  return new;
end $$;
create trigger tg_loss_cases_step before update on loss_cases for each row execute function tg_loss_cases_step();

-- F15, S11: found means inspected, in the operation that puts it back, and back to where it stood.
create function ct_archive_records_found() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare c loss_cases; begin
  select * into c from loss_cases x where x.record_id = new.id and x.outcome = 'FOUND' order by x.closed_at desc limit 1;
  if c.back_to is distinct from new.state then perform broken('ct_archive_records_c15_back'); end if;
  if not exists (select from return_inspections i join operations o on o.id = i.operation_id where i.discrepancy_id = c.discrepancy_id
                 and i.record_id = new.id and i.passed and o.done_in = pg_current_xact_id()) then
    perform broken('ct_archive_records_c26_found_inspected'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_found after update of state on archive_records deferrable initially deferred
  for each row when (old.state = 'MISSING' and new.state not in ('MISSING', 'LOST')) execute function ct_archive_records_found();

-- F17: one paper in the place of one, each names the other, and the old number is void for ever.
create function reissue_fits(lost uuid, reissued uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from archive_records o join archive_records n on n.id = reissued and n.id <> o.id
    left join collateral_certificates oc on oc.id = o.certificate_id left join collateral_certificates nc on nc.id = n.certificate_id
    where o.id = lost and o.tier = 'FIRST' and n.tier = 'FIRST' and n.kind = o.kind and n.collateral_id is not distinct from o.collateral_id
      and (oc.id is null) = (nc.id is null) and (nc.id is null or nc.is_live and nc.number <> oc.number and nc.kind = oc.kind)
      and not exists (select from loss_cases c where c.reissued_as_id = n.id and c.record_id <> o.id)) $$;
create function ct_archive_records_c44_reissue_linked() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from loss_cases c join archive_records n on n.id = c.reissued_as_id
      left join collateral_certificates nc on nc.id = n.certificate_id left join collateral_certificates oc on oc.id = new.certificate_id
      where c.record_id = new.id and c.outcome = 'REPLACED' and n.state = 'IN_VAULT' and reissue_fits(new.id, n.id)
        and (oc.id is null or oc.voided_at is not null and nc.replaces_id = oc.id)) then
    perform broken('ct_archive_records_c44_reissue_linked'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_c44_reissue_linked after update of state on archive_records deferrable initially deferred
  for each row when (old.state = 'LOST' and new.state = 'REPLACED') execute function ct_archive_records_c44_reissue_linked();
create function tg_collateral_certificates_c44_void_for_ever() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if tg_op = 'UPDATE' and old.voided_at is not null and (new.voided_at is distinct from old.voided_at or new.number <> old.number)
     or exists (select from collateral_certificates c where c.number = new.number and c.id <> new.id and c.voided_at is not null) then
    perform broken('tg_collateral_certificates_c44_void_for_ever'); end if;
  return new;
end $$;
create trigger tg_collateral_certificates_c44_void_for_ever before insert or update of number, voided_at on collateral_certificates
  for each row execute function tg_collateral_certificates_c44_void_for_ever();

-- F18: nothing is owed any more, and the payoff cannot bounce. Of a payoff that is neither cash nor cleared, some working days.
create function settled_for_good(ids uuid[]) returns table (record_id uuid, is_settled boolean, final_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, r.primary_loan_id is null or coalesce(p.principal_amount + p.interest_amount + p.fees_amount = 0 and p.settled_at is not null, false),
    case when p.settled_at is null then null when p.payoff_kind = 'CASH' then p.settled_at when p.payoff_cleared_at is not null then p.payoff_cleared_at
      else (select (day::date + time '17:30') at time zone 'Asia/Shanghai' from generate_series(
          (p.settled_at at time zone 'Asia/Shanghai')::date + 1, (p.settled_at at time zone 'Asia/Shanghai')::date + 90, interval '1 day') day
        where is_working_day(day::date) order by day offset 9 limit 1) end
  from archive_records r left join lateral (select * from loan_positions x where x.loan_id = r.primary_loan_id order by x.as_of desc limit 1) p on true
  where r.id = any (ids) $$;
create function ct_archive_records_lost_settled() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare s record; closed timestamptz; begin
  select * into s from settled_for_good(array[new.id]);
  select max(c.closed_at) into closed from loss_cases c where c.record_id = new.id and c.outcome = 'CLOSED_LOST';
  if not s.is_settled then perform broken('ct_archive_records_c34_lost_settled'); end if;
  if closed is null or s.final_at > closed then perform broken('ct_archive_records_c35_lost_final'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_lost_settled after update of state on archive_records deferrable initially deferred
  for each row when (old.state = 'LOST' and new.state = 'CLOSED_LOST') execute function ct_archive_records_lost_settled();

do $$ declare f text; begin
  foreach f in array array['ct_archive_records_found()', 'reissue_fits(uuid, uuid)', 'ct_archive_records_c44_reissue_linked()',
                           'tg_collateral_certificates_c44_void_for_ever()', 'settled_for_good(uuid[])', 'ct_archive_records_lost_settled()'] loop
    execute format('alter function %s owner to loanfile_judge', f);
  end loop;
end $$;
