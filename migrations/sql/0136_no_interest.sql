-- C4: who decides about a file, or counts what comes onto a shelf, has no interest in its loan.
create function has_interest(who uuid, records uuid[]) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from archive_records r join loans l on l.id = r.primary_loan_id join customers c on c.id = l.customer_id
    where r.id = any (records) and (l.manager_id = who
      or exists (select from staff_relations s where s.staff_id = who and s.party_id = c.party_id))) $$;

create function tg_operation_seats_c4_deciding() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if has_interest(new.staff_id, (select o.record_ids from operations o where o.id = new.operation_id
                                 and o.action in ('DECLARE_LOST', 'CLOSE_LOST', 'SURRENDER'))) then
    perform broken('tg_operation_seats_c4_deciding'); end if;
  return null;
end $$;
create trigger tg_operation_seats_c4_deciding after insert on operation_seats
  for each row when (new.seat in ('PROPOSER', 'SECOND')) execute function tg_operation_seats_c4_deciding();

create function tg_disposal_approvals_c4_no_interest() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if has_interest(new.staff_id, array(select l.record_id from disposal_lines l where l.batch_id = new.batch_id and l.is_open)) then
    perform broken('tg_disposal_approvals_c4_no_interest'); end if;
  return null;
end $$;
create trigger tg_disposal_approvals_c4_no_interest after insert on disposal_approvals
  for each row execute function tg_disposal_approvals_c4_no_interest();

create function tg_archive_records_c4_taken_over() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if has_interest(new.custodian_id, array[new.id]) or exists (
      select from file_items i where i.record_id = new.id and i.seen_by is not null and has_interest(i.seen_by, array[new.id])) then
    perform broken('tg_archive_records_c4_taken_over'); end if;
  return null;
end $$;
create trigger tg_archive_records_c4_taken_over after update of state on archive_records
  for each row when (old.state = 'SUBMITTED' and new.state = 'FILED') execute function tg_archive_records_c4_taken_over();

do $$ declare f text; begin
  foreach f in array array['has_interest(uuid, uuid[])', 'tg_operation_seats_c4_deciding()', 'tg_disposal_approvals_c4_no_interest()',
      'tg_archive_records_c4_taken_over()'] loop
    execute format('alter function %s owner to loanfile_judge', f);
    execute format('revoke execute on function %s from public', f);
  end loop;
end $$;
