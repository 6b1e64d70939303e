-- The life of first-tier papers at the vault: expected, arrived, sealed, taken in, moved, opened, lent with a letter, come back changed.
CREATE TABLE bailee_letters (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    request_id UUID NOT NULL,
    letter_no TEXT NOT NULL,
    kind TEXT NOT NULL,
    bailee TEXT NOT NULL,
    signed_on DATE NOT NULL,
    return_by DATE NOT NULL,
    scan_id UUID,
    registered_by UUID NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_bailee_letters PRIMARY KEY (id),
    CONSTRAINT ck_bailee_letters_kind CHECK (kind in ('REGISTRY', 'COURT', 'COUNSEL', 'OTHER')),
    CONSTRAINT uq_bailee_letters_org_id_letter_no UNIQUE (org_id, letter_no),
    CONSTRAINT ck_bailee_letters_c40_return_duty CHECK (return_by >= signed_on),
    CONSTRAINT fk_bailee_letters_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_bailee_letters_request_id FOREIGN KEY(request_id) REFERENCES access_requests (id),
    CONSTRAINT fk_bailee_letters_scan_id FOREIGN KEY(scan_id) REFERENCES scans (id),
    CONSTRAINT fk_bailee_letters_registered_by FOREIGN KEY(registered_by) REFERENCES staff (id)
);
CREATE INDEX ix_bailee_letters_org_id ON bailee_letters (org_id);
CREATE INDEX ix_bailee_letters_request_id ON bailee_letters (request_id);
CREATE INDEX ix_bailee_letters_scan_id ON bailee_letters (scan_id);
COMMENT ON TABLE bailee_letters IS 'Signed letters (受托保管函) by which somebody outside the bank keeps papers in trust and must return them, append-only (C40).';
COMMENT ON COLUMN bailee_letters.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN bailee_letters.org_id IS 'Unit of whoever registered it.';
COMMENT ON COLUMN bailee_letters.request_id IS 'The request under which the papers leave.';
COMMENT ON COLUMN bailee_letters.letter_no IS 'Number on the letter.';
COMMENT ON COLUMN bailee_letters.kind IS 'Who keeps the papers.';
COMMENT ON COLUMN bailee_letters.bailee IS 'The office, court or firm, by name.';
COMMENT ON COLUMN bailee_letters.signed_on IS 'Day of the signature.';
COMMENT ON COLUMN bailee_letters.return_by IS 'Day by which the letter promises the return.';
COMMENT ON COLUMN bailee_letters.scan_id IS 'Scan of the letter.';
COMMENT ON COLUMN bailee_letters.registered_by IS 'Who registered it.';
COMMENT ON COLUMN bailee_letters.registered_at IS 'When.';

CREATE TABLE return_claims (
    id UUID DEFAULT uuidv7() NOT NULL,
    movement_id UUID NOT NULL,
    claimed_by UUID NOT NULL,
    claimed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    statement TEXT NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE,
    resolved_by UUID,
    resolution TEXT,
    findings TEXT,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_return_claims PRIMARY KEY (id),
    CONSTRAINT ck_return_claims_resolution CHECK (resolution in ('RETURNED_BY_HOLDER', 'FOUND_IN_VAULT')),
    CONSTRAINT ck_return_claims_c25_resolved CHECK (num_nulls(resolved_at, resolved_by, resolution) in (0, 3)),
    CONSTRAINT ck_return_claims_c25_second_person CHECK (resolved_by is null or resolved_by <> claimed_by),
    CONSTRAINT fk_return_claims_movement_id FOREIGN KEY(movement_id) REFERENCES movements (id),
    CONSTRAINT fk_return_claims_claimed_by FOREIGN KEY(claimed_by) REFERENCES staff (id),
    CONSTRAINT fk_return_claims_resolved_by FOREIGN KEY(resolved_by) REFERENCES staff (id)
);
CREATE INDEX ix_return_claims_movement_id ON return_claims (movement_id);
CREATE INDEX ix_return_claims_updated_at ON return_claims (updated_at);
CREATE UNIQUE INDEX uq_return_claims_c25_one_open ON return_claims (movement_id) WHERE resolved_at is null;
COMMENT ON TABLE return_claims IS 'What a holder says who is asked for papers that they returned already (C25).';
COMMENT ON COLUMN return_claims.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN return_claims.movement_id IS 'Of which checkout.';
COMMENT ON COLUMN return_claims.claimed_by IS 'The holder.';
COMMENT ON COLUMN return_claims.claimed_at IS 'When.';
COMMENT ON COLUMN return_claims.statement IS 'In words.';
COMMENT ON COLUMN return_claims.resolved_at IS 'When it was resolved.';
COMMENT ON COLUMN return_claims.resolved_by IS 'Who resolved it, another person.';
COMMENT ON COLUMN return_claims.resolution IS 'How it ended.';
COMMENT ON COLUMN return_claims.findings IS 'What was found, in words.';
COMMENT ON COLUMN return_claims.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN return_claims.created_at IS 'When the row was made.';
COMMENT ON COLUMN return_claims.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE registry_checks (
    id UUID DEFAULT uuidv7() NOT NULL,
    certificate_id UUID NOT NULL,
    record_id UUID NOT NULL,
    checked_by UUID NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reference TEXT NOT NULL,
    is_valid BOOLEAN NOT NULL,
    findings TEXT,
    CONSTRAINT pk_registry_checks PRIMARY KEY (id),
    CONSTRAINT fk_registry_checks_certificate_id FOREIGN KEY(certificate_id) REFERENCES collateral_certificates (id),
    CONSTRAINT fk_registry_checks_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_registry_checks_checked_by FOREIGN KEY(checked_by) REFERENCES staff (id)
);
CREATE INDEX ix_registry_checks_certificate_id ON registry_checks (certificate_id);
CREATE INDEX ix_registry_checks_record_id ON registry_checks (record_id);
COMMENT ON TABLE registry_checks IS 'What the registry said of an electronic certificate, append-only (C55).';
COMMENT ON COLUMN registry_checks.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN registry_checks.certificate_id IS 'The certificate.';
COMMENT ON COLUMN registry_checks.record_id IS 'Its record.';
COMMENT ON COLUMN registry_checks.checked_by IS 'Who asked the registry.';
COMMENT ON COLUMN registry_checks.checked_at IS 'When.';
COMMENT ON COLUMN registry_checks.reference IS 'Reference under which it was found.';
COMMENT ON COLUMN registry_checks.is_valid IS 'Whether the registry still shows the bank''s right.';
COMMENT ON COLUMN registry_checks.findings IS 'In words.';

