"""Scans of the first files, through the same way as every scan, and inspection reports in every state."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from uuid import UUID, uuid4

from rich.progress import Progress

from server import inspections
from server.demo.files import File
from server.demo.names import small_pdf
from server.scans.announcing import NewScan
from server.scans.uploads import Uploads
from storage.database import Database
from storage.objects import ObjectStore
from storage.terms import ReportKind, ReportSubject, ScanSubject

SCANNED = 40
REPORTS = 12


async def add_papers(database: Database, objects: ObjectStore, files: Sequence[File], progress: Progress) -> None:
    """A scan of the contract and of the certificate of the first files, and reports about them."""
    rest = files[SCANNED // 2 :]
    some = [*files[: SCANNED // 2], *rest[:: max(1, 2 * len(rest) // SCANNED)][: SCANNED // 2]]  # the first, and some of every branch
    task = progress.add_task("Demo bank: scans and reports", total=len(some) * 2 + min(REPORTS, len(files)))
    keeper = Uploads(database, objects)
    for file in some:
        officer = file.branch.people["loan-officer"]
        for kind, subject, title in (
            (ScanSubject.FILE_ITEM, file.item, "汽车贷款申请表"),
            (ScanSubject.RECORD, file.papers[0], "机动车登记证书"),
        ):
            body = small_pdf(f"Loan file {file.index}: {kind.value.lower()}")
            new = NewScan.of(kind, subject, title, "application/pdf", body, pages=1)
            await keeper.upload(officer, new, BytesIO(body), key=uuid4().hex)
            progress.advance(task)
    inspected = [f for f in files if "inspector" in f.branch.people]
    for number, file in enumerate(inspected[:: max(1, len(inspected) // REPORTS)][:REPORTS]):
        await _report(database, file, number)
        progress.advance(task)


async def _report(database: Database, file: File, number: int) -> None:
    people, book = file.branch.people, inspections.Inspections(database)
    month = (datetime.now(UTC) - timedelta(days=30)).date().replace(day=1)
    new = inspections.NewReport(
        kind=ReportKind.PERIODIC,
        subject=(ReportSubject.ARCHIVES, ReportSubject.COLLATERAL, ReportSubject.LEDGER)[number % 3],
        org=file.branch.id,
        loan=file.loan,
        title="贷后检查报告",
        period=(month, date(month.year, month.month, 28)),
        analysis="贷款按期偿还，档案齐全，抵押车辆登记信息与合同一致。",
        proposal="建议继续按季检查。",
    )
    report = UUID((await book.draft(people["inspector"], new, key=uuid4().hex))["report"])
    if number % 4 > 0:
        await book.submit(people["inspector"], report, version=None, key=uuid4().hex)
    if number % 4 > 1:
        await book.sign(people["credit-dept-head"], report, version=None, key=uuid4().hex)
    if number % 4 > 2:
        await book.sign(people["vice-president"], report, version=None, key=uuid4().hex)
