drop trigger tg_movements_c25_another_receives on movements;
drop function tg_movements_c25_another_receives();
