"""How a row of the table is broken: one change in a Move that was right. `broken.py` and the files of `chapters/` list them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from server.custody.moves import Move, Person
from storage.terms import Action, Seat, Tier
from tests.custody.examples import example


@dataclass(frozen=True)
class Break:
    """`sentence` names the row; `also` the rows that cannot but fail with it."""

    sentence: str
    action: Action
    tier: Tier
    change: Callable[[Move], dict[str, Any]]
    also: frozenset[str] = frozenset()

    @property
    def move(self) -> Move:
        right = example(self.action, self.tier)
        return replace(right, **self.change(right))


def change_request(**changes: Any) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"request": replace(m.request, **changes)}  # type: ignore[type-var]  # these examples have one


def change_movement(**changes: Any) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"movement": replace(m.movement, **changes)}  # type: ignore[type-var]  # these examples have one


def change_subject(**changes: Any) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"subject": replace(m.subject, **changes)}  # type: ignore[type-var]  # these examples have one


def change_ask(**changes: Any) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"ask": replace(m.ask, **changes)}


def change_seat(seat: Seat, who: Person) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"seats": {**m.seats, seat: who}}


def change_found(**changes: Any) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"ask": replace(m.ask, inspections=(replace(m.ask.inspections[0], **changes),))}
