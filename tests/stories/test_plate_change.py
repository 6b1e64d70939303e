"""A certificate is lent for a plate change under the registry's letter, and comes back as another paper."""

from typing import Any
from uuid import UUID

from server.compliance.events import body_of
from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.beginning import entered, in_vault, read_from

FINE = {"numbersMatch": True, "pagesMatch": True, "sealIntact": True, "noAlterations": True, "noDamage": True, "pagesCounted": 4}
CERTIFICATE = "... on FirstTierRecord { certificate { id number isLive replaces { number } replacedBy { number } } }"


async def lent(bank: World, api: Asking, ids: list[str]) -> None:
    """Asked for, approved, lent to the registry under its letter, presented again by the officer."""
    asked = await api.does(
        "officer", "requestCheckout", "request { id outsideBank }", recordIds=ids, purpose="CERTIFICATE_CHANGE", outsideBank=False
    )
    request = asked["request"]["id"]
    assert asked["request"]["outsideBank"]  # the purpose says so, whatever the officer says
    await api.approves(request, ["head", "risk"])
    codes = await api.barcodes([UUID(i[7:]) for i in ids])
    out = {"requestId": request, "barcodes": codes, "dueOn": str(bank.due(3))}
    assert set(await api.refused("kay", "checkOut", **out)) == {"BAILEE_LETTER_REQUIRED"}
    letter = {
        "requestId": request,
        "letterNo": f"BG{bank.tag}",
        "kind": "REGISTRY",
        "bailee": "市车辆管理所",
        "signedOn": str(bank.day(-1)),
    }
    early = await api.answer("officer", "registerBaileeLetter", "__typename", **letter, returnBy=str(bank.day(-2)))
    assert early["problems"] == [{"path": ["returnBy"], "code": "OUT_OF_RANGE"}]
    told = await api.does(
        "officer",
        "registerBaileeLetter",
        "baileeLetter { letterNo kind bailee request { baileeLetters { letterNo } } }",
        **letter,
        returnBy=str(bank.day(30)),
    )
    assert told["baileeLetter"]["request"]["baileeLetters"] == [{"letterNo": f"BG{bank.tag}"}]
    again = await api.answer("officer", "registerBaileeLetter", "__typename", **letter, returnBy=str(bank.day(30)))
    assert again["problems"] == [{"path": ["letterNo"], "code": "TAKEN"}]
    opened = await api.does("kay", "checkOut", "operation { id }", **out)
    await api.confirms(opened["operation"]["id"], ["cody", "clerk", "officer"])
    await api.does("kay", "presentReturn", "records { state }", barcodes=codes, broughtById=f"staff_{bank.people['officer'].staff_id}")


async def test_a_new_certificate_takes_the_place_of_the_old_one(bank: World, api: Asking) -> None:
    car = await entered(bank, api)
    (old, receipt), envelope = await in_vault(bank, api, car, receipt=True)
    where, vin = car.where, car.vin
    await lent(bank, api, [old, receipt])

    # It cannot come back as it went: its number is another, and the mortgage entry must be on it.
    seen = [{"recordId": old, **FINE}, {"recordId": receipt, **FINE, "pagesCounted": 1}]
    assert set(await api.refused("kay", "acceptReturn", inspections=seen)) == {"MORTGAGE_ENTRY_MISSING"}
    paper = {
        "archiveNo": f"YJ-{bank.tag}-3",
        "title": "登记证书（换证）",
        "kind": "CERTIFICATE",
        "pages": 4,
        "certificate": read_from(vin, f"NEW{bank.tag}"),
    }
    made = await api.does("officer", "registerFirstTier", "records { id state }", **where, papers=[paper])
    new = made["records"][0]["id"]
    given = {"changes": [{"recordId": old, "newRecordId": new, "plateNo": "京A12345"}], "sealNo": f"F{bank.tag}2"}

    def inspected(**of_new: Any) -> list[dict[str, Any]]:
        return [{"recordId": new, **FINE, **of_new}, {"recordId": receipt, **FINE, "pagesCounted": 1}]

    hidden = await api.refused("kay", "acceptChangedReturn", **given, inspections=inspected(showsMortgage=False))
    assert set(hidden) == {"MORTGAGE_ENTRY_MISSING"}  # the fraud of plate and owner changes
    used = await api.refused(
        "kay", "acceptChangedReturn", **(given | {"sealNo": f"F{bank.tag}1"}), inspections=inspected(showsMortgage=True)
    )
    assert set(used) == {"SEAL_NUMBER_INVALID"}
    both = given | {"changes": [{"recordId": old, "newRecordId": new, "certificate": read_from(vin, "x")}]}
    told = await api.answer("kay", "acceptChangedReturn", "__typename", **both, inspections=inspected())
    assert told["problems"] == [{"path": ["changes", "0"], "code": "ONE_OF"}]

    opened = await api.does("kay", "acceptChangedReturn", "operation { id openSeats }", **given, inspections=inspected(showsMortgage=True))
    assert opened["operation"]["openSeats"] == ["CODE", "CLERK"]
    told = await api.confirms(
        opened["operation"]["id"], ["cody", "clerk"], f"operation {{ state }} records {{ id state {CERTIFICATE} }} checkouts {{ phase }}"
    )
    found = {r["id"]: r for r in told["records"]}
    assert {i: r["state"] for i, r in found.items()} == {old: "REPLACED", receipt: "IN_VAULT", new: "IN_VAULT"}
    assert found[new]["certificate"]["replaces"] == {"number": f"OLD{bank.tag}"} and found[new]["certificate"]["isLive"]
    assert found[old]["certificate"]["replacedBy"] == {"number": f"NEW{bank.tag}"} and not found[old]["certificate"]["isLive"]
    now = await api.ask("kay", "query E($i: ID!) { node(id: $i) { ... on SealedEnvelope { sealNo records { id } } } }", i=envelope)
    assert now["node"]["sealNo"] == f"F{bank.tag}2" and {r["id"] for r in now["node"]["records"]} == {receipt, new}
    assert await bank.sql("select plate_no from collateral where id = $1::text::uuid", where["collateralId"][11:]) == "京A12345"
    # I3: what the register has in balance is what lies in the vault.
    balance = "select sum(case direction when 'IN' then 1 else -1 end) from off_balance_entries where record_id = any($1)"
    assert await bank.sql(balance, [UUID(i[7:]) for i in (old, receipt, new)]) == 2
    # What came back can be lent again; what was replaced cannot.
    await api.does("officer", "requestCheckout", "request { id }", recordIds=[new, receipt], purpose="CERTIFICATE_CHANGE")
    assert set(await api.refused("officer", "requestCheckout", recordIds=[old], purpose="CERTIFICATE_CHANGE")) == {"INVALID_TRANSITION"}


