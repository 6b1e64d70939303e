comment on table transitions is 'The state machines of domain section 3; loaded from server/custody/transitions.py.';
alter table notices drop constraint ck_notices_kind;
alter table notices add constraint ck_notices_kind check (kind in ('DUE_SOON', 'OVERDUE', 'BLOCKED', 'RECALLED', 'SEARCH_DUE', 'CONFIRMATION_DUE', 'READY_TO_FETCH', 'RESERVATION_LAPSED', 'WAITING_LAPSED', 'DUE_PROVISIONAL', 'DUE_MOVED', 'CASE_LATE', 'PAPER_LATE', 'EXPIRING', 'TRANSIT_LATE', 'STOCKTAKE_MISSED', 'EMERGENCY_UNREVIEWED', 'PAYOFF_REVERSED', 'LOSS_REPORTED', 'SCAN_DAMAGED', 'SCAN_LOCK_DRIFTED')) not valid;
drop function tell_alarm(text, text, integer, timestamptz);
drop table alarms;
