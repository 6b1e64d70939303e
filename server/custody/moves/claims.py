"""A claim of an earlier return, and what its rules look at."""

from dataclasses import dataclass
from uuid import UUID

from storage.terms import ClaimResolution, RecordState


@dataclass(frozen=True, slots=True)
class Resolution:
    """RESOLVE_CLAIM: how it ended."""

    as_: ClaimResolution
    findings: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Fact: the open claim of the record's checkout, if there is one."""

    id: UUID | None = None
    claimed_by: UUID | None = None
    back: RecordState | None = None  # of what is resolved as found in the vault: it waits for its inspection, nobody has brought it


@dataclass(frozen=True, slots=True)
class Bringer:
    """Fact: by what right whoever brings a record back does so, as the holder or a successor; None without any."""

    ground: str | None = None
