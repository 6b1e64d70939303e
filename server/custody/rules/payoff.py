"""C34 to C36, C52, C53: what is owed on the collateral, whether the payoff can still bounce, and the notice that says so."""

from server.custody.moves import Move
from server.custody.moves.release import Payoff
from server.custody.rules.table import Rule, by_construction
from storage.terms import Action, Purpose

ASKED = frozenset({Action.REQUEST_RELEASE})
LEAVES = frozenset({Action.RELEASE})
NOTICE = frozenset({Action.ISSUE_NOTICE})


def _partial(m: Move) -> bool:
    return m.purpose is Purpose.PARTIAL_RELEASE


def _final(m: Move) -> bool:
    final_at = m.of(Payoff).final_at
    return _partial(m) or final_at is None or final_at <= m.at


def _fresh(m: Move) -> bool:
    oldest = m.of(Payoff).oldest
    return oldest is not None and oldest >= m.of(Payoff).stale_before


RULES: tuple[Rule, ...] = (
    Rule(
        "C34",
        "LOAN_NOT_SETTLED",
        ASKED | LEAVES | NOTICE,
        "principal, interest and fees of the loan are zero",
        lambda m: _partial(m) or m.of(Payoff).settled,
        "ct_movements_c34_settled, tg_settlement_notices_c34_settled",
    ),
    Rule(
        "C34",
        "CROSS_COLLATERAL_OPEN",
        ASKED | LEAVES,
        "every other loan on the collateral is paid off too, in every branch",
        lambda m: _partial(m) or m.of(Payoff).others_settled,
        "ct_movements_c34_cross_collateral",
    ),
    Rule(
        "C34",
        "COVER_INSUFFICIENT",
        ASKED | LEAVES,
        "a partial release is of dealer inventory, and what stays covers the debt",
        lambda m: not _partial(m) or m.of(Payoff).covered,
        "ct_movements_c34_covered",
    ),
    Rule(
        "C35",
        "PAYOFF_NOT_FINAL",
        LEAVES | NOTICE,
        "no payoff of a loan on the collateral can bounce any more",
        _final,
        "ct_movements_c35_final, tg_settlement_notices_c35_final",
        earliest=lambda m: m.of(Payoff).final_at,
    ),
    Rule(
        "C36",
        "SETTLEMENT_NOTICE_MISSING",
        LEAVES,
        "the settlement notice is issued, scanned and filed in the vault",
        lambda m: _partial(m) or m.of(Payoff).noticed,
        "ct_movements_c36_notice, uq_settlement_notices_c36_one_live, tg_settlement_notices_c36_paper",
    ),
    Rule(
        "C52",
        "PAYOFF_REVERSED",
        frozenset({Action.POST_POSITION}),
        "a reversal lapses what was asked on the payoff, and voids its notice",
        by_construction,
        "ct_loan_positions_c52_reversal, uq_loan_positions_c52_reversed_once, tg_settlement_notices_c52_void_stays",
    ),
    Rule(
        "C53",
        "POSITION_STALE",
        LEAVES | NOTICE,
        "the positions of all loans on the collateral are recent",
        _fresh,
        "ct_movements_c53_recent, tg_settlement_notices_c53_recent",
    ),
)
