"""C48: what was agreed is not written over; an amendment changes it, by two people, and both are told."""

from server.custody.moves import Move
from server.custody.moves.contracts import Amended, Amending
from server.custody.policy import BANK_ZONE
from server.custody.rules.table import Rule
from storage.terms import Action

AMENDING = frozenset({Action.AMEND_CONTRACT})


def _changes(m: Move) -> bool:
    asked, known = m.ask.detail, m.of(Amended)
    assert isinstance(asked, Amending)
    return bool(set(asked.loans) - known.loans) or asked.amount not in (None, known.amount)


def _signed_in_between(m: Move) -> bool:
    asked, known = m.ask.detail, m.of(Amended)
    assert isinstance(asked, Amending)
    return known.signed_on <= asked.signed_on <= m.at.astimezone(BANK_ZONE).date()


RULES: tuple[Rule, ...] = (
    Rule(
        "C48",
        "AMENDMENT_INCOMPLETE",
        AMENDING,
        "an amendment has a stored scan of a paper of the contract's loans as evidence",
        lambda m: m.of(Amended).evidence,
        "tg_operations_c48_amendment_evidence",
    ),
    Rule(
        "C48",
        "AMENDMENT_CHANGES_NOTHING",
        AMENDING,
        "an amendment changes the amount, or lets a loan in that the contract has not",
        _changes,
        "ck_contract_amendments_c48_changes",
    ),
    Rule(
        "C48",
        "AMENDMENT_DAY_WRONG",
        AMENDING,
        "an amendment is signed not before the contract, and not after today",
        _signed_in_between,
        "tg_operations_c48_amendment_day",
    ),
    Rule(
        "C48",
        "AMENDMENT_NUMBER_TAKEN",
        AMENDING,
        "the contract has no other amendment of that number",
        lambda m: not m.of(Amended).taken,
        "uq_contract_amendments_contract_id_number",
    ),
    Rule(
        "C48",
        "AMENDMENT_LOAN_NOT_ALLOWED",
        AMENDING,
        "a loan joins a contract of a maximum amount, of its own unit and currency, a loan contract of its own borrower",
        lambda m: not m.ask.detail.loans or (m.of(Amended).is_maximum and m.of(Amended).at_home),
        "tg_operations_c48_amendment_loans",
    ),
)
