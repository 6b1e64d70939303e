-- Undoes 0003.
revoke all on all tables in schema public from loanfile_reader, loanfile_ledger;
