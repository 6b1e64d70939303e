"""Papers whose loan is paid off, with all that F11 asks for; and how one of it is taken away."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask
from server.custody.moves.release import CourtReceiptShown, NoticeAsked, PositionSaid, ReceiptShown, RecipientShown, ReplacementOffered
from server.personal import Keys, Kind, Personal
from server.settings import Settings
from storage.terms import Action as A
from storage.terms import Purpose, RecipientCapacity, Role
from tests.harness.world import World

NUMBER = "110101199003071234"
SEATED = ["kay", "cody", "clerk", "teller"]
ZERO = {"principal": 0, "interest": 0, "fees": 0, "overdue": 0}


def identity(number: str = NUMBER) -> bytes:
    """Its blind index under the keys of the tests."""
    return Personal(Keys.of(Settings()).index).index(Kind.IDENTITY, number)


def ago(**delta: float) -> datetime:
    return datetime.now(UTC) - timedelta(**delta)


@dataclass
class Case:
    """A paper in the vault, its loan, and how far its release has come."""

    bank: World
    loan: UUID
    collateral: UUID
    papers: list[UUID]
    request: UUID = field(default_factory=uuid4)
    receipt: UUID = field(default_factory=uuid4)

    @classmethod
    async def make(cls, bank: World, *, kind: str = "VEHICLE", value: int | None = None) -> "Case":
        """An owner whom we know, a loan, its car, the paper in the vault; core banking and another loan officer come along."""
        here = bank.branches["A"]
        customer = await bank.sql("select id from customers where org_id = $1 and identity_index = $2", here.id, identity())
        if customer is None:
            customer, _ = await bank.customer()
            await bank.sql("update customers set identity_index = $2 where id = $1", customer, identity())
        loan, asset = await bank.loan(customer=customer), await bank.collateral()
        await bank.sql("update collateral set owner_id = $2, kind = $3, value_amount = $4 where id = $1", asset, customer, kind, value)
        await secures(bank, loan, asset)
        papers = await bank.papers(loan=loan, collateral=asset)
        if "core" not in bank.people:
            await bank.hire("core", {Role.SYSTEM}, bank.people["admin"].org_id, (), everywhere=True)
        if "teller" not in bank.people:
            await bank.hire("teller", {Role.LOAN_OFFICER}, here.id, (here.id,))
        return cls(bank, loan, asset, papers)

    async def says(self, loan: UUID | None = None, **said: Any) -> dict[str, Any]:
        """Core banking's position, of now unless told otherwise."""
        given = {"as_of": datetime.now(UTC), **ZERO, **said}
        return await self.bank.done("core", Ask(A.POST_POSITION, detail=PositionSaid(loan or self.loan, **given)))

    async def paid(self, loan: UUID | None = None, **said: Any) -> dict[str, Any]:
        return await self.says(loan, **{"settled_at": ago(days=1), "payoff_kind": "CASH", **said})

    async def notice(self) -> UUID:
        """Issued, scanned and filed."""
        made = await self.bank.done("officer", Ask(A.ISSUE_NOTICE, detail=NoticeAsked(self.loan)))
        paper = UUID(made["paper"])
        await scan(self.bank, "RECORD", paper, record=paper)
        await self.bank.seated(Ask(A.INTAKE, records=(paper,)), SEATED[:3])
        return UUID(made["notice"])

    async def asked(self, purpose: Purpose = Purpose.PAID_IN_FULL) -> UUID:
        """Requested and approved: the paper is reserved."""
        ask = Ask(A.REQUEST_RELEASE, records=tuple(self.papers), purpose=purpose)
        self.request = UUID((await self.bank.done("officer", ask))["request"])
        for who in ("head", "risk"):
            await self.bank.done(who, Ask(A.APPROVE, request=self.request))
        return self.request

    def shown(self, number: str = NUMBER, **more: Any) -> Ask:
        """The owner, with their identity document."""
        said = {"capacity": RecipientCapacity.OWNER, **more}
        return Ask(
            A.VERIFY_RECIPIENT, request=self.request, detail=RecipientShown(name="王小明", identity=identity(number).hex(), masked="1101************34", **said)
        )  # fmt: skip

    async def received(self) -> None:
        """The owner is verified, and the receipt is signed and scanned."""
        await self.bank.done("clerk", self.shown())
        self.receipt = await scan(self.bank, "REQUEST", self.request)

    async def ready(self) -> "Case":
        """Everything that F11 asks for."""
        await self.paid()
        await self.notice()
        await self.asked()
        await self.received()
        return self

    @property
    def surrender(self) -> Ask:
        return Ask(A.SURRENDER, records=tuple(self.papers), request=self.request, detail=CourtReceiptShown(self.receipt, "朝阳区人民法院"))

    async def surrendered(self) -> None:
        """The court's receipt is on file; LEGAL proposes, OPS_HEAD confirms."""
        self.receipt = await scan(self.bank, "REQUEST", self.request)
        await self.bank.seated(self.surrender, ["legal", "ops"])

    @property
    def release(self) -> Ask:
        return Ask(A.RELEASE, request=self.request, detail=ReceiptShown(self.receipt))


