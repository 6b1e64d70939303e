-- C26: a certificate that comes back changed, as the operation names it, may have more pages than it left with.
create or replace function tg_return_inspections_c26_pages() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from archive_records r where r.id = new.record_id and r.pages > 0 and r.pages <> new.pages_counted)
    and not exists (select from movements m join operations o on o.id = m.operation_id where m.id = new.movement_id
      and m.record_id = new.record_id and o.action = 'ACCEPT_CHANGED_RETURN'
      and o.ask -> 'detail' -> 'changes' @> jsonb_build_array(jsonb_build_object('old', new.record_id))) then
    perform broken('tg_return_inspections_c26_pages'); end if;
  return new;
end $$;
