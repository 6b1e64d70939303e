-- C44: what the two heads declared is kept with the case, and is not told anew.
alter table loss_cases add column statement text;
comment on column loss_cases.statement is 'Why it counts as lost, as the two heads declared it.';
grant update (statement) on loss_cases to loanfile_app;
create or replace function tg_loss_cases_step() returns trigger language plpgsql as $$ begin
  if old.state <> new.state and not ((old.state, new.state) in (('OPEN', 'SEARCHED'), ('SEARCHED', 'LOST'))
      or new.state = 'CLOSED' and case when old.state = 'LOST' then new.outcome in ('REPLACED', 'CLOSED_LOST') else new.outcome = 'FOUND' end) then
    perform broken('tg_loss_cases_c44_step'); end if;
  if old.state in ('LOST', 'CLOSED') and (old.search_log, old.responsibility, old.searched_at, old.notified_at, old.lost_at, old.lost_operation_id, old.statement)
        is distinct from (new.search_log, new.responsibility, new.searched_at, new.notified_at, new.lost_at, new.lost_operation_id, new.statement)
     or old.state = 'CLOSED' and (old.outcome, old.closed_at, old.reissued_as_id) is distinct from (new.outcome, new.closed_at, new.reissued_as_id)
     or old.original_found_at is not null and new.original_found_at is distinct from old.original_found_at then
    perform broken('tg_loss_cases_c48_final'); end if;
  return new;
end $$;
