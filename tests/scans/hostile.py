"""What people may try to have kept as a scan, by name: the bytes, what they are said to be, and the code that they are refused with."""

import io
import struct
import zlib
from functools import cache
from typing import Any, NamedTuple

from PIL import Image, PngImagePlugin

from tests.scans import hostile_pdf as pdf

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
REFUSED, ACTIVE, ENCRYPTED = "DOCUMENT_REFUSED", "DOCUMENT_ACTIVE", "DOCUMENT_ENCRYPTED"
LARGE, NOT_ALONE, OTHER = "DOCUMENT_TOO_LARGE", "DOCUMENT_NOT_ALONE", "MEDIA_TYPE_MISMATCH"
PDF, JPEG, PNG, TIFF = "application/pdf", "image/jpeg", "image/png", "image/tiff"
FORMAT = {JPEG: "JPEG", PNG: "PNG", TIFF: "TIFF"}


class Hostile(NamedTuple):
    body: bytes
    media_type: str
    code: str


@cache
def noise() -> Any:
    return Image.effect_noise((300, 400), 40)


def image(media_type: str, **how: Any) -> bytes:
    out = io.BytesIO()
    noise().save(out, FORMAT[media_type], **how)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, packed: bytes, *more: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def damaged_png() -> bytes:
    whole = bytearray(image(PNG))
    whole[len(whole) // 2] ^= 0xFF
    return bytes(whole)


def animated_png() -> bytes:
    return png(1, 1, zlib.compress(b"\0\0"), chunk(b"acTL", struct.pack(">II", 2, 0)))


def large_jpeg() -> bytes:
    """Small in truth; its head says 60,000 by 60,000."""
    whole = bytearray(image(JPEG))
    at = whole.index(b"\xff\xc0")
    whole[at + 5 : at + 9] = struct.pack(">HH", 60_000, 60_000)
    return bytes(whole)


def tiff(*directories: bytes, body: bytes = b"") -> bytes:
    """Directories of entries, one behind the other, each pointing at the next."""
    out = bytearray(b"II*\0" + struct.pack("<I", 8 + len(body)) + body)
    for number, entries in enumerate(directories, 1):
        after = len(out) + 2 + len(entries) + 4 if number < len(directories) else 0
        out += struct.pack("<H", len(entries) // 12) + entries + struct.pack("<I", after)
    return bytes(out)


def entries(width: int, height: int, start: int, length: int) -> bytes:
    found = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, start), (278, height), (279, length)]
    return b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in found)


def tiff_ring() -> bytes:
    whole = bytearray(tiff(entries(1, 1, 8, 1), body=b"x"))
    whole[-4:] = struct.pack("<I", 9)
    return bytes(whole)


def tiff_of_one_strip() -> bytes:
    """Two thousand pages of one strip of few bytes."""
    return tiff(*[entries(100, 100, 8, 10_000)] * 1_000, body=bytes(10_000))


def with_text(text: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", text)
    return image(PNG, pnginfo=info)


@cache
def hostile() -> dict[str, Hostile]:
    whole = pdf.PLAIN
    made: dict[str, tuple[bytes, str, str]] = {
        "no PDF at all": (b"%PDF-1.4 not really", PDF, REFUSED),
        "a PDF cut short": (whole[: len(whole) // 2], PDF, REFUSED),
        "a PDF without its last line": (whole[:-20], PDF, REFUSED),
        "a PDF whose table of objects is wrong": (whole.replace(b"/Catalog", b"/Catalog  "), PDF, REFUSED),
        "a PDF of no pages": (pdf.numbered([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"]), PDF, REFUSED),
        "JavaScript": (pdf.acting("/JavaScript"), PDF, ACTIVE),
        "JavaScript in an object stream": (pdf.acting("/JavaScript", hidden=True), PDF, ACTIVE),
        "JavaScript spelled with escapes": (pdf.with_escapes(), PDF, ACTIVE),
        "a program launched": (pdf.acting("/Launch", F=b"calc.exe"), PDF, ACTIVE),
        "a form sent away": (pdf.acting("/SubmitForm", F=b"http://x"), PDF, ACTIVE),
        "another file opened": (pdf.acting("/GoToR", F=b"x.pdf"), PDF, ACTIVE),
        "an embedded file": (pdf.embedding(), PDF, ACTIVE),
        "a file attached to a page": (pdf.annotated("/FileAttachment"), PDF, ACTIVE),
        "rich media": (pdf.annotated("/RichMedia"), PDF, ACTIVE),
        "a form of XFA": (pdf.with_form(), PDF, ACTIVE),
        "contents from another file": (pdf.external_stream(), PDF, ACTIVE),
        "an encrypted PDF": (pdf.encrypted("u"), PDF, ENCRYPTED),
        "a PDF encrypted for nobody": (pdf.encrypted(""), PDF, ENCRYPTED),
        "a thousand million pages": (pdf.page_bomb(), PDF, REFUSED),
        "two thousand pages and one": (pdf.many_pages(), PDF, LARGE),
        "an image of ten thousand million pixels": (pdf.pixel_bomb(), PDF, LARGE),
        "a stream packed twelve times": (pdf.filters(), PDF, LARGE),
        "a ZIP behind a PDF": (pdf.with_zip_behind(), PDF, NOT_ALONE),
        "a ZIP around a PDF": (pdf.with_zip_inside(), PDF, NOT_ALONE),
        "a page of HTML behind a PDF": (whole + b"<html><script>alert(1)</script>", PDF, NOT_ALONE),
        "HTML before a PDF": (b"<html>" + whole, PDF, OTHER),
        "a program": (b"MZ\x90\0" + bytes(200), PDF, OTHER),
        "a page of HTML": (b"<html><script>alert(1)</script></html>", PNG, OTHER),
        "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", PNG, OTHER),
        "EICAR alone": (EICAR, PDF, OTHER),
        "a JPEG said to be a PNG": (image(JPEG), PNG, OTHER),
        "a JPEG cut short": (image(JPEG)[:-500], JPEG, REFUSED),
        "a ZIP behind a JPEG": (image(JPEG) + b"PK\3\4" + bytes(300), JPEG, NOT_ALONE),
        "a PDF inside a JPEG": (image(JPEG, comment=whole), JPEG, NOT_ALONE),
        "a JPEG that says it is huge": (large_jpeg(), JPEG, LARGE),
        "a PNG cut short": (image(PNG)[:-300], PNG, REFUSED),
        "a damaged PNG": (damaged_png(), PNG, REFUSED),
        "a page of HTML behind a PNG": (image(PNG) + b"<html>", PNG, NOT_ALONE),
        "HTML in the text of a PNG": (with_text("<script>alert(1)</script>"), PNG, NOT_ALONE),
        "a PNG of ten thousand million pixels": (png(100_000, 100_000, zlib.compress(bytes(1_000_000))), PNG, LARGE),
        "an animated PNG": (animated_png(), PNG, NOT_ALONE),
        "a TIFF cut short": (image(TIFF)[:-2_000], TIFF, REFUSED),
        "a TIFF whose pages run in a ring": (tiff_ring(), TIFF, LARGE),
        "a thousand pages of one strip": (tiff_of_one_strip(), TIFF, LARGE),
        "a TIFF of ten thousand million pixels": (tiff(entries(100_000, 100_000, 8, 16), body=bytes(16)), TIFF, LARGE),
        "a program behind a TIFF": (image(TIFF) + b"MZ" + bytes(300), TIFF, NOT_ALONE),
    }
    return {name: Hostile(*told) for name, told in made.items()}
