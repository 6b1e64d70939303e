"""The vault of the demo bank: a paper that is awaited, an electronic certificate, one that came back changed, an emergency."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from server.custody.desk import Desk
from server.custody.moves import Ask, Inspection, Placement
from server.custody.moves.certificates import Change, ChangedReturn
from server.custody.moves.papers import CertificateData, ExpectedPaper, NewPapers, Paper
from server.custody.moves.registers import Booking
from server.demo.bank import Branch, place
from server.demo.files import File, done, seated
from storage.database import Connection, Database, Principal
from storage.tables import collateral, customers, off_balance_entries
from storage.terms import Action as A
from storage.terms import CertificateKind, LocationKind, OffBalanceState, PaperKind

REGISTRY = "北京市公安局交通管理局车辆管理所"
KEEPERS = ("vault-keeper-key", "vault-keeper-code", "register-clerk")
CAR = select(collateral.c.id, collateral.c.vin, customers.c.name).outerjoin(customers, customers.c.id == collateral.c.owner_id)
OPEN = select(off_balance_entries.c.id).where(off_balance_entries.c.state == "PENDING").order_by(off_balance_entries.c.id).limit(12)


class VaultDay:
    """What happens to the papers of one branch; `files` are lent and free ones of it."""

    def __init__(self, owner: Connection, database: Database, branch: Branch, number: int) -> None:
        self.owner, self.database, self.branch, self.number = owner, database, branch, number
        self.desk = Desk(database)

    async def _read(self, car: UUID, number: str, issued: date, **more: Any) -> CertificateData:
        """A certificate that says what the bank knows of the car."""
        async with self.database.transaction(self.branch.people["loan-officer"]) as conn:
            row = await conn.row(CAR.where(collateral.c.id == car))
        assert row is not None
        return CertificateData(number, CertificateKind.VEHICLE_TITLE, REGISTRY, issued, vin=row["vin"], owner_name=row["name"], **more)

    async def _registered(self, file: File, paper: Paper) -> UUID:
        ask = Ask(A.REGISTER_FIRST_TIER, detail=NewPapers(file.loan, file.collateral, self.branch.vault, (paper,)))
        made: Any = await done(self.desk, self.branch.people["loan-officer"], ask)
        return UUID(made["records"][0])

    async def awaited(self, files: Sequence[File]) -> None:
        """Policies that should have come last week, and next month."""
        for n, (file, days) in enumerate(zip(files, (-7, 30), strict=False), 1):
            by = date.today() + timedelta(days=days)  # a day of the demo
            detail = ExpectedPaper(
                file.loan, file.collateral, self.branch.vault, f"YJ-{self.branch.code}-W{n}", "机动车商业保险单", PaperKind.INSURANCE_POLICY, by,
                "中国人民财产保险股份有限公司",
            )  # fmt: skip
            await done(self.desk, self.branch.people["loan-officer"], Ask(A.EXPECT_PAPER, detail=detail))

    async def electronic(self, file: File) -> None:
        """An other-right certificate that exists only in the registry: in the vault without envelope and slot."""
        reference = f"DJ-{self.branch.code}-2026-0001"
        data = await self._read(file.collateral, f"E{self.number:010}", date(2026, 3, 2), is_electronic=True, registry_reference=reference)
        paper = Paper(f"YJ-{self.branch.code}-E1", "电子抵押登记证明", PaperKind.CERTIFICATE, 1, 1, certificate=data)
        record = await self._registered(file, paper)
        await seated(self.desk, self.branch, Ask(A.INTAKE, records=(record,)), KEEPERS)

    async def changed(self, lent: File) -> None:
        """The car got a new plate and a new certificate; both it and the receipt are back."""
        old, receipt = lent.papers
        data = await self._read(lent.collateral, f"N{self.number:010}", date(2026, 11, 20))
        new = await self._registered(
            lent, Paper(f"YJ-{self.branch.code}-N1", "机动车登记证书（换证）", PaperKind.CERTIFICATE, 4, 1, certificate=data)
        )
        by = self.branch.people["loan-officer"].staff_id
        await done(self.desk, self.branch.people["vault-keeper-key"], Ask(A.PRESENT_RETURN, records=lent.papers, brought_by=by))
        found = tuple(Inspection(r, True, True, True, True, True, pages, shows_mortgage=True) for r, pages in ((new, 4), (receipt, 1)))
        detail = ChangedReturn((Change(old, new, plate_no=f"京A{self.number:05}"),), f"S-{self.branch.code}-N1")
        ask = Ask(A.ACCEPT_CHANGED_RETURN, records=(old, receipt, new), inspections=found, detail=detail)
        await seated(self.desk, self.branch, ask, KEEPERS)

    async def emergency(self, file: File) -> None:
        """A pipe burst: the head of operations and the vice president moved an envelope; the review waits."""
        branch = self.branch
        branch.slots += 1
        slot = await place(self.owner, branch.id, LocationKind.SLOT, f"{branch.code}-V-{branch.slots:05}", branch.vault, branch.vault)
        envelope = await self.owner.raw.fetchval("select envelope_id from archive_records where id = $1", file.papers[0])
        ask = Ask(A.MOVE_LOCATION, records=file.papers, placements=(Placement(envelope, slot),), emergency="库房水管爆裂，保管员均未到岗")
        await seated(self.desk, branch, ask, ("ops-head", "vice-president", "register-clerk"))

    async def booked(self, core: Principal) -> None:
        """Core banking has booked some entries, and could not book one."""
        async with self.database.transaction(core) as conn:
            entries = [r["id"] for r in await conn.rows(OPEN.where(off_balance_entries.c.org_id == self.branch.id))]
        for n, entry in enumerate(entries):
            answer = Booking(entry, OffBalanceState.BOOKED, f"7{self.number:04}{n:03}")
            if n == len(entries) - 1:
                answer = Booking(entry, OffBalanceState.FAILED, failure="核心系统日终处理中")
            await done(self.desk, core, Ask(A.BOOK_OFF_BALANCE_ENTRY, detail=answer))
