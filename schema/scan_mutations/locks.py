"""The electronic lock of a scan (C49)."""

from typing import Any

import strawberry

from schema.custody_mutations.acting import field, payload_of
from schema.payloads import read
from schema.results import KeyedInput, id_of, mutation
from schema.scan_mutations.uploading import ScanPayload
from server.scans.locking import LIFTERS, ScanLocks
from server.scans.uploads import UPLOADERS

LockScanPayload = payload_of(ScanPayload, "LockScanPayload")
UnlockScanPayload = payload_of(ScanPayload, "UnlockScanPayload")


@strawberry.input(description="Input of lockScan.")
class LockScanInput(KeyedInput):
    """Any version will do: the lock is on what the scan shows."""

    scan_id: strawberry.ID = field("The scan.")


@strawberry.input(description="Input of unlockScan.")
class UnlockScanInput(KeyedInput):
    """Any version will do."""

    scan_id: strawberry.ID = field("The scan.")


async def _lock(info: strawberry.Info, i: LockScanInput) -> Any:
    context: Any = info.context
    outcome, replayed = await ScanLocks(context.database).lock(context.principal, id_of(i.scan_id, "scan"), key=str(i.idempotency_key))
    return await read(info, LockScanPayload, outcome, replayed=replayed)


async def _unlock(info: strawberry.Info, i: UnlockScanInput) -> Any:
    context: Any = info.context
    outcome, replayed = await ScanLocks(context.database).unlock(context.principal, id_of(i.scan_id, "scan"), key=str(i.idempotency_key))
    return await read(info, UnlockScanPayload, outcome, replayed=replayed)


@strawberry.type
class LockMutations:
    """Both ways."""

    lock_scan = mutation(
        "lockScan", LockScanInput, LockScanPayload, _lock, requires=UPLOADERS,
        description="From now on the caller alone uploads new versions of what the scan shows (C49); not while others' uploads are open.",
    )  # fmt: skip
    unlock_scan = mutation(
        "unlockScan", UnlockScanInput, UnlockScanPayload, _unlock, requires=LIFTERS,
        description="Everyone may upload again; by whoever holds the lock, or by a head.",
    )  # fmt: skip
