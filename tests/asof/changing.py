"""Random changes of one loan file through the desk and the mutations, each possible where the file stands."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask
from server.custody.moves.corrections import Correcting
from server.custody.moves.release import PositionSaid
from server.valuing import Told, Valuing
from storage.terms import Action as A
from storage.terms import Classification, CorrectionSubject, HoldKind, HoldSubject, Tier
from tests.custody.chapters.corrections import scanned
from tests.harness.losses import in_vault
from tests.harness.world import World
from tests.model.arranging import collecting

KEEPERS, ARCHIVIST = ("kay", "cody", "clerk"), ("archivist",)
OF_LOAN = "select id, tier, state, title, pages, certificate_id from archive_records where primary_loan_id = $1 order by id"
OPEN_REQUEST = (
    "select q.id, q.state from access_requests q join request_lines l on l.request_id = q.id where l.record_id = $1"
    " and q.state in ('SUBMITTED', 'APPROVED') order by q.submitted_at desc limit 1"
)
HELD = "select h.id, h.version from holds h where h.lifted_at is null and (h.loan_id = $1 or h.record_id in (select id from archive_records where primary_loan_id = $1))"
Change = Callable[[], Awaitable[object]]


class Changing:
    """One file, and what happens to it."""

    def __init__(self, bank: World, loan: UUID, asset: UUID, seed: int) -> None:
        self.bank, self.loan, self.asset, self.r, self.told = bank, loan, asset, Random(seed), list[str]()

    @classmethod
    async def make(cls, bank: World, seed: int) -> "Changing":
        """A car, two volumes and two certificates."""
        loan, asset = await bank.loan(manager="manager"), await bank.collateral()
        await bank.sql(
            "insert into loan_collateral (org_id, loan_id, collateral_id, amount) values ($1, $2, $3, 100000)",
            bank.branches["A"].id,
            loan,
            asset,
        )
        await bank.volumes(2, loan=loan)
        for _ in range(2):
            await in_vault(bank, loan, asset)
        contract = await bank.sql(
            "insert into contracts (org_id, number, kind, signed_on, amount) values ($1, $2, 'LOAN', current_date - 365, 100000) returning id",
            bank.branches["A"].id, f"K{bank.tag}{bank.number}",
        )  # fmt: skip
        await bank.sql(
            "insert into loan_contracts (org_id, loan_id, contract_id) values ($1, $2, $3)", bank.branches["A"].id, loan, contract
        )
        return cls(bank, loan, asset, seed)

    async def change(self) -> None:
        """One thing happens."""
        offers = await self._offers()
        name, change = self.r.choice(offers)
        self.told.append(name)
        await change()

    async def _offers(self) -> list[tuple[str, Change]]:
        offers: list[tuple[str, Change]] = [
            ("value", self.value), ("classify", self.classify), ("position", self.position), ("hold", self.hold),
        ]  # fmt: skip
        if held := await self.bank.root.fetchrow(HELD, self.loan):
            offers += [("lift", lambda: self.lift(held["id"]))] * 3
        for record in await self.bank.root.fetch(OF_LOAN, self.loan):
            offers += [
                ("correct", lambda record=record: self.correct(record)),
                ("scan", lambda record=record: scanned_anew(self.bank, record["id"])),
            ]
            if not held and (step := await self._step(record)):
                offers += [step] * 6
        offers.append(("rename", self.rename))
        if self.r.random() < 0.1:
            offers += [("volume", lambda: collecting(self.bank, self.loan))] * 8
        return offers

    async def _step(self, record: Any) -> tuple[str, Change] | None:
        """What its custody asks for next."""
        bank, id_, tier = self.bank, record["id"], Tier(record["tier"])
        request = await bank.root.fetchrow(OPEN_REQUEST, id_)
        seats = KEEPERS if tier is Tier.FIRST else ARCHIVIST
        match record["state"], request and request["state"]:
            case (("FILED" | "IN_VAULT"), None):
                return "request", lambda: bank.requests([id_], tier=tier)
            case (("FILED" | "IN_VAULT"), "SUBMITTED"):
                if self.r.random() < 0.2:
                    return "cancel", lambda: bank.done("officer", Ask(A.CANCEL, request=request["id"], reason="不再需要"))
                return "approve", lambda: self.approve(request["id"], tier)
            case "RESERVED", _:
                ask = Ask(A.CHECK_OUT, request=request["id"], due_on=bank.due())
                return "check out", lambda: bank.seated(ask, [*seats, "officer"] if tier is Tier.FIRST else seats)
            case "CHECKED_OUT", _:
                return "present", lambda: bank.presented([id_], tier=tier)
            case "RETURN_PENDING", _:
                if self.r.random() < 0.3:
                    found = {"no_damage": False, "findings": "封面破损"}
                    ask = Ask(A.REJECT_RETURN, records=(id_,), inspections=bank.inspected([id_], **found))
                    return "reject", lambda: bank.seated(ask, ["kay", "cody"] if tier is Tier.FIRST else seats)
                more = {"pages_counted": record["pages"], **({"shows_mortgage": True} if record["certificate_id"] else {})}
                accept = Ask(A.ACCEPT_RETURN, records=(id_,), inspections=bank.inspected([id_], **more))
                return "accept", lambda: bank.seated(accept, seats)
        return None

    async def approve(self, request: UUID, tier: Tier) -> None:
        for who in ("head", "risk") if tier is Tier.FIRST else ("head",):
            await self.bank.done(who, Ask(A.APPROVE, request=request))
        if tier is Tier.FIRST:
            await self.bank.trusted(request)

    async def value(self) -> None:
        """From a day up to three weeks ago."""
        told = Told(self.bank.day(-self.r.randrange(21)), "评估报告")
        amount = Decimal(self.r.randrange(1, 10**8)) / 100
        await Valuing(self.bank.database).value(self.bank.people["risk"], self.asset, amount, told, key=uuid4().hex)

    async def classify(self) -> None:
        told = Told(self.bank.day(-self.r.randrange(21)), "季度分类")
        await Valuing(self.bank.database).classify(
            self.bank.people["risk"], self.loan, self.r.choice(list(Classification)), told, key=uuid4().hex
        )

    async def position(self) -> None:
        """Of an instant that core banking tells late, or at once."""
        as_of = datetime.now(UTC) - timedelta(seconds=self.r.choice((0, 5, 3600)), microseconds=self.r.randrange(10**6) + 1)
        owed = Decimal(self.r.randrange(1, 10**6)) / 100
        said = PositionSaid(self.loan, as_of, owed, Decimal(0), Decimal(0), self.r.choice((Decimal(0), owed)))
        await self.bank.done("core", Ask(A.POST_POSITION, detail=said))

    async def hold(self) -> None:
        papers = [r["id"] for r in await self.bank.root.fetch(OF_LOAN, self.loan)]
        on = self.r.choice([(HoldSubject.LOAN, self.loan), *((HoldSubject.RECORD, p) for p in papers)])
        ask = Ask(A.PLACE_HOLD, hold_kind=HoldKind.AUDIT, subject_kind=on[0], subject=on[1], reason="专项审计")
        await self.bank.done("legal", ask)

    async def lift(self, hold: UUID) -> None:
        version = await self.bank.sql("select version from holds where id = $1", hold)
        ask = Ask(A.LIFT_HOLD, hold=hold, reason="审计结束", expected_version=version)
        await self.bank.seated(ask, ["legal", "legal_two"])

    async def correct(self, record: Any) -> None:
        """A title, a number of pages or a number on a certificate was mistyped."""
        bank, scan = self.bank, await scanned_anew(self.bank, record["id"])
        bank.number += 1
        of, subject, field, value = self.r.choice(
            [
                (CorrectionSubject.RECORD, record["id"], "title", f"题名{bank.number}"),
                (CorrectionSubject.RECORD, record["id"], "pages", str(bank.number + 7)),
                *([(CorrectionSubject.CERTIFICATE, record["certificate_id"], "number", f"C{bank.tag}x{bank.number}")] if record["certificate_id"] else []),
                *([(CorrectionSubject.CERTIFICATE, record["certificate_id"], "issuedOn", str(bank.day(-500 - bank.number)))] if record["certificate_id"] else []),
                *([(CorrectionSubject.CERTIFICATE, record["certificate_id"], "expiresOn", str(bank.day(500 + bank.number)))] if record["certificate_id"] else []),
            ]
        )  # fmt: skip
        ask = Ask(A.CORRECT, records=(record["id"],), reason="录入有误", detail=Correcting(of, subject, field, value, scan))
        await bank.seated(ask, ["officer", "head"])

    async def rename(self) -> None:
        """As administration does when somebody marries."""
        await self.bank.sql("update staff set name = $2 where id = $1", self.bank.people["officer"].staff_id, f"officer {uuid4().hex[:4]}")


async def scanned_anew(bank: World, record: UUID) -> UUID:
    """The next version of its scan."""
    last = await bank.sql("select coalesce(max(scan_version), 0) from scans where subject_id = $1", record)
    if not last:
        return await scanned(bank, record)
    made: UUID = await bank.sql(
        "insert into scans (org_id, subject_kind, subject_id, record_id, scan_version, title, media_type, sha256, size_bytes, pages, status,"
        " uploaded_by, registered_at, upload_expires_at, stored_at, object_key, object_version_id, lock_until)"
        " values ($1, 'RECORD', $2, $2, $3, '扫描件', 'application/pdf', $4, 100, 1, 'STORED', $5, now(), now(), now(), $6, 'v', now()) returning id",
        bank.branches["A"].id, record, last + 1, uuid4().bytes * 2, bank.people["officer"].staff_id, uuid4().hex,
    )  # fmt: skip
    return made
