"""What is known of those who wait for a record."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Queue:
    """Requests of any branch that wait for the record, the first first, and whether its holder was asked for it back."""

    waiting: tuple[UUID, ...] = ()
    recalled: bool = False
