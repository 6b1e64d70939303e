"""C1, C10, C11: an emergency is reviewed by somebody else, a ticket is void once, a booking is final."""

from server.custody.moves import Move
from server.custody.moves.registers import Entry, Review, Ticket
from server.custody.rules.table import Rule
from storage.terms import Action as A
from storage.terms import OffBalanceState

REVIEWING = frozenset({A.REVIEW_EMERGENCY})


def _answers(m: Move) -> bool:
    asked = m.ask.detail
    if asked.state is OffBalanceState.BOOKED:
        return bool(asked.serial_no and asked.serial_no.strip())
    return asked.state is OffBalanceState.FAILED and bool(asked.failure and asked.failure.strip())


RULES: tuple[Rule, ...] = (
    Rule(
        "C1",
        "EMERGENCY_REVIEWED",
        REVIEWING,
        "an emergency is reviewed once",
        lambda m: m.of(Review).is_open,
        "tg_emergency_reviews_c1_once, tg_emergency_reviews_c1_open",
    ),
    Rule(
        "C3",
        "SEGREGATION_OF_DUTIES",
        REVIEWING,
        "whoever sat in an emergency does not review it",
        lambda m: m.by.id not in m.of(Review).seated,
        "tg_emergency_reviews_c3_another",
    ),
    Rule(
        "C10",
        "TICKET_SEQUENCE_ERROR",
        frozenset({A.VOID_TICKET}),
        "a ticket is void once, for a reason, and keeps its number",
        lambda m: not m.of(Ticket).is_void and bool(m.ask.reason and m.ask.reason.strip()),
        "tg_tickets_c10_kept, ct_tickets_c10_replaced, ck_tickets_c10_void_has_reason",
    ),
    Rule(
        "C11",
        "LEDGER_ENTRY_CLOSED",
        frozenset({A.BOOK_OFF_BALANCE_ENTRY}),
        "the entry is not booked yet",
        lambda m: m.of(Entry).state is not OffBalanceState.BOOKED,
        "tg_off_balance_entries_c11_step",
    ),
    Rule(
        "C11",
        "LEDGER_ENTRY_MISSING",
        frozenset({A.BOOK_OFF_BALANCE_ENTRY}),
        "core banking answers with a serial, or says why it did not book",
        _answers,
        "ck_off_balance_entries_c11_serial, ck_off_balance_entries_c11_failure",
    ),
)
