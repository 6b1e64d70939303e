"""C48: what was mistyped is put right by two people; what was written stays."""

from uuid import UUID

import asyncpg
import pytest

from server.compliance.events import body_of
from server.custody.moves import Ask
from server.custody.moves.corrections import Correcting, wrong_value
from server.errors import NotFound
from storage.terms import Action as A
from storage.terms import CorrectionSubject as Of
from storage.terms import PaperKind
from tests.custody.chapters.corrections import scanned
from tests.harness.losses import in_vault
from tests.harness.packs import contract_of
from tests.harness.world import World


async def test_a_title_is_put_right_by_a_second_person_and_both_values_are_kept(bank: World) -> None:
    (volume,) = await bank.volumes()
    scan = await scanned(bank, volume)
    ask = Ask(A.CORRECT, records=(volume,), reason="录入有误", detail=Correcting(Of.RECORD, volume, "title", "更正后的题名", scan))
    operation = UUID((await bank.done("archivist", ask))["operation"])
    assert await bank.sql("select title from archive_records where id = $1", volume) == "信贷档案"
    assert ("C0", "SEAT_NOT_OPEN") in await bank.refused("archivist", Ask(A.CONFIRM, operation=operation))
    done = await bank.done("head", Ask(A.CONFIRM, operation=operation))
    assert await bank.sql("select title from archive_records where id = $1", volume) == "更正后的题名"
    row = await bank.root.fetchrow("select old_value, new_value, proposed_by, confirmed_by from corrections where id = $1", operation)
    assert tuple(row) == ("信贷档案", "更正后的题名", bank.people["archivist"].staff_id, bank.people["head"].staff_id)
    told = body_of(await bank.sql("select canonical from events where id = $1", UUID(done["events"][0])))
    assert told["tag"] == "correction:confirm:done" and told["detail"]["corrects"] == ["RECORD", str(volume)]
    assert "更正后的题名" not in str(told)


async def test_a_correction_counts_from_after_the_one_before_also_by_a_clock_that_was_set_back(bank: World) -> None:
    (volume,) = await bank.volumes()
    scan = await scanned(bank, volume)
    for title in ("第一次更正", "第二次更正"):
        ask = Ask(A.CORRECT, records=(volume,), reason="录入有误", detail=Correcting(Of.RECORD, volume, "title", title, scan))
        operation = UUID((await bank.done("archivist", ask))["operation"])
        await bank.done("head", Ask(A.CONFIRM, operation=operation))
        bank.later(seconds=-5)
    rows = await bank.root.fetch("select old_value, new_value from corrections where subject_id = $1 order by corrected_at", volume)
    assert [tuple(r) for r in rows] == [("信贷档案", "第一次更正"), ("第一次更正", "第二次更正")]


async def test_what_an_event_told_is_corrected_by_another_and_stays(bank: World) -> None:
    (volume,) = await bank.volumes()
    scan = await scanned(bank, volume)
    event = await bank.sql("select id from events where record_id = $1 and tag = 'record:register:done'", volume)
    before = await bank.sql("select canonical from events where id = $1", event)
    ask = Ask(A.CORRECT, records=(volume,), reason="编号误录", detail=Correcting(Of.EVENT, event, "archive_no", "A2-1", scan))
    operation = UUID((await bank.done("officer", ask))["operation"])
    await bank.done("head", Ask(A.CONFIRM, operation=operation))
    assert await bank.sql("select canonical from events where id = $1", event) == before
    assert await bank.sql("select new_value from corrections where subject_id = $1", event) == "A2-1"


@pytest.mark.parametrize(("of", "field"), [(Of.RECORD, "state"), (Of.RECORD, "barcode"), (Of.EVENT, "to"), (Of.EVENT, "seal_no")])
async def test_history_is_immutable(bank: World, of: Of, field: str) -> None:
    (volume,) = await bank.volumes()
    scan = await scanned(bank, volume)
    event = await bank.sql("select id from events where record_id = $1 and tag = 'record:register:done'", volume)
    detail = Correcting(of, event if of is Of.EVENT else volume, field, "x", scan)
    told = await bank.refused("officer", Ask(A.CORRECT, records=(volume,), reason="误录", detail=detail))
    assert told == [("C48", "HISTORY_IMMUTABLE")]


async def test_the_evidence_is_a_stored_scan_of_the_same_record(bank: World) -> None:
    one, other = (await bank.volumes())[0], (await bank.volumes())[0]
    for scan in (await scanned(bank, other), await scanned(bank, one, "REGISTERED")):
        ask = Ask(A.CORRECT, records=(one,), reason="误录", detail=Correcting(Of.RECORD, one, "pages", "12", scan))
        assert await bank.refused("officer", ask) == [("C48", "CORRECTION_INCOMPLETE")]


async def test_a_thing_of_another_branch_is_nothing(bank: World) -> None:
    (theirs,) = await bank.volumes(letter="B")
    (mine,) = await bank.volumes()
    scan = await scanned(bank, mine)
    with pytest.raises(NotFound):
        await bank.does(
            "officer", Ask(A.CORRECT, records=(theirs,), reason="误录", detail=Correcting(Of.RECORD, theirs, "title", "x", scan))
        )


async def test_the_application_writes_no_correction_itself(bank: World) -> None:
    async with bank.database.transaction(bank.people["head"]) as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.raw.execute("insert into corrections (reason) values ('x')")


