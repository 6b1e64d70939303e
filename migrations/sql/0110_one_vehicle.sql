-- A vehicle secures what is owed as one collateral, in whatever branch: a second one of the same VIN would hide its loans from the
-- release of the first (C34). Whoever enters a vehicle takes its turn.
create function lock_vehicle(vin text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended('vehicle ' || vin, 0)) $$;

create function tg_collateral_one_vehicle() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  perform lock_vehicle(new.vin);
  if exists (select from collateral c join loan_collateral s on s.collateral_id = c.id join loans l on l.id = s.loan_id
             where c.vin = new.vin and c.id <> new.id and l.status <> 'SETTLED') then
    perform broken('tg_collateral_one_vehicle');
  end if;
  return null;
end $$;
alter function tg_collateral_one_vehicle() owner to loanfile_judge;
grant execute on function lock_vehicle(text) to loanfile_app, loanfile_judge;
create trigger tg_collateral_one_vehicle after insert on collateral
  for each row when (new.vin is not null) execute function tg_collateral_one_vehicle();
