"""C3, C13 and C37 to C40: who receives what leaves for good, what stays in its place, and that it never comes back."""

from server.custody.moves import Move
from server.custody.moves.release import Evidence, Recipient, Replacement
from server.custody.policy import LITIGATION
from server.custody.rules.table import Rule, by_construction
from storage.terms import Action

RELEASE = frozenset({Action.RELEASE})
SUBSTITUTE = frozenset({Action.SUBSTITUTE})
SURRENDER = frozenset({Action.SURRENDER})


def _out_for_the_court(m: Move) -> bool:
    mine = m.movement is not None and m.request is not None and m.movement.request == m.request.id
    return mine and m.purpose in LITIGATION


RULES: tuple[Rule, ...] = (
    Rule(
        "C3",
        "SEGREGATION_OF_DUTIES",
        SURRENDER,
        "whoever says that the court keeps a paper does not confirm it",
        lambda m: len({person.id for person in m.seats.values()}) == len(m.seats),
        "uq_operation_seats_c1_c6_one_seat_each",
        facts=("seats",),
    ),
    Rule(
        "C13",
        "PURPOSE_NOT_ALLOWED",
        SURRENDER,
        "what is surrendered was lent on this request, for the court",
        _out_for_the_court,
        "ct_movements_c13_out_for_the_court",
        facts=("purpose",),
    ),
    Rule(
        "C37",
        "RECIPIENT_NOT_VERIFIED",
        RELEASE | {Action.VERIFY_RECIPIENT},
        "the recipient is the owner, or holds a valid power of attorney that is on file",
        lambda m: m.of(Recipient).fits,
        "tg_releases_c37_recipient, ct_movements_c37_recipient",
    ),
    Rule(
        "C37",
        "RECIPIENT_NOT_VERIFIED",
        RELEASE,
        "the receipt with its three signatures is on file",
        lambda m: m.of(Evidence).on_file,
        "ct_movements_c37_receipt",
    ),
    Rule(
        "C38",
        "INVALID_TRANSITION",
        RELEASE | SUBSTITUTE | SURRENDER,
        "what has left for good never moves again",
        by_construction,
        "tg_movements_c38_final, ct_archive_records_c38_left_by_movement, ck_movements_c38_end_fits_kind, tg_releases_c38_done, "
        "ct_movements_c38_out_is_gone",
    ),
    Rule(
        "C39",
        "REPLACEMENT_NOT_IN_VAULT",
        SUBSTITUTE,
        "the replacement lies in the vault and is promised to nobody",
        lambda m: m.of(Replacement).in_vault,
        "ct_movements_c39_in_vault",
    ),
    Rule(
        "C39",
        "REPLACEMENT_NOT_IN_VAULT",
        SUBSTITUTE | {Action.REQUEST_SUBSTITUTION},
        "the replacement secures every loan that is owed on what leaves, and its approved value covers it",
        lambda m: m.of(Replacement).approved,
        "ct_movements_c39_value, tg_substitutions_c39_before_approval",
    ),
    Rule(
        "C40",
        "BAILEE_LETTER_REQUIRED",
        SURRENDER,
        "the court's receipt is on file",
        lambda m: m.of(Evidence).on_file,
        "ct_movements_c40_court_receipt",
    ),
)
