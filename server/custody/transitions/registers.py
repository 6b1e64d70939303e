"""Tickets, the off-balance register, emergencies: acts about what the desk has written, on no record of their own."""

from server.custody.transitions.chapter import Chapter
from storage.terms import Action as A
from storage.terms import Role as R

ABOUT_REGISTERS = frozenset({A.VOID_TICKET, A.BOOK_OFF_BALANCE_ENTRY, A.REVIEW_EMERGENCY})
CHAPTER = Chapter(
    who={
        A.VOID_TICKET: frozenset({R.OPS_HEAD}),
        A.BOOK_OFF_BALANCE_ENTRY: frozenset({R.SYSTEM}),
        A.REVIEW_EMERGENCY: frozenset({R.COMPLIANCE, R.BRANCH_HEAD}),
    },
    recordless=ABOUT_REGISTERS,
)
