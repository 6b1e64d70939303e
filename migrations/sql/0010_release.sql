-- How papers leave for good: F11 release on settlement, F12 substitution, F13 surrender to the court.

CREATE TABLE settlement_notices (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    loan_id UUID NOT NULL,
    number TEXT NOT NULL,
    record_id UUID NOT NULL,
    issued_by UUID NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    voided_at TIMESTAMP WITH TIME ZONE,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_settlement_notices PRIMARY KEY (id),
    CONSTRAINT uq_settlement_notices_number UNIQUE (number),
    CONSTRAINT uq_settlement_notices_record_id UNIQUE (record_id),
    CONSTRAINT fk_settlement_notices_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_settlement_notices_loan_id FOREIGN KEY(loan_id) REFERENCES loans (id),
    CONSTRAINT fk_settlement_notices_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_settlement_notices_issued_by FOREIGN KEY(issued_by) REFERENCES staff (id)
);
COMMENT ON TABLE settlement_notices IS 'Settlement notices (结清通知书): the paper is a first-tier record; it is filed once that lies in the vault, scanned.';
COMMENT ON COLUMN settlement_notices.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN settlement_notices.org_id IS 'Branch of the loan.';
COMMENT ON COLUMN settlement_notices.loan_id IS 'The loan that is settled.';
COMMENT ON COLUMN settlement_notices.number IS 'Business number.';
COMMENT ON COLUMN settlement_notices.record_id IS 'The paper.';
COMMENT ON COLUMN settlement_notices.issued_by IS 'Who issued it.';
COMMENT ON COLUMN settlement_notices.issued_at IS 'When.';
COMMENT ON COLUMN settlement_notices.voided_at IS 'When a reversed payoff made it void (C52).';
COMMENT ON COLUMN settlement_notices.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN settlement_notices.created_at IS 'When the row was made.';
COMMENT ON COLUMN settlement_notices.updated_at IS 'Last change; kept by a trigger.';
CREATE INDEX ix_settlement_notices_issued_at ON settlement_notices (issued_at, id);
CREATE INDEX ix_settlement_notices_loan_id ON settlement_notices (loan_id);
CREATE INDEX ix_settlement_notices_org_id ON settlement_notices (org_id);
CREATE INDEX ix_settlement_notices_updated_at ON settlement_notices (updated_at);
CREATE UNIQUE INDEX uq_settlement_notices_c36_one_live ON settlement_notices (loan_id) WHERE voided_at is null;

