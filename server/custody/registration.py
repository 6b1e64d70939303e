"""How papers and volumes come to be: registered (F1), sealed into envelopes (F2), filled with items (S1).

From registration on only the desk changes a record's state. These functions run in the caller's transaction and write
their events there; the chains of the loans are locked once for the whole list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.custody.elements import ELEMENTS
from server.custody.labels import printed
from storage.database import Connection, Principal
from storage.tables import archive_records, contract_element_checks, contract_element_items, file_items, sealed_envelopes, seals
from storage.terms import DocumentType, ElementResult, LabelKind, PaperKind, RecordState, RetentionClass, Tier


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A paper (with `kind`) or a volume (without)."""

    archive_no: str
    barcode: str | None  # of a label that is printed already; otherwise one is made
    title: str
    loan: UUID
    org: UUID
    custody_org: UUID
    kind: PaperKind | None = None
    collateral: UUID | None = None
    certificate: UUID | None = None
    vault: UUID | None = None
    retention: RetentionClass | None = None
    pages: int = 1


@dataclass(frozen=True, slots=True)
class NewItem:
    """A paper in a volume."""

    record: UUID
    org: UUID
    position: int
    document_type: DocumentType
    title: str
    pages: int
    is_original: bool = True
    contract: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewEnvelope:
    """An envelope, its seal and the papers that go into it."""

    barcode: str | None
    seal_no: str
    org: UUID
    collateral: UUID | None
    records: tuple[UUID, ...]


async def register_records(conn: Connection, by: Principal, new: Sequence[NewRecord], at: datetime) -> list[UUID]:
    """F1, S1: PENDING_INTAKE for papers, COLLECTING for volumes; answers the ids in the order given."""
    chains = await Chains.lock(conn, {n.loan for n in new})
    ids = [uuid4() for _ in new]
    made = iter(await printed(conn, [LabelKind.PAPER if n.kind else LabelKind.VOLUME for n in new if n.barcode is None]))
    rows = []
    for id_, n in zip(ids, new, strict=True):
        tier = Tier.FIRST if n.kind else Tier.SECOND
        state = RecordState.PENDING_INTAKE if n.kind else RecordState.COLLECTING
        rows.append(
            {
                "id": id_,
                "org_id": n.org,
                "archive_no": n.archive_no,
                "barcode": n.barcode or next(made),
                "tier": tier,
                "kind": n.kind,
                "title": n.title,
                "state": state,
                "primary_loan_id": n.loan,
                "custody_org_id": n.custody_org,
                "collateral_id": n.collateral,
                "certificate_id": n.certificate,
                "vault_id": n.vault,
                "retention_class": n.retention,
                "pages": n.pages,
            }
        )
        chains.note(
            n.loan,
            Tag.RECORD_REGISTERED,
            subject=("record", id_),
            by=by.staff_id,
            at=at,
            record=id_,
            archive_no=n.archive_no,
            tier=tier,
            to=state,
            certificate=n.certificate,
        )
    await conn.insert(archive_records, rows)
    await chains.write()
    return ids


async def add_items(conn: Connection, new: Sequence[NewItem], at: datetime) -> list[UUID]:
    """Puts papers into volumes that are still being collected."""
    ids = [uuid4() for _ in new]
    await conn.insert(
        file_items,
        [
            {
                "id": id_,
                "org_id": n.org,
                "record_id": n.record,
                "position": n.position,
                "document_type": n.document_type,
                "title": n.title,
                "is_original": n.is_original,
                "pages": n.pages,
                "contract_id": n.contract,
                "added_at": at,
            }
            for id_, n in zip(ids, new, strict=True)
        ],
    )
    return ids


async def check_contracts(conn: Connection, by: Principal, whole: Sequence[tuple[UUID, UUID, UUID]], at: datetime) -> None:
    """Contracts that were found whole: (contract, its loan, their branch)."""
    chains = await Chains.lock(conn, {loan for _, loan, _ in whole})
    checks = [(uuid4(), *one) for one in whole]
    await conn.insert(
        contract_element_checks,
        [{"id": i, "org_id": org, "contract_id": c, "checked_by": by.staff_id, "checked_at": at} for i, c, _, org in checks],
    )
    await conn.insert(
        contract_element_items, [{"check_id": i, "element": e, "result": ElementResult.PRESENT} for i, *_ in checks for e in ELEMENTS]
    )
    for id_, contract, loan, _ in checks:
        chains.note(loan, Tag.CONTRACT_CHECKED, subject=("contract", contract), by=by.staff_id, at=at, check=id_, gaps=[])
    await chains.write()


async def seal_envelopes(
    conn: Connection, by: Principal, new: Sequence[NewEnvelope], chain_of: dict[UUID, UUID], at: datetime
) -> list[UUID]:
    """Two people seal the papers of one collateral; `chain_of` names the loan of each record."""
    chains = await Chains.lock(conn, set(chain_of.values()))
    ids = [uuid4() for _ in new]
    made = iter(await printed(conn, [LabelKind.ENVELOPE for n in new if n.barcode is None]))
    codes = [n.barcode or next(made) for n in new]
    await conn.insert(
        sealed_envelopes,
        [
            {"id": i, "org_id": n.org, "barcode": code, "seal_no": n.seal_no, "collateral_id": n.collateral, "sealed_at": at}
            for i, n, code in zip(ids, new, codes, strict=True)
        ],
    )
    await conn.insert(seals, [{"seal_no": n.seal_no, "envelope_id": i, "applied_at": at} for i, n in zip(ids, new, strict=True)])
    for id_, n, code in zip(ids, new, codes, strict=True):
        for record in n.records:
            await conn.update(archive_records, {"id": record}, {"envelope_id": id_})
            chains.note(
                chain_of[record],
                Tag.ENVELOPE_SEALED,
                subject=("envelope", id_),
                by=by.staff_id,
                at=at,
                record=record,
                seal_no=n.seal_no,
                barcode=code,
            )
    await chains.write()
    return ids
