-- C26: an inspection that passed counted as many pages as the register has, where it knows them.
create function tg_return_inspections_c26_pages() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from archive_records r where r.id = new.record_id and r.pages > 0 and r.pages <> new.pages_counted) then
    perform broken('tg_return_inspections_c26_pages'); end if;
  return new;
end $$;
alter function tg_return_inspections_c26_pages() owner to loanfile_judge;
revoke execute on function tg_return_inspections_c26_pages() from public;
create trigger tg_return_inspections_c26_pages before insert on return_inspections
  for each row when (new.passed) execute function tg_return_inspections_c26_pages();
