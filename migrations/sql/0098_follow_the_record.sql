-- What comes to a record while it moves to another unit waits for it, and is seen where the record is seen.
create or replace function tg_follow_record() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare seen uuid[]; begin
  select r.visible_to into seen from archive_records r where r.id = new.record_id for share;
  new.visible_to := coalesce(seen, array[new.org_id]);
  return new;
end $$;