CREATE TABLE intake_receipts (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    receipt_no BIGINT GENERATED ALWAYS AS IDENTITY,
    operation_id UUID NOT NULL,
    keeper_id UUID NOT NULL,
    officer_id UUID,
    customer_id UUID,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_intake_receipts PRIMARY KEY (id),
    CONSTRAINT uq_intake_receipts_receipt_no UNIQUE (receipt_no),
    CONSTRAINT uq_intake_receipts_operation_id UNIQUE (operation_id),
    CONSTRAINT fk_intake_receipts_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_intake_receipts_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id),
    CONSTRAINT fk_intake_receipts_keeper_id FOREIGN KEY(keeper_id) REFERENCES staff (id),
    CONSTRAINT fk_intake_receipts_officer_id FOREIGN KEY(officer_id) REFERENCES staff (id),
    CONSTRAINT fk_intake_receipts_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id)
);
CREATE INDEX ix_intake_receipts_customer_id ON intake_receipts (customer_id);
CREATE INDEX ix_intake_receipts_org_id ON intake_receipts (org_id);
COMMENT ON TABLE intake_receipts IS 'Three-part receipts of papers taken into a vault: for the keepers, the business officer and the borrower, append-only (F2).';
COMMENT ON COLUMN intake_receipts.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN intake_receipts.org_id IS 'The unit whose vault it is.';
COMMENT ON COLUMN intake_receipts.receipt_no IS 'Number on all three parts.';
COMMENT ON COLUMN intake_receipts.operation_id IS 'The intake.';
COMMENT ON COLUMN intake_receipts.keeper_id IS 'Who keeps the first part: the keeper with the key.';
COMMENT ON COLUMN intake_receipts.officer_id IS 'Who gets the second part: the officer who delivered the papers.';
COMMENT ON COLUMN intake_receipts.customer_id IS 'Who gets the third part: the borrower.';
COMMENT ON COLUMN intake_receipts.issued_at IS 'When.';

