-- C45: a class is kept as long as the policy of the unit that keeps the volume says, and never less than its name does.
create function retention_years(class text, unit uuid) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  select case when class = 'PERMANENT' then class_years(class)
    else greatest(class_years(class), parameter_of('retention_years.' || lower(class), unit, class_years(class))) end $$;
alter function retention_years(text, uuid) owner to loanfile_judge;
revoke execute on function retention_years(text, uuid) from public;
drop function term_of(uuid[]);
create function term_of(ids uuid[], at timestamptz default clock_timestamp()) returns table (record_id uuid, ended boolean, ended_on date, least_class text, cutoff_at timestamptz, retention_class text)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, coalesce(l.status in ('SETTLED', 'WRITTEN_OFF') or p.settled_at is not null and p.principal_amount + p.interest_amount + p.fees_amount = 0, false),
    (p.settled_at at time zone 'Asia/Shanghai')::date, case when l.term_months <= parameter_of('short_term_months', r.custody_org_id, 12, at) then 'FIVE_YEARS' else 'TWENTY_YEARS' end,
    r.cutoff_at, r.retention_class
  from archive_records r left join loans l on l.id = r.primary_loan_id
  left join lateral (select * from loan_positions x where x.loan_id = l.id order by x.as_of desc limit 1) p on true
  where r.id = any (ids) $$;
alter function term_of(uuid[], timestamptz) owner to loanfile_judge;
revoke execute on function term_of(uuid[], timestamptz) from public;
grant execute on function term_of(uuid[], timestamptz) to loanfile_app, loanfile_reader, loanfile_registrar, loanfile_search;
create or replace function tg_archive_records_volume() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare c record; t record; begin
  if new.state = 'SUBMITTED' and old.state = 'COLLECTING' then
    select * into c from contents_of(array[new.id]);
    if cardinality(c.gaps) > 0 then perform broken('tg_archive_records_c29_elements'); end if;
    if c.items is null or not c.is_numbered or c.rebuilt and not c.copies_alone then perform broken('tg_archive_records_c30_volume'); end if;
  end if;
  if old.state = 'FILED' and new.state = 'CLOSED_VOLUME' or new.state in ('DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED', 'DESTROYED') then
    select * into t from term_of(array[new.id]);
    if new.state = 'CLOSED_VOLUME' and not t.ended then perform broken('tg_archive_records_c34_closing'); end if;
    if exists (select from loans l right join (select new.id) r on true left join customers cu on cu.id = l.customer_id
               join holds h on h.lifted_at is null and (h.record_id = new.id or h.loan_id = l.id or h.collateral_id = new.collateral_id
                                                        or h.party_id = cu.party_id or h.dealer_id = l.dealer_id)
               where l.id is not distinct from new.primary_loan_id and (h.kind <> 'RECOVERY' or new.state <> 'CLOSED_VOLUME')) then
      perform broken('tg_archive_records_c16_closing'); end if;
    if cardinality(frozen_kinds(new.id)) > 0 then perform broken('tg_archive_records_c17_closing'); end if;
    if new.state = 'CLOSED_VOLUME' and (new.cutoff_at is null or class_years(new.retention_class) < class_years(t.least_class)) then
      perform broken('tg_archive_records_c45_class'); end if;
    if new.state <> 'CLOSED_VOLUME' and (new.cutoff_at is null or new.retention_class = 'PERMANENT'
        or new.cutoff_at + make_interval(years => retention_years(new.retention_class, new.custody_org_id)) > clock_timestamp()) then
      perform broken('tg_archive_records_c45_expired'); end if;
  end if;
  return new;
end $$;
