"""Papers from their registration into the vault, and inside it: F0 to F2, F19, envelopes, seals, slots."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import PaperKind
from tests.custody.chapters.papers import VOID_NUMBER
from tests.model import arranging
from tests.model.plays import Change, NotNow, Play, Spoil
from tests.model.plays.spoiling import INTEREST, OFF_DUTY, PENDING, SERVICE, first_record, frozen, me, now, row
from tests.model.stage import Stage, Try
from tests.stories.beginning import read_from

WAITING_MAX = 9  # papers that wait for the vault
WAITING = """select r.id, r.barcode, r.kind, r.envelope_id, r.collateral_id, e.barcode as label, coalesce(c.is_electronic, false) as electronic
  from archive_records r left join sealed_envelopes e on e.id = r.envelope_id left join collateral_certificates c on c.id = r.certificate_id
  where r.org_id = any($1) and r.custody_org_id = r.org_id and r.state = $2 and cardinality(frozen_kinds(r.id)) = 0 and r.id <> all ($3)
  and not exists (select from movements m where m.record_id = r.id and m.closed_at is null) order by r.id"""
LYING = """select e.id, count(*) as papers, array_agg(r.id order by r.id) as records from sealed_envelopes e join archive_records r on r.envelope_id = e.id
  where r.org_id = any($1) and e.location_id is not null group by e.id having bool_and(r.state = 'IN_VAULT' and r.custody_org_id = r.org_id and r.id <> all ($2)
  and frozen_kinds(r.id) <@ $3 and not exists (select from movements m where m.record_id = r.id and m.closed_at is null)) order by e.id"""
EMPTY = """select l.id from storage_locations l where l.vault_id = $1 and l.kind = 'SLOT'
  and not exists (select from sealed_envelopes e where e.location_id = l.id)
  and not exists (select from operations o where o.vault_id = $1 and o.state = 'PENDING' and o.ask::text like '%' || l.id || '%') order by l.id limit 3"""
CERTIFIED = """with made as (insert into collateral_certificates (org_id, collateral_id, number, kind, issuer, issued_on, vin, is_electronic,
  registry_reference) select a.org_id, a.id, $3, 'VEHICLE_TITLE', '车管所', '2026-11-02', a.vin, $4, $5 from collateral a where a.id = $2 returning id)
  update archive_records r set certificate_id = made.id from made where r.id = $1"""
REISSUED = "select exists (select from collateral_certificates where voided_at is not null and org_id = $1)"
VOIDED = "insert into collateral_certificates (org_id, collateral_id, number, kind, issuer, issued_on, is_live, voided_at)" \
         " values ($1, $2, $3, 'VEHICLE_TITLE', '车管所', '2024-01-05', false, now())"  # fmt: skip
TAKEN = """select l.id from storage_locations l where l.vault_id = $1 and exists (select from sealed_envelopes e where e.location_id = l.id) limit 1"""


def lay_in(stage: Stage) -> None:
    """Two cars, each with its loan; empty slots; an envelope of two papers in the vault."""
    bank = stage.bank
    if "cars" not in stage.stock:
        stage.stock["cars"] = [stage.run(arranging.car(bank)) for _ in range(2)]
    while len(stage.rows(EMPTY, bank.branches["A"].vault)) < 3:
        stage.run(bank.slot())
    if not any(e["papers"] > 1 for e in lying(stage)):
        stage.run(bank.papers(2))
    (first, second), loose = [_ids(*one[:2]) for one in stage.stock["cars"]], _loose(stage)
    for of, count in ((first, 2), (second, 1)):
        if sum(r["collateral_id"] == of["collateral"] for r in loose) < count:
            stage.run(bank.unsealed(count, **of))
    if not any(len(e) > 1 for e in _together(stage)):
        stage.run(bank.registered(2, **first))
    for state in ("PENDING_INTAKE", "IN_VAULT"):
        if not any(r["electronic"] for r in waiting(stage, state)):
            record = _certified(stage, electronic=True)
            if state == "IN_VAULT":
                stage.run(bank.seated(Ask(A.INTAKE, records=(record,)), ("kay", "cody", "clerk")))
    if not any(r["kind"] == "CERTIFICATE" for r in loose):
        _certified(stage, electronic=False)
    if not stage.sql(REISSUED, bank.branches["A"].id):
        stage.run(bank.root.execute(VOIDED, bank.branches["A"].id, first["collateral"], number(stage, "C")))


def _ids(loan: str, collateral: str) -> dict[str, UUID]:
    return {"loan": UUID(loan.removeprefix("loan_")), "collateral": UUID(collateral.removeprefix("collateral_"))}


def _certified(stage: Stage, *, electronic: bool) -> UUID:
    """A certificate of the first car, that waits."""
    bank, of = stage.bank, _ids(*stage.stock["cars"][0][:2])
    (record,) = stage.run(bank.unsealed(1, **of, kind=PaperKind.CERTIFICATE))
    reference = number(stage, "E") if electronic else None
    stage.run(bank.root.execute(CERTIFIED, record, of["collateral"], number(stage, "C"), electronic, reference))
    return record


def number(stage: Stage, letter: str) -> str:
    """A number that nobody has."""
    stage.bank.number += 1
    return f"{letter}{stage.bank.tag}-{stage.bank.number}"


def waiting(stage: Stage, state: str = "PENDING_INTAKE") -> list[Any]:
    """Papers that wait, and that nothing else is done with."""
    return stage.rows(WAITING, stage.ours()[:1], state, list(stage.kept))


def lying(stage: Stage, *cases: str) -> list[Any]:
    """Envelopes in their slots that nothing is done with; with cases of these kinds at most."""
    return stage.rows(LYING, stage.ours()[:1], list(stage.kept), list(cases))


def empty(stage: Stage) -> UUID:
    return UUID(str(stage.rows(EMPTY, stage.bank.branches["A"].vault)[0]["id"]))


def _where(stage: Stage, which: int = 0) -> tuple[dict[str, str], str]:
    loan, asset, vin = stage.stock["cars"][which]
    return {"loanId": loan, "collateralId": asset, "vaultId": f"location_{stage.bank.branches['A'].vault}"}, vin


def _certificate(stage: Stage, vin: str, **more: Any) -> dict[str, Any]:
    return read_from(vin, number(stage, "C"), **more)


# Coming in ---------------------------------------------------------------------------------------------------------------------
def _registered(stage: Stage) -> Iterator[Try]:
    if len(waiting(stage)) >= WAITING_MAX:
        return
    for which in (0, 1):
        where, vin = _where(stage, which)
        for kind, certificate in (
            ("CERTIFICATE", _certificate(stage, vin)),
            ("CERTIFICATE", _certificate(stage, vin, isElectronic=True, registryReference=number(stage, "E"))),
            ("RECEIPT", None),
        ):
            paper = {"archiveNo": number(stage, "YJ-"), "title": "登记证书", "kind": kind, "pages": 4}
            yield Try("officer", "registerFirstTier", {**where, "papers": [paper | ({"certificate": certificate} if certificate else {})]})


def _expected(stage: Stage) -> Iterator[Try]:
    if len(waiting(stage, "AWAITED")) < 3:
        for kind in ("CERTIFICATE", "RECEIPT"):
            yield Try("officer", "expectPaper", {
                **_where(stage)[0], "archiveNo": number(stage, "YJ-"), "title": "登记证书", "kind": kind, "fromWhom": "市车辆管理所",
                "expectedBy": str(now(stage).date() + timedelta(days=9))})  # fmt: skip


def _arrived(stage: Stage) -> Iterator[Try]:
    vins = {r["id"]: r["vin"] for r in stage.rows("select id, vin from collateral where org_id = any($1)", stage.ours())}
    for r in waiting(stage, "AWAITED"):
        came = {"recordId": f"record_{r['id']}", "pages": 4}
        if r["kind"] == "CERTIFICATE":
            came["certificate"] = _certificate(stage, vins[r["collateral_id"]])
        yield Try("officer", "recordArrival", came)


def _refused(stage: Stage) -> Iterator[Try]:
    for envelope in _together(stage):
        if len(waiting(stage)) > 3:
            day = str(now(stage).date() + timedelta(days=9))
            yield Try(
                "cody", "refuseIntake", {"recordIds": [f"record_{r['id']}" for r in envelope], "reasons": "页数不符", "expectedBy": day}
            )


def _together(stage: Stage) -> list[list[Any]]:
    """Papers that wait, by envelope; what lies in none by itself."""
    found = dict[Any, list[Any]]()
    for r in waiting(stage):
        found.setdefault(r["envelope_id"] or r["id"], []).append(r)
    whole = "select count(*) from archive_records where envelope_id = $1"
    return [e for e in found.values() if e[0]["envelope_id"] is None or stage.sql(whole, e[0]["envelope_id"]) == len(e)]


def _loose(stage: Stage) -> list[Any]:
    return [r for r in waiting(stage) if r["envelope_id"] is None and not r["electronic"] and r["kind"] != "SETTLEMENT_NOTICE"]


def _sealed(who: str, **more: Any) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        loose = _loose(stage)
        for r in loose:
            mates = [s for s in loose if s["collateral_id"] == r["collateral_id"]][:2]
            for some in (mates, [r]):
                yield Try(who, "sealEnvelope", {"recordIds": [f"record_{s['id']}" for s in some], "sealNo": number(stage, "F"), **more})

    return offers


def _intakes(stage: Stage) -> Iterator[Try]:
    for envelope in _together(stage):
        first = envelope[0]
        if first["envelope_id"] is not None:
            place = {"envelopeId": f"envelope_{first['envelope_id']}", "locationId": f"location_{empty(stage)}"}
            yield Try("kay", "intakeToVault", {"barcodes": [first["label"]], "placements": [place]})
        elif first["electronic"] or first["kind"] == "SETTLEMENT_NOTICE":
            yield Try("kay", "intakeToVault", {"barcodes": [first["barcode"]], "placements": []})


# In the vault ------------------------------------------------------------------------------------------------------------------
def _opened(stage: Stage) -> Iterator[Try]:
    for e in lying(stage, "SEAL_BROKEN", "SLOT"):
        given_ = {"envelopeId": f"envelope_{e['id']}", "reason": "抽查", "sealNo": number(stage, "F")}
        if e["papers"] > 1:
            out = {"recordIds": [f"record_{e['records'][0]}"], "sealNo": number(stage, "F"), "locationId": f"location_{empty(stage)}"}
            yield Try("kay", "openEnvelope", {**given_, "takenOut": out})
        yield Try("kay", "openEnvelope", given_)


def _moved(stage: Stage) -> Iterator[Try]:
    for e in lying(stage):
        yield Try("kay", "moveLocation", {"envelopeId": f"envelope_{e['id']}", "locationId": f"location_{empty(stage)}"})


def _broken(stage: Stage) -> Iterator[Try]:
    if not stage.sql(
        "select exists (select from discrepancies where org_id = any($1) and kind = 'SEAL_BROKEN' and resolved_at is null)", stage.ours()
    ):
        for e in lying(stage):
            yield Try("clerk", "reportBrokenSeal", {"envelopeId": f"envelope_{e['id']}", "findings": "封签撕裂"})


# What is wrong -------------------------------------------------------------------------------------------------------------------
def _paper(**changed: Any) -> Change:
    """The list says something else of its paper."""

    def change(_: Stage, right: Try) -> Try | None:
        if right.mutation == "recordArrival":
            return right.but(**changed)
        return right.but(papers=[{**paper, **changed} for paper in right.input["papers"]])

    return change


def _read(**changed: Any) -> Change:
    """Something else stands on the certificate."""

    def change(stage: Stage, right: Try) -> Try | None:
        known = {k: v(stage) if callable(v) else v for k, v in changed.items()}
        if right.mutation == "recordArrival":
            return right.but(certificate=right.input["certificate"] | known) if "certificate" in right.input else None
        (paper,) = right.input["papers"]
        return right.but(papers=[paper | {"certificate": paper["certificate"] | known}]) if "certificate" in paper else None

    return change


def _live_number(stage: Stage) -> str:
    found = stage.sql("select number from collateral_certificates where is_live and org_id = any($1) limit 1", stage.ours())
    if found is None:
        raise NotNow
    return str(found)


def void_number(stage: Stage) -> str:
    """Of a certificate that was lost and re-issued."""
    found = stage.sql("select number from collateral_certificates where voided_at is not null and org_id = any($1) limit 1", stage.ours())
    if found is None:
        raise NotNow
    return str(found)


def _without_data(stage: Stage, right: Try) -> Try | None:
    if right.mutation == "recordArrival":
        return right.but(certificate=None) if "certificate" in right.input else None
    return (
        right.but(papers=[{k: v for k, v in p.items() if k != "certificate"} for p in right.input["papers"]])
        if "certificate" in right.input["papers"][0]
        else None
    )


def _used(stage: Stage) -> str:
    return str(
        stage.sql(
            "select s.seal_no from seals s join sealed_envelopes e on e.id = s.envelope_id where e.org_id = any($1) limit 1", stage.ours()
        )
    )


def _other_records(wanted: Callable[[Stage, Try], list[Any]]) -> Change:
    def change(stage: Stage, right: Try) -> Try | None:
        found = wanted(stage, right)
        return right.but(recordIds=[f"record_{r['id']}" for r in found]) if found else None

    return change


def _of_two_cars(stage: Stage, _: Try) -> list[Any]:
    by_asset = {r["collateral_id"]: r for r in _loose(stage)}
    return list(by_asset.values()) if len(by_asset) > 1 else []


def _unsealed(stage: Stage, right: Try) -> Try | None:
    loose = _loose(stage)
    return right.but(barcodes=[loose[0]["barcode"]], placements=[]) if loose else None


def _into_taken(stage: Stage, right: Try) -> Try | None:
    slot = stage.sql(TAKEN, stage.bank.branches["A"].vault)
    if slot is None:
        return None
    if right.mutation == "intakeToVault":
        return (
            right.but(placements=[p | {"locationId": f"location_{slot}"} for p in right.input["placements"]])
            if right.input["placements"]
            else None
        )
    if right.mutation == "openEnvelope":
        out = right.input.get("takenOut")
        return right.but(takenOut=out | {"locationId": f"location_{slot}"}) if out else None
    mine = stage.sql(
        "select location_id from sealed_envelopes where id = $1::text::uuid", right.input["envelopeId"].removeprefix("envelope_")
    )
    return right.but(locationId=f"location_{slot}") if mine != slot else None


def _all_out(stage: Stage, right: Try) -> Try | None:
    out = right.input.get("takenOut")
    if out is None:
        return None
    envelope = right.input["envelopeId"].removeprefix("envelope_")
    records = stage.rows("select id from archive_records where envelope_id = $1::text::uuid", envelope)
    return right.but(takenOut=out | {"recordIds": [f"record_{r['id']}" for r in records]})


def _one_of_two(stage: Stage, right: Try) -> Try | None:
    return right.but(recordIds=right.input["recordIds"][:1]) if len(right.input["recordIds"]) > 1 else None


def _reported(stage: Stage, what: Try) -> AbstractContextManager[None]:
    at = now(stage)
    return row(stage, "discrepancies", org_id=stage.ours()[0], record_id=first_record(stage, what), kind="SEAL_BROKEN", findings="x",
               reported_by=me(stage, "risk"), owner_id=me(stage, "risk"), reported_at=at, deadline_at=at)  # fmt: skip


ITEMISED = Spoil("number, copies and pages of each paper are itemised", _paper(pages=0))
DATA = (
    Spoil("no live certificate of the bank has this number", _read(number=_live_number)),
    Spoil(VOID_NUMBER, _read(number=void_number)),
    Spoil("a certificate comes with its data, and nothing else does", _without_data),
    Spoil("the certificate shows the vehicle of the collateral", _read(vin="LSV0000000000000")),
    Spoil("the certificate names the owner of the collateral", _read(ownerName="李四")),
    Spoil("the amount on the certificate is the one that is secured", _read(rightAmount="99999.00")),
    Spoil("an electronic certificate has its reference in the registry", _read(isElectronic=True, registryReference=None)),
)
NEW_SEAL = Spoil("the seal has a number that was never used before", lambda stage, right: right.but(sealNo=_used(stage)))
WHOLE = "an envelope is refused, opened, moved and reported with all its papers"
SEATED = (SERVICE, INTEREST, OFF_DUTY, PENDING)
PLAYS = (
    Play("register papers", _registered, (ITEMISED, *DATA), often=3),
    Play("expect a paper", _expected),
    Play("record an arrival", _arrived, (ITEMISED, *DATA)),
    Play("refuse intake", _refused, (Spoil(WHOLE, _one_of_two),)),
    Play("seal an envelope", _sealed("kay"), (
        NEW_SEAL, *SEATED,
        Spoil("what lies in a sealed envelope is not sealed into another", _other_records(
            lambda stage, _: next((e for e in _together(stage) if e[0]["envelope_id"] is not None), []))),
        Spoil("the papers of an envelope belong to one collateral or one loan", _other_records(_of_two_cars)),
        Spoil("an electronic certificate lies in no envelope", _other_records(lambda stage, _: [r for r in waiting(stage) if r["electronic"]][:1])),
    )),
    Play("seal in an emergency", _sealed("ops", emergency="库房漏水，保管员未到", seat="KEY"), (NEW_SEAL,)),
    Play("take into the vault", _intakes, (
        *SEATED,
        Spoil("a paper enters in a sealed envelope, an electronic certificate by its reference, a settlement notice as it is", _unsealed),
        Spoil("each envelope goes into an empty slot of the vault that keeps its papers", _into_taken),
    )),
    Play("open an envelope", _opened, (
        NEW_SEAL, *SEATED,
        Spoil("what is taken out of an envelope goes into an empty slot of its own", _into_taken),
        Spoil("an envelope is opened for a reason, by two, and not all of it is taken out", _all_out),
        Spoil("what is frozen is not opened, unless its seal is broken", world=frozen),
    )),
    Play("move an envelope", _moved, often=2, spoils=(
        *SEATED,
        Spoil("each envelope goes into an empty slot of the vault that keeps its papers", _into_taken),
        Spoil("what is frozen stays in its slot", world=frozen),
    )),
    Play("report a broken seal", _broken, (Spoil("no case of this broken seal is open already", world=_reported),)),
)  # fmt: skip