CREATE TABLE releases (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    request_id UUID NOT NULL,
    capacity TEXT NOT NULL,
    recipient_name TEXT NOT NULL,
    identity_index BYTEA,
    identity_number_masked TEXT,
    authority_scan_id UUID,
    authority_until DATE,
    verified_by UUID NOT NULL,
    verified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT DEFAULT 'DRAFT' NOT NULL,
    receipt_scan_id UUID,
    operation_id UUID,
    released_at TIMESTAMP WITH TIME ZONE,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_releases PRIMARY KEY (id),
    CONSTRAINT ck_releases_capacity CHECK (capacity in ('OWNER', 'ATTORNEY', 'COURT')),
    CONSTRAINT ck_releases_state CHECK (state in ('DRAFT', 'DONE')),
    CONSTRAINT ck_releases_c37_identity CHECK ((capacity = 'COURT') = (identity_index is null)),
    CONSTRAINT ck_releases_c37_authority CHECK ((capacity = 'ATTORNEY') = (authority_scan_id is not null and authority_until is not null)),
    CONSTRAINT ck_releases_c37_done CHECK ((state = 'DONE') = (num_nonnulls(receipt_scan_id, operation_id, released_at) = 3)),
    CONSTRAINT ck_releases_c37_receipt_is_another CHECK (receipt_scan_id <> authority_scan_id),
    CONSTRAINT fk_releases_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_releases_request_id FOREIGN KEY(request_id) REFERENCES access_requests (id),
    CONSTRAINT fk_releases_authority_scan_id FOREIGN KEY(authority_scan_id) REFERENCES scans (id),
    CONSTRAINT fk_releases_verified_by FOREIGN KEY(verified_by) REFERENCES staff (id),
    CONSTRAINT fk_releases_receipt_scan_id FOREIGN KEY(receipt_scan_id) REFERENCES scans (id),
    CONSTRAINT fk_releases_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id)
);
COMMENT ON TABLE releases IS 'Who receives papers that leave for good, and the signed receipt (C37, C40); a draft until the papers are theirs.';
COMMENT ON COLUMN releases.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN releases.org_id IS 'Unit of the request.';
COMMENT ON COLUMN releases.request_id IS 'The request.';
COMMENT ON COLUMN releases.capacity IS 'As what they receive: owner, attorney or court.';
COMMENT ON COLUMN releases.recipient_name IS 'Name; in clear by decision.';
COMMENT ON COLUMN releases.identity_index IS 'Blind index of the identity number; none for a court.';
COMMENT ON COLUMN releases.identity_number_masked IS 'Identity number, masked.';
COMMENT ON COLUMN releases.authority_scan_id IS 'Scan of the power of attorney.';
COMMENT ON COLUMN releases.authority_until IS 'Last day of the power of attorney.';
COMMENT ON COLUMN releases.verified_by IS 'Who verified them.';
COMMENT ON COLUMN releases.verified_at IS 'When.';
COMMENT ON COLUMN releases.state IS 'Life cycle.';
COMMENT ON COLUMN releases.receipt_scan_id IS 'Scan of the signed receipt.';
COMMENT ON COLUMN releases.operation_id IS 'The operation that handed the papers over.';
COMMENT ON COLUMN releases.released_at IS 'When.';
COMMENT ON COLUMN releases.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN releases.created_at IS 'When the row was made.';
COMMENT ON COLUMN releases.updated_at IS 'Last change; kept by a trigger.';
CREATE INDEX ix_releases_org_id ON releases (org_id);
CREATE INDEX ix_releases_request_id ON releases (request_id);
CREATE INDEX ix_releases_updated_at ON releases (updated_at);
CREATE UNIQUE INDEX uq_releases_c37_one_recipient ON releases (request_id) WHERE capacity <> 'COURT';

CREATE TABLE substitutions (
    id UUID DEFAULT uuidv7() NOT NULL,
    request_id UUID NOT NULL,
    replacement_id UUID NOT NULL,
    value_amount NUMERIC(18, 2) NOT NULL,
    currency TEXT DEFAULT 'CNY' NOT NULL,
    CONSTRAINT pk_substitutions PRIMARY KEY (id),
    CONSTRAINT uq_substitutions_request_id UNIQUE (request_id),
    CONSTRAINT fk_substitutions_request_id FOREIGN KEY(request_id) REFERENCES access_requests (id),
    CONSTRAINT fk_substitutions_replacement_id FOREIGN KEY(replacement_id) REFERENCES archive_records (id)
);
COMMENT ON TABLE substitutions IS 'What takes the place of the papers of a SUBSTITUTION request, and the value that its approvers saw (C39); append-only.';
COMMENT ON COLUMN substitutions.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN substitutions.request_id IS 'The request.';
COMMENT ON COLUMN substitutions.replacement_id IS 'The new paper.';
COMMENT ON COLUMN substitutions.value_amount IS 'Value of its collateral when the request was made.';
COMMENT ON COLUMN substitutions.currency IS 'ISO 4217 code of the amounts in the row.';
CREATE INDEX ix_substitutions_replacement_id ON substitutions (replacement_id);

