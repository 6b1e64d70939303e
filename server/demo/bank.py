"""Units, people, places and duties of the demo bank; plain rows, set up by the role that owns the schema."""

from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from server.demo import names
from storage.database import Connection, Principal
from storage.tables import dealers, keeper_duties, loan_products, org_units, staff, staff_roles, storage_locations
from storage.terms import LocationKind, OrgLevel, Role, StaffKind

BRANCHES = (("B01", "朝阳支行"), ("B02", "浦东支行"), ("B03", "南山支行"))
HEAD_OFFICE_PEOPLE = {
    "president": Role.PRESIDENT,
    "president-office": Role.PRESIDENT_OFFICE,
    "compliance": Role.COMPLIANCE,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMIN,
    "core-banking": Role.SYSTEM,
}
BRANCH_PEOPLE = {
    "loan-officer": Role.LOAN_OFFICER,
    "credit-dept-head": Role.CREDIT_DEPT_HEAD,
    "risk-head": Role.RISK_HEAD,
    "ops-head": Role.OPS_HEAD,
    "branch-head": Role.BRANCH_HEAD,
    "vice-president": Role.VICE_PRESIDENT,
    "archivist": Role.ARCHIVIST,
    "vault-keeper-key": Role.VAULT_KEEPER_KEY,
    "vault-keeper-code": Role.VAULT_KEEPER_CODE,
    "register-clerk": Role.REGISTER_CLERK,
    "collections": Role.COLLECTIONS,
    "legal": Role.LEGAL,
    "inspector": Role.INSPECTOR,
}
THIRD_BRANCH = ("loan-officer", "credit-dept-head", "risk-head", "archivist", "vault-keeper-key", "vault-keeper-code", "register-clerk")
SUFFIXES = ("", "-b2", "-b3")
ALWAYS = "[2020-01-01,2100-01-01)"


@dataclass
class Branch:
    """One branch: its vault, its archive room and its people by account without suffix."""

    id: UUID
    code: str
    vault: UUID
    room: UUID
    people: dict[str, Principal] = field(default_factory=dict)
    slots: int = 0


@dataclass
class Bank:
    """All of it."""

    head_office: UUID
    branches: list[Branch]
    people: dict[str, Principal]
    product: UUID
    dealers: list[UUID]


async def open_bank(conn: Connection, r: Random) -> Bank:
    """Makes the bank; about forty people."""
    head: UUID = await conn.insert(
        org_units, {"code": "HO", "name": "总行", "level": OrgLevel.HEAD_OFFICE, "parent_id": None, "has_vault": False}, returning="id"
    )
    people: dict[str, Principal] = {}
    for account, role in HEAD_OFFICE_PEOPLE.items():
        people[account] = await _hire(conn, r, account, role, head, (), everywhere=True)
    branches = [await _branch(conn, r, head, people, index) for index in range(len(BRANCHES))]
    product: UUID = await conn.insert(loan_products, {"code": "CAR", "name": "个人汽车消费贷款"}, returning="id")
    made = []
    for number in range(1, 6):
        row = {
            "code": f"D{number:03}",
            "name": f"{r.choice('华中东恒宏')}{r.choice('通达盛泰')}汽车销售有限公司",
            "unified_credit_code": names.credit_code(r),
        }
        made.append(await conn.insert(dealers, row, returning="id"))
    return Bank(head, branches, people, product, made)


async def _branch(conn: Connection, r: Random, head: UUID, people: dict[str, Principal], index: int) -> Branch:
    code, name = BRANCHES[index]
    org: UUID = await conn.insert(
        org_units, {"code": code, "name": name, "level": OrgLevel.BRANCH, "parent_id": head, "has_vault": True}, returning="id"
    )
    vault = await place(conn, org, LocationKind.VAULT, f"{code}-V", None, None)
    room = await place(conn, org, LocationKind.ROOM, f"{code}-R", None, None)
    branch = Branch(org, code, vault, room)
    for account, role in BRANCH_PEOPLE.items():
        if index < 2 or account in THIRD_BRANCH:
            branch.people[account] = await _hire(conn, r, account + SUFFIXES[index], role, org, (org,))
            people[account + SUFFIXES[index]] = branch.people[account]
    for account, seat in (("vault-keeper-key", "KEY"), ("vault-keeper-code", "CODE")):
        await conn.raw.execute(
            f"insert into {keeper_duties.name} (vault_id, staff_id, seat, during) values ($1, $2, $3, $4::text::tstzrange)",
            vault, branch.people[account].staff_id, seat, ALWAYS,
        )  # fmt: skip
    in_charge = branch.people.get("vice-president")
    if in_charge:
        await conn.update(org_units, {"id": org}, {"president_in_charge_id": in_charge.staff_id})
    return branch


async def place(conn: Connection, org: UUID, kind: LocationKind, code: str, parent: UUID | None, vault: UUID | None) -> UUID:
    """A place in a branch."""
    row = {"org_id": org, "kind": kind, "code": code, "parent_id": parent, "vault_id": vault}
    made: UUID = await conn.insert(storage_locations, row, returning="id")
    return made


async def _hire(
    conn: Connection, r: Random, account: str, role: Role, org: UUID, branches: tuple[UUID, ...], *, everywhere: bool = False
) -> Principal:
    name, number = names.person(r), f"E{r.randrange(10**6):06}"
    kind = StaffKind.SERVICE if role is Role.SYSTEM else StaffKind.PERSON
    row = {"staff_no": number, "username": account, "name": name, "org_id": org, "kind": kind}
    id_: UUID = await conn.insert(staff, row, returning="id")
    await conn.insert(staff_roles, {"staff_id": id_, "role": role})
    return Principal(id_, org, name, frozenset({role}), branches, everywhere, number)
