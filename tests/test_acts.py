"""The acts through the schema: payloads read in the transaction, refusals as values, problems translated."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.settings import Settings
from storage.objects import ObjectStore
from storage.terms import Tier
from tests.harness.world import World


@pytest.fixture
def run(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    async def run(who: str, query: str, language: str = "en", **variables: Any) -> Any:
        context = Context(
            bank.people[who], bank.database, bank.desk, objects, Settings(), language=language, query=query, variables=variables
        )
        result = await schema.execute(query, variables, context)
        return orjson.loads(orjson.dumps({"data": result.data, "errors": [e.formatted for e in result.errors or ()]}))

    return run


def field(name: str, payload: str) -> str:
    head = name[0].upper() + name[1:]
    return f"""mutation M($i: {head}Input!) {{ {name}(input: $i) {{ __typename
      ... on {head}Payload {{ replayed {payload} }}
      ... on Problem {{ code message }}
      ... on CustodyViolation {{ violations {{ rule code message remedy recordId requiredRoles earliestAt overridable }} }}
      ... on InvalidInput {{ problems {{ path code message }} }}
      ... on VersionConflict {{ currentVersion }} }} }}"""


CHECK_OUT = field("checkOut", "operation { id state openSeats seats { seat staff { name } } ticket { ticketNo } } records { id state }")
CONFIRM = field(
    "confirmOperation", "operation { state openSeats ticket { ticketNo } } records { state } checkouts { phase } events { tag }"
)


async def test_a_certificate_is_asked_for_approved_handed_out_and_taken_back(bank: World, run: Any) -> None:
    papers = await bank.papers(2)
    ids = [f"record_{p}" for p in papers]
    made = await run("officer", field("requestCheckout", "request { id version state }"),
                     i={"recordIds": ids, "purpose": "CERTIFICATE_CHANGE", "idempotencyKey": "r1"})  # fmt: skip
    request = made["data"]["requestCheckout"]["request"]
    for n, who in enumerate(("head", "risk")):
        version = await bank.sql("select version::text from access_requests where id = $1::text::uuid", request["id"][8:])
        answer = await run(who, field("approveRequest", "request { state version } records { state }"),
                           i={"requestId": request["id"], "expectedVersion": version, "idempotencyKey": f"a{n}"})  # fmt: skip
        assert answer["data"]["approveRequest"]["__typename"] == "ApproveRequestPayload", answer
    assert answer["data"]["approveRequest"]["records"] == [{"state": "RESERVED"}] * 2
    letter = {"requestId": request["id"], "letterNo": f"T{bank.tag}", "kind": "REGISTRY", "bailee": "市车辆管理所", "signedOn": str(bank.due(0)),
              "returnBy": str(bank.due(9)), "idempotencyKey": "l"}  # fmt: skip
    told = await run("officer", field("registerBaileeLetter", "baileeLetter { letterNo } events { tag }"), i=letter)
    assert told["data"]["registerBaileeLetter"]["events"][0] == {"tag": "request:bailee_letter:done"}
    codes = [r["barcode"] for r in await bank.root.fetch("select barcode from archive_records where id = any($1)", papers)]
    out = await run("kay", CHECK_OUT, i={"requestId": request["id"], "barcodes": codes, "dueOn": str(bank.due()), "idempotencyKey": "o"})
    operation = out["data"]["checkOut"]["operation"]["id"]
    assert out["data"]["checkOut"]["operation"]["openSeats"] == ["CODE", "CLERK", "RECEIVER"]
    for who in ("cody", "clerk", "officer"):
        out = await run(who, CONFIRM, i={"operationId": operation, "idempotencyKey": f"c-{who}"})
    told = out["data"]["confirmOperation"]
    assert told["operation"] == {"state": "DONE", "openSeats": [], "ticket": {"ticketNo": 1}}
    assert told["checkouts"] == [{"phase": "OUT"}] * 2 and told["events"][0]["tag"] == "record:check_out:done"
    back = await run("kay", field("presentReturn", "records { state }"),
                     i={"barcodes": codes, "broughtById": f"staff_{bank.people['officer'].staff_id}", "idempotencyKey": "p"})  # fmt: skip
    assert back["data"]["presentReturn"]["records"] == [{"state": "RETURN_PENDING"}] * 2
    fine = {"numbersMatch": True, "pagesMatch": True, "sealIntact": True, "noAlterations": True, "noDamage": True, "pagesCounted": 1}
    first = await run("kay", field("acceptReturn", "operation { id }"),
                      i={"inspections": [{"recordId": i, **fine} for i in ids], "idempotencyKey": "acc"})  # fmt: skip
    operation = first["data"]["acceptReturn"]["operation"]["id"]
    for who in ("cody", "clerk"):
        last = await run(who, CONFIRM, i={"operationId": operation, "idempotencyKey": f"d-{who}"})
    assert last["data"]["confirmOperation"]["records"] == [{"state": "IN_VAULT"}] * 2


async def test_a_replay_answers_the_same_and_says_so(bank: World, run: Any) -> None:
    volumes = await bank.volumes()
    given = {"recordIds": [f"record_{volumes[0]}"], "purpose": "AUDIT", "idempotencyKey": "same"}
    text = field("requestCheckout", "request { id } events { id }")
    first, again = await run("officer", text, i=given), await run("officer", text, i=given)
    assert again["data"]["requestCheckout"].pop("replayed") and not first["data"]["requestCheckout"].pop("replayed")
    assert first == again
    other = await run("officer", text, i={**given, "purpose": "LITIGATION"})
    assert other["data"]["requestCheckout"]["code"] == "IDEMPOTENCY_CONFLICT"


async def test_a_refusal_names_rule_code_and_remedy_in_the_callers_language(bank: World, run: Any) -> None:
    volumes = await bank.volumes()
    given = {"recordIds": [f"record_{volumes[0]}"], "purpose": "CERTIFICATE_CHANGE", "idempotencyKey": "k"}
    told = (await run("officer", field("requestCheckout", "request { id }"), "zh", i=given))["data"]["requestCheckout"]
    assert told["__typename"] == "CustodyViolation" and told["message"] == "保管规则不允许此操作。"
    assert (told["violations"][0]["rule"], told["violations"][0]["code"]) == ("C13", "PURPOSE_NOT_ALLOWED")
    assert told["violations"][0]["remedy"]


async def test_a_stale_version_is_a_version_conflict(bank: World, run: Any) -> None:
    request = await bank.requests(await bank.volumes(), tier=Tier.SECOND)
    given = {"requestId": f"request_{request}", "expectedVersion": "99", "idempotencyKey": "v"}
    told = (await run("head", field("approveRequest", "request { id }"), i=given))["data"]["approveRequest"]
    assert (told["code"], told["currentVersion"]) == ("VERSION_CONFLICT", "1")


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"recordIds": []}, ["recordIds"], "EMPTY"),
        ({"reason": "x" * 2001}, ["reason"], "TOO_LONG"),
        ({"reason": "a\0b"}, ["reason"], "NUL_CHARACTER"),
        ({"idempotencyKey": " "}, ["idempotencyKey"], "EMPTY"),
        ({"idempotencyKey": "k" * 201}, ["idempotencyKey"], "TOO_LONG"),
        ({"recordIds": ["record_x"] * 501}, ["recordIds"], "TOO_MANY"),
    ],
)
async def test_a_wrong_input_is_told_by_path(run: Any, change: dict[str, Any], path: list[str], code: str) -> None:
    given = {"recordIds": ["record_0190"], "purpose": "AUDIT", "idempotencyKey": "k", **change}
    told = (await run("officer", field("requestCheckout", "request { id }"), i=given))["data"]["requestCheckout"]
    assert [(p["path"], p["code"]) for p in told["problems"]] == [(path, code)]


async def test_unknown_foreign_and_other_ids_answer_with_identical_bytes(bank: World, run: Any) -> None:
    foreign = await bank.volumes(letter="B")
    loan = await bank.loan()
    answers = set()
    for id_ in (f"record_{foreign[0]}", "record_00000000-0000-0000-0000-000000000000", f"loan_{loan}", "junk", ""):
        given = {"recordIds": [id_], "purpose": "AUDIT", "idempotencyKey": "k"}
        answers.add(orjson.dumps(await run("officer", field("requestCheckout", "request { id }"), i=given)))
    assert len(answers) == 1 and b"NOT_FOUND" in answers.pop()


async def test_a_role_that_is_not_admitted_is_forbidden(bank: World, run: Any) -> None:
    given = {"requestId": "request_0190", "expectedVersion": "1", "idempotencyKey": "k"}
    told = await run("officer", field("approveRequest", "request { id }"), i=given)
    assert told["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_explain_answers_what_the_mutation_would(bank: World, run: Any) -> None:
    papers = await bank.papers()
    request = await bank.approved(papers)
    barcodes = [await bank.sql("select barcode from archive_records where id = $1", p) for p in papers]
    query = """query E($i: CheckOutInput!, $at: DateTime) { explainCustody(act: { checkOut: $i }, at: $at) { allowed
      checks { rule code sentence passed facts violation { message remedy requiredRoles } } } }"""
    given = {"requestId": f"request_{request}", "barcodes": barcodes, "idempotencyKey": "k"}
    told = (await run("kay", query, i={**given, "dueOn": str(bank.due())}))["data"]["explainCustody"]
    assert told["allowed"] and all(c["passed"] for c in told["checks"])
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    told = (await run("kay", query, i={**given, "dueOn": str(bank.due(31))}, at=later))["data"]["explainCustody"]
    assert {c["code"] for c in told["checks"] if not c["passed"]} >= {"RESERVATION_EXPIRED"}
    told = (await run("officer", query, i=given))["data"]["explainCustody"]
    assert not told["allowed"]
    assert {c["code"] for c in told["checks"] if not c["passed"]} >= {"DUE_DATE_REQUIRED"}


async def test_contract_history_tells_events_and_refusals_and_is_logged(bank: World, run: Any) -> None:
    loan = await bank.loan()
    volumes = await bank.volumes(loan=loan)
    contract = await bank.sql(
        "insert into contracts (org_id, number, kind, signed_on, amount) values ($1, $2, 'LOAN', '2024-01-01', 1) returning id",
        bank.branches["A"].id, f"K{bank.tag}",
    )  # fmt: skip
    await bank.sql("insert into loan_contracts (org_id, loan_id, contract_id) values ($1, $2, $3)", bank.branches["A"].id, loan, contract)
    given = {"recordIds": [f"record_{volumes[0]}"], "purpose": "CERTIFICATE_CHANGE", "idempotencyKey": "no"}
    await run("officer", field("requestCheckout", "request { id }"), i=given)
    await bank.out(volumes, tier=Tier.SECOND)
    query = """query H($by: ContractBy!, $a: String) { contractHistory(by: $by, purpose: AUDIT, first: 4, after: $a) {
      contractId edges { cursor node { kind tag actorName detail seq hash result } } pageInfo { hasNextPage endCursor } } }"""
    seen, after = [], None
    while True:
        page = (await run("compliance", query, by={"number": f"K{bank.tag}"}, a=after))["data"]["contractHistory"]
        seen += [e["node"] for e in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"] or len(seen) > 40:
            break
    tags = [e["tag"] for e in seen]
    assert tags[0] == "record:register:done" and "record:check_out:done" in tags
    assert "REFUSAL" in {e["kind"] for e in seen} and "READ" in {e["kind"] for e in seen}
    denied = await run("officer", query, by={"number": f"K{bank.tag}"})
    assert denied["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_checkout_is_replayed_even_after_its_papers_are_back(bank: World, run: Any) -> None:
    """The barcodes name a reservation that is long gone; the key still knows what was done."""
    volumes = await bank.volumes()
    await bank.approved(volumes, tier=Tier.SECOND)
    code = await bank.sql("select barcode from archive_records where id = $1", volumes[0])
    given = {"barcodes": [code], "dueOn": str(bank.due()), "idempotencyKey": "again"}
    text = field("checkOut", "checkouts { id } events { id }")
    first = (await run("archivist", text, i=given))["data"]["checkOut"]
    await bank.presented(volumes, tier=Tier.SECOND)
    await bank.accepted(volumes, tier=Tier.SECOND)
    assert (await run("archivist", text, i=given))["data"]["checkOut"] == {**first, "replayed": True}
    other = await run("archivist", text, i={**given, "dueOn": str(bank.due(5))})
    assert other["data"]["checkOut"]["__typename"] == "IdempotencyConflict"


async def test_a_proposal_that_makes_ids_is_replayed_under_its_key(bank: World, run: Any) -> None:
    parent = f"org_{bank.branches['A'].id}"
    given = {
        "code": f"S{bank.tag}",
        "name": "分理处",
        "level": "SUB_BRANCH",
        "parentId": parent,
        "hasVault": False,
        "idempotencyKey": "unit",
    }
    text = field("createOrgUnit", "operation { id }")
    first = (await run("admin", text, i=given))["data"]["createOrgUnit"]
    assert (await run("admin", text, i=given))["data"]["createOrgUnit"] == {**first, "replayed": True}


async def test_whoever_finds_a_record_taken_learns_since_when_until_when_and_of_which_unit_is_who_has_it(bank: World, run: Any) -> None:
    (lent,), (kept,), (free,) = [await bank.volumes() for _ in range(3)]
    await bank.out([lent], tier=Tier.SECOND)
    await bank.approved([kept], tier=Tier.SECOND)
    reader, far = bank.people["officer"].staff_id, bank.branches["B"].id
    unit = {"orgUnitId": f"org_{far}", "code": f"B{bank.tag}", "name": "B 支行"}
    held = "code recordId heldBy { orgUnitId code name }"
    refused = field("approveRequest", "request { id }").replace("overridable }", "overridable heldBy { orgUnitId code name } }")
    explained = f"query E($act: CustodyActInput!) {{ explainCustody(act: $act) {{ checks {{ passed violation {{ {held} }} }} }} }}"
    await bank.past_the_triggers(f"update staff set org_id = '{far}' where id = '{reader}'")  # by now the reader works elsewhere
    for paper, code in ((lent, "ALREADY_CHECKED_OUT"), (kept, "RESERVED_BY_OTHER"), (free, None)):
        request = await bank.requests([paper], tier=Tier.SECOND, by="manager")
        version = await bank.sql("select version::text from access_requests where id = $1", request)
        asked = {"requestId": f"request_{request}", "expectedVersion": version, "idempotencyKey": f"k{paper}"}
        why = (await run("head", explained, act={"approveRequest": asked}))["data"]["explainCustody"]
        answer = (await run("head", refused, i=asked))["data"]["approveRequest"]
        ways = ([c["violation"] for c in why["checks"] if not c["passed"]], answer.get("violations", []))
        told = [[(v["code"], v["heldBy"]) for v in way if v["heldBy"]] for way in ways]
        assert told == ([[(code, unit)]] * 2 if code else [[], []]), (code, answer)
    await bank.past_the_triggers(f"update staff set org_id = '{bank.branches['A'].id}' where id = '{reader}'")
