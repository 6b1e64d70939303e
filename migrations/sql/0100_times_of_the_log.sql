-- When something was read is what the clock said, not what the server's login says.
revoke insert on access_log from loanfile_app, loanfile_reader;
grant insert (staff_id, org_id, action, result, purpose, subject_ids, detail, request_id) on access_log to loanfile_app, loanfile_reader;
