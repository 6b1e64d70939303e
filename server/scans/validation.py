"""What the stored bytes must be before anyone sees them: those that were announced, of an allowed kind, harmless, and no virus."""

from dataclasses import dataclass
from typing import BinaryIO

from server.errors import InputProblem, InvalidInput
from server.scans.documents.opener import OPENERS_OF_THIS_PROCESS
from server.scans.documents.verdicts import Refused
from server.scans.viruses import Scanner
from storage.terms import MediaType

PATHS = {"SIZE_MISMATCH": "sizeBytes", "MEDIA_TYPE_MISMATCH": "mediaType", "PAGES_MISMATCH": "pages"}


@dataclass(frozen=True, slots=True)
class Announced:
    """What a scan was registered as."""

    sha256: bytes
    size_bytes: int
    media_type: MediaType
    pages: int


async def check(file: BinaryIO, size_bytes: int, sha256: bytes, announced: Announced, scanner: Scanner | None) -> None:
    """InvalidInput with a code for each way to be wrong; Unavailable when it could not be checked now.

    `size_bytes` and `sha256` are those of the stored bytes, which the file holds.
    """
    if size_bytes != announced.size_bytes:
        raise wrong("SIZE_MISMATCH")
    if sha256 != announced.sha256:
        raise wrong("HASH_MISMATCH")
    try:
        pages = await OPENERS_OF_THIS_PROCESS.ask("examine", file, announced.media_type.value)
    except Refused as refused:
        raise wrong(refused.code) from None
    if pages != announced.pages:
        raise wrong("PAGES_MISMATCH")
    if scanner is not None and (found := await scanner.found(file)):
        raise wrong(found)


def wrong(code: str) -> InvalidInput:
    """The refusal, and what of the announcement it is about."""
    return InvalidInput([InputProblem((PATHS.get(code, "sha256"),), code)])
