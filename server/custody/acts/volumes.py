"""Second-tier volumes onto the shelf: what S1 and S2 change."""

from server.custody.acts.change import Detail
from server.custody.writing import Writing
from storage.tables import archive_records
from storage.terms import Action as A


async def submit_volume(w: Writing) -> Detail:
    """S1: the loan officer hands the volume in."""
    for record in w.records:
        await w.conn.update(archive_records, {"id": record}, {"submitted_by": w.by.id})
    return {}


async def accept_volume(w: Writing) -> Detail:
    """S2: the archivist takes it over, onto a shelf."""
    for record in w.records:
        await w.conn.update(archive_records, {"id": record}, {"custodian_id": w.by.id, "location_id": w.ask.location})
    return {}


CHANGES = {A.SUBMIT_VOLUME: submit_volume, A.ACCEPT_VOLUME: accept_volume}
