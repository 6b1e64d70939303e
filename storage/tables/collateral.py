"""What secures a loan, and the certificates that prove it."""

from sqlalchemy import Boolean, Date, Index, Integer, Text, UniqueConstraint, text

from storage.tables.columns import (
    INSTANT,
    check,
    currency,
    key,
    may,
    money,
    need,
    one_of,
    org,
    ref,
    stamps,
    table,
    visible_to,
)
from storage.terms import CertificateKind, CollateralKind

collateral = table(
    "collateral",
    "Collateral (抵押物), mostly cars.",
    key(),
    org(),
    visible_to(),
    need("kind", Text, "Kind."),
    need("description", Text, "Make and model, or what it is."),
    may("vin", Text, "Vehicle identification number."),
    may("engine_no", Text, "Engine number."),
    may("plate_no", Text, "Number plate."),
    money("value_amount", "Value at the last valuation.", null=True),
    may("valued_on", Date, "Day of the last valuation."),
    currency(),
    ref("owner_id", "customers", "Owner or mortgagor (抵押人).", null=True, index=True),
    *stamps(),
    one_of("kind", CollateralKind),
    check("kind <> 'VEHICLE' or vin is not null", "vehicle_has_vin"),
    Index("ix_collateral_vin", "vin"),
)

loan_collateral = table(
    "loan_collateral",
    "Which collateral secures which loans (n:m, 最高额).",
    key(),
    org(index=False),
    ref("loan_id", "loans", "The loan."),
    ref("collateral_id", "collateral", "The collateral.", index=True),
    need("rank", Integer, "Rank of the mortgage, 1 first.", server_default=text("1")),
    money("amount", "Secured amount."),
    currency(),
    UniqueConstraint("loan_id", "collateral_id"),
)

collateral_certificates = table(
    "collateral_certificates",
    "Title and other-right certificates (权证, 他项权证).",
    key(),
    org(),
    visible_to(),
    ref("collateral_id", "collateral", "What it proves.", index=True),
    need("number", Text, "Number on the certificate."),
    need("kind", Text, "Kind."),
    need("issuer", Text, "Registration authority."),
    need("issued_on", Date, "Day of issue."),
    may("expires_on", Date, "Last day of validity."),
    money("right_amount", "Registered amount.", null=True),
    currency(),
    may("registration_no", Text, "Number of the mortgage entry."),
    need("is_electronic", Boolean, "Whether it exists only in the registry.", server_default=text("false")),
    may("registry_reference", Text, "Reference in the registry (C55)."),
    may("vin", Text, "Vehicle identification number that stands on it (C12)."),
    may("owner_name", Text, "Owner whom it names (C12)."),
    ref("replaces_id", "collateral_certificates", "The certificate that this one replaced.", null=True, index=True),
    need("is_live", Boolean, "False once void or replaced.", server_default=text("true")),
    may("voided_at", INSTANT, "When its number was made void for ever, because the paper was lost (C44)."),
    *stamps(),
    one_of("kind", CertificateKind),
    check("not is_electronic or registry_reference is not null", "c55_reference"),
    check("voided_at is null or not is_live", "c44_void_is_not_live"),
    Index("uq_collateral_certificates_c12_number", "number", unique=True, postgresql_where=text("is_live")),
)
