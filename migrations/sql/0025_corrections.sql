-- What was mistyped is put right by two people; PostgreSQL carries it out, history stays as it was written (C48).
insert into acts (action, is_exit, is_entry, at_desk) values
  ('CORRECT', false, false, true);

insert into act_seats (action, tier, seat) values
  ('CORRECT', 'FIRST', 'PROPOSER'),
  ('CORRECT', 'FIRST', 'SECOND'),
  ('CORRECT', 'SECOND', 'PROPOSER'),
  ('CORRECT', 'SECOND', 'SECOND');

insert into transitions (tier, start, action, finish, code) values
  ('FIRST', 'AWAITED', 'CORRECT', 'AWAITED', '–'),
  ('FIRST', 'CHECKED_OUT', 'CORRECT', 'CHECKED_OUT', '–'),
  ('FIRST', 'CLOSED_LOST', 'CORRECT', 'CLOSED_LOST', '–'),
  ('FIRST', 'IN_TRANSIT', 'CORRECT', 'IN_TRANSIT', '–'),
  ('FIRST', 'IN_VAULT', 'CORRECT', 'IN_VAULT', '–'),
  ('FIRST', 'LOST', 'CORRECT', 'LOST', '–'),
  ('FIRST', 'MISSING', 'CORRECT', 'MISSING', '–'),
  ('FIRST', 'PENDING_INTAKE', 'CORRECT', 'PENDING_INTAKE', '–'),
  ('FIRST', 'RELEASED', 'CORRECT', 'RELEASED', '–'),
  ('FIRST', 'REPLACED', 'CORRECT', 'REPLACED', '–'),
  ('FIRST', 'RESERVED', 'CORRECT', 'RESERVED', '–'),
  ('FIRST', 'RETURN_PENDING', 'CORRECT', 'RETURN_PENDING', '–'),
  ('FIRST', 'SUBSTITUTED', 'CORRECT', 'SUBSTITUTED', '–'),
  ('FIRST', 'SURRENDERED', 'CORRECT', 'SURRENDERED', '–'),
  ('SECOND', 'ARCHIVED', 'CORRECT', 'ARCHIVED', '–'),
  ('SECOND', 'CHECKED_OUT', 'CORRECT', 'CHECKED_OUT', '–'),
  ('SECOND', 'CLOSED_LOST', 'CORRECT', 'CLOSED_LOST', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'CORRECT', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'COLLECTING', 'CORRECT', 'COLLECTING', '–'),
  ('SECOND', 'DESTROYED', 'CORRECT', 'DESTROYED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'CORRECT', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'CORRECT', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'FILED', 'CORRECT', 'FILED', '–'),
  ('SECOND', 'IN_TRANSIT', 'CORRECT', 'IN_TRANSIT', '–'),
  ('SECOND', 'LOST', 'CORRECT', 'LOST', '–'),
  ('SECOND', 'MISSING', 'CORRECT', 'MISSING', '–'),
  ('SECOND', 'READING', 'CORRECT', 'READING', '–'),
  ('SECOND', 'RESERVED', 'CORRECT', 'RESERVED', '–'),
  ('SECOND', 'RETURN_PENDING', 'CORRECT', 'RETURN_PENDING', '–'),
  ('SECOND', 'SUBMITTED', 'CORRECT', 'SUBMITTED', '–');
CREATE TABLE corrections (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    operation_id UUID NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    record_id UUID,
    field TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence_id UUID NOT NULL,
    proposed_by UUID NOT NULL,
    confirmed_by UUID NOT NULL,
    corrected_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_corrections PRIMARY KEY (id),
    CONSTRAINT ck_corrections_subject_kind CHECK (subject_kind in ('EVENT', 'RECORD', 'FILE_ITEM', 'CERTIFICATE', 'CONTRACT')),
    CONSTRAINT ck_corrections_c48_reason CHECK (length(trim(reason)) > 0),
    CONSTRAINT ck_corrections_c48_changes CHECK (old_value is distinct from new_value),
    CONSTRAINT uq_corrections_operation_id UNIQUE (operation_id),
    CONSTRAINT fk_corrections_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_corrections_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id),
    CONSTRAINT fk_corrections_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_corrections_evidence_id FOREIGN KEY(evidence_id) REFERENCES scans (id),
    CONSTRAINT fk_corrections_proposed_by FOREIGN KEY(proposed_by) REFERENCES staff (id),
    CONSTRAINT fk_corrections_confirmed_by FOREIGN KEY(confirmed_by) REFERENCES staff (id)
);
CREATE INDEX ix_corrections_confirmed_by ON corrections (confirmed_by);
CREATE INDEX ix_corrections_corrected_at ON corrections (corrected_at, id);
CREATE INDEX ix_corrections_org_id ON corrections (org_id);
CREATE INDEX ix_corrections_proposed_by ON corrections (proposed_by);
CREATE INDEX ix_corrections_record_id ON corrections (record_id);
CREATE INDEX ix_corrections_subject_id ON corrections (subject_id);
COMMENT ON TABLE corrections IS 'What was mistyped and put right by two people, append-only (C48); written by the trigger of the operation alone.';
COMMENT ON COLUMN corrections.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN corrections.org_id IS 'Unit of whoever proposed it.';
COMMENT ON COLUMN corrections.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN corrections.operation_id IS 'The operation of the two.';
COMMENT ON COLUMN corrections.subject_kind IS 'What was corrected.';
COMMENT ON COLUMN corrections.subject_id IS 'Its id.';
COMMENT ON COLUMN corrections.record_id IS 'The record that it belongs to.';
COMMENT ON COLUMN corrections.field IS 'Which field, or which fact of an event.';
COMMENT ON COLUMN corrections.old_value IS 'What stood there.';
COMMENT ON COLUMN corrections.new_value IS 'What is right.';
COMMENT ON COLUMN corrections.reason IS 'Why, in words.';
COMMENT ON COLUMN corrections.evidence_id IS 'The scan that shows it.';
COMMENT ON COLUMN corrections.proposed_by IS 'Who proposed it.';
COMMENT ON COLUMN corrections.confirmed_by IS 'Who confirmed it.';
COMMENT ON COLUMN corrections.corrected_at IS 'When it was confirmed.';

