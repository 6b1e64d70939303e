"""Administration: proposed by one, confirmed by another, carried out by PostgreSQL, told in the history, effective at once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.custody.desk import Desk
from server.custody.moves import Ask
from server.settings import Settings
from storage.objects import ObjectStore
from storage.terms import Action as A
from storage.terms import Role, Tier
from tests.harness.web import site
from tests.harness.world import World

SOON = (datetime.now(UTC) + timedelta(days=90)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def run(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    async def run(who: str, name: str, /, **given: Any) -> Any:
        head = name[0].upper() + name[1:]
        more = "staff { name roles } orgUnit { code } locations { code parent { code } }" if name == "confirmOperation" else ""
        query = f"""mutation M($i: {head}Input!) {{ {name}(input: $i) {{ __typename
          ... on {head}Payload {{ operation {{ id state openSeats change }} events {{ tag }} {more} }} ... on Problem {{ code }}
          ... on CustodyViolation {{ violations {{ rule code }} }} ... on InvalidInput {{ problems {{ path code }} }} }} }}"""
        given = {"idempotencyKey": uuid4().hex, **given}
        context = Context(bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables={"i": given})
        result = await schema.execute(query, {"i": given}, context)
        told = orjson.loads(orjson.dumps({"data": result.data, "errors": [e.formatted for e in result.errors or ()]}))
        return told["errors"] or told["data"][name]

    return run


@pytest.fixture
def change(run: Any) -> Any:
    async def change(name: str, /, **given: Any) -> Any:
        opened = await run("admin", name, **given)
        assert opened["__typename"].endswith("Payload") and opened["operation"]["openSeats"] == ["SECOND"], opened
        done = await run("compliance", "confirmOperation", operationId=opened["operation"]["id"])
        assert done["__typename"] == "ConfirmOperationPayload" and done["operation"]["state"] == "DONE", done
        return done

    return change


def staff(bank: World, name: str) -> str:
    return f"staff_{bank.people[name].staff_id}"


async def test_a_new_branch_is_opened_with_its_people_places_and_duties(bank: World, change: Any) -> None:
    head = f"org_{bank.people['admin'].org_id}"
    code = f"N{bank.tag}"
    made = await change("createOrgUnit", code=code, name="新支行", level="BRANCH", parentId=head, hasVault=True)
    assert made["orgUnit"] == {"code": code} and made["events"][0]["tag"] == "org_unit:create:done"
    org = await bank.sql("select id from org_units where code = $1", code)
    made = await change("registerStaff", staffNo=f"{code}1", username=f"{code}-key", name="钥匙", orgUnitId=f"org_{org}",
                        kind="PERSON", roles=["VAULT_KEEPER_KEY"])  # fmt: skip
    assert made["staff"] == {"name": "钥匙", "roles": ["VAULT_KEEPER_KEY"]}
    keeper = await bank.sql("select id from staff where username = $1", f"{code}-key")
    places = [{"kind": "VAULT", "code": f"{code}-V"}, {"kind": "CABINET", "code": f"{code}-C", "parentCode": f"{code}-V"}]
    made = await change("createLocations", orgUnitId=f"org_{org}", locations=places)
    assert sorted(p["code"] for p in made["locations"]) == [f"{code}-C", f"{code}-V"]
    vault = await bank.sql("select id from storage_locations where code = $1", f"{code}-V")
    assert await bank.sql("select vault_id from storage_locations where code = $1", f"{code}-C") == vault
    await change("assignDuty", vaultId=f"location_{vault}", staffId=f"staff_{keeper}", seat="KEY", endsAt=SOON)
    assert await bank.sql("select seat from keeper_duties where staff_id = $1 and during @> now()", keeper) == "KEY"


async def test_a_role_works_at_once_and_is_gone_at_once(bank: World, change: Any) -> None:
    volumes = await bank.volumes()
    request = await bank.requests(volumes, tier=Tier.SECOND)
    assert await bank.refused("clerk", Ask(A.APPROVE, request=request)) == [("C0", "ROLE_REQUIRED"), ("C5", "APPROVAL_INSUFFICIENT")]
    await change("grantRole", staffId=staff(bank, "clerk"), role="CREDIT_DEPT_HEAD")
    await change("revokeRole", staffId=staff(bank, "head"), role="CREDIT_DEPT_HEAD")
    assert ("C0", "ROLE_REQUIRED") in await bank.refused("head", Ask(A.APPROVE, request=request))
    await bank.done("clerk", Ask(A.APPROVE, request=request))


async def test_a_delegate_acts_for_a_time(bank: World, change: Any) -> None:
    volumes = await bank.volumes()
    request = await bank.requests(volumes, tier=Tier.SECOND)
    await change("delegate", fromStaffId=staff(bank, "head"), toStaffId=staff(bank, "vice"), role="CREDIT_DEPT_HEAD", endsAt=SOON)
    await bank.done("vice", Ask(A.APPROVE, request=request))


async def test_a_duty_passes_from_keeper_to_keeper_without_a_gap(bank: World, change: Any) -> None:
    here = bank.branches["A"]
    await bank.hire("kay_two", {Role.VAULT_KEEPER_KEY}, here.id, (here.id,))
    given = {"vaultId": f"location_{here.vault}", "seat": "KEY", "toStaffId": staff(bank, "kay_two"), "endsAt": SOON}
    await change("handOverDuty", fromStaffId=staff(bank, "kay"), **given)
    papers = await bank.root.fetch(
        "select staff_id from keeper_duties where vault_id = $1 and seat = 'KEY' and during @> clock_timestamp()", here.vault
    )
    assert [r[0] for r in papers] == [bank.people["kay_two"].staff_id]


async def test_a_declared_relation_keeps_the_approver_away(bank: World, change: Any) -> None:
    customer, _ = await bank.customer("A")
    volumes = await bank.volumes(loan=await bank.loan("A", customer=customer))
    await change("declareRelation", staffId=staff(bank, "head"), customerId=f"customer_{customer}", kind="SPOUSE")
    request = await bank.requests(volumes, tier=Tier.SECOND)
    assert await bank.refused("head", Ask(A.APPROVE, request=request)) == [("C4", "CONFLICT_OF_INTEREST")]


async def test_nobody_leaves_with_custody_open(bank: World, run: Any, change: Any) -> None:
    await bank.out(await bank.volumes(), tier=Tier.SECOND)
    for holder in ("officer", "kay", "archivist"):
        told = await run("admin", "deactivateStaff", staffId=staff(bank, holder))
        assert told["violations"] == [{"rule": "C32", "code": "CUSTODY_NOT_CLEARED"}], told
    await change("deactivateStaff", staffId=staff(bank, "vice"))
    assert await bank.sql("select active from staff where id = $1", bank.people["vice"].staff_id) is False


async def test_a_parameter_holds_from_its_instant_on_and_for_its_unit(bank: World, change: Any) -> None:
    at = datetime.now(UTC) + timedelta(minutes=11)
    given = {"key": "extensions_max", "value": 0, "orgUnitId": f"org_{bank.branches['A'].id}"}
    await change("proposePolicy", effectiveFrom=at.isoformat().replace("+00:00", "Z"), **given)
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    ask = Ask(A.REQUEST_EXTENSION, records=tuple(volumes), due_on=bank.due(6))
    await bank.done("officer", ask)
    bank.desk = Desk(bank.database, timedelta(minutes=12))
    assert ("C22", "EXTENSION_LIMIT") in await bank.refused("officer", ask)


@pytest.mark.parametrize(
    ("name", "given", "wrong"),
    [
        ("grantRole", {"staffId": "officer", "role": "LOAN_OFFICER"}, ("role", "HELD_ALREADY")),
        ("revokeRole", {"staffId": "officer", "role": "LEGAL"}, ("staffId", "NOTHING_TO_CHANGE")),
        ("delegate", {"fromStaffId": "officer", "toStaffId": "vice", "role": "LEGAL", "endsAt": SOON}, ("role", "NOT_HELD")),
        ("delegate", {"fromStaffId": "officer", "toStaffId": "vice", "role": "LOAN_OFFICER", "endsAt": "2020-01-01T00:00:00Z"},
         ("endsAt", "ENDS_BEFORE_IT_BEGINS")),
        ("proposePolicy", {"key": "nothing", "value": 1, "effectiveFrom": SOON}, ("key", "UNKNOWN_PARAMETER")),
        ("proposePolicy", {"key": "case_days", "value": 99, "effectiveFrom": SOON}, ("value", "OUT_OF_RANGE")),
        ("proposePolicy", {"key": "case_days", "value": 2, "effectiveFrom": "2020-01-01T00:00:00Z"}, ("effectiveFrom", "TOO_SOON")),
    ],
)  # fmt: skip
async def test_a_wrong_change_is_told_at_the_proposal(
    bank: World, run: Any, name: str, given: dict[str, Any], wrong: tuple[str, str]
) -> None:
    given = {key: staff(bank, value) if key.lower().endswith("staffid") else value for key, value in given.items()}
    answer = await run("admin", name, **given)
    assert answer.get("problems") == [{"path": [wrong[0]], "code": wrong[1]}], answer
    assert await bank.sql("select count(*) from operations where opened_by = $1", bank.people["admin"].staff_id) == 0


async def test_nobody_confirms_alone_nor_changes_themself_nor_without_the_role(bank: World, run: Any) -> None:
    await bank.hire("both", {Role.ADMIN, Role.COMPLIANCE}, bank.people["admin"].org_id, (), everywhere=True)
    told = await run("admin", "grantRole", staffId=staff(bank, "admin"), role="LEGAL")
    assert told["violations"] == [{"rule": "C0", "code": "SELF_CHANGE_FORBIDDEN"}]
    opened = await run("both", "grantRole", staffId=staff(bank, "compliance"), role="LEGAL")
    operation = opened["operation"]["id"]
    told = await run("both", "confirmOperation", operationId=operation)
    assert told["violations"] == [{"rule": "C3", "code": "SEGREGATION_OF_DUTIES"}]
    told = await run("compliance", "confirmOperation", operationId=operation)
    assert told["violations"] == [{"rule": "C0", "code": "SELF_CHANGE_FORBIDDEN"}]
    told = await run("auditor", "confirmOperation", operationId=operation)
    assert told["violations"] == [{"rule": "C0", "code": "ROLE_REQUIRED"}, {"rule": "C0", "code": "SEAT_NOT_OPEN"}]
    assert (await run("officer", "grantRole", staffId=staff(bank, "clerk"), role="LEGAL"))[0]["extensions"]["code"] == "FORBIDDEN"
    done = await run("compliance_two", "confirmOperation", operationId=operation)
    assert done["staff"]["roles"].count("LEGAL") == 1


async def test_a_service_gets_no_custody(bank: World, run: Any, change: Any) -> None:
    org = f"org_{bank.branches['A'].id}"
    given = {"staffNo": f"S{bank.tag}", "username": f"svc-{bank.tag}", "name": "核心系统", "orgUnitId": org, "kind": "SERVICE"}
    told = await run("admin", "registerStaff", roles=["ARCHIVIST"], **given)
    assert told["violations"] == [{"rule": "C1", "code": "SERVICE_NOT_ALLOWED"}]
    await change("registerStaff", roles=["SYSTEM"], **given)
    service = await bank.sql("select id from staff where username = $1", given["username"])
    told = await run("admin", "grantRole", staffId=f"staff_{service}", role="VAULT_KEEPER_KEY")
    assert told["violations"] == [{"rule": "C1", "code": "SERVICE_NOT_ALLOWED"}]


async def test_compliance_sees_what_waits_for_it(bank: World, run: Any, schema: ReadingSchema, objects: ObjectStore) -> None:
    await bank.sees_itself_alone()
    await run("admin", "grantRole", staffId=staff(bank, "clerk"), role="LEGAL")
    opened = await bank.sql("select id from operations where opened_by = $1", bank.people["admin"].staff_id)
    query = "{ viewer { tasks(first: 100) { kind subject { id } } } }"
    for who, wanted in (("compliance", 1), ("auditor", 0), ("legal", 0)):
        context = Context(bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables={})
        result = await schema.execute(query, {}, context)
        tasks = orjson.loads(orjson.dumps(result.data))["viewer"]["tasks"]
        assert [(t["subject"] or {}).get("id") for t in tasks].count(f"operation_{opened}") == wanted


async def test_an_examiner_reads_what_was_granted_for_as_long_and_acts_on_nothing(
    bank: World, change: Any, run: Any, told: dict[str, Any], database_name: str, tmp_path: Path
) -> None:
    head = bank.people["admin"].org_id
    examiner = await bank.hire("examiner", {Role.EXAMINER}, head, ())
    loans = [await bank.loan("A"), await bank.loan("B")]
    given = {"staffId": staff(bank, "examiner"), "orgUnitIds": [f"org_{bank.branches['A'].id}"], "reason": "现场检查通知书", "endsAt": SOON}
    query = {
        "query": "query ($i: [ID!]!) { nodes(ids: $i) { id } viewer { seesEverything } }",
        "variables": {"i": [f"loan_{x}" for x in loans]},
    }
    with site(told, database_name, tmp_path) as served:
        async with served.client(examiner.staff_no) as client:
            before = (await client.post("/graphql", json=query)).json()["data"]
            assert before == {"nodes": [None, None], "viewer": {"seesEverything": False}}
            await change("grantReading", **given)
            seen = (await client.post("/graphql", json=query)).json()["data"]["nodes"]
            assert seen == [{"id": f"loan_{loans[0]}"}, None]
            volumes = await bank.volumes(loan=loans[0])
            act = {"query": "mutation ($i: ReportMissingInput!) { reportMissing(input: $i) { ... on CustodyViolation { violations { code } } } }",
                   "variables": {"i": {"recordIds": [f"record_{volumes[0]}"], "findings": "x", "idempotencyKey": "x"}}}  # fmt: skip
            assert (await client.post("/graphql", json=act)).json()["data"]["reportMissing"]["violations"] == [{"code": "ROLE_REQUIRED"}]
            end = "update read_grants set during = tstzrange(lower(during), clock_timestamp()) where staff_id = $1"
            await bank.sql(end, examiner.staff_id)
            assert (await client.post("/graphql", json=query)).json()["data"]["nodes"] == [None, None]
    told_wrong = await run("admin", "grantReading", **{**given, "staffId": staff(bank, "officer")})
    assert told_wrong["problems"] == [{"path": ["role"], "code": "NOT_HELD"}]
