"""Collateral and its certificates come to be: each with its event, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Uuid, bindparam, select

from server.compliance.events import Chains
from server.compliance.tags import Tag
from storage.database import Connection, Principal
from storage.tables import collateral, collateral_certificates, loan_collateral
from storage.terms import CertificateKind, CollateralKind

LOANS_OF = select(loan_collateral.c.loan_id).where(loan_collateral.c.collateral_id == bindparam("collateral", type_=Uuid, required=True))

Secured = tuple[UUID, Decimal, int]  # a loan, how far and in which rank it is secured


@dataclass(frozen=True, slots=True)
class NewCollateral:
    """What secures `loans`: pairs of loan and secured amount; `ranks` of the mortgage in the same order, 1 where left out."""

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
    ranks: tuple[int, ...] = ()


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
        secured = [(loan, amount, rank) for (loan, amount), rank in zip(n.loans, n.ranks or [1] * len(n.loans), strict=True)]
        links += _links(id_, n.org, secured, n.currency)
        _note(chains, Tag.COLLATERAL_REGISTERED, id_, secured, n.currency, by=by.staff_id, at=at, kind=n.kind)
    await conn.insert(collateral, rows)
    await conn.insert(loan_collateral, links)
    await chains.write()
    return ids


async def secure_loans(
    conn: Connection, by: Principal, org: UUID, known: UUID, secured: Sequence[Secured], currency: str, at: datetime
) -> list[UUID]:
    """The events, one in the chain of each loan that a collateral secures from now on too; uq_loan_collateral_* for one that it did."""
    chains = await Chains.lock(conn, {loan for loan, _, _ in secured})
    await conn.insert(loan_collateral, _links(known, org, secured, currency))
    _note(chains, Tag.COLLATERAL_SECURES, known, secured, currency, by=by.staff_id, at=at)
    return await chains.write()


def _links(id_: UUID, org: UUID, secured: Sequence[Secured], currency: str) -> list[dict[str, object]]:
    return [
        {"org_id": org, "loan_id": loan, "collateral_id": id_, "rank": rank, "amount": amount, "currency": currency}
        for loan, amount, rank in secured
    ]


def _note(chains: Chains, tag: Tag, id_: UUID, secured: Sequence[Secured], currency: str, *, by: UUID, at: datetime, **told: Any) -> None:
    """One act, told in the chain of each loan."""
    cause = None
    for loan, amount, rank in secured:
        event = chains.note(
            loan, tag, subject=("collateral", id_), by=by, at=at, cause=cause, rank=rank, amount=amount, currency=currency, **told
        )
        cause = cause or event


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
