"""Envelopes: sealed, opened and sealed anew, moved to another slot, found with a broken seal; what C7 to C9 and F19 ask for."""

from uuid import UUID, uuid4

from server.compliance.events import Words
from server.custody.acts.change import Detail, open_cases
from server.custody.acts.papers import break_seal
from server.custody.labels import printed
from server.custody.moves.envelopes import Opening, Sealing
from server.custody.writing import Writing
from storage.tables import archive_records, sealed_envelopes, seals
from storage.terms import Action as A
from storage.terms import DiscrepancyKind, LabelKind


async def seal_envelope(w: Writing) -> Detail:
    """F2: two people put the papers into an envelope and a numbered seal on it."""
    detail: Sealing = w.ask.detail
    made = await _new_envelope(w, w.records, detail.seal_no)
    return {"envelope": made, "seal_no": detail.seal_no}


async def _new_envelope(w: Writing, records: list[UUID], seal_no: str, location: UUID | None = None) -> UUID:
    id_, first = uuid4(), w.first.record
    (code,) = await printed(w.conn, [LabelKind.ENVELOPE])
    row = {"id": id_, "org_id": first.custody_org, "barcode": code, "seal_no": seal_no, "collateral_id": first.collateral}
    await w.conn.insert(sealed_envelopes, row | {"location_id": location, "sealed_at": w.at})
    await w.conn.insert(seals, {"seal_no": seal_no, "envelope_id": id_, "applied_at": w.at})
    for record in records:
        await w.conn.update(archive_records, {"id": record}, {"envelope_id": id_})
    w.made["envelope"] = id_
    return id_


async def reseal(w: Writing, envelope: UUID, seal_no: str) -> str:
    """The envelope is closed again at once, with a new number; answers the old one."""
    old = await break_seal(w, envelope)
    await w.conn.insert(seals, {"seal_no": seal_no, "envelope_id": envelope, "applied_at": w.at})
    await w.conn.update(sealed_envelopes, {"id": envelope}, {"seal_no": seal_no, "sealed_at": w.at})
    return old


async def open_envelope(w: Writing) -> Detail:
    """C9: opened before two keepers and sealed anew at once; what is taken out gets an envelope and a slot of its own."""
    detail: Opening = w.ask.detail
    if detail.taken:
        assert detail.taken_seal_no is not None  # C7 has looked
        await _new_envelope(w, list(detail.taken), detail.taken_seal_no, detail.taken_location)
    old = await reseal(w, detail.envelope, detail.seal_no)
    w.made.setdefault("envelope", detail.envelope)
    about = {"reason": w.ask.reason and Words(w.ask.reason), "old_seal_no": old, "seal_no": detail.seal_no, "taken": list(detail.taken)}
    return about | ({"into": w.made["envelope"]} if detail.taken else {})


async def move_location(w: Writing) -> Detail:
    """F19: to another slot of the vault."""
    for placement in w.ask.placements:
        await w.conn.update(sealed_envelopes, {"id": placement.envelope}, {"location_id": placement.location})
        w.made["envelope"] = placement.envelope
    return {"location": [p.location for p in w.ask.placements]}


async def report_broken_seal(w: Writing) -> Detail:
    """C9: a seal that is found broken is a case, for each paper of the envelope."""
    await open_cases(w, list(w.moves), DiscrepancyKind.SEAL_BROKEN)
    return {}


CHANGES = {
    A.SEAL_ENVELOPE: seal_envelope,
    A.OPEN_ENVELOPE: open_envelope,
    A.MOVE_LOCATION: move_location,
    A.REPORT_BROKEN_SEAL: report_broken_seal,
}
