drop function corrected_since(uuid), names_over_time(uuid[]), roles_over_time(uuid[]), denied_contract(uuid, text), denied_loan(uuid, text);

create function roles_over_time(people uuid[]) returns table (staff_id uuid, role text, given_at timestamptz, taken_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select (v.content->>'staff_id')::uuid, v.content->>'role', v.recorded_at,
    (select min(d.recorded_at) from row_versions d where d.table_name = 'staff_roles' and d.row_id = v.row_id and d.operation = 'D')
  from row_versions v
  where (select app_has_role('COMPLIANCE', 'AUDITOR')) and v.table_name = 'staff_roles' and v.operation = 'I'
    and (v.content->>'staff_id')::uuid = any (people)
  union all
  select d.to_staff_id, d.role, lower(d.during), upper(d.during) from delegations d
  where (select app_has_role('COMPLIANCE', 'AUDITOR')) and d.to_staff_id = any (people) $$;
alter function roles_over_time(uuid[]) owner to loanfile_judge;
revoke execute on function roles_over_time(uuid[]) from public;
grant execute on function roles_over_time(uuid[]) to loanfile_app;

create or replace function put_right(row_id uuid, content jsonb, recorded timestamptz, known_at timestamptz) returns jsonb
language plpgsql stable set search_path = public, pg_temp as $$
declare c record; made jsonb := content; begin
  for c in
    select case x.field when 'registrationNo' then 'registration_no' when 'issuedOn' then 'issued_on' when 'signedOn' then 'signed_on'
             else x.field end as name, x.old_value, x.new_value
    from corrections x, lateral (
      select min(v.recorded_at) as moment from row_versions v
      where v.table_name = 'operations' and v.row_id = x.operation_id and v.content->>'state' = 'DONE') done
    where x.subject_id = put_right.row_id and x.subject_kind <> 'EVENT' and done.moment > recorded and done.moment <= known_at
    order by done.moment, x.id loop
    if made->>c.name is not distinct from c.old_value then made := made || jsonb_build_object(c.name, c.new_value); end if;
  end loop;
  return made;
end $$;
drop function corrected_column(text);
