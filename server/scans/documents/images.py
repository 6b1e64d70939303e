"""JPEG, PNG and TIFF: where they end by their own structure, how large they say they are, and whether they decode to the end."""

import mmap
import re
import struct
import warnings
from typing import Any, BinaryIO

from PIL import Image, UnidentifiedImageError

from server.scans.documents.tiff import frames_of
from server.scans.documents.verdicts import BROKEN, DECODED_BYTES_MAX, NOT_ALONE, PIXELS_MAX, TOO_LARGE, Refused

Image.MAX_IMAGE_PIXELS = PIXELS_MAX
MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")  # in the coded data: not a stuffed zero, not a restart
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
FEW_BYTES = frozenset({"1", "L", "P"})  # one byte for a pixel in memory; all others have four


def pages_of(file: BinaryIO, size: int, kind: str) -> int:
    """How many pages it has; Refused when it is not one whole image, or too large a one."""
    with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
        frames = frames_of(data, size) if kind == "TIFF" else 1
        if kind != "TIFF" and (_end_of_jpeg(data) if kind == "JPEG" else _end_of_png(data)) != size:
            raise Refused(NOT_ALONE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a warning of Pillow's is a fault of the document
            _decode(file, kind, frames)
    except MemoryError:
        raise Refused(TOO_LARGE) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(TOO_LARGE) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, struct.error, Warning):
        raise Refused(BROKEN) from None  # what Pillow makes of nonsense is one of these
    return frames


def _decode(file: BinaryIO, kind: str, frames: int) -> None:
    file.seek(0)
    if kind == "PNG":
        with Image.open(file, formats=[kind]) as image:
            image.verify()  # the checksums, which decoding alone passes over
        file.seek(0)
    with Image.open(file, formats=[kind]) as image:
        for frame in range(frames):
            if kind == "TIFF":
                image.seek(frame)
            _limited(image)
            if kind == "JPEG":
                image.draft("RGB", (image.width // 8, image.height // 8))  # reads it all, keeps a sixty-fourth
            image.load()


def _limited(image: Any) -> None:
    pixels = image.width * image.height
    if pixels > PIXELS_MAX:
        raise Refused(TOO_LARGE)
    if image.format != "JPEG" and pixels * (1 if image.mode in FEW_BYTES else 4) > DECODED_BYTES_MAX:
        raise Refused(TOO_LARGE)


def _end_of_png(data: mmap.mmap) -> int:
    at = 8
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind in (b"acTL", b"fcTL", b"fdAT"):  # frames that only some readers show
            raise Refused(NOT_ALONE)
        at += 12 + length
        if kind == b"IEND":
            return at
    raise Refused(BROKEN)


def _end_of_jpeg(data: mmap.mmap) -> int:
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise Refused(BROKEN)
        kind = data[at + 1]
        if kind == 0xFF:
            at += 1
        elif kind == 0xD9:
            return at + 2
        elif kind == 0xDA:  # behind its head the coded data, up to the next marker
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            found = MARKER.search(data, at)
            if found is None:
                raise Refused(BROKEN)
            at = found.end() - 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    if data[at : at + 2] == b"\xff\xd9":
        return at + 2
    raise Refused(BROKEN)
