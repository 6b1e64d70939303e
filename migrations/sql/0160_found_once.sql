-- C25: a claim that was resolved as found in the vault presents the paper by that once: at its own instant, before anybody has inspected it.
create or replace function ct_movements_c25_found_in_vault() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from return_claims c where c.movement_id = new.id and c.resolution = 'FOUND_IN_VAULT' and c.resolved_at = new.returned_at
                 and not exists (select from return_inspections i where i.movement_id = new.id and i.inspected_at >= c.resolved_at)) then
    perform broken('ct_movements_c25_found_in_vault'); end if;
  return null;
end $$;
