create or replace function tg_return_inspections_c26_pages() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from archive_records r where r.id = new.record_id and r.pages > 0 and r.pages <> new.pages_counted) then
    perform broken('tg_return_inspections_c26_pages'); end if;
  return new;
end $$;
