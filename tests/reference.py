"""`python -m tests.reference ACTION …`: the reference rows of these acts as SQL, to paste into their migration."""

import sys
from collections.abc import Iterable

from server.custody.transitions import AT_THE_DESK, ENTRIES, EXITS, PART_OF, SEATS, TRANSITIONS, seat_roles
from storage.terms import Action, Seat

KNOWN_OTHERWISE = {Seat.KEY, Seat.CODE, Seat.RECEIVER}  # by their duty, or by the request


def acts() -> set[tuple[str, bool, bool, bool, str | None]]:
    """Rows of `acts`."""
    return {(a.value, a in EXITS, a in ENTRIES, a in AT_THE_DESK, PART_OF.get(a)) for a in Action}


def act_seats() -> set[tuple[str, str, str]]:
    """Rows of `act_seats`."""
    return {(action.value, tier.value, seat.value) for (action, tier), seats in SEATS.items() for seat in seats}


def act_seat_roles() -> set[tuple[str, str, str]]:
    """Rows of `act_seat_roles`."""
    seats = {(action, seat) for (action, _), some in SEATS.items() for seat in some if seat not in KNOWN_OTHERWISE}
    return {(action.value, seat.value, role.value) for action, seat in seats for role in seat_roles(action, seat)}


def transitions() -> set[tuple[str, ...]]:
    """Rows of `transitions`."""
    return {tuple(map(str, (t.tier, t.start, t.action, t.finish, t.code))) for t in TRANSITIONS}


def literal(value: object) -> str:
    return "null" if value is None else f"'{value}'" if isinstance(value, str) else str(value).lower()


def inserts(table: str, columns: str, rows: Iterable[tuple[object, ...]]) -> str:
    values = ",\n  ".join("(" + ", ".join(map(literal, row)) + ")" for row in sorted(rows))
    return f"insert into {table} ({columns}) values\n  {values};\n" if values else ""


def main(wanted: list[str]) -> None:
    names = {Action(name).value for name in wanted} or {a.value for a in Action}
    told = [
        inserts("acts", "action, is_exit, is_entry, at_desk, part_of", (r for r in acts() if r[0] in names)),
        inserts("act_seats", "action, tier, seat", (r for r in act_seats() if r[0] in names)),
        inserts("act_seat_roles", "action, seat, role", (r for r in act_seat_roles() if r[0] in names)),
        inserts("transitions", "tier, start, action, finish, code", (r for r in transitions() if r[2] in names)),
    ]
    print("\n".join(filter(None, told)), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
