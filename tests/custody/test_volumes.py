"""Lists for disposal: approved by three heads as they are, taken back, stopped by a hold of another branch; volumes that are reopened."""

from uuid import UUID

from server.custody.moves import Ask
from server.custody.moves.volumes import BatchNamed
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject, Role
from tests.custody.chapters.volumes import expired, proposed
from tests.harness.losses import found, missing
from tests.harness.world import World


async def approve(bank: World, volume: UUID, batch: UUID) -> Ask:
    read = await bank.sql("select encode(list_hash, 'hex') from disposal_batches where id = $1", batch)
    return Ask(A.APPROVE_DISPOSAL, records=(volume,), detail=BatchNamed(batch, read))


async def test_three_different_heads_approve_the_exact_list(bank: World) -> None:
    here = bank.branches["A"].id
    await bank.hire("office", {Role.PRESIDENT_OFFICE}, here, (here,))
    volume, batch = await proposed(bank)
    ask = await approve(bank, volume, batch)
    await bank.done("head", ask)
    assert ("C46", "DISPOSAL_APPROVALS_MISSING") in await bank.refused("head", ask)
    other = Ask(A.APPROVE_DISPOSAL, records=(volume,), detail=BatchNamed(batch, "00" * 32))
    assert await bank.refused("risk", other) == [("C46", "DISPOSAL_LIST_CHANGED")]
    await bank.done("risk", ask)
    assert await bank.state(volume) == "DISPOSAL_PROPOSED"
    await bank.done("office", ask)
    assert await bank.state(volume) == "DISPOSAL_APPROVED"
    told = await bank.desk.explain(
        bank.people["archivist"], Ask(A.EXECUTE_DISPOSAL, records=(volume,), detail=BatchNamed(batch, "00" * 32))
    )
    assert {c.rule.code for c in told.checks if not c.passed} == {"DISPOSAL_LIST_CHANGED", "DISPOSAL_WITNESS_REQUIRED"}
    await bank.done("head", Ask(A.REJECT_DISPOSAL, records=(volume,), reason="仍有参考价值", detail=BatchNamed(batch)))
    assert await bank.state(volume) == "CLOSED_VOLUME"


async def test_a_new_hold_takes_a_volume_off_its_list(bank: World) -> None:
    volume, batch = await proposed(bank)
    loan = await bank.sql("select primary_loan_id from archive_records where id = $1", volume)
    await bank.done("legal", Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.LOAN, subject=loan, reason="诉讼"))
    assert await bank.state(volume) == "CLOSED_VOLUME"
    assert not await bank.sql("select is_open from disposal_lines where batch_id = $1", batch)
    again = Ask(A.PROPOSE_DISPOSAL, records=(volume,), reason="保管期满")
    assert await bank.refused("archivist", again) == [("C16", "RECORD_ON_HOLD")]


async def test_a_listed_volume_that_was_missing_goes_back_to_where_it_stood_before_the_list(bank: World) -> None:
    volume, _ = await proposed(bank)
    await missing(bank, volume)
    await bank.seated(found(bank, volume), ["archivist"])
    assert await bank.state(volume) == "CLOSED_VOLUME"


async def test_a_closed_volume_is_opened_again(bank: World) -> None:
    volume = await expired(bank)
    await bank.done("archivist", Ask(A.REOPEN_VOLUME, records=(volume,), reason="补入材料"))
    assert await bank.state(volume) == "FILED"
    assert await bank.sql("select cutoff_at from archive_records where id = $1", volume) is None
