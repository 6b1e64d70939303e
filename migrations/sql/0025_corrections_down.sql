-- Undoes 0025; refuses by a constraint when something was corrected.
delete from transitions where action = 'CORRECT';
delete from act_seats where action = 'CORRECT';
delete from acts where action = 'CORRECT';
drop trigger tg_operations_c48_correct on operations;
drop function tg_operations_c48_correct(), correction_taken(text, text, uuid, text);
drop table corrections;
revoke update (title) on archive_records, file_items from loanfile_registrar;
revoke update (pages) on archive_records, file_items from loanfile_registrar;
revoke update (number, registration_no, issued_on) on collateral_certificates from loanfile_registrar;
revoke update (number, signed_on) on contracts from loanfile_registrar;
