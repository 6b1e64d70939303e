"""What the acts on certificates ask, and what their rules look at: a changed one comes back, an electronic one is checked."""

from dataclasses import dataclass
from uuid import UUID

from server.custody.moves.papers import CertificateData
from storage.terms import Action


@dataclass(frozen=True, slots=True)
class Change:
    """How one certificate came back: as a new paper that is registered already, or as the same with other data."""

    old: UUID
    new: UUID | None = None
    data: CertificateData | None = None
    plate_no: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedReturn:
    """ACCEPT_CHANGED_RETURN: what changed, and the seal that closes the envelope again, where there is one."""

    changes: tuple[Change, ...]
    seal_no: str | None = None

    def of(self, record: UUID) -> Change | None:
        """The change of which this record is the old paper."""
        return next((c for c in self.changes if c.old == record), None)

    @property
    def replaced(self) -> frozenset[UUID]:
        """Records that another paper takes the place of."""
        return frozenset(c.old for c in self.changes if c.new)


@dataclass(frozen=True, slots=True)
class Replacement:
    """Fact: whether old and new paper are certificates of one collateral."""

    fits: bool
    becomes: Action | None = None  # of the old paper, what the act is for it
    into: UUID | None = None  # of the new paper, the envelope of the old one


@dataclass(frozen=True, slots=True)
class RegistryCheck:
    """RECORD_REGISTRY_CHECK: what the registry says of an electronic certificate."""

    is_valid: bool
    reference: str
    findings: str | None = None
