"""What the acts on envelopes ask, and what their rules look at: seals, slots, contents."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Sealing:
    """SEAL_ENVELOPE: the seal."""

    seal_no: str


@dataclass(frozen=True, slots=True)
class Opening:
    """OPEN_ENVELOPE: the new seal of what stays; what is taken out goes into an envelope of its own."""

    envelope: UUID
    seal_no: str
    taken: tuple[UUID, ...] = ()
    taken_seal_no: str | None = None
    taken_location: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewSeal:
    """The seal that closes an envelope again."""

    envelope: UUID
    seal_no: str


@dataclass(frozen=True, slots=True)
class Resealing:
    """ACCEPT_RETURN: envelopes that were opened while they were out, or for the inspection."""

    seals: tuple[NewSeal, ...]


@dataclass(frozen=True, slots=True)
class Seals:
    """Fact: whether the numbers that the act puts on are new, and all of them are there."""

    fresh: bool
    closes: UUID | None = None  # of a changed return: the envelope that the seal closes


@dataclass(frozen=True, slots=True)
class Contents:
    """Fact: whose papers they are that would lie in one envelope."""

    collateral: frozenset[UUID | None]
    loans: frozenset[UUID | None]


@dataclass(frozen=True, slots=True)
class Slot:
    """Fact: the place into which the record's envelope goes; None where the act names none."""

    is_slot: bool
    is_empty: bool
    vault: UUID | None


@dataclass(frozen=True, slots=True)
class Slots:
    """Fact: the slot for this record, and the one that its envelope has already."""

    slot: Slot | None
    own: UUID | None = None
    named: UUID | None = None
