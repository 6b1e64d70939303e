-- What stands on the register is changed by the act whose it is. The server's login may write these columns for one act; it could for any other.

-- C26, C30: how many pages, copies and originals there are is counted until a paper is taken over; from then on two people correct it (C48).
create function tg_archive_records_c26_pages() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from operations o where o.done_in = pg_current_xact_id() and o.action = 'CORRECT'
                 and o.ask->'detail'->>'subject' = new.id::text and o.ask->'detail'->>'field' = 'pages') then
    perform broken('tg_archive_records_c26_pages'); end if;
  return null;
end $$;
create trigger tg_archive_records_c26_pages after update of pages, copies, is_original on archive_records
  for each row when ((old.pages, old.copies, old.is_original) is distinct from (new.pages, new.copies, new.is_original)
                     and old.state not in ('AWAITED', 'PENDING_INTAKE', 'COLLECTING', 'SUBMITTED'))
  execute function tg_archive_records_c26_pages();

-- C44: what is taken in keeps its certificate: a paper that has lost it leaves no void number behind.
create function tg_archive_records_c44_certificate() returns trigger language plpgsql as $$ begin
  perform broken('tg_archive_records_c44_certificate');
  return null;
end $$;
create trigger tg_archive_records_c44_certificate before update of certificate_id on archive_records
  for each row when (old.certificate_id is distinct from new.certificate_id and old.state not in ('AWAITED', 'PENDING_INTAKE'))
  execute function tg_archive_records_c44_certificate();

-- C45: a volume is born before its years begin.
create or replace function tg_archive_records_c15_birth() returns trigger language plpgsql as $$ begin
  if new.state not in ('AWAITED', 'PENDING_INTAKE', 'COLLECTING') then perform broken('tg_archive_records_c15_transition'); end if;
  if new.cutoff_at is not null then perform broken('tg_archive_records_c45_cutoff'); end if;
  return new;
end $$;

-- C31: the vault of whoever keeps it; into another unit's only a handover leads.
create or replace function ct_archive_records_enters() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare r archive_records; begin
  select * into r from archive_records where id = new.id;
  if r.state <> 'IN_VAULT' then return null; end if;
  if exists (select from storage_locations v where v.id = r.vault_id and v.org_id <> r.custody_org_id) then
    perform broken('ct_archive_records_c31_vault'); end if;
  if r.envelope_id is null then
    if r.kind <> 'SETTLEMENT_NOTICE' and not is_electronic(r.certificate_id) then perform broken('ct_archive_records_c7_sealed'); end if;
  elsif not exists (select from sealed_envelopes e join storage_locations s on s.id = e.location_id
                    where e.id = r.envelope_id and s.kind = 'SLOT' and s.vault_id = r.vault_id) then
    perform broken('ct_archive_records_c8_in_slot'); end if;
  return null;
end $$;

-- C31: what an archivist has ticked item by item gets no further item.
create function tg_file_items_c31_collecting() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from archive_records r where r.id = new.record_id and r.state = 'COLLECTING') then
    perform broken('tg_file_items_c31_collecting'); end if;
  return new;
end $$;
create trigger tg_file_items_c31_collecting before insert on file_items for each row execute function tg_file_items_c31_collecting();

-- C7, C9: the number on an envelope is that of a seal put on it and still whole; what is broken is never whole again.
create function ct_sealed_envelopes_c9_seal() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from seals s where s.seal_no = new.seal_no and s.envelope_id = new.id and s.broken_at is null) then
    perform broken('ct_sealed_envelopes_c9_seal'); end if;
  return null;
end $$;
create constraint trigger ct_sealed_envelopes_c9_seal after insert or update of seal_no on sealed_envelopes deferrable initially deferred
  for each row execute function ct_sealed_envelopes_c9_seal();
create function tg_seals_c9_broken_once() returns trigger language plpgsql as $$ begin
  perform broken('tg_seals_c9_broken_once');
  return null;
end $$;
create trigger tg_seals_c9_broken_once before update of broken_at on seals
  for each row when (old.broken_at is not null and new.broken_at is null) execute function tg_seals_c9_broken_once();

-- C1: an emergency is opened to be looked at by somebody else, not with the answer.
create function tg_emergency_reviews_c1_open() returns trigger language plpgsql as $$ begin
  perform broken('tg_emergency_reviews_c1_open');
  return null;
end $$;
create trigger tg_emergency_reviews_c1_open before insert on emergency_reviews
  for each row when (num_nonnulls(new.reviewed_at, new.reviewed_by, new.finding) > 0) execute function tg_emergency_reviews_c1_open();

-- C36: the paper of a settlement notice is one, and of its loan.
create function tg_settlement_notices_c36_paper() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from archive_records r where r.id = new.record_id and r.kind = 'SETTLEMENT_NOTICE' and r.primary_loan_id = new.loan_id) then
    perform broken('tg_settlement_notices_c36_paper'); end if;
  return null;
end $$;
create trigger tg_settlement_notices_c36_paper after insert on settlement_notices
  for each row execute function tg_settlement_notices_c36_paper();

-- C39: what takes its place, and at which value, is told before anybody approves.
create function tg_substitutions_c39_before_approval() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from access_requests q where q.id = new.request_id and q.kind = 'SUBSTITUTION' and q.state = 'SUBMITTED')
     or exists (select from approvals a where a.request_id = new.request_id) then
    perform broken('tg_substitutions_c39_before_approval'); end if;
  return new;
end $$;
create trigger tg_substitutions_c39_before_approval before insert on substitutions
  for each row execute function tg_substitutions_c39_before_approval();

-- C10: a ticket is a number of the unit that keeps what leaves; so is the one that takes the place of a void one.
create function tg_tickets_c10_unit() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from operations o join archive_records r on r.id = any (o.record_ids)
                 where o.id = new.operation_id and r.custody_org_id = new.org_id)
     and not exists (select from tickets t where t.operation_id = new.operation_id and t.org_id = new.org_id) then
    perform broken('tg_tickets_c10_unit'); end if;
  return new;
end $$;
create trigger tg_tickets_c10_unit before insert on tickets
  for each row when (new.operation_id is not null) execute function tg_tickets_c10_unit();

-- C17: a volume is put into another place by an act on it; a count reads what was listed.
create function ct_archive_records_c17_place() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from operations o where o.done_in = pg_current_xact_id() and new.id = any (o.record_ids)) then
    perform broken('ct_archive_records_c17_place'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_c17_place after update of location_id on archive_records deferrable initially deferred
  for each row when (old.location_id is distinct from new.location_id and old.state <> 'SUBMITTED') execute function ct_archive_records_c17_place();

-- C51: the first outcome is the answer for ever.
create function tg_idempotency_keys_c51_once() returns trigger language plpgsql as $$ begin
  perform broken('tg_idempotency_keys_c51_once');
  return null;
end $$;
create trigger tg_idempotency_keys_c51_once before update on idempotency_keys
  for each row when (old.outcome is not null and new.outcome is distinct from old.outcome) execute function tg_idempotency_keys_c51_once();

do $$ declare f text; begin
  foreach f in array array['tg_archive_records_c26_pages', 'tg_file_items_c31_collecting', 'ct_sealed_envelopes_c9_seal',
                           'tg_settlement_notices_c36_paper', 'tg_substitutions_c39_before_approval', 'tg_tickets_c10_unit', 'ct_archive_records_c17_place'] loop
    execute format('alter function %s() owner to loanfile_judge', f);
    execute format('revoke execute on function %s() from public', f);
  end loop;
end $$;
