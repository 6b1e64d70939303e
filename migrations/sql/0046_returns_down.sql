drop trigger ct_return_inspections_c43_case on return_inspections;
drop trigger ct_registry_checks_c43_case on registry_checks;
drop function ct_return_inspections_c43_case(), ct_registry_checks_c43_case(), right_is_a_case(uuid);
alter table discrepancies drop constraint ck_discrepancies_kind;
alter table discrepancies add constraint ck_discrepancies_kind
  check (kind in ('MISSING', 'EXTRA', 'WRONG_SLOT', 'SEAL_BROKEN', 'DAMAGED', 'PAYOFF_REVERSED'));
