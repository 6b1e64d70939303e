"""An exception is made once, by two people, and seen by everybody who must: parameters, overrides, corrections, as the API tells them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from storage.terms import Role, Tier
from tests.harness.world import World
from tests.stories.asking import Asking

PARAMETERS = """query P($o: ID) { policyParameters(orgUnit: $o) { name number roles since defaultNumber defaultRoles least most allowedRoles
  inForce { approvedBy { name } orgUnit { id } } history { number roles since } } }"""
REPORT = """query R($d: Date!) { overrideReport(day: $d) { rule code comment record { id } askedBy { name } confirmedBy { name } } }"""
EXPLAIN = """query E($i: CheckOutInput!) { explainCustody(act: { checkOut: $i }) { allowed checks { rule passed overridden
  violation { code overridable overrideRoles } } } }"""
EVENTS = """query E($r: ID!) { custodyEvents(first: 50, where: { recordId: { eq: $r } }) { edges { node { id tag
  decision { action parameters } correctedBy { field newValue reason } } } } }"""


async def test_a_bank_sets_its_own_rules_breaks_one_and_puts_a_title_right(bank: World, api: Asking) -> None:
    here = bank.branches["A"].id
    await bank.hire("boss", {Role.BRANCH_HEAD}, here, (here,))

    # ADMIN proposes that audits wait for the branch head too; COMPLIANCE confirms; everybody reads what will hold and since when.
    name, since = "approval_ranks.second.audit", datetime.now(UTC) + timedelta(minutes=20)
    wrong = await api.answer("admin", "proposePolicy", "operation { id }", key=name, value=3, effectiveFrom=since.isoformat())
    assert wrong["problems"] == [{"path": ["value"], "code": "NOT_ALLOWED"}]
    opened = await api.does(
        "admin", "proposePolicy", "operation { id }", key=name, roles=["BRANCH_HEAD", "CREDIT_DEPT_HEAD"], orgUnitId=f"org_{here}",
        effectiveFrom=since.isoformat(),
    )  # fmt: skip
    await api.confirms(opened["operation"]["id"], ["compliance"])
    for nowhere in ({}, {"o": None}):  # of the whole bank
        told = {p["name"]: p for p in (await api.ask("officer", PARAMETERS, **nowhere))["policyParameters"]}
        assert told[name]["roles"] == ["CREDIT_DEPT_HEAD"] and told[name]["history"] == []
    now = {p["name"]: p for p in (await api.ask("officer", PARAMETERS, o=f"org_{here}"))["policyParameters"]}
    assert now[name]["roles"] == ["CREDIT_DEPT_HEAD"] and now[name]["since"] is None  # not yet
    assert now[name]["history"][0]["roles"] == ["BRANCH_HEAD", "CREDIT_DEPT_HEAD"]
    assert now["reservation_days"]["number"] == now["reservation_days"]["defaultNumber"] == 2

    # An auditor needs a volume longer than the term: the refusal says who may let it, and one of them does.
    volumes = await bank.volumes()
    request = f"request_{await bank.approved(volumes, tier=Tier.SECOND)}"
    given: dict[str, Any] = {"requestId": request, "barcodes": await api.barcodes(volumes), "dueOn": str(bank.due(45))}
    assert set(await api.refused("archivist", "checkOut", **given)) == {"LOAN_TERM_EXCEEDED"}
    asked = {"overrides": [{"rule": "C21", "comment": "年度审计延期"}]}
    told = (await api.ask("archivist", EXPLAIN, i={**given, **asked, "idempotencyKey": "-"}))["explainCustody"]
    assert told["allowed"] and [c["rule"] for c in told["checks"] if c["overridden"]] == ["C21"]
    told = (await api.ask("archivist", EXPLAIN, i={**given, "idempotencyKey": "-"}))["explainCustody"]
    (broken,) = [c["violation"] for c in told["checks"] if not c["passed"]]
    assert broken == {"code": "LOAN_TERM_EXCEEDED", "overridable": True, "overrideRoles": ["BRANCH_HEAD", "VICE_PRESIDENT"]}
    opened = await api.does("archivist", "checkOut", "operation { id state openSeats proposedOverrides }", **given, **asked)
    assert opened["operation"]["openSeats"] == ["OVERRIDE"] and "年度审计延期" in opened["operation"]["proposedOverrides"]
    done = await api.confirms(opened["operation"]["id"], ["boss"], "operation { state overrides { rule } } records { id state }")
    assert done["operation"] == {"state": "DONE", "overrides": [{"rule": "C21"}]} and done["records"][0]["state"] == "CHECKED_OUT"
    today = await bank.sql("select bank_day(overridden_at) from overrides where record_id = $1", volumes[0])  # midnight may have come since
    (line,) = [
        o for o in (await api.ask("compliance", REPORT, d=str(today)))["overrideReport"] if o["record"]["id"] == f"record_{volumes[0]}"
    ]
    assert (line["rule"], line["comment"], line["askedBy"]["name"], line["confirmedBy"]["name"]) == (
        "C21",
        "年度审计延期",
        "archivist",
        "boss",
    )

    # COMPLIANCE reads with the event what was judged by; the branch does not.
    events = (await api.ask("compliance", EVENTS, r=f"record_{volumes[0]}"))["custodyEvents"]["edges"]
    out = next(e["node"] for e in events if e["node"]["tag"] == "record:check_out:done")
    assert out["decision"]["action"] == "CHECK_OUT"
    assert {"name": "term_days.audit", "value": 10} in orjson.loads(out["decision"]["parameters"])
    assert all(e["node"]["decision"] is None for e in (await api.ask("head", EVENTS, r=f"record_{volumes[0]}"))["custodyEvents"]["edges"])

    # The archive number was misread when the volume was registered: what the event told is put right beside it, by two people.
    record = f"record_{volumes[0]}"
    scan = await api.scans("officer", "RECORD", record, "封面")
    registered = next(e["node"]["id"] for e in events if e["node"]["tag"] == "record:register:done")
    same = {"reason": "封面编号误读", "evidenceScanId": scan}
    assert set(await api.refused("officer", "proposeCorrection", of={"eventId": registered}, field="to", newValue="FILED", **same)) == {
        "HISTORY_IMMUTABLE"
    }
    for of, field, value in (({"eventId": registered}, "archive_no", "A2-000001"), ({"recordId": record}, "title", "信贷档案（第一卷）")):
        opened = await api.does(
            "officer", "proposeCorrection", "operation { id state } correction { id }", of=of, field=field, newValue=value, **same
        )
        assert opened["operation"]["state"] == "PENDING" and opened["correction"] is None
        done = await api.confirms(
            opened["operation"]["id"], ["head"], "operation { state } correction { newValue oldValue confirmedBy { name } }"
        )
        assert done["correction"]["newValue"] == value and done["correction"]["confirmedBy"] == {"name": "head"}
    events = (await api.ask("compliance", EVENTS, r=record))["custodyEvents"]["edges"]
    assert next(e["node"]["correctedBy"] for e in events if e["node"]["id"] == registered) == [
        {"field": "archive_no", "newValue": "A2-000001", "reason": "封面编号误读"}
    ]
