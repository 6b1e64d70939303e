"""What is under way in the demo bank: something waits for everyone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select

from server.custody.desk import Desk
from server.custody.moves import Ask
from server.custody.moves.letters import BaileeLetter
from server.custody.moves.release import NoticeAsked, RecipientShown
from server.custody.moves.stocktakes import CompareCounts, Item, OpenStocktake, PlaceCount, SignStocktake, SubmitCount
from server.demo.bank import Branch
from server.demo.files import VOLUME_PAGES, File, done, seated
from server.demo.vault import VaultDay
from storage.database import Database
from storage.tables import collateral, customers
from storage.terms import Action as A
from storage.terms import BaileeKind, HoldKind, HoldSubject, Purpose, RecipientCapacity

OWNER = (
    select(customers.c.name, customers.c.identity_index, customers.c.identity_number_masked)
    .join(collateral, collateral.c.owner_id == customers.c.id)
    .where(collateral.c.id == bindparam("collateral", type_=Uuid, required=True))
)
VAULT_SEATS = ("vault-keeper-key", "vault-keeper-code", "register-clerk", "loan-officer")


def due_day(days: int) -> date:
    """A weekday so many days from now, negative for the past."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


class Activity:
    """Runs acts of one branch at chosen times."""

    def __init__(self, database: Database, branch: Branch, files: Sequence[File], r: Random) -> None:
        self.database, self.branch, self.r = database, branch, r
        self.free = [f for f in files if not f.settled]
        self.paid = [f for f in files if f.settled]

    def _desk(self, days_ago: float = 0) -> Desk:
        return Desk(self.database, shift=-timedelta(days=days_ago))

    async def _request(self, desk: Desk, records: Sequence[UUID], purpose: Purpose, by: str = "loan-officer") -> UUID:
        ask = Ask(A.REQUEST_CHECKOUT, records=tuple(records), purpose=purpose, reason="演示")
        return UUID(str((await done(desk, self.branch.people[by], ask))["request"]))

    async def _approve(self, desk: Desk, request: UUID, *accounts: str) -> None:
        for account in accounts:
            await done(desk, self.branch.people[account], Ask(A.APPROVE, request=request))

    async def showcase(self, file: File) -> None:
        """The file that the examples name: its volume was lent once, and is approved again; its papers wait for approval."""
        desk = self._desk(60)
        request = await self._request(desk, [file.volume], Purpose.AUDIT)
        await self._approve(desk, request, "credit-dept-head")
        await done(desk, self.branch.people["archivist"], Ask(A.CHECK_OUT, request=request, due_on=due_day(-55)))
        desk = self._desk(58)
        await self.present(desk, [file.volume], "archivist")
        await self.accept(desk, [file.volume], ("archivist",), VOLUME_PAGES)
        desk = self._desk()
        request = await self._request(desk, [file.volume], Purpose.AUDIT, by="legal")
        await self._approve(desk, request, "credit-dept-head")
        await self._request(desk, file.papers, Purpose.CERTIFICATE_CHANGE)

    async def present(self, desk: Desk, records: Sequence[UUID], to: str, holder: str = "loan-officer") -> None:
        """The holder brings them back."""
        by = self.branch.people[holder].staff_id
        await done(desk, self.branch.people[to], Ask(A.PRESENT_RETURN, records=tuple(records), brought_by=by))

    async def accept(self, desk: Desk, records: Sequence[UUID], accounts: Sequence[str], pages: int) -> None:
        """Inspected and put back."""
        from server.custody.moves import Inspection

        found = tuple(Inspection(r, True, True, True, True, True, pages) for r in records)
        await seated(desk, self.branch, Ask(A.ACCEPT_RETURN, records=tuple(records), inspections=found), accounts)

    async def _trusted(self, desk: Desk, request: UUID, by: str = "loan-officer") -> None:
        """The registry signs that it keeps the papers in trust; without that they do not leave the bank."""
        day = (datetime.now(UTC) + desk.shift).date()
        letter = BaileeLetter(f"BG-{request}", BaileeKind.REGISTRY, "市车辆管理所", day, day + timedelta(days=20))
        await done(desk, self.branch.people[by], Ask(A.REGISTER_BAILEE_LETTER, request=request, detail=letter))

    async def lent_papers(self, days_ago: float, due: date, by: str = "loan-officer") -> File:
        """Papers of one envelope, out of the vault since then."""
        file, desk = self.free.pop(), self._desk(days_ago)
        request = await self._request(desk, file.papers, Purpose.CERTIFICATE_CHANGE, by)
        await self._approve(desk, request, "credit-dept-head", "risk-head")
        await self._trusted(desk, request, by)
        await seated(desk, self.branch, Ask(A.CHECK_OUT, request=request, due_on=due), (*VAULT_SEATS[:3], by))
        return file

    async def lent_volume(self, days_ago: float, due: date, by: str = "legal") -> File:
        """A volume that the archivist handed out."""
        file, desk = self.free.pop(), self._desk(days_ago)
        request = await self._request(desk, [file.volume], Purpose.AUDIT, by)
        await self._approve(desk, request, "credit-dept-head")
        await done(desk, self.branch.people["archivist"], Ask(A.CHECK_OUT, request=request, due_on=due))
        return file

    async def all(self) -> None:
        """A day in the life of the branch; the overdue come last, since they block their holders."""
        now = self._desk()
        for _ in range(3):  # to approve
            await self._request(now, self.free.pop().papers, Purpose.CERTIFICATE_REISSUE)
            await self._request(now, [self.free.pop().volume], Purpose.LITIGATION, by="legal")
        for _ in range(2):  # to hand out
            request = await self._request(now, self.free.pop().papers, Purpose.CERTIFICATE_CHANGE)
            await self._approve(now, request, "credit-dept-head", "risk-head")
            await self._trusted(now, request)
        request = await self._request(now, self.free.pop().papers, Purpose.EXTENSION_REREGISTRATION)  # to confirm
        await self._approve(now, request, "credit-dept-head", "risk-head")
        await self._trusted(now, request)
        await done(now, self.branch.people["vault-keeper-key"], Ask(A.CHECK_OUT, request=request, due_on=due_day(5)))
        for _ in range(4):
            await self.lent_papers(1, due_day(6))
            await self.lent_volume(2, due_day(5))
        back = await self.lent_papers(3, due_day(4))  # to accept
        await self.present(now, back.papers, "vault-keeper-key")
        back = await self.lent_volume(3, due_day(4))
        await self.present(now, [back.volume], "archivist", holder="legal")
        await self._reading(now)
        await self._holds(now)
        await self._missing(now)
        await self._release(now)
        await self._stocktake(now)
        await self.lent_volume(14, due_day(-5), by="collections")  # overdue: blocks its holder
        await self.lent_papers(12, due_day(-4), by="collections")

    async def vault(self, day: VaultDay) -> None:
        """Papers that are awaited, electronic, changed; an emergency."""
        await day.awaited([self.free.pop(), self.free.pop()])
        await day.electronic(self.free.pop())
        await day.emergency(self.free.pop())
        await day.changed(await self.lent_papers(2, due_day(6)))

    async def _reading(self, now: Desk) -> None:
        ask = Ask(A.REQUEST_READING, records=(self.free.pop().volume,), purpose=Purpose.AUDIT)
        request = UUID(str((await done(now, self.branch.people["inspector"], ask))["request"]))
        await self._approve(now, request, "credit-dept-head")
        await done(now, self.branch.people["archivist"], Ask(A.START_READING, request=request))

    async def _holds(self, now: Desk) -> None:
        file, legal = self.free.pop(), self.branch.people["legal"]
        ask = Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.LOAN, subject=file.loan, reason="法院诉讼保全")
        hold = UUID(str((await done(now, legal, ask))["hold"]))
        await done(now, self.branch.people["risk-head"], Ask(A.LIFT_HOLD, hold=hold, reason="拟解除"))  # a second person is called
        car = self.free.pop().collateral
        await done(
            now,
            legal,
            Ask(A.PLACE_HOLD, hold_kind=HoldKind.REGULATORY, subject_kind=HoldSubject.COLLATERAL, subject=car, reason="监管检查"),
        )

    async def _stocktake(self, now: Desk) -> None:
        """One slot, counted by two people and found as listed."""
        people, papers = self.branch.people, self.free[0].papers
        if not {"ops-head", "inspector", "collections"} <= set(people):
            return
        async with self.database.transaction(people["ops-head"]) as conn:
            where = await conn.raw.fetchrow(
                "select l.id, l.code, e.barcode, e.seal_no from archive_records r join sealed_envelopes e on e.id = r.envelope_id"
                " join storage_locations l on l.id = e.location_id where r.id = $1", papers[0],
            )  # fmt: skip
        assert where is not None
        team = (people["inspector"].staff_id, people["collections"].staff_id)
        opened = await done(now, people["ops-head"], Ask(A.OPEN_STOCKTAKE, detail=OpenStocktake(where["id"], team)))
        take = UUID(str(opened["stocktake"]))
        counts = (PlaceCount(where["code"], (Item(where["barcode"], where["seal_no"]),)),)
        for account in ("inspector", "collections"):
            await done(now, people[account], Ask(A.SUBMIT_COUNT, detail=SubmitCount(take, counts)))
        await done(now, people["ops-head"], Ask(A.COMPARE_COUNTS, detail=CompareCounts(take)))
        await done(now, people["ops-head"], Ask(A.SIGN_STOCKTAKE, detail=SignStocktake(take)))

    async def _missing(self, now: Desk) -> None:
        ask = Ask(A.REPORT_MISSING, records=(self.free.pop().volume,), reason="架上未见此卷")
        await done(now, self.branch.people["archivist"], ask)

    async def _release(self, now: Desk) -> None:
        """A loan is paid off: its notice waits for the vault, its papers wait for the owner, who is known."""
        file, officer = self.paid.pop(), self.branch.people["loan-officer"]
        await done(now, officer, Ask(A.ISSUE_NOTICE, detail=NoticeAsked(file.loan)))
        ask = Ask(A.REQUEST_RELEASE, records=file.papers, purpose=Purpose.PAID_IN_FULL)
        request = UUID(str((await done(now, officer, ask))["request"]))
        await self._approve(now, request, "credit-dept-head", "risk-head")
        async with self.database.transaction(officer) as conn:
            owner = await conn.row(OWNER, collateral=file.collateral)
        assert owner is not None
        shown = RecipientShown(
            RecipientCapacity.OWNER, owner["name"], bytes(owner["identity_index"]).hex(), owner["identity_number_masked"]
        )
        await done(now, self.branch.people["register-clerk"], Ask(A.VERIFY_RECIPIENT, request=request, detail=shown))
