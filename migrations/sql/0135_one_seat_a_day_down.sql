drop function facts_of_staff(uuid, uuid, tstzrange, timestamptz, text);
create function facts_of_staff(who uuid, vault uuid, during tstzrange, at timestamptz default clock_timestamp()) returns table (id uuid, org_id uuid, kind text, active boolean, has_custody boolean, has_duty_then boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.id, s.org_id, s.kind, s.active, has_custody(s.id, at),
         exists (select from keeper_duties d where d.staff_id = s.id and d.vault_id = vault and d.during && $3)
  from staff s where s.id = who $$;
alter function facts_of_staff(uuid, uuid, tstzrange, timestamptz) owner to loanfile_judge;
revoke execute on function facts_of_staff(uuid, uuid, tstzrange, timestamptz) from public;
grant execute on function facts_of_staff(uuid, uuid, tstzrange, timestamptz) to loanfile_app, loanfile_registrar, loanfile_search;
drop trigger tg_keeper_duties_c2_one_seat_a_day on keeper_duties;
drop function tg_keeper_duties_c2_one_seat_a_day();
drop function has_other_seat(uuid, uuid, text, tstzrange);
drop function days_on_duty(tstzrange);
