-- Who had which role when, for those who read a history: from the versions of the grants, and from the delegations.
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