CREATE TABLE emergency_reviews (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    operation_id UUID NOT NULL,
    reason TEXT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reviewed_at TIMESTAMP WITH TIME ZONE,
    reviewed_by UUID,
    finding TEXT,
    comment TEXT,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_emergency_reviews PRIMARY KEY (id),
    CONSTRAINT ck_emergency_reviews_finding CHECK (finding in ('JUSTIFIED', 'NOT_JUSTIFIED')),
    CONSTRAINT uq_emergency_reviews_operation_id UNIQUE (operation_id),
    CONSTRAINT ck_emergency_reviews_c1_reviewed CHECK (num_nulls(reviewed_at, reviewed_by, finding) in (0, 3)),
    CONSTRAINT fk_emergency_reviews_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_emergency_reviews_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id),
    CONSTRAINT fk_emergency_reviews_reviewed_by FOREIGN KEY(reviewed_by) REFERENCES staff (id)
);
CREATE INDEX ix_emergency_reviews_open ON emergency_reviews (due_at) WHERE reviewed_at is null;
CREATE INDEX ix_emergency_reviews_org_id ON emergency_reviews (org_id);
CREATE INDEX ix_emergency_reviews_updated_at ON emergency_reviews (updated_at);
COMMENT ON TABLE emergency_reviews IS 'Emergencies in which substitutes took the seats of keepers, and their review by somebody else (C1).';
COMMENT ON COLUMN emergency_reviews.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN emergency_reviews.org_id IS 'The unit of the operation.';
COMMENT ON COLUMN emergency_reviews.operation_id IS 'The operation.';
COMMENT ON COLUMN emergency_reviews.reason IS 'Why it was an emergency.';
COMMENT ON COLUMN emergency_reviews.opened_at IS 'When.';
COMMENT ON COLUMN emergency_reviews.due_at IS 'Until when it must be reviewed.';
COMMENT ON COLUMN emergency_reviews.reviewed_at IS 'When it was reviewed.';
COMMENT ON COLUMN emergency_reviews.reviewed_by IS 'Who reviewed it.';
COMMENT ON COLUMN emergency_reviews.finding IS 'What the review found.';
COMMENT ON COLUMN emergency_reviews.comment IS 'In words.';
COMMENT ON COLUMN emergency_reviews.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN emergency_reviews.created_at IS 'When the row was made.';
COMMENT ON COLUMN emergency_reviews.updated_at IS 'Last change; kept by a trigger.';

do $$ declare name text; begin
  foreach name in array array['bailee_letters', 'return_claims', 'registry_checks', 'intake_receipts', 'emergency_reviews'] loop
    execute format('create trigger tg_row_version after insert or update or delete on %I for each row execute function tg_row_version()', name);
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy judge_sees_all on %I for select to loanfile_judge using (true)', name);
    execute format('create policy registrar_keeps_all on %I to loanfile_registrar using (true) with check (true)', name);
    execute format('grant select on %I to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar', name);
    execute format('grant insert on %I to loanfile_app', name);
    execute format('create trigger tg_append_only_c48 before delete or truncate on %I execute function tg_append_only_c48()', name);
  end loop;
  foreach name in array array['bailee_letters', 'registry_checks', 'intake_receipts'] loop
    execute format('create trigger tg_append_only_c48_update before update on %I execute function tg_append_only_c48()', name);
  end loop;
  foreach name in array array['return_claims', 'emergency_reviews'] loop
    execute format('create trigger tg_touch before update on %I for each row execute function tg_touch()', name);
  end loop;
end $$;
create policy branch on emergency_reviews using (case when (select app_everywhere()) then true
  when org_id = any ((select app_branches())::uuid[]) then true else false end);
create policy branch on bailee_letters using (exists (select from access_requests p where p.id = request_id));
create policy branch on return_claims using (exists (select from movements p where p.id = movement_id));
create policy branch on registry_checks using (exists (select from collateral_certificates p where p.id = certificate_id));
create policy branch on intake_receipts using (exists (select from operations p where p.id = operation_id));
grant update (resolved_at, resolved_by, resolution, findings) on return_claims to loanfile_app;
grant update (reviewed_at, reviewed_by, finding, comment) on emergency_reviews to loanfile_app;

-- Columns ---------------------------------------------------------------------------------------------------------------
alter table acts add column part_of text;
comment on column acts.part_of is 'The act whose operation alone may carry it; null where it stands for itself.';
alter table purposes add column leaves_bank boolean;
comment on column purposes.leaves_bank is 'Whether the papers leave the bank (C40); null where the request says.';
update purposes set leaves_bank = purpose <> 'AUDIT_READING' where tier = 'FIRST' and purpose <> 'OTHER';
alter table access_requests add column outside_bank boolean default false not null;
comment on column access_requests.outside_bank is 'Whether the papers leave the bank; set by the purpose where it says so (C40).';
alter table archive_records add column from_whom text, add column copies integer default 1 not null,
  add column is_original boolean default true not null;
comment on column archive_records.from_whom is 'From whom an awaited paper should come.';
comment on column archive_records.copies is 'How many of it there are (C30).';
comment on column archive_records.is_original is 'Original or copy.';
alter table archive_records add constraint ck_archive_records_c30_itemised
  check (state <> 'IN_VAULT' or (pages > 0 and copies > 0)) not valid;
alter table archive_records validate constraint ck_archive_records_c30_itemised;
alter table collateral_certificates add column vin text, add column owner_name text;
comment on column collateral_certificates.vin is 'Vehicle identification number that stands on it (C12).';
comment on column collateral_certificates.owner_name is 'Owner whom it names (C12).';
alter table collateral_certificates add constraint ck_collateral_certificates_c55_reference
  check (not is_electronic or registry_reference is not null) not valid;
