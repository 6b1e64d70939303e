"""What the acts on first-tier papers ask, and what their rules look at: expected, arrived, registered, refused."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from storage.terms import CertificateKind, PaperKind


@dataclass(frozen=True, slots=True)
class CertificateData:
    """What stands on a certificate, as it was read from it."""

    number: str
    kind: CertificateKind
    issuer: str
    issued_on: date
    expires_on: date | None = None
    right_amount: Decimal | None = None
    registration_no: str | None = None
    vin: str | None = None
    owner_name: str | None = None
    is_electronic: bool = False
    registry_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper of a list: itemised, never in free words (C30)."""

    archive_no: str
    title: str
    kind: PaperKind
    pages: int
    copies: int
    is_original: bool = True
    certificate: CertificateData | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class NewPapers:
    """REGISTER_FIRST_TIER: papers of one collateral and loan, and the vault that will keep them."""

    loan: UUID
    collateral: UUID
    vault: UUID
    papers: tuple[Paper, ...]


@dataclass(frozen=True, slots=True)
class ExpectedPaper:
    """EXPECT_PAPER: what should come, by when and from whom."""

    loan: UUID
    collateral: UUID
    vault: UUID
    archive_no: str
    title: str
    kind: PaperKind
    expected_by: date
    from_whom: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """RECORD_ARRIVAL: what came."""

    pages: int
    copies: int
    is_original: bool = True
    certificate: CertificateData | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """REFUSE_INTAKE: until when it should come again."""

    expected_by: date


@dataclass(frozen=True, slots=True)
class Place:
    """Fact: whose papers they will be, and who will keep them."""

    loan: UUID
    org: UUID
    collateral: UUID
    vault: UUID
    custody_org: UUID


@dataclass(frozen=True, slots=True)
class Checked:
    """What the bank knows of one certificate's data: judged with the facts of all branches, told without them."""

    number_taken: bool
    vin_matches: bool
    owner_matches: bool
    amount_matches: bool
    reference_missing: bool = False
    number_void: bool = False  # of a paper that was lost and re-issued (C44)


@dataclass(frozen=True, slots=True)
class Checks:
    """Fact: of every certificate that the act brings."""

    certificates: tuple[Checked, ...] = ()


@dataclass(frozen=True, slots=True)
class Title:
    """Fact: what kind of certificate the record is, if it is one."""

    is_certificate: bool = False
    is_electronic: bool = False
    has_reference: bool = False
    certificate: UUID | None = None
    number: str | None = None
