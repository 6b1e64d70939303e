-- A request that is not decided lapses when nobody can grant it any more: its checkout has ended, a record of it has left for good.
create or replace function tg_access_requests_c15_step() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not ((old.state, new.state) in (('SUBMITTED', 'APPROVED'), ('SUBMITTED', 'REJECTED'), ('SUBMITTED', 'CANCELLED'),
                                     ('APPROVED', 'FULFILLED'), ('APPROVED', 'LAPSED'), ('APPROVED', 'CANCELLED'),
                                     ('SUBMITTED', 'WAITING'), ('WAITING', 'APPROVED'), ('WAITING', 'CANCELLED'), ('WAITING', 'LAPSED'))
          or new.kind = 'RELEASE' and (old.state, new.state) = ('SUBMITTED', 'LAPSED')
          or new.kind = 'EXTENSION' and (old.state, new.state) = ('SUBMITTED', 'FULFILLED')
          or (old.state, new.state) = ('SUBMITTED', 'LAPSED') and (
            exists (select from movements m where m.id = new.extends_id and m.closed_at is not null)
            or exists (select from request_lines l join archive_records r on r.id = l.record_id
                       where l.request_id = new.id
                         and r.state in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'DESTROYED', 'CLOSED_LOST')))) then
    perform broken('tg_access_requests_c15_step'); end if;
  return new;
end $$;
alter function tg_access_requests_c15_step() owner to loanfile_judge;