alter table collateral_certificates validate constraint ck_collateral_certificates_c55_reference;
alter table return_inspections add column shows_mortgage boolean;
comment on column return_inspections.shows_mortgage is 'Whether a certificate still shows the bank''s mortgage entry (C54).';
alter table off_balance_entries add column failure text;
comment on column off_balance_entries.failure is 'Why core banking did not book it.';
alter table off_balance_entries add constraint ck_off_balance_entries_c11_serial
  check ((state = 'BOOKED') = (serial_no is not null) and (state = 'BOOKED') = (booked_at is not null)) not valid;
alter table off_balance_entries validate constraint ck_off_balance_entries_c11_serial;
alter table off_balance_entries add constraint ck_off_balance_entries_c11_failure check (state <> 'FAILED' or failure is not null) not valid;
alter table off_balance_entries validate constraint ck_off_balance_entries_c11_failure;
grant update (copies, is_original, expected_by, from_whom) on archive_records to loanfile_app;
grant update (issuer, issued_on, expires_on, right_amount, registration_no, is_electronic, registry_reference, vin, owner_name, is_live,
  replaces_id) on collateral_certificates to loanfile_app;
grant update (plate_no) on collateral to loanfile_app;
grant update (failure) on off_balance_entries to loanfile_app;

insert into acts (action, is_exit, is_entry, at_desk) values
  ('ACCEPT_CHANGED_RETURN', false, true, false),
  ('BOOK_OFF_BALANCE_ENTRY', false, false, false),
  ('CLAIM_RETURNED', false, false, false),
  ('EXPECT_PAPER', false, false, false),
  ('MOVE_LOCATION', false, false, false),
  ('OPEN_ENVELOPE', false, false, false),
  ('RECORD_ARRIVAL', false, false, false),
  ('RECORD_REGISTRY_CHECK', false, false, false),
  ('REFUSE_INTAKE', false, false, false),
  ('REGISTER_BAILEE_LETTER', false, false, false),
  ('REGISTER_FIRST_TIER', false, false, false),
  ('REPLACE_RETURNED', false, false, false),
  ('REPORT_BROKEN_SEAL', false, false, false),
  ('RESOLVE_CLAIM', false, false, false),
  ('REVIEW_EMERGENCY', false, false, false),
  ('SEAL_ENVELOPE', false, false, false),
  ('VOID_TICKET', false, false, false);

insert into act_seats (action, tier, seat) values
  ('ACCEPT_CHANGED_RETURN', 'FIRST', 'CLERK'),
  ('ACCEPT_CHANGED_RETURN', 'FIRST', 'CODE'),
  ('ACCEPT_CHANGED_RETURN', 'FIRST', 'KEY'),
  ('MOVE_LOCATION', 'FIRST', 'CLERK'),
  ('MOVE_LOCATION', 'FIRST', 'CODE'),
  ('MOVE_LOCATION', 'FIRST', 'KEY'),
  ('OPEN_ENVELOPE', 'FIRST', 'CODE'),
  ('OPEN_ENVELOPE', 'FIRST', 'KEY'),
  ('SEAL_ENVELOPE', 'FIRST', 'CODE'),
  ('SEAL_ENVELOPE', 'FIRST', 'KEY');

