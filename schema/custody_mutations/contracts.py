"""Amendments of contracts."""

from typing import Any

import strawberry

from schema.contracts import ContractAmendment
from schema.custody_mutations.acting import UNSET, ActPayload, act, field
from schema.lending import Contract
from schema.reading.declare import One
from schema.results import KeyedInput, given, id_of, ids_of, version_of
from schema.scalars import Date, Decimal
from server.custody.moves import Ask
from server.custody.moves.contracts import Amending
from server.custody.moves.corrections import NUMBER
from server.custody.transitions.contracts import PROPOSERS
from server.errors import InputProblem, InvalidInput
from server.personal import redact
from server.registering import LOANS_MAX, wrong_amount
from storage.terms import Action as A


@strawberry.input(description="Input of amendContract.")
class AmendContractInput(KeyedInput):
    """A supplementary agreement, its scan and what it changes; a head approves it with confirmOperation."""

    contract_id: strawberry.ID = field("The contract.")
    number: str = field("Number of the supplementary agreement (补充协议).")
    signed_on: Date = field("Day of its signature.")
    summary: str = field("What it changes, in words.")
    evidence_scan_id: strawberry.ID = field("The stored scan of it, in the file of a loan of the contract.")
    amount: Decimal | None = field("The amount from now on; as it was when left out.", UNSET)
    add_loan_ids: list[strawberry.ID] | None = field(
        "Loans that it secures from now on too, at most 50; of a maximum amount (最高额) alone.", UNSET
    )
    expected_version: str | None = field("Version of the contract, as last seen.", UNSET)


class AmendmentPayload(ActPayload):
    """Acts on contracts that stand."""

    amendment: ContractAmendment | None = One(given="amendment", description="The amendment, once it is approved.")
    contract: Contract | None = One(given="contract", description="The contract, once it is amended.")


async def _amend(info: strawberry.Info, i: AmendContractInput) -> Ask:
    day: Any = i.signed_on
    amount, joining = given(i.amount), given(i.add_loan_ids)
    number, summary = i.number.strip(), redact(i.summary.strip())
    wrong = [] if NUMBER.match(number) else [InputProblem(("number",), "NOT_A_NUMBER")]
    wrong += [] if summary else [InputProblem(("summary",), "EMPTY")]
    wrong += [InputProblem(("addLoanIds",), "TOO_MANY")] if joining and len(joining) > LOANS_MAX else []
    wrong += [] if amount is None else wrong_amount(amount, ("amount",))
    if wrong:
        raise InvalidInput(wrong)
    loans = ids_of(joining, "loan", "addLoanIds") if joining else ()
    asked = Amending(id_of(i.contract_id, "contract"), number, day, summary, id_of(i.evidence_scan_id, "scan"), amount, loans)
    return Ask(A.AMEND_CONTRACT, expected_version=version_of(i.expected_version), detail=asked)


@strawberry.type
class ContractMutations:
    """Acts on contracts that stand."""

    amend_contract = act(
        "amendContract", AmendContractInput, AmendmentPayload, _amend, requires=PROPOSERS,
        description="Amend a contract (变更合同); approved by a head with confirmOperation.",
    )  # fmt: skip
