"""What secures a loan, the certificates that prove it, the envelopes they lie in."""

from typing import Annotated

import strawberry
from sqlalchemy import Date as SqlDate
from sqlalchemy import func

from schema.lending import Customer, Loan, Money
from schema.organisation import OrgUnit, StaffMember, StorageLocation
from schema.paging import (
    BooleanFilter,
    Connection,
    DateFilter,
    DateTimeFilter,
    IDFilter,
    Node,
    StringFilter,
    Versioned,
    col,
    enum_filter,
    sort_keys,
    sort_of,
    where_of,
)
from schema.reading.declare import Many, One, Page, Sql, reads
from schema.reading.declare import Money as money
from schema.scalars import Date, DateTime
from schema.visibility import not_counted, shared, through
from storage import tables
from storage.tables import versions
from storage.terms import CertificateKind, CollateralKind

RecordFilter = Annotated["ArchiveRecordWhere", strawberry.lazy("schema.records")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Paper = Annotated["FirstTierRecord", strawberry.lazy("schema.records")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily

Checks = Annotated["RegistryCheck", strawberry.lazy("schema.vault")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily

CERTIFICATE_FIELDS = ("number", "issued_on", "updated_at")
CollateralWhere = where_of(__name__, "CollateralWhere", id=IDFilter)
CollateralCertificateWhere = where_of(
    __name__, "CollateralCertificateWhere", id=IDFilter, number=StringFilter, kind=enum_filter(CertificateKind), issuer=StringFilter,
    issued_on=DateFilter, expires_on=DateFilter, is_live=BooleanFilter, is_electronic=BooleanFilter, collateral_id=IDFilter, record=RecordFilter,
)  # fmt: skip
CollateralCertificateSort = sort_of(__name__, "CollateralCertificateSort", *CERTIFICATE_FIELDS)
CERTIFICATE_KEYS = sort_keys(*CERTIFICATE_FIELDS)
ENVELOPE_FIELDS = ("barcode", "sealed_at", "updated_at")
SealedEnvelopeWhere = where_of(
    __name__, "SealedEnvelopeWhere", id=IDFilter, barcode=StringFilter, seal_no=StringFilter, sealed_at=DateTimeFilter, location_id=IDFilter
)
SealedEnvelopeSort = sort_of(__name__, "SealedEnvelopeSort", *ENVELOPE_FIELDS)
ENVELOPE_KEYS = sort_keys(*ENVELOPE_FIELDS)


@reads(versions.certificate_versions, "certificateversion")
@strawberry.type(description="What a certificate said for a time.")
class CertificateVersion:
    """A version; the words are those of the certificate."""

    since: DateTime = col("Since when it said that, as the register had it.")
    until: DateTime | None = col("Until when; null for what it says now.")
    number: str = col("Number.")
    issuer: str = col("Registration authority.")
    issued_on: Date = col("Day of issue.")
    expires_on: Date | None = col("Last day of validity.")
    right_amount: Money | None = money("right_amount", description="Registered amount.")
    registration_no: str | None = col("Number of the mortgage entry.")
    is_electronic: bool = col("Whether it existed only in the registry.")
    registry_reference: str | None = col("Reference in the registry.")
    vin: str | None = col("Vehicle identification number that stood on it.")
    owner_name: str | None = col("Owner whom it named.")
    is_live: bool = col("False once void or replaced.")


@reads(versions.collateral_plates, "collateralplate")
@strawberry.type(description="A number plate that a car had for a time.")
class CollateralPlate:
    """A plate."""

    since: DateTime = col("Since when, as the register had it.")
    until: DateTime | None = col("Until when; null for the one that it has now.")
    plate_no: str | None = col("Number plate; null while it had none.")


@reads(tables.collateral_certificates, "certificate", visible=shared)
@strawberry.type(description="A title or other-right certificate (权证, 他项权证).")
class CollateralCertificate(Node, Versioned):
    """A certificate."""

    number: str = col("Number on the certificate.")
    kind: CertificateKind = col("Kind.")
    issuer: str = col("Registration authority.")
    issued_on: Date = col("Day of issue.")
    expires_on: Date | None = col("Last day of validity.")
    right_amount: Money | None = money("right_amount", description="Registered amount.")
    registration_no: str | None = col("Number of the mortgage entry.")
    is_electronic: bool = col("Whether it exists only in the registry.")
    registry_reference: str | None = col("Reference in the registry.")
    vin: str | None = col("Vehicle identification number that stands on it.")
    owner_name: str | None = col("Owner whom it names.")
    is_live: bool = col("False once void or replaced.")
    collateral: Annotated["Collateral", strawberry.lazy("schema.collateral")] | None = One("collateral_id", description="What it proves.")
    replaces: Annotated["CollateralCertificate", strawberry.lazy("schema.collateral")] | None = One(
        "replaces_id", description="The certificate that it took the place of."
    )
    replaced_by: Annotated["CollateralCertificate", strawberry.lazy("schema.collateral")] | None = One(
        on=lambda newer, certificate, me: newer.replaces_id == certificate.id, description="The certificate that took its place."
    )
    versions: list[CertificateVersion] = Many(
        "certificate_id", order=lambda row: row.since, description="What it said, from when to when, oldest first."
    )
    registry_checks: list[Checks] = Many(
        "certificate_id", order=lambda row: row.checked_at, description="What the registry said of an electronic one, oldest first."
    )
    record: Paper | None = One(
        on=lambda record, certificate, me: record.certificate_id == certificate.id, description="The paper in the archive."
    )


@reads(tables.collateral_valuations, "valuation")
@strawberry.type(description="What a collateral is worth from a day on, as it was told.")
class CollateralValuation(Node):
    """A value and the days for which it holds."""

    amount: Money | None = money("amount", description="Value.")
    holds_from: Date = Sql(lambda row, me: func.lower(row.during, type_=SqlDate), description="Day of the valuation.")
    holds_until: Date | None = Sql(
        lambda row, me: func.upper(row.during, type_=SqlDate), description="Day of the next one; null for the last."
    )
    reason: str | None = col("Why, in words.")
    recorded_by: StaffMember | None = One("recorded_by", description="Who recorded it.")


@reads(tables.collateral, "collateral", visible=shared)
@strawberry.type(description="Collateral (抵押物), mostly a car.")
class Collateral(Node, Versioned):
    """Collateral."""

    kind: CollateralKind = col("Kind.")
    description: str = col("Make and model, or what it is.")
    vin: str | None = col("Vehicle identification number.")
    engine_no: str | None = col("Engine number.")
    plate_no: str | None = col("Number plate.")
    value: Money | None = money("value_amount", description="Value at the last valuation.")
    valued_on: Date | None = col("Day of the last valuation.")
    plates: list[CollateralPlate] = Many(
        "collateral_id", order=lambda row: row.since, description="Its number plates, from when to when, oldest first."
    )
    valuations: list[CollateralValuation] = Many(
        "collateral_id", order=lambda row: row.during, description="What it was worth from when to when, oldest first, where that was told."
    )
    org_unit: OrgUnit | None = One("org_id", description="The branch that owns it.")
    owner: Customer | None = One("owner_id", description="Owner or mortgagor (抵押人).")
    certificates: list[CollateralCertificate] = Many(
        "collateral_id", order=lambda row: row.issued_on, description="Certificates, oldest first."
    )
    loans: Connection[Loan] = Page(on=through(tables.loan_collateral, "collateral_id", "loan_id"), description="Loans it secures.")


@reads(tables.sealed_envelopes, "envelope", visible=shared, blind=not_counted("id", "blind_envelopes"))
@strawberry.type(description="A sealed envelope (封包): papers of one collateral, one slot.")
class SealedEnvelope(Node, Versioned):
    """An envelope."""

    barcode: str = col("Label on it.")
    seal_no: str = col("Current seal (封签号).")
    sealed_at: DateTime = col("When the current seal was put on.")
    location: StorageLocation | None = One("location_id", description="The slot it fills.")
    records: list[Paper] = Many("envelope_id", order=lambda row: row.archive_no, description="Papers in it.")