insert into transitions (tier, start, action, finish, code) values
  ('FIRST', 'AWAITED', 'RECORD_ARRIVAL', 'PENDING_INTAKE', 'F0'),
  ('FIRST', 'CHECKED_OUT', 'CLAIM_RETURNED', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'REGISTER_BAILEE_LETTER', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'REPORT_BROKEN_SEAL', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'RESOLVE_CLAIM', 'CHECKED_OUT', '–'),
  ('FIRST', 'IN_TRANSIT', 'REPORT_BROKEN_SEAL', 'IN_TRANSIT', '–'),
  ('FIRST', 'IN_VAULT', 'MOVE_LOCATION', 'IN_VAULT', 'F19'),
  ('FIRST', 'IN_VAULT', 'OPEN_ENVELOPE', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'RECORD_REGISTRY_CHECK', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'REGISTER_BAILEE_LETTER', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'REPORT_BROKEN_SEAL', 'IN_VAULT', '–'),
  ('FIRST', 'MISSING', 'CLAIM_RETURNED', 'MISSING', '–'),
  ('FIRST', 'MISSING', 'RESOLVE_CLAIM', 'MISSING', '–'),
  ('FIRST', 'PENDING_INTAKE', 'ACCEPT_CHANGED_RETURN', 'IN_VAULT', 'F8b'),
  ('FIRST', 'PENDING_INTAKE', 'REFUSE_INTAKE', 'AWAITED', 'F1b'),
  ('FIRST', 'PENDING_INTAKE', 'REPORT_BROKEN_SEAL', 'PENDING_INTAKE', '–'),
  ('FIRST', 'PENDING_INTAKE', 'SEAL_ENVELOPE', 'PENDING_INTAKE', 'F2'),
  ('FIRST', 'RESERVED', 'RECORD_REGISTRY_CHECK', 'RESERVED', '–'),
  ('FIRST', 'RESERVED', 'REGISTER_BAILEE_LETTER', 'RESERVED', '–'),
  ('FIRST', 'RESERVED', 'REPORT_BROKEN_SEAL', 'RESERVED', '–'),
  ('FIRST', 'RETURN_PENDING', 'ACCEPT_CHANGED_RETURN', 'IN_VAULT', 'F8b'),
  ('FIRST', 'RETURN_PENDING', 'REPLACE_RETURNED', 'REPLACED', 'F8b'),
  ('FIRST', 'RETURN_PENDING', 'REPORT_BROKEN_SEAL', 'RETURN_PENDING', '–'),
  ('SECOND', 'CHECKED_OUT', 'CLAIM_RETURNED', 'CHECKED_OUT', '–'),
  ('SECOND', 'CHECKED_OUT', 'RESOLVE_CLAIM', 'CHECKED_OUT', '–'),
  ('SECOND', 'MISSING', 'CLAIM_RETURNED', 'MISSING', '–'),
  ('SECOND', 'MISSING', 'RESOLVE_CLAIM', 'MISSING', '–');
update acts set part_of = 'ACCEPT_CHANGED_RETURN' where action = 'REPLACE_RETURNED';

-- Facts of other branches: answered as yes or no, or by what the caller named. ---------------------------------------------
create function certificate_facts(asset uuid, wanted text, vin_read text, owner_read text, amount_read numeric, besides uuid)
  returns table (number_taken boolean, vin_matches boolean, owner_matches boolean, amount_matches boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from collateral_certificates x where x.is_live and x.number = wanted and x.id is distinct from besides),
         a.vin is not distinct from vin_read,
         o.name is null or o.name is not distinct from owner_read,
         amount_read is null
           or exists (select from loan_collateral s where s.collateral_id = a.id and s.amount = amount_read)
           or exists (select from loan_collateral s join loan_contracts l on l.loan_id = s.loan_id join contracts k on k.id = l.contract_id
                      where s.collateral_id = a.id and k.kind = 'MORTGAGE' and k.amount = amount_read)
  from collateral a left join customers o on o.id = a.owner_id where a.id = asset $$;
create function title_facts(ids uuid[])
  returns table (record_id uuid, certificate_id uuid, number text, is_electronic boolean, has_reference boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, c.id, c.number, coalesce(c.is_electronic, false), c.registry_reference is not null
  from archive_records r left join collateral_certificates c on c.id = r.certificate_id where r.id = any (ids) $$;
create function seals_used(numbers text[]) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from seals where seal_no = any (numbers)) $$;
create function archive_no_taken(wanted text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from archive_records where archive_no = wanted) $$;
create function letter_no_taken(unit uuid, wanted text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from bailee_letters where org_id = unit and letter_no = wanted) $$;
create function slot_facts(envelope uuid, place uuid) returns table (is_slot boolean, is_empty boolean, vault_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.kind = 'SLOT', not exists (select from sealed_envelopes e where e.location_id = s.id and e.id is distinct from envelope), s.vault_id
  from storage_locations s where s.id = place $$;

-- C1: a part goes with its act; only what ends in the vault is an entry; substitutes in an emergency. ------------------------
create or replace function ct_archive_records_c1_by_operation() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from transitions t join acts a using (action) where t.tier = new.tier and t.start = old.state and t.finish = new.state
                 and a.part_of is null and not exists (select from act_seats s where s.action = t.action and s.tier = t.tier))
     and not exists (select from operations o join acts a on a.action = o.action or a.part_of = o.action
                     join transitions t on t.action = a.action where o.done_in = pg_current_xact_id()
                     and o.state = 'DONE' and new.id = any (o.record_ids)
                     and t.tier = new.tier and t.start = old.state and t.finish = new.state) then
    perform broken('ct_archive_records_c1_by_operation'); end if;
  return null;
end $$;

