"""The history of a contract by two times: what had happened at `asOf`, as far as it was recorded at `knownAt`; and each way to ask wrongly."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from server.compliance.events import body_of
from server.custody.moves import Ask
from server.custody.moves.corrections import Correcting
from server.valuing import Told, Valuing
from storage.terms import Action as A
from storage.terms import Classification, CorrectionSubject
from tests.asof.changing import Changing, scanned_anew
from tests.asof.plain import leaf
from tests.harness.world import World

CHANGES = [40, pytest.param(400, marks=pytest.mark.soak)]
PAGE = """query H($by: ContractBy!, $asOf: DateTime, $knownAt: DateTime, $first: Int!, $after: String) {
  contractHistory(by: $by, purpose: AUDIT, asOf: $asOf, knownAt: $knownAt, first: $first, after: $after) {
    edges { node { tag happenedAt effectiveAt actorName subjectId component detail hash changes { field before after } } }
    pageInfo { hasNextPage endCursor } } }"""
BANK = ZoneInfo("Asia/Shanghai")
TABLES = {"RECORD": "archive_records", "FILE_ITEM": "file_items", "CERTIFICATE": "collateral_certificates", "CONTRACT": "contracts"}
COLUMNS = {"registrationNo": "registration_no", "issuedOn": "issued_on", "signedOn": "signed_on", "expiresOn": "expires_on"}


async def contract_of(bank: World, loan: UUID) -> UUID:
    found: UUID = await bank.sql("select contract_id from loan_contracts where loan_id = $1", loan)
    return found


async def lines(ask: Any, contract: UUID, first: int = 100, who: str = "compliance", **times: datetime | None) -> list[dict[str, Any]]:
    """All events that are told at a time; readings are left out, for each page is one."""
    given = {"by": {"id": f"contract_{contract}"}, **{name: at and leaf(at) for name, at in times.items()}}
    nodes, after = list[dict[str, Any]](), None
    while True:
        answer = await ask(who, PAGE, first=first, after=after, **given)
        assert not answer["errors"], answer
        page = answer["data"]["contractHistory"]
        nodes += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"] or (nodes and nodes[-1]["tag"] == "contractHistory"):
            return [node for node in nodes if node["hash"]]


async def code(ask: Any, who: str = "compliance", **given: Any) -> Any:
    """Of what is wrong with a question: of its arguments, or of the whole."""
    answer = await ask(who, PAGE, **{"first": 5, **given})
    (error,) = answer["errors"]
    problems = error["extensions"].get("problems")
    return [(*p["path"], p["code"]) for p in problems] if problems else error["extensions"]["code"]


async def since(bank: World, row: Any) -> datetime:
    """Since when an event counts, read from its bytes and from the rows alone."""
    body, happened = body_of(row["canonical"]), row["happened_at"]
    told, days = body["detail"], {"collateral:value:done": "valued_on", "loan:classify:done": "holds_from"}
    earlier = happened
    if body["tag"] == "loan:post_position:done":
        earlier = datetime.fromisoformat(told["as_of"])
    elif body["tag"] in days:
        earlier = datetime.combine(date.fromisoformat(told[days[body["tag"]]]), datetime.min.time(), BANK)
    elif body["tag"] == "correction:confirm:done":
        c = await bank.root.fetchrow("select * from corrections where operation_id = $1", row["subject_id"])
        if c["subject_kind"] == CorrectionSubject.EVENT:
            earlier = await bank.sql("select happened_at from events where id = $1", c["subject_id"])
        else:
            versions = await bank.root.fetch(
                "select recorded_at, content from row_versions where table_name = $1 and row_id = $2 order by id",
                TABLES[c["subject_kind"]], c["subject_id"],
            )  # fmt: skip
            column = COLUMNS.get(c["field"], c["field"])
            earlier = min(v["recorded_at"] for v in versions if _text(v["content"], column) == c["old_value"])
    return min(happened, earlier)


def _text(content: str, column: str) -> str | None:
    value = json.loads(content)[column]
    return None if value is None else str(value)


@pytest.mark.parametrize("changes", CHANGES)
async def test_at_every_past_instant_it_tells_what_had_happened_by_then_as_it_was_known(bank: World, ask: Any, changes: int) -> None:
    """After each random change an instant is noted; for pairs of them the answer is what plain Python makes of all events."""
    file = await Changing.make(bank, changes + 7)
    contract, instants = await contract_of(bank, file.loan), [await bank.sql("select clock_timestamp()")]
    for _ in range(changes):
        await file.change()
        instants.append(await bank.sql("select clock_timestamp()"))
    rows = await bank.root.fetch("select * from events where chain_id = $1 order by happened_at, id", file.loan)
    counts = [(row, await since(bank, row)) for row in rows]
    whole, draw, rewritten = await lines(ask, contract), Random(changes), 0
    assert [n["hash"] for n in whole] == [row["hash"].hex() for row in rows], file.told
    assert [n["effectiveAt"] for n in whole] == [leaf(at) for _, at in counts], file.told
    for as_of in instants if changes < 100 else draw.sample(instants, 100):
        for known_at in (None, as_of, draw.choice(instants)):
            known = known_at or datetime.max.replace(tzinfo=UTC)
            expected = [row["hash"].hex() for row, at in counts if at <= as_of and row["happened_at"] <= known]
            told = await lines(ask, contract, first=draw.choice((7, 100)), asOf=as_of, knownAt=known_at)
            assert [n["hash"] for n in told] == expected, (as_of, known_at, file.told)
            rewritten += known_at is None and len(expected) > sum(row["happened_at"] <= as_of for row, _ in counts)
    assert rewritten > 10, "nothing back-dated was told"
    print(f"soak: history by two times n={changes} rewritten={rewritten} kinds={sorted(set(file.told))} ok")


async def test_what_is_told_late_changes_the_past_but_not_what_was_known_of_it(bank: World, ask: Any) -> None:
    file = await Changing.make(bank, 2)
    contract, risk, valuing = await contract_of(bank, file.loan), bank.people["risk"], Valuing(bank.database)
    before = await bank.sql("select clock_timestamp()")
    was = [n["hash"] for n in await lines(ask, contract, asOf=before)]
    await valuing.value(risk, file.asset, Decimal("70000.00"), Told(bank.day(-3), "复评"), key=uuid4().hex)
    await valuing.classify(risk, file.loan, Classification.LOSS, Told(bank.day(-3), "逾期"), key=uuid4().hex)
    volume = await bank.root.fetchrow(
        "select id, tier, certificate_id from archive_records where primary_loan_id = $1 and tier = 'SECOND' limit 1", file.loan
    )
    while await bank.sql("select count(*) from corrections where field = 'title' and subject_id = $1", volume["id"]) == 0:
        await file.correct(volume)
    now = [n for n in await lines(ask, contract, asOf=before) if n["hash"] not in was]
    assert [n["tag"] for n in now][:2] == ["collateral:value:done", "loan:classify:done"] and now[-1]["tag"] == "correction:confirm:done"
    assert {n["component"] for n in now} == {"CONTRACT", "COLLECTION"} and all(
        n["happenedAt"] > leaf(before) > n["effectiveAt"] for n in now
    )
    (title,) = [c for n in now for c in n["changes"] if c["field"] == "title"]
    assert title["before"] == "信贷档案" and title["after"].startswith("题名")
    assert [n["hash"] for n in await lines(ask, contract, asOf=before, knownAt=before)] == was


async def test_what_an_event_told_wrongly_counts_as_right_from_that_event_on(bank: World, ask: Any) -> None:
    file = await Changing.make(bank, 9)
    contract = await contract_of(bank, file.loan)
    event = await bank.root.fetchrow("select * from events where chain_id = $1 and tag = 'record:register:done' limit 1", file.loan)
    told = Correcting(CorrectionSubject.EVENT, event["id"], "archive_no", "A2-1", await scanned_anew(bank, event["record_id"]))
    await bank.seated(Ask(A.CORRECT, records=(event["record_id"],), reason="编号误录", detail=told), ["officer", "head"])
    (line,) = [n for n in await lines(ask, contract, asOf=event["happened_at"]) if n["tag"] == "correction:confirm:done"]
    assert line["effectiveAt"] == leaf(event["happened_at"]) < line["happenedAt"] and [c["after"] for c in line["changes"]] == ["A2-1"]


async def test_what_was_known_before_the_day_that_is_asked_for_is_all_that_was_known(bank: World, ask: Any) -> None:
    """As of a later day than was known: no mistake, and not more than was recorded."""
    file = await Changing.make(bank, 3)
    contract, known = await contract_of(bank, file.loan), await bank.sql("select clock_timestamp()")
    await file.value()
    later = await bank.sql("select clock_timestamp()")
    assert await lines(ask, contract, asOf=later, knownAt=known) == await lines(ask, contract, knownAt=known)


async def test_an_instant_without_an_answer_is_refused_with_a_code_for_each(bank: World, ask: Any) -> None:
    file = await Changing.make(bank, 4)
    by = {"by": {"id": f"contract_{await contract_of(bank, file.loan)}"}}
    now = datetime.now(UTC)
    ahead, ages_ago = leaf(now + timedelta(hours=1)), leaf(now - timedelta(days=9_000))
    assert await code(ask, **by, asOf=ahead) == [("asOf", "IN_FUTURE")]
    assert await code(ask, **by, knownAt=ahead) == [("knownAt", "IN_FUTURE")]
    assert await code(ask, **by, asOf=ahead, knownAt=ahead) == [("asOf", "IN_FUTURE"), ("knownAt", "IN_FUTURE")]
    assert await code(ask, **by, asOf=ages_ago) == [("asOf", "BEFORE_FIRST_VERSION")]
    assert await code(ask, **by, knownAt=ages_ago) == [("knownAt", "BEFORE_FIRST_VERSION")]
    assert await code(ask, **by, asOf=leaf(now), knownAt=ages_ago) == [("knownAt", "BEFORE_FIRST_VERSION")]
    rows = await bank.root.fetch(
        "select detail from access_log where action = 'contractHistory' and result = 'GRANTED' and staff_id = $1",
        bank.people["compliance"].staff_id,
    )
    assert len(rows) == 6, "each was a reading, with the times that were asked for"


async def test_a_cursor_is_of_one_contract_and_of_two_instants(bank: World, ask: Any) -> None:
    one, other = await Changing.make(bank, 5), await Changing.make(bank, 6)
    contracts = [await contract_of(bank, file.loan) for file in (one, other)]
    mine = {"by": {"id": f"contract_{contracts[0]}"}}
    at = leaf(await bank.sql("select clock_timestamp()"))
    page = (await ask("compliance", PAGE, first=2, asOf=at, **mine))["data"]["contractHistory"]["pageInfo"]
    after = page["endCursor"]
    number = await bank.sql("select number from contracts where id = $1", contracts[0])
    on = await ask("compliance", PAGE, first=2, asOf=at, after=after, by={"number": number})  # the same contract, by its number
    assert not on["errors"] and page["hasNextPage"]
    assert await code(ask, **mine, after=after) == "BAD_REQUEST"
    assert await code(ask, **mine, asOf=at, knownAt=at, after=after) == "BAD_REQUEST"
    assert await code(ask, by={"id": f"contract_{contracts[1]}"}, asOf=at, after=after) == "BAD_REQUEST"
    assert await code(ask, **mine, asOf=at, after=after[:-2] + ("AA" if after[-2:] != "AA" else "BB")) == "BAD_REQUEST"
    assert await code(ask, **mine, asOf=at, after="x") == "BAD_REQUEST"


async def test_who_may_not_read_it_is_told_in_it_whatever_branch_they_are_of(bank: World, ask: Any) -> None:
    """Another branch's contract is denied like an own one, and its history tells of either; so do the two files."""
    file = await Changing.make(bank, 7)
    contract = await contract_of(bank, file.loan)
    number = await bank.sql("select number from contracts where id = $1", contract)
    for who in ("officer", "officer_b"):
        for by in ({"number": number}, {"id": f"contract_{contract}"}):
            assert await code(ask, who, by=by) == "FORBIDDEN"
    unknown = await ask("compliance", PAGE, first=5, by={"number": "HT-nobody"})
    assert unknown == {"data": {"contractHistory": None}, "errors": []}
    assert (await ask("head_b", "query($id: ID!, $at: DateTime!) { loanFileAsOf(by: {id: $id}, asOf: $at) { asOf } }",
                      id=f"loan_{file.loan}", at=leaf(datetime.now(UTC))))["data"] == {"loanFileAsOf": None}  # fmt: skip
    answer = await ask("auditor", PAGE.replace("hash", "result hash"), first=100, by={"number": number})
    told = [(e["node"]["tag"], e["node"]["result"], e["node"]["actorName"]) for e in answer["data"]["contractHistory"]["edges"]]
    denied = [(tag, who.split()[0]) for tag, result, who in told if result == "DENIED"]
    assert [tag for tag, _ in denied] == ["contractHistory"] * 4 + ["loanFileAsOf"], told


async def test_a_name_is_the_one_of_that_time(bank: World, ask: Any) -> None:
    file = await Changing.make(bank, 8)
    contract, officer = await contract_of(bank, file.loan), bank.people["officer"]
    was = await bank.sql("select name from staff where id = $1", officer.staff_id)
    volume = await bank.sql("select id from archive_records where primary_loan_id = $1 and tier = 'SECOND' limit 1", file.loan)
    ask_for = Ask(A.REPORT_MISSING, records=(volume,), reason="不在架上")
    await bank.sql("update staff set name = '新名' where id = $1", officer.staff_id)
    await bank.done("officer", ask_for)
    told = [n["actorName"] for n in await lines(ask, contract) if n["actorName"] in (was, "新名")]
    assert told[0] == was and told[-1] == "新名"
