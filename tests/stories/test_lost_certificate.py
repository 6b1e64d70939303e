"""A certificate is not in its slot: sought, declared lost by two heads, issued anew; then the old one turns up, and is void."""

from typing import Any
from uuid import UUID

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject
from tests.custody.chapters.corrections import scanned
from tests.custody.test_explained import explain
from tests.harness.losses import certificate, in_vault
from tests.harness.world import World
from tests.stories.asking import Asking

LOSS = """query L($i: ID!) { node(id: $i) { ... on LossCase { state outcome version searchLog responsibility notifiedAt
  discrepancy { state resolvedBy { name } owner { name } } reissuedAs { id state } originalNote
  lostOperation { seats { seat staff { name } } } } } }"""


async def test_a_lost_certificate_is_sought_declared_lost_issued_anew_and_its_original_never_comes_back(bank: World, api: Asking) -> None:
    loan, collateral = await bank.loan(), await bank.collateral()
    old = await in_vault(bank, loan, collateral)
    paper = f"record_{old}"

    # The clerk does not find it. The paper is missing, its envelope frozen, core banking hears that it is not in the vault.
    told = await api.does("clerk", "reportMissing", "records { state isFrozen } cases { id version lossCase { id version } }",
                          recordIds=[paper], findings="3号柜 2 层未见")  # fmt: skip
    assert told["records"] == [{"state": "MISSING", "isFrozen": True}]
    (case,), loss = told["cases"], told["cases"][0]["lossCase"]["id"]
    assert await bank.sql("select sum(case direction when 'IN' then 1 else -1 end) from off_balance_entries where record_id = $1", old) == 0

    # The head of operations names who seeks it and by when. Without the whole procedure nobody may call it lost.
    owner = f"staff_{bank.people['kay'].staff_id}"
    opened = await api.does("ops", "openCase", "cases { state owner { name } signedBy { name } }", discrepancyId=case["id"],
                            expectedVersion=case["version"], ownerId=owner, deadlineOn=bank.due(3).isoformat())  # fmt: skip
    assert opened["cases"] == [{"state": "CASE", "owner": {"name": "kay"}, "signedBy": {"name": "ops"}}]
    too_soon = await api.refused("ops", "declareLost", lossCaseId=loss, expectedVersion=case["lossCase"]["version"], statement="遗失")
    assert set(too_soon) == {"LOSS_PROCEDURE_INCOMPLETE"}

    # Its owner tells where it was sought and who answers for it, and compliance is told.
    assert set(await api.refused("clerk", "recordSearch", lossCaseId=loss, log="找过了")) == {"ROLE_REQUIRED"}
    await api.does("kay", "recordSearch", "losses { state }", lossCaseId=loss, log="11月23日全库查找", responsibility="本人保管不当")
    await api.does("kay", "notifyCompliance", "losses { notifiedAt }", lossCaseId=loss)
    notices = "select count(*) from notices where kind = 'LOSS_REPORTED' and staff_id = $1"
    assert await bank.sql(notices, bank.people["compliance"].staff_id) == 1

    # Two heads declare it lost; one of them alone does not.
    now = (await api.ask("ops", LOSS, i=loss))["node"]
    stale = await api.answer("ops", "declareLost", "__typename", lossCaseId=loss, expectedVersion="1", statement="遗失")
    assert stale["__typename"] == "VersionConflict"
    pending = await api.does("ops", "declareLost", "operation { id state } records { state }", lossCaseId=loss,
                             expectedVersion=now["version"], statement="经查找无着")  # fmt: skip
    assert (pending["operation"]["state"], pending["records"][0]["state"]) == ("PENDING", "MISSING")
    await api.confirms(pending["operation"]["id"], ["vice"])
    now = (await api.ask("compliance", LOSS, i=loss))["node"]
    assert (now["state"], [s["staff"]["name"] for s in now["lostOperation"]["seats"]]) == ("LOST", ["ops", "vice"])

    # Another collateral's paper is no successor. The registry's new paper of this car is registered, sealed and taken in.
    stranger, envelope = await certificate(bank, loan, await bank.collateral())
    assert "LOSS_PROCEDURE_INCOMPLETE" in await api.refused("kay", "recordReissue", **await successor(bank, loss, stranger, envelope))
    new, envelope = await certificate(bank, loan, collateral)
    taken = await api.does("kay", "recordReissue", "operation { id }", **await successor(bank, loss, new, envelope))
    await api.confirms(taken["operation"]["id"], ["cody", "clerk"])
    assert [await bank.state(r) for r in (old, new)] == ["REPLACED", "IN_VAULT"]
    now = (await api.ask("officer", LOSS, i=loss))["node"]
    assert (now["state"], now["outcome"], now["reissuedAs"]) == ("CLOSED", "REPLACED", {"id": f"record_{new}", "state": "IN_VAULT"})
    assert now["discrepancy"]["state"] == "RESOLVED"

    # The old one turns up behind a cabinet: it is recorded, stays void, and its number is never registered again.
    await api.does("kay", "recordVoidedOriginal", "losses { originalNote }", lossCaseId=loss, note="柜后发现，已剪角作废")
    assert set(await api.refused("kay", "recordVoidedOriginal", lossCaseId=loss, note="再次")) == {"INVALID_TRANSITION"}
    await _void_for_ever(bank, api, loan, collateral, old, new)
    look = {"recordId": paper, "numbersMatch": True, "pagesMatch": True, "sealIntact": True, "noAlterations": True, "noDamage": True}
    back = await api.refused("kay", "resolveFound", inspections=[{**look, "pagesCounted": 1}], where="柜后")
    assert "INVALID_TRANSITION" in back
    held = Ask(A.PLACE_HOLD, hold_kind=HoldKind.AUDIT, subject_kind=HoldSubject.LOAN, subject=loan, reason="专项审计")
    await bank.done("legal", held)  # the loan goes on living with its new paper
    history = await api.ask("compliance", "query H($i: ID!) { node(id: $i) { ... on FirstTierRecord { custodyEvents(first: 50) "
                            "{ edges { node { tag toState } } } certificate { isLive } } } }", i=paper)  # fmt: skip
    steps = [e["node"]["toState"] for e in history["node"]["custodyEvents"]["edges"] if e["node"]["toState"]]
    assert steps == ["PENDING_INTAKE", "IN_VAULT", "MISSING", "LOST", "REPLACED"] and history["node"]["certificate"] == {"isLive": False}


