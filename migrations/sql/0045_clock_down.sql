drop trigger tg_movements_c40_covered on movements;
drop function tg_movements_c40_covered();
drop trigger tg_overdue_steps_c24_bailee on overdue_steps;
drop function tg_overdue_steps_c24_bailee();
alter table overdue_steps drop constraint ck_overdue_steps_step;
alter table overdue_steps add constraint ck_overdue_steps_step check (step in ('BEFORE_DUE', 'HOLDER', 'HEAD', 'BLOCK', 'RECALL', 'SEARCH'));

create or replace function settled_for_good(ids uuid[]) returns table (record_id uuid, is_settled boolean, final_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, r.primary_loan_id is null or coalesce(p.principal_amount + p.interest_amount + p.fees_amount = 0 and p.settled_at is not null, false),
    case when p.settled_at is null then null when p.payoff_kind = 'CASH' then p.settled_at when p.payoff_cleared_at is not null then p.payoff_cleared_at
      else (select (day::date + time '17:30') at time zone 'Asia/Shanghai' from generate_series(
          (p.settled_at at time zone 'Asia/Shanghai')::date + 1, (p.settled_at at time zone 'Asia/Shanghai')::date + 90, interval '1 day') day
        where is_working_day(day::date) order by day offset 9 limit 1) end
  from archive_records r left join lateral (select * from loan_positions x where x.loan_id = r.primary_loan_id order by x.as_of desc limit 1) p on true
  where r.id = any (ids) $$;

create or replace function working_days_after(since timestamptz, days integer) returns timestamptz
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare d date := (since at time zone 'Asia/Shanghai')::date; left_over integer := days; begin
  while left_over > 0 loop
    d := d + 1;
    if is_working_day(d) then left_over := left_over - 1; end if;
  end loop;
  return (d + time '17:30') at time zone 'Asia/Shanghai';
end $$;
drop function close_of_business(date);