create or replace function ct_operations_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare act acts; begin
  select * into act from acts where action = new.action;
  if exists (select from unnest(new.required_seats) s where s not in (select seat from operation_seats where operation_id = new.id)) then
    perform broken('ct_operations_c1_all_seats'); end if;
  if act.is_exit and not exists (select from tickets t where t.operation_id = new.id and not t.is_void) then
    perform broken('ct_operations_c10_exit_has_ticket'); end if;
  if new.tier = 'FIRST' and (act.is_exit or act.is_entry) and
      (select count(*) from archive_records r where r.id = any (new.record_ids) and (act.is_exit or r.state = 'IN_VAULT')) <>
      (select count(*) from off_balance_entries e where e.operation_id = new.id) then
    perform broken('ct_operations_c11_off_balance'); end if;
  return null;
end $$;

create or replace function tg_operation_seats_c1_on_duty() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare o operations; q access_requests; begin
  select * into o from operations where id = new.operation_id;
  if o.state <> 'PENDING' or new.taken_at > o.expires_at or not new.seat = any (o.required_seats) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat in ('KEY', 'CODE') and not exists (select from keeper_duties d where d.vault_id = o.vault_id
      and d.staff_id = new.staff_id and d.seat = new.seat and d.during @> new.taken_at)
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

create function is_substitute(who uuid, wanted text, at timestamptz) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from staff_roles r where r.staff_id = who and r.role = wanted)
      or exists (select from delegations d where d.to_staff_id = who and d.role = wanted and d.during @> at) $$;

create function ct_operations_c1_emergency_reviewed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from emergency_reviews v where v.operation_id = new.id) then
    perform broken('ct_operations_c1_emergency_reviewed'); end if;
  return null;
end $$;
create constraint trigger ct_operations_c1_emergency_reviewed after insert on operations deferrable initially deferred
  for each row when (new.emergency_reason is not null) execute function ct_operations_c1_emergency_reviewed();

create function tg_emergency_reviews_c1_once() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if old.reviewed_at is not null then perform broken('tg_emergency_reviews_c1_once'); end if;
  if exists (select from operations o where o.id = new.operation_id and o.opened_by = new.reviewed_by)
     or exists (select from operation_seats s where s.operation_id = new.operation_id and s.staff_id = new.reviewed_by) then
    perform broken('tg_emergency_reviews_c3_another'); end if;
  return new;
end $$;
create trigger tg_emergency_reviews_c1_once before update of reviewed_at, reviewed_by, finding, comment on emergency_reviews
  for each row execute function tg_emergency_reviews_c1_once();

-- C7, C8, C55: what lies in the vault lies sealed in a slot of that vault, or in the registry alone. --------------------------
create function is_electronic(certificate uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from collateral_certificates c where c.id = certificate and c.is_electronic) $$;

create function ct_archive_records_enters() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare r archive_records; begin
  select * into r from archive_records where id = new.id;
  if r.state <> 'IN_VAULT' then return null; end if;
  if r.envelope_id is null then
    if r.kind <> 'SETTLEMENT_NOTICE' and not is_electronic(r.certificate_id) then perform broken('ct_archive_records_c7_sealed'); end if;
  elsif not exists (select from sealed_envelopes e join storage_locations s on s.id = e.location_id
                    where e.id = r.envelope_id and s.kind = 'SLOT' and s.vault_id = r.vault_id) then
    perform broken('ct_archive_records_c8_in_slot'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_enters after update of state on archive_records deferrable initially deferred
  for each row when (new.state = 'IN_VAULT' and old.state <> 'IN_VAULT') execute function ct_archive_records_enters();

create function ct_archive_records_content() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if is_electronic(new.certificate_id) then perform broken('ct_archive_records_c55_no_envelope'); end if;
  if (select count(distinct coalesce(x.collateral_id, x.id)) > 1 and count(distinct coalesce(x.primary_loan_id, x.id)) > 1
      from archive_records x where x.envelope_id = new.envelope_id) then
    perform broken('ct_archive_records_c8_one_collateral'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_content after insert or update of envelope_id, certificate_id on archive_records
  deferrable initially deferred for each row when (new.envelope_id is not null) execute function ct_archive_records_content();

-- C9: a seal is broken, a paper changes its envelope and an envelope its slot only before two keepers.
create function kept_by_two(records uuid[]) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from operations o join act_seats s on s.action = o.action and s.tier = o.tier and s.seat = 'KEY'
                 where o.done_in = pg_current_xact_id() and o.state = 'DONE' and o.record_ids && records) $$;

create function ct_archive_records_reopened() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare r archive_records; begin
  select * into r from archive_records where id = new.id;
  if not (r.state in ('AWAITED', 'SURRENDERED') and r.envelope_id is null) and not kept_by_two(array[new.id]) then
    perform broken('ct_archive_records_c9_by_opening'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_reopened after update of envelope_id on archive_records deferrable initially deferred
  for each row when (old.envelope_id is not null and new.envelope_id is distinct from old.envelope_id)
  execute function ct_archive_records_reopened();

create function ct_sealed_envelopes_c9_by_opening() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not kept_by_two(array(select id from archive_records where envelope_id = new.id))
     -- While all of its papers are out nothing is moved: the slot that waits for them is another unit's from now on.
     and not (tg_op = 'UPDATE' and new.seal_no = old.seal_no
              and not exists (select from archive_records r where r.envelope_id = new.id and r.state not in ('CHECKED_OUT', 'SURRENDERED'))) then
    perform broken('ct_sealed_envelopes_c9_by_opening'); end if;
  return null;
end $$;
create constraint trigger ct_sealed_envelopes_c9_by_opening after update of seal_no, location_id on sealed_envelopes
  deferrable initially deferred
  for each row when (new.seal_no <> old.seal_no or new.location_id is distinct from old.location_id)
  execute function ct_sealed_envelopes_c9_by_opening();
create constraint trigger ct_sealed_envelopes_c9_by_opening_new after insert on sealed_envelopes
  deferrable initially deferred for each row when (new.location_id is not null) execute function ct_sealed_envelopes_c9_by_opening();

create function tg_sealed_envelopes_c17_not_frozen() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from archive_records r where r.envelope_id = new.id and cardinality(frozen_kinds(r.id)) > 0) then
    perform broken('tg_sealed_envelopes_c17_not_frozen'); end if;
  return new;
end $$;
create trigger tg_sealed_envelopes_c17_not_frozen before update of location_id on sealed_envelopes
  for each row when (old.location_id is not null and new.location_id is distinct from old.location_id)
  execute function tg_sealed_envelopes_c17_not_frozen();

-- C10: a void ticket keeps its number, and its exit gets the next. C11: what is booked stays booked. ----------------------------
create function ct_tickets_c10_replaced() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from tickets t where t.operation_id = new.operation_id and not t.is_void) then
    perform broken('ct_tickets_c10_replaced'); end if;
  return null;
