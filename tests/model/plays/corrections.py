"""Corrections: one proposes, another confirms (C48)."""

from collections.abc import Iterator
from typing import Any

from tests.custody.chapters.corrections import scanned
from tests.custody.chapters.papers import VOID_NUMBER
from tests.model.plays import Play, Spoil
from tests.model.plays.papers import number, void_number
from tests.model.plays.spoiling import SERVICE, VERSION, given, now
from tests.model.stage import Stage, Try

SHOWN = """select r.id, r.title, r.version, s.id as scan, c.id as certificate, c.version as certificate_version, c.number from archive_records r
  join scans s on s.record_id = r.id and s.subject_kind = 'RECORD' and s.status = 'STORED'
  left join collateral_certificates c on c.id = r.certificate_id where r.org_id = $1 and r.id = any($2) order by r.id"""
PROPOSED = "select id, ask->'detail'->>'subject' as subject from operations where org_id = any($1) and action = 'CORRECT' and state = 'PENDING' and expires_at > $2"


def lay_in(stage: Stage) -> None:
    """A volume and two certificates with their scans."""
    if "scanned" not in stage.stock and "changed" in stage.stock:
        found = [*stage.run(stage.bank.volumes()), *stage.stock["changed"]]
        stage.kept |= set(found)
        for record in found:
            stage.run(scanned(stage.bank, record))
        stage.stock["scanned"] = found


def _shown(stage: Stage) -> list[Any]:
    return stage.rows(SHOWN, stage.ours()[0], stage.stock.get("scanned", []))


def _proposed(stage: Stage) -> Iterator[Try]:
    waiting = {o["subject"] for o in stage.rows(PROPOSED, stage.ours(), now(stage))}
    for r in _shown(stage):
        told = {"reason": "录入有误", "evidenceScanId": f"scan_{r['scan']}"}
        if str(r["id"]) not in waiting:
            what = {"of": {"recordId": f"record_{r['id']}"}, "field": "title", "newValue": f"题名{number(stage, '')}"}
            yield Try("officer", "proposeCorrection", {**told, **what, "expectedVersion": str(r["version"])})
        if r["certificate"] and str(r["certificate"]) not in waiting:
            what = {"of": {"certificateId": f"certificate_{r['certificate']}"}, "field": "number", "newValue": number(stage, "C")}
            yield Try("officer", "proposeCorrection", {**told, **what, "expectedVersion": str(r["certificate_version"])})


def _confirmed(stage: Stage) -> Iterator[Try]:
    for o in stage.rows(PROPOSED, stage.ours(), now(stage)):
        yield Try("head", "confirmOperation", {"operationId": f"operation_{o['id']}", "seat": "SECOND"})


def _as_it_stands(stage: Stage, right: Try) -> Try | None:
    of = right.input["of"]
    for r in _shown(stage):
        if of == {"recordId": f"record_{r['id']}"}:
            return right.but(newValue=r["title"])
        if of == {"certificateId": f"certificate_{r['certificate']}"}:
            return right.but(newValue=r["number"])
    return None


def _other_scan(stage: Stage, right: Try) -> Try | None:
    others = [r["scan"] for r in _shown(stage) if f"scan_{r['scan']}" != right.input["evidenceScanId"]]
    return right.but(evidenceScanId=f"scan_{others[0]}") if others else None


def _taken(stage: Stage, right: Try) -> Try | None:
    mine = right.input["of"].get("certificateId", "").removeprefix("certificate_")
    other = stage.sql(
        "select number from collateral_certificates where is_live and org_id = any($1) and id::text <> $2 limit 1", stage.ours(), mine
    )
    return right.but(newValue=other) if mine and other else None


def _void(stage: Stage, right: Try) -> Try | None:
    return right.but(newValue=void_number(stage)) if "certificateId" in right.input["of"] else None


PLAYS = (
    Play("propose a correction", _proposed, (
        VERSION,
        Spoil("what is corrected is one of the facts that may be mistyped", given(field="state", newValue="IN_VAULT")),
        Spoil("a correction has a reason, and a stored scan of its record, or of one of its loans, as evidence", given(reason=" ")),
        Spoil("a correction has a reason, and a stored scan of its record, or of one of its loans, as evidence", _other_scan),
        Spoil("the new value is another than the one that stands there", _as_it_stands),
        Spoil("the new number is nobody else's", _taken),
        Spoil(VOID_NUMBER, _void),
    )),
    Play("confirm a correction", _confirmed, (SERVICE,)),
)  # fmt: skip
