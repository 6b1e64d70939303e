-- Undoes 0010. What has left for good is history: with any of it the constraints of before cannot be put back.
drop trigger ct_loan_positions_c52_reversal on loan_positions;
drop trigger ct_movements_released on movements;
drop trigger ct_movements_substituted on movements;
drop trigger ct_movements_surrendered on movements;
drop trigger tg_movements_c38_final on movements;
drop trigger ct_archive_records_c38_left_by_movement on archive_records;
drop table settlement_notices, releases, substitutions;
drop function ct_loan_positions_c52_reversal(), ct_movements_released(), ct_movements_substituted(), ct_movements_surrendered(),
  tg_movements_c38_final(), ct_archive_records_c38_left_by_movement(), tg_releases_c37_recipient(), tg_settlement_notices_c34_settled(),
  tg_settlement_notices_c52_void_stays(), substitution_facts(uuid, uuid), replacement_facts(uuid, uuid),
  replacement_stands(uuid, uuid, numeric), recipient_is_verified(uuid, uuid), recipient_fits(uuid, uuid, text, bytea, uuid, date),
  receipt_is_on_file(uuid, uuid), release_ready_since(uuid), release_facts(uuid[]), is_covered(uuid, uuid[]), notice_is_filed(uuid),
  papers_on(uuid), loans_on(uuid), settlement_final_at(uuid), payoff_of(uuid), working_days_after(timestamptz, integer), parameter_of(text, uuid, integer);

alter table movements drop constraint ck_movements_c38_end_fits_kind;
alter table discrepancies drop constraint ck_discrepancies_kind;
alter table discrepancies add constraint ck_discrepancies_kind
  check (kind in ('MISSING', 'EXTRA', 'WRONG_SLOT', 'SEAL_BROKEN', 'DAMAGED')) not valid;
alter table discrepancies validate constraint ck_discrepancies_kind;

alter table notices drop constraint ck_notices_kind;
alter table notices add constraint ck_notices_kind check (kind in ('DUE_SOON', 'OVERDUE', 'BLOCKED', 'RECALLED', 'SEARCH_DUE', 'CONFIRMATION_DUE', 'READY_TO_FETCH',
  'RESERVATION_LAPSED', 'WAITING_LAPSED', 'DUE_PROVISIONAL', 'DUE_MOVED', 'CASE_LATE', 'PAPER_LATE', 'EXPIRING', 'TRANSIT_LATE', 'STOCKTAKE_MISSED',
  'EMERGENCY_UNREVIEWED', 'LOSS_REPORTED')) not valid;
alter table notices validate constraint ck_notices_kind;

create or replace function tg_access_requests_c15_step() returns trigger language plpgsql as $$ begin
  if not ((old.state, new.state) in (('SUBMITTED', 'APPROVED'), ('SUBMITTED', 'REJECTED'), ('SUBMITTED', 'CANCELLED'),
                                     ('APPROVED', 'FULFILLED'), ('APPROVED', 'LAPSED'), ('APPROVED', 'CANCELLED'),
                                     ('SUBMITTED', 'WAITING'), ('WAITING', 'APPROVED'), ('WAITING', 'CANCELLED'), ('WAITING', 'LAPSED'))
          or new.kind = 'EXTENSION' and (old.state, new.state) = ('SUBMITTED', 'FULFILLED')) then
    perform broken('tg_access_requests_c15_step'); end if;
  return new;
end $$;

alter table access_requests drop constraint fk_access_requests_c13_purpose;
delete from purposes where kind <> 'CHECKOUT';
alter table purposes drop constraint pk_purposes;
alter table purposes drop column kind;
alter table purposes add constraint pk_purposes primary key (tier, purpose);
comment on table purposes is 'Which purposes a tier allows (C13).';
alter table access_requests add constraint fk_access_requests_c13_purpose foreign key (tier, purpose) references purposes (tier, purpose) not valid;
alter table access_requests validate constraint fk_access_requests_c13_purpose;
delete from approval_ranks where purpose in ('PAID_IN_FULL', 'REGISTRATION_CANCELLED', 'PARTIAL_RELEASE', 'SUBSTITUTION');

delete from transitions where action in ('POST_POSITION', 'ISSUE_NOTICE', 'REQUEST_RELEASE', 'REQUEST_SUBSTITUTION', 'VERIFY_RECIPIENT', 'RELEASE', 'SUBSTITUTE', 'SURRENDER');
delete from act_seats where action in ('RELEASE', 'SUBSTITUTE', 'SURRENDER');
delete from acts where action in ('POST_POSITION', 'ISSUE_NOTICE', 'REQUEST_RELEASE', 'REQUEST_SUBSTITUTION', 'VERIFY_RECIPIENT', 'RELEASE', 'SUBSTITUTE', 'SURRENDER');
