"""Labels: what the history tells of a replaced one, and what PostgreSQL takes as a label."""

from uuid import UUID

import asyncpg
import pytest

from server.compliance.events import body_of
from server.compliance.kin import Kin
from server.custody.labels import label
from server.custody.moves import Ask
from server.custody.moves.handovers import OnHandover
from storage.terms import Action as A
from storage.terms import LabelKind
from tests.custody import handing
from tests.custody.chapters.labels import printed, puts_on
from tests.custody.chapters.stocktakes import opened
from tests.harness.packs import contract_of
from tests.harness.world import World

BY_THE_DESK = "tg_archive_records_c48_label"


def torn(*records: UUID) -> Ask:
    return Ask(A.REPLACE_BARCODE, records=records, reason="标签撕裂")


async def label_of(bank: World, record: UUID) -> str:
    return str(await bank.sql("select barcode from archive_records where id = $1", record))


async def test_the_history_tells_the_old_label_the_new_one_and_why(bank: World) -> None:
    (volume,) = await bank.volumes()
    old = await label_of(bank, volume)
    done = await bank.done("archivist", torn(volume))
    told = body_of(await bank.sql("select canonical from events where id = $1", UUID(done["events"][0])))
    assert told["tag"] == "record:relabel:done"
    assert (told["detail"]["old_barcode"], told["detail"]["barcode"]) == (old, await label_of(bank, volume))
    assert "标签撕裂" not in str(told), "words stand beside the event"
    assert await bank.sql("select words from event_words where event_id = $1", UUID(done["events"][0])) == "标签撕裂"


async def test_no_label_is_replaced_while_its_slot_is_counted(bank: World) -> None:
    _, papers, _ = await opened(bank)
    assert await bank.refused("kay", torn(*papers)) == [("C17", "RECORD_FROZEN")]


async def test_a_label_is_one_that_was_printed_for_it_and_never_used(bank: World) -> None:
    (paper,), (other,) = await bank.papers(), await bank.papers()
    mine, theirs = await label_of(bank, paper), await label_of(bank, other)
    await bank.done("kay", torn(other))
    last = await bank.sql("select last_value from barcode_numbers")
    wrong = {
        "another's": await label_of(bank, other),
        "another's, retired": theirs,
        "of a volume": await printed(bank, LabelKind.VOLUME),
        "not printed yet": label(LabelKind.PAPER, last + 1000),
        "of before there were numbers": label(LabelKind.PAPER, 7),
        "misread": mine[:-1] + ("A" if mine[-1] != "A" else "B"),
        "no label": "X",
    }
    for why, code in wrong.items():
        sql, *values = puts_on(paper, code)
        with pytest.raises(asyncpg.CheckViolationError) as told:
            async with bank.database.transaction(bank.people["kay"]) as conn:
                await conn.raw.execute(sql, *values)
        assert told.value.constraint_name == BY_THE_DESK, why
    assert await label_of(bank, paper) == mine


async def test_old_labels_are_the_contracts_own_and_nobody_elses(bank: World) -> None:
    loan, foreign = await bank.loan(), await bank.loan()
    contract = await contract_of(bank, loan)
    (ours,), (theirs,) = await bank.volumes(loan=loan), await bank.volumes(loan=foreign)
    old = [await label_of(bank, v) for v in (ours, theirs)]
    await bank.done("archivist", torn(ours))
    await bank.done("archivist", torn(theirs))
    async with bank.database.transaction(bank.people["auditor"]) as conn:
        kin = await Kin.of(conn.raw, contract)
        await kin.learn(conn.raw, [f"原条码{code}" for code in old])
    assert [kin.strange(f"原条码{code}") for code in old] == [False, True]


async def test_only_whoever_sees_the_whole_bank_asks_for_the_labels_of_things(bank: World) -> None:
    async with bank.database.transaction(bank.people["officer"]) as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.raw.fetch("select labels_of('{}')")


async def test_a_list_that_is_not_sent_yet_is_drawn_up_anew(bank: World) -> None:
    papers = await bank.papers()
    handover = OnHandover(await handing.opened(bank, papers), seal_no=handing.seal(bank))
    await bank.done("kay", torn(*papers))
    sending = Ask(A.SEND_HANDOVER, records=tuple(papers), detail=handover)
    assert await bank.refused("kay", sending) == [("C30", "HANDOVER_LIST_INCOMPLETE")]
    for again in (A.REMOVE_HANDOVER_LINES, A.ADD_HANDOVER_LINES):
        await bank.done("clerk", Ask(again, records=tuple(papers), detail=handover))
    await bank.done("kay", sending)
