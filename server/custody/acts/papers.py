"""First-tier papers into the vault: what F0 to F2 change."""

from uuid import UUID, uuid4

from sqlalchemy import Text, Uuid, bindparam, func, or_, select

from server.compliance.events import Words
from server.compliance.tags import Tag
from server.custody import notices
from server.custody.acts.change import Detail
from server.custody.labels import printed
from server.custody.moves.papers import Arrival, CertificateData, ExpectedPaper, NewPapers, Paper, Place
from server.custody.writing import Born, Writing
from server.errors import InputProblem, InvalidInput
from storage.tables import archive_records, collateral, collateral_certificates, events, intake_receipts, loans, sealed_envelopes, seals
from storage.terms import Action as A
from storage.terms import LabelKind, NoticeKind, PaperKind, RecordState, Seat, Tier

ARCHIVE_NO = select(func.archive_no_taken(bindparam("no", type_=Text, required=True)))
OWNER_OF = select(collateral.c.org_id).where(collateral.c.id == bindparam("asset", type_=Uuid, required=True))
ASSET_OF = select(archive_records.c.collateral_id, archive_records.c.certificate_id).where(
    archive_records.c.id == bindparam("record", type_=Uuid, required=True)
)
BORROWER = (
    select(loans.c.customer_id)
    .join(archive_records, archive_records.c.primary_loan_id == loans.c.id)
    .where(archive_records.c.id == bindparam("record", type_=Uuid, required=True))
)
BROUGHT_BY = (  # who registered the paper, or said that it would come
    select(events.c.actor_id)
    .where(events.c.record_id == bindparam("the_record", type_=Uuid, required=True))
    .where(or_(events.c.tag == Tag.RECORD_REGISTERED.value, events.c.tag == Tag.PAPER_EXPECTED.value))
    .order_by(events.c.happened_at)
    .limit(1)
)
SEAL_OF = select(sealed_envelopes.c.seal_no).where(sealed_envelopes.c.id == bindparam("envelope", type_=Uuid, required=True))
TOUCH_SEAL = seals.update().where(seals.c.seal_no == bindparam("the_seal", type_=seals.c.seal_no.type)).values(
    broken_at=bindparam("the_at", type_=seals.c.broken_at.type)
)  # fmt: skip


async def of_loan(w: Writing) -> set[UUID]:
    """The history of the loan that the papers will belong to."""
    return {w.first.of(Place).loan}


async def expect_paper(w: Writing) -> Detail:
    """F0: the label is printed at once; the certificate's data come with the paper."""
    e: ExpectedPaper = w.ask.detail
    paper = Paper(e.archive_no, e.title, e.kind, 0, 1)
    expected = {"expected_by": e.expected_by, "from_whom": e.from_whom}
    await _bear(w, [paper], RecordState.AWAITED, expected)
    return {}


async def register_first_tier(w: Writing) -> Detail:
    """F1: papers that are here already, with what stands on their certificates."""
    detail: NewPapers = w.ask.detail
    await _bear(w, detail.papers, RecordState.PENDING_INTAKE, {})
    return {}


async def _bear(w: Writing, papers: tuple[Paper, ...] | list[Paper], state: RecordState, more: Detail) -> None:
    place = w.first.of(Place)
    await _numbers_are_free(w, papers)
    labels = await printed(w.conn, [LabelKind.PAPER] * len(papers))
    ids = sorted(uuid4() for _ in papers)  # answers are in the order of ids: so in the order of the list
    for id_, p, label in zip(ids, papers, labels, strict=True):
        certificate = await new_certificate(w, p.certificate, place.collateral, place.loan) if p.certificate else None
        row = {
            "id": id_,
            "org_id": place.org,
            "archive_no": p.archive_no,
            "barcode": label,
            "tier": Tier.FIRST,
            "kind": p.kind,
            "title": p.title,
            "state": state,
            "primary_loan_id": place.loan,
            "custody_org_id": place.custody_org,
            "collateral_id": place.collateral,
            "certificate_id": certificate,
            "vault_id": place.vault,
            "pages": p.pages,
            "copies": p.copies,
            "is_original": p.is_original,
            "expires_on": p.expires_on,
        }
        await w.conn.insert(archive_records, row | more)
        told = {"archive_no": p.archive_no, "pages": p.pages, "copies": p.copies, "certificate": certificate}
        w.born.append(Born(id_, place.loan, state, told | {k: v for k, v in more.items() if k == "expected_by"}))


async def _numbers_are_free(w: Writing, papers: tuple[Paper, ...] | list[Paper]) -> None:
    """A number that is taken is the client's mistake, told by its place in the input."""
    wrong = []
    for n, p in enumerate(papers):
        if await w.conn.value(ARCHIVE_NO, no=p.archive_no) or p.archive_no in {q.archive_no for q in papers[:n]}:
            path = ("archiveNo",) if w.ask.action is A.EXPECT_PAPER else ("papers", str(n), "archiveNo")
            wrong.append(InputProblem(path, "TAKEN"))
    if wrong:
        raise InvalidInput(wrong)


