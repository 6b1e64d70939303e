-- C3: the officer of a release may have asked for it, and has not approved it.
create or replace function tg_operation_seats_c1_on_duty() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare o operations; q access_requests; begin
  select * into o from operations where id = new.operation_id;
  if o.state <> 'PENDING' or new.taken_at not between o.opened_at and o.expires_at or not new.seat = any (o.required_seats) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat in ('KEY', 'CODE') and not exists (select from keeper_duties d where d.vault_id = o.vault_id
      and d.staff_id = new.staff_id and d.seat = new.seat and d.during @> new.taken_at
      and (upper_inf(d.during) or upper(d.during) > clock_timestamp()))  -- a former keeper is none, whatever the instant says
     and not (o.emergency_reason is not null
              and is_substitute(new.staff_id, case new.seat when 'KEY' then 'OPS_HEAD' else 'VICE_PRESIDENT' end, new.taken_at)) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat not in ('RECEIVER', 'PROPOSER', 'SECOND', 'SUPERVISOR', 'OVERRIDE')
     and has_interest(new.staff_id, o.record_ids) then
    perform broken('tg_operation_seats_c4_no_interest'); end if;
  if o.request_id is not null and exists (select from acts a where a.action = o.action and a.is_exit) then
    select * into q from access_requests where id = o.request_id;
    if new.seat = 'RECEIVER' and new.staff_id is distinct from q.reader_id then perform broken('tg_operation_seats_c19_receiver'); end if;
    if new.seat <> 'RECEIVER' and (new.seat <> 'OFFICER' and new.staff_id = q.applicant_id or exists (
        select from approvals a where a.request_id = q.id and a.approver_id = new.staff_id)) then
      perform broken('tg_operation_seats_c3_releaser'); end if;
  end if;
  return new;
end $$;

-- C39: what takes a paper's place secures each loan that the paper secures and that is, or may again be, owed, in whatever branch.
create or replace function replacement_stands(record uuid, replacement uuid, wanted numeric, at timestamptz default clock_timestamp()) returns table (in_vault boolean, approved boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select n.tier = 'FIRST' and n.state = 'IN_VAULT' and not exists (select from movements m where m.record_id = n.id and m.closed_at is null),
    n.id <> o.id and c.value_amount = wanted
      and exists (select from loan_collateral x where x.collateral_id = n.collateral_id and x.loan_id in (select loan_id from loans_on(o.id)))
      and not exists (select from loans_on(o.id) l left join lateral payoff_of(l.loan_id) p on true
        where not exists (select from loan_collateral x where x.collateral_id = n.collateral_id and x.loan_id = l.loan_id)
          and (not coalesce(p.settled, false) or settlement_final_at(l.loan_id, at) > at))
      and c.value_amount >= least(b.value_amount, (select sum(p.owed) from loans_on(o.id) l left join lateral payoff_of(l.loan_id) p on true)
        * parameter_of('cover_percent', o.org_id, 120, at) / 100)
  from archive_records n join collateral c on c.id = n.collateral_id, archive_records o left join collateral b on b.id = o.collateral_id
  where n.id = replacement and o.id = record $$;

-- F18: a lost paper is closed when every loan on its car is paid off for good; a volume has its own loan alone. `unit` is its own loan's.
create or replace function settled_for_good(ids uuid[], at timestamptz default clock_timestamp()) returns table (record_id uuid, is_settled boolean, final_at timestamptz, unit uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, coalesce(bool_and(coalesce(p.settled, false)) filter (where o.loan_id is not null), true),
    max(settlement_final_at(o.loan_id, at)), l.org_id
  from archive_records r left join loans l on l.id = r.primary_loan_id left join lateral loans_on(r.id) o on true
  left join lateral payoff_of(o.loan_id) p on true
  where r.id = any (ids) group by r.id, l.org_id $$;
