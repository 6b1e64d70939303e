-- Undoes 0111; refuses by a constraint when something was amended.
delete from act_seat_roles where action = 'AMEND_CONTRACT';
delete from act_seats where action = 'AMEND_CONTRACT';
delete from acts where action = 'AMEND_CONTRACT';
drop trigger tg_operations_c48_amend on operations;
drop function tg_operations_c48_amend();
drop table contract_amendments;
revoke update (amount) on contracts from loanfile_registrar;
revoke insert on loan_contracts from loanfile_registrar;