end $$;
create constraint trigger ct_tickets_c10_replaced after update of is_void on tickets deferrable initially deferred
  for each row when (new.is_void and new.operation_id is not null) execute function ct_tickets_c10_replaced();

create function tg_off_balance_entries_c11_step() returns trigger language plpgsql as $$ begin
  if old.state = 'BOOKED' then perform broken('tg_off_balance_entries_c11_step'); end if;
  return new;
end $$;
create trigger tg_off_balance_entries_c11_step before update of state, serial_no, booked_at, failure on off_balance_entries
  for each row execute function tg_off_balance_entries_c11_step();

-- C12: what was read from a certificate is what the bank knows of its collateral.
create function tg_collateral_certificates_c12_data() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare known record; begin
  select * into known from certificate_facts(new.collateral_id, new.number, new.vin, new.owner_name, new.right_amount, new.id);
  if new.vin is not null and not known.vin_matches or new.owner_name is not null and not known.owner_matches
     or (new.vin is not null or new.owner_name is not null) and not known.amount_matches then
    perform broken('tg_collateral_certificates_c12_data'); end if;
  return new;
end $$;
create trigger tg_collateral_certificates_c12_data before insert or update of vin, owner_name, right_amount on collateral_certificates
  for each row execute function tg_collateral_certificates_c12_data();

create function tg_collateral_certificates_c12_replaces() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from collateral_certificates o where o.id = new.replaces_id and o.collateral_id = new.collateral_id and o.id <> new.id) then
    perform broken('tg_collateral_certificates_c12_replaces'); end if;
  return new;
end $$;
create trigger tg_collateral_certificates_c12_replaces before insert or update of replaces_id on collateral_certificates
  for each row when (new.replaces_id is not null) execute function tg_collateral_certificates_c12_replaces();
create function tg_registry_checks_c55_electronic() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from archive_records r where r.id = new.record_id and r.certificate_id = new.certificate_id)
     or not is_electronic(new.certificate_id) then perform broken('tg_registry_checks_c55_electronic'); end if;
  return new;
end $$;
create trigger tg_registry_checks_c55_electronic before insert on registry_checks
  for each row execute function tg_registry_checks_c55_electronic();

-- C25: a checkout is claimed exactly while a claim of its holder is open.
create function tg_return_claims_c25_holder() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from movements m where m.id = new.movement_id and m.holder_id = new.claimed_by and m.out_at is not null
                 and m.returned_at is null and m.closed_at is null) then
    perform broken('tg_return_claims_c25_holder'); end if;
  return new;
end $$;
create trigger tg_return_claims_c25_holder before insert on return_claims for each row execute function tg_return_claims_c25_holder();
create function tg_return_claims_c25_once() returns trigger language plpgsql as $$ begin
  if old.resolved_at is not null then perform broken('tg_return_claims_c25_once'); end if;
  return new;
