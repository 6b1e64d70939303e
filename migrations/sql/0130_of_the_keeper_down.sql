create or replace function tg_operation_seats_c50_override() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare o operations; wanted text; held text[]; begin
  select * into o from operations where id = new.operation_id;
  select coalesce(array_agg(r.role), '{}') into held from (
    select role from staff_roles where staff_id = new.staff_id
    union select d.role from delegations d where d.to_staff_id = new.staff_id and d.during @> new.taken_at) r;
  for wanted in select x->>'rule' from jsonb_array_elements(coalesce(o.ask->'overrides', '[]')) x loop
    if not held && coalesce(policy_roles('override_roles.' || lower(wanted), o.org_id, new.taken_at),
                            array(select p.role from override_permissions p where p.rule = wanted)) then
      perform broken('tg_operation_seats_c50_permitted'); end if;
  end loop;
  if new.staff_id = o.opened_by or new.staff_id = (o.ask->>'reader')::uuid
     or exists (select from access_requests q where q.id = (o.ask->>'request')::uuid and new.staff_id in (q.applicant_id, q.reader_id))
     or exists (select from archive_records r join loans l on l.id = r.primary_loan_id join customers c on c.id = l.customer_id
                where r.id = any (o.record_ids) and (l.manager_id = new.staff_id
                  or exists (select from staff_relations s where s.staff_id = new.staff_id and s.party_id = c.party_id))) then
    perform broken('tg_operation_seats_c50_another'); end if;
  return new;
end $$;
