-- One calendar: close of business is the parameter that the program reads, as it holds at the beginning of that day, bank-wide.
create function close_of_business(day date) returns timestamptz
language sql stable security definer set search_path = public, pg_temp as $$
  select (day + make_interval(mins => coalesce((select s.value::integer from policy_parameters s
      where s.key = 'close_of_business_minutes' and s.org_id is null and s.effective_from <= day::timestamp at time zone 'Asia/Shanghai'
      order by s.effective_from desc limit 1), 1050))) at time zone 'Asia/Shanghai' $$;

create or replace function working_days_after(since timestamptz, days integer) returns timestamptz
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare d date := (since at time zone 'Asia/Shanghai')::date; left_over integer := days; begin
  while left_over > 0 loop
    d := d + 1;
    if is_working_day(d) then left_over := left_over - 1; end if;
  end loop;
  return close_of_business(d);
end $$;

-- F18: the payoff of the loan, and when it is final, are those of C34 and C35.
create or replace function settled_for_good(ids uuid[]) returns table (record_id uuid, is_settled boolean, final_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, r.primary_loan_id is null or coalesce(p.settled, false), settlement_final_at(r.primary_loan_id)
  from archive_records r left join lateral payoff_of(r.primary_loan_id) p on true
  where r.id = any (ids) $$;

-- C24: what a bailee keeps under a letter is confirmed in writing; nothing else is.
alter table overdue_steps drop constraint ck_overdue_steps_step;
alter table overdue_steps add constraint ck_overdue_steps_step
  check (step in ('BEFORE_DUE', 'HOLDER', 'HEAD', 'BLOCK', 'RECALL', 'SEARCH', 'CONFIRMATION')) not valid;
alter table overdue_steps validate constraint ck_overdue_steps_step;
create function tg_overdue_steps_c24_bailee() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if (new.step = 'CONFIRMATION') <> exists (
       select from movements m join bailee_letters b on b.request_id = m.request_id where m.id = new.movement_id) then
    perform broken('tg_overdue_steps_c24_bailee'); end if;
  return new;
end $$;
create trigger tg_overdue_steps_c24_bailee before insert on overdue_steps
  for each row when (new.step in ('SEARCH', 'CONFIRMATION')) execute function tg_overdue_steps_c24_bailee();

-- C40: the papers are due no later than a letter promises their return. A day that was provisional moves as the holidays say.
create function tg_movements_c40_covered() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if (new.due_at at time zone 'Asia/Shanghai')::date > (select max(b.return_by) from bailee_letters b where b.request_id = new.request_id) then
    perform broken('tg_movements_c40_covered'); end if;
  return new;
end $$;
create trigger tg_movements_c40_covered before update of due_at on movements
  for each row when (new.kind = 'CHECKOUT' and new.due_at is not null and new.due_at is distinct from old.due_at
                     and not (coalesce(old.due_is_provisional, false) and not coalesce(new.due_is_provisional, false)))
  execute function tg_movements_c40_covered();

alter function close_of_business(date) owner to loanfile_judge;
alter function tg_overdue_steps_c24_bailee() owner to loanfile_judge;
alter function tg_movements_c40_covered() owner to loanfile_judge;
