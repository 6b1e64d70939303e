"""A customer pays early by transfer, the transfer bounces, and the car's papers go home only when the money is there."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from storage.terms import Role
from tests.custody.releasing import ago
from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.beginning import PERSON, entered, in_vault

ZERO = {"principal": "0", "interest": "0", "fees": "0", "overdue": "0", "daysOverdue": 0}
POSITION = "position { id } loan { status settlementFinalAt }"


async def test_an_early_payoff_bounces_and_the_papers_go_home_when_it_is_final(bank: World, api: Asking) -> None:
    await bank.hire("teller", {Role.LOAN_OFFICER}, bank.branches["A"].id, (bank.branches["A"].id,))
    car = await entered(bank, api)
    (paper,), _ = await in_vault(bank, api, car)
    loan, kept = car.loan, UUID(paper.removeprefix("record_"))

    # The transfer arrives; it may still bounce, so no notice is issued.
    paid = await core_says(api, loan, settledAt=ago(days=1).isoformat(), payoffKind="TRANSFER")
    assert paid["loan"]["status"] == "SETTLED" and datetime.fromisoformat(paid["loan"]["settlementFinalAt"]) > datetime.now(UTC)
    told = await api.refused("officer", "issueSettlementNotice", loanId=loan)
    assert set(told) == {"PAYOFF_NOT_FINAL"} and told["PAYOFF_NOT_FINAL"]["earliestAt"] == paid["loan"]["settlementFinalAt"]

    # The officer asks in good time, the heads approve, the paper is reserved; the desk does not let it go.
    request = await asked_and_approved(api, paper)
    barcodes = await api.barcodes([kept])
    receipt = await api.scans("clerk", "REQUEST", request, "退还签收单")
    given = {"requestId": request, "barcodes": barcodes, "receiptScanId": receipt}
    too_early = await api.refused("kay", "releaseOnSettlement", **given, expectedVersion=await api.version(request))
    assert set(too_early) == {"PAYOFF_NOT_FINAL", "SETTLEMENT_NOTICE_MISSING", "RECIPIENT_NOT_VERIFIED"}

    # The transfer bounces: approvals are void, the request lapses, the paper lies in the vault as before.
    back = await core_says(
        api, loan, fields="requests { id state } cases { id } events { tag }", principal="80000", interest="120.50",
        reversalOfId=paid["position"]["id"],
    )  # fmt: skip
    assert back["loan"] == {"status": "ACTIVE", "settlementFinalAt": None}
    assert back["requests"] == [{"id": request, "state": "LAPSED"}] and back["cases"] == []
    assert {"loan:reverse_payoff:done", "record:lapse:done"} <= {e["tag"] for e in back["events"]}
    assert await bank.state(kept) == "IN_VAULT"
    again = await api.refused("kay", "releaseOnSettlement", **given, expectedVersion=await api.version(request))
    assert {"LOAN_NOT_SETTLED", "INVALID_TRANSITION"} <= set(again)
    assert set(await api.refused("officer", "requestRelease", recordIds=[paper], purpose="PAID_IN_FULL")) == {"LOAN_NOT_SETTLED"}

    # The customer pays in cash at the counter: final at once. The notice is issued, scanned and taken into the vault.
    paid = await core_says(api, loan, settledAt=ago(minutes=10).isoformat(), payoffKind="CASH")
    notice = await api.does("officer", "issueSettlementNotice", "notice { id state } paper { id state }", loanId=loan)
    assert (notice["notice"]["state"], notice["paper"]["state"]) == ("ISSUED", "PENDING_INTAKE")
    await api.scans("officer", "RECORD", notice["paper"]["id"], "结清通知书")
    filed = {"barcodes": await api.barcodes([UUID(notice["paper"]["id"][7:])]), "deliveredById": f"staff_{bank.people['officer'].staff_id}"}
    taken = await api.does("kay", "intakeToVault", "operation { id }", **filed, placements=[])
    await api.confirms(taken["operation"]["id"], ["cody", "clerk"])
    waiting = """query W($now: DateTime!) { archiveRecords(first: 10, where: { releaseReadySince: { lt: $now } }) { edges { node { id } } }
      settlementNotices(first: 5) { edges { node { state loan { number } } } } }"""
    found = await api.ask("officer", waiting, now=datetime.now(UTC).isoformat())
    assert [e["node"]["id"] for e in found["archiveRecords"]["edges"]] == [paper]
    assert [e["node"]["state"] for e in found["settlementNotices"]["edges"]] == ["FILED"]

    # The owner comes with an identity card; a stranger with another number is refused.
    request = await asked_and_approved(api, paper)
    shown = {"requestId": request, "capacity": "OWNER", "name": "王小明"}
    assert set(await api.refused("clerk", "verifyRecipient", **shown, identityNumber="110101199003071299")) == {"RECIPIENT_NOT_VERIFIED"}
    verified = await api.does(
        "clerk", "verifyRecipient", "release { state recipientName }", **shown, identityNumber=PERSON["identityNumber"]
    )
    assert verified["release"] == {"state": "DRAFT", "recipientName": "王小明"}

    # Recipient, officer and keeper sign; four people sit; the paper is the customer's again.
    receipt = await api.scans("clerk", "REQUEST", request, "退还签收单")
    seen = await api.version(request)
    given = {"requestId": request, "barcodes": barcodes, "receiptScanId": receipt}
    stale = await api.answer("kay", "releaseOnSettlement", "__typename", **given, expectedVersion=str(int(seen) - 1))
    assert stale["__typename"] == "VersionConflict"  # something else than what was read would be decided
    opened = await api.does("kay", "releaseOnSettlement", "operation { id state openSeats }", **given, expectedVersion=seen)
    assert opened["operation"]["openSeats"] == ["CODE", "CLERK", "OFFICER"]
    done = await api.confirms(
        opened["operation"]["id"], ["cody", "clerk", "teller"],
        "operation { state ticket { ticketNo } } records { state } release { state receiptScan { id } } events { tag }",
    )  # fmt: skip
    assert done["operation"] == {"state": "DONE", "ticket": {"ticketNo": 1}} and done["records"] == [{"state": "RELEASED"}]
    assert done["release"] == {"state": "DONE", "receiptScan": {"id": receipt}}
    assert [e["tag"] for e in done["events"]] == ["record:release:done"]

    # Nothing brings it back; a reversal after that is a case for compliance, and the notice is void.
    late = await core_says(api, loan, fields="notices { state } cases { id kind }", principal="80000", reversalOfId=paid["position"]["id"])
    assert late["notices"] == [{"state": "VOID"}] and [c["kind"] for c in late["cases"]] == ["PAYOFF_REVERSED"]
    assert await bank.state(kept) == "RELEASED"
    tasks = await api.ask("compliance", "{ viewer { tasks(first: 100) { kind subject { ... on Discrepancy { id } } } } }")
    assert {"kind": "SOLVE_CASE", "subject": {"id": late["cases"][0]["id"]}} in tasks["viewer"]["tasks"]


async def core_says(api: Asking, loan: str, *, fields: str = "", **said: Any) -> Any:
    """Core banking's word of now."""
    return await api.does(
        "core", "postLoanPosition", f"{POSITION} {fields}", **{"loanId": loan, "asOf": datetime.now(UTC).isoformat(), **ZERO, **said}
    )


async def asked_and_approved(api: Asking, paper: str) -> str:
    """The loan officer asks, the heads of credit and risk approve: the paper is reserved."""
    made = await api.does("officer", "requestRelease", "request { id kind state }", recordIds=[paper], purpose="PAID_IN_FULL")
    assert (made["request"]["kind"], made["request"]["state"]) == ("RELEASE", "SUBMITTED")
    told = await api.approves(made["request"]["id"], ["head", "risk"])
    assert (told["request"]["state"], told["records"]) == ("APPROVED", [{"state": "RESERVED"}])
    return str(made["request"]["id"])
