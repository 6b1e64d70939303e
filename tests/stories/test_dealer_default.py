"""A dealer defaults: the car's papers are held for the court, lent to it, and stay there."""

from uuid import UUID

from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.beginning import entered, in_vault


async def test_a_dealer_defaults_and_the_court_keeps_the_papers(bank: World, api: Asking) -> None:
    car = await entered(bank, api)
    other = await entered(bank, api, owner=car.owner)
    ((paper,), _), ((another,), _) = await in_vault(bank, api, car), await in_vault(bank, api, other, more="X")
    kept = UUID(paper.removeprefix("record_"))
    dealer = await bank.sql(  # core banking knows who sold the cars
        "insert into dealers (code, name, unified_credit_code) values ($1, '某某汽车销售有限公司', '91110000600037341L') returning id",
        f"D{bank.tag}",
    )
    await bank.sql(
        "update loans set dealer_id = $1 where id = any($2::uuid[])", dealer, [UUID(c.loan.removeprefix("loan_")) for c in (car, other)]
    )

    # The dealer does not answer for the cars it sold. LEGAL places a hold on it for the suit; from now on nobody else takes the papers
    # of any of its loans anywhere.
    held = await api.does(
        "legal", "placeHold", "hold { id version isActive }", on={"dealerId": f"dealer_{dealer}"}, kind="LEGAL", reason="诉讼保全"
    )
    assert held["hold"]["isActive"]
    change = {"recordIds": [paper], "purpose": "CERTIFICATE_CHANGE"}
    for held_back in (paper, another):
        assert set(await api.refused("officer", "requestCheckout", **change | {"recordIds": [held_back]})) == {"RECORD_ON_HOLD"}

    # The court asks for the original: LEGAL applies, the vice president is among the approvers, the paper goes out.
    made = await api.does(
        "legal", "requestCheckout", "request { id }", recordIds=[paper], purpose="LITIGATION_RESTRUCTURE_WRITEOFF", reason="法院调取原件"
    )
    request = made["request"]["id"]
    await api.approves(request, ["head", "risk", "vice"])
    lent = {"requestId": request, "barcodes": await api.barcodes([kept]), "dueOn": str(bank.due(20))}
    assert set(await api.refused("kay", "checkOut", **lent)) == {"BAILEE_LETTER_REQUIRED"}
    letter = {"letterNo": f"(2026)京0105民初{bank.number}号", "kind": "COURT", "bailee": "朝阳区人民法院", "signedOn": str(bank.day()),
              "returnBy": str(bank.day(40)), "scanId": await api.scans("legal", "REQUEST", request, "调取函")}  # fmt: skip
    await api.does("legal", "registerBaileeLetter", "baileeLetter { letterNo }", requestId=request, **letter)
    out = await api.does("kay", "checkOut", "operation { id }", **lent)
    await api.confirms(out["operation"]["id"], ["cody", "clerk", "legal"])
    assert await bank.state(kept) == "CHECKED_OUT"

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