async def _void_for_ever(bank: World, api: Asking, loan: UUID, collateral: UUID, old: UUID, new: UUID) -> None:
    """Who would register the old paper, or write its number onto the new one, is told beforehand, and refused at the first seat."""
    secures = "insert into loan_collateral (org_id, loan_id, collateral_id, amount) values ($1, $2, $3, 1)"
    await bank.sql(secures, bank.branches["A"].id, loan, collateral)
    row = await bank.root.fetchrow("select k.number, k.kind, k.issuer, a.vin from archive_records r join collateral_certificates k"
                                   " on k.id = r.certificate_id join collateral a on a.id = k.collateral_id where r.id = $1", old)  # fmt: skip
    read = {"number": row["number"], "kind": row["kind"], "issuer": row["issuer"], "issuedOn": "2024-01-05", "vin": row["vin"]}
    paper = {"archiveNo": f"YJ-{bank.tag}-V", "title": "登记证书", "kind": "CERTIFICATE", "pages": 4, "certificate": read}
    where = {"loanId": f"loan_{loan}", "collateralId": f"collateral_{collateral}", "vaultId": f"location_{bank.branches['A'].vault}"}
    mine = await bank.root.fetchrow("select k.id, k.version from archive_records r join collateral_certificates k on k.id = r.certificate_id"
                                    " where r.id = $1", new)  # fmt: skip
    wrong = {"of": {"certificateId": f"certificate_{mine['id']}"}, "field": "number", "newValue": row["number"], "reason": "误录",
             "evidenceScanId": f"scan_{await scanned(bank, new)}", "expectedVersion": str(mine["version"])}  # fmt: skip
    for name, given in (("registerFirstTier", {**where, "papers": [paper]}), ("proposeCorrection", wrong)):
        told = await explain(api, "officer", name, given)
        assert [(c["rule"], c["code"]) for c in told["checks"] if not c["passed"]] == [("C44", "CERTIFICATE_NUMBER_VOID")]
        (refused,) = (await api.refused("officer", name, **given)).values()
        assert refused["code"] == "CERTIFICATE_NUMBER_VOID" and "recordVoidedOriginal" in refused["remedy"]


async def successor(bank: World, loss: str, record: Any, envelope: Any) -> dict[str, Any]:
    placed = [{"envelopeId": f"envelope_{envelope}", "locationId": f"location_{await bank.slot()}"}]
    return {"lossCaseId": loss, "recordId": f"record_{record}", "placements": placed}
