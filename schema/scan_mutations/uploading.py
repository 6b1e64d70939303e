"""The way of a scan into the archive."""

from typing import Any, BinaryIO, cast

import anyio.to_thread
import orjson
import strawberry
from sqlalchemy import ARRAY, JSON, BigInteger, Boolean, Integer, Text
from strawberry.file_uploads import Upload

from schema.custody import CustodyEvent
from schema.custody_mutations.acting import UNSET, field, payload_of
from schema.paging import col
from schema.papers import Scan
from schema.payloads import read
from schema.reading.declare import Given, Many, One
from schema.reading.listed import Listed
from schema.results import KeyedInput, given, id_of, mutation
from schema.scalars import URL, ByteCount, DateTime
from server.errors import BadRequest, InputProblem, InvalidInput
from server.scans.announcing import NewScan
from server.scans.documents.verdicts import PAGES_MAX
from server.scans.uploads import UPLOADERS, Registered, Uploads, digest_of
from server.scans.viruses import scanner_at
from storage.tables.columns import INSTANT
from storage.terms import MediaType, ScanSubject

SHA256_DIGITS = 64
SUBJECT_PREFIXES = {
    ScanSubject.FILE_ITEM: "item",
    ScanSubject.RECORD: "record",
    ScanSubject.REQUEST: "request",
    ScanSubject.OPERATION: "operation",
    ScanSubject.CASE: "case",
    ScanSubject.HANDOVER: "handover",
    ScanSubject.RELEASE: "release",
}
PART_COLUMNS = {"number": Integer, "offset": BigInteger, "sizeBytes": BigInteger, "url": Text, "headers": JSON, "expiresAt": INSTANT}


# What is answered --------------------------------------------------------------------------------------------------------
@strawberry.type(description="Bytes that have not come, and where they go: by one PUT, with these headers.")
class UploadPart:
    """Of a small scan there is one."""

    number: int = col("1 first.")
    offset: ByteCount = col("Where the part begins in the file.")
    size_bytes: ByteCount = col("How many bytes it has.")
    url: URL = col("Where to PUT them.")
    headers: list[str] = col("Headers that the signature covers, as `Name: value`.")
    expires_at: DateTime = col("Until when the address is good; resumeUpload gives new ones.")


