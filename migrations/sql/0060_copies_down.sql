alter table notices drop constraint ck_notices_kind;
alter table notices add constraint ck_notices_kind check (kind in ('DUE_SOON', 'OVERDUE', 'BLOCKED', 'RECALLED', 'SEARCH_DUE', 'CONFIRMATION_DUE', 'READY_TO_FETCH', 'RESERVATION_LAPSED', 'WAITING_LAPSED', 'DUE_PROVISIONAL', 'DUE_MOVED', 'CASE_LATE', 'PAPER_LATE', 'EXPIRING', 'TRANSIT_LATE', 'STOCKTAKE_MISSED', 'EMERGENCY_UNREVIEWED', 'PAYOFF_REVERSED', 'LOSS_REPORTED')) not valid;
drop trigger tg_scans_copied on scans;
drop trigger tg_scans_c45_longer on scans;
drop table fixity_findings, fixity_runs, scan_copies;
drop function tg_scans_copied(), tg_scans_c45_longer(), tg_scan_copies_c45_longer(), scans_to_hold(), scan_terms(uuid[]);
