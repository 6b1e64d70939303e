"""Units that are merged: what nobody keeps yet goes with its loan (C31, C32)."""

from uuid import UUID

import asyncpg
import pytest

from server.custody.moves import Ask
from server.custody.moves.papers import ExpectedPaper
from storage.terms import Action as A
from storage.terms import PaperKind, Role
from tests.custody.chapters.volumes import collecting
from tests.custody.releasing import secures
from tests.harness.world import Branch, World

KEPT = "select state, org_id, custody_org_id, vault_id from archive_records where id = $1"


async def _awaited(bank: World, loan: UUID, asset: UUID) -> UUID:
    until = bank.day(9)
    detail = ExpectedPaper(loan, asset, bank.branches["A"].vault, f"E{bank.tag}", "登记证书", PaperKind.OTHER_TITLE, until, "车管所")
    return UUID((await bank.done("officer", Ask(A.EXPECT_PAPER, detail=detail)))["records"][0])


async def _transferred(bank: World, loan: UUID) -> None:
    here, there = bank.branches["A"], bank.branches["B"]
    change = {"unit": str(here.id), "receiver": str(there.id), "loans": [str(loan)], "expected": 1}
    moved = await bank.done("admin", Ask(A.TRANSFER_LOANS, change=change))
    await bank.done("compliance", Ask(A.CONFIRM, operation=UUID(moved["operation"])))


async def test_what_nobody_keeps_yet_is_awaited_by_the_unit_that_takes_the_loan(bank: World) -> None:
    loan, asset, there = await bank.loan(), await bank.collateral(), bank.branches["B"]
    await secures(bank, loan, asset)
    volume, paper, (kept,) = await collecting(bank, loan), await _awaited(bank, loan, asset), await bank.volumes(loan=loan)
    await _transferred(bank, loan)
    assert tuple(await bank.root.fetchrow(KEPT, volume)) == ("COLLECTING", there.id, there.id, None)
    assert tuple(await bank.root.fetchrow(KEPT, paper)) == ("AWAITED", there.id, there.id, there.vault)
    assert await bank.sql("select custody_org_id from archive_records where id = $1", kept) == bank.branches["A"].id
    left = "select count(*) from archive_records where custody_org_id = $1 and id <> $2 and primary_loan_id = $3"
    assert await bank.sql(left, bank.branches["A"].id, kept, loan) == 0


async def _unit(bank: World, name: str, *, vault: bool) -> Branch:
    made = await bank.sql(
        "insert into org_units (code, name, level, parent_id, has_vault) values ($1, $2, 'BRANCH', $3, $4) returning id",
        f"{name}{bank.tag}", f"{name} 支行", bank.head, vault,
    )  # fmt: skip
    place = await bank._place(made, "VAULT", None, None) if vault else bank.branches["A"].vault
    bank.branches[name] = Branch(made, place, place)
    await bank.hire(f"officer_{name}", {Role.LOAN_OFFICER}, made, (made, bank.branches["A"].id))
    return bank.branches[name]


async def _merged(bank: World, gone: str, into: str, loan: UUID) -> None:
    here, there = bank.branches[gone], bank.branches[into]
    change = {"unit": str(here.id), "receiver": str(there.id), "loans": [str(loan)], "expected": 1}
    await bank.seated(Ask(A.TRANSFER_LOANS, change=change), ["admin", "compliance"])
    await bank.sql("update staff set active = false where org_id = $1", here.id)
    await bank.seated(Ask(A.CLOSE_ORG_UNIT, change={"unit": str(here.id)}), ["admin", "compliance"])
    assert await bank.sql("select closed_at is not null from org_units where id = $1", here.id)


@pytest.mark.parametrize(("gone", "into"), [("C", "D"), ("D", "A")])
async def test_a_unit_is_merged_into_one_without_a_vault_and_one_without_a_vault_into_another(bank: World, gone: str, into: str) -> None:
    """D has no vault: what it awaits is awaited in the nearest, which is not that of a unit that closes."""
    for name, vault in (("C", True), ("D", False)):
        await _unit(bank, name, vault=vault)
    loan, asset = await bank.loan(gone), await bank.collateral(gone)
    await secures(bank, loan, asset)
    here = bank.branches[gone]
    until = bank.day(9)
    detail = ExpectedPaper(loan, asset, here.vault, f"E{bank.tag}", "登记证书", PaperKind.OTHER_TITLE, until, "车管所")
    paper = UUID((await bank.done(f"officer_{gone}", Ask(A.EXPECT_PAPER, detail=detail)))["records"][0])
    await _merged(bank, gone, into, loan)
    near = bank.branches["A"]
    assert tuple(await bank.root.fetchrow(KEPT, paper)) == ("AWAITED", bank.branches[into].id, near.id, near.vault)


async def test_nobody_moves_them_without_their_loan(bank: World) -> None:
    volume = await collecting(bank)
    async with bank.database.transaction(bank.people["officer"]) as conn:
        await conn.raw.execute("update archive_records set custody_org_id = $2 where id = $1", volume, bank.branches["B"].id)
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as broken:
            await conn.raw.execute("set constraints all immediate")
        assert broken.value.constraint_name == "ct_archive_records_c31_acknowledged"