async def new_certificate(w: Writing, data: CertificateData, asset: UUID, chain: UUID, replaces: UUID | None = None) -> UUID:
    """The certificate's row, as it was read; its number stands in the history of the loan."""
    assert w.chains is not None
    id_, owner = uuid4(), await w.conn.value(OWNER_OF, asset=asset)
    row = {"id": id_, "org_id": owner, "collateral_id": asset, "replaces_id": replaces, **certificate_columns(data)}
    await w.conn.insert(collateral_certificates, row)
    w.chains.note(
        chain, Tag.CERTIFICATE_REGISTERED, subject=("certificate", id_), by=w.by.id, at=w.at, collateral=asset, number=data.number,
        kind=data.kind,
    )  # fmt: skip
    return id_


def certificate_columns(data: CertificateData) -> Detail:
    """What stands on the certificate, as columns."""
    return {
        "number": data.number,
        "kind": data.kind,
        "issuer": data.issuer,
        "issued_on": data.issued_on,
        "expires_on": data.expires_on,
        "right_amount": data.right_amount,
        "registration_no": data.registration_no,
        "vin": data.vin,
        "owner_name": data.owner_name,
        "is_electronic": data.is_electronic,
        "registry_reference": data.registry_reference,
    }


async def record_arrival(w: Writing) -> Detail:
    """F0: the paper is here; what stands on it is read now."""
    detail: Arrival = w.ask.detail
    record = w.first.record
    if detail.expires_on and record.kind is not PaperKind.INSURANCE_POLICY:
        raise InvalidInput([InputProblem(("expiresOn",), "NOT_ALLOWED")])
    changes: Detail = {"pages": detail.pages, "copies": detail.copies, "is_original": detail.is_original, "expires_on": detail.expires_on}
    if detail.certificate:
        row = await w.conn.row(ASSET_OF, record=record.id)
        assert row is not None and row["collateral_id"] is not None  # C12 has compared it with its collateral
        changes["certificate_id"] = await new_certificate(w, detail.certificate, row["collateral_id"], record.chain)
    await w.conn.update(archive_records, {"id": record.id}, changes)
    return {name: changes.get(name) for name in ("pages", "copies")} | {"certificate": changes.get("certificate_id")}


async def refuse_intake(w: Writing) -> Detail:
    """F1b: back to whoever brought them; what was read is void, and the envelope is open."""
    until = w.ask.detail.expected_by
    for move in w.moves:
        row = await w.conn.row(ASSET_OF, record=move.record.id)
        assert row is not None
        if row["certificate_id"]:
            await w.conn.update(collateral_certificates, {"id": row["certificate_id"]}, {"is_live": False})
        changes = {"certificate_id": None, "envelope_id": None, "expected_by": until}
        await w.conn.update(archive_records, {"id": move.record.id}, changes)
        brought = await w.conn.value(BROUGHT_BY, the_record=move.record.id)
        subject, again = ("record", move.record.id), w.at.isoformat()  # it may come, and be refused, again
        who = {brought} if brought else set()
        await notices.tell(w.conn, who, NoticeKind.INTAKE_REFUSED, subject, w.at, record=move.record.id, occasion=again)
    for envelope in {m.record.envelope for m in w.moves if m.record.envelope}:
        await break_seal(w, envelope)
    return {"reasons": w.ask.reason and Words(w.ask.reason), "expected_by": until}


async def break_seal(w: Writing, envelope: UUID) -> str:
    """The seal that is on the envelope now was broken; its number is never used again."""
    number: str = await w.conn.value(SEAL_OF, envelope=envelope)
    await w.conn.run(TOUCH_SEAL, the_seal=number, the_at=w.at)
    return number


async def intake(w: Writing) -> Detail:
    """F2: the envelope goes into its slot, and a receipt of three parts is written."""
    for placement in w.ask.placements:
        await w.conn.update(sealed_envelopes, {"id": placement.envelope}, {"location_id": placement.location})
    assert w.operation is not None
    first = w.first
    receipt = {
        "org_id": first.record.custody_org,
        "operation_id": w.operation,
        "keeper_id": first.seats[Seat.KEY].id,
        "officer_id": w.ask.brought_by,
        "customer_id": await w.conn.value(BORROWER, record=first.record.id),
        "issued_at": w.at,
    }
    w.made["receipt"] = await w.conn.insert(intake_receipts, receipt, returning="id")
    return {"receipt": w.made["receipt"]}


CHANGES = {
    A.EXPECT_PAPER: expect_paper,
    A.RECORD_ARRIVAL: record_arrival,
    A.REGISTER_FIRST_TIER: register_first_tier,
    A.REFUSE_INTAKE: refuse_intake,
    A.INTAKE: intake,
}
CHAINS = {A.EXPECT_PAPER: of_loan, A.REGISTER_FIRST_TIER: of_loan}
