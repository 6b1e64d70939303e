"""Payoffs that are not final, or taken back, and the volumes of their loans, wherever these are by then (C35, C52)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from server.custody.desk import Refused
from server.custody.moves import Ask
from server.custody.moves.handovers import OnHandover
from server.custody.moves.release import PositionSaid
from server.custody.moves.volumes import BatchNamed
from server.custody.policy import BANK_ZONE
from storage.terms import Action as A
from storage.terms import HandoverKind
from tests.custody.chapters.release import TAKEN_BACK
from tests.custody.chapters.volumes import approved, expired, proposed
from tests.custody.handing import archive_department, opened, seal, to_archive
from tests.custody.releasing import ZERO, ago
from tests.harness.losses import found, lost, missing, paid_off
from tests.harness.world import World

CUTOFF = "select cutoff_at from archive_records where id = $1"
LOAN = "select primary_loan_id from archive_records where id = $1"


async def _bounces(bank: World, volume: UUID) -> dict[str, Any]:
    """Core banking takes the payoff back."""
    loan = await bank.sql(LOAN, volume)
    payoff = await bank.sql("select id from loan_positions where loan_id = $1 order by as_of desc limit 1", loan)
    said = PositionSaid(loan, as_of=datetime.now(UTC), **{**ZERO, "principal": 500}, reversal_of=payoff)
    return await bank.done("core", Ask(A.POST_POSITION, detail=said))


async def _sent(bank: World, volume: UUID, kind: HandoverKind) -> UUID:
    handover = await opened(bank, [volume], by="archivist", kind=kind, to_org=bank.branches["C"].id)
    await bank.done("archivist", Ask(A.SEND_HANDOVER, records=(volume,), detail=OnHandover(handover, seal_no=seal(bank))))
    return handover


async def _stands_as(bank: World, state: str) -> UUID:
    """A volume that was closed with its loan, its payoff final, and is in that state since."""
    await archive_department(bank)
    if state.startswith("DISPOSAL"):
        return (await (proposed if state == "DISPOSAL_PROPOSED" else approved)(bank))[0]
    volume = await expired(bank)
    if state in ("IN_TRANSIT", "ARCHIVED"):
        handover = await _sent(bank, volume, HandoverKind.TO_ARCHIVE)
        if state == "ARCHIVED":
            shelf = bank.branches["C"].cabinet
            await bank.done("keeper", Ask(A.RECEIVE_HANDOVER, records=(volume,), location=shelf, detail=OnHandover(handover)))
    elif state in ("MISSING", "LOST"):
        await (missing if state == "MISSING" else lost)(bank, volume)
    assert await bank.state(volume) == state
    return volume


async def test_a_volume_goes_to_the_archive_when_its_payoff_cannot_bounce_any_more(bank: World) -> None:
    await archive_department(bank)
    (volume,) = await bank.volumes()
    loan = await bank.sql(LOAN, volume)
    await paid_off(bank, loan, "CHEQUE")
    await bank.done("archivist", Ask(A.CLOSE_VOLUME, records=(volume,)))
    _, send = await to_archive(bank, volume)
    told = await bank.does("archivist", send)
    assert isinstance(told, Refused)
    assert [(v.rule, v.code, v.earliest) for v in told.violations] == [
        ("C35", "PAYOFF_NOT_FINAL", await bank.sql("select settlement_final_at($1)", loan))
    ]
    await paid_off(bank, loan, "CASH")
    await bank.done("archivist", send)
    assert await bank.state(volume) == "IN_TRANSIT"


STATES = ("CLOSED_VOLUME", "IN_TRANSIT", "ARCHIVED", "DISPOSAL_PROPOSED", "DISPOSAL_APPROVED", "MISSING", "LOST")


@pytest.mark.parametrize("state", STATES)
async def test_a_payoff_that_is_taken_back_ends_the_retention_of_its_volumes_wherever_they_are(bank: World, state: str) -> None:
    volume = await _stands_as(bank, state)
    assert await bank.sql(CUTOFF, volume) is not None
    told = await _bounces(bank, volume)
    assert await bank.sql(CUTOFF, volume) is None
    assert await bank.state(volume) == ("FILED" if state == "CLOSED_VOLUME" else state)
    event = "select convert_from(substr(canonical, 18), 'UTF8')::jsonb->'detail'->'records' from events where id = any($1) and tag = 'loan:reverse_payoff:done'"
    assert str(volume) in await bank.sql(event, [UUID(str(e)) for e in told["events"]])


@pytest.mark.parametrize("state", ["ARCHIVED", "DISPOSAL_PROPOSED", "IN_TRANSIT"])
async def test_a_loan_that_is_paid_again_keeps_what_stayed_closed_from_then_on(bank: World, state: str) -> None:
    """What is on its way is reopened, or closed anew, where it arrives."""
    volume = await _stands_as(bank, state)
    await _bounces(bank, volume)
    paid = PositionSaid(
        await bank.sql(LOAN, volume), as_of=datetime.now(UTC), **{**ZERO, "settled_at": ago(minutes=1), "payoff_kind": "CASH"}
    )
    told = await bank.done("core", Ask(A.POST_POSITION, detail=paid))
    next_year = datetime(ago(minutes=1).astimezone(BANK_ZONE).year + 1, 1, 1, tzinfo=BANK_ZONE)
    assert await bank.sql(CUTOFF, volume) == (None if state == "IN_TRANSIT" else next_year)
    event = "select convert_from(substr(canonical, 18), 'UTF8')::jsonb->'detail'->'records' from events where id = any($1) and tag = 'loan:post_position:done'"
    kept = await bank.sql(event, [UUID(str(e)) for e in told["events"]])
    assert kept is None if state == "IN_TRANSIT" else str(volume) in kept


async def test_nothing_is_destroyed_whose_loan_lives_again(bank: World) -> None:
    volume = await _stands_as(bank, "DISPOSAL_APPROVED")
    batch = await bank.sql("select batch_id from disposal_lines where record_id = $1", volume)
    await _bounces(bank, volume)
    ask = Ask(A.EXECUTE_DISPOSAL, records=(volume,), detail=BatchNamed(batch, "00" * 32))
    told = await bank.desk.explain(bank.people["archivist"], ask)
    assert "RETENTION_NOT_EXPIRED" in {c.rule.code for c in told.checks if not c.passed}
    await bank.done("head", Ask(A.REJECT_DISPOSAL, records=(volume,), reason="贷款恢复", detail=BatchNamed(batch)))
    await bank.done("archivist", Ask(A.REOPEN_VOLUME, records=(volume,), reason="还款冲正"))
    assert await bank.state(volume) == "FILED"


async def test_a_closed_volume_that_was_missing_is_found_on_the_shelf_when_its_loan_lives_again(bank: World) -> None:
    volume = await _stands_as(bank, "MISSING")
    await _bounces(bank, volume)
    await bank.seated(found(bank, volume), ["archivist"])
    assert await bank.state(volume) == "FILED"


@pytest.mark.parametrize("bounces", [False, True])
async def test_a_closed_volume_on_its_way_arrives_filed_when_its_loan_lives_again(bank: World, bounces: bool) -> None:
    """As it would stand had it been on the shelf: nobody reopens it by hand."""
    await archive_department(bank)
    volume, there = await expired(bank), bank.branches["C"]
    handover = await _sent(bank, volume, HandoverKind.BETWEEN_UNITS)
    if bounces:
        await _bounces(bank, volume)
    ask = Ask(A.RECEIVE_HANDOVER, records=(volume,), location=there.cabinet, detail=OnHandover(handover))
    told = await bank.done("keeper", ask)
    assert await bank.state(volume) == ("FILED" if bounces else "CLOSED_VOLUME")
    event = "select convert_from(substr(canonical, 18), 'UTF8')::jsonb->'detail'->>'to' from events where id = any($1) and record_id = $2"
    assert await bank.sql(event, [UUID(str(e)) for e in told["events"]], volume) == await bank.state(volume)


async def test_a_closed_volume_whose_retention_was_ended_is_not_for_the_archive(bank: World) -> None:
    await archive_department(bank)
    volume = await expired(bank)
    handover = await _sent(bank, volume, HandoverKind.BETWEEN_UNITS)
    await _bounces(bank, volume)
    await bank.done("archivist", Ask(A.TAKE_BACK, records=(volume,), location=bank.branches["A"].cabinet, detail=OnHandover(handover)))
    assert await bank.state(volume) == "FILED"
    _, send = await to_archive(bank, volume)
    assert await bank.refused("archivist", send) == [("C45", "NOT_FOR_THE_ARCHIVE")]


async def test_no_reversal_leaves_a_retention_running_whoever_writes_it(bank: World) -> None:
    volume = await _stands_as(bank, "ARCHIVED")
    async with bank.database.transaction(bank.people["core"]) as conn:
        await conn.raw.execute(TAKEN_BACK, await bank.sql(LOAN, volume))
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as broken:
            await conn.raw.execute("set constraints all immediate")
        assert broken.value.constraint_name == "ct_loan_positions_c52_reversal"
