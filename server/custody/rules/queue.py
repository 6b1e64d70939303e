"""C14, C23, C24: who waits goes first, and what is asked back is not kept longer."""

from server.custody.moves.queue import Queue
from server.custody.rules.groups import PROLONGING
from server.custody.rules.table import Rule, as_asked
from storage.terms import Action

RULES: tuple[Rule, ...] = (
    Rule(
        "C14",
        "RESERVED_BY_OTHER",
        frozenset({Action.RESERVE}),
        "nobody waits for the record",
        lambda m: not m.of(Queue).waiting,
        "tg_movements_c14_queue_first",
    ),
    Rule(
        "C15",
        "INVALID_TRANSITION",
        frozenset({Action.LAPSE}),
        "only a reservation past its time is tidied",
        lambda m: m.lapsed is not None,
        "[a job asks it, and the desk reads the same clock]",
        facts=("lapsed",),
    ),
    Rule(
        "C23",
        "EXTENSION_BLOCKED_BY_REQUEST",
        PROLONGING,
        "nobody else waits for the record, and its holder was not asked for it back",
        lambda m: not m.of(Queue).waiting and not m.of(Queue).recalled,
        "tg_movements_c23_nobody_waits",
        overridable=as_asked,
    ),
    Rule(
        "C24",
        "CHECKOUT_RECALLED",
        frozenset({Action.RECALL}),
        "the holder was not asked for it back before",
        lambda m: not m.of(Queue).recalled,
        "tg_movements_c24_recalled_once",
    ),
    Rule(
        "C24",
        "CHECKOUT_NOT_OVERDUE",
        frozenset({Action.OVERDUE_SEARCH}),
        "it was due days ago and was not presented",
        lambda m: m.movement is not None and m.movement.returned_at is None and m.movement.due_at is not None and m.movement.due_at < m.at,
        "[a job asks it when its clock has climbed the ladder]",
        facts=("movement",),
    ),
)
