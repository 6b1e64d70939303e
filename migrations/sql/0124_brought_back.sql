insert into transitions (tier, start, action, finish, code) values
  ('FIRST', 'CHECKED_OUT', 'RESOLVE_CLAIM', 'RETURN_PENDING', 'F7'),
  ('SECOND', 'CHECKED_OUT', 'RESOLVE_CLAIM', 'RETURN_PENDING', 'S5');

-- C25: by what right somebody brings back what another holds; null without any.
create function ground_of_return(holder uuid, bringer uuid, at timestamptz default clock_timestamp()) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select case when b.id = h.id then 'HOLDER'
    when not b.active or b.kind <> 'PERSON' then null
    when exists (select from delegations d where d.from_staff_id = h.id and d.to_staff_id = b.id and d.during @> at) then 'DELEGATE'
    when b.org_id <> h.org_id then null
    when exists (select from staff_roles r where r.staff_id = b.id and r.role in ('CREDIT_DEPT_HEAD', 'OPS_HEAD', 'BRANCH_HEAD')) then 'HEAD'
    when not h.active then 'COLLEAGUE' end
  from staff h join staff b on b.id = bringer where h.id = holder $$;
alter table movements drop constraint ck_movements_c25_holder_returns, drop constraint ck_movements_c27_return_after_exit;
alter table movements add constraint ck_movements_c27_return_after_exit
  check (returned_at is null or (out_at is not null and returned_at >= out_at)) not valid;
alter table movements validate constraint ck_movements_c27_return_after_exit;
create function tg_movements_c25_holder_or_successor() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if ground_of_return(new.holder_id, new.returned_by) is null then perform broken('tg_movements_c25_holder_or_successor'); end if;
  return new;
end $$;
create trigger tg_movements_c25_holder_or_successor before insert or update of returned_by on movements
  for each row when (new.returned_by is not null) execute function tg_movements_c25_holder_or_successor();
create function ct_movements_c25_found_in_vault() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from return_claims c where c.movement_id = new.id and c.resolution = 'FOUND_IN_VAULT' and c.resolved_at is not null) then
    perform broken('ct_movements_c25_found_in_vault'); end if;
  return null;
end $$;
create constraint trigger ct_movements_c25_found_in_vault after insert or update of returned_at, returned_by on movements
  deferrable initially deferred for each row when (new.returned_at is not null and new.returned_by is null)
  execute function ct_movements_c25_found_in_vault();
do $$ declare f text; begin
  foreach f in array array['ground_of_return(uuid, uuid, timestamptz)', 'tg_movements_c25_holder_or_successor()',
      'ct_movements_c25_found_in_vault()'] loop
    execute format('alter function %s owner to loanfile_judge', f);
    execute format('revoke execute on function %s from public', f);
  end loop;
end $$;
grant execute on function ground_of_return(uuid, uuid, timestamptz) to loanfile_app;
