"""What belongs to a contract, as far as a history or the access log may name it."""

from dataclasses import dataclass
from uuid import UUID

from storage.database import Connection

# `beside` are things whose events may stand in the chain of a unit or of another loan: what was there before the loan, what is about
# many loans, and scans of what is no record. A paper is kept by a hold on any loan of its car (C16), from when there is a paper.
ABOUT = """
with loan as (select l.id, l.customer_id, l.dealer_id from loan_contracts x join loans l on l.id = x.loan_id where x.contract_id = $1),
record as (select r.id, r.collateral_id, r.certificate_id, r.envelope_id, r.created_at from archive_records r where r.primary_loan_id in (select id from loan)),
borrower as (select c.id, c.party_id from customers c where c.id in (select customer_id from loan)),
asset as (select collateral_id as id from loan_collateral where loan_id in (select id from loan)
  union select collateral_id from record where collateral_id is not null),
certificate as (select id from collateral_certificates where collateral_id in (select id from asset)
  union select certificate_id from record where certificate_id is not null),
request as (select distinct request_id as id from request_lines where record_id in (select id from record)),
operation as (select id from operations where request_id in (select id from request)
  union select id from contract_amendments where contract_id = $1
  union select m.operation_id from movements m where m.record_id in (select id from record) and m.operation_id is not null
  union select m.exit_operation_id from movements m where m.record_id in (select id from record) and m.exit_operation_id is not null
  union select m.entry_operation_id from movements m where m.record_id in (select id from record) and m.entry_operation_id is not null),
dispute as (select id from discrepancies where record_id in (select id from record)),
handover as (select distinct handover_id as id from handover_lines where record_id in (select id from record)),
stocktake as (select stocktake_id as id from stocktake_lines where record_id in (select id from record)
  union select stocktake_id from stocktake_lines where envelope_id in (select envelope_id from record)),
release as (select id from releases where request_id in (select id from request)),
tied as (select l.id, l.dealer_id, c.party_id, r.created_at from record r join loan_collateral x on x.collateral_id = r.collateral_id
  join loans l on l.id = x.loan_id and l.id not in (select id from loan) join customers c on c.id = l.customer_id),
hold as (select id from holds where collateral_id in (select id from asset)
  union all select h.id from tied t join holds h on (h.lifted_at is null or h.lifted_at > t.created_at)
    and (h.loan_id = t.id or h.party_id = t.party_id or h.dealer_id = t.dealer_id)
  union all select id from holds where party_id in (select party_id from borrower)
  union all select id from holds where dealer_id in (select dealer_id from loan)),
other as (select id from request union all select id from operation union all select id from dispute
  union all select id from handover union all select id from release),
shown as (select id from scans where subject_id in (select id from other)),
beside as (select id from borrower union select id from asset union select id from certificate union select id from stocktake
  union select id from handover union select id from hold union select id from shown),
subject as (select $1 as id union select id from loan union select id from record union select id from other union select id from beside
  union select id from scans where record_id in (select id from record)
  union select envelope_id from record where envelope_id is not null
  union select id from tickets where operation_id in (select id from operation) and not is_void
  union select id from settlement_notices where loan_id in (select id from loan)
  union select id from inspection_reports where loan_id in (select id from loan))
select array(select id from loan) as loans, array(select id from beside) as beside, array(select id from subject) as subjects"""


@dataclass(frozen=True, slots=True)
class About:
    """Ids: its loans, whose chains are its history; what is told in other chains; and all that the access log may name."""

    loans: list[UUID]
    beside: list[UUID]
    subjects: list[UUID]


async def about_contract(conn: Connection, contract: UUID) -> About:
    """Of a contract that the caller sees."""
    row = await conn.raw.fetchrow(ABOUT, contract)
    assert row is not None  # a select without FROM answers one row
    return About(**dict(row.items()))
