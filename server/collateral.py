"""Collateral and its certificates come to be: each with its event, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import Uuid, bindparam, select

from server.compliance.events import Chains
from server.compliance.tags import Tag
from storage.database import Connection, Principal
from storage.tables import collateral, collateral_certificates, loan_collateral
from storage.terms import CertificateKind, CollateralKind

LOANS_OF = select(loan_collateral.c.loan_id).where(loan_collateral.c.collateral_id == bindparam("collateral", type_=Uuid, required=True))


@dataclass(frozen=True, slots=True)
class NewCollateral:
    """What secures `loans`: pairs of loan and secured amount; the rank of the mortgage is 1."""

    org: UUID
    kind: CollateralKind
    description: str
    loans: tuple[tuple[UUID, Decimal], ...]
    vin: str | None = None
    engine_no: str | None = None
    plate_no: str | None = None
    value: Decimal | None = None
    valued_on: date | None = None
    owner: UUID | None = None
    currency: str = "CNY"
    rank: int = 1


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """A title or other-right certificate of a collateral."""

    org: UUID
    collateral: UUID
    number: str
    kind: CertificateKind
    issuer: str
    issued_on: date
    expires_on: date | None = None
    right_amount: Decimal | None = None
    registration_no: str | None = None
    registry_reference: str | None = None
    currency: str = "CNY"


async def register_collateral(conn: Connection, by: Principal, new: Sequence[NewCollateral], at: datetime) -> list[UUID]:
    """The ids; the event stands in the chain of every loan that it secures."""
    chains = await Chains.lock(conn, {loan for n in new for loan, _ in n.loans})
    ids = [uuid4() for _ in new]
    rows, links = [], []
    for id_, n in zip(ids, new, strict=True):
        rows.append(_collateral(id_, n))
        cause = None
        for loan, amount in n.loans:
            links.append({"org_id": n.org, "loan_id": loan, "collateral_id": id_, "rank": n.rank, "amount": amount, "currency": n.currency})
            event = chains.note(
                loan,
                Tag.COLLATERAL_REGISTERED,
                subject=("collateral", id_),
                by=by.staff_id,
                at=at,
                cause=cause,
                kind=n.kind,
                rank=n.rank,
                amount=amount,
                currency=n.currency,
            )
            cause = cause or event
    await conn.insert(collateral, rows)
    await conn.insert(loan_collateral, links)
    await chains.write()
    return ids


def _collateral(id_: UUID, n: NewCollateral) -> dict[str, object]:
    return {
        "id": id_,
        "org_id": n.org,
        "kind": n.kind,
        "description": n.description,
        "vin": n.vin,
        "engine_no": n.engine_no,
        "plate_no": n.plate_no,
        "value_amount": n.value,
        "valued_on": n.valued_on,
        "currency": n.currency,
        "owner_id": n.owner,
    }


async def register_certificates(conn: Connection, by: Principal, new: Sequence[NewCertificate], at: datetime) -> list[UUID]:
    """The ids; a live number twice breaks uq_collateral_certificates_c12_number. With a registry reference it is electronic."""
    secured = {n.collateral: [row["loan_id"] for row in await conn.rows(LOANS_OF, collateral=n.collateral)] for n in new}
    chains = await Chains.lock(conn, {chain for n in new for chain in secured[n.collateral] or [n.org]})
    ids = [uuid4() for _ in new]
    for id_, n in zip(ids, new, strict=True):
        cause = None
        for chain in secured[n.collateral] or [n.org]:
            event = chains.note(
                chain,
                Tag.CERTIFICATE_REGISTERED,
                subject=("certificate", id_),
                by=by.staff_id,
                at=at,
                cause=cause,
                collateral=n.collateral,
                number=n.number,
                kind=n.kind,
            )
            cause = cause or event
    await conn.insert(collateral_certificates, [_certificate(id_, n) for id_, n in zip(ids, new, strict=True)])
    await chains.write()
    return ids


def _certificate(id_: UUID, n: NewCertificate) -> dict[str, object]:
    return {
        "id": id_,
        "org_id": n.org,
        "collateral_id": n.collateral,
        "number": n.number,
        "kind": n.kind,
        "issuer": n.issuer,
        "issued_on": n.issued_on,
        "expires_on": n.expires_on,
        "right_amount": n.right_amount,
        "currency": n.currency,
        "registration_no": n.registration_no,
        "is_electronic": n.registry_reference is not None,
        "registry_reference": n.registry_reference,
    }
