drop trigger tg_return_inspections_c26_pages on return_inspections;
drop function tg_return_inspections_c26_pages();
