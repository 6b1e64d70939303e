"""A dealer defaults: the car's papers are held for the court, lent to it, and stay there."""

from uuid import UUID

from tests.custody.releasing import Case
from tests.harness.world import World
from tests.stories.asking import Asking


async def test_a_dealer_defaults_and_the_court_keeps_the_papers(bank: World, api: Asking) -> None:
    case = await Case.make(bank)
    paper, loan = f"record_{case.papers[0]}", f"loan_{case.loan}"

    # LEGAL places a hold for the suit; from now on nobody else takes the papers anywhere.
    held = await api.does("legal", "placeHold", "hold { id version isActive }", on={"loanId": loan}, kind="LEGAL", reason="诉讼保全")
    assert held["hold"]["isActive"]
    change = {"recordIds": [paper], "purpose": "CERTIFICATE_CHANGE"}
    assert set(await api.refused("officer", "requestCheckout", **change)) == {"RECORD_ON_HOLD"}

    # The court asks for the original: LEGAL applies, the vice president is among the approvers, the paper goes out.
    made = await api.does(
        "legal", "requestCheckout", "request { id }", recordIds=[paper], purpose="LITIGATION_RESTRUCTURE_WRITEOFF", reason="法院调取原件"
    )
    request = made["request"]["id"]
    await api.approves(request, ["head", "risk", "vice"])
    await bank.trusted(UUID(request.removeprefix("request_")), by="legal", days=30)
    out = await api.does(
        "kay", "checkOut", "operation { id }", requestId=request, barcodes=await api.barcodes(case.papers), dueOn=str(bank.due(20))
    )
    await api.confirms(out["operation"]["id"], ["cody", "clerk", "legal"])
    assert await bank.state(case.papers[0]) == "CHECKED_OUT"

    # The judgment: the court keeps it. Without its receipt the file is not closed.
    elsewhere = await api.scans("legal", "RECORD", paper, "权证复印件")
    given = {"requestId": request, "recordIds": [paper], "court": "朝阳区人民法院"}
    assert set(await api.refused("legal", "closeAsSurrendered", **given, receiptScanId=elsewhere)) == {"BAILEE_LETTER_REQUIRED"}
    receipt = await api.scans("legal", "REQUEST", request, "法院签收单")
    opened = await api.does("legal", "closeAsSurrendered", "operation { id openSeats }", **given, receiptScanId=receipt)
    assert opened["operation"]["openSeats"] == ["SECOND"]
    done = await api.confirms(
        opened["operation"]["id"], ["ops"], "operation { state ticket { id } } records { state } release { capacity recipientName state }"
    )
    assert done["records"] == [{"state": "SURRENDERED"}] and done["operation"] == {"state": "DONE", "ticket": None}
    assert done["release"] == {"capacity": "COURT", "recipientName": "朝阳区人民法院", "state": "DONE"}

    # The hold outlives the paper's stay; what left for good is asked for in vain.
    assert "INVALID_TRANSITION" in await api.refused("officer", "requestCheckout", **change)
    events = "query E($r: ID!) { custodyEvents(first: 50, where: { recordId: { eq: $r } }) { edges { node { tag toState } } } }"
    told = await api.ask("legal", events, r=paper)
    assert told["custodyEvents"]["edges"][-1]["node"] == {"tag": "record:surrender:done", "toState": "SURRENDERED"}
