-- Undoes 0070: what was sealed is in the bucket of checkpoints and stays there.
drop trigger tg_access_log_c48_pending on access_log;
drop function tg_access_log_c48_pending();
drop function anchoring_age();
drop function ledger_proof(bigint, bigint, bytea[]);
drop function canonical_access(access_log);
drop function canonical_json(jsonb);
drop table ledger_checkpoints;
drop table ledger_nodes;
drop table ledger_leaves;
drop table pending_access;
revoke delete on pending_events from loanfile_ledger;
alter table pending_events drop column noted_at;
