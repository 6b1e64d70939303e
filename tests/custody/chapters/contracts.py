"""C48: amendments of contracts: rows broken alone, and the twins attacked by SQL."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask, Move
from server.custody.moves.contracts import Amended, Amending
from storage.terms import Action as A
from storage.terms import Tier
from tests.custody.attacking import Attack, twin, who
from tests.custody.breaking import Break
from tests.custody.chapters.corrections import FINISH, SEAT, scanned
from tests.harness.world import World

LOAN, OTHER = UUID(int=31), UUID(int=32)
ASKED = Amending(UUID(int=30), "补-1", date(2024, 6, 1), "增加额度", UUID(int=99), Decimal("120000.00"))


def right(m: Move) -> Move:
    known = Amended(frozenset({LOAN}), Decimal("100000.00"), "CNY", date(2024, 1, 1))
    return replace(m, ask=replace(m.ask, detail=ASKED), known={Amended: known})


ADJUST: dict[A, Callable[[Move], Move]] = {A.AMEND_CONTRACT: right}


def known(**changes: Any) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"known": {Amended: replace(m.of(Amended), **changes)}}


def asked(**changes: Any) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"ask": replace(m.ask, detail=replace(m.ask.detail, **changes))}


BREAKS = (
    Break("an amendment has a stored scan of a paper of the contract's loans as evidence", A.AMEND_CONTRACT, Tier.FIRST, known(evidence=False)),
    Break("an amendment changes the amount, or lets a loan in that the contract has not", A.AMEND_CONTRACT, Tier.FIRST, known(amount=ASKED.amount)),
    Break("an amendment is signed not before the contract, and not after today", A.AMEND_CONTRACT, Tier.FIRST, asked(signed_on=date(2023, 12, 31))),
    Break("an amendment is signed not before the contract, and not after today", A.AMEND_CONTRACT, Tier.SECOND, asked(signed_on=date(2999, 1, 1))),
    Break("the contract has no other amendment of that number", A.AMEND_CONTRACT, Tier.FIRST, known(taken=True)),
    Break("a loan joins a contract of a maximum amount, of its own unit and currency, a loan contract of its own borrower", A.AMEND_CONTRACT, Tier.FIRST, asked(loans=(OTHER,))),
)  # fmt: skip


async def contract_of(bank: World, loan: UUID, *, is_maximum: bool = False) -> UUID:
    """A contract of 100,000, signed a hundred days ago."""
    made: UUID = await bank.sql(
        "insert into contracts (org_id, number, kind, signed_on, amount, is_maximum_amount) values ($1, $2, 'MORTGAGE', $3, 100000, $4) returning id",
        bank.branches["A"].id, f"HT-{uuid4().hex[:8]}", bank.day(-100), is_maximum,
    )  # fmt: skip
    await bank.sql("insert into loan_contracts (org_id, loan_id, contract_id) values ($1, $2, $3)", bank.branches["A"].id, loan, made)
    return made


async def amending(bank: World, *, is_maximum: bool = False, **more: Any) -> tuple[UUID, Amending]:
    """The loan of a contract, and an amendment of it that nothing speaks against."""
    (volume,) = await bank.volumes()
    loan: UUID = await bank.sql("select primary_loan_id from archive_records where id = $1", volume)
    contract = await contract_of(bank, loan, is_maximum=is_maximum)
    detail = Amending(contract, "补-1", bank.day(-1), "增加额度", await scanned(bank, volume), Decimal("120000.00"))
    return loan, replace(detail, **more)


async def _finished(bank: World, changes: str = "'{}'", **more: Any) -> Attack:
    """Right when it was asked; what the operation keeps was then written by SQL."""
    _, detail = await amending(bank, **more)
    operation = UUID((await bank.done("officer", Ask(A.AMEND_CONTRACT, detail=detail)))["operation"])
    await bank.sql(f"update operations set ask = jsonb_set(ask, '{{detail}}', ask->'detail' || {changes}::jsonb) where id = $1", operation)
    return Attack("head", ((SEAT, operation, who(bank, "head")), (FINISH, operation)))


@twin("tg_operations_c48_amendment_evidence")
async def _(bank: World) -> Attack:
    (volume,) = await bank.volumes()
    return await _finished(bank, f"""'{{"evidence": "{await scanned(bank, volume)}"}}'""")


@twin("tg_operations_c48_amendment_day")
async def _(bank: World) -> Attack:
    return await _finished(bank, f"""'{{"signed_on": "{bank.day() + timedelta(days=3)}"}}'""")


@twin("tg_operations_c48_amendment_loans")
async def _(bank: World) -> Attack:
    return await _finished(bank, f"""'{{"loans": ["{await bank.loan("B")}"]}}'""", is_maximum=True)


@twin("ck_contract_amendments_c48_changes")
async def _(bank: World) -> Attack:
    return await _finished(bank, """'{"amount": "100000.00"}'""")


@twin("uq_contract_amendments_contract_id_number")
async def _(bank: World) -> Attack:
    attack = await _finished(bank)
    operation = attack.steps[0][1]
    await bank.past_the_triggers(
        "insert into contract_amendments (contract_id, number, signed_on, summary, amount_before, amount, evidence_id, proposed_by, approved_by,"
        f" amended_at) select (ask->'detail'->>'contract')::uuid, '补-1', current_date, 'x', 1, 2, (ask->'detail'->>'evidence')::uuid, '{who(bank, 'officer')}',"
        f" '{who(bank, 'head')}', now() from operations where id = '{operation}'"
    )
    return attack
