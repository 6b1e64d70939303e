-- Undoes 0014. A request that waits is history that the constraints of before cannot say.
create or replace function feed_position() returns bigint language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce((select transaction_id::text::bigint from events where transaction_id < pg_snapshot_xmin(pg_current_snapshot())
                   order by transaction_id desc limit 1), 0) $$;
drop table notices, overdue_steps;
drop trigger tg_movements_c23_nobody_waits on movements;
drop trigger tg_movements_c24_recalled_once on movements;
drop trigger tg_movements_c14_queue_first on movements;
drop trigger tg_movements_c21_recomputed on movements;
drop trigger tg_movements_c22_extension on movements;
create trigger tg_movements_c22_extension before update of due_at on movements
  for each row when (old.due_at is distinct from new.due_at and old.due_at is not null) execute function tg_movements_c22_extension();
drop function tg_movements_c23_nobody_waits(), tg_movements_c24_recalled_once(), tg_movements_c14_queue_first(), tg_movements_c21_recomputed(),
  is_working_day(date), lateness_of(uuid[], timestamptz), people_for(text, uuid, timestamptz), queue_of(uuid[], uuid), queue_position(uuid);
alter table movements drop column due_is_provisional, drop column recalled_at, drop column recalled_by, drop column recall_reason;
drop trigger ct_access_requests_c5_all_ranks on access_requests;
create constraint trigger ct_access_requests_c5_all_ranks after insert or update of state on access_requests deferrable initially deferred
  for each row when (new.state in ('APPROVED', 'FULFILLED')) execute function ct_access_requests_c5_all_ranks();
create or replace function tg_access_requests_c15_step() returns trigger language plpgsql as $$ begin
  if not ((old.state, new.state) in (('SUBMITTED', 'APPROVED'), ('SUBMITTED', 'REJECTED'), ('SUBMITTED', 'CANCELLED'),
                                     ('APPROVED', 'FULFILLED'), ('APPROVED', 'LAPSED'), ('APPROVED', 'CANCELLED'))
          or new.kind = 'EXTENSION' and (old.state, new.state) = ('SUBMITTED', 'FULFILLED')) then
    perform broken('tg_access_requests_c15_step'); end if;
  return new;
end $$;
alter table access_requests drop constraint ck_access_requests_c14_waits_since, drop column queue, drop column queued_at;
delete from transitions where action in ('ENQUEUE', 'SERVE', 'RECALL', 'OVERDUE_SEARCH') or (action = 'LAPSE' and start <> 'RESERVED');
delete from acts where action in ('ENQUEUE', 'SERVE', 'RECALL', 'OVERDUE_SEARCH');