do $$ declare name text; begin
  create trigger tg_touch before update on settlement_notices for each row execute function tg_touch();
  create trigger tg_touch before update on releases for each row execute function tg_touch();
  create policy branch on settlement_notices using (case when (select app_everywhere()) then true
    when org_id = any ((select app_branches())::uuid[]) then true else false end);
  create policy branch on releases using (exists (select from access_requests p where p.id = request_id));
  create policy branch on substitutions using (exists (select from access_requests p where p.id = request_id));
  foreach name in array array['settlement_notices', 'releases', 'substitutions'] loop
    execute format('create trigger tg_row_version after insert or update or delete on %I for each row execute function tg_row_version()', name);
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy judge_sees_all on %I for select to loanfile_judge using (true)', name);
    execute format('create policy registrar_keeps_all on %I to loanfile_registrar using (true) with check (true)', name);
  end loop;
end $$;
grant select, insert on settlement_notices, releases, substitutions to loanfile_app;
grant select on settlement_notices, releases, substitutions to loanfile_judge, loanfile_registrar;
grant select on settlement_notices, substitutions to loanfile_reader;
grant select (id, org_id, request_id, capacity, recipient_name, identity_number_masked, authority_scan_id, authority_until, verified_by,
  verified_at, state, receipt_scan_id, operation_id, released_at, version, created_at, updated_at) on releases to loanfile_reader;
grant update (voided_at) on settlement_notices to loanfile_app;
grant update (capacity, recipient_name, identity_index, identity_number_masked, authority_scan_id, authority_until, verified_by, verified_at,
  state, receipt_scan_id, operation_id, released_at) on releases to loanfile_app;

-- Reference rows.
insert into acts (action, is_exit, is_entry, at_desk) values
  ('ISSUE_NOTICE', false, false, false),
  ('POST_POSITION', false, false, false),
  ('RELEASE', true, false, false),
  ('REQUEST_RELEASE', false, false, false),
  ('REQUEST_SUBSTITUTION', false, false, false),
  ('SUBSTITUTE', true, false, false),
  ('SURRENDER', false, false, true),
  ('VERIFY_RECIPIENT', false, false, false);

insert into act_seats (action, tier, seat) values
  ('RELEASE', 'FIRST', 'CLERK'),
  ('RELEASE', 'FIRST', 'CODE'),
  ('RELEASE', 'FIRST', 'KEY'),
  ('RELEASE', 'FIRST', 'OFFICER'),
  ('SUBSTITUTE', 'FIRST', 'CLERK'),
  ('SUBSTITUTE', 'FIRST', 'CODE'),
  ('SUBSTITUTE', 'FIRST', 'KEY'),
  ('SURRENDER', 'FIRST', 'PROPOSER'),
  ('SURRENDER', 'FIRST', 'SECOND');

insert into transitions (tier, start, action, finish, code) values
  ('FIRST', 'CHECKED_OUT', 'REQUEST_RELEASE', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'REQUEST_SUBSTITUTION', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'SURRENDER', 'SURRENDERED', 'F13'),
  ('FIRST', 'IN_VAULT', 'REQUEST_RELEASE', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'REQUEST_SUBSTITUTION', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'VERIFY_RECIPIENT', 'IN_VAULT', '–'),
  ('FIRST', 'RESERVED', 'RELEASE', 'RELEASED', 'F11'),
  ('FIRST', 'RESERVED', 'REQUEST_RELEASE', 'RESERVED', '–'),
  ('FIRST', 'RESERVED', 'REQUEST_SUBSTITUTION', 'RESERVED', '–'),
  ('FIRST', 'RESERVED', 'SUBSTITUTE', 'SUBSTITUTED', 'F12'),
  ('FIRST', 'RESERVED', 'VERIFY_RECIPIENT', 'RESERVED', '–'),
  ('FIRST', 'RETURN_PENDING', 'REQUEST_RELEASE', 'RETURN_PENDING', '–'),
  ('FIRST', 'RETURN_PENDING', 'REQUEST_SUBSTITUTION', 'RETURN_PENDING', '–');

