"""What a hold tells, and whom: everybody that there is one, and what it is on; whose and why only those who may know, and whoever placed it."""

from typing import Any
from uuid import UUID

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject
from tests.harness.world import World
from tests.reading.test_loan_file import ask as ask

TOLD = """query ($where: HoldWhere) { holds(first: 5, where: $where) { edges { node {
  id kind reason liftReason subjectKind isActive liftedAt placedBy { name } liftedBy { name }
  record { id } loan { id } collateral { id } customers { name } dealer { id } } } } }"""
OF_RECORD = "query ($id: ID!) { node(id: $id) { ... on ArchiveRecord { onHold holds { id reason placedBy { name } } } } }"


async def placed(bank: World, by: str, on: HoldSubject, subject: UUID) -> UUID:
    ask = Ask(A.PLACE_HOLD, hold_kind=HoldKind.RECOVERY, subject_kind=on, subject=subject, reason="有争议")
    return UUID((await bank.done(by, ask))["hold"])


async def told(ask: Any, who: str, hold: UUID) -> Any:
    answer = await ask(who, TOLD, where={"id": {"eq": f"hold_{hold}"}})
    assert not answer["errors"]
    (edge,) = answer["data"]["holds"]["edges"]
    return edge["node"]


async def test_whose_it_is_and_why_is_told_to_those_who_may_know_and_to_whoever_placed_it(bank: World, ask: Any) -> None:
    (paper,) = await bank.papers()
    hold = await placed(bank, "risk", HoldSubject.RECORD, paper)
    operation = UUID((await bank.done("legal_two", Ask(A.LIFT_HOLD, hold=hold, reason="已解决")))["operation"])
    for who, knows in (("risk", True), ("legal", True), ("compliance", True), ("auditor", True), ("officer", False), ("head", False)):
        node = await told(ask, who, hold)
        assert (node["isActive"], node["liftedAt"], node["record"]) == (True, None, {"id": f"record_{paper}"})
        assert (node["kind"], node["reason"], node["placedBy"]) == (
            ("RECOVERY", "有争议", {"name": "risk"}) if knows else (None, None, None)
        ), who
    await bank.done("legal", Ask(A.CONFIRM, operation=operation))
    for who, knows in (("risk", True), ("legal_two", True), ("officer", False)):
        node = await told(ask, who, hold)
        assert node["isActive"] is False and node["liftedAt"] is not None
        assert (node["liftReason"], node["liftedBy"]) == (("已解决", {"name": "legal"}) if knows else (None, None)), who


async def test_a_hold_is_found_by_what_it_is_on_and_a_record_has_those_that_cover_it(bank: World, ask: Any) -> None:
    loan, asset = await bank.loan(), await bank.collateral()
    (paper,), (other,) = await bank.papers(loan=loan, collateral=asset), await bank.papers()
    customer = await bank.sql("select customer_id from loans where id = $1", loan)
    on = ((HoldSubject.RECORD, paper), (HoldSubject.LOAN, loan), (HoldSubject.COLLATERAL, asset), (HoldSubject.CUSTOMER, customer))
    holds = [await placed(bank, "risk", kind, subject) for kind, subject in on]
    nodes = [await told(ask, "officer", hold) for hold in holds]
    assert [n["record"] for n in nodes] == [{"id": f"record_{paper}"}, None, None, None]
    assert [n["loan"] for n in nodes] == [None, {"id": f"loan_{loan}"}, None, None]
    assert [n["collateral"] for n in nodes] == [None, None, {"id": f"collateral_{asset}"}, None]
    assert [n["customers"] for n in nodes] == [[], [], [], [{"name": "王小明"}]]
    for where, found in (
        ({"record": {"id": {"eq": f"record_{paper}"}}}, holds[:1]),
        ({"loan": {"id": {"eq": f"loan_{loan}"}}}, holds[1:2]),
        ({"collateral": {"id": {"eq": f"collateral_{asset}"}}}, holds[2:3]),
        ({"customers": {"some": {"id": {"eq": f"customer_{customer}"}}}}, holds[3:]),
        ({"dealer": {"id": {"eq": f"dealer_{asset}"}}}, []),
        ({"orgId": {"eq": f"org_{bank.branches['A'].id}"}, "subjectKind": {"in": ["LOAN"]}}, holds[1:2]),
        ({"orgId": {"eq": f"org_{bank.branches['B'].id}"}}, []),
    ):
        edges = (await ask("officer", TOLD, where=where))["data"]["holds"]["edges"]
        assert [e["node"]["id"] for e in edges] == [f"hold_{h}" for h in found]
    on_paper = {"record": {"id": {"eq": f"record_{paper}"}}}
    for who, found in (("risk", 1), ("legal", 1), ("officer", 0)):  # a filter tells of the kind what the field does, and to nobody else
        for kind in ({"kind": {"eq": "RECOVERY"}}, {"not": {"kind": {"eq": "LEGAL"}}}):
            edges = (await ask(who, TOLD, where={**on_paper, **kind}))["data"]["holds"]["edges"]
            assert len(edges) == found, (who, kind)
    for who, reason in (("officer", None), ("risk", "有争议")):
        node = (await ask(who, OF_RECORD, id=f"record_{paper}"))["data"]["node"]
        assert node["onHold"] is True and [h["id"] for h in node["holds"]] == [f"hold_{h}" for h in holds]
        assert {h["reason"] for h in node["holds"]} == {reason}
    assert (await ask("officer", OF_RECORD, id=f"record_{other}"))["data"]["node"] == {"onHold": False, "holds": []}
