"""A CSV file as rows of text: which encoding it is in, and whether it is whole.

The bytes are looked through first, so that a wrong encoding is told before anything else happens; the rows are then read
in one pass that holds one row at a time.
"""

import codecs
import csv
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from server.importing.report import ImportFailed

BLOCK_BYTES = 1 << 20
LINE_CHARS_MAX = 1 << 20
COLUMNS_MAX = 2000
AUTO = "auto"
MARKS = (  # the longer ones first: UTF-32's mark begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Row(NamedTuple):
    """One record of the file: the line it begins on, its fields by column, and how many bytes are read."""

    line: int
    fields: dict[str, str] | None  # None: it has another number of fields than the header
    columns: int
    bytes_read: int


def encoding_of(path: Path, wanted: str) -> str:
    """The encoding that decodes the whole file: the one wanted, or by its mark, else UTF-8, else GB18030."""
    try:
        with path.open("rb") as file:
            begin = file.read(4)
    except OSError as error:
        raise ImportFailed("NO_FILE", f"{path}: {error.strerror}") from None
    if not begin:
        raise ImportFailed("EMPTY_FILE", f"{path} is empty")
    marked = next((name for mark, name in MARKS if begin.startswith(mark)), None)
    if wanted != AUTO:
        same = marked == "utf-8-sig" and codecs.lookup(wanted).name == "utf-8"
        return _proved(path, "utf-8-sig" if same else wanted)
    if marked:
        return _proved(path, marked)
    try:
        return _proved(path, "utf-8")
    except ImportFailed as not_utf8:
        try:
            return _proved(path, "gb18030")
        except ImportFailed:
            raise not_utf8 from None


def _proved(path: Path, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines, final = 1, False
    with path.open("rb") as file:
        while not final:
            block = file.read(BLOCK_BYTES)
            final = not block
            try:
                text = decoder.decode(block, final)
            except UnicodeError as error:
                before = error.object[: error.start].decode(encoding, "ignore") if isinstance(error, UnicodeDecodeError) else ""
                where = f"line {lines + before.count(chr(10))}"
                raise ImportFailed("BAD_ENCODING", f"{path}, {where}: not {encoding}; name the `encoding` in the mapping") from None
            if (nul := text.find("\0")) >= 0:
                raise ImportFailed("BROKEN_FILE", f"{path}, line {lines + text.count(chr(10), 0, nul)}: a NUL character")
            lines += text.count("\n")
    return encoding


def rows(path: Path, encoding: str, delimiter: str, needed: Sequence[str]) -> Iterator[Row]:
    """The records after the header; ImportFailed for a missing column, an open quote, a cut end, a line beyond all measure."""
    with path.open("rb") as raw:
        text = TextIOWrapper(raw, encoding=encoding, newline="")
        lines = _Lines(text, path)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        begin = 1
        try:
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header, needed)
            short = False
            while True:
                begin = reader.line_num + 1
                record = next(reader, None)
                if record is None:
                    break
                if not record:
                    continue  # an empty line
                short = len(record) < len(header)
                fields = dict(zip(header, record, strict=True)) if len(record) == len(header) else None
                if short and not lines.ended:
                    raise ImportFailed("BROKEN_FILE", f"{path}, line {begin}: the file ends in the middle of a row")
                yield Row(begin, fields, len(record), raw.tell())
        except csv.Error as error:
            told = "a quote is opened and never closed" if "end of data" in str(error) or "limit" in str(error) else str(error)
            raise ImportFailed("BROKEN_FILE", f"{path}, the row that begins on line {begin}: {told}") from None


def _check_header(path: Path, header: Sequence[str], needed: Sequence[str]) -> None:
    if not any(header):
        raise ImportFailed("EMPTY_FILE", f"{path} has no header")
    if len(header) > COLUMNS_MAX:
        raise ImportFailed("BROKEN_FILE", f"{path} has {len(header)} columns, more than {COLUMNS_MAX}")
    missing = [name for name in needed if name not in header]
    if missing:
        raise ImportFailed("MISSING_COLUMN", f"{path} has no column {', '.join(missing)}; it has {', '.join(header)[:300]}")
    twice = [name for name in needed if header.count(name) > 1]
    if twice:
        raise ImportFailed("DUPLICATE_COLUMN", f"{path} has more than one column {', '.join(twice)}")


class _Lines:
    """Lines of a bounded length; `ended` says whether the last one was finished."""

    def __init__(self, text: TextIOWrapper, path: Path) -> None:
        self._text, self._path, self._number, self.ended = text, path, 0, True

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(LINE_CHARS_MAX + 1)
        if not line:
            raise StopIteration
        self._number += 1
        if len(line) > LINE_CHARS_MAX:
            raise ImportFailed("BROKEN_FILE", f"{self._path}, line {self._number}: longer than {LINE_CHARS_MAX} characters")
        self.ended = line.endswith(("\n", "\r"))
        return line
