drop table scan_previews;
drop trigger tg_scans_c49_locked on scans;
drop function tg_scans_c49_locked();
drop function scan_lock_holder(uuid);
drop index uq_scans_c49_same_bytes;
drop index uq_scans_c49_one_lock;
drop index ix_scans_unfinished;
alter table scans drop column locked_at, drop column locked_by_id, drop column same_as_id, drop column part_sha256, drop column upload_id,
  drop column confirmed_by_id, drop column confirmed_at;
create index ix_scans_unfinished on scans (upload_expires_at) where status = 'REGISTERED';
alter table scans drop constraint ck_scans_status;
alter table scans add constraint ck_scans_status check (status in ('REGISTERED', 'STORED', 'REJECTED', 'EXPIRED')) not valid;
alter table scans validate constraint ck_scans_status;
