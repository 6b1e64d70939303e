delete from transitions where tier = 'FIRST' and start = 'MISSING' and action = 'RESOLVE_FOUND' and finish = 'PENDING_INTAKE';
update loss_cases set back_to = 'IN_VAULT' where back_to = 'PENDING_INTAKE' and state in ('OPEN', 'SEARCHED');
create or replace function tg_discrepancies_open_loss() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  insert into loss_cases (org_id, discrepancy_id, record_id, back_to, opened_at)
    select new.org_id, new.id, r.id, coalesce((select d.back_to from disposal_lines d where d.record_id = r.id and d.is_open), rest_of(r.tier, r.state)),
      new.reported_at from archive_records r where r.id = new.record_id;
  return null;
end $$;
create or replace function ct_sealed_envelopes_c9_by_opening() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not kept_by_two(array(select id from archive_records where envelope_id = new.id))
     -- While all of its papers are out nothing is moved: the slot that waits for them is another unit's from now on.
     and not (tg_op = 'UPDATE' and new.seal_no = old.seal_no
              and not exists (select from archive_records r where r.envelope_id = new.id and r.state not in ('CHECKED_OUT', 'SURRENDERED'))) then
    perform broken('ct_sealed_envelopes_c9_by_opening'); end if;
  return null;
end $$;
