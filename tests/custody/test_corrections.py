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
from tests.custody.chapters.corrections import scanned
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


@pytest.mark.parametrize(
    ("of", "field", "value", "code"),
    [
        (Of.RECORD, "pages", "0", "OUT_OF_RANGE"), (Of.RECORD, "pages", "many", "OUT_OF_RANGE"), (Of.RECORD, "title", " ", "EMPTY"),
        (Of.RECORD, "title", "x" * 201, "TOO_LONG"), (Of.CONTRACT, "signedOn", "2024-02-30", "NOT_A_DAY"),
        (Of.CERTIFICATE, "number", "a b", "NOT_A_NUMBER"), (Of.CERTIFICATE, "issuedOn", "2024-11-25", None), (Of.RECORD, "state", "x", None),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_form_is_told(of: Of, field: str, value: str, code: str | None) -> None:
    assert wrong_value(of, field, value) == code
