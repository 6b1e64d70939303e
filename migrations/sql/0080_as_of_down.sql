drop function loan_file(uuid, timestamptz, timestamptz), loan_file_since(uuid), json_valid(jsonb, jsonb, text, date, jsonb),
  json_without(jsonb, text, uuid[]), json_members(jsonb, text[]), rows_at(text, uuid[], timestamptz, timestamptz), units_of(text, jsonb),
  put_right(uuid, jsonb, timestamptz, timestamptz), constants_of(text), ever_had(text, uuid[], text), ever_of(text, uuid[]),
  row_parent(text, jsonb);
drop trigger tg_loans_classified on loans;
drop function tg_loans_classified(), classify_loan(uuid, text, date, text), value_collateral(uuid, numeric, text, date, text), bank_day(timestamptz);
revoke update (value_amount, valued_on, currency) on collateral from loanfile_registrar;
revoke update (classification) on loans from loanfile_registrar;
drop table loan_classifications, collateral_valuations;
