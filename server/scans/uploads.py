"""The way of a scan: registered, staged, verified, locked, visible.

What happens to the bytes once they have come stands in `storing`; who may read them in `links`.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import update

from server import idempotency
from server.errors import Forbidden, InputProblem, InvalidInput, NotFound, Unavailable
from server.failpoints import reach
from server.scans.announcing import NewScan, announce, part_size
from server.scans.storing import OPEN, SCAN, Storing, staged_key
from server.scans.viruses import Scanner
from storage.database import Database, Principal
from storage.objects import ObjectStore, ObjectStoreDown, Presigned, deadline
from storage.statements import the
from storage.tables import scans
from storage.terms import Role, ScanStatus

UPLOADERS = frozenset({Role.LOAN_OFFICER, Role.ARCHIVIST, Role.VAULT_KEEPER_KEY, Role.VAULT_KEEPER_CODE, Role.REGISTER_CLERK, Role.LEGAL})
CLAIM = update(scans).where(scans.c.id == the("id"), scans.c.upload_id.is_(None)).values(upload_id=the("upload", scans.c.upload_id.type))
PIECE_BYTES = 1 << 20
ROUNDS = 3  # the bytes are fetched, stored, and read where the store tells no hash of them


@dataclass(frozen=True, slots=True)
class Address:
    """Where some of the bytes go: those from `offset` on."""

    number: int
    offset: int
    size_bytes: int
    put: Presigned


@dataclass(frozen=True, slots=True)
class Registered:
    """The scan, and where its missing bytes go; nowhere when they have come."""

    outcome: dict[str, Any]
    replayed: bool
    addresses: tuple[Address, ...]
    whole: Presigned  # for one PUT of everything; of an upload in parts the first that is missing


@dataclass(slots=True)
class Uploads:
    """The use cases of those who bring scans."""

    database: Database
    objects: ObjectStore
    scanner: Scanner | None = None

    async def register(self, principal: Principal, new: NewScan, *, key: str) -> Registered:
        """The row, and where to PUT the bytes. The same bytes of the same subject are the scan that is there."""
        _admit(principal, "registerScan")
        new.check()
        async with self.database.transaction(principal) as conn:
            spent = await idempotency.spend(conn, principal, "registerScan", key, new.told())
            there = spent is not None
            if spent is None:
                spent, there = await announce(conn, principal, new)
                await idempotency.keep(conn, principal, "registerScan", key, spent)
            row = await conn.row(SCAN, the_id=UUID(spent["scan"]))
        if row is None:  # of a unit that the caller has left since
            raise NotFound()
        reach("scan_registered")
        return await self._registered(principal, row, spent, replayed=there)

    async def resume(self, principal: Principal, scan: UUID) -> Registered:
        """Where the bytes that are still missing go, with new addresses; changes nothing."""
        _admit(principal, "resumeUpload")
        row = await self._row(principal, scan)
        if row["status"] == ScanStatus.EXPIRED:
            raise InvalidInput([InputProblem(("scanId",), "UPLOAD_EXPIRED")])
        return await self._registered(principal, row, {"scan": str(scan), "events": []}, replayed=False)

    async def _registered(self, principal: Principal, row: Any, outcome: dict[str, Any], *, replayed: bool) -> Registered:
        whole = self.objects.staging.presign_put(
            staged_key(row["id"]), sha256=row["sha256"], size_bytes=row["size_bytes"], media_type=row["media_type"]
        )
        if row["status"] not in OPEN:
            return Registered(outcome, replayed, (), whole)
        if not row["part_sha256"]:
            return Registered(outcome, replayed, (Address(1, 0, row["size_bytes"], whole),), whole)
        addresses = await self._missing(principal, row)
        return Registered(outcome, replayed, addresses, addresses[0].put if addresses else whole)

    async def _missing(self, principal: Principal, row: Any) -> tuple[Address, ...]:
        """Addresses of the parts that have not come; none when the upload was put together."""
        key, upload = staged_key(row["id"]), row["upload_id"]
        upload = upload or await self._begin(principal, row)
        there = await self.objects.parts.there(key, upload)
        if there is None:
            return ()
        made = []
        for number, digest in enumerate(row["part_sha256"], 1):
            size = part_size(row["size_bytes"], number)
            if number not in there or there[number].size_bytes != size:
                put = self.objects.parts.presign(key, upload, number, sha256=digest, size_bytes=size)
                made.append(Address(number, (number - 1) * part_size(row["size_bytes"], 1), size, put))
        return tuple(made)

    async def _begin(self, principal: Principal, row: Any) -> str:
        """The upload's name at the store; of two who begin, one gives up his."""
        upload = await self.objects.parts.begin(staged_key(row["id"]), row["media_type"])
        async with self.database.transaction(principal) as conn:
            ours = await conn.run(CLAIM, the_id=row["id"], the_upload=upload)
            found = await conn.row(SCAN, the_id=row["id"])
        if not ours:
            await self.objects.parts.give_up(staged_key(row["id"]), upload)
        assert found is not None
        return str(found["upload_id"])

    async def confirm(self, principal: Principal, scan: UUID, *, key: str) -> tuple[dict[str, Any], bool]:
        """Verifies the staged bytes, locks them, and only then makes the scan visible; outcome, whether replayed.

        When a part of the system does not answer it raises so, and the scan is finished by itself later.
        """
        _admit(principal, "confirmScan")
        row, storing = await self._row(principal, scan), Storing(self.database, self.objects, self.scanner)
        with deadline(size_bytes=ROUNDS * row["size_bytes"]):
            return await self._confirmed(principal, row, storing, key)

    async def _confirmed(self, principal: Principal, found: Any, storing: Storing, key: str) -> tuple[dict[str, Any], bool]:
        scan = found["id"]
        row, locked = await storing.confirmed(principal, scan), None
        if row is not None:
            reach("scan_confirmed")
            locked = await storing.finish(principal, row)
        async with self.database.transaction(principal) as conn:
            if (spent := await idempotency.spend(conn, principal, "confirmScan", key, {"scan": str(scan)})) is not None:
                return spent, True
            outcome = await storing.store(conn, principal, scan, locked)
            await idempotency.keep(conn, principal, "confirmScan", key, outcome)
        reach("scan_stored")
        # Also of what was stored before: whoever was slow to bring the same bytes has staged them once more.
        await self._cleared(storing, row or found)
        return outcome, False

    async def confirm_or_leave(self, principal: Principal, scan: UUID, *, key: str) -> tuple[dict[str, Any], bool]:
        """As `confirm`; what must wait for a part of the system is an outcome too: it goes on by itself."""
        try:
            return await self.confirm(principal, scan, key=key)
        except (ObjectStoreDown, Unavailable):
            if (await self._row(principal, scan))["status"] != ScanStatus.PENDING:
                raise
            return {"scan": str(scan), "events": []}, False

    async def upload(self, principal: Principal, new: NewScan, file: BinaryIO, *, key: str) -> tuple[dict[str, Any], bool]:
        """Small files in one call; the same way as a presigned PUT. `new` is announced of the bytes that have come."""
        with deadline(size_bytes=(1 + ROUNDS) * new.size_bytes):
            made = await self.register(principal, new, key=f"{key}:register")
            scan = UUID(made.outcome["scan"])
            if made.addresses:  # a retry after a crash in between brings the bytes again
                await self.objects.staging.put(staged_key(scan), file, new.media_type.value)
            return await self.confirm(principal, scan, key=f"{key}:confirm")

    async def _row(self, principal: Principal, scan: UUID) -> Any:
        async with self.database.transaction(principal) as conn:
            row = await conn.row(SCAN, the_id=scan)
        if row is None:
            raise NotFound()
        return row

    @staticmethod
    async def _cleared(storing: Storing, row: Any) -> None:
        try:
            await storing.clear(row)
        except ObjectStoreDown:  # the scan is stored: what is left behind, the job removes
            return


def digest_of(file: BinaryIO) -> tuple[int, bytes]:
    """Size and SHA-256 of a file, read piece by piece."""
    file.seek(0)
    size, digest = 0, hashlib.sha256()
    while piece := file.read(PIECE_BYTES):
        digest.update(piece)
        size += len(piece)
    return size, digest.digest()


def _admit(principal: Principal, what: str) -> None:
    if not UPLOADERS & principal.roles:
        raise Forbidden(f"{what} is for {', '.join(sorted(UPLOADERS))}.")
