"""The contract that an amendment is about, as the caller sees it."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, func, literal, select

from server.custody.facts.sources import Gathering, Source
from server.custody.moves.contracts import Amended, Amending
from server.errors import NotFound
from storage.statements import given
from storage.tables import archive_records, contract_amendments, contracts, loan_contracts, loans, scans
from storage.terms import Action, ContractKind, ScanStatus

TURN = select(func.pg_advisory_xact_lock(func.hashtextextended(literal("contract ", Text).concat(given("contract", Text)), 0)))
CONTRACT = select(contracts).where(contracts.c.id == given("contract"))
LOANS = (
    select(loan_contracts.c.loan_id, loans.c.customer_id)
    .join(loans, loans.c.id == loan_contracts.c.loan_id)
    .where(loan_contracts.c.contract_id == given("contract"))
)
JOINING = select(loans.c.org_id, loans.c.currency, loans.c.customer_id).where(loans.c.id == func.any(given("loans", ARRAY(Uuid))))
EVIDENCE = (
    select(scans.c.status, archive_records.c.primary_loan_id)
    .outerjoin(archive_records, archive_records.c.id == scans.c.record_id)
    .where(scans.c.id == given("scan"))
)
TAKEN = select(contract_amendments.c.id).where(
    contract_amendments.c.contract_id == given("contract"), contract_amendments.c.number == given("number", Text)
)


async def _amended(g: Gathering) -> Mapping[UUID | None, Amended]:
    asked: Amending = g.ask.detail
    if g.lock:  # two amendments of one contract, one after the other
        await g.conn.run(TURN, contract=str(asked.contract))
    row = await g.conn.row(CONTRACT, contract=asked.contract)
    scan = await g.conn.row(EVIDENCE, scan=asked.evidence)
    joining = await g.conn.rows(JOINING, loans=list(asked.loans)) if asked.loans else []
    if row is None or scan is None or len(joining) < len(asked.loans):
        raise NotFound()
    of = await g.conn.rows(LOANS, contract=asked.contract)
    bound, borrowers = frozenset(r["loan_id"] for r in of), {r["customer_id"] for r in of}
    return {
        None: Amended(
            bound, row["amount"], row["currency"], row["signed_on"], row["is_maximum_amount"],
            evidence=scan["status"] == ScanStatus.STORED and scan["primary_loan_id"] in bound,
            at_home=all(
                (r["org_id"], r["currency"]) == (row["org_id"], row["currency"])
                and (row["kind"] != ContractKind.LOAN or r["customer_id"] in borrowers)
                for r in joining
            ),
            taken=await g.conn.row(TAKEN, contract=asked.contract, number=asked.number) is not None,
            version=row["version"],
        )
    }  # fmt: skip


SOURCE = Source(Amended, frozenset({Action.AMEND_CONTRACT}), _amended)
