-- A clock that is set back must not put an act before the one that it follows: the newest event of the histories of these records.
create function told_until(ids uuid[]) returns timestamptz
language sql stable security definer set search_path = public, pg_temp as $$
  select max(c.last_at) from archive_records r join chains c on c.id = coalesce(r.primary_loan_id, r.custody_org_id) where r.id = any (ids) $$;
alter function told_until(uuid[]) owner to loanfile_judge;