-- C13: a purpose is allowed for a kind of request.
alter table access_requests drop constraint fk_access_requests_c13_purpose;
alter table purposes add column kind text not null default 'CHECKOUT';
alter table purposes alter column kind drop default;
comment on table purposes is 'Which purposes a tier allows for a kind of request (C13).';
comment on column purposes.kind is 'Kind of request.';
alter table purposes drop constraint pk_purposes;
alter table purposes add constraint pk_purposes primary key (tier, kind, purpose);
alter table purposes add constraint ck_purposes_kind check (kind in ('CHECKOUT', 'READ_ON_SITE', 'RELEASE', 'SUBSTITUTION', 'EXTENSION'));
insert into purposes (tier, kind, purpose) select tier, 'EXTENSION', purpose from purposes
  union all select tier, 'READ_ON_SITE', purpose from purposes where tier = 'SECOND';
insert into purposes (tier, kind, purpose) values ('FIRST', 'RELEASE', 'PAID_IN_FULL'), ('FIRST', 'RELEASE', 'REGISTRATION_CANCELLED'),
  ('FIRST', 'RELEASE', 'PARTIAL_RELEASE'), ('FIRST', 'SUBSTITUTION', 'SUBSTITUTION');
insert into approval_ranks (tier, purpose, role) values
  ('FIRST', 'PAID_IN_FULL', 'CREDIT_DEPT_HEAD'), ('FIRST', 'PAID_IN_FULL', 'RISK_HEAD'),
  ('FIRST', 'REGISTRATION_CANCELLED', 'CREDIT_DEPT_HEAD'), ('FIRST', 'REGISTRATION_CANCELLED', 'RISK_HEAD'),
  ('FIRST', 'PARTIAL_RELEASE', 'CREDIT_DEPT_HEAD'), ('FIRST', 'PARTIAL_RELEASE', 'RISK_HEAD'),
  ('FIRST', 'SUBSTITUTION', 'CREDIT_DEPT_HEAD'), ('FIRST', 'SUBSTITUTION', 'RISK_HEAD'), ('FIRST', 'SUBSTITUTION', 'VICE_PRESIDENT');
alter table access_requests add constraint fk_access_requests_c13_purpose
  foreign key (tier, kind, purpose) references purposes (tier, kind, purpose) not valid;
alter table access_requests validate constraint fk_access_requests_c13_purpose;

alter table discrepancies drop constraint ck_discrepancies_kind;
alter table discrepancies add constraint ck_discrepancies_kind
  check (kind in ('MISSING', 'EXTRA', 'WRONG_SLOT', 'SEAL_BROKEN', 'DAMAGED', 'PAYOFF_REVERSED')) not valid;
alter table discrepancies validate constraint ck_discrepancies_kind;

alter table notices drop constraint ck_notices_kind;
alter table notices add constraint ck_notices_kind check (kind in ('DUE_SOON', 'OVERDUE', 'BLOCKED', 'RECALLED', 'SEARCH_DUE', 'CONFIRMATION_DUE', 'READY_TO_FETCH',
  'RESERVATION_LAPSED', 'WAITING_LAPSED', 'DUE_PROVISIONAL', 'DUE_MOVED', 'CASE_LATE', 'PAPER_LATE', 'EXPIRING', 'TRANSIT_LATE', 'STOCKTAKE_MISSED',
  'EMERGENCY_UNREVIEWED', 'LOSS_REPORTED', 'PAYOFF_REVERSED')) not valid;
alter table notices validate constraint ck_notices_kind;

create or replace function tg_access_requests_c15_step() returns trigger language plpgsql as $$ begin
  if not ((old.state, new.state) in (('SUBMITTED', 'APPROVED'), ('SUBMITTED', 'REJECTED'), ('SUBMITTED', 'CANCELLED'),
                                     ('APPROVED', 'FULFILLED'), ('APPROVED', 'LAPSED'), ('APPROVED', 'CANCELLED'),
                                     ('SUBMITTED', 'WAITING'), ('WAITING', 'APPROVED'), ('WAITING', 'CANCELLED'), ('WAITING', 'LAPSED'))
          or new.kind = 'RELEASE' and (old.state, new.state) = ('SUBMITTED', 'LAPSED')
          or new.kind = 'EXTENSION' and (old.state, new.state) = ('SUBMITTED', 'FULFILLED')) then
    perform broken('tg_access_requests_c15_step'); end if;
  return new;
