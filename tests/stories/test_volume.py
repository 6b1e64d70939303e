"""A volume from collecting to closed: an element gap on the way, a page that does not agree, a loan that is paid off, retention."""

from typing import Any

from tests.harness.losses import paid_off
from tests.harness.world import World
from tests.stories.asking import Asking

WHOLE = ["PARTIES", "AMOUNT", "CURRENCY", "TERM", "PURPOSE", "REPAYMENT", "PAYEE_ACCOUNT", "GUARANTEE", "VEHICLE", "SIGNATURES", "BANK_SEAL",
         "SIGNING_DATE", "FACE_TO_FACE", "ALTERATIONS", "SEAMS_AND_ANNEXES", "INSURANCE"]  # fmt: skip


async def test_a_volume_is_filled_handed_in_whole_taken_over_and_closed_when_the_loan_is_paid_off(bank: World, api: Asking) -> None:
    loan, here = await bank.loan(), bank.branches["A"]
    number = f"HT{bank.tag}"
    contract = await bank.sql(
        "insert into contracts (org_id, number, kind, signed_on, amount) values ($1, $2, 'LOAN', '2024-01-01', 100000) returning id",
        here.id,
        number,
    )
    await bank.sql("insert into loan_contracts (org_id, loan_id, contract_id) values ($1, $2, $3)", here.id, loan, contract)

    # The officer begins a volume and lists two papers.
    made = await api.does(
        "officer", "registerSecondTier", "records { id state archiveNo barcode }", loanId=f"loan_{loan}", title="个人汽车贷款档案"
    )
    volume = made["records"][0]["id"]
    empty = await api.refused("officer", "submitVolume", recordIds=[volume])
    assert set(empty) == {"HANDOVER_LIST_INCOMPLETE", "CONTRACT_ELEMENTS_INCOMPLETE"}
    paper = {"recordId": volume, "copies": 1, "isOriginal": True}
    one = await api.does("officer", "addFileItem", "items { id position }", **paper, title="借款合同", pages=12, documentType="CONTRACT",
                         contractId=f"contract_{contract}")  # fmt: skip
    two = await api.does("officer", "addFileItem", "items { id position }", **paper, title="收入证明", pages=2, documentType="INCOME_PROOF")
    assert [x["items"][0]["position"] for x in (one, two)] == [1, 2]

    # The check finds the penalty rate missing: that blocks. The registration comes later: that has a deadline.
    fine = [{"element": e, "result": "PRESENT"} for e in WHOLE]
    none = [{"element": e, "result": "NOT_APPLICABLE", "reason": "无此情形"} for e in ("AGENT_AUTHORITY", "LIABILITY_CLAUSES")]
    given: dict[str, Any] = {"contractId": f"contract_{contract}", "items": [*fine, *none, {"element": "RATE", "result": "MISSING"}]}
    found = await api.does("officer", "recordElementCheck", "check { isWhole gaps { element grade deadlineAt } }", **given)
    assert found["check"]["isWhole"] is False
    assert {g["element"]: (g["grade"], g["deadlineAt"] is not None) for g in found["check"]["gaps"]} == {
        "RATE": ("BLOCKING", False), "REGISTRATION": ("CORRECTABLE", True)}  # fmt: skip
    assert set(await api.refused("officer", "submitVolume", recordIds=[volume])) == {"CONTRACT_ELEMENTS_INCOMPLETE"}

    # Put right, it is handed in. Elements that are not named again stay as they were.
    again = {"contractId": f"contract_{contract}", "items": [{"element": "RATE", "result": "PRESENT"}]}
    await api.does("officer", "recordElementCheck", "check { isWhole }", **again)
    await api.does("officer", "submitVolume", "records { state }", recordIds=[volume])
    seen = await api.ask(
        "officer", "query C($n: String!) { contract(by: { number: $n }) { elementCheck { isWhole gaps { element } } } }", n=number
    )
    assert seen["contract"]["elementCheck"] == {"isWhole": True, "gaps": [{"element": "REGISTRATION"}]}

    # The archivist counts another page than the list, gives it back, and takes it over when it agrees.
    ticks = [{"itemId": one["items"][0]["id"], "pages": 12}, {"itemId": two["items"][0]["id"], "pages": 1}]
    taking = {"recordId": volume, "locationId": f"location_{here.cabinet}"}
    assert set(await api.refused("archivist", "acceptVolume", **taking, items=ticks)) == {"HANDOVER_NOT_ACKNOWLEDGED"}
    back = await api.does("archivist", "returnVolume", "records { state }", recordIds=[volume], reasons="收入证明缺一页")
    assert back["records"][0]["state"] == "COLLECTING"
    await api.does("officer", "submitVolume", "records { state }", recordIds=[volume])
    ticks[1]["pages"] = 2
    kept = await api.does("archivist", "acceptVolume", "records { state pages version }", **taking, items=ticks)
    assert (kept["records"][0]["state"], kept["records"][0]["pages"]) == ("FILED", 14)

    # Only a loan that has ended closes its volume; it is kept from the first of January after, never shorter than its term asks for.
    close = {"recordId": volume, "expectedVersion": kept["records"][0]["version"]}
    assert set(await api.refused("archivist", "closeVolume", **close)) == {"LOAN_NOT_SETTLED"}
    await paid_off(bank, loan)
    assert set(await api.refused("archivist", "closeVolume", **close, retentionClass="FIVE_YEARS")) == {"RETENTION_NOT_EXPIRED"}
    told = await api.does("archivist", "closeVolume", "records { state ... on SecondTierRecord { retentionClass cutoffAt } }", **close)
    assert (told["records"][0]["state"], told["records"][0]["retentionClass"]) == ("CLOSED_VOLUME", "TWENTY_YEARS")
    assert told["records"][0]["cutoffAt"][4:].startswith("-12-31T16:00:00")  # the first of January in Shanghai
    early = await api.refused("archivist", "proposeDisposal", recordIds=[volume], reason="无保存价值")
    assert set(early) == {"RETENTION_NOT_EXPIRED"} and early["RETENTION_NOT_EXPIRED"]["earliestAt"]
    again = await api.does("archivist", "reopenVolume", "records { state }", recordIds=[volume], reason="补入材料")
    assert again["records"] == [{"state": "FILED"}]