@dataclass
class Substitution(Case):
    """A paper that is to leave for another of the same loan: approved, and reserved."""

    replacement: UUID = field(default_factory=uuid4)

    @classmethod
    async def make(cls, bank: World, *, kind: str = "VEHICLE", value: int | None = 1_000) -> "Substitution":
        """The new paper lies in the vault; its collateral is worth twice the old."""
        case = await super().make(bank, kind=kind, value=value)
        assert isinstance(case, Substitution)
        asset = await bank.collateral()
        await bank.sql("update collateral set value_amount = 2000 where id = $1", asset)
        await secures(bank, case.loan, asset)
        (case.replacement,) = await bank.papers(loan=case.loan, collateral=asset)
        ask = Ask(
            A.REQUEST_SUBSTITUTION, records=tuple(case.papers), purpose=Purpose.SUBSTITUTION, detail=ReplacementOffered(case.replacement)
        )
        case.request = UUID((await bank.done("officer", ask))["request"])
        for who in ("head", "risk", "vice"):
            await bank.done(who, Ask(A.APPROVE, request=case.request))
        return case


async def surrendering(bank: World, purpose: Purpose = Purpose.LITIGATION_RESTRUCTURE_WRITEOFF) -> Case:
    """A paper that LEGAL has taken to the court."""
    case = await Case.make(bank)
    ask = Ask(A.REQUEST_CHECKOUT, records=tuple(case.papers), purpose=purpose)
    case.request = UUID((await bank.done("legal", ask))["request"])
    for who in ("head", "risk", "vice")[: 3 if purpose is Purpose.LITIGATION_RESTRUCTURE_WRITEOFF else 2]:
        await bank.done(who, Ask(A.APPROVE, request=case.request))
    await bank.trusted(case.request, by="legal")
    await bank.seated(Ask(A.CHECK_OUT, request=case.request, due_on=bank.due()), ["kay", "cody", "clerk", "legal"])
    return case


async def secures(bank: World, loan: UUID, collateral: UUID, letter: str = "A") -> None:
    await bank.sql(
        "insert into loan_collateral (org_id, loan_id, collateral_id, amount) values ($1, $2, $3, 100000)", bank.branches[letter].id, loan, collateral
    )  # fmt: skip


async def scan(bank: World, kind: str, subject: UUID, *, record: UUID | None = None, status: str = "STORED") -> UUID:
    """A scan whose bytes are stored."""
    made: UUID = await bank.sql(
        "insert into scans (org_id, subject_kind, subject_id, record_id, scan_version, title, media_type, sha256, size_bytes, pages, status,"
        " uploaded_by, registered_at, upload_expires_at, stored_at, object_key, object_version_id, lock_until) select $1, $2, $3, $4,"
        " coalesce((select max(scan_version) from scans where subject_id = $3), 0) + 1, '签收单', 'application/pdf', $5, 1, 1, $6, $7, now(), now(),"
        " now(), 'k', 'v', now() returning id",
        bank.branches["A"].id, kind, subject, record, uuid4().bytes * 2, status, bank.people["officer"].staff_id,
    )  # fmt: skip
    return made
