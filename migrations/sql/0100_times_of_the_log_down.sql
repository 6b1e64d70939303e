revoke insert (staff_id, org_id, action, result, purpose, subject_ids, detail, request_id) on access_log from loanfile_app, loanfile_reader;
grant insert on access_log to loanfile_app, loanfile_reader;
