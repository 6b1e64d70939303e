"""An amendment: PostgreSQL carries it out when its second seat is taken; it is told in the history of every loan of the contract."""

from uuid import UUID

from server.custody.acts.change import Detail
from server.custody.moves.contracts import Amended, Amending
from server.custody.writing import Writing
from storage.terms import Action as A


async def amend(w: Writing) -> Detail:
    """The contract, its loans and the amendment are written by the trigger of the operation."""
    asked, known = w.ask.detail, w.first.of(Amended)
    assert isinstance(asked, Amending) and w.operation is not None
    w.made["amendment"], w.made["contract"] = w.operation, asked.contract
    w.subject = ("contract", asked.contract)
    changed = {} if asked.amount in (None, known.amount) else {"amount": [known.amount, asked.amount]}
    told = {"number": asked.number, "signed_on": asked.signed_on, "evidence": asked.evidence, "currency": known.currency}
    return {**told, "changed": changed, "loans": [str(loan) for loan in asked.loans if loan not in known.loans]}


async def _histories(w: Writing) -> set[UUID]:
    return set(w.first.of(Amended).loans) | set(w.ask.detail.loans)


CHANGES = {A.AMEND_CONTRACT: amend}
CHAINS = {A.AMEND_CONTRACT: _histories}
