"""`loanFileAsOf`: at every past instant the file as it was, by what was known then or is known now; compared with plain Python."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from schema.reading.answers import ReadingSchema
from schema.snapshots.rows import ROWS
from server.compliance.asof import RECORDS_MAX
from server.custody.moves import Ask
from server.valuing import Told, Valuing
from storage import tables
from storage.terms import Action as A
from storage.terms import Classification, Tier
from tests.asof import plain
from tests.asof.changing import Changing
from tests.asof.plain import View, leaf, selection, taken
from tests.harness.world import World

CHANGES = [40, pytest.param(500, marks=pytest.mark.soak)]
SHORT = (
    "query F($by: LoanBy!, $asOf: DateTime!, $knownAt: DateTime) { loanFileAsOf(by: $by, asOf: $asOf, knownAt: $knownAt) { loan { %s } } }"
)

ACT = "mutation M($i: %sInput!) { %s(input: $i) { __typename ... on %sPayload { operation { id state } } } }"


def question(schema: ReadingSchema) -> str:
    return SHORT.replace("{ %s }", selection(schema._schema, "LoanSnapshot"))


async def told(ask: Any, query: str, loan: UUID, at: datetime, known: datetime | None = None, who: str = "compliance") -> Any:
    answer = await ask(who, query, by={"id": f"loan_{loan}"}, asOf=leaf(at), knownAt=known and leaf(known))
    assert not answer["errors"], answer
    return answer["data"]["loanFileAsOf"]["loan"]


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two answers differ; an order that nothing decides is none."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [line for key in one for line in differences(one[key], other[key], f"{path}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [line for n, (a, b) in enumerate(zip(one, other, strict=True)) for line in differences(a, b, f"{path}[{n}]")]
    return [] if one == other else [f"{path}: {one!r} <> {other!r}"]


@pytest.mark.parametrize("changes", CHANGES)
async def test_the_file_at_every_past_instant_is_what_was_seen_then(bank: World, ask: Any, schema: ReadingSchema, changes: int) -> None:
    """After each random change the tables are read plainly; then each of those instants is asked for, by then's and by today's knowledge."""
    file = await Changing.make(bank, changes)
    seen = [await taken(bank.root, file.loan)]
    for _ in range(changes):
        await file.change()
        seen.append(await taken(bank.root, file.loan))
    query, now = question(schema), seen[-1]
    rewritten = 0
    for then in seen:
        as_known_then = View(schema._schema, then, then).loan()
        assert not differences(as_known_then, await told(ask, query, file.loan, then.at, then.at)), file.told
        as_known_now = View(schema._schema, then, now).loan()
        assert not differences(as_known_now, await told(ask, query, file.loan, then.at)), file.told
        rewritten += as_known_now != as_known_then
    ours = View(schema._schema, seen[-2], now, may_know_holds=False).loan()  # the branch sees the same, but not why there is a hold
    assert not differences(ours, await told(ask, query, file.loan, seen[-2].at, who="head")), file.told
    assert rewritten > changes // 4, "the back-dated changes changed nothing"
    print(f"soak: as of n={changes} instants={len(seen)} rewritten={rewritten} kinds={sorted(set(file.told))} ok")


async def test_the_present_is_what_the_living_types_tell(bank: World, ask: Any) -> None:
    """The same fields of `loan` and of its snapshot of now: the same answer."""
    file = await Changing.make(bank, 1)
    for _ in range(6):
        await file.value()
        await file.classify()
    volume = await bank.sql("select id from archive_records where primary_loan_id = $1 and state = 'FILED' limit 1", file.loan)
    await bank.out([volume], tier=Tier.SECOND)
    fields = """id number status classification principal { amount currencyCode } startsOn isOverdue customer { name identityNumberMasked }
      collateral { id vin value { amount } valuedOn certificates { number issuedOn } }
      archiveRecords(first: 50) { edges { node { id archiveNo state onHold %s } } }"""
    live = "query L($id: ID!) { loan(by: { id: $id }) { " + fields % "holder: currentHolder { id name }" + " } }"
    for who in ("head", "compliance"):
        now = await ask(who, live, id=f"loan_{file.loan}")
        assert now["errors"] == [] and any(e["node"]["holder"] for e in now["data"]["loan"]["archiveRecords"]["edges"])
        then = await told(ask, SHORT % (fields % "holder { id name }"), file.loan, await bank.sql("select clock_timestamp()"), who=who)
        assert not differences(now["data"]["loan"], then)


async def test_a_back_dated_value_and_grade_change_the_past_but_not_what_was_known_of_it(bank: World, ask: Any) -> None:
    file = await Changing.make(bank, 2)
    valuing, risk = Valuing(bank.database), bank.people["risk"]
    await valuing.value(risk, file.asset, Decimal("90000.00"), Told(bank.day(-30), "入账评估"), key=uuid4().hex)
    before = await bank.sql("select clock_timestamp()")
    await valuing.value(risk, file.asset, Decimal("70000.00"), Told(bank.day(-3), "复评"), key=uuid4().hex)
    await valuing.classify(risk, file.loan, Classification.SUBSTANDARD, Told(bank.day(-3), "逾期"), key=uuid4().hex)
    query = SHORT % "classification collateral { value { amount } valuedOn }"
    assert await told(ask, query, file.loan, before) == {
        "classification": "SUBSTANDARD", "collateral": [{"value": {"amount": "70000.00"}, "valuedOn": str(bank.day(-3))}],
    }  # fmt: skip
    assert await told(ask, query, file.loan, before, before) == {
        "classification": "PASS", "collateral": [{"value": {"amount": "90000.00"}, "valuedOn": str(bank.day(-30))}],
    }  # fmt: skip


async def test_a_correction_puts_the_past_right_for_who_knows_of_it(bank: World, ask: Any) -> None:
    file = await Changing.make(bank, 3)
    (volume, *_) = [r for r in await bank.root.fetch("select id, tier, certificate_id from archive_records where primary_loan_id = $1", file.loan) if r["tier"] == "SECOND"]  # fmt: skip
    before = await bank.sql("select clock_timestamp()")
    while (title := await bank.sql("select title from archive_records where id = $1", volume["id"])) == "信贷档案":
        await file.correct(volume)
    query = SHORT % "archiveRecords(first: 50) { edges { node { id title } } }"

    async def title_at(known: datetime | None) -> str:
        nodes = (await told(ask, query, file.loan, before, known))["archiveRecords"]["edges"]
        return next(str(e["node"]["title"]) for e in nodes if e["node"]["id"] == f"record_{volume['id']}")

    assert (await title_at(None), await title_at(before)) == (title, "信贷档案")


async def test_a_refused_return_leaves_the_paper_with_its_holder_for_who_knows_of_it(bank: World, ask: Any) -> None:
    loan = await bank.loan()
    (volume,) = await bank.volumes(loan=loan)
    await bank.out([volume], tier=Tier.SECOND)
    out = await bank.sql("select clock_timestamp()")
    await bank.presented([volume], tier=Tier.SECOND)
    presented = await bank.sql("select clock_timestamp()")
    found = bank.inspected([volume], no_damage=False, findings="封面破损")
    await bank.done("archivist", Ask(A.REJECT_RETURN, records=(volume,), inspections=found))
    query = SHORT % "archiveRecords(first: 9) { edges { node { state holder { name } } } }"

    async def at(instant: datetime, known: datetime | None) -> Any:
        return (await told(ask, query, loan, instant, known))["archiveRecords"]["edges"][0]["node"]

    held = {"name": "officer"}
    assert await at(out, out) == {"state": "CHECKED_OUT", "holder": held}
    assert await at(presented, presented) == {"state": "RETURN_PENDING", "holder": None}
    assert await at(presented, None) == {"state": "RETURN_PENDING", "holder": held}


async def test_a_record_that_moved_is_in_the_file_in_which_it_was(bank: World, ask: Any) -> None:
    """Nothing of the product moves a paper to another loan yet; its versions would tell all the same."""
    here, there = await bank.loan(), await bank.loan()
    (volume,) = await bank.volumes(loan=here)
    before = await bank.sql("select clock_timestamp()")
    await bank.root.execute("update archive_records set primary_loan_id = $2 where id = $1", volume, there)
    after = await bank.sql("select clock_timestamp()")
    query = SHORT % "archiveRecords(first: 9) { edges { node { id items { title } } } }"
    found = {
        (loan, at): [e["node"]["id"] for e in (await told(ask, query, loan, at, who="head"))["archiveRecords"]["edges"]]
        for loan in (here, there) for at in (before, after)
    }  # fmt: skip
    it = [f"record_{volume}"]
    assert found == {(here, before): it, (here, after): [], (there, before): [], (there, after): it}


async def test_a_loan_that_came_from_another_branch_brings_its_past(bank: World, ask: Any) -> None:
    """History belongs to the branch that owns the loan now: the borrower as the other branch knew them, too."""
    file = await Changing.make(bank, 8)
    before = await taken(bank.root, file.loan)
    query = SHORT % (
        "number orgUnit { id } customer { id name identityNumberMasked } contracts { number } positions { id }"
        " collateral { id certificates { number } } archiveRecords(first: 9) { edges { node { id custodyOrg { id } } } }"
    )
    then = await told(ask, query, file.loan, before.at, who="head")
    assert then["customer"] and then["contracts"] and then["collateral"][0]["certificates"]
    units = {"fromOrgUnitId": f"org_{bank.branches['A'].id}", "toOrgUnitId": f"org_{bank.branches['B'].id}"}
    moved = {**units, "loanIds": [f"loan_{file.loan}"], "expectedCount": 1, "idempotencyKey": "move"}
    made = (await ask("admin", ACT % ("TransferLoans", "transferLoans", "TransferLoans"), i=moved))["data"]["transferLoans"]
    seat = {"operationId": made["operation"]["id"], "idempotencyKey": "sit"}
    done = (await ask("compliance", ACT % ("ConfirmOperation", "confirmOperation", "ConfirmOperation"), i=seat))["data"]["confirmOperation"]
    assert done["operation"]["state"] == "DONE"
    assert await told(ask, query, file.loan, before.at, who="head_b") == then
    assert await ask("head", query, by={"id": f"loan_{file.loan}"}, asOf=leaf(before.at)) == {"data": {"loanFileAsOf": None}, "errors": []}
    now = await told(ask, query, file.loan, await bank.sql("select clock_timestamp()"), who="head_b")
    assert now["orgUnit"]["id"] == f"org_{bank.branches['B'].id}" and now["customer"]["id"] != then["customer"]["id"]


async def test_another_branch_and_nothing_are_answered_alike_and_each_asking_is_logged(bank: World, ask: Any) -> None:
    mine, theirs = await bank.loan(), await bank.loan("B")
    number = await bank.sql("select number from loans where id = $1", theirs)
    now = leaf(await bank.sql("select clock_timestamp()"))
    query = SHORT % "number"
    for by in ({"id": f"loan_{theirs}"}, {"number": number}, {"id": f"loan_{uuid4()}"}, {"number": "nothing"}, {"id": "record_x"}):
        assert await ask("head", query, by=by, asOf=now) == {"data": {"loanFileAsOf": None}, "errors": []}
    assert (await told(ask, query, mine, await bank.sql("select clock_timestamp()"), who="head"))["number"]
    log = await bank.root.fetch(
        "select result, subject_ids, detail from access_log where staff_id = $1 and action = 'loanFileAsOf' order by logged_at",
        bank.people["head"].staff_id,
    )
    assert [r["result"] for r in log] == ["DENIED"] * 5 + ["GRANTED"] and log[-1]["subject_ids"] == [mine]
    assert now[:19] in log[0]["detail"] and "known_at" in log[0]["detail"]
    refused = await ask("officer", query, by={"id": f"loan_{mine}"}, asOf=now)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_what_another_branch_owns_beside_the_loan_is_not_told(bank: World, ask: Any) -> None:
    """A collateral and a contract that several branches share: what `loan` hides from a branch, its past hides too."""
    loan, asset = await bank.loan(), await bank.collateral("B")
    here, there = bank.branches["A"].id, bank.branches["B"].id
    await bank.sql("insert into loan_collateral (org_id, loan_id, collateral_id, amount) values ($1, $2, $3, 1)", here, loan, asset)
    contract = await bank.sql(
        "insert into contracts (org_id, number, kind, signed_on, amount) values ($1, $2, 'GUARANTEE', current_date, 1) returning id",
        there, f"KB{bank.tag}",
    )  # fmt: skip
    await bank.sql("insert into loan_contracts (org_id, loan_id, contract_id) values ($1, $2, $3)", here, loan, contract)
    owner, _ = await bank.customer("B")
    await bank.sql("update collateral set owner_id = $2 where id = $1", asset, owner)
    at = await bank.sql("select clock_timestamp()")
    query = SHORT % "collateral { id owner { id } } contracts { id }"
    assert await told(ask, query, loan, at, who="head") == {"collateral": [], "contracts": []}
    everything = {
        "collateral": [{"id": f"collateral_{asset}", "owner": {"id": f"customer_{owner}"}}],
        "contracts": [{"id": f"contract_{contract}"}],
    }
    assert await told(ask, query, loan, at) == everything
    await bank.papers(loan=loan, collateral=asset)  # whoever sees a paper of it sees the collateral, its owner not
    at = await bank.sql("select clock_timestamp()")
    assert (await told(ask, query, loan, at, who="head"))["collateral"] == [{"id": f"collateral_{asset}", "owner": None}]


async def test_a_file_of_too_many_papers_is_refused(bank: World, ask: Any) -> None:
    loan = await bank.loan()
    (volume,) = await bank.volumes(loan=loan)
    copies = (
        "insert into archive_records (archive_no, barcode, org_id, visible_to, tier, title, state, primary_loan_id, custody_org_id)"
        f" select 'X{bank.tag}' || n, 'X{bank.tag}' || n, org_id, visible_to, tier, title, state, primary_loan_id, custody_org_id"
        f" from archive_records, generate_series(1, {RECORDS_MAX}) n where id = '{volume}'"
    )
    now = leaf(await bank.sql("select clock_timestamp()"))
    await bank.past_the_triggers(copies)
    answer = await ask("head", SHORT % "number", by={"id": f"loan_{loan}"}, asOf=now)
    await bank.past_the_triggers(f"delete from archive_records where barcode like 'X{bank.tag}%'")
    assert [p["code"] for p in answer["errors"][0]["extensions"]["problems"]] == ["FILE_TOO_LARGE"]
    assert (await ask("head", SHORT % "number", by={"id": f"loan_{loan}"}, asOf=now))["errors"] == []


async def test_instants_without_an_answer_are_told_apart(bank: World, ask: Any) -> None:
    loan = await bank.loan()
    now: datetime = await bank.sql("select clock_timestamp()")
    ahead, old = leaf(now + timedelta(hours=1)), leaf(now - timedelta(days=1))

    async def problems(**given: Any) -> Any:
        answer = await ask("compliance", SHORT % "number", by={"id": f"loan_{loan}"}, **given)
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_REQUEST" and error["message"]
        return [(p["path"][0], p["code"]) for p in error["extensions"]["problems"]]

    assert await problems(asOf=ahead) == [("asOf", "IN_FUTURE")]
    assert await problems(asOf=leaf(now), knownAt=ahead) == [("knownAt", "IN_FUTURE")]
    assert await problems(asOf=old) == [("asOf", "BEFORE_FIRST_VERSION")]
    assert await problems(asOf=leaf(now), knownAt=old) == [("knownAt", "BEFORE_FIRST_VERSION")]


async def test_what_a_version_did_not_have_yet_is_the_columns_default(bank: World, ask: Any) -> None:
    loan = await bank.loan()
    (volume,) = await bank.volumes(loan=loan)
    at = await bank.sql("select clock_timestamp()")
    await bank.past_the_triggers(f"update row_versions set content = content - 'copies' - 'is_original' where row_id = '{volume}'")
    nodes = (await told(ask, SHORT % "archiveRecords(first: 9) { edges { node { copies isOriginal } } }", loan, at))["archiveRecords"]
    assert nodes["edges"] == [{"node": {"copies": 1, "isOriginal": True}}]


async def test_closed_personal_data_never_leaves_and_ids_of_others_are_not_answered(bank: World) -> None:
    """What the login of the server can ask PostgreSQL itself: the file of a loan of its units, and nothing below it."""
    mine, theirs = await bank.loan(), await bank.loan("B")
    async with bank.database.transaction(bank.people["head"]) as conn:
        file = await conn.raw.fetchval("select loan_file($1, clock_timestamp(), clock_timestamp())", mine)
        assert not [key for row in file["customers"] for key in row if key.endswith(("_cipher", "_index"))] and file["customers"]
        assert await conn.raw.fetchval("select loan_file($1, clock_timestamp(), clock_timestamp())", theirs) is None
        assert await conn.raw.fetchval("select loan_file_since($1)", theirs) is None
    for called in (
        "rows_at('loans', array[$1::uuid], now(), now())",
        "ever_of('archive_records', array[$1::uuid])",
        "ever_had('loans', array[$1::uuid], 'org_id')",
    ):
        async with bank.database.transaction(bank.people["head"]) as conn:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.raw.fetchval(f"select {called}", theirs)


# Nothing is forgotten --------------------------------------------------------------------------------------------------------
LEFT_OUT = {  # tables that hang on a file, and why they are not in it
    "operations": "how an act was done, not how the file stood: contractHistory tells it",
    "operation_seats": "the same",
    "tickets": "the same; the registers have them",
    "off_balance_entries": "the register of core banking has them",
    "return_inspections": "what was found at a return stands in the history",
    "return_claims": "the same",
    "registry_checks": "the same",
    "bailee_letters": "papers of a request",
    "intake_receipts": "papers of an operation",
    "emergency_reviews": "reviews of operations",
    "overrides": "the report of overrides",
    "contract_amendments": "what they changed is in the rows",
    "corrections": "what they put right is in the rows",
    "decisions": "why acts were let through: contractHistory",
    "events": "contractHistory",
    "discrepancies": "cases of their own; a record that one freezes says MISSING or LOST itself",
    "loss_cases": "the same",
    "handovers": "lists of many files",
    "handover_lines": "the same",
    "shipments": "the same",
    "stocktakes": "of places, not of files",
    "stocktake_lines": "the same",
    "stocktake_counts": "the same",
    "stocktake_places": "the same",
    "disposal_batches": "lists of many files",
    "disposal_lines": "the same",
    "disposal_approvals": "the same",
    "releases": "who received the papers: contractHistory",
    "settlement_notices": "the notice is a paper of the file",
    "substitutions": "what a request proposed",
    "inspection_reports": "signed papers with versions of their own",
    "report_sign_offs": "the same",
    "contract_element_checks": "append-only, with their instants",
    "contract_element_items": "the same",
    "notices": "what people were told",
    "overdue_steps": "steps of the ladder",
    "seals": "every seal ever used: the seal register",
    "barcodes": "labels of records; the record has its own",
    "scan_copies": "where the bytes of a scan lie",
    "scan_previews": "the same",
    "fixity_findings": "the same",
    "parties": "who is who across the bank",
    "keeper_duties": "who may sit",
    "staff_roles": "who may do what",
    "staff_relations": "the same",
    "delegations": "the same",
    "read_grants": "the same",
    "idempotency_keys": "keys of acts",
    "policy_parameters": "what the bank sets for itself",
    "access_log": "who saw what: whoSaw",
    "exports": "what was handed out of it: whoSaw",
    "ticket_counters": "numbers",
    "chains": "heads of chains",
    "search_terms": "an index",
    "stocktake_findings": "of stocktakes",
}


def test_every_table_that_hangs_on_a_file_is_in_it_or_left_out_for_a_reason() -> None:
    hanging, ours = set(), set(plain.FILE)
    for table in tables.metadata.tables.values():
        if any(key.column.table.name in ours for key in table.foreign_keys):
            hanging.add(table.name)
    assert hanging - ours - set(LEFT_OUT) == set()
    read = {table.name for table, _ in ROWS.values()} | {"loan_classifications", "collateral_valuations"}  # those two are put into rows
    assert read == ours


async def test_every_table_of_a_file_keeps_its_versions(bank: World) -> None:
    versioned = {
        r["t"] for r in await bank.root.fetch("select tgrelid::regclass::text as t from pg_trigger where tgname = 'tg_row_version'")
    }
    assert set(plain.FILE) <= versioned


async def test_every_table_of_a_file_is_found_by_the_function(bank: World) -> None:
    """A table that `loan_file` forgot would be an empty list in every answer."""
    loan = await bank.loan()
    async with bank.database.transaction(bank.people["head"]) as conn:
        file = await conn.raw.fetchval("select loan_file($1, clock_timestamp(), clock_timestamp())", loan)
    assert set(file) == set(ROWS)


async def test_periods_never_overlap_whoever_writes_them(bank: World) -> None:
    """PostgreSQL's own constraint, WITHOUT OVERLAPS."""
    asset = await bank.collateral()
    await bank.sql("insert into collateral_valuations (collateral_id, during, amount) values ($1, '[2026-01-01,2026-02-01)', 1)", asset)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await bank.sql("insert into collateral_valuations (collateral_id, during, amount) values ($1, '[2026-01-31,)', 2)", asset)


async def test_a_grade_that_an_import_changes_holds_from_that_day(bank: World) -> None:
    file = await Changing.make(bank, 4)
    await Valuing(bank.database).classify(
        bank.people["risk"], file.loan, Classification.DOUBTFUL, Told(bank.day(-9), "逾期"), key=uuid4().hex
    )
    await bank.sql("update loans set classification = 'LOSS' where id = $1", file.loan)
    rows = await bank.root.fetch("select during, classification from loan_classifications where loan_id = $1 order by during", file.loan)
    today = await bank.sql("select bank_day(clock_timestamp())")
    assert [(r["during"].lower, r["during"].upper, r["classification"]) for r in rows] == [
        (bank.day(-9), today, "DOUBTFUL"), (today, None, "LOSS"),
    ]  # fmt: skip
