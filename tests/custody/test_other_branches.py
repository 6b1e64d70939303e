"""Losses and volumes: the fact that stops an act in branch A lies in branch B, and the refusal names nothing of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from server.custody.desk import Refused
from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject
from tests.custody.chapters.volumes import collecting, expired
from tests.harness import losses
from tests.harness.world import World


@dataclass
class Stopped:
    """Who asks for what in A, the code that stops it, and what B would not have told."""

    who: str
    ask: Ask
    code: str
    secrets: list[Any] = field(default_factory=list)


Story = Callable[[World], Awaitable[Stopped]]


async def secured_in_b(bank: World, record: UUID) -> UUID:
    """The record stays where it is, in A; its loan is B's, and unpaid."""
    customer, _ = await bank.customer("B")
    far = await bank.loan("B", customer=customer)
    await bank.sql("update archive_records set primary_loan_id = $2 where id = $1", record, far)
    await bank.sql("update loans set number = $2 where id = $1", far, f"FAR-{bank.tag}")
    return far


async def lost_paper_of_a_loan_in_b(bank: World) -> Stopped:
    loan, asset = await bank.loan(), await bank.collateral()
    paper = await losses.in_vault(bank, loan, asset)
    await losses.lost(bank, paper)
    far = await secured_in_b(bank, paper)
    return Stopped("ops", Ask(A.CLOSE_LOST, records=(paper,), reason="已补充担保"), "LOAN_NOT_SETTLED", [far, f"FAR-{bank.tag}"])


async def found_paper_of_a_relative_in_b(bank: World) -> Stopped:
    """The keeper who would take it back is related to a borrower whom only B knows."""
    loan, asset = await bank.loan(), await bank.collateral()
    paper = await losses.in_vault(bank, loan, asset)
    await losses.missing(bank, paper)
    far = await secured_in_b(bank, paper)
    party = await bank.sql("select c.party_id from customers c join loans l on l.customer_id = c.id where l.id = $1", far)
    await bank.sql("insert into staff_relations (staff_id, party_id, kind) values ($1, $2, 'SIBLING')", bank.people["kay"].staff_id, party)
    return Stopped("kay", losses.found(bank, paper), "CONFLICT_OF_INTEREST", [far, party, f"FAR-{bank.tag}", "SIBLING"])


async def volume_of_a_loan_in_b(bank: World) -> Stopped:
    (volume,) = await bank.volumes()
    far = await secured_in_b(bank, volume)
    return Stopped("archivist", Ask(A.CLOSE_VOLUME, records=(volume,)), "LOAN_NOT_SETTLED", [far, f"FAR-{bank.tag}"])


async def hold_of_b(bank: World, letter: str = "A") -> tuple[UUID, list[Any]]:
    """A loan of A whose borrower is held in B."""
    mine, party = await bank.customer(letter)
    theirs, _ = await bank.customer("B", party)
    ask = Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.CUSTOMER, subject=theirs, reason="乙行查封")
    await bank.done("legal_b", ask)
    return mine, [theirs, party, bank.people["legal_b"].staff_id, "LEGAL", "乙行"]


async def closed_volume_held_in_b(bank: World) -> Stopped:
    volume = await expired(bank)
    customer, secrets = await hold_of_b(bank)
    await bank.sql(
        "update loans set customer_id = $2 where id = (select primary_loan_id from archive_records where id = $1)", volume, customer
    )
    return Stopped("archivist", Ask(A.PROPOSE_DISPOSAL, records=(volume,), reason="保管期满"), "RECORD_ON_HOLD", secrets)


async def volume_under_a_contract_of_b(bank: World) -> Stopped:
    loan = await bank.loan()
    volume = await collecting(bank, loan)
    contract = await bank.sql(
        "insert into contracts (org_id, number, kind, signed_on, amount) values ($1, $2, 'GUARANTEE', current_date - 9, 1) returning id",
        bank.branches["B"].id, f"FAR-{bank.tag}",
    )  # fmt: skip
    await bank.sql("insert into loan_contracts (org_id, loan_id, contract_id) values ($1, $2, $3)", bank.branches["A"].id, loan, contract)
    return Stopped("officer", Ask(A.SUBMIT_VOLUME, records=(volume,)), "CONTRACT_ELEMENTS_INCOMPLETE", [contract, f"FAR-{bank.tag}"])


STORIES = (
    lost_paper_of_a_loan_in_b, found_paper_of_a_relative_in_b, volume_of_a_loan_in_b, closed_volume_held_in_b, volume_under_a_contract_of_b,
)  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
async def test_the_fact_lies_in_branch_b_and_the_refusal_in_branch_a_names_nothing_of_it(bank: World, story: Story) -> None:
    stopped = await story(bank)
    answer = await bank.does(stopped.who, stopped.ask)
    assert isinstance(answer, Refused) and stopped.code in [v.code for v in answer.violations], answer
    explanation = await bank.desk.explain(bank.people[stopped.who], stopped.ask)
    told = repr(answer) + repr([(c.rule, c.facts, c.passed) for c in explanation.checks])
    for secret in (bank.branches["B"].id, *stopped.secrets):
        assert str(secret) not in told.replace("LEGAL_", ""), secret
