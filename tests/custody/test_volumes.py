"""Lists for disposal: approved by three heads as they are, taken back, stopped by a hold of another branch; volumes that are reopened."""

from uuid import UUID

import asyncpg
import orjson
import pytest

from server.custody.moves import Ask
from server.custody.moves.volumes import BatchNamed, Closing
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject, RetentionClass, Role
from tests.custody.chapters.volumes import CLOSE, approve, ended, expired, proposed
from tests.harness.losses import found, missing
from tests.harness.world import World


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


async def holds_in_a(bank: World, key: str, value: int) -> UUID:
    """As if two people had agreed on it for branch A."""
    made: UUID = await bank.sql(
        "insert into policy_parameters (key, value, org_id, effective_from) values ($1, $2, $3, now() - interval '1 day') returning id",
        key, str(value), bank.branches["A"].id,
    )  # fmt: skip
    bank.desk._policy_read_at = None
    return made


async def test_a_volume_is_kept_as_long_as_its_unit_says(bank: World) -> None:
    volume = await expired(bank)  # of the class of twenty years, for 24 of them
    propose = Ask(A.PROPOSE_DISPOSAL, records=(volume,), reason="保管期满")
    row = await holds_in_a(bank, "retention_years.twenty_years", 30)
    assert await bank.refused("archivist", propose) == [("C45", "RETENTION_NOT_EXPIRED")]
    async with bank.database.transaction(bank.people["archivist"]) as conn:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as broken:
            await conn.raw.execute("update archive_records set state = 'DISPOSAL_PROPOSED' where id = $1", volume)
        assert broken.value.constraint_name == "tg_archive_records_c45_expired"
    await bank.sql("delete from policy_parameters where id = $1", row)
    row = await holds_in_a(bank, "retention_years.twenty_years", 21)
    done = await bank.done("archivist", propose)
    kept = orjson.loads(await bank.sql("select parameters from decisions where event_ids && $1", [UUID(e) for e in done["events"]]))
    assert {p["name"]: p.get("id") for p in kept}["retention_years.twenty_years"] == str(row)


async def test_up_to_which_term_a_loan_is_short_is_a_parameter(bank: World) -> None:
    volume = await ended(bank)
    loan = await bank.sql("select primary_loan_id from archive_records where id = $1", volume)
    await bank.past_the_triggers(f"update loans set term_months = 12 where id = '{loan}'")
    close = Ask(A.CLOSE_VOLUME, records=(volume,), detail=Closing(RetentionClass.FIVE_YEARS))
    await holds_in_a(bank, "short_term_months", 6)
    assert await bank.refused("archivist", close) == [("C45", "RETENTION_NOT_EXPIRED")]
    async with bank.database.transaction(bank.people["archivist"]) as conn:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as broken:
            await conn.raw.execute(CLOSE, volume, "FIVE_YEARS")
        assert broken.value.constraint_name == "tg_archive_records_c45_class"
    await bank.sql("delete from policy_parameters where key = 'short_term_months'")
    bank.desk._policy_read_at = None
    await bank.done("archivist", close)
