create or replace function tg_follow_record() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.visible_to := coalesce((select visible_to from archive_records where id = new.record_id), array[new.org_id]);
  return new;
end $$;
