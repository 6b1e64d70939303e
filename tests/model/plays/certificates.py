"""Certificates that come back changed, claims of an earlier return, what a registry says: F8b, C25, C54, C55."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import Tier
from tests.harness.losses import in_vault
from tests.harness.world import World
from tests.model import arranging
from tests.model.plays import Play, Spoil
from tests.model.plays.lending import LATE_HOLDER, MISCOUNTED, finding, out, worse
from tests.model.plays.papers import DATA, NEW_SEAL, SEATED, lying, number, waiting
from tests.model.plays.spoiling import by, changed, me, now, row, without
from tests.model.stage import Stage, Try
from tests.stories.beginning import read_from

BACK = """select r.id, r.collateral_id, k.number, a.vin from archive_records r join movements m on m.record_id = r.id and m.closed_at is null
  join collateral a on a.id = r.collateral_id join collateral_certificates k on k.id = r.certificate_id
  where r.id = any($1) and r.state = 'RETURN_PENDING' and m.operation_id is null and cardinality(frozen_kinds(r.id)) = 0"""
CLAIMED = """select m.id, r.tier, r.state, p.username, c.id as claim from return_claims c join movements m on m.id = c.movement_id
  join archive_records r on r.id = m.record_id join staff p on p.id = m.holder_id
  where c.resolved_at is null and m.closed_at is null and r.org_id = any($1) and r.state in ('CHECKED_OUT', 'MISSING') order by m.id"""
ELECTRONIC = """select r.id, c.registry_reference from archive_records r join collateral_certificates c on c.id = r.certificate_id
  where r.org_id = any($1) and c.is_electronic = $2 and r.state in ('IN_VAULT', 'RESERVED') order by r.id"""


def lay_in(stage: Stage) -> None:
    """A certificate that was lent for a change and is presented again."""
    if "cars" not in stage.stock or stage.sql(LATE_HOLDER, me(stage, "officer"), stage.bank.desk.shift):
        return
    if not _back(stage):
        loan, asset, _ = stage.stock["cars"][0]
        paper = stage.run(in_vault(stage.bank, UUID(loan.removeprefix("loan_")), UUID(asset.removeprefix("collateral_"))))
        stage.run(stage.bank.out([paper]))
        stage.run(stage.bank.presented([paper]))
        stage.stock.setdefault("changed", []).append(paper)
        stage.kept.add(paper)


def _back(stage: Stage) -> list[Any]:
    return stage.rows(BACK, stage.stock.get("changed", []))


def _accepted(stage: Stage) -> Iterator[Try]:
    for r in _back(stage):
        given = {"sealNo": number(stage, "F")}
        same = {
            "recordId": f"record_{r['id']}",
            "certificate": read_from(r["vin"], r["number"], issuedOn="2026-11-03"),
            "plateNo": "京A12345",
        }
        yield Try("kay", "acceptChangedReturn", {**given, "changes": [same], "inspections": [finding(stage, r["id"], showsMortgage=True)]})
        for new in waiting(stage):
            if (
                new["kind"] == "CERTIFICATE"
                and new["envelope_id"] is None
                and not new["electronic"]
                and new["collateral_id"] == r["collateral_id"]
            ):
                other = {"recordId": f"record_{r['id']}", "newRecordId": f"record_{new['id']}"}
                seen = [finding(stage, new["id"], showsMortgage=True)]
                yield Try("kay", "acceptChangedReturn", {**given, "changes": [other], "inspections": seen})


def _read(spoil: Spoil) -> Spoil:
    """The same data, wrong on the certificate that came back."""

    def change(stage: Stage, right: Try) -> Try | None:
        (one,) = right.input["changes"]
        if "certificate" not in one:
            return None
        wrong = spoil.change(stage, Try("officer", "recordArrival", {"certificate": one["certificate"]}))
        return wrong and right.but(changes=[one | {"certificate": wrong.input["certificate"]}])

    return Spoil(spoil.sentence, change)


def _of_another_car(stage: Stage, right: Try) -> Try | None:
    (one,) = right.input["changes"]
    back = _back(stage)[0]
    for new in waiting(stage):
        if new["envelope_id"] is None and not new["electronic"] and new["collateral_id"] != back["collateral_id"]:
            other = {"recordId": one["recordId"], "newRecordId": f"record_{new['id']}"}
            return right.but(changes=[other], inspections=[finding(stage, new["id"], showsMortgage=True)])
    return None


# Claims ------------------------------------------------------------------------------------------------------------------------
def _claims(stage: Stage) -> Iterator[Try]:
    if not stage.rows(CLAIMED, stage.ours()):
        for r in out(stage, "CHECKED_OUT"):
            if r["username"] == stage.bank.people["officer"].staff_no:
                yield Try("officer", "claimReturned", {"checkoutId": f"checkout_{r['movement']}", "statement": "上周已交回柜台"})


def _resolutions(stage: Stage) -> Iterator[Try]:
    for m in stage.rows(CLAIMED, stage.ours()):
        who = "kay" if m["tier"] == "FIRST" else "archivist"
        told = {"checkoutId": f"checkout_{m['id']}", "resolution": "RETURNED_BY_HOLDER", "findings": "柜台登记簿有签收"}
        yield Try(who, "resolveClaim", told)


def _here(tier: Tier) -> Callable[[Stage], Iterator[Try]]:
    """What the holder says to have returned lies in the vault, or on its shelf."""

    def offers(stage: Stage) -> Iterator[Try]:
        for m in stage.rows(CLAIMED, stage.ours()):
            if m["tier"] == tier and m["state"] == "CHECKED_OUT":
                told = {"checkoutId": f"checkout_{m['id']}", "resolution": "FOUND_IN_VAULT", "findings": "库内已见"}
                yield Try("kay" if tier is Tier.FIRST else "archivist", "resolveClaim", told)

    return offers


def _out_and_claimed(tier: Tier) -> Callable[[World], Coroutine[Any, Any, object]]:
    async def arrange(bank: World) -> None:
        made = await arranging.out(tier)(bank)
        await bank.done("officer", Ask(A.CLAIM_RETURNED, records=(made,), reason="上周已交回柜台"))

    return arrange


def _movement(what: Try) -> UUID:
    return UUID(what.input["checkoutId"].removeprefix("checkout_"))


def _claimed(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return row(stage, "return_claims", movement_id=_movement(what), claimed_by=me(stage, "officer"), claimed_at=now(stage), statement="x")


def _unclaimed(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return without(stage, "return_claims", "movement_id = $1", _movement(what))


def _own(stage: Stage, what: Try) -> AbstractContextManager[None]:
    claim = stage.sql("select id from return_claims where movement_id = $1 and resolved_at is null", _movement(what))
    return changed(stage, "return_claims", claim, claimed_by=me(stage, what.who))


# Registries ----------------------------------------------------------------------------------------------------------------------
def _checked(stage: Stage) -> Iterator[Try]:
    for r in stage.rows(ELECTRONIC, stage.ours()[:1], True):
        told = {"recordId": f"record_{r['id']}", "reference": r["registry_reference"], "isValid": True}
        yield Try("clerk", "recordRegistryCheck", told)


def _on_paper(stage: Stage, right: Try) -> Try | None:
    found = lying(stage)
    return right.but(recordId=f"record_{found[0]['records'][0]}") if found else None


PLAYS = (
    Play("accept a changed return", _accepted, often=4, spoils=(
        NEW_SEAL, *SEATED, *(_read(s) for s in DATA if s.sentence != "a certificate comes with its data, and nothing else does"),
        Spoil("what goes into the vault after a change was inspected and found right", worse(noDamage=False, findings="破损")),
        Spoil(MISCOUNTED.sentence, lambda stage, right: MISCOUNTED.change(stage, right) if "newRecordId" in right.input["changes"][0] else None),
        Spoil("a certificate that comes back still shows the bank's mortgage entry", worse(showsMortgage=False)),
        Spoil("old and new paper are certificates of one collateral", _of_another_car),
    )),
    Play("claim an earlier return", _claims, (
        Spoil("the recorded holder claims to have returned it", by("legal")),
        Spoil("no claim of this checkout is open already", world=_claimed),
    )),
    Play("resolve a claim", _resolutions, (
        Spoil("a claim is open", world=_unclaimed),
        Spoil("whoever claims does not resolve it", world=_own),
    )),
    *(Play(f"find in its place what was claimed: {tier}", _here(tier), (), _out_and_claimed(tier)) for tier in Tier),
    Play("record a registry check", _checked, (Spoil("a registry is asked about an electronic certificate", _on_paper),)),
)  # fmt: skip
