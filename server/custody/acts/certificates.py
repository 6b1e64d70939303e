"""Letters, claims, registry checks, and certificates that come back changed: what C25, C40, C55 and F8b change."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Text, func, select

from server.compliance.events import BECAME, Words
from server.custody.acts.change import Detail, free_slots, not_known, open_cases
from server.custody.acts.envelopes import reseal
from server.custody.acts.papers import certificate_columns
from server.custody.acts.returns import inspect, present
from server.custody.moves.certificates import Change, ChangedReturn, RegistryCheck, Replacement
from server.custody.moves.claims import Claim, Resolution
from server.custody.moves.envelopes import Seals
from server.custody.moves.letters import BaileeLetter
from server.custody.moves.papers import Title
from server.custody.writing import Writing
from server.errors import InputProblem, InvalidInput, NotFound
from storage.statements import given
from storage.tables import (
    archive_records,
    bailee_letters,
    collateral,
    collateral_certificates,
    movements,
    registry_checks,
    return_claims,
    scans,
)
from storage.terms import Action as A
from storage.terms import DiscrepancyKind, MovementEnd, MovementKind, ScanStatus, ScanSubject

SOMEBODYS = frozenset({"owner_name", "vin", "issuer"})  # no event tells them: the versions of the certificate do
CERTIFICATE = select(*collateral_certificates.c).where(collateral_certificates.c.id == given("id"))
CAR = select(collateral.c.plate_no).where(collateral.c.id == given("id"))
LETTER_NO = select(func.letter_no_taken(given("unit"), given("no", Text)))
SCAN = select(scans.c.id).where(
    scans.c.id == given("scan"), scans.c.status == ScanStatus.STORED.value, scans.c.subject_kind == ScanSubject.REQUEST.value,
    scans.c.subject_id == given("request"),
)  # fmt: skip


async def register_bailee_letter(w: Writing) -> Detail:
    """C40: the signed letter of whoever keeps the papers outside the bank, for one request."""
    letter: BaileeLetter = w.ask.detail
    assert w.ask.request is not None
    if letter.scan and await w.conn.value(SCAN, scan=letter.scan, request=w.ask.request) is None:
        raise NotFound()
    if await w.conn.value(LETTER_NO, unit=w.by.org, no=letter.letter_no):
        raise InvalidInput([InputProblem(("letterNo",), "TAKEN")])
    row = {
        "org_id": w.by.org,
        "request_id": w.ask.request,
        "letter_no": letter.letter_no,
        "kind": letter.kind,
        "bailee": letter.bailee,
        "signed_on": letter.signed_on,
        "return_by": letter.return_by,
        "scan_id": letter.scan,
        "registered_by": w.by.id,
        "registered_at": w.at,
    }
    w.made["letter"] = await w.conn.insert(bailee_letters, row, returning="id")
    w.made["request"] = w.ask.request
    about = {"kind": letter.kind, "letter_no": letter.letter_no, "signed_on": letter.signed_on, "return_by": letter.return_by}
    return {"letter": w.made["letter"], "request": w.ask.request, **about}


async def claim_returned(w: Writing) -> Detail:
    """C25: the holder says that it is back already; until that is resolved nothing else is done with the checkout."""
    made = []
    for move in w.moves:
        assert move.movement is not None
        row = {"movement_id": move.movement.id, "claimed_by": w.by.id, "claimed_at": w.at, "statement": w.ask.reason}
        made.append(await w.conn.insert(return_claims, row, returning="id"))
        await w.conn.update(movements, {"id": move.movement.id}, {"claimed_at": w.at})
    w.made |= {"claims": made, "checkouts": w.movements}
    return {"claims": made}


async def resolve_claim(w: Writing) -> Detail:
    """C25: somebody else found out; the checkout goes on, to be presented and inspected, or is presented by that: it was here."""
    detail: Resolution = w.ask.detail
    made = []
    for move in w.moves:
        claim = move.of(Claim).id
        assert claim is not None and move.movement is not None
        changes = {"resolved_at": w.at, "resolved_by": w.by.id, "resolution": detail.as_, "findings": detail.findings}
        await w.conn.update(return_claims, {"id": claim}, changes)
        await w.conn.update(movements, {"id": move.movement.id}, {"claimed_at": None})
        made.append(claim)
    await present(w, [m.movement.id for m in w.moves if m.movement and m.of(Claim).back], None)
    w.made |= {"claims": made, "checkouts": w.movements}
    return {"claims": made, "resolution": detail.as_}


async def record_registry_check(w: Writing) -> Detail:
    """C55, C43: what the registry says now; where it denies the bank's right, a case that freezes the record."""
    check: RegistryCheck = w.ask.detail
    for move in w.moves:
        row: Detail = {"certificate_id": move.of(Title).certificate, "record_id": move.record.id, "checked_by": w.by.id, "checked_at": w.at}
        row |= {"reference": check.reference, "is_valid": check.is_valid, "findings": check.findings}
        w.made["check"] = await w.conn.insert(registry_checks, row, returning="id")
    if not check.is_valid:
        await open_cases(w, not_known(list(w.moves)), DiscrepancyKind.RIGHT_NOT_SHOWN)
    return {"valid": check.is_valid, "reference": check.reference}


