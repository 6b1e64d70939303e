"""A small bank for the tests: two branches under a head office, people who can do things, papers on shelves.

People are named for what they do; the branch B twins end in `_b`. Everything is made through the product's own functions.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from server.custody.desk import Desk, Done, Refused, nothing_more
from server.custody.moves import Ask, Inspection, Placement
from server.custody.moves.letters import BaileeLetter
from server.custody.moves.volumes import Received, Tick
from server.custody.policy import BANK_ZONE
from server.custody.registration import NewEnvelope, NewItem, NewRecord, add_items, register_records, seal_envelopes
from storage.database import Database, Principal
from storage.terms import Action as A
from storage.terms import BaileeKind, DocumentType, PaperKind, Purpose, Role, Tier

PEOPLE = {
    "officer": {Role.LOAN_OFFICER},
    "head": {Role.CREDIT_DEPT_HEAD},
    "risk": {Role.RISK_HEAD},
    "vice": {Role.VICE_PRESIDENT},
    "ops": {Role.OPS_HEAD},
    "kay": {Role.VAULT_KEEPER_KEY},
    "cody": {Role.VAULT_KEEPER_CODE},
    "clerk": {Role.REGISTER_CLERK},
    "archivist": {Role.ARCHIVIST},
    "legal": {Role.LEGAL},
    "legal_two": {Role.LEGAL},
    "manager": {Role.LOAN_OFFICER, Role.CREDIT_DEPT_HEAD},
    "chief": {Role.BRANCH_HEAD},
}
HEAD_OFFICE = {
    "admin": {Role.ADMIN},
    "compliance": {Role.COMPLIANCE},
    "compliance_two": {Role.COMPLIANCE},
    "auditor": {Role.AUDITOR},
    "president": {Role.PRESIDENT},
    "core": {Role.SYSTEM},
}
FINE = {"numbers_match": True, "pages_match": True, "seal_intact": True, "no_alterations": True, "no_damage": True}


TAGS: set[str] = set()


def new_tag() -> str:
    """What sets the names of one bank apart; of a thousand banks in one database two would have the same now and then."""
    while (tag := secrets.token_hex(3)) in TAGS:
        pass
    TAGS.add(tag)
    return tag


@dataclass
class Branch:
    id: UUID
    vault: UUID
    cabinet: UUID


Hired = tuple[set[Role], UUID, tuple[UUID, ...], bool]
STAFF = """
  with hired as (
    insert into staff (staff_no, username, name, org_id) select no, no, name, org from unnest($1::text[], $2::text[], $3::uuid[]) s (no, name, org)
    returning id, staff_no),
  ranked as (
    insert into staff_roles (staff_id, role) select h.id, r.role from unnest($4::text[], $5::text[]) r (no, role) join hired h on h.staff_no = r.no)
  select id, staff_no from hired"""
DUTIES = """
  insert into keeper_duties (vault_id, staff_id, seat, during)
  select vault, staff, seat, '[2000-01-01,2100-01-01)' from unnest($1::uuid[], $2::uuid[], $3::text[]) d (vault, staff, seat)"""
UNITS = """
  with recursive below as (select $1::uuid as id union select o.id from org_units o join below b on o.parent_id = b.id)
  select array_agg(id) from below"""


@dataclass
class World:
    database: Database
    root: "asyncpg.Connection[Any]"
    desk: Desk
    tag: str = field(default_factory=new_tag)
    branches: dict[str, Branch] = field(default_factory=dict)
    people: dict[str, Principal] = field(default_factory=dict)
    number: int = 0
    head: UUID | None = None
    pages: dict[UUID, int] = field(default_factory=dict)  # of records that have more than one

    @classmethod
    async def make(cls, database: Database, root: "asyncpg.Connection[Any]") -> "World":
        world = cls(database, root, Desk(database))
        await world._units()
        return world

    async def sql(self, text: str, *args: Any) -> Any:
        return await self.root.fetchval(text, *args)

    async def past_the_triggers(self, text: str) -> None:
        """A row as an older system may have left it."""
        await self.root.execute(f"set session_replication_role = replica; {text}; set session_replication_role = origin")

    async def units(self) -> list[UUID]:
        """Its head office and all below it, those too that a test has made."""
        return list(await self.sql(UNITS, self.head))

    async def sees_itself_alone(self) -> None:
        """Head office sees its own units, and not what waits in those of all other tests: a page holds a hundred tasks."""
        units = tuple(await self.units())
        self.people = {name: replace(p, everywhere=False, branches=units) if p.everywhere else p for name, p in self.people.items()}

    async def _units(self) -> None:
        head = await self.sql("insert into org_units (code, name, level) values ($1, '总行', 'HEAD_OFFICE') returning id", f"HO{self.tag}")
        self.head = head
        hired: dict[str, Hired] = {name: (roles, head, (), True) for name, roles in HEAD_OFFICE.items()}
        for letter, mark in (("A", ""), ("B", "_b")):
            org = await self.sql(
                "insert into org_units (code, name, level, parent_id, has_vault) values ($1, $2, 'BRANCH', $3, true) returning id",
                f"{letter}{self.tag}", f"{letter} 支行", head,
            )  # fmt: skip
            vault = await self._place(org, "VAULT", None, None)
            cabinet = await self._place(org, "CABINET", vault, vault)
            self.branches[letter] = Branch(org, vault, cabinet)
            hired |= {f"{name}{mark}": (roles, org, (org,), False) for name, roles in PEOPLE.items()}
        await self._hire(hired)
        await self.root.execute(DUTIES, *zip(*(
            (branch.vault, self.people[f"{name}{mark}"].staff_id, seat)
            for branch, mark in zip(self.branches.values(), ("", "_b"), strict=True) for name, seat in (("kay", "KEY"), ("cody", "CODE"))
        ), strict=True))  # fmt: skip

    async def hire(self, name: str, roles: set[Role], org: UUID, branches: tuple[UUID, ...], *, everywhere: bool = False) -> Principal:
        await self._hire({name: (roles, org, branches, everywhere)})
        return self.people[name]

    async def _hire(self, hired: dict[str, Hired]) -> None:
        """All in one statement, as every test begins with it."""
        numbers = [f"{name}-{self.tag}" for name in hired]
        ranks = [(no, role.value) for no, (roles, *_) in zip(numbers, hired.values(), strict=True) for role in roles]
        rows = await self.root.fetch(
            STAFF, numbers, list(hired), [org for _, org, *_ in hired.values()], [no for no, _ in ranks], [role for _, role in ranks]
        )
        ids = {row["staff_no"]: row["id"] for row in rows}
        for no, (name, (roles, org, branches, everywhere)) in zip(numbers, hired.items(), strict=True):
            self.people[name] = Principal(ids[no], org, name, frozenset(roles), branches, everywhere, no)

    async def _place(self, org: UUID, kind: str, parent: UUID | None, vault: UUID | None) -> UUID:
        self.number += 1
        made: UUID = await self.sql(
            "insert into storage_locations (org_id, kind, code, parent_id, vault_id) values ($1, $2, $3, $4, $5) returning id",
            org, kind, f"{kind[0]}{self.tag}-{self.number}", parent, vault,
        )  # fmt: skip
        return made

    async def customer(self, letter: str = "A", party: UUID | None = None) -> tuple[UUID, UUID]:
        party = party or await self.sql("insert into parties (identity_index) values ($1) returning id", uuid4().bytes)
        id_ = await self.sql(
            "insert into customers (org_id, party_id, name, identity_index, identity_cipher, identity_number_masked)"
            " values ($1, $2, '王小明', $3, '\\x00', '1101************11') returning id",
            self.branches[letter].id, party, uuid4().bytes,
        )  # fmt: skip
        assert party is not None
        return id_, party

    async def loan(self, letter: str = "A", *, customer: UUID | None = None, manager: str | None = None) -> UUID:
        self.number += 1
        org = self.branches[letter].id
        customer = customer or (await self.customer(letter))[0]
        product = await self.sql("insert into loan_products (code, name) values ($1, '汽车贷款') returning id", f"P{self.tag}{self.number}")
        made: UUID = await self.sql(
            "insert into loans (org_id, number, customer_id, product_id, manager_id, principal_amount, term_months, starts_on, matures_on)"
            " values ($1, $2, $3, $4, $5, 100000, 36, current_date - 365, current_date + 730) returning id",
            org, f"L{self.tag}{self.number:05}", customer, product, self.people[manager].staff_id if manager else None,
        )  # fmt: skip
        return made

    async def collateral(self, letter: str = "A") -> UUID:
        made: UUID = await self.sql(
            "insert into collateral (org_id, kind, description, vin) values ($1, 'VEHICLE', '大众 朗逸', $2) returning id",
            self.branches[letter].id, f"VIN{uuid4().hex[:14].upper()}",
        )  # fmt: skip
        return made

    async def registered(
        self, count: int = 1, *, letter: str = "A", loan: UUID | None = None, collateral: UUID | None = None,
        kind: PaperKind = PaperKind.OTHER_TITLE,
    ) -> tuple[list[UUID], UUID]:  # fmt: skip
        """First-tier papers that wait for the vault, and the sealed envelope they lie in."""
        loan, collateral = loan or await self.loan(letter), collateral or await self.collateral(letter)
        ids = await self.unsealed(count, letter=letter, loan=loan, collateral=collateral, kind=kind)
        officer, at = self.people[self.of("officer", letter)], datetime.now(UTC) - timedelta(minutes=5)
        async with self.database.transaction(officer) as conn:
            self.number += 1
            envelope = NewEnvelope(None, f"S{self.tag}{self.number}", self.branches[letter].id, collateral, tuple(ids))
            envelopes = await seal_envelopes(conn, officer, [envelope], dict.fromkeys(ids, loan), at)
        return ids, envelopes[0]

    async def unsealed(
        self, count: int = 1, *, letter: str = "A", loan: UUID | None = None, collateral: UUID | None = None,
        kind: PaperKind = PaperKind.OTHER_TITLE,
    ) -> list[UUID]:  # fmt: skip
        """First-tier papers that wait for their envelope."""
        loan, collateral = loan or await self.loan(letter), collateral or await self.collateral(letter)
        branch, officer = self.branches[letter], self.people[self.of("officer", letter)]
        at = datetime.now(UTC) - timedelta(minutes=5)
        async with self.database.transaction(officer) as conn:
            new = []
            for _ in range(count):
                self.number += 1
                no = f"{self.tag}{self.number:06}"
                new.append(NewRecord(f"A1{no}", None, "登记证书", loan, branch.id, branch.id, kind, collateral, vault=branch.vault))
            return await register_records(conn, officer, new, at)

    async def papers(
        self, count: int = 1, *, letter: str = "A", loan: UUID | None = None, collateral: UUID | None = None,
        kind: PaperKind = PaperKind.OTHER_TITLE,
    ) -> list[UUID]:  # fmt: skip
        """First-tier papers of one envelope, in the vault."""
        ids, envelope = await self.registered(count, letter=letter, loan=loan, collateral=collateral, kind=kind)
        slot = await self.slot(letter)
        ask = Ask(A.INTAKE, records=tuple(ids), placements=(Placement(envelope, slot),))
        await self.seated(ask, [self.of(p, letter) for p in ("kay", "cody", "clerk")])
        return ids

    async def slot(self, letter: str = "A") -> UUID:
        """A new empty slot in the branch's vault."""
        branch = self.branches[letter]
        return await self._place(branch.id, "SLOT", branch.cabinet, branch.vault)

    async def volumes(self, count: int = 1, *, letter: str = "A", loan: UUID | None = None) -> list[UUID]:
        """Second-tier volumes on the shelf."""
        loan, branch = loan or await self.loan(letter), self.branches[letter]
        officer, at = self.people[self.of("officer", letter)], datetime.now(UTC) - timedelta(minutes=5)
        async with self.database.transaction(officer) as conn:
            new = []
            for _ in range(count):
                self.number += 1
                no = f"{self.tag}{self.number:06}"
                new.append(NewRecord(f"A2{no}", None, "信贷档案", loan, branch.id, branch.id, pages=3))
            ids = await register_records(conn, officer, new, at)
            items = await add_items(conn, [NewItem(i, branch.id, 1, DocumentType.CONTRACT, "合同", 3) for i in ids], at)
        await self.done(self.of("officer", letter), Ask(A.SUBMIT_VOLUME, records=tuple(ids)))
        self.pages |= dict.fromkeys(ids, 3)
        ticked = Received(tuple(Tick(item, 3) for item in items))
        await self.done(self.of("archivist", letter), Ask(A.ACCEPT_VOLUME, records=tuple(ids), location=branch.cabinet, detail=ticked))
        return ids

    @staticmethod
    def of(name: str, letter: str) -> str:
        return name if letter == "A" else f"{name}_b"

    # Acts ------------------------------------------------------------------------------------------------------------
    async def does(self, who: str, ask: Ask, key: str | None = None) -> Done[None] | Refused:
        return await self.desk.perform(self.people[who], ask, key or uuid4().hex, ask.action.value, nothing_more)

    async def done(self, who: str, ask: Ask) -> dict[str, Any]:
        answer = await self.does(who, ask)
        assert isinstance(answer, Done), answer
        return answer.outcome

    async def refused(self, who: str, ask: Ask) -> list[tuple[str, str]]:
        answer = await self.does(who, ask)
        assert isinstance(answer, Refused), answer
        return list(dict.fromkeys((v.rule, v.code) for v in answer.violations))

    async def seated(self, ask: Ask, people: Sequence[str]) -> dict[str, Any]:
        """The first opens the operation, the others confirm; the last answer."""
        outcome = await self.done(people[0], ask)
        for who in people[1:]:
            outcome = await self.done(who, Ask(A.CONFIRM, operation=UUID(outcome["operation"])))
        return outcome

    async def requests(
        self, records: Sequence[UUID], *, by: str = "officer", tier: Tier = Tier.FIRST, purpose: Purpose | None = None
    ) -> UUID:
        purpose = purpose or (Purpose.CERTIFICATE_CHANGE if tier is Tier.FIRST else Purpose.AUDIT)
        return UUID((await self.done(by, Ask(A.REQUEST_CHECKOUT, records=tuple(records), purpose=purpose)))["request"])

    async def approved(self, records: Sequence[UUID], *, tier: Tier = Tier.FIRST, by: str = "officer", letter: str = "A") -> UUID:
        request = await self.requests(records, tier=tier, by=by)
        for who in ("head", "risk") if tier is Tier.FIRST else ("head",):
            await self.done(self.of(who, letter), Ask(A.APPROVE, request=request))
        if tier is Tier.FIRST:
            await self.trusted(request, by=by)
        return request

    async def trusted(self, request: UUID, *, by: str = "officer", days: int = 10) -> UUID:
        """The registry's signed letter, without which nothing leaves the bank."""
        self.number += 1
        detail = BaileeLetter(f"T{self.tag}{self.number}", BaileeKind.REGISTRY, "市车辆管理所", self.day(), self.day(days))
        return UUID((await self.done(by, Ask(A.REGISTER_BAILEE_LETTER, request=request, detail=detail)))["letter"])

    def day(self, days: int = 0) -> date:
        """Some days from the bank's today, or before it; tests name no day of the calendar, which goes on."""
        return (datetime.now(BANK_ZONE) + self.desk.shift).date() + timedelta(days=days)

    def due(self, days: int = 1) -> date:
        day = self.day(days)
        while day.weekday() > 4:
            day += timedelta(days=1)
        return day

    async def out(self, records: Sequence[UUID], *, tier: Tier = Tier.FIRST) -> UUID:
        request = await self.approved(records, tier=tier)
        ask = Ask(A.CHECK_OUT, request=request, due_on=self.due())
        await self.seated(ask, ["kay", "cody", "clerk", "officer"] if tier is Tier.FIRST else ["archivist"])
        return request

    async def presented(self, records: Sequence[UUID], *, tier: Tier = Tier.FIRST) -> None:
        by = "kay" if tier is Tier.FIRST else "archivist"
        await self.done(by, Ask(A.PRESENT_RETURN, records=tuple(records), brought_by=self.people["officer"].staff_id))

    def inspected(self, records: Sequence[UUID], **found: Any) -> tuple[Inspection, ...]:
        return tuple(Inspection(r, **{**FINE, "pages_counted": self.pages.get(r, 1), **found}) for r in records)

    async def accepted(self, records: Sequence[UUID], *, tier: Tier = Tier.FIRST) -> dict[str, Any]:
        ask = Ask(A.ACCEPT_RETURN, records=tuple(records), inspections=self.inspected(records))
        return await self.seated(ask, ["kay", "cody", "clerk"] if tier is Tier.FIRST else ["archivist"])

    async def state(self, record: UUID) -> str:
        return str(await self.sql("select state from archive_records where id = $1", record))

    def later(self, **delta: float) -> None:
        """Time passes at this world's desk."""
        self.desk = replace(self.desk, shift=self.desk.shift + timedelta(**delta))
