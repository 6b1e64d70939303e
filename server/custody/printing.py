"""The rules table and the matrix of states as text: golden files that reviewers read as a diff."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from server.custody.moves import Move
from server.custody.rules import RULES, Rule, judge
from server.custody.transitions import SEATS, TRANSITIONS, WHO, seat_roles
from storage.terms import RecordState, Role, Seat, Tier


def rules_markdown(tests_of: Callable[[Rule], Iterable[str]]) -> str:
    """Every rule with its constraint, or the reason why it has none, and the tests that break it."""
    lines = ["# Custody rules", "", "Printed from `server/custody/rules`; a change of behaviour shows here.", ""]
    lines += ["| Rule | Code | What must hold | Acts | In PostgreSQL | Broken by |", "|---|---|---|---|---|---|"]
    for rule in RULES:
        acts = ", ".join(sorted(a.value for a in rule.actions)) if len(rule.actions) < 12 else "all"
        tests = ", ".join(f"`{t}`" for t in tests_of(rule))
        lines.append(f"| {rule.number} | `{rule.code}` | {rule.sentence} | {acts} | {rule.twin} | {tests} |")
    lines += ["", "## Transitions", "", "| Row | Tier | From | Act | To |", "|---|---|---|---|---|"]
    for t in TRANSITIONS:
        if t.start is not t.finish:
            lines.append(f"| {t.code} | {t.tier.value} | {t.start.value} | {t.action.value} | {t.finish.value} |")
    lines += ["", "## Seats and roles", "", "| Act | Tier | Seats, or roles |", "|---|---|---|"]
    for (action, tier), seats in SEATS.items():
        roles_of = {s: sorted(seat_roles(action, s)) for s in seats}
        told = ", ".join(f"{s.value} ({'/'.join(roles_of[s]) if len(roles_of[s]) < 5 else 'named reader'})" for s in seats)
        lines.append(f"| {action.value} | {tier.value} | {told} |")
    for action, roles in WHO.items():
        lines.append(f"| {action.value} | both | {', '.join(sorted(roles)) if len(roles) < len(Role) - 1 else 'everyone'} |")
    return "\n".join(lines) + "\n"


def rules_short() -> str:
    """What each rule says and whether PostgreSQL keeps it too, for readers who are new here."""
    lines = ["| Rule | Code | What must hold | In PostgreSQL |", "|---|---|---|---|"]
    lines += [f"| {r.number} | `{r.code}` | {r.sentence} | {'yes' if r.twins else 'no'} |" for r in RULES]
    return "\n".join(lines)


def matrix_text(examples: Iterable[Move]) -> str:
    """Act × tier × state × role: the codes with which a Move that is otherwise right is refused.

    Of an act with seats a role takes the first that is for it. Whoever the request names sits as RECEIVER, whatever the role.
    """
    lines = ["# act tier state: roles -> what is refused, or YES and in which seat", ""]
    for example in examples:
        for state in RecordState:
            answers: dict[str, list[str]] = {}
            for role in Role:
                moved, seat = _seated(example, role)
                moved = replace(moved, on=replace(example.record, state=state)) if example.on else moved
                told = dict.fromkeys(f"{v.rule} {v.code}" for v in judge([moved]))
                answers.setdefault(", ".join(told) or f"YES{seat and f' as {seat}'}", []).append(role.value)
            tier = example.on.tier.value if example.on else Tier.FIRST.value
            for answer, roles in sorted(answers.items()):
                who = " ".join(sorted(roles)) if len(roles) < 8 else "all others" if len(answers) > 1 else "all"
                lines.append(f"{example.action.value} {tier} {state.value}: {who} -> {answer}")
    return "\n".join(lines) + "\n"


def _seated(example: Move, role: Role) -> tuple[Move, str]:
    """The Move of somebody with that role alone, and the seat that they take."""
    for seat in example.required:
        if seat not in (Seat.RECEIVER, Seat.OVERRIDE) and role in seat_roles(example.action, seat):
            by = replace(example.seats[seat], roles=frozenset({role}))
            return replace(example, by=by, ask=replace(example.ask, seat=seat)), seat.value
    return replace(example, by=replace(example.by, roles=frozenset({role}))), ""
