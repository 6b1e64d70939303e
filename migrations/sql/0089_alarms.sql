-- Alarms: what is wrong with the bank as a whole, told to people and not only to a log.
create table alarms (
  id uuid default uuidv7() not null,
  kind text not null,
  told text not null,
  findings integer not null,
  raised_at timestamptz not null,
  seen_at timestamptz not null,
  cleared_at timestamptz,
  constraint pk_alarms primary key (id),
  constraint ck_alarms_kind check (kind in ('STATE_DIFFERS', 'NOT_ANCHORED', 'STORE_NOT_LOCKED', 'OBJECT_UNEXPLAINED'))
);
create unique index uq_alarms_one_open on alarms (kind) where cleared_at is null;
comment on table alarms is 'What is wrong with the bank as a whole, each from when it was found until it was not found any more; one open of a kind.';
comment on column alarms.id is 'Opaque id, UUIDv7.';
comment on column alarms.kind is 'What is wrong.';
comment on column alarms.told is 'What was found first.';
comment on column alarms.findings is 'How many things were found when it was last looked at.';
comment on column alarms.raised_at is 'When it was found.';
comment on column alarms.seen_at is 'When it was last found.';
comment on column alarms.cleared_at is 'When it was not found any more.';
alter table alarms enable row level security;
alter table alarms force row level security;
create policy told_reads on alarms for select using (exists (
  select from notices n where n.staff_id = (select app_staff()) and n.kind = 'ALARM' and n.subject_id = alarms.id));
create policy judge_sees_all on alarms for select to loanfile_judge using (true);
create policy registrar_keeps_all on alarms to loanfile_registrar using (true) with check (true);
grant select on alarms to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar;
grant insert, update (findings, seen_at, cleared_at) on alarms to loanfile_registrar;
create trigger tg_append_only_c48 before delete or truncate on alarms execute function tg_append_only_c48();

-- What a service found, or that it found nothing any more; the id of an alarm that was not there before.
create function tell_alarm(what text, first text, many integer, at timestamptz) returns uuid
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare made uuid; begin
  if not app_has_role('SYSTEM') then raise insufficient_privilege using message = 'alarms are told by services'; end if;
  if first is null then
    update alarms set cleared_at = at where kind = what and cleared_at is null;
    return null;
  end if;
  update alarms set seen_at = at, findings = many where kind = what and cleared_at is null;  -- what was found first stays what it tells
  if found then return null; end if;
  insert into alarms (kind, told, findings, raised_at, seen_at) values (what, first, many, at, at)
  on conflict (kind) where cleared_at is null do nothing returning id into made;
  return made;
end $$;
alter function tell_alarm(text, text, integer, timestamptz) owner to loanfile_registrar;
revoke execute on function tell_alarm(text, text, integer, timestamptz) from public;
grant execute on function tell_alarm(text, text, integer, timestamptz) to loanfile_app;

alter table notices drop constraint ck_notices_kind;
alter table notices add constraint ck_notices_kind check (kind in ('DUE_SOON', 'OVERDUE', 'BLOCKED', 'RECALLED', 'SEARCH_DUE', 'CONFIRMATION_DUE', 'READY_TO_FETCH', 'RESERVATION_LAPSED', 'WAITING_LAPSED', 'DUE_PROVISIONAL', 'DUE_MOVED', 'CASE_LATE', 'PAPER_LATE', 'EXPIRING', 'TRANSIT_LATE', 'STOCKTAKE_MISSED', 'EMERGENCY_UNREVIEWED', 'PAYOFF_REVERSED', 'LOSS_REPORTED', 'SCAN_DAMAGED', 'SCAN_LOCK_DRIFTED', 'ALARM')) not valid;
alter table notices validate constraint ck_notices_kind;

comment on table transitions is 'The state machines of domain section 3; loaded from server/custody/transitions.';
