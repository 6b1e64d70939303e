create or replace function tg_access_requests_c15_step() returns trigger language plpgsql as $$ begin
  if not ((old.state, new.state) in (('SUBMITTED', 'APPROVED'), ('SUBMITTED', 'REJECTED'), ('SUBMITTED', 'CANCELLED'),
                                     ('APPROVED', 'FULFILLED'), ('APPROVED', 'LAPSED'), ('APPROVED', 'CANCELLED'),
                                     ('SUBMITTED', 'WAITING'), ('WAITING', 'APPROVED'), ('WAITING', 'CANCELLED'), ('WAITING', 'LAPSED'))
          or new.kind = 'RELEASE' and (old.state, new.state) = ('SUBMITTED', 'LAPSED')
          or new.kind = 'EXTENSION' and (old.state, new.state) = ('SUBMITTED', 'FULFILLED')) then
    perform broken('tg_access_requests_c15_step'); end if;
  return new;
end $$;
alter function tg_access_requests_c15_step() owner to loanfile_owner;