class ScanPayload:
    """What acts on a scan answer with."""

    scan: Scan | None = One(given="scan", description="The scan, as it stands now.")
    events: list[CustodyEvent] = Many(given="events", description="What was recorded.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


class UploadPayload(ScanPayload):
    """The row is there; the bytes are not."""

    replayed: bool = Given(
        "replayed", Boolean, description="True when the key had been spent before, or the subject has a scan of the same bytes: this one."
    )
    upload_url: URL = Given(
        "upload_url", Text, description="Where to PUT the bytes, once; of an upload in parts the first that is missing."
    )
    upload_headers: list[str] = Given(
        "upload_headers", ARRAY(Text), as_json=True, description="Headers that the signature covers, as `Name: value`."
    )
    upload_parts: list[UploadPart] = Listed(
        "upload_parts", PART_COLUMNS, description="What is still to be sent, in order; none when all is there."
    )


RegisterScanPayload = payload_of(UploadPayload, "RegisterScanPayload")
ResumeUploadPayload = payload_of(UploadPayload, "ResumeUploadPayload")
ConfirmScanPayload = payload_of(ScanPayload, "ConfirmScanPayload")
UploadScanPayload = payload_of(ScanPayload, "UploadScanPayload")


# What is asked -----------------------------------------------------------------------------------------------------------
@strawberry.input(description="What a scan shows and is.")
class ScanInput(KeyedInput):
    """Common to all ways."""

    subject_kind: ScanSubject = field("What it shows.")
    subject_id: strawberry.ID = field("Id of what it shows.")
    title: str = field("Title.")
    media_type: str = field("application/pdf, image/tiff, image/jpeg or image/png.")
    sha256: str = field("SHA-256 of the bytes, 64 hex digits.")
    pages: int = field("Pages of the document, 1 to 2,000.")


@strawberry.input(description="Input of registerScan.")
class RegisterScanInput(ScanInput):
    """The bytes follow by presigned PUTs."""

    size_bytes: ByteCount = field("Size; at most 64 MiB in one PUT, 256 MiB in parts.")
    part_sha256: list[str] | None = field(
        "SHA-256 of each 8 MiB of the bytes, the last part shorter: then they are sent in parts, and can be resumed.", UNSET
    )


@strawberry.input(description="Input of uploadScan.")
class UploadScanInput(ScanInput):
    """The bytes come with the request."""

    file: Upload = field("The bytes, at most 16 MiB, as a part of a GraphQL multipart request.")


@strawberry.input(description="Input of confirmScan.")
class ConfirmScanInput(KeyedInput):
    """The bytes were sent."""

    scan_id: strawberry.ID = field("The scan.")


@strawberry.input(description="Input of resumeUpload.")
class ResumeUploadInput(KeyedInput):
    """Some of the bytes were sent."""

    scan_id: strawberry.ID = field("The scan.")


def new_scan(i: Any, size_bytes: int) -> NewScan:
    """What was announced; InvalidInput names all that is wrong with it."""
    wrong = []
    if i.media_type not in {m.value for m in MediaType}:
        wrong.append(InputProblem(("mediaType",), "MEDIA_TYPE_NOT_ALLOWED"))
    if not _is_digest(i.sha256):
        wrong.append(InputProblem(("sha256",), "NOT_A_SHA256"))
    parts = given(getattr(i, "part_sha256", None)) or []
    wrong += [InputProblem(("partSha256", str(n)), "NOT_A_SHA256") for n, part in enumerate(parts) if not _is_digest(part)]
    if i.pages < 1:
        wrong.append(InputProblem(("pages",), "REQUIRED"))
    if i.pages > PAGES_MAX:
        wrong.append(InputProblem(("pages",), "DOCUMENT_TOO_LARGE"))
    if not i.title.strip():
        wrong.append(InputProblem(("title",), "EMPTY"))
    if wrong:
        raise InvalidInput(wrong)
    subject = id_of(i.subject_id, SUBJECT_PREFIXES[i.subject_kind])
    digests = tuple(bytes.fromhex(part) for part in parts)
    return NewScan(i.subject_kind, subject, i.title, MediaType(i.media_type), bytes.fromhex(i.sha256), size_bytes, i.pages, digests)


def _is_digest(text: str) -> bool:
    return len(text) == SHA256_DIGITS and not set(text.lower()) - set("0123456789abcdef")


def uploads_of(info: strawberry.Info) -> Uploads:
    """The use cases, on the parts of this process."""
    context: Any = info.context
    return Uploads(context.database, context.objects, scanner_at(context.settings.clamd))


def addresses_of(made: Registered) -> dict[str, Any]:
    """Where the bytes go, as the payload has it."""
    parts = [
        {
            "number": a.number, "offset": a.offset, "sizeBytes": a.size_bytes, "url": a.put.url,
            "headers": orjson.dumps(_lines(a.put.headers)).decode(), "expiresAt": a.put.expires_at,
        }
        for a in made.addresses
    ]  # fmt: skip
    return {"upload_url": made.whole.url, "upload_headers": _lines(made.whole.headers), "upload_parts": parts}


def _lines(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


async def _register(info: strawberry.Info, i: RegisterScanInput) -> Any:
    context: Any = info.context
    made = await uploads_of(info).register(context.principal, new_scan(i, i.size_bytes), key=str(i.idempotency_key))
    return await read(info, RegisterScanPayload, made.outcome, replayed=made.replayed, **addresses_of(made))


async def _resume(info: strawberry.Info, i: ResumeUploadInput) -> Any:
    context: Any = info.context
    made = await uploads_of(info).resume(context.principal, id_of(i.scan_id, "scan"))
    return await read(info, ResumeUploadPayload, made.outcome, replayed=made.replayed, **addresses_of(made))


async def _confirm(info: strawberry.Info, i: ConfirmScanInput) -> Any:
    context: Any = info.context
    outcome, replayed = await uploads_of(info).confirm(context.principal, id_of(i.scan_id, "scan"), key=str(i.idempotency_key))
    return await read(info, ConfirmScanPayload, outcome, replayed=replayed)


async def _upload(info: strawberry.Info, i: UploadScanInput) -> Any:
    context: Any = info.context
    part: Any = i.file
    if not hasattr(part, "read"):
        raise BadRequest("`file` is a part of a multipart request.")
    file = cast(BinaryIO, part.file)  # what is long of it lies on disk
    size, sha256 = await anyio.to_thread.run_sync(digest_of, file)
    new = new_scan(i, size)
    if new.sha256 != sha256:  # before anything of another upload is written over
        raise InvalidInput([InputProblem(("sha256",), "HASH_MISMATCH")])
    outcome, replayed = await uploads_of(info).upload(context.principal, new, file, key=str(i.idempotency_key))
    return await read(info, UploadScanPayload, outcome, replayed=replayed)


@strawberry.type
class UploadMutations:
    """By a presigned PUT, in parts, or with the request."""

    register_scan = mutation(
        "registerScan", RegisterScanInput, RegisterScanPayload, _register, requires=UPLOADERS,
        description="Announce a scan; the bytes follow by presigned PUTs, then confirmScan.",
    )  # fmt: skip
    resume_upload = mutation(
        "resumeUpload", ResumeUploadInput, ResumeUploadPayload, _resume, requires=UPLOADERS,
        description="Where the bytes of a registered scan go that have not come, with new addresses.",
    )  # fmt: skip
    confirm_scan = mutation(
        "confirmScan", ConfirmScanInput, ConfirmScanPayload, _confirm, requires=UPLOADERS,
        description="Verify the stored bytes and lock them; the scan is visible from then on.",
    )  # fmt: skip
    upload_scan = mutation(
        "uploadScan", UploadScanInput, UploadScanPayload, _upload, requires=UPLOADERS,
        description="A small scan in one multipart request; the same way as registerScan.",
    )  # fmt: skip
