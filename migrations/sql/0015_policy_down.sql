-- Undoes 0015. What left under an override is history: with any of it the constraint of before cannot be put back.
create or replace function tg_movements_c23_nobody_waits() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if (new.recalled_at is not null or exists (select from request_lines x join access_requests q on q.id = x.request_id
      where x.record_id = new.record_id and q.state = 'WAITING'))
     and not exists (select from operations o join operation_seats s on s.operation_id = o.id and s.seat = 'OVERRIDE'
      where o.done_in = pg_current_xact_id() and new.record_id = any (o.record_ids)) then
    perform broken('tg_movements_c23_nobody_waits'); end if;
  return new;
end $$;

alter table movements drop constraint ck_movements_c20_before_lapse;
alter table movements add constraint ck_movements_c20_before_lapse check (out_at is null or out_at <= lapses_at) not valid;
alter table movements validate constraint ck_movements_c20_before_lapse;
drop trigger ct_movements_c20_overridden on movements;
drop function ct_movements_c20_overridden();
alter table movements drop column override_id;
drop trigger tg_operation_seats_c50_override on operation_seats;
drop function tg_operation_seats_c50_override();
drop table overrides, override_permissions, decisions;
drop function ct_overrides_c50_second_person(), tg_overrides_visible_to();

create or replace function ct_access_requests_c5_all_ranks() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from approval_ranks k where k.tier = new.tier and k.purpose = new.purpose
             and not exists (select from approvals a where a.request_id = new.id and a.rank = k.role)) then
    perform broken('ct_access_requests_c5_all_ranks'); end if;
  return null;
end $$;
drop trigger tg_access_requests_c5_ranks on access_requests;
drop function tg_access_requests_c5_ranks();
alter table access_requests drop column ranks;
drop function policy_roles(text, uuid, timestamptz);
alter table policy_parameters drop constraint ck_policy_parameters_value;