async def accept_changed_return(w: Writing) -> Detail:
    """F8b: another paper takes the place of the old one, or the old one has new data; what was lent with it comes back too."""
    detail: ChangedReturn = w.ask.detail
    lent = {m.record.id: m.movement for m in w.moves if m.movement and m.movement.kind is MovementKind.CHECKOUT}
    changed: dict[str, list[str | None]] = {}
    for change in detail.changes:
        for name, values in (await _change(w, change)).items():
            changed[name if name not in changed else f"{name} of {change.old}"] = values
    instead = {c.new: c.old for c in detail.changes if c.new}
    seen: dict[UUID, UUID] = {}  # the inspection that let each checkout end
    for move in w.moves:
        id_ = move.record.id
        if id_ not in detail.replaced:
            seen[instead.get(id_, id_)] = await inspect(w, move, lent[instead.get(id_, id_)].id)
        if id_ in instead and not move.of(Title).is_electronic:
            await w.conn.update(archive_records, {"id": id_}, {"envelope_id": move.of(Replacement).into})
    for id_, movement in lent.items():
        closing = {"operation_id": None, "entry_operation_id": w.operation, "inspection_id": seen[id_], "closed_at": w.at}
        ended = {"ended_as": MovementEnd.REPLACED} if id_ in detail.replaced else {}
        await w.conn.update(movements, {"id": movement.id}, closing | ended)
    await free_slots(w, [m.record.envelope for m in w.moves if m.record.id in detail.replaced])
    w.made["checkouts"] = [m.id for m in lent.values()]
    about: Detail = {"changes": [{"old": c.old, "new": c.new} if c.new else {"changed": c.old} for c in detail.changes]}
    if (plate := changed.pop("plate_no", None)) is not None:  # a plate leads to a person: it stands beside the event, not in it
        about |= {"plate": Words(BECAME.join(was or "" for was in plate))}
    about |= {"changed": changed} if changed else {}
    home = w.first.of(Seals).closes
    if home is not None and detail.seal_no is not None:
        w.made["envelope"] = home
        about |= {"old_seal_no": await reseal(w, home, detail.seal_no), "seal_no": detail.seal_no}
    return about


async def _change(w: Writing, change: Change) -> dict[str, list[str | None]]:
    """What stands on the paper and the car now; answers what was and what is, by name; names of people and offices left out."""
    old = next(m for m in w.moves if m.record.id == change.old)
    mine = old.of(Title).certificate
    told: dict[str, list[str | None]] = {}
    if change.data is not None:  # the same number: a version of the certificate, the same record
        columns = {k: v for k, v in certificate_columns(change.data).items() if k not in ("number", "kind")}
        told |= _differences(await w.conn.row(CERTIFICATE, id=mine), columns)
        await w.conn.update(collateral_certificates, {"id": mine}, columns)
    if change.plate_no and old.record.collateral:
        told |= _differences(await w.conn.row(CAR, id=old.record.collateral), {"plate_no": change.plate_no})
        await w.conn.update(collateral, {"id": old.record.collateral}, {"plate_no": change.plate_no})
    if change.new is None:
        return told
    new = next(m for m in w.moves if m.record.id == change.new)
    await w.conn.update(collateral_certificates, {"id": mine}, {"is_live": False})
    await w.conn.update(collateral_certificates, {"id": new.of(Title).certificate}, {"replaces_id": mine})
    await w.conn.update(archive_records, {"id": change.old}, {"envelope_id": None})
    return told


def _differences(was: Mapping[str, Any] | None, becomes: Mapping[str, Any]) -> dict[str, list[str | None]]:
    assert was is not None  # its record is locked
    told = {name: (was[name], now) for name, now in becomes.items() if name not in SOMEBODYS and was[name] != now}
    return {name: [None if value is None else str(value) for value in pair] for name, pair in told.items()}


CHANGES = {
    A.REGISTER_BAILEE_LETTER: register_bailee_letter,
    A.CLAIM_RETURNED: claim_returned,
    A.RESOLVE_CLAIM: resolve_claim,
    A.RECORD_REGISTRY_CHECK: record_registry_check,
    A.ACCEPT_CHANGED_RETURN: accept_changed_return,
    A.REPLACE_RETURNED: accept_changed_return,
}
