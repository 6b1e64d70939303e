"""The directories of a TIFF: how many pages they list and how far they reach, without decoding anything."""

import struct
from dataclasses import dataclass, field

from server.scans.documents.verdicts import BROKEN, NOT_ALONE, PAGES_MAX, TOO_LARGE, Bytes, Refused

ENTRIES_MAX, PIECES_MAX = 1000, 200_000
PADDING_BYTES_MAX = 64
BYTES_OF = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
STARTS, LENGTHS = {273: 279, 324: 325, 513: 514}, frozenset({279, 325, 514})  # strips, tiles, an old JPEG
SUB_IFDS, NESTED = 330, frozenset({34665, 34853, 40965})  # frames beside the pages; EXIF, GPS, interoperability


@dataclass(slots=True)
class Directories:
    """What was walked so far."""

    data: Bytes
    order: str
    end: int = 8
    coded_bytes: int = 0
    seen: set[int] = field(default_factory=set)

    def numbers(self, form: str, at: int, count: int) -> tuple[int, ...]:
        """Numbers at a place, which thereby belongs to the file."""
        layout = f"{self.order}{count}{form}"
        self.reaches(at, struct.calcsize(layout))
        return struct.unpack(layout, self.data.at(at, struct.calcsize(layout)))

    def reaches(self, at: int, size: int) -> None:
        """These bytes belong to the file."""
        if at + size > self.data.size:
            raise Refused(BROKEN)
        self.end = max(self.end, at + size)

    def walk(self, at: int) -> int:
        """One directory and those inside it; where the next one lies."""
        if at in self.seen or len(self.seen) > 2 * PAGES_MAX:  # a ring, or far too many
            raise Refused(TOO_LARGE)
        self.seen.add(at)
        (entries,) = self.numbers("H", at, 1)
        if not 0 < entries <= ENTRIES_MAX:
            raise Refused(BROKEN)
        values: dict[int, tuple[int, ...]] = {}
        for number in range(entries):
            place = at + 2 + 12 * number
            tag, kind = self.numbers("H", place, 2)
            (count,) = self.numbers("I", place + 4, 1)
            values |= self._value(tag, kind, count, place + 8)
        for starts, lengths in STARTS.items():
            self._coded(values.get(starts, ()), values.get(lengths, ()))
        if SUB_IFDS in values:
            raise Refused(NOT_ALONE)
        for tag in NESTED & values.keys():
            self.walk(values[tag][0])
        (after,) = self.numbers("I", at + 2 + 12 * entries, 1)
        return after

    def _value(self, tag: int, kind: int, count: int, place: int) -> dict[int, tuple[int, ...]]:
        size = BYTES_OF.get(kind, 0) * count
        if size > 4:
            (place,) = self.numbers("I", place, 1)
            self.reaches(place, size)
        wanted = tag in STARTS or tag in LENGTHS or tag in NESTED or tag == SUB_IFDS
        form = {3: "H", 4: "I", 13: "I"}.get(kind)
        if not wanted or not count:
            return {}
        if form is None or count > PIECES_MAX:
            raise Refused(BROKEN)
        return {tag: self.numbers(form, place, count)}

    def _coded(self, starts: tuple[int, ...], lengths: tuple[int, ...]) -> None:
        if len(starts) != len(lengths):
            raise Refused(BROKEN)
        for start, length in zip(starts, lengths, strict=True):
            self.reaches(start, length)
            self.coded_bytes += length


def frames_of(data: Bytes) -> int:
    """How many pages; Refused when they run in a ring, share their bytes, or something lies behind them."""
    found = Directories(data, "<" if data.at(0, 2) == b"II" else ">")
    (at,) = found.numbers("I", 4, 1)
    pages = 0
    while at:
        at = found.walk(at)
        pages += 1
        if pages > PAGES_MAX:
            raise Refused(TOO_LARGE)
    if not pages:
        raise Refused(BROKEN)
    if found.coded_bytes > data.size:  # pages that show the same bytes again and again
        raise Refused(TOO_LARGE)
    if data.size - found.end > PADDING_BYTES_MAX:
        raise Refused(NOT_ALONE)
    return pages
