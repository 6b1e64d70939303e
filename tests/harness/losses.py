"""Records that get lost in the tests' bank, step by step through the desk."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from server.collateral import NewCertificate, register_certificates
from server.custody.moves import Ask, Placement
from server.custody.moves.losses import Finding, Reissue, Search
from server.custody.registration import NewEnvelope, NewRecord, register_records, seal_envelopes
from storage.terms import Action as A
from storage.terms import CertificateKind, PaperKind, Tier
from tests.harness.world import World

SEATS = {Tier.FIRST: ("kay", "cody", "clerk"), Tier.SECOND: ("archivist",)}


async def certificate(bank: World, loan: UUID, collateral: UUID, number: str | None = None) -> tuple[UUID, UUID]:
    """A certificate as a first-tier paper that waits for the vault, and its envelope."""
    bank.number += 1
    branch, officer, at = bank.branches["A"], bank.people["officer"], datetime.now(UTC) - timedelta(minutes=5)
    no = f"{bank.tag}{bank.number:06}"
    async with bank.database.transaction(officer) as conn:
        new = NewCertificate(
            branch.id, collateral, number or f"C{no}", CertificateKind.VEHICLE_TITLE, "车管所", date(2024, 1, 5), right_amount=Decimal(100)
        )
        (made,) = await register_certificates(conn, officer, [new], at)
        paper = NewRecord(
            f"A1{no}", None, "登记证书", loan, branch.id, branch.id, PaperKind.CERTIFICATE, collateral, made, vault=branch.vault
        )
        (record,) = await register_records(conn, officer, [paper], at)
        sealed = NewEnvelope(None, f"S{no}", branch.id, collateral, (record,))
        (envelope,) = await seal_envelopes(conn, officer, [sealed], {record: loan}, at)
    return record, envelope


async def in_vault(bank: World, loan: UUID, collateral: UUID) -> UUID:
    """A certificate in the vault."""
    record, envelope = await certificate(bank, loan, collateral)
    ask = Ask(A.INTAKE, records=(record,), placements=(Placement(envelope, await bank.slot()),))
    await bank.seated(ask, SEATS[Tier.FIRST])
    return record


async def missing(bank: World, record: UUID) -> UUID:
    """Reported by the clerk, who owns the case; answers the loss case."""
    await bank.done("clerk", Ask(A.REPORT_MISSING, records=(record,), reason="盘点未见"))
    return await loss_of(bank, record)


async def loss_of(bank: World, record: UUID) -> UUID:
    return UUID(str(await bank.sql("select id from loss_cases where record_id = $1 order by opened_at desc limit 1", record)))


async def searched(bank: World, record: UUID) -> None:
    """The whole procedure before a loss."""
    await bank.done("clerk", Ask(A.RECORD_SEARCH, records=(record,), detail=Search("库内及经办桌面均已查找", "保管员书面说明")))
    await bank.done("ops", Ask(A.NOTIFY_COMPLIANCE, records=(record,)))


async def lost(bank: World, record: UUID) -> UUID:
    """Declared lost by two heads; answers the loss case."""
    loss = await missing(bank, record)
    await searched(bank, record)
    await bank.seated(Ask(A.DECLARE_LOST, records=(record,), reason="经查找无着"), ["ops", "vice"])
    return loss


def found(bank: World, record: UUID) -> Ask:
    """The ask of a record that turned up."""
    return Ask(A.RESOLVE_FOUND, records=(record,), inspections=bank.inspected([record]), detail=Finding("复印室"))


async def reissued(bank: World, old: UUID, new: UUID, envelope: UUID) -> Ask:
    """The ask of a paper that takes the place of a lost one."""
    placed = (Placement(envelope, await bank.slot()),)
    return Ask(A.RECORD_REISSUE, records=tuple(sorted((old, new))), placements=placed, detail=Reissue(old, new))


async def paid_off(bank: World, loan: UUID, kind: str = "CASH", days: int = 1) -> None:
    """Core banking says that nothing is owed any more."""
    await bank.sql(
        "insert into loan_positions (org_id, loan_id, as_of, principal_amount, interest_amount, fees_amount, overdue_amount, settled_at,"
        " payoff_kind) values ((select org_id from loans where id = $1), $1, clock_timestamp(), 0, 0, 0, 0, clock_timestamp() - $2::interval, $3)",
        loan, timedelta(days=days), kind,
    )  # fmt: skip
