alter table archive_records add column expires_on date;
comment on column archive_records.expires_on is 'Last day of cover of an insurance policy; a certificate''s stands in its own row.';
alter table archive_records add constraint ck_archive_records_policy_expires
  check (expires_on is null or kind = 'INSURANCE_POLICY') not valid;
grant update (expires_on) on archive_records to loanfile_app;
