-- C1: a service account has no custody, so nothing is lent to one either.
create function tg_access_requests_c1_no_service() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from staff s where s.id = new.reader_id and s.kind = 'SERVICE') then
    perform broken('tg_access_requests_c1_no_service'); end if;
  return new;
end $$;
alter function tg_access_requests_c1_no_service() owner to loanfile_judge;
create trigger tg_access_requests_c1_no_service before insert or update of reader_id on access_requests
  for each row execute function tg_access_requests_c1_no_service();
