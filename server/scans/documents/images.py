"""JPEG, PNG and TIFF: where they end by their own structure, how large they say they are, and whether they decode to the end."""

import re
import struct
import warnings
from typing import Any, BinaryIO

from PIL import Image, UnidentifiedImageError

from server.scans.documents.tiff import frames_of
from server.scans.documents.verdicts import BROKEN, DECODED_BYTES_MAX, NOT_ALONE, PIXELS_MAX, TOO_LARGE, Bytes, Costly, Refused

Image.MAX_IMAGE_PIXELS = PIXELS_MAX
MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")  # in the coded data: not a stuffed zero, not a restart
PIECE_BYTES, LIGHT_BYTES_MAX = 1 << 20, 12 << 20
FEW_BYTES = frozenset({"1", "L", "P"})  # one byte for a pixel in memory; all others have four


def pages_of(file: BinaryIO, size: int, kind: str, *, light: bool) -> int:
    """How many pages it has; Refused when it is not one whole image, or too large a one. Costly when `light` will not do."""
    data = Bytes(file, size)
    frames = frames_of(data) if kind == "TIFF" else 1
    if kind != "TIFF" and (_end_of_jpeg(data) if kind == "JPEG" else _end_of_png(data)) != size:
        raise Refused(NOT_ALONE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a warning of Pillow's is a fault of the document
            _decode(file, kind, frames, light)
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(TOO_LARGE) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, struct.error, Warning):
        raise Refused(BROKEN) from None  # what Pillow makes of nonsense is one of these
    return frames


def _decode(file: BinaryIO, kind: str, frames: int, light: bool) -> None:
    file.seek(0)
    if kind == "PNG":
        with Image.open(file, formats=[kind]) as image:
            image.verify()  # the checksums, which decoding alone passes over
        file.seek(0)
    with Image.open(file, formats=[kind]) as image:
        for frame in range(frames):
            if kind == "TIFF":
                image.seek(frame)
            needed = _needed(image)
            if light and needed > LIGHT_BYTES_MAX:
                raise Costly
            if kind == "JPEG":
                image.draft("RGB", (image.width // 8, image.height // 8))  # reads it all, keeps a sixty-fourth
            image.load()


def _needed(image: Any) -> int:
    """Bytes that it takes to decode; Refused when they are too many."""
    pixels = int(image.width * image.height)
    if pixels > PIXELS_MAX:
        raise Refused(TOO_LARGE)
    if image.format == "JPEG":  # one that gets better is kept as it is coded, two bytes for each value
        return pixels * 2 * len(image.getbands()) if image.info.get("progressive") else pixels // 16
    needed = pixels * (1 if image.mode in FEW_BYTES else 4)
    if needed > DECODED_BYTES_MAX:
        raise Refused(TOO_LARGE)
    return needed


def _end_of_png(data: Bytes) -> int:
    at = 8
    while at + 12 <= data.size:
        head = data.at(at, 8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind in (b"acTL", b"fcTL", b"fdAT"):  # frames that only some readers show
            raise Refused(NOT_ALONE)
        at += 12 + length
        if kind == b"IEND":
            return at
    raise Refused(BROKEN)


def _end_of_jpeg(data: Bytes) -> int:
    at = 2
    while at + 2 <= data.size:
        mark, kind, *_ = head = data.at(at, 4)
        if mark != 0xFF:
            raise Refused(BROKEN)
        if kind == 0xFF:
            at += 1
        elif kind == 0xD9:
            return at + 2
        else:
            at += 2 + int.from_bytes(head[2:], "big")
            if kind == 0xDA:  # behind its head the coded data
                at = _next_marker(data, at)
    raise Refused(BROKEN)


def _next_marker(data: Bytes, at: int) -> int:
    while piece := data.at(at, PIECE_BYTES):
        if found := MARKER.search(piece):
            return at + found.end() - 2
        at += max(1, len(piece) - 1)  # a marker may lie across
    raise Refused(BROKEN)
