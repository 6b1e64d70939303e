"""Labels: a new one is printed; PostgreSQL retires the old one and keeps it, so that whoever still reads it is told."""

from sqlalchemy import select

from server.compliance.events import Words
from server.custody.acts.change import Detail, given
from server.custody.labels import printed
from server.custody.writing import Writing
from storage.tables import archive_records
from storage.terms import Action as A
from storage.terms import LabelKind, Tier

WORN = select(archive_records.c.barcode).where(archive_records.c.id == given("id"))


async def replace_barcode(w: Writing) -> Detail:
    """A label of the same kind takes the place of the worn one; the event tells both."""
    record = w.first.record
    old: str = await w.conn.value(WORN, the_id=record.id)
    (new,) = await printed(w.conn, [LabelKind.PAPER if record.tier is Tier.FIRST else LabelKind.VOLUME])
    await w.conn.update(archive_records, {"id": record.id}, {"barcode": new})
    return {"old_barcode": old, "barcode": new, "reason": w.ask.reason and Words(w.ask.reason)}


CHANGES = {A.REPLACE_BARCODE: replace_barcode}
