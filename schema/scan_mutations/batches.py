"""Many scans in one call: each line is its own act, with its own result."""

from typing import Any

import strawberry
import structlog

from schema.custody_mutations.acting import UNSET, field
from schema.custody_mutations.batches import lines_of
from schema.results import id_of
from schema.scalars import ByteCount
from schema.scan_mutations.uploading import ScanPayload, UploadPayload, addresses_of, new_scan, uploads_of
from server.errors import InputProblem, InvalidInput, Problem
from server.scans.uploads import UPLOADERS
from storage.terms import ScanSubject

SCANS_MAX, AT_ONCE = 200, 4
log: Any = structlog.get_logger()


@strawberry.input(description="One line of registerScanBatch.")
class RegisterScanLineInput:
    """One scan."""

    line_id: strawberry.ID = field("The scanner's own id of the line; with the batch's key it is the key of the act.")
    subject_kind: ScanSubject = field("What it shows.")
    subject_id: strawberry.ID = field("Id of what it shows.")
    title: str = field("Title.")
    media_type: str = field("application/pdf, image/tiff, image/jpeg or image/png.")
    sha256: str = field("SHA-256 of the bytes, 64 hex digits.")
    pages: int = field("Pages of the document, 1 to 2,000.")
    size_bytes: ByteCount = field("Size; at most 64 MiB in one PUT, 256 MiB in parts.")
    part_sha256: list[str] | None = field("SHA-256 of each 8 MiB of the bytes, the last part shorter, to send them in parts.", UNSET)


@strawberry.input(description="One line of confirmScanBatch.")
class ConfirmScanLineInput:
    """One scan."""

    line_id: strawberry.ID = field("The scanner's own id of the line; with the batch's key it is the key of the act.")
    scan_id: strawberry.ID = field("The scan.")


async def _register(info: strawberry.Info, full: str, key: str, line: Any, read: Any) -> Any:
    context: Any = info.context
    made = await uploads_of(info).register(context.principal, new_scan(line, line.size_bytes), key=f"{full} {key}")
    async with context.database.transaction(context.principal) as conn:
        return await read(conn, made.outcome, made.replayed, **addresses_of(made))


async def _confirm(info: strawberry.Info, full: str, key: str, line: Any, read: Any) -> Any:
    context: Any = info.context
    scan = id_of(line.scan_id, "scan")
    try:
        outcome, replayed = await uploads_of(info).confirm_or_leave(context.principal, scan, key=f"{full} {key}")
        async with context.database.transaction(context.principal) as conn:
            return await read(conn, outcome, replayed)
    except Problem:
        raise
    except Exception as error:  # of this line, whatever it is: what became of the others is told
        log.error("scan not confirmed", scan=str(scan), kind=type(error).__name__)
        raise InvalidInput([InputProblem(("scanId",), "SCAN_NOT_CONFIRMED")]) from None


@strawberry.type
class BatchMutations:
    """At most 200 scans."""

    register_scan_batch = lines_of(
        "registerScan", RegisterScanLineInput, UploadPayload, _register, requires=UPLOADERS, most=SCANS_MAX, at_once=AT_ONCE,
        description="registerScan for each line; send again whatever was cut off, in any order.",
    )  # fmt: skip
    confirm_scan_batch = lines_of(
        "confirmScan", ConfirmScanLineInput, ScanPayload, _confirm, requires=UPLOADERS, most=SCANS_MAX, at_once=AT_ONCE,
        description="confirmScan for each line. A scan that cannot be verified now is PENDING and goes on by itself.",
    )  # fmt: skip
