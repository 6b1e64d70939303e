-- Undoes 0002. Operations of administration are history: with any of them the constraint of before cannot be put back, and this stops.
drop trigger tg_staff_c1_no_service_in_custody on staff_roles;
drop trigger tg_staff_c1_no_service_in_custody on delegations;
drop trigger tg_staff_c1_no_service_in_custody on keeper_duties;
drop trigger tg_delegations_principal_version on delegations;
drop trigger tg_org_units_principal_version on org_units;
drop function tg_delegations_principal_version(), tg_org_units_principal_version();
drop trigger tg_staff_c32_custody_cleared on staff;
drop trigger tg_operation_seats_c0_administrators on operation_seats;
drop trigger tg_operations_administer on operations;
drop function tg_staff_c1_no_service_in_custody(), tg_staff_c32_custody_cleared(), tg_operation_seats_c0_administrators(),
  tg_operations_administer(), rehearse(text, jsonb, uuid), administer(text, jsonb, uuid), facts_of_staff(uuid, uuid, tstzrange),
  has_custody(uuid), is_custody_role(text), is_administration(text);
revoke insert on org_units, staff, staff_roles, delegations, keeper_duties, staff_relations, storage_locations, policy_parameters from loanfile_registrar;
revoke delete on staff_roles from loanfile_registrar;
revoke update (active) on staff from loanfile_registrar;
revoke update (during) on keeper_duties from loanfile_registrar;
drop table read_grants;
alter table approval_ranks drop constraint ck_approval_ranks_role;
alter table approval_ranks add constraint ck_approval_ranks_role check (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD',
  'OPS_HEAD', 'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE',
  'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'SYSTEM')) not valid;
alter table approval_ranks validate constraint ck_approval_ranks_role;
alter table staff_roles drop constraint ck_staff_roles_role;
alter table staff_roles add constraint ck_staff_roles_role check (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD', 'OPS_HEAD',
  'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE',
  'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'SYSTEM')) not valid;
alter table staff_roles validate constraint ck_staff_roles_role;
alter table delegations drop constraint ck_delegations_role;
alter table delegations add constraint ck_delegations_role check (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD', 'OPS_HEAD',
  'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE',
  'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'SYSTEM')) not valid;
alter table delegations validate constraint ck_delegations_role;
alter table approvals drop constraint ck_approvals_rank;
alter table approvals add constraint ck_approvals_rank check (rank in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD', 'OPS_HEAD',
  'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE',
  'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'SYSTEM')) not valid;
alter table approvals validate constraint ck_approvals_rank;
alter table report_sign_offs drop constraint ck_report_sign_offs_role;
alter table report_sign_offs add constraint ck_report_sign_offs_role check (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD',
  'OPS_HEAD', 'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE',
  'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'SYSTEM')) not valid;
alter table report_sign_offs validate constraint ck_report_sign_offs_role;
alter table operations drop constraint ck_operations_action;
alter table operations add constraint ck_operations_action check (action in ('REGISTER', 'INTAKE', 'SUBMIT_VOLUME', 'ACCEPT_VOLUME',
  'REQUEST_CHECKOUT', 'REQUEST_READING', 'REQUEST_EXTENSION', 'APPROVE', 'RESERVE', 'EXTEND', 'REJECT', 'CANCEL', 'LAPSE', 'CHECK_OUT',
  'CONFIRM', 'WITHDRAW', 'PRESENT_RETURN', 'ACCEPT_RETURN', 'REJECT_RETURN', 'RETURN_MISSING', 'START_READING', 'END_READING',
  'PLACE_HOLD', 'LIFT_HOLD', 'REPORT_MISSING')) not valid;
alter table operations validate constraint ck_operations_action;
alter table transitions drop constraint ck_transitions_action;
alter table transitions add constraint ck_transitions_action check (action in ('REGISTER', 'INTAKE', 'SUBMIT_VOLUME', 'ACCEPT_VOLUME',
  'REQUEST_CHECKOUT', 'REQUEST_READING', 'REQUEST_EXTENSION', 'APPROVE', 'RESERVE', 'EXTEND', 'REJECT', 'CANCEL', 'LAPSE', 'CHECK_OUT',
  'CONFIRM', 'WITHDRAW', 'PRESENT_RETURN', 'ACCEPT_RETURN', 'REJECT_RETURN', 'RETURN_MISSING', 'START_READING', 'END_READING',
  'PLACE_HOLD', 'LIFT_HOLD', 'REPORT_MISSING')) not valid;
alter table transitions validate constraint ck_transitions_action;
