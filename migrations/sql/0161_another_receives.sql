-- C25: what comes back is laid before somebody else than who brings it; whoever reads in the room puts back what nobody has brought.
create function tg_movements_c25_another_receives() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.presented_to is null or new.presented_to = new.returned_by then perform broken('tg_movements_c25_another_receives'); end if;
  return new;
end $$;
create trigger tg_movements_c25_another_receives before insert or update of returned_by, presented_to on movements
  for each row when (new.returned_by is not null and new.kind <> 'READING') execute function tg_movements_c25_another_receives();
alter function tg_movements_c25_another_receives() owner to loanfile_judge;
revoke execute on function tg_movements_c25_another_receives() from public;
