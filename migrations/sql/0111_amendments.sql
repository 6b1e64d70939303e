-- A contract is amended by two people; PostgreSQL carries it out, and nobody else can (C48).
insert into acts (action, is_exit, is_entry, at_desk, part_of) values
  ('AMEND_CONTRACT', false, false, true, null);

insert into act_seats (action, tier, seat) values
  ('AMEND_CONTRACT', 'FIRST', 'PROPOSER'),
  ('AMEND_CONTRACT', 'FIRST', 'SECOND'),
  ('AMEND_CONTRACT', 'SECOND', 'PROPOSER'),
  ('AMEND_CONTRACT', 'SECOND', 'SECOND');

insert into act_seat_roles (action, seat, role) values
  ('AMEND_CONTRACT', 'PROPOSER', 'LOAN_OFFICER'),
  ('AMEND_CONTRACT', 'SECOND', 'BRANCH_HEAD'),
  ('AMEND_CONTRACT', 'SECOND', 'CREDIT_DEPT_HEAD');
CREATE TABLE contract_amendments (
    id UUID DEFAULT uuidv7() NOT NULL,
    contract_id UUID NOT NULL,
    number TEXT NOT NULL,
    signed_on DATE NOT NULL,
    summary TEXT NOT NULL,
    amount_before NUMERIC(18, 2) NOT NULL,
    amount NUMERIC(18, 2) NOT NULL,
    currency TEXT DEFAULT 'CNY' NOT NULL,
    loan_ids UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    evidence_id UUID NOT NULL,
    proposed_by UUID NOT NULL,
    approved_by UUID NOT NULL,
    amended_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_contract_amendments PRIMARY KEY (id),
    CONSTRAINT ck_contract_amendments_c48_summary CHECK (length(trim(summary)) > 0),
    CONSTRAINT ck_contract_amendments_c48_changes CHECK (amount <> amount_before or cardinality(loan_ids) > 0),
    CONSTRAINT uq_contract_amendments_contract_id_number UNIQUE (contract_id, number),
    CONSTRAINT fk_contract_amendments_contract_id FOREIGN KEY(contract_id) REFERENCES contracts (id),
    CONSTRAINT fk_contract_amendments_evidence_id FOREIGN KEY(evidence_id) REFERENCES scans (id),
    CONSTRAINT fk_contract_amendments_proposed_by FOREIGN KEY(proposed_by) REFERENCES staff (id),
    CONSTRAINT fk_contract_amendments_approved_by FOREIGN KEY(approved_by) REFERENCES staff (id)
);
CREATE INDEX ix_contract_amendments_approved_by ON contract_amendments (approved_by);
CREATE INDEX ix_contract_amendments_contract_id_amended_at ON contract_amendments (contract_id, amended_at, id);
CREATE INDEX ix_contract_amendments_proposed_by ON contract_amendments (proposed_by);
COMMENT ON TABLE contract_amendments IS
  'What was agreed anew and approved by a second person, append-only (C48); written by the trigger of the operation alone.';
COMMENT ON COLUMN contract_amendments.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN contract_amendments.contract_id IS 'The contract.';
COMMENT ON COLUMN contract_amendments.number IS 'Number of the supplementary agreement (补充协议).';
COMMENT ON COLUMN contract_amendments.signed_on IS 'Day of its signature.';
COMMENT ON COLUMN contract_amendments.summary IS 'What it changes, in words.';
COMMENT ON COLUMN contract_amendments.amount_before IS 'Amount of the contract before.';
COMMENT ON COLUMN contract_amendments.amount IS 'Amount from then on.';
COMMENT ON COLUMN contract_amendments.currency IS 'ISO 4217 code of the amounts in the row.';
COMMENT ON COLUMN contract_amendments.loan_ids IS 'Loans that joined.';
COMMENT ON COLUMN contract_amendments.evidence_id IS 'The scan of it.';
COMMENT ON COLUMN contract_amendments.proposed_by IS 'Who entered it.';
COMMENT ON COLUMN contract_amendments.approved_by IS 'Who approved it.';
COMMENT ON COLUMN contract_amendments.amended_at IS 'When it was approved.';

create trigger tg_append_only_c48 before delete or truncate on contract_amendments execute function tg_append_only_c48();
create trigger tg_append_only_c48_update before update on contract_amendments execute function tg_append_only_c48();
alter table contract_amendments enable row level security;
alter table contract_amendments force row level security;
create policy judge_sees_all on contract_amendments for select to loanfile_judge using (true);
create policy registrar_keeps_all on contract_amendments to loanfile_registrar using (true) with check (true);
create policy branch on contract_amendments using (exists (select from contracts p where p.id = contract_id));
grant select on contract_amendments to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar;
grant insert on contract_amendments to loanfile_registrar;

-- Carried out once, when the second person sits down. What the operation asks is compared again: it may have been written by SQL.
create function tg_operations_c48_amend() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare d jsonb := new.ask->'detail'; of contracts; joining uuid[]; day date := (d->>'signed_on')::date; proof uuid := (d->>'evidence')::uuid; begin
  select * into of from contracts where id = (d->>'contract')::uuid for update;
  joining := array(select j::uuid from jsonb_array_elements_text(coalesce(d->'loans', '[]')) j
                   except select loan_id from loan_contracts where contract_id = of.id);
  if not exists (select from scans s join archive_records r on r.id = s.record_id
                   join loan_contracts l on l.loan_id = r.primary_loan_id and l.contract_id = of.id
                 where s.id = proof and s.status = 'STORED') then
    perform broken('tg_operations_c48_amendment_evidence'); end if;
  if day is null or day < of.signed_on or day > bank_day(new.done_at) then perform broken('tg_operations_c48_amendment_day'); end if;
  if cardinality(joining) > 0 and (not of.is_maximum_amount or cardinality(joining) <>
      (select count(*) from loans l where l.id = any (joining) and l.org_id = of.org_id and l.currency = of.currency)) then
    perform broken('tg_operations_c48_amendment_loans'); end if;
  insert into contract_amendments (id, contract_id, number, signed_on, summary, amount_before, amount, currency, loan_ids, evidence_id,
                                   proposed_by, approved_by, amended_at)
  values (new.id, of.id, d->>'number', day, coalesce(d->>'summary', ''), of.amount, coalesce((d->>'amount')::numeric, of.amount), of.currency,
          joining, proof, (select staff_id from operation_seats where operation_id = new.id and seat = 'PROPOSER'),
          (select staff_id from operation_seats where operation_id = new.id and seat = 'SECOND'), new.done_at);
  update contracts set amount = coalesce((d->>'amount')::numeric, amount) where id = of.id;
  insert into loan_contracts (org_id, loan_id, contract_id) select of.org_id, j, of.id from unnest(joining) j;
  return null;
end $$;
alter function tg_operations_c48_amend() owner to loanfile_registrar;
create trigger tg_operations_c48_amend after update of state on operations
  for each row when (new.state = 'DONE' and old.state = 'PENDING' and new.action = 'AMEND_CONTRACT') execute function tg_operations_c48_amend();
grant update (amount) on contracts to loanfile_registrar;
grant insert on loan_contracts to loanfile_registrar;
