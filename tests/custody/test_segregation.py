"""C1, C3: who takes part are people: applicant, approver and whoever hands out three of them, and whoever is named one who exists."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import Purpose, Role, Tier
from tests.custody.attacking import SEAT, Attack, operation, who
from tests.custody.releasing import SEATED, Case
from tests.custody.test_other_loans import stopped
from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.conftest import api as api


async def approved_by_an_officer(bank: World) -> Case:
    """A release of which one approver is a loan officer too."""
    case, here = await Case.make(bank), bank.branches["A"].id
    await bank.hire("both", {Role.LOAN_OFFICER, Role.CREDIT_DEPT_HEAD}, here, (here,))
    await case.paid()
    await case.notice()
    ask = Ask(A.REQUEST_RELEASE, records=tuple(case.papers), purpose=Purpose.PAID_IN_FULL)
    case.request = UUID((await bank.done("officer", ask))["request"])
    for name in ("both", "risk"):
        await bank.done(name, Ask(A.APPROVE, request=case.request))
    await case.received()
    return case


async def test_who_approved_a_release_is_not_its_officer_and_who_asked_for_it_may_be(bank: World) -> None:
    case = await approved_by_an_officer(bank)
    pending = await bank.seated(case.release, SEATED[:3])
    last = Ask(A.CONFIRM, operation=UUID(pending["operation"]))
    assert await bank.refused("both", last) == [("C3", "SEGREGATION_OF_DUTIES")]
    assert not (await bank.desk.explain(bank.people["both"], last)).allowed
    assert (await bank.done("officer", last))["state"] == "DONE"


async def test_whom_the_papers_are_for_does_not_approve_that_they_get_them(bank: World) -> None:
    ask = Ask(A.REQUEST_CHECKOUT, records=tuple(await bank.papers()), purpose=Purpose.CERTIFICATE_CHANGE, reader=who(bank, "head"))
    approve = Ask(A.APPROVE, request=UUID((await bank.done("officer", ask))["request"]))
    assert await bank.refused("head", approve) == [("C3", "SEGREGATION_OF_DUTIES")]
    assert not (await bank.desk.explain(bank.people["head"], approve)).allowed
    await bank.done("risk", approve)


async def test_postgresql_says_so_past_the_judge(bank: World) -> None:
    case = await approved_by_an_officer(bank)
    seats = ["KEY", "CODE", "CLERK", "OFFICER"]
    op, opened = operation(bank, A.RELEASE, Tier.FIRST, case.papers, seats, case.request)
    await stopped(bank, "tg_operation_seats_c3_releaser", Attack("both", (opened, (SEAT, op, "OFFICER", who(bank, "both")))))


async def test_nothing_is_lent_to_a_service(bank: World, api: Asking) -> None:
    (volume,) = await bank.volumes()
    core = bank.people["core"].staff_id
    await bank.sql("update staff set kind = 'SERVICE' where id = $1", core)
    named: dict[str, Any] = {"recordIds": [f"record_{volume}"], "purpose": "AUDIT", "readerId": f"staff_{core}"}
    for name in ("requestCheckout", "requestReading"):
        told = await api.refused("officer", name, **named)
        assert list(told) == ["SERVICE_NOT_ALLOWED"] and "person" in told["SERVICE_NOT_ALLOWED"]["remedy"]
    seen = await api.ask("officer", "query Q($i: ID!) { node(id: $i) { ... on StaffMember { kind } } }", i=f"staff_{core}")
    assert seen["node"]["kind"] == "SERVICE"
    ask = Ask(A.REQUEST_CHECKOUT, records=(volume,), purpose=Purpose.AUDIT, reader=core)
    assert not (await bank.desk.explain(bank.people["officer"], ask)).allowed


@pytest.mark.parametrize("name", ["requestCheckout", "presentReturn", "intakeToVault", "resolveFound"])
async def test_whoever_is_named_and_is_nobody_is_not_found(bank: World, api: Asking, name: str) -> None:
    nobody = f"staff_{uuid4()}"
    who_: str
    given: dict[str, Any]
    if name == "intakeToVault":
        papers, envelope = await bank.registered()
        barcode = await bank.sql("select barcode from sealed_envelopes where id = $1", envelope)
        placed = [{"envelopeId": f"envelope_{envelope}", "locationId": f"location_{await bank.slot()}"}]
        who_, given = "kay", {"barcodes": [barcode], "placements": placed, "deliveredById": nobody}
    elif name == "resolveFound":
        papers = await bank.volumes()
        await bank.done("clerk", Ask(A.REPORT_MISSING, records=tuple(papers), reason="盘点未见"))
        fine = {"numbersMatch": True, "pagesMatch": True, "sealIntact": True, "noAlterations": True, "noDamage": True, "pagesCounted": 3}
        found = [{"recordId": f"record_{papers[0]}", **fine}]
        who_, given = "archivist", {"inspections": found, "where": "复印室", "foundById": nobody}
    else:
        papers = await bank.volumes()
        if name == "presentReturn":
            await bank.out(papers, tier=Tier.SECOND)
            who_, given = "archivist", {"barcodes": await api.barcodes(papers), "broughtById": nobody}
        else:
            who_, given = "officer", {"recordIds": [f"record_{papers[0]}"], "purpose": "AUDIT", "readerId": nobody}
    assert (await api.answer(who_, name, "__typename", **given))["__typename"] == "NotFound"


async def test_who_did_not_ask_is_told_that_only_the_applicant_takes_it_back(bank: World, api: Asking) -> None:
    request = f"request_{await bank.requests(await bank.volumes(), tier=Tier.SECOND)}"
    seen = await api.version(request, "head")
    told = await api.refused("head", "cancelRequest", requestId=request, expectedVersion=seen, reason="不再需要")
    assert "only they take back" in told["ROLE_REQUIRED"]["remedy"]
