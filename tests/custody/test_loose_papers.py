"""C41: settlement notices lie in the vault as they are, in no envelope and so in no slot; a count of the vault lists them all the same."""

from dataclasses import replace
from uuid import UUID

import pytest

from server.custody.moves import Ask
from server.custody.moves.stocktakes import CompareCounts, Item, OpenStocktake
from storage.terms import Action as A
from tests.custody.chapters.stocktakes import count, heads, shelf
from tests.custody.releasing import SEATED, Case
from tests.harness.losses import found
from tests.harness.world import World


async def noticed(bank: World) -> tuple[UUID, str]:
    """The paper of a settlement notice that is filed, and its label; one envelope lies in a slot."""
    case = await Case.make(bank)
    await case.paid()
    row = await bank.root.fetchrow(
        "select r.id, r.barcode from archive_records r join settlement_notices n on n.record_id = r.id where n.id = $1", await case.notice()
    )
    return row["id"], row["barcode"]


async def compared(bank: World, place: UUID, *loose: str) -> list[str]:
    """What a count of the place finds, where each envelope lies as listed and these labels lie in the first slot."""
    await heads(bank)
    counters = (bank.people["ann"].staff_id, bank.people["bob"].staff_id)
    take = UUID((await bank.done("ops", Ask(A.OPEN_STOCKTAKE, detail=OpenStocktake(place, counters))))["stocktake"])
    asked = count(take, await shelf(bank)).detail
    first, *others = asked.counts
    seen = (replace(first, items=(*first.items, *(Item(label, "") for label in loose))), *others)
    for name in ("ann", "bob"):
        await bank.done(name, Ask(A.SUBMIT_COUNT, detail=replace(asked, counts=seen)))
    await bank.done("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take)))
    return [r[0] for r in await bank.root.fetch("select result from stocktake_lines where stocktake_id = $1 order by 1", take)]


async def test_a_notice_is_counted_with_its_vault_wherever_in_it_it_lies(bank: World) -> None:
    notice, label = await noticed(bank)
    assert await compared(bank, bank.branches["A"].vault, label) == ["MATCHED", "MATCHED"]
    assert await bank.state(notice) == "IN_VAULT"


async def test_a_notice_that_nobody_counted_is_missing_until_it_is_found(bank: World) -> None:
    notice, _ = await noticed(bank)
    assert await compared(bank, bank.branches["A"].vault) == ["MATCHED", "MISSING"]
    assert (await bank.state(notice), await bank.sql("select frozen_kinds($1)", notice)) == ("MISSING", ["MISSING"])
    await bank.seated(found(bank, notice), SEATED[:3])
    assert (await bank.state(notice), await bank.sql("select frozen_kinds($1)", notice)) == ("IN_VAULT", [])


async def test_what_is_missing_already_is_missing_still_or_extra_where_it_lies(bank: World) -> None:
    notice, label = await noticed(bank)
    await bank.done("officer", Ask(A.REPORT_MISSING, records=(notice,), reason="清点未见"))
    assert await compared(bank, bank.branches["A"].vault) == ["MATCHED", "MISSING"]
    assert await compared(bank, bank.branches["A"].vault, label) == ["EXTRA", "MATCHED"]


@pytest.mark.parametrize(("letter", "extra"), [("A", []), ("B", ["EXTRA"])])
async def test_a_count_of_one_cabinet_lets_only_its_own_vaults_notices_lie(bank: World, letter: str, extra: list[str]) -> None:
    notice, label = await noticed(bank)
    if letter == "B":
        await bank.past_the_triggers(f"update archive_records set vault_id = '{bank.branches['B'].vault}' where id = '{notice}'")
    assert await compared(bank, bank.branches["A"].cabinet, label) == [*extra, "MATCHED"]
