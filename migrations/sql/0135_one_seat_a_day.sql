-- C2: whoever had the key in the morning does not get the code in the afternoon, of one vault on one day of the bank.
create function days_on_duty(during tstzrange) returns daterange
language sql stable set search_path = public, pg_temp as $$
  select daterange(bank_day(lower(during)), bank_day(upper(during) - interval '1 microsecond'), '[]') $$;
create function has_other_seat(who uuid, vault uuid, seat text, during tstzrange) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from keeper_duties d where d.staff_id = who and d.vault_id = vault and d.seat <> has_other_seat.seat
    and not isempty(d.during) and days_on_duty(d.during) && days_on_duty(has_other_seat.during)) $$;

-- After the row is there: that nobody has two duties at once is said by its own constraint.
create function tg_keeper_duties_c2_one_seat_a_day() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  perform pg_advisory_xact_lock(hashtextextended(new.vault_id::text || new.staff_id::text, 2));  -- of two at once one sees the other
  if not isempty(new.during) and has_other_seat(new.staff_id, new.vault_id, new.seat, new.during) then
    perform broken('tg_keeper_duties_c2_one_seat_a_day'); end if;
  return null;
end $$;
create trigger tg_keeper_duties_c2_one_seat_a_day after insert or update of vault_id, staff_id, seat, during on keeper_duties
  for each row execute function tg_keeper_duties_c2_one_seat_a_day();

-- A duty that is handed over begins at the judge's instant.
drop function facts_of_staff(uuid, uuid, tstzrange, timestamptz);
create function facts_of_staff(who uuid, vault uuid, during tstzrange, at timestamptz default clock_timestamp(), seat text default null)
  returns table (id uuid, org_id uuid, kind text, active boolean, has_custody boolean, has_duty_then boolean, has_other_seat boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.id, s.org_id, s.kind, s.active, has_custody(s.id, at),
         exists (select from keeper_duties d where d.staff_id = s.id and d.vault_id = vault and d.during && t.then),
         coalesce(has_other_seat(s.id, vault, facts_of_staff.seat, t.then), false)
  from staff s, (select tstzrange(coalesce(lower(facts_of_staff.during), at), upper(facts_of_staff.during)) as then) t where s.id = who $$;
do $$ declare f text; begin
  foreach f in array array['has_other_seat(uuid, uuid, text, tstzrange)', 'facts_of_staff(uuid, uuid, tstzrange, timestamptz, text)',
      'tg_keeper_duties_c2_one_seat_a_day()'] loop
    execute format('alter function %s owner to loanfile_judge', f);
    execute format('revoke execute on function %s from public', f);
  end loop;
end $$;
grant execute on function facts_of_staff(uuid, uuid, tstzrange, timestamptz, text) to loanfile_app, loanfile_registrar, loanfile_search;
