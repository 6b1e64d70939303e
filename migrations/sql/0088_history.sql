-- The history of a contract as it stood on a day, and as it was known on another.

-- Which column of a row a correction names.
create function corrected_column(field text) returns text language sql immutable parallel safe as $$
  select case field when 'registrationNo' then 'registration_no' when 'issuedOn' then 'issued_on' when 'signedOn' then 'signed_on' else field end $$;

create or replace function put_right(row_id uuid, content jsonb, recorded timestamptz, known_at timestamptz) returns jsonb
language plpgsql stable set search_path = public, pg_temp as $$
declare c record; made jsonb := content; begin
  for c in
    select corrected_column(x.field) as name, x.old_value, x.new_value
    from corrections x, lateral (
      select min(v.recorded_at) as moment from row_versions v
      where v.table_name = 'operations' and v.row_id = x.operation_id and v.content->>'state' = 'DONE') done
    where x.subject_id = put_right.row_id and x.subject_kind <> 'EVENT' and done.moment > recorded and done.moment <= known_at
    order by done.moment, x.id loop
    if made->>c.name is not distinct from c.old_value then made := made || jsonb_build_object(c.name, c.new_value); end if;
  end loop;
  return made;
end $$;

-- Since when a correction counts for whoever knows of it: the first version that bears what was mistyped, or the event that told it.
create function corrected_since(correction uuid) returns timestamptz
language sql stable security definer set search_path = public, pg_temp as $$
  select case c.subject_kind
    when 'EVENT' then (select e.happened_at from events e where e.id = c.subject_id)
    else (select min(v.recorded_at) from row_versions v
          where v.table_name = case c.subject_kind when 'RECORD' then 'archive_records' when 'FILE_ITEM' then 'file_items'
                                 when 'CERTIFICATE' then 'collateral_certificates' when 'CONTRACT' then 'contracts' end
            and v.row_id = c.subject_id and v.content->>corrected_column(c.field) is not distinct from c.old_value) end
  from corrections c where (select app_has_role('COMPLIANCE', 'AUDITOR')) and c.operation_id = correction $$;

-- Who was called what, from when on, for those who read a history.
create function names_over_time(people uuid[]) returns table (staff_id uuid, name text, since timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select v.row_id, v.content->>'name', v.recorded_at from row_versions v
  where (select app_has_role('COMPLIANCE', 'AUDITOR')) and v.table_name = 'staff' and v.row_id = any (people) and v.operation <> 'D' $$;

-- As before, with whose role it is where it was delegated; grants are found by whom they are given to.
drop function roles_over_time(uuid[]);
create function roles_over_time(people uuid[])
returns table (staff_id uuid, role text, given_at timestamptz, taken_at timestamptz, delegated_by uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select (v.content->>'staff_id')::uuid, v.content->>'role', v.recorded_at,
    (select min(d.recorded_at) from row_versions d where d.table_name = 'staff_roles' and d.row_id = v.row_id and d.operation = 'D'), null::uuid
  from row_versions v
  where (select app_has_role('COMPLIANCE', 'AUDITOR')) and v.table_name = 'staff_roles' and v.operation = 'I'
    and v.content->>'staff_id' = any (people::text[])
  union all
  select d.to_staff_id, d.role, lower(d.during), upper(d.during), d.from_staff_id from delegations d
  where (select app_has_role('COMPLIANCE', 'AUDITOR')) and d.to_staff_id = any (people) $$;

-- What somebody named who may not see it: only for the line of the access log that says so.
create function denied_contract(asked uuid, by_number text) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select c.id from contracts c where c.id = asked or c.number = by_number $$;
create function denied_loan(asked uuid, by_number text) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select l.id from loans l where l.id = asked or l.number = by_number $$;

do $$ declare name text; begin
  foreach name in array array['corrected_since(uuid)', 'names_over_time(uuid[])', 'roles_over_time(uuid[])', 'denied_contract(uuid, text)',
                              'denied_loan(uuid, text)'] loop
    execute format('alter function %s owner to loanfile_judge', name);
    execute format('revoke execute on function %s from public', name);
    execute format('grant execute on function %s to loanfile_app', name);
  end loop;
end $$;
