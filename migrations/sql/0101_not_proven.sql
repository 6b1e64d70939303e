alter table exports drop constraint ck_exports_failure;
alter table exports add constraint ck_exports_failure
  check (failure in ('ASKER_LEFT', 'NOT_PERMITTED', 'NOT_VISIBLE', 'TOO_LARGE', 'NOT_PROVEN', 'INTERNAL')) not valid;
alter table exports validate constraint ck_exports_failure;
alter table alarms drop constraint ck_alarms_kind;
alter table alarms add constraint ck_alarms_kind
  check (kind in ('STATE_DIFFERS', 'NOT_ANCHORED', 'STORE_NOT_LOCKED', 'OBJECT_UNEXPLAINED', 'HISTORY_BROKEN')) not valid;
alter table alarms validate constraint ck_alarms_kind;
