"""Facts that only some acts need: each chapter of the desk reads its own, in one round trip, and no other act pays for them.

A source reads through functions that see every branch where the blocking fact may lie in another one (domain section 2.5).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from server.custody.moves import Ask, Person, Request
from server.custody.policy import Policy
from storage.database import Connection
from storage.terms import Action

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gathering:
    """What is known when a source is asked; the records are locked when `lock`."""

    conn: Connection
    ask: Ask
    records: list[Row]
    request: Request | None
    by: Person
    at: datetime  # the desk's clock
    policy: Policy
    lock: bool

    @property
    def ids(self) -> list[UUID]:
        """Of the records."""
        return [r["id"] for r in self.records]


@dataclass(frozen=True, slots=True)
class Source:
    """Reads facts of one kind, by record; under None for what is the same for every record, or where the act has none.

    A fact with an attribute `version` says what `expectedVersion` is compared with when the act names neither request nor hold.
    """

    kind: type
    actions: frozenset[Action]
    read: Callable[[Gathering], Awaitable[Mapping[UUID | None, Any]]]


# Records of an act that names none: its chapter finds them, and locks before them what it finds them by.
Names = Callable[[Connection, Ask, bool], Awaitable[Sequence[UUID]]]
