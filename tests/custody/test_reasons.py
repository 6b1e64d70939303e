"""What somebody gives as a reason is kept with what was done, and told."""

from datetime import UTC, datetime
from uuid import UUID

from server.custody.moves import Ask
from server.custody.registration import NewItem, NewRecord, add_items, register_records
from storage.terms import Action as A
from storage.terms import DocumentType
from tests.harness.losses import lost, missing, paid_off, searched
from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.conftest import api as api

TOLD = "select w.words from event_words w join events e on e.id = w.event_id where e.record_id = $1 and e.tag = $2"


async def submitted(bank: World) -> UUID:
    """A volume that waits for the archivist."""
    loan, branch, officer = await bank.loan(), bank.branches["A"], bank.people["officer"]
    async with bank.database.transaction(officer) as conn:
        new = NewRecord(f"A2{bank.tag}R", None, "信贷档案", loan, branch.id, branch.id, pages=3)
        (volume,) = await register_records(conn, officer, [new], datetime.now(UTC))
        await add_items(conn, [NewItem(volume, branch.id, 1, DocumentType.CONTRACT, "合同", 3)], datetime.now(UTC))
    await bank.done("officer", Ask(A.SUBMIT_VOLUME, records=(volume,)))
    return volume


async def test_why_a_volume_was_returned_is_told(bank: World, api: Asking) -> None:
    volume = await submitted(bank)
    await api.does("archivist", "returnVolume", "events { tag }", recordIds=[f"record_{volume}"], reasons="缺借款人签字页")
    assert await bank.sql(TOLD, volume, "record:return_to_officer:done") == "缺借款人签字页"


async def test_why_a_volume_was_opened_again_is_told(bank: World, api: Asking) -> None:
    loan = await bank.loan()
    (volume,) = await bank.volumes(loan=loan)
    await paid_off(bank, loan, days=20)
    await bank.done("archivist", Ask(A.CLOSE_VOLUME, records=(volume,)))
    await bank.done("archivist", Ask(A.REOPEN_VOLUME, records=(volume,), reason="补入结清证明"))
    assert await bank.sql(TOLD, volume, "record:reopen:done") == "补入结清证明"


async def test_why_an_operation_was_withdrawn_is_told(bank: World, api: Asking) -> None:
    (paper,) = await bank.papers()
    request = await bank.approved([paper])
    codes = await api.barcodes([paper])
    out = {"requestId": f"request_{request}", "barcodes": codes, "dueOn": str(bank.due())}
    opened = await api.does("kay", "checkOut", "operation { id }", **out)
    await api.does("kay", "withdrawOperation", "events { tag }", operationId=opened["operation"]["id"], reason="领取人未到")
    assert await bank.sql(TOLD, paper, "operation:withdraw:done") == "领取人未到"


async def test_why_a_record_counts_as_lost_is_told_and_stands_in_its_case(bank: World, api: Asking) -> None:
    (paper,) = await bank.papers()
    case = f"loss_{await missing(bank, paper)}"
    await searched(bank, paper)
    fields = "query L($i: ID!) { node(id: $i) { ... on LossCase { version statement } } }"
    seen = (await api.ask("ops", fields, i=case))["node"]
    assert seen["statement"] is None
    given = {"lossCaseId": case, "expectedVersion": seen["version"], "statement": "经三次查找无着"}
    opened = await api.does("ops", "declareLost", "operation { id }", **given)
    await api.confirms(opened["operation"]["id"], ["vice"])
    assert (await api.ask("ops", fields, i=case))["node"]["statement"] == "经三次查找无着"
    assert await bank.sql(TOLD, paper, "record:declare_lost:done") == "经三次查找无着"


async def test_why_a_loss_was_closed_is_told(bank: World) -> None:
    loan = await bank.loan()
    (paper,) = await bank.papers(loan=loan)
    await lost(bank, paper)
    await paid_off(bank, loan)
    await bank.seated(Ask(A.CLOSE_LOST, records=(paper,), reason="贷款已结清，不再补办"), ["ops", "vice"])
    assert await bank.sql(TOLD, paper, "record:close_lost:done") == "贷款已结清，不再补办"
