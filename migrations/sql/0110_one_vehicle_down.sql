drop trigger tg_collateral_one_vehicle on collateral;
drop function tg_collateral_one_vehicle();
drop function lock_vehicle(text);