async def test_the_same_number_with_another_plate_is_a_version_of_the_same_certificate(bank: World, api: Asking) -> None:
    car = await entered(bank, api)
    (old, receipt), _ = await in_vault(bank, api, car, receipt=True)
    await lent(bank, api, [old, receipt])
    issued = str(bank.day(-1))
    data = read_from(car.vin, f"OLD{bank.tag}", issuedOn=issued, registrationNo="DY-2")

    def counted(*pages: int) -> dict[str, Any]:
        seen = [{"recordId": i, **FINE, "pagesCounted": n, "showsMortgage": True} for i, n in zip((old, receipt), pages, strict=True)]
        return {"inspections": seen, "sealNo": f"F{bank.tag}2"}

    given = counted(5, 1)  # the registry has added a page
    short = await api.refused("kay", "acceptChangedReturn", **counted(5, 2), changes=[{"recordId": old, "certificate": data}])
    assert set(short) == {"PAGES_DIFFER"}  # but not to the receipt
    wrong = await api.refused("kay", "acceptChangedReturn", **given, changes=[{"recordId": old, "certificate": data | {"vin": "ANOTHER"}}])
    assert set(wrong) == {"CERTIFICATE_DATA_MISMATCH"}
    opened = await api.does(
        "kay", "acceptChangedReturn", "operation { id }", **given, changes=[{"recordId": old, "certificate": data, "plateNo": "京B1"}]
    )
    told = await api.confirms(
        opened["operation"]["id"],
        ["cody", "clerk"],
        "records { id state ... on FirstTierRecord { certificate { number issuedOn registrationNo version } } }",
    )
    (mine,) = [r for r in told["records"] if r["id"] == old]
    assert mine["state"] == "IN_VAULT" and mine["certificate"] == {
        "number": f"OLD{bank.tag}", "issuedOn": issued, "registrationNo": "DY-2", "version": "2"
    }  # fmt: skip
    kept = "select count(*) from row_versions where table_name = 'collateral_certificates' and content->>'number' = $1"
    assert await bank.sql(kept, f"OLD{bank.tag}") == 2
    rows = await bank.root.fetch("select canonical from events where record_id = $1::text::uuid order by seq", old[7:])
    (change,) = [c for r in rows if (c := body_of(r["canonical"])["detail"].get("changed"))]
    assert (change["registration_no"][1], change["issued_on"][1]) == ("DY-2", issued), change
    words = "select w.words from event_words w join events e on e.id = w.event_id where e.record_id = $1::text::uuid and w.name = 'plate'"
    assert (await bank.sql(words, old[7:])).endswith(" → 京B1"), "a plate stands beside the event, not in it"
    assert all(before != after for before, after in change.values()) and not {"vin", "owner_name", "issuer", "plate_no"} & set(change)
    asked = """query Q($i: ID!) { node(id: $i) { ... on FirstTierRecord {
      certificate { versions { since until registrationNo issuedOn } } collateral { plates { since until plateNo } } } } }"""
    told = (await api.ask("kay", asked, i=old))["node"]
    said, plates = told["certificate"]["versions"], told["collateral"]["plates"]
    assert [(v["registrationNo"], v["issuedOn"]) for v in said][-1] == ("DY-2", issued) and len(said) == 2
    assert said[0]["until"] == said[1]["since"] and said[1]["until"] is None and said[0]["registrationNo"] != "DY-2"
    assert plates[-1]["plateNo"] == "京B1" and len(plates) == 2 and plates[0]["until"] == plates[1]["since"]
