"""How loans and what secures them come to be: each with its event, in one transaction."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from server.collateral import NewCertificate, NewCollateral, register_certificates, register_collateral
from server.lending import (
    NewContract,
    NewCustomer,
    NewLoan,
    NewPosition,
    post_positions,
    register_contracts,
    register_customers,
    register_loans,
)
from server.personal import Keys, Personal
from server.settings import DEVELOPMENT_KEY
from storage.terms import CertificateKind, CollateralKind, ContractKind
from tests.harness.world import World

KEY = bytes.fromhex(DEVELOPMENT_KEY)


async def customers(bank: World, letter: str, *new: tuple[str, str]) -> list[UUID]:
    officer = bank.people[bank.of("officer", letter)]
    async with bank.database.transaction(officer) as conn:
        personal = await Personal.load(conn, Keys(KEY, KEY))
        asked = [NewCustomer(bank.branches[letter].id, name, identity, "13812345678", "建国路1号", "朝阳区") for name, identity in new]
        return await register_customers(conn, officer, personal, asked, datetime.now(UTC))


async def loan(bank: World, number: str) -> UUID:
    officer, org = bank.people["officer"], bank.branches["A"].id
    customer = (await customers(bank, "A", ("王小明", f"ID{bank.tag}{number}")))[0]
    product = await bank.sql("insert into loan_products (code, name) values ($1, '汽车贷款') returning id", f"P{bank.tag}{number}")
    new = NewLoan(f"L{bank.tag}{number}", org, customer, product, Decimal(100_000), 36, bank.day(-365), bank.day(730))
    async with bank.database.transaction(officer) as conn:
        return (await register_loans(conn, officer, [new], datetime.now(UTC)))[0]


async def tags(bank: World, chain: UUID) -> list[str]:
    return [row["tag"] for row in await bank.root.fetch("select tag from events where chain_id = $1 order by seq", chain)]


async def test_a_person_in_two_branches_is_two_customers_of_one_party(bank: World) -> None:
    identity = f"ID{bank.tag}"
    first, again = await customers(bank, "A", ("王小明", identity), ("王小明", identity.lower()))
    other = (await customers(bank, "B", ("王小明", identity)))[0]
    assert (first == again, first == other) == (True, False)
    assert await bank.sql("select count(distinct party_id) from customers where id = any($1::uuid[])", [first, other]) == 1
    assert await tags(bank, bank.branches["B"].id) == ["customer:register:done"]
    row = await bank.root.fetchrow("select identity_number_masked, phone_masked, address_masked from customers where id = $1", first)
    assert row is not None
    assert tuple(row)[1:] == ("138****5678", "朝阳区****")


async def test_a_loan_its_contract_and_position_stand_in_one_chain(bank: World) -> None:
    id_, officer, org = await loan(bank, "1"), bank.people["officer"], bank.branches["A"].id
    at = datetime.now(UTC)
    async with bank.database.transaction(officer) as conn:
        contract = NewContract(f"C{bank.tag}", ContractKind.LOAN, org, date(2024, 1, 1), Decimal(100_000), (id_,))
        await register_contracts(conn, officer, [contract], at)
        await post_positions(conn, officer, [NewPosition(id_, org, at, Decimal(90_000))], at)
    assert await tags(bank, id_) == ["loan:register:done", "contract:register:done", "loan:post_position:done"]


async def test_collateral_of_two_loans_is_told_in_both_chains_by_one_cause(bank: World) -> None:
    loans, officer, org = [await loan(bank, n) for n in "12"], bank.people["officer"], bank.branches["A"].id
    at = datetime.now(UTC)
    async with bank.database.transaction(officer) as conn:
        secured = tuple((id_, Decimal(50_000)) for id_ in loans)
        new = NewCollateral(org, CollateralKind.VEHICLE, "大众 朗逸", secured, vin=f"LSVAA{bank.tag}")
        (id_,) = await register_collateral(conn, officer, [new], at)
        paper = NewCertificate(org, id_, f"N{bank.tag}", CertificateKind.VEHICLE_TITLE, "车管所", date(2024, 1, 2))
        await register_certificates(conn, officer, [paper], at)
    for chain in loans:
        assert await tags(bank, chain) == ["loan:register:done", "collateral:register:done", "certificate:register:done"]
    assert await bank.sql("select count(*) from events where subject_id = $1 and cause_id is not null", id_) == 1


async def test_a_number_twice_leaves_nothing_of_the_second(bank: World) -> None:
    await loan(bank, "1")
    with pytest.raises(asyncpg.UniqueViolationError, match="uq_loan"):
        await loan(bank, "1")


async def test_a_contract_belongs_to_a_loan(bank: World) -> None:
    officer, org = bank.people["officer"], bank.branches["A"].id
    async with bank.database.transaction(officer) as conn:
        with pytest.raises(ValueError, match="belongs to no loan"):
            await register_contracts(
                conn, officer, [NewContract("X", ContractKind.LOAN, org, date(2024, 1, 1), Decimal(1), ())], datetime.now(UTC)
            )
