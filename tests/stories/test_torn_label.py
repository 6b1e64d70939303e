"""A label that can no longer be read: a new one is put on, by whoever has the paper in hand, and the old one still tells what it was on."""

from typing import Any
from uuid import uuid4

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import Tier
from tests.harness.world import World
from tests.stories.asking import Asking

LOOK = "query ($c: String!) { lookUp(code: $c) { place isRetired node { ... on Node { id } } } }"
EXPLAIN = """query X($i: ReplaceBarcodeInput!) { explainCustody(act: { replaceBarcode: $i }) {
  allowed checks { passed rule violation { code requiredRoles } } } }"""


async def found(api: Asking, code: str) -> list[tuple[str, bool, str]]:
    told = await api.ask("kay", LOOK, c=code)
    return [(hit["place"], hit["isRetired"], hit["node"]["id"]) for hit in told["lookUp"]]


async def test_a_torn_label_is_replaced_and_the_new_one_is_scanned(bank: World, api: Asking) -> None:
    (paper,) = await bank.papers()
    id_, (old,) = f"record_{paper}", await api.barcodes([paper])
    request = await bank.approved([paper])
    seen = str(await bank.sql("select version from archive_records where id = $1", paper))
    done = await api.does("kay", "replaceBarcode", "records { id barcode state }", recordId=id_, reason="标签撕裂", expectedVersion=seen)
    new = done["records"][0]["barcode"]
    assert done["records"] == [{"id": id_, "barcode": new, "state": "RESERVED"}] and new != old and new[0] == "P"
    assert await found(api, old) == [("BARCODE", True, id_)] and await found(api, new) == [("BARCODE", False, id_)]
    lent = {"requestId": f"request_{request}", "dueOn": str(bank.due(3))}
    assert (await api.answer("kay", "checkOut", "operation { id }", **lent, barcodes=[old]))["__typename"] == "NotFound"
    out = await api.does("kay", "checkOut", "operation { id }", **lent, barcodes=[new])
    await api.confirms(out["operation"]["id"], ["cody", "clerk", "officer"])

    # It comes back with a label that the reader has spoilt.
    again = (await api.does("cody", "replaceBarcode", "records { barcode state }", recordId=id_, reason="污损"))["records"][0]
    assert again["state"] == "CHECKED_OUT"
    officer = f"staff_{bank.people['officer'].staff_id}"
    back = await api.does("kay", "presentReturn", "records { state }", barcodes=[again["barcode"]], broughtById=officer)
    assert back["records"] == [{"state": "RETURN_PENDING"}]
    assert await found(api, old) == [("BARCODE", True, id_)] and await found(api, new) == [("BARCODE", True, id_)]


async def test_whoever_may_not_replace_it_is_told_who_may(bank: World, api: Asking) -> None:
    (paper,), (volume,) = await bank.papers(), await bank.volumes()
    for who, record, role in (("archivist", paper, {"VAULT_KEEPER_KEY", "VAULT_KEEPER_CODE"}), ("kay", volume, {"ARCHIVIST"})):
        given: dict[str, Any] = {"recordId": f"record_{record}", "reason": "标签撕裂"}
        assert set(await api.refused(who, "replaceBarcode", **given)) == {"ROLE_REQUIRED"}
        told = (await api.ask(who, EXPLAIN, i={**given, "idempotencyKey": uuid4().hex}))["explainCustody"]
        broken = [c for c in told["checks"] if not c["passed"]]
        assert not told["allowed"] and [c["rule"] for c in broken] == ["C0"] and set(broken[0]["violation"]["requiredRoles"]) == role
    denied = await api.answer("archivist_b", "replaceBarcode", "records { id }", recordId=f"record_{volume}", reason="标签撕裂")
    assert denied["__typename"] == "NotFound"
    empty = await api.answer("archivist", "replaceBarcode", "records { id }", recordId=f"record_{volume}", reason=" ")
    assert empty["problems"] == [{"path": ["reason"], "code": "EMPTY"}]
    stale = await api.answer(
        "archivist", "replaceBarcode", "records { id }", recordId=f"record_{volume}", reason="破", expectedVersion="9999"
    )
    assert stale["__typename"] == "VersionConflict"


async def test_a_repetition_prints_no_second_label(bank: World, api: Asking) -> None:
    (volume,) = await bank.volumes()
    given = {"recordId": f"record_{volume}", "reason": "字迹不清", "idempotencyKey": uuid4().hex}
    first = await api.does("archivist", "replaceBarcode", "replayed records { barcode }", **given)
    again = await api.does("archivist", "replaceBarcode", "replayed records { barcode }", **given)
    assert (first["replayed"], again["replayed"]) == (False, True) and first["records"] == again["records"]
    assert await bank.sql("select count(*) from barcodes where subject_id = $1", volume) == 2


async def test_what_nobody_has_gets_no_label(bank: World, api: Asking) -> None:
    papers, volumes = await bank.papers(), await bank.volumes()
    await bank.done("kay", Ask(A.REPORT_MISSING, records=tuple(papers), reason="库内未见"))
    refused = await api.refused("kay", "replaceBarcode", recordId=f"record_{papers[0]}", reason="标签撕裂")
    assert set(refused) == {"INVALID_TRANSITION"}
    await bank.out(volumes, tier=Tier.SECOND)
    done = await api.does("archivist", "replaceBarcode", "records { state }", recordId=f"record_{volumes[0]}", reason="标签撕裂")
    assert done["records"] == [{"state": "CHECKED_OUT"}]
