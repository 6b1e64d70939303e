drop trigger tg_approvals_c3_not_reader on approvals;
drop function tg_approvals_c3_not_reader();
