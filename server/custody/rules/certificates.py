"""C24, C25, C26, C40, C54: claims, letters, and certificates that come back changed."""

from server.custody.moves import Move
from server.custody.moves.certificates import Replacement
from server.custody.moves.claims import Claim
from server.custody.moves.letters import Letters
from server.custody.moves.papers import Title
from server.custody.policy import BANK_ZONE
from server.custody.rules.table import Rule
from storage.terms import Action as A
from storage.terms import Tier

CLAIM, RESOLVE = frozenset({A.CLAIM_RETURNED}), frozenset({A.RESOLVE_CLAIM})
CHANGED = frozenset({A.ACCEPT_CHANGED_RETURN})


def _shows_mortgage(m: Move) -> bool:
    if m.action is A.RESOLVE_FOUND and (m.movement is None or m.movement.out_at is None):
        return True  # it was never in other hands
    found = m.inspection
    return not m.of(Title).is_certificate or found is None or found.shows_mortgage is True  # that it was inspected is said by C26


def _new_is_seen(m: Move) -> bool:
    """What changed under its own number is judged as a change; its numbers are new."""
    return m.inspection is not None and m.inspection.passed


def _has_letter(m: Move) -> bool:
    r = m.request
    return m.record.tier is Tier.SECOND or r is None or not r.outside_bank or m.of(Letters).signed


def _is_covered(m: Move) -> bool:
    """That there is no letter is another rule's."""
    until = m.of(Letters).until
    return until is None or m.due_at is None or m.due_at.astimezone(BANK_ZONE).date() <= until


RULES: tuple[Rule, ...] = (
    Rule(
        "C24",
        "KEPT_BY_BAILEE",
        frozenset({A.OVERDUE_SEARCH}),
        "what a bailee keeps under a letter is confirmed in writing, not sought",
        lambda m: not m.of(Letters).signed,
        "tg_overdue_steps_c24_bailee",
    ),
    Rule(
        "C25",
        "NOT_CURRENT_HOLDER",
        CLAIM,
        "the recorded holder claims to have returned it",
        lambda m: m.movement is not None and m.movement.holder == m.by.id and m.movement.returned_at is None,
        "tg_return_claims_c25_holder",
        facts=("movement",),
    ),
    Rule(
        "C25",
        "CLAIM_UNRESOLVED",
        CLAIM,
        "no claim of this checkout is open already",
        lambda m: m.of(Claim).id is None,
        "uq_return_claims_c25_one_open",
    ),
    Rule(
        "C25",
        "CLAIM_UNRESOLVED",
        frozenset({A.PRESENT_RETURN}),
        "a claim is resolved before the paper is taken back",
        lambda m: m.movement is None or not m.movement.claimed,
        "tg_movements_c25_not_claimed",
        facts=("movement",),
    ),
    Rule(
        "C25",
        "CLAIM_NOT_OPEN",
        RESOLVE,
        "a claim is open",
        lambda m: m.of(Claim).id is not None,
        "tg_return_claims_c25_once, ct_movements_c25_claimed",
    ),
    Rule(
        "C25",
        "SEGREGATION_OF_DUTIES",
        RESOLVE,
        "whoever claims does not resolve it",
        lambda m: m.of(Claim).claimed_by != m.by.id,
        "ck_return_claims_c25_second_person",
    ),
    Rule(
        "C26",
        "RETURN_INSPECTION_REQUIRED",
        CHANGED,
        "what goes into the vault after a change was inspected and found right",
        _new_is_seen,
        "ct_movements_c26_replacement_passed",
        facts=("inspection",),
    ),
    Rule(
        "C12",
        "CERTIFICATE_DATA_MISMATCH",
        CHANGED | {A.REPLACE_RETURNED},
        "old and new paper are certificates of one collateral",
        lambda m: m.of(Replacement).fits,
        "tg_collateral_certificates_c12_replaces",
    ),
    Rule(
        "C40",
        "BAILEE_LETTER_REQUIRED",
        frozenset({A.CHECK_OUT}),
        "what leaves the bank leaves under a signed letter with return duty",
        _has_letter,
        "tg_movements_c40_letter, ck_bailee_letters_c40_return_duty",
        facts=("request",),
    ),
    Rule(
        "C40",
        "BAILEE_LETTER_TOO_SHORT",
        frozenset({A.CHECK_OUT, A.EXTEND}),
        "the papers are due no later than a letter promises their return",
        _is_covered,
        "tg_movements_c40_covered",
        facts=("due_at",),
    ),
    Rule(
        "C54",
        "MORTGAGE_ENTRY_MISSING",
        CHANGED | {A.ACCEPT_RETURN, A.RESOLVE_FOUND},
        "a certificate that comes back still shows the bank's mortgage entry",
        _shows_mortgage,
        "ct_movements_c54_mortgage",
        facts=("inspection",),
    ),
)
