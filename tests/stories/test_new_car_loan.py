"""A new car loan: its certificate is awaited, arrives, is compared, sealed, and goes into the vault; core banking books it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.beginning import entered, read_from

SOON = str(datetime.now(UTC).date() + timedelta(days=5))
OPEN = "query O { offBalanceEntries(first: 5, where: { isOpen: { eq: true } }) { edges { node { id direction state record { id } } } } }"


async def test_a_certificate_comes_weeks_after_the_loan_and_is_kept_like_cash(bank: World, api: Asking) -> None:
    car = await entered(bank, api)
    where, vin = car.where, car.vin

    # The money is paid out; the registry will need some days. The label is printed at once.
    late = bank.day(-3)
    expected = await api.does(
        "officer", "expectPaper", "records { id barcode state ... on FirstTierRecord { expectedBy isAwaitedLate fromWhom } } events { tag }",
        **where, archiveNo=f"YJ-{bank.tag}-1", title="机动车登记证书", kind="CERTIFICATE", expectedBy=str(late), fromWhom="市车辆管理所",
    )  # fmt: skip
    paper = expected["records"][0]
    assert (paper["state"], paper["isAwaitedLate"], paper["barcode"][0]) == ("AWAITED", True, "P")
    assert expected["events"] == [{"tag": "record:expect:done"}]
    overdue = """query L { archiveRecords(first: 5, where: { isAwaitedLate: { eq: true } }) { edges { node { id } } } }"""
    assert [e["node"]["id"] for e in (await api.ask("officer", overdue))["archiveRecords"]["edges"]] == [paper["id"]]

    # It arrives. The first reading has the VIN of another car and no pages: refused, and nothing has changed.
    wrong = await api.refused(
        "officer", "recordArrival", recordId=paper["id"], pages=0, certificate=read_from("LSV-ANOTHER", f"N{bank.tag}")
    )
    assert set(wrong) == {"CERTIFICATE_DATA_MISMATCH", "HANDOVER_LIST_INCOMPLETE"}
    arrived = await api.does(
        "officer", "recordArrival", "records { state pages ... on FirstTierRecord { certificate { number isLive ownerName } } }",
        recordId=paper["id"], pages=4, certificate=read_from(vin, f"N{bank.tag}"),
    )  # fmt: skip
    certificate = {"number": f"N{bank.tag}", "isLive": True, "ownerName": "王小明"}
    assert arrived["records"] == [{"state": "PENDING_INTAKE", "pages": 4, "certificate": certificate}]

    # The receipt of the mortgage registration is registered with it; the same certificate twice is not.
    again = {
        "archiveNo": f"YJ-{bank.tag}-9",
        "title": "机动车登记证书",
        "kind": "CERTIFICATE",
        "pages": 4,
        "certificate": read_from(vin, f"N{bank.tag}"),
    }
    assert set(await api.refused("officer", "registerFirstTier", **where, papers=[again])) == {"DUPLICATE_CERTIFICATE"}
    receipt = {"archiveNo": f"YJ-{bank.tag}-2", "title": "抵押登记回执", "kind": "RECEIPT", "pages": 1, "copies": 2}
    listed = await api.does("officer", "registerFirstTier", "records { id state }", **where, papers=[receipt])
    both = [paper["id"], listed["records"][0]["id"]]

    # The keepers find the copy torn and send both back; they come again.
    by = str(bank.day(30))
    refused = await api.does(
        "kay", "refuseIntake", "records { state expectedBy }", recordIds=[both[1]], reasons="回执破损，请换发", expectedBy=by
    )
    assert refused["records"] == [{"state": "AWAITED", "expectedBy": by}]
    await api.does("officer", "recordArrival", "records { state }", recordId=both[1], pages=1, copies=2)

    # Two keepers seal them into one envelope; with the clerk they carry it into a slot.
    sealing = await api.does("kay", "sealEnvelope", "operation { id openSeats }", recordIds=both, sealNo=f"F{bank.tag}")
    assert sealing["operation"]["openSeats"] == ["CODE"]
    sealed = await api.confirms(
        sealing["operation"]["id"], ["cody"], "operation { state } records { ... on FirstTierRecord { envelope { id barcode sealNo } } }"
    )
    envelope = sealed["records"][0]["envelope"]
    assert sealed["operation"]["state"] == "DONE" and envelope["sealNo"] == f"F{bank.tag}"
    slot, taken = await bank.slot(), await bank.papers()
    full = await bank.sql(
        "select e.location_id from sealed_envelopes e join archive_records r on r.envelope_id = e.id where r.id = $1", taken[0]
    )
    given = {"barcodes": [envelope["barcode"]], "deliveredById": f"staff_{bank.people['officer'].staff_id}"}
    occupied = [{"envelopeId": envelope["id"], "locationId": f"location_{full}"}]
    assert set(await api.refused("kay", "intakeToVault", **given, placements=occupied)) == {"SLOT_INVALID"}
    opened = await api.does(
        "kay",
        "intakeToVault",
        "operation { id openSeats }",
        **given,
        placements=[{"envelopeId": envelope["id"], "locationId": f"location_{slot}"}],
    )
    done = "operation { state receipt { receiptNo officer { name } borrower { name } keeper { name } } } records { state onHold }"
    told = await api.confirms(opened["operation"]["id"], ["cody", "clerk"], done)
    assert told["records"] == [{"state": "IN_VAULT", "onHold": False}] * 2
    parts = told["operation"]["receipt"]
    assert (parts["keeper"]["name"], parts["officer"]["name"], parts["borrower"]["name"]) == ("kay", "officer", "王小明")

    # Each entry is queued for core banking; it books one and could not book the other yet.
    entries = {
        e["node"]["record"]["id"]: e["node"]["id"]
        for e in (await api.ask("kay", OPEN))["offBalanceEntries"]["edges"]
        if e["node"]["record"]["id"] in both
    }
    assert set(entries) == set(both)
    booked = await api.does(
        "core", "bookOffBalanceEntry", "entry { state serialNo isOpen }", entryId=entries[both[0]], state="BOOKED", serialNo="8801"
    )
    assert booked["entry"] == {"state": "BOOKED", "serialNo": "8801", "isOpen": False}
    await api.does("core", "bookOffBalanceEntry", "entry { failure }", entryId=entries[both[1]], state="FAILED", failure="日终处理中")
    assert set(await api.refused("core", "bookOffBalanceEntry", entryId=entries[both[0]], state="BOOKED", serialNo="8802")) == {
        "LEDGER_ENTRY_CLOSED"
    }
    still = {e["node"]["id"] for e in (await api.ask("kay", OPEN))["offBalanceEntries"]["edges"]}
    assert entries[both[1]] in still and entries[both[0]] not in still


async def test_the_number_is_taken_in_branch_b_and_branch_a_is_told_no_more_than_that(bank: World, api: Asking) -> None:
    theirs, ours = await entered(bank, api, "officer_b", "B"), await entered(bank, api)
    number = f"N{bank.tag}"

    def papers(which: str) -> list[dict[str, Any]]:
        return [
            {
                "archiveNo": f"YJ-{bank.tag}-{which}",
                "title": "登记证书",
                "kind": "CERTIFICATE",
                "pages": 4,
                "certificate": read_from((theirs if which == "B" else ours).vin, number),
            }
        ]

    await api.does(
        "officer_b",
        "registerFirstTier",
        "records { id }",
        **theirs.where,
        papers=papers("B"),
    )
    told = await api.answer(
        "officer",
        "registerFirstTier",
        "__typename",
        **ours.where,
        papers=papers("A"),
    )
    assert [v["code"] for v in told["violations"]] == ["DUPLICATE_CERTIFICATE"]
    assert not any(str(secret) in repr(told) for secret in (bank.branches["B"].id, theirs.loan[5:], theirs.asset[11:], theirs.vin))
    taken = [{"archiveNo": f"YJ-{bank.tag}-B", "title": "回执", "kind": "RECEIPT", "pages": 1}]
    told = await api.answer(
        "officer",
        "registerFirstTier",
        "__typename",
        **ours.where,
        papers=taken,
    )
    assert told["problems"] == [{"path": ["papers", "0", "archiveNo"], "code": "TAKEN"}]


async def test_an_electronic_certificate_is_kept_by_its_reference_and_checked_in_the_registry(bank: World, api: Asking) -> None:
    car = await entered(bank, api)
    where, vin = car.where, car.vin

    def paper(**more: Any) -> list[dict[str, Any]]:
        return [
            {
                "archiveNo": f"YJ-{bank.tag}-E",
                "title": "电子抵押登记证明",
                "kind": "CERTIFICATE",
                "pages": 1,
                "certificate": read_from(vin, f"E{bank.tag}", isElectronic=True, **more),
            }
        ]

    assert set(await api.refused("officer", "registerFirstTier", **where, papers=paper())) == {"REGISTRY_REFERENCE_MISSING"}
    made = await api.does("officer", "registerFirstTier", "records { id barcode }", **where, papers=paper(registryReference="DJ-1"))
    record = made["records"][0]
    assert set(await api.refused("kay", "sealEnvelope", recordIds=[record["id"]], sealNo=f"F{bank.tag}")) == {"REGISTRY_REFERENCE_MISSING"}
    opened = await api.does("kay", "intakeToVault", "operation { id }", barcodes=[record["barcode"]], placements=[])
    told = await api.confirms(opened["operation"]["id"], ["cody", "clerk"], "records { state ... on FirstTierRecord { envelope { id } } }")
    assert told["records"] == [{"state": "IN_VAULT", "envelope": None}]
    await api.does(
        "clerk", "recordRegistryCheck", "registryCheck { isValid certificate { registryChecks { reference } } }",
        recordId=record["id"], reference="DJ-1", isValid=True,
    )  # fmt: skip
    paper_one = (await bank.papers())[0]
    assert set(await api.refused("clerk", "recordRegistryCheck", recordId=f"record_{paper_one}", reference="x", isValid=True)) == {
        "REGISTRY_REFERENCE_MISSING"
    }


@pytest.mark.parametrize(
    ("mutation", "given", "path", "code"),
    [
        ("registerFirstTier", {"papers": []}, ["papers"], "EMPTY"),
        ("registerFirstTier", {"papers": [{"archiveNo": "x", "title": "x", "kind": "RECEIPT", "pages": 1}] * 51}, ["papers"], "TOO_MANY"),
        (
            "expectPaper",
            {"archiveNo": " ", "title": "x", "kind": "RECEIPT", "expectedBy": SOON, "fromWhom": "x"},
            ["archiveNo"],
            "EMPTY",
        ),
        (
            "expectPaper",
            {"archiveNo": "x", "title": "x", "kind": "RECEIPT", "expectedBy": SOON, "fromWhom": " "},
            ["fromWhom"],
            "EMPTY",
        ),
    ],
)
async def test_a_list_that_says_too_little_is_told_where(
    bank: World, api: Asking, mutation: str, given: dict[str, Any], path: list[str], code: str
) -> None:
    told = await api.answer("officer", mutation, "__typename", **(await entered(bank, api)).where, **given)
    assert told["problems"] == [{"path": path, "code": code}]


async def test_papers_are_registered_for_a_loan_that_the_collateral_secures_and_in_a_vault(bank: World, api: Asking) -> None:
    where, other = (await entered(bank, api)).where, f"loan_{await bank.loan()}"
    papers = [{"archiveNo": f"YJ-{bank.tag}", "title": "回执", "kind": "RECEIPT", "pages": 1}]
    told = await api.answer("officer", "registerFirstTier", "__typename", **where | {"loanId": other}, papers=papers)
    assert told["problems"] == [{"path": ["collateralId"], "code": "NOT_OF_THIS_LOAN"}]
    slot = f"location_{await bank.slot()}"
    told = await api.answer("officer", "registerFirstTier", "__typename", **where | {"vaultId": slot}, papers=papers)
    assert told["code"] == "NOT_FOUND"
