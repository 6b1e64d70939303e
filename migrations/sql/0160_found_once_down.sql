create or replace function ct_movements_c25_found_in_vault() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from return_claims c where c.movement_id = new.id and c.resolution = 'FOUND_IN_VAULT' and c.resolved_at is not null) then
    perform broken('ct_movements_c25_found_in_vault'); end if;
  return null;
end $$;