end $$;

-- What is owed, in every branch ---------------------------------------------------------------------------------------
-- A parameter as it holds now: the unit's own value before the bank's, the newest first, else what the program says.
create function parameter_of(name text, org uuid, fallback integer) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce((select s.value::integer from policy_parameters s where s.key = name and (s.org_id is null or s.org_id = org)
                   and s.effective_from <= clock_timestamp() order by s.org_id is null, s.effective_from desc limit 1), fallback) $$;

-- Close of business, that many working days on, in the bank's own time.
create function working_days_after(since timestamptz, days integer) returns timestamptz
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare d date := (since at time zone 'Asia/Shanghai')::date; left_over integer := days; begin
  while left_over > 0 loop
    d := d + 1;
    if is_working_day(d) then left_over := left_over - 1; end if;
  end loop;
  return (d + time '17:30') at time zone 'Asia/Shanghai';
end $$;

-- How a loan stands: its newest position, and the payoff since the last position that was not zero or took a payoff back.
create function payoff_of(loan uuid) returns table (as_of timestamptz, owed numeric, settled boolean, settled_at timestamptz,
    payoff_kind text, cleared_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  with said as (select * from loan_positions p where p.loan_id = loan),
  unpaid as (select coalesce(max(p.as_of), '-infinity') as at from said p
    where (p.principal_amount, p.interest_amount, p.fees_amount) <> (0, 0, 0) or p.reversal_of_id is not null),
  paid as (select p.* from said p, unpaid u where p.as_of > u.at)
  select n.as_of, n.principal_amount + n.interest_amount + n.fees_amount, n.as_of > u.at,
    (select coalesce(min(p.settled_at), min(p.as_of)) from paid p),
    (select p.payoff_kind from paid p where p.payoff_kind is not null order by p.as_of desc limit 1),
    (select p.payoff_cleared_at from paid p where p.payoff_cleared_at is not null order by p.as_of desc limit 1)
  from (select * from said order by as_of desc limit 1) n, unpaid u $$;

-- C35: when the payoff cannot bounce any more; null while the loan is not paid off.
create function settlement_final_at(loan uuid) returns timestamptz
language sql stable security definer set search_path = public, pg_temp as $$
  select case when not p.settled then null
    when p.payoff_kind = 'CASH' then p.settled_at
    when p.cleared_at is not null then greatest(p.cleared_at, p.settled_at)
    else working_days_after(p.settled_at, parameter_of('payoff_days', (select org_id from loans where id = loan), 10)) end
  from payoff_of(loan) p $$;

create function loans_on(record uuid) returns table (loan_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.primary_loan_id from archive_records r where r.id = record and r.primary_loan_id is not null
  union select x.loan_id from archive_records r join loan_collateral x on x.collateral_id = r.collateral_id where r.id = record $$;

create function papers_on(loan uuid) returns table (record_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id from archive_records r where r.primary_loan_id = loan and r.tier = 'FIRST'
  union select r.id from loan_collateral x join archive_records r on r.collateral_id = x.collateral_id
    where x.loan_id = loan and r.tier = 'FIRST' $$;

create function notice_is_filed(loan uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from settlement_notices n join archive_records r on r.id = n.record_id where n.loan_id = loan and n.voided_at is null
    and r.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT')
    and exists (select from scans s where s.record_id = r.id and s.status = 'STORED')) $$;

-- Dealer inventory, and the other collateral of its loans that is still in the bank's hands covers what is owed.
create function is_covered(record uuid, leaving uuid[]) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from archive_records r join collateral c on c.id = r.collateral_id where r.id = record and c.kind = 'INVENTORY')
    and (select bool_and(p.owed is not null) and sum(p.owed) * parameter_of('cover_percent', (select org_id from archive_records where id = record), 120) / 100
         <= coalesce((select sum(c.value_amount) from collateral c where c.id in (
              select x.collateral_id from loan_collateral x where x.loan_id in (select loan_id from loans_on(record)))
            and c.id not in (select r.collateral_id from archive_records r where r.id = any (leaving) and r.collateral_id is not null)
            and exists (select from archive_records r where r.collateral_id = c.id and r.tier = 'FIRST'
                and (r.state in ('IN_VAULT', 'CHECKED_OUT', 'RETURN_PENDING') or r.state = 'RESERVED' and exists (
                  select from movements m where m.record_id = r.id and m.closed_at is null and m.kind = 'CHECKOUT')))), 0)
         from loans_on(record) l left join lateral payoff_of(l.loan_id) p on true) $$;

create function release_facts(ids uuid[]) returns table (record_id uuid, settled boolean, others_settled boolean, oldest timestamptz,
    final_at timestamptz, covered boolean, noticed boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, coalesce(s.settled, false), coalesce(s.others, true), s.oldest, s.final_at, coalesce(is_covered(r.id, ids), false),
    coalesce(s.noticed, false)
  from archive_records r cross join lateral (
    select bool_and(coalesce(p.settled, false)) filter (where l.loan_id = coalesce(r.primary_loan_id, l.loan_id)) settled,
      bool_and(coalesce(p.settled, false)) filter (where l.loan_id <> r.primary_loan_id) others,
      case when bool_and(p.as_of is not null) then min(p.as_of) end oldest, max(settlement_final_at(l.loan_id)) final_at,
      bool_or(notice_is_filed(l.loan_id)) filter (where l.loan_id = coalesce(r.primary_loan_id, l.loan_id)) noticed
    from loans_on(r.id) l left join lateral payoff_of(l.loan_id) p on true) s
  where r.id = any (ids) $$;

-- Since when a paper waits for its owner: everything on it is paid off for good, and nothing is in the way.
create function release_ready_since(record uuid) returns timestamptz
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare f record; begin
  if not exists (select from archive_records r where r.id = record and r.state = 'IN_VAULT' and r.kind <> 'SETTLEMENT_NOTICE')
     or is_on_hold(record) or cardinality(frozen_kinds(record)) > 0 then return null; end if;
  select * into f from release_facts(array[record]);
  return case when f.settled and f.others_settled and f.final_at <= clock_timestamp() then f.final_at end;
end $$;

-- C37, C39, C40 -------------------------------------------------------------------------------------------------------
create function receipt_is_on_file(scan uuid, request uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from scans s where s.id = scan and s.status = 'STORED' and s.subject_kind = 'REQUEST' and s.subject_id = request
    and not exists (select from releases v where v.request_id = request and v.authority_scan_id = s.id)) $$;

create function recipient_fits(request uuid, record uuid, capacity text, identity bytea, authority uuid, until date) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select case capacity
    when 'OWNER' then exists (select from archive_records r left join collateral c on c.id = r.collateral_id
      left join loans l on l.id = r.primary_loan_id join customers k on k.id = coalesce(c.owner_id, l.customer_id)
      where r.id = record and k.identity_index = identity)
    when 'ATTORNEY' then until >= (clock_timestamp() at time zone 'Asia/Shanghai')::date and exists (select from scans s
      where s.id = authority and s.status = 'STORED' and s.subject_kind = 'REQUEST' and s.subject_id = request)
    else false end $$;

create function recipient_is_verified(request uuid, record uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from releases v where v.request_id = request and v.state = 'DRAFT' and coalesce(
    recipient_fits(request, record, v.capacity, v.identity_index, v.authority_scan_id, v.authority_until), false)) $$;

create function replacement_stands(record uuid, replacement uuid, wanted numeric) returns table (in_vault boolean, approved boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select n.tier = 'FIRST' and n.state = 'IN_VAULT' and not exists (select from movements m where m.record_id = n.id and m.closed_at is null),
    n.id <> o.id and c.value_amount = wanted
      and exists (select from loan_collateral x where x.collateral_id = n.collateral_id and x.loan_id in (select loan_id from loans_on(o.id)))
      and c.value_amount >= least(b.value_amount, (select sum(p.owed) from loans_on(o.id) l left join lateral payoff_of(l.loan_id) p on true)
        * parameter_of('cover_percent', o.org_id, 120) / 100)
  from archive_records n join collateral c on c.id = n.collateral_id, archive_records o left join collateral b on b.id = o.collateral_id
  where n.id = replacement and o.id = record $$;
create function replacement_facts(record uuid, replacement uuid) returns table (in_vault boolean, approved boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.* from archive_records n join collateral c on c.id = n.collateral_id,
    lateral replacement_stands(record, replacement, c.value_amount) s where n.id = replacement $$;
create function substitution_facts(request uuid, record uuid) returns table (in_vault boolean, approved boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.* from substitutions x, lateral replacement_stands(record, x.replacement_id, x.value_amount) s where x.request_id = request $$;

-- Twins ---------------------------------------------------------------------------------------------------------------
create function tg_settlement_notices_c34_settled() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare p record; begin
  select * into p from payoff_of(new.loan_id);
  if not coalesce(p.settled, false) then perform broken('tg_settlement_notices_c34_settled'); end if;
  if settlement_final_at(new.loan_id) > clock_timestamp() then perform broken('tg_settlement_notices_c35_final'); end if;
  if p.as_of < clock_timestamp() - make_interval(hours => parameter_of('position_hours', new.org_id, 24)) then
    perform broken('tg_settlement_notices_c53_recent'); end if;
  return new;
end $$;
create trigger tg_settlement_notices_c34_settled before insert on settlement_notices
  for each row execute function tg_settlement_notices_c34_settled();
create function tg_settlement_notices_c52_void_stays() returns trigger language plpgsql as $$ begin
  if old.voided_at is not null then perform broken('tg_settlement_notices_c52_void_stays'); end if;
  return new;
end $$;
create trigger tg_settlement_notices_c52_void_stays before update on settlement_notices
  for each row execute function tg_settlement_notices_c52_void_stays();

create function tg_releases_c37_recipient() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if tg_op = 'UPDATE' and old.state = 'DONE' then perform broken('tg_releases_c38_done'); end if;
  if new.capacity <> 'COURT' and exists (select from request_lines x where x.request_id = new.request_id and not coalesce(recipient_fits(
      new.request_id, x.record_id, new.capacity, new.identity_index, new.authority_scan_id, new.authority_until), false)) then
    perform broken('tg_releases_c37_recipient'); end if;
  return new;
end $$;
create trigger tg_releases_c37_recipient before insert or update on releases for each row execute function tg_releases_c37_recipient();

create function tg_movements_c38_final() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from archive_records r where r.id = new.record_id and r.state in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED')) then
    perform broken('tg_movements_c38_final'); end if;
  return new;
end $$;
create trigger tg_movements_c38_final before insert on movements for each row execute function tg_movements_c38_final();

create function ct_archive_records_c38_left_by_movement() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from movements m where m.record_id = new.id and m.ended_as = new.state) then
    perform broken('ct_archive_records_c38_left_by_movement'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_c38_left_by_movement after update of state on archive_records deferrable initially deferred
  for each row when (new.state in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED')) execute function ct_archive_records_c38_left_by_movement();

create function ct_movements_released() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare f record; v record; q access_requests; hours integer; begin
  select * into q from access_requests where id = new.request_id;
  select * into f from release_facts(array[new.record_id]);
  hours := parameter_of('position_hours', (select org_id from archive_records where id = new.record_id), 24);
  if q.purpose = 'PARTIAL_RELEASE' then
    if not f.covered then perform broken('ct_movements_c34_covered'); end if;
  else
    if not f.settled then perform broken('ct_movements_c34_settled'); end if;
    if not f.others_settled then perform broken('ct_movements_c34_cross_collateral'); end if;
    if f.final_at > clock_timestamp() then perform broken('ct_movements_c35_final'); end if;
    if not f.noticed then perform broken('ct_movements_c36_notice'); end if;
  end if;
  if f.oldest is null or f.oldest < clock_timestamp() - make_interval(hours => hours) then perform broken('ct_movements_c53_recent'); end if;
  select * into v from releases x where x.request_id = q.id and x.operation_id = new.exit_operation_id and x.capacity <> 'COURT';
  if v is null then perform broken('ct_movements_c37_recipient'); end if;
  if not coalesce(receipt_is_on_file(v.receipt_scan_id, q.id), false) then perform broken('ct_movements_c37_receipt'); end if;
  return null;
end $$;
create constraint trigger ct_movements_released after insert or update of ended_as on movements deferrable initially deferred
  for each row when (new.ended_as = 'RELEASED') execute function ct_movements_released();

create function ct_movements_substituted() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare f record; begin
  select * into f from substitution_facts(new.request_id, new.record_id);
  if not coalesce(f.in_vault, false) then perform broken('ct_movements_c39_in_vault'); end if;
  if not coalesce(f.approved, false) then perform broken('ct_movements_c39_value'); end if;
  return null;
end $$;
create constraint trigger ct_movements_substituted after insert or update of ended_as on movements deferrable initially deferred
  for each row when (new.ended_as = 'SUBSTITUTED') execute function ct_movements_substituted();

create function ct_movements_surrendered() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare q access_requests; begin
  select * into q from access_requests where id = new.request_id;
  if q.purpose not like 'LITIGATION%' then perform broken('ct_movements_c13_out_for_the_court'); end if;
  if not exists (select from releases v join operations o on o.id = v.operation_id where v.request_id = q.id and v.capacity = 'COURT'
      and new.record_id = any (o.record_ids) and receipt_is_on_file(v.receipt_scan_id, q.id)) then
    perform broken('ct_movements_c40_court_receipt'); end if;
  if exists (select from archive_records r left join loans l on l.id = r.primary_loan_id left join customers c on c.id = l.customer_id
      join holds h on h.lifted_at is null and (h.record_id = r.id or h.loan_id = r.primary_loan_id or h.collateral_id = r.collateral_id
                                               or h.party_id = c.party_id or h.dealer_id = l.dealer_id)
      where r.id = new.record_id and not (h.kind = 'LEGAL' and q.applicant_id = h.placer_id)) then
    perform broken('tg_movements_c16_no_hold'); end if;
  return null;
end $$;
create constraint trigger ct_movements_surrendered after insert or update of ended_as on movements deferrable initially deferred
  for each row when (new.ended_as = 'SURRENDERED') execute function ct_movements_surrendered();

alter table movements add constraint ck_movements_c38_end_fits_kind check (
  ended_as not in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED') or (ended_as, kind) in
  (('RELEASED', 'RELEASE'), ('SUBSTITUTED', 'SUBSTITUTION'), ('SURRENDERED', 'CHECKOUT'))) not valid;
alter table movements validate constraint ck_movements_c38_end_fits_kind;

-- C52: a position that takes a payoff back leaves nothing that was built on it.
create function ct_loan_positions_c52_reversal() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from settlement_notices n where n.loan_id = new.loan_id and n.voided_at is null)
     or exists (select from access_requests q join request_lines x on x.request_id = q.id
                where q.kind = 'RELEASE' and q.purpose <> 'PARTIAL_RELEASE' and q.state in ('SUBMITTED', 'WAITING', 'APPROVED')
                and new.loan_id in (select loan_id from loans_on(x.record_id))) then
    perform broken('ct_loan_positions_c52_reversal'); end if;
  return null;
end $$;
create constraint trigger ct_loan_positions_c52_reversal after insert on loan_positions deferrable initially deferred
  for each row when (new.reversal_of_id is not null) execute function ct_loan_positions_c52_reversal();

do $$ declare f record; begin
  for f in select p.oid::regprocedure as signature from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef
           and pg_get_userbyid(p.proowner) = current_user loop
    execute format('alter function %s owner to loanfile_judge', f.signature);
  end loop;
end $$;
