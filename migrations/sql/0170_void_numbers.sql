-- C44: the number of a certificate that was lost and re-issued is given to no other, and the void one gets no other.
create function number_is_void(wanted text, certificate uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from collateral_certificates c where c.number = wanted and c.voided_at is not null and c.id is distinct from certificate)
    or exists (select from collateral_certificates c where c.id = certificate and c.voided_at is not null and c.number <> wanted) $$;
alter function number_is_void(text, uuid) owner to loanfile_judge;
revoke execute on function number_is_void(text, uuid) from public;
grant execute on function number_is_void(text, uuid) to loanfile_app, loanfile_registrar, loanfile_search;
