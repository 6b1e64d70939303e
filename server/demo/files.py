"""Loan files: customer, loan, position, contracts, car, certificate, papers of both tiers; registered, sealed, taken in, filed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID, uuid4

from server import collateral, lending
from server.custody.desk import Desk, Done, nothing_more
from server.custody.labels import label
from server.custody.moves import Ask, Placement
from server.custody.moves.volumes import Received, Tick
from server.custody.registration import NewEnvelope, NewItem, NewRecord, add_items, check_contracts, register_records, seal_envelopes
from server.demo import names
from server.demo.bank import Bank, Branch, place
from server.demo.showcase import contract_number, loan_number
from server.personal import Personal
from storage.database import Connection, Database, Principal
from storage.terms import Action as A
from storage.terms import (
    CertificateKind,
    Classification,
    CollateralKind,
    ContractKind,
    DocumentType,
    LabelKind,
    LoanStatus,
    LocationKind,
    PaperKind,
    PayoffKind,
    RetentionClass,
)

BATCH = 200
PAPERS = (
    (DocumentType.APPLICATION, "汽车贷款申请表", 4),
    (DocumentType.IDENTITY, "身份证复印件", 1),
    (DocumentType.CONTRACT, "汽车消费贷款合同", 12),
    (DocumentType.PURCHASE_AGREEMENT, "购车协议", 3),
)
VOLUME_PAGES = sum(pages for _, _, pages in PAPERS)


@dataclass(frozen=True)
class File:
    """One loan file as it was made."""

    index: int
    branch: Branch
    loan: UUID
    contract: UUID
    collateral: UUID
    papers: tuple[UUID, ...]
    volume: UUID
    item: UUID
    settled: bool


class Maker:
    """Makes files in batches, each batch of one branch."""

    def __init__(self, owner: Connection, database: Database, bank: Bank, personal: Personal, r: Random) -> None:
        self.owner, self.database, self.bank, self.personal, self.r = owner, database, bank, personal, r
        self.days = 400
        self.desk = Desk(database, shift=-timedelta(days=self.days))

    async def make(self, branch: Branch, indexes: Sequence[int]) -> list[File]:
        """A batch, from customer to shelf."""
        officer = branch.people["loan-officer"]
        at = datetime.now(UTC) - timedelta(days=self.days, hours=1)
        async with self.database.transaction(officer) as conn:
            loans, contracts, cars = await self._lending(conn, branch, officer, indexes, at)
            papers, volumes, items, envelopes = await self._records(conn, branch, officer, indexes, loans, contracts, cars, at)
        await self._intake(branch, papers, envelopes)
        await self._filing(branch, officer, volumes, items)
        return [
            File(
                index,
                branch,
                loans[n],
                contracts[n],
                cars[n],
                tuple(papers[2 * n : 2 * n + 2]),
                volumes[n],
                items[len(PAPERS) * n],
                settled(index),
            )
            for n, index in enumerate(indexes)
        ]

    async def _lending(
        self, conn: Connection, branch: Branch, officer: Principal, indexes: Sequence[int], at: datetime
    ) -> tuple[list[UUID], list[UUID], list[UUID]]:
        r, org = self.r, branch.id
        people = []
        for _ in indexes:
            region, district = r.choice(names.DISTRICTS)
            detail = f"{district}{r.choice('建国中山人民解放')}路{r.randrange(1, 400)}号{r.randrange(1, 30)}单元{r.randrange(101, 2900)}室"
            people.append(lending.NewCustomer(org, names.person(r), names.identity(r, region), names.phone(r), detail, district))
        customers = await lending.register_customers(conn, officer, self.personal, people, at)
        new = [self._loan(branch, customer, index) for customer, index in zip(customers, indexes, strict=True)]
        loans = await lending.register_loans(conn, officer, new, at)
        await lending.post_positions(
            conn, officer, [self._position(n, loan, i) for n, loan, i in zip(new, loans, indexes, strict=True)], at
        )
        contracts = await lending.register_contracts(
            conn,
            officer,
            [
                lending.NewContract(number, kind, org, n.starts_on, n.principal, (loan,))
                for n, loan, index in zip(new, loans, indexes, strict=True)
                for number, kind in ((contract_number(index), ContractKind.LOAN), (f"DY2024{index:06}", ContractKind.MORTGAGE))
            ],
            at,
        )
        cars = await collateral.register_collateral(
            conn,
            officer,
            [
                collateral.NewCollateral(
                    org, CollateralKind.VEHICLE, r.choice(names.MODELS), ((loan, n.principal),), vin=names.vin(r),
                    engine_no=f"EA{r.randrange(10**7):07}", plate_no=names.plate(r), value=n.principal * 2, valued_on=n.starts_on,
                    owner=n.customer,
                )
                for n, loan in zip(new, loans, strict=True)
            ],
            at,
        )  # fmt: skip
        await check_contracts(conn, officer, [(c, loans[n // 2], org) for n, c in enumerate(contracts)], at)
        return loans, contracts[::2], cars

    def _loan(self, branch: Branch, customer: UUID, index: int) -> lending.NewLoan:
        r = self.r
        principal, term = Decimal(r.randrange(50, 400) * 1000), r.choice((24, 36, 36, 48, 60))
        start = date(2024, 1, 1) + timedelta(days=r.randrange(500))
        return lending.NewLoan(
            loan_number(index), branch.id, customer, self.bank.product, principal, term, start, start + timedelta(days=term * 30 + term // 2),
            manager=None, dealer=r.choice(self.bank.dealers), annual_rate=Decimal("4.35"),
            instalment=(principal / term).quantize(Decimal("0.01")), status=LoanStatus.SETTLED if settled(index) else LoanStatus.ACTIVE,
            classification=Classification.SPECIAL_MENTION if overdue(index) else Classification.PASS,
        )  # fmt: skip

    def _position(self, loan: lending.NewLoan, id_: UUID, index: int) -> lending.NewPosition:
        at = datetime.now(UTC) - timedelta(hours=6)
        if settled(index):
            done = at - timedelta(days=40)
            return lending.NewPosition(
                id_, loan.org, at, Decimal(0), settled_at=done, payoff_kind=PayoffKind.TRANSFER, payoff_cleared_at=done + timedelta(days=1)
            )
        owed = (loan.principal * self.r.randrange(20, 95) / 100).quantize(Decimal("0.01"))
        late = loan.instalment or Decimal(0)
        return lending.NewPosition(
            id_, loan.org, at, owed, interest=(owed * Decimal("0.003")).quantize(Decimal("0.01")),
            overdue=late if overdue(index) else Decimal(0), days_overdue=35 if overdue(index) else 0,
        )  # fmt: skip

    async def _records(
        self, conn: Connection, branch: Branch, officer: Principal, indexes: Sequence[int], loans: list[UUID], contracts: list[UUID],
        cars: list[UUID], at: datetime,
    ) -> tuple[list[UUID], list[UUID], list[UUID], list[UUID]]:  # fmt: skip
        org = branch.id
        numbers = [f"{names.registration(self.r)[:2]}{index:010}" for index in indexes]
        certificates = await collateral.register_certificates(
            conn, officer,
            [
                collateral.NewCertificate(org, car, number, CertificateKind.VEHICLE_TITLE, "北京市公安局交通管理局车辆管理所", date(2024, 2, 1))
                for car, number in zip(cars, numbers, strict=True)
            ], at,
        )  # fmt: skip
        new = []
        for n, index in enumerate(indexes):
            new.append(
                NewRecord(
                    f"YJ{index:06}-1",
                    label(LabelKind.PAPER, 2 * index - 1),
                    "机动车登记证书",
                    loans[n],
                    org,
                    org,
                    PaperKind.CERTIFICATE,
                    cars[n],
                    certificates[n],
                    branch.vault,
                )
            )
            new.append(
                NewRecord(
                    f"YJ{index:06}-2",
                    label(LabelKind.PAPER, 2 * index),
                    "抵押登记回执",
                    loans[n],
                    org,
                    org,
                    PaperKind.RECEIPT,
                    cars[n],
                    None,
                    branch.vault,
                )
            )
        papers = await register_records(conn, officer, new, at)
        volumes = await register_records(
            conn, officer,
            [
                NewRecord(f"EJ{index:06}", label(LabelKind.VOLUME, index), "个人汽车贷款信贷档案", loans[n], org, org, retention=RetentionClass.TWENTY_YEARS, pages=VOLUME_PAGES)
                for n, index in enumerate(indexes)
            ], at,
        )  # fmt: skip
        items = await add_items(
            conn,
            [
                NewItem(volume, org, position, kind, title, pages, contract=contracts[n] if kind is DocumentType.CONTRACT else None)
                for n, volume in enumerate(volumes)
                for position, (kind, title, pages) in enumerate(PAPERS, 1)
            ], at,
        )  # fmt: skip
        envelopes = await seal_envelopes(
            conn, officer,
            [NewEnvelope(label(LabelKind.ENVELOPE, i), f"S{i:08}", org, cars[n], (papers[2 * n], papers[2 * n + 1])) for n, i in enumerate(indexes)],
            {paper: loans[k // 2] for k, paper in enumerate(papers)}, at,
        )  # fmt: skip
        return papers, volumes, items, envelopes

    async def _intake(self, branch: Branch, papers: list[UUID], envelopes: list[UUID]) -> None:
        placements = []
        for envelope in envelopes:
            branch.slots += 1
            slot = await place(self.owner, branch.id, LocationKind.SLOT, f"{branch.code}-V-{branch.slots:05}", branch.vault, branch.vault)
            placements.append(Placement(envelope, slot))
        ask = Ask(A.INTAKE, records=tuple(papers), placements=tuple(placements))
        await seated(self.desk, branch, ask, ("vault-keeper-key", "vault-keeper-code", "register-clerk"))

    async def _filing(self, branch: Branch, officer: Principal, volumes: list[UUID], items: list[UUID]) -> None:
        await done(self.desk, officer, Ask(A.SUBMIT_VOLUME, records=tuple(volumes)))
        ticked = tuple(Tick(item, PAPERS[n % len(PAPERS)][2]) for n, item in enumerate(items))
        ask = Ask(A.ACCEPT_VOLUME, records=tuple(volumes), location=branch.room, detail=Received(ticked))
        await done(self.desk, branch.people["archivist"], ask)


def settled(index: int) -> bool:
    """One file in nine is paid off."""
    return index % 9 == 0


def overdue(index: int) -> bool:
    """One living file in eleven has an unpaid instalment."""
    return index % 11 == 0 and not settled(index)


async def done(desk: Desk, who: Principal, ask: Ask) -> dict[str, object]:
    """An act that must succeed."""
    answer = await desk.perform(who, ask, uuid4().hex, ask.action.value, nothing_more)
    if not isinstance(answer, Done):
        raise RuntimeError(f"the demo bank broke a rule: {ask.action} {answer.violations}")
    return dict(answer.outcome)


async def seated(desk: Desk, branch: Branch, ask: Ask, accounts: Sequence[str]) -> dict[str, object]:
    """An operation whose seats are taken one after the other."""
    outcome = await done(desk, branch.people[accounts[0]], ask)
    for account in accounts[1:]:
        outcome = await done(desk, branch.people[account], Ask(A.CONFIRM, operation=UUID(str(outcome["operation"]))))
    return outcome
