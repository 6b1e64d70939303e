"""Exports of the history: asked for, made in the background, handed out by links for a minute, thrown away in time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from server import idempotency
from server.compliance import access, history
from server.compliance.history import CONTRACT, DENIED
from server.errors import Forbidden, InputProblem, InvalidInput, NotFound
from server.scans.links import Link
from storage import tables
from storage.database import Connection, Database, Principal
from storage.objects import ObjectStore
from storage.statements import given
from storage.terms import AccessResult, ExportKind, ExportState, Role

ASKERS = history.READERS  # of evidence: whoever may read the history
EXAMINERS = frozenset({Role.COMPLIANCE, Role.AUDITOR, Role.EXAMINER})  # who take the events of the units that they examine
PERIOD_MAX = timedelta(days=3_660)
x = tables.exports.c
EXPORT = select(tables.exports, tables.contracts.c.number).outerjoin(
    tables.contracts, tables.contracts.c.id == x.contract_id
).where(x.id == given("export"), x.staff_id == given("staff"))  # fmt: skip


def key_of(export: UUID, attempt: UUID) -> str:
    """Where the archive lies, beside what is staged; each try has its own, so that a late one overwrites nothing."""
    return f"exports/{export}/{attempt}.zip"


def part_key(export: UUID, number: int) -> str:
    """Where a part of an export of events waits for the others."""
    return f"exports/{export}/parts/{number:06}"


@dataclass(slots=True)
class Exports:
    """The use cases of those who take the history away."""

    database: Database
    objects: ObjectStore

    async def evidence(
        self, by: Principal, *, contract: UUID | None, number: str | None, purpose: str, key: str, request_id: str
    ) -> tuple[dict[str, Any], bool]:
        """The evidence of a contract; its outcome, and whether the key had been spent. NotFound and Forbidden leave a line in the log."""
        about = {"contract": str(contract) if contract else None, "number": number, "purpose": purpose}
        allowed = admits(ExportKind.EVIDENCE, by)
        async with self.database.transaction(by) as conn:
            found = await conn.value(CONTRACT, contract=contract, number=number)
            if allowed and found and (spent := await idempotency.spend(conn, by, "exportEvidence", key, about)) is not None:
                return spent, True
            granted = allowed and found is not None
            named = found or await conn.value(DENIED, contract=contract, number=number)  # as the history tells who was denied
            detail = {} if named else history.sought(contract, number)
            await _log(conn, by, "exportEvidence", [named] if named else [], purpose, detail, request_id, granted=granted)
            if granted:
                made = await self._ask(conn, by, ExportKind.EVIDENCE, purpose, contract_id=found)
                await idempotency.keep(conn, by, "exportEvidence", key, made)
        if not allowed:
            raise Forbidden("exportEvidence is for compliance and audit of the whole bank.")
        if not granted:
            raise NotFound()
        return made, False

    async def events(
        self, by: Principal, start: datetime, end: datetime, *, purpose: str, key: str, request_id: str
    ) -> tuple[dict[str, Any], bool]:
        """The events of a period that is over, of the units that the caller sees."""
        allowed = bool(EXAMINERS & by.roles)
        if allowed:
            _admit_period(start, end)
        about = {"from": start, "to": end, "purpose": purpose}
        async with self.database.transaction(by) as conn:
            if allowed and (spent := await idempotency.spend(conn, by, "exportEvents", key, about)) is not None:
                return spent, True
            period = {"from": start.isoformat(), "to": end.isoformat()}
            await _log(conn, by, "exportEvents", [], purpose, period, request_id, granted=allowed)
            if allowed:
                made = await self._ask(conn, by, ExportKind.EVENTS, purpose, period_from=start, period_to=end)
                await idempotency.keep(conn, by, "exportEvents", key, made)
        if not allowed:
            raise Forbidden("exportEvents is for compliance, audit and examiners.")
        return made, False

    @staticmethod
    async def _ask(conn: Connection, by: Principal, kind: ExportKind, purpose: str, **about: Any) -> dict[str, Any]:
        row = {"org_id": by.org_id, "staff_id": by.staff_id, "kind": kind, "purpose": purpose, **about}
        return {"export": str(await conn.insert(tables.exports, row, returning="id"))}

    async def link(self, by: Principal, export: UUID, purpose: str, request_id: str, shift: timedelta) -> Link:
        """To the archive of an export of the caller's own, as an attachment; NotFound once it is not there, which is on record too."""
        async with self.database.transaction(by) as conn:
            row = await conn.row(EXPORT, export=export, staff=by.staff_id)
            granted = row is not None and admits(row["kind"], by) and _sees(row, by) and _is_there(row, datetime.now(UTC) + shift)
            about = [export, *([row["contract_id"]] if row is not None and row["contract_id"] else [])]
            await _log(conn, by, "issueExportLink", about, purpose, {}, request_id, granted=granted)
        if row is None or not granted:
            raise NotFound()
        kind = "evidence" if row["kind"] == ExportKind.EVIDENCE else "events"
        url, expires = self.objects.staging.presign_get(key_of(row["id"], row["leased_by"]), filename=f"{kind}-{row['id']}.zip")
        return Link(export, url, expires)


def admits(kind: str, by: Principal) -> bool:
    """Whether the person may still have such an export; evidence is of whole chains, so whoever has it sees all of them."""
    if kind == ExportKind.EVIDENCE:
        return bool(ASKERS & by.roles) and by.everywhere
    return bool(EXAMINERS & by.roles)


def _sees(row: Any, by: Principal) -> bool:
    """Whether the units that it is of are still the person's: what was granted for a time is not fetched afterwards."""
    return by.everywhere or (row["units"] is not None and set(row["units"]) <= set(by.branches))


def _is_there(row: Any, at: datetime) -> bool:
    return bool(row["state"] == ExportState.READY and row["expires_at"] > at)


def _admit_period(start: datetime, end: datetime) -> None:
    wrong = []
    if end > datetime.now(UTC):
        wrong.append(InputProblem(("to",), "IN_FUTURE"))
    if start >= end or end - start > PERIOD_MAX:
        wrong.append(InputProblem(("from",), "PERIOD_OUT_OF_RANGE"))
    if wrong:
        raise InvalidInput(wrong)


async def _log(
    conn: Connection,
    by: Principal,
    action: str,
    about: list[UUID],
    purpose: str,
    detail: Mapping[str, Any],
    request_id: str,
    *,
    granted: bool,
) -> None:
    result = AccessResult.GRANTED if granted else AccessResult.DENIED
    await access.log(conn, by, action, result, subjects=about, purpose=purpose, detail=detail, request_id=request_id)
