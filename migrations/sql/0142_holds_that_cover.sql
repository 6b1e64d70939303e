-- Which active holds cover a record, of whatever branch; who asks sees the rows of their own units.
create function holds_that_cover(record uuid) returns uuid[]
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(array_agg(h.id), '{}')
    from archive_records r left join loans l on l.id = r.primary_loan_id left join customers c on c.id = l.customer_id
    join holds h on h.lifted_at is null and (h.record_id = r.id or h.loan_id = r.primary_loan_id or h.collateral_id = r.collateral_id
                                             or h.party_id = c.party_id or h.dealer_id = l.dealer_id)
    where r.id = record $$;
alter function holds_that_cover(uuid) owner to loanfile_judge;
revoke execute on function holds_that_cover(uuid) from public;
grant execute on function holds_that_cover(uuid) to loanfile_app, loanfile_reader;
