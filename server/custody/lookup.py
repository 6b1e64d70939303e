"""What a scanner or a screen names, as record ids: barcodes, requests, checkouts. Read as the caller."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, func, or_, select

from server.custody.labels import is_misread
from server.errors import InputProblem, InvalidInput, NotFound
from storage.database import Database, Principal
from storage.statements import given
from storage.tables import (
    archive_records,
    discrepancies,
    disposal_batches,
    disposal_lines,
    events,
    file_items,
    loss_cases,
    movements,
    request_lines,
    sealed_envelopes,
    storage_locations,
)
from storage.terms import CorrectionSubject

CODES = func.any(given("codes", ARRAY(Text)))
BY_BARCODE = (
    select(archive_records.c.id, archive_records.c.barcode, sealed_envelopes.c.barcode.label("envelope"))
    .outerjoin(sealed_envelopes, sealed_envelopes.c.id == archive_records.c.envelope_id)
    .where(or_(archive_records.c.barcode == CODES, sealed_envelopes.c.barcode == CODES))
)
OF_REQUEST = select(request_lines.c.record_id).where(request_lines.c.request_id == given("request"))
RESERVED_FOR = (
    select(movements.c.request_id)
    .where(
        movements.c.record_id == func.any(given("records", ARRAY(Uuid))),
        movements.c.closed_at.is_(None),
        movements.c.request_id.is_not(None),
    )
    .distinct()
)
OF_LOSS = select(loss_cases.c.record_id).where(loss_cases.c.id == given("id"))
OF_ITEM = select(file_items.c.record_id).where(file_items.c.id == given("id"))
OF_CASE = select(discrepancies.c.id, discrepancies.c.record_id).where(discrepancies.c.id == given("id"))
BATCH = select(disposal_batches.c.id).where(disposal_batches.c.id == given("id"))
OF_BATCH = select(disposal_lines.c.record_id).where(disposal_lines.c.batch_id == given("id"), disposal_lines.c.is_open)
PLACE = select(storage_locations.c.id).where(storage_locations.c.id == given("id"))
OF_CHECKOUT = select(movements.c.record_id).where(movements.c.id == given("id"))
OF_EVENT = select(events.c.record_id).where(events.c.id == given("id"))
OF_CERTIFICATE = select(archive_records.c.id).where(archive_records.c.certificate_id == given("id")).limit(1)
OF_ENVELOPE = select(archive_records.c.id).where(archive_records.c.envelope_id == given("envelope"))


async def records_of_envelope(database: Database, principal: Principal, envelope: UUID) -> tuple[UUID, ...]:
    """The papers that lie in it; NotFound for an envelope without any that the caller sees."""
    async with database.transaction(principal) as conn:
        found = await conn.rows(OF_ENVELOPE, envelope=envelope)
    if not found:
        raise NotFound()
    return tuple(sorted(r["id"] for r in found))


async def records_by_barcode(database: Database, principal: Principal, codes: Sequence[str]) -> tuple[UUID, ...]:
    """Records with these labels; an envelope's label names all its papers. NotFound when a label is unknown."""
    if not codes:
        raise InvalidInput([InputProblem(("barcodes",), "EMPTY")])
    codes = [code.strip().upper() for code in codes]
    if misread := [n for n, code in enumerate(codes) if is_misread(code)]:
        raise InvalidInput([InputProblem(("barcodes", str(n)), "BARCODE_MISREAD") for n in misread])
    async with database.transaction(principal) as conn:
        rows = await conn.rows(BY_BARCODE, codes=list(codes))
    known = {r["barcode"] for r in rows} | {r["envelope"] for r in rows}
    if set(codes) - known:
        raise NotFound()
    return tuple(sorted({r["id"] for r in rows}))


async def check_lines(database: Database, principal: Principal, request: UUID, codes: Sequence[str]) -> None:
    """The scanned labels must be exactly those of the request's lines."""
    records = set(await records_by_barcode(database, principal, codes))
    async with database.transaction(principal) as conn:
        lines = {r["record_id"] for r in await conn.rows(OF_REQUEST, request=request)}
    if records != lines:
        raise InvalidInput([InputProblem(("barcodes",), "BARCODE_MISMATCH")])


async def request_of_barcodes(database: Database, principal: Principal, codes: Sequence[str]) -> UUID:
    """The one request for which everything that was scanned is reserved."""
    records = await records_by_barcode(database, principal, codes)
    async with database.transaction(principal) as conn:
        found = await conn.rows(RESERVED_FOR, records=list(records))
    if not found:
        raise NotFound()
    if len(found) > 1:
        raise InvalidInput([InputProblem(("barcodes",), "BARCODE_MISMATCH")])
    request: UUID = found[0]["request_id"]
    return request


async def record_of_checkout(database: Database, principal: Principal, checkout: UUID) -> UUID:
    """The record of a checkout."""
    return await _one(database, principal, OF_CHECKOUT, checkout)


async def record_of_loss(database: Database, principal: Principal, loss: UUID) -> UUID:
    """The record that is not there."""
    return await _one(database, principal, OF_LOSS, loss)


async def record_of_item(database: Database, principal: Principal, item: UUID) -> UUID:
    """The volume of a paper."""
    return await _one(database, principal, OF_ITEM, item)


async def records_of_case(database: Database, principal: Principal, case: UUID) -> tuple[UUID, ...]:
    """The record of a discrepancy; none for a label that nobody knows."""
    async with database.transaction(principal) as conn:
        row = await conn.row(OF_CASE, id=case)
    if row is None:
        raise NotFound()
    return (row["record_id"],) if row["record_id"] else ()


async def record_of_corrected(database: Database, principal: Principal, of: CorrectionSubject, subject: UUID) -> UUID | None:
    """The record of what is to be corrected; none for what belongs to no record."""
    if of is CorrectionSubject.RECORD:
        return subject
    if of is CorrectionSubject.FILE_ITEM:
        return await record_of_item(database, principal, subject)
    if of is CorrectionSubject.CONTRACT:
        return None
    async with database.transaction(principal) as conn:
        found: UUID | None = await conn.value(OF_EVENT if of is CorrectionSubject.EVENT else OF_CERTIFICATE, id=subject)
    return found


async def _one(database: Database, principal: Principal, statement: Any, id_: UUID) -> UUID:
    async with database.transaction(principal) as conn:
        found: UUID | None = await conn.value(statement, id=id_)
    if found is None:
        raise NotFound()
    return found


async def records_of_batch(database: Database, principal: Principal, batch: UUID) -> tuple[UUID, ...]:
    """The volumes that still stand on a list."""
    await _one(database, principal, BATCH, batch)
    async with database.transaction(principal) as conn:
        found = tuple(sorted(r["record_id"] for r in await conn.rows(OF_BATCH, id=batch)))
    if not found:
        raise NotFound()
    return found


async def place_is_known(database: Database, principal: Principal, place: UUID) -> None:
    """NotFound for a place that there is not."""
    await _one(database, principal, PLACE, place)
