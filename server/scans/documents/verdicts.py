"""What may be said of a document, and the sizes beyond which nothing is looked at. Stdlib alone: the process that opens documents loads it."""

import os
from typing import BinaryIO

PAGES_MAX = 2000
PIXELS_MAX = 80_000_000  # A3 at 600 dpi has 70 million
DECODED_BYTES_MAX = 72 << 20  # A3 at 300 dpi in colour takes 70 MB, A4 at 400 dpi 62, at 600 dpi in grey 35
TAIL_BYTES = 66_000  # a ZIP ends within these, its comment included
HEAD_BYTES = 1024  # a reader of PDF finds its mark in these, a browser that guesses looks at fewer
MARKUP = (b"<html", b"<!doctype", b"<script", b"<svg", b"<body", b"<iframe", b"<?php")


class Costly(Exception):
    """The document is for whoever has more memory."""


class Bytes:
    """A file looked at here and there: nothing of it is kept, or counts as memory."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._number, self.size = file.fileno(), size

    def at(self, start: int, count: int) -> bytes:
        """Fewer at the end of the file."""
        return os.pread(self._number, count, start)


class Refused(Exception):
    """The document is not taken; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# The codes: what each means stands in the catalogue of words.
BROKEN, ENCRYPTED, ACTIVE = "DOCUMENT_REFUSED", "DOCUMENT_ENCRYPTED", "DOCUMENT_ACTIVE"
TOO_LARGE, NOT_ALONE, OTHER_TYPE = "DOCUMENT_TOO_LARGE", "DOCUMENT_NOT_ALONE", "MEDIA_TYPE_MISMATCH"


def alone(file: BinaryIO, size: int) -> None:
    """Refuses what is something else as well: a second kind at its head, or a ZIP at its end."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head.find(b"%PDF-") > 0 or any(mark in head.lower() for mark in MARKUP):
        raise Refused(NOT_ALONE)
    file.seek(max(0, size - TAIL_BYTES))
    tail = file.read()
    at = tail.find(b"PK\5\6")
    while at >= 0:
        comment = int.from_bytes(tail[at + 20 : at + 22], "little")
        if at + 22 + comment == len(tail):
            raise Refused(NOT_ALONE)
        at = tail.find(b"PK\5\6", at + 1)
