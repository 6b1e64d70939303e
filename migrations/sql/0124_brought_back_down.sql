drop trigger ct_movements_c25_found_in_vault on movements;
drop trigger tg_movements_c25_holder_or_successor on movements;
drop function ct_movements_c25_found_in_vault();
drop function tg_movements_c25_holder_or_successor();
drop function ground_of_return(uuid, uuid, timestamptz);
alter table movements drop constraint ck_movements_c27_return_after_exit;
alter table movements add constraint ck_movements_c25_holder_returns check (returned_by is null or returned_by = holder_id) not valid,
  add constraint ck_movements_c27_return_after_exit
    check (returned_at is null or (out_at is not null and returned_at >= out_at and returned_by is not null)) not valid;
alter table movements validate constraint ck_movements_c25_holder_returns, validate constraint ck_movements_c27_return_after_exit;
delete from transitions where action = 'RESOLVE_CLAIM' and finish = 'RETURN_PENDING';
