"""Where a keeper cannot come (C1): the head of operations and the vice president sit, by the API, and somebody else looks at it."""

from tests.custody.handing import opened, placed, seal
from tests.custody.releasing import Case
from tests.harness.losses import certificate, in_vault, lost, missing
from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.conftest import api as api

WHY = "库房漏水，保管员未到"
PENDING = "operation { id state openSeats emergencyReason review { reason reviewedAt } }"
LOOKED = {"numbersMatch": True, "pagesMatch": True, "sealIntact": True, "noAlterations": True, "noDamage": True, "pagesCounted": 1}


async def carried_out(api: Asking, name: str, people: list[str], **given: object) -> None:
    """Without the reason the substitute has no seat; with it the act is done, and its review is open."""
    first, *rest = people
    assert "ROLE_REQUIRED" in await api.refused(first, name, **given)
    told = (await api.does(first, name, PENDING, **given, emergency=WHY))["operation"]
    assert told["emergencyReason"] == WHY and told["review"] == {"reason": WHY, "reviewedAt": None}
    done = await api.confirms(told["id"], rest)
    assert done["operation"]["state"] == "DONE"


async def test_papers_are_released_in_an_emergency(bank: World, api: Asking) -> None:
    case = await (await Case.make(bank)).ready()
    request = f"request_{case.request}"
    given = {"requestId": request, "barcodes": await api.barcodes(case.papers), "receiptScanId": f"scan_{case.receipt}"}
    await carried_out(api, "releaseOnSettlement", ["ops", "vice", "clerk", "teller"], **given, expectedVersion=await api.version(request))
    assert await bank.state(case.papers[0]) == "RELEASED"


async def test_papers_are_handed_over_in_an_emergency_at_both_ends(bank: World, api: Asking) -> None:
    papers = await bank.papers()
    handover, records = f"handover_{await opened(bank, papers)}", [f"record_{p}" for p in papers]
    given = {"handoverId": handover, "recordIds": records}
    await carried_out(api, "sendHandover", ["ops", "vice", "clerk"], **given, sealNo=seal(bank))
    assert await bank.state(papers[0]) == "IN_TRANSIT"
    slots = [{"envelopeId": f"envelope_{p.envelope}", "locationId": f"location_{p.location}"} for p in await placed(bank, papers, "B")]
    await carried_out(api, "acknowledgeHandoverLines", ["vice_b", "ops_b", "clerk_b"], **given, placements=slots)
    assert await bank.state(papers[0]) == "IN_VAULT"


async def test_what_was_sent_is_taken_back_in_an_emergency(bank: World, api: Asking) -> None:
    papers = await bank.papers()
    handover = f"handover_{await opened(bank, papers)}"
    sent = await api.does("kay", "sendHandover", "operation { id }", handoverId=handover, sealNo=seal(bank))
    await api.confirms(sent["operation"]["id"], ["cody", "clerk"])
    slots = [{"envelopeId": f"envelope_{p.envelope}", "locationId": f"location_{p.location}"} for p in await placed(bank, papers, "A")]
    await carried_out(api, "recallHandover", ["ops", "vice", "clerk"], handoverId=handover, placements=slots)
    assert await bank.state(papers[0]) == "IN_VAULT"


async def test_what_is_found_goes_back_in_an_emergency(bank: World, api: Asking) -> None:
    (paper,) = await bank.papers()
    await missing(bank, paper)
    given = {"inspections": [{"recordId": f"record_{paper}", **LOOKED}], "where": "柜后"}
    await carried_out(api, "resolveFound", ["ops", "vice", "clerk"], **given)
    assert await bank.state(paper) == "IN_VAULT"


async def test_what_was_reissued_enters_in_an_emergency(bank: World, api: Asking) -> None:
    loan, asset = await bank.loan(), await bank.collateral()
    old = await in_vault(bank, loan, asset)
    case = await lost(bank, old)
    new, envelope = await certificate(bank, loan, asset)
    placed_in = [{"envelopeId": f"envelope_{envelope}", "locationId": f"location_{await bank.slot()}"}]
    given = {"lossCaseId": f"loss_{case}", "recordId": f"record_{new}", "placements": placed_in}
    await carried_out(api, "recordReissue", ["ops", "vice", "clerk"], **given)
    assert await bank.state(new) == "IN_VAULT"
