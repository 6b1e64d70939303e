alter table notices drop constraint ck_notices_kind;
alter table notices add constraint ck_notices_kind check (kind in (
  'DUE_SOON', 'OVERDUE', 'BLOCKED', 'RECALLED', 'SEARCH_DUE', 'CONFIRMATION_DUE',
  'READY_TO_FETCH', 'RESERVATION_LAPSED', 'WAITING_LAPSED', 'DUE_PROVISIONAL', 'DUE_MOVED', 'CASE_LATE',
  'PAPER_LATE', 'EXPIRING', 'TRANSIT_LATE', 'STOCKTAKE_MISSED', 'EMERGENCY_UNREVIEWED', 'PAYOFF_REVERSED',
  'LOSS_REPORTED', 'SCAN_DAMAGED', 'SCAN_LOCK_DRIFTED', 'ALARM')) not valid;
alter table notices validate constraint ck_notices_kind;