create trigger tg_append_only_c48 before delete or truncate on corrections execute function tg_append_only_c48();
create trigger tg_append_only_c48_update before update on corrections execute function tg_append_only_c48();
alter table corrections enable row level security;
alter table corrections force row level security;
create policy judge_sees_all on corrections for select to loanfile_judge using (true);
create policy registrar_keeps_all on corrections to loanfile_registrar using (true) with check (true);
create policy branch on corrections using (case when (select app_everywhere()) then true
  when visible_to && (select app_branches()) then true else false end);
grant select on corrections to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar;
grant insert on corrections to loanfile_registrar;

-- Whether the number is another's, in whatever branch.
create function correction_taken(of text, field text, subject uuid, value text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select case of || '.' || field
    when 'CERTIFICATE.number' then exists (select from collateral_certificates c where c.number = value and c.is_live and c.id <> subject)
    when 'CONTRACT.number' then exists (select from contracts c where c.number = value and c.id <> subject)
    else false end $$;
alter function correction_taken(text, text, uuid, text) owner to loanfile_judge;

-- C48: a closed list of what may be put right, carried out once, when the second person sits down; an event is never changed.
create function tg_operations_c48_correct() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare d jsonb := new.ask->'detail'; what uuid := (d->>'subject')::uuid; value text := d->>'value'; old text; begin
  case (d->>'of') || '.' || (d->>'field')
  when 'RECORD.title' then select title into old from archive_records where id = what for update;
    update archive_records set title = value where id = what;
  when 'RECORD.pages' then select pages into old from archive_records where id = what for update;
    update archive_records set pages = value::integer where id = what;
  when 'FILE_ITEM.title' then select title into old from file_items where id = what for update;
    update file_items set title = value where id = what;
  when 'FILE_ITEM.pages' then select pages into old from file_items where id = what for update;
    update file_items set pages = value::integer where id = what;
  when 'CERTIFICATE.number' then select number into old from collateral_certificates where id = what for update;
    update collateral_certificates set number = value where id = what;
  when 'CERTIFICATE.registrationNo' then select registration_no into old from collateral_certificates where id = what for update;
    update collateral_certificates set registration_no = value where id = what;
  when 'CERTIFICATE.issuedOn' then select issued_on into old from collateral_certificates where id = what for update;
    update collateral_certificates set issued_on = value::date where id = what;
  when 'CONTRACT.number' then select number into old from contracts where id = what for update;
    update contracts set number = value where id = what;
  when 'CONTRACT.signedOn' then select signed_on into old from contracts where id = what for update;
    update contracts set signed_on = value::date where id = what;
  else
    if d->>'of' = 'EVENT' and d->>'field' in ('archive_no', 'barcode', 'seal_no') then  -- the 17 bytes before are the tag
      select convert_from(substr(canonical, 18), 'UTF8')::jsonb->'detail'->>(d->>'field') into old from events where id = what;
    end if;
    if old is null then perform broken('tg_operations_c48_correctable'); end if;
  end case;
  if not exists (select from scans s where s.id = (d->>'evidence')::uuid and s.status = 'STORED'
                 and (cardinality(new.record_ids) = 0 or s.record_id = any (new.record_ids))) then
    perform broken('tg_operations_c48_evidence'); end if;
  insert into corrections (id, org_id, visible_to, operation_id, subject_kind, subject_id, record_id, field, old_value, new_value, reason,
                           evidence_id, proposed_by, confirmed_by, corrected_at)
  values (new.id, new.org_id, new.visible_to, new.id, d->>'of', what, new.record_ids[1], d->>'field', old, value, coalesce(new.ask->>'reason', ''),
          (d->>'evidence')::uuid, (select staff_id from operation_seats where operation_id = new.id and seat = 'PROPOSER'),
          (select staff_id from operation_seats where operation_id = new.id and seat = 'SECOND'), new.done_at);
  return null;
end $$;
alter function tg_operations_c48_correct() owner to loanfile_registrar;
create trigger tg_operations_c48_correct after update of state on operations
  for each row when (new.state = 'DONE' and old.state = 'PENDING' and new.action = 'CORRECT') execute function tg_operations_c48_correct();
grant update (title, pages) on archive_records, file_items to loanfile_registrar;
grant update (number, registration_no, issued_on) on collateral_certificates to loanfile_registrar;
grant update (number, signed_on) on contracts to loanfile_registrar;
