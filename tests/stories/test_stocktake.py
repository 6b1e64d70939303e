"""The yearly stocktake: two people count blind; one envelope is missing, one lies in another's slot."""

from typing import Any

from storage.terms import Role
from tests.custody.chapters.stocktakes import shelf
from tests.harness.world import World
from tests.stories.asking import Asking

LIST = """query L($i: ID!) { node(id: $i) { ... on Stocktake { state version placesLeft signedBy { name }
  recounts { location { code } } lines(first: 20) { edges { node { result barcode location { code } foundLocation { code } } } }
  cases { id kind state version record { id } } } } }"""
LOOK = "query L($c: String!) { lookUp(code: $c) { kind } search(text: $c) { kind } archiveRecords(first: 20) { totalCount } }"


def counts(lies: list[tuple[str, Any, Any]]) -> list[dict[str, Any]]:
    """What lies in each slot, as the scanner sends it."""
    return [{"place": code, "items": [{"barcode": label, "sealNo": seal}] if label else []} for code, label, seal in lies]


async def test_the_yearly_stocktake_finds_one_envelope_missing_and_one_misplaced(bank: World, api: Asking) -> None:
    here = bank.branches["A"]
    for name, roles in (("ann", {Role.INSPECTOR}), ("bob", {Role.COLLECTIONS}), ("ops", {Role.OPS_HEAD})):
        if name not in bank.people:
            await bank.hire(name, roles, here.id, (here.id,))
    papers = [(await bank.papers())[0] for _ in range(4)]
    lies = await shelf(bank)  # code of the slot, label and seal of the envelope, as the register has it
    ann, bob, kay = (f"staff_{bank.people[n].staff_id}" for n in ("ann", "bob", "kay"))
    cabinet = f"location_{here.cabinet}"

    # A keeper does not count what they keep. Two others do; from then on the cabinet is frozen.
    assert set(await api.refused("ops", "openStocktake", placeId=cabinet, counterIds=[ann, kay])) == {"STOCKTAKE_TEAM_INVALID"}
    opened = await api.does("ops", "openStocktake", "stocktake { id state placesLeft }", placeId=cabinet, counterIds=[ann, bob])
    take = opened["stocktake"]["id"]
    assert (opened["stocktake"]["state"], opened["stocktake"]["placesLeft"]) == ("OPEN", 4)
    request = (await api.does("officer", "requestCheckout", "request { id version }", recordIds=[f"record_{papers[0]}"],
                              purpose="CERTIFICATE_CHANGE"))["request"]  # fmt: skip
    assert set(await api.refused("head", "approveRequest", requestId=request["id"], expectedVersion=request["version"])) == {
        "RECORD_FROZEN"
    }

    # Blind: the list is nowhere to be seen for the two, however they ask.
    seen = await api.ask("ann", LOOK, c=lies[0][1])
    assert seen == {"lookUp": [], "search": [], "archiveRecords": {"totalCount": 0}}
    assert (await api.ask("bob", LIST, i=take))["node"]["lines"]["edges"] == []
    assert len((await api.ask("kay", LOOK, c=lies[0][1]))["lookUp"]) == 1

    # On the shelf the first slot is empty, and the second envelope lies in it; its own slot is empty.
    found = [(lies[0][0], *lies[1][1:]), (lies[1][0], None, None), *lies[2:]]
    await api.does("ann", "submitCount", "stocktake { state }", stocktakeId=take, counts=counts(found))
    wrong = [*found[:3], (found[3][0], None, None)]  # bob overlooks the last one
    told = await api.does("bob", "submitCount", "stocktake { recounts { location { code } } }", stocktakeId=take, counts=counts(wrong))
    assert told["stocktake"]["recounts"] == [{"location": {"code": found[3][0]}}]
    assert set(await api.refused("ops", "compareCounts", stocktakeId=take)) == {"COUNT_INCOMPLETE"}
    for who in ("ann", "bob"):
        await api.does(who, "submitCount", "stocktake { placesLeft }", stocktakeId=take, counts=counts(found[3:]))

    # Compared both ways. What is missing is missing, and frozen is what is not as it should be.
    assert set(await api.refused("ops", "signStocktake", stocktakeId=take, expectedVersion="2")) >= {"INVALID_TRANSITION"}
    compared = await api.does("ops", "compareCounts", "stocktake { state } records { id state }", stocktakeId=take)
    (missing,) = compared["records"]
    assert (compared["stocktake"]["state"], missing["state"]) == ("COMPARED", "MISSING")
    listed = (await api.ask("ops", LIST, i=take))["node"]
    assert sorted(e["node"]["result"] for e in listed["lines"]["edges"]) == ["MATCHED", "MATCHED", "MISSING", "WRONG_SLOT"]
    misplaced = next(e["node"] for e in listed["lines"]["edges"] if e["node"]["result"] == "WRONG_SLOT")
    assert (misplaced["location"]["code"], misplaced["foundLocation"]["code"]) == (lies[1][0], lies[0][0])
    cases = {c["kind"]: c for c in listed["cases"]}
    assert set(cases) == {"MISSING", "WRONG_SLOT"} and {c["state"] for c in cases.values()} == {"OPEN"}
    assert cases["MISSING"]["record"]["id"] == missing["id"]

    # It is signed only when each difference is resolved, or has a case with owner, deadline and signature.
    stale = {"stocktakeId": take, "expectedVersion": listed["version"]}
    assert set(await api.refused("ops", "signStocktake", **stale)) == {"STOCKTAKE_OPEN_DISCREPANCY"}
    wrong_slot, gone = cases["WRONG_SLOT"], cases["MISSING"]
    await api.does("kay", "resolveDiscrepancy", "cases { state }", discrepancyId=wrong_slot["id"], expectedVersion=wrong_slot["version"],
                   resolution="已放回原库位")  # fmt: skip
    await api.does("ops", "openCase", "cases { state }", discrepancyId=gone["id"], expectedVersion=gone["version"], ownerId=kay,
                   deadlineOn=bank.due(3).isoformat())  # fmt: skip
    signed = await api.does("ops", "signStocktake", "stocktake { state signedBy { name } }", **stale)
    assert signed["stocktake"] == {"state": "SIGNED", "signedBy": {"name": "ops"}}

    # What was put back moves again; what is missing does not, and core banking hears that it is not in the vault.
    moved = wrong_slot["record"]["id"]
    back = (await api.does("officer", "requestCheckout", "request { id version }", recordIds=[moved], purpose="CERTIFICATE_CHANGE"))[
        "request"
    ]
    await api.approves(back["id"], ["head", "risk"])
    off = "select sum(case direction when 'IN' then 1 else -1 end) from off_balance_entries where record_id = $1::text::uuid"
    assert await bank.sql(off, missing["id"].removeprefix("record_")) == 0