end $$;
create trigger tg_return_claims_c25_once before update on return_claims for each row execute function tg_return_claims_c25_once();
create function ct_movements_c25_claimed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare which uuid := case when tg_table_name = 'movements' then (to_jsonb(new)->>'id')::uuid else (to_jsonb(new)->>'movement_id')::uuid end; begin
  if (select m.claimed_at is not null from movements m where m.id = which)
     <> exists (select from return_claims c where c.movement_id = which and c.resolved_at is null) then
    perform broken('ct_movements_c25_claimed'); end if;
  return null;
end $$;
create constraint trigger ct_movements_c25_claimed after update of claimed_at on movements deferrable initially deferred
  for each row when (old.claimed_at is distinct from new.claimed_at) execute function ct_movements_c25_claimed();
create constraint trigger ct_movements_c25_claimed after insert or update of resolved_at on return_claims deferrable initially deferred
  for each row execute function ct_movements_c25_claimed();
create function tg_movements_c25_not_claimed() returns trigger language plpgsql as $$ begin
  if old.claimed_at is not null then perform broken('tg_movements_c25_not_claimed'); end if;
  return new;
end $$;
create trigger tg_movements_c25_not_claimed before update of returned_at on movements
  for each row when (old.returned_at is null and new.returned_at is not null) execute function tg_movements_c25_not_claimed();

-- C40: what leaves the bank leaves under a signed letter; whether it leaves is said by the purpose, not by the caller. -----------
create function tg_access_requests_c40_outside() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.outside_bank := coalesce((select p.leaves_bank from purposes p where p.tier = new.tier and p.kind = new.kind and p.purpose = new.purpose), new.outside_bank);
  return new;
end $$;
create trigger tg_access_requests_c40_outside before insert on access_requests
  for each row execute function tg_access_requests_c40_outside();
create function tg_movements_c40_letter() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from access_requests q where q.id = new.request_id and q.tier = 'FIRST' and q.outside_bank)
     and not exists (select from bailee_letters b where b.request_id = new.request_id) then
    perform broken('tg_movements_c40_letter'); end if;
  return new;
end $$;
create trigger tg_movements_c40_letter before update of out_at on movements
  for each row when (old.out_at is null and new.out_at is not null and new.kind = 'CHECKOUT') execute function tg_movements_c40_letter();

-- C54: a certificate goes back into the vault only when the bank's mortgage entry was seen on it.
create function ct_movements_c54_mortgage() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from archive_records r join return_inspections i on i.id = new.inspection_id
             where r.id = new.record_id and r.kind = 'CERTIFICATE' and i.shows_mortgage is not true) then
    perform broken('ct_movements_c54_mortgage'); end if;
  return null;
end $$;
create constraint trigger ct_movements_c54_mortgage after update of closed_at on movements deferrable initially deferred
  for each row when (new.closed_at is not null and new.out_at is not null and new.inspection_id is not null)
  execute function ct_movements_c54_mortgage();

create function ct_movements_c26_replacement_passed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from return_inspections i where i.id = new.inspection_id and i.movement_id = new.id and i.passed) then
    perform broken('ct_movements_c26_replacement_passed'); end if;
  return null;
end $$;
create constraint trigger ct_movements_c26_replacement_passed after update of closed_at on movements deferrable initially deferred
  for each row when (new.closed_at is not null and new.returned_at is not null and new.ended_as = 'REPLACED')
  execute function ct_movements_c26_replacement_passed();

do $$ declare f text; begin
  foreach f in array array['certificate_facts(uuid, text, text, text, numeric, uuid)', 'title_facts(uuid[])', 'seals_used(text[])',
      'slot_facts(uuid, uuid)', 'archive_no_taken(text)', 'letter_no_taken(uuid, text)', 'is_substitute(uuid, text, timestamptz)', 'ct_operations_c1_emergency_reviewed()',
      'tg_emergency_reviews_c1_once()', 'is_electronic(uuid)', 'ct_archive_records_enters()', 'ct_archive_records_content()',
      'kept_by_two(uuid[])', 'ct_archive_records_reopened()', 'ct_sealed_envelopes_c9_by_opening()', 'tg_sealed_envelopes_c17_not_frozen()',
      'ct_tickets_c10_replaced()', 'tg_collateral_certificates_c12_data()',
      'tg_collateral_certificates_c12_replaces()', 'tg_registry_checks_c55_electronic()', 'tg_return_claims_c25_holder()', 'ct_movements_c25_claimed()',
      'tg_access_requests_c40_outside()', 'tg_movements_c40_letter()', 'ct_movements_c54_mortgage()', 'ct_movements_c26_replacement_passed()'] loop
    execute format('alter function %s owner to loanfile_judge', f);
  end loop;
end $$;