async def test_the_last_day_of_a_certificate_and_of_a_policy_is_put_right(bank: World) -> None:
    loan, asset = await bank.loan(), await bank.collateral()
    paper = await in_vault(bank, loan, asset)
    certificate = await bank.sql("select certificate_id from archive_records where id = $1", paper)
    (policy,) = await bank.papers(kind=PaperKind.INSURANCE_POLICY)
    await bank.sql("update archive_records set expires_on = current_date + 3 where id = $1", policy)
    day = str(bank.day(400))
    for of, subject, record, table in (
        (Of.CERTIFICATE, certificate, paper, "collateral_certificates"),
        (Of.RECORD, policy, policy, "archive_records"),
    ):
        scan = await scanned(bank, record)
        ask = Ask(A.CORRECT, records=(record,), reason="误录", detail=Correcting(of, subject, "expiresOn", day, scan))
        await bank.seated(ask, ["officer", "head"])
        assert str(await bank.sql(f"select expires_on from {table} where id = $1", subject)) == day
    other = Correcting(Of.RECORD, paper, "expiresOn", day, await scanned(bank, (await bank.papers())[0]))
    told = await bank.refused("officer", Ask(A.CORRECT, records=(paper,), reason="误录", detail=other))
    assert ("C48", "HISTORY_IMMUTABLE") in told, "of another paper than a policy no such day is kept"


@pytest.mark.parametrize(
    ("of", "field", "value", "code"),
    [
        (Of.RECORD, "pages", "0", "OUT_OF_RANGE"), (Of.RECORD, "pages", "many", "OUT_OF_RANGE"), (Of.RECORD, "title", " ", "EMPTY"),
        (Of.RECORD, "title", "x" * 201, "TOO_LONG"), (Of.CONTRACT, "signedOn", "2024-02-30", "NOT_A_DAY"),
        (Of.CERTIFICATE, "number", "a b", "NOT_A_NUMBER"), (Of.CERTIFICATE, "issuedOn", "2024-11-25", None), (Of.RECORD, "state", "x", None),
        (Of.CERTIFICATE, "expiresOn", "2024-13-01", "NOT_A_DAY"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_form_is_told(of: Of, field: str, value: str, code: str | None) -> None:
    assert wrong_value(of, field, value) == code


async def test_a_contract_is_corrected_on_a_scan_of_its_own_file(bank: World) -> None:
    loan = await bank.loan()
    (own,), (other,) = await bank.volumes(loan=loan), await bank.volumes()
    contract = await contract_of(bank, loan)
    wrong, right = await scanned(bank, other), await scanned(bank, own)
    asks = [Ask(A.CORRECT, reason="误录", detail=Correcting(Of.CONTRACT, contract, "number", "HT-9", scan)) for scan in (wrong, right)]
    assert await bank.refused("officer", asks[0]) == [("C48", "CORRECTION_INCOMPLETE")]
    operation = UUID((await bank.done("officer", asks[1]))["operation"])
    detail = f"jsonb_set(ask, '{{detail,evidence}}', to_jsonb('{wrong}'::text))"
    await bank.past_the_triggers(f"update operations set ask = {detail} where id = '{operation}'")
    assert await bank.refused("head", Ask(A.CONFIRM, operation=operation)) == [("C48", "CORRECTION_INCOMPLETE")]
    async with bank.database.transaction(bank.people["head"]) as conn:
        seat = "insert into operation_seats (operation_id, seat, staff_id, taken_at) values ($1, 'SECOND', $2, now())"
        await conn.raw.execute(seat, operation, bank.people["head"].staff_id)
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as broken:
            await conn.raw.execute("update operations set state = 'DONE', done_at = now() where id = $1", operation)
        assert broken.value.constraint_name == "tg_operations_c48_evidence"
    await bank.done("officer", Ask(A.WITHDRAW, operation=operation))
    await bank.done("head", Ask(A.CONFIRM, operation=UUID((await bank.done("officer", asks[1]))["operation"])))
    assert await bank.sql("select number from contracts where id = $1", contract) == "HT-9"


async def test_a_certificate_without_a_record_is_corrected_on_a_scan_of_its_loans(bank: World) -> None:
    loan, asset = await bank.loan(), await bank.collateral()
    await bank.sql(
        "insert into loan_collateral (org_id, loan_id, collateral_id, amount) values ($1, $2, $3, 1)", bank.branches["A"].id, loan, asset
    )
    certificate = await bank.sql(
        "insert into collateral_certificates (org_id, collateral_id, kind, number, issuer, issued_on) values ($1, $2, 'VEHICLE_TITLE', $3, '车管所',"
        " current_date) returning id", bank.branches["A"].id, asset, f"Z{bank.tag}",
    )  # fmt: skip
    (own,), (other,) = await bank.volumes(loan=loan), await bank.volumes()
    for scan, told in ((await scanned(bank, other), [("C48", "CORRECTION_INCOMPLETE")]), (await scanned(bank, own), None)):
        ask = Ask(A.CORRECT, reason="误录", detail=Correcting(Of.CERTIFICATE, certificate, "number", f"Y{bank.tag}", scan))
        if told:
            assert await bank.refused("officer", ask) == told
        else:
            await bank.done("officer", ask)
