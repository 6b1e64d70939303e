"""What an act's change has in hand: judged moves, the connection, the locked chains."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from server.compliance.events import Chains
from server.custody.moves import Ask, Move, Person
from server.custody.policy import OPERATION_MINUTES, Policy
from storage.database import Connection
from storage.terms import RecordState, Tier


@dataclass(frozen=True, slots=True)
class Born:
    """A record that the act made, and what its first event adds."""

    id: UUID
    chain: UUID
    state: RecordState
    detail: Mapping[str, Any]
    tier: Tier = Tier.FIRST


LONG_SECONDS_MAX = 90


@dataclass(slots=True)
class Writing:
    """One act being carried out; `made` collects the ids that the answer will name."""

    conn: Connection
    moves: tuple[Move, ...]
    policy: Policy
    operation: UUID | None = None
    chains: Chains | None = None
    made: dict[str, Any] = field(default_factory=dict)
    born: list[Born] = field(default_factory=list)
    tells: set[UUID] | None = None  # histories that its own event goes to, where those are fewer than it locks
    shift: timedelta = timedelta()  # of the desk's clock
    freed: list[UUID] = field(default_factory=list)  # records that became free without being the act's own
    served: list[tuple[Move, ...]] = field(default_factory=list)  # of those whose turn came by this act
    subject: tuple[str, UUID] | None = None  # of the act's events, where it is not the record, request, hold or operation

    async def takes_long(self) -> None:
        """Lets this transaction, which touches hundreds of records in one statement, run longer than others; not for ever."""
        await self.conn.raw.execute(f"set local statement_timeout = '{LONG_SECONDS_MAX}s'")

    @property
    def first(self) -> Move:
        """All moves of an act share the ask, the caller, the instant and the request."""
        return self.moves[0]

    @property
    def ask(self) -> Ask:
        """What was asked."""
        return self.first.ask

    @property
    def by(self) -> Person:
        """Who asks."""
        return self.first.by

    @property
    def actor(self) -> Person:
        """Who is calling: `by`, or the second person of an override, with whom the act stays the one of whoever asked for it."""
        return self.first.sitter or self.first.by

    @property
    def at(self) -> datetime:
        """The clock, read after the locks."""
        return self.first.at

    def working_days(self, parameter: str, unit: UUID | None = None) -> datetime:
        """Close of business that many working days from now, as the policy of the unit has it; of the record's keeper when none is named."""
        return self.policy.working_days_after(self.at, self.number(parameter, unit))

    def number(self, parameter: str, unit: UUID | None = None) -> int:
        """A parameter as it holds for the unit, or for the record's keeper: never for whoever happens to act."""
        return self.policy.number(parameter, self.at, unit or self.first.governed_by)

    @property
    def window(self) -> timedelta:
        """How long the seats of an act at the vault may be taken."""
        return timedelta(minutes=self.number(OPERATION_MINUTES))

    @property
    def records(self) -> list[UUID]:
        """Ids of the records, in order."""
        return [m.on.id for m in self.moves if m.on]

    @property
    def movements(self) -> list[UUID]:
        """Ids of the open movements that count."""
        return [m.movement.id for m in self.moves if m.movement]
