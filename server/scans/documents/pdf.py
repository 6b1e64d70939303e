"""A PDF: its objects one by one, those inside object streams too, with every name decoded; then its pages by a second reader.

Nothing is mended: what a reader would have to guess, two readers would guess differently.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pikepdf
import pypdfium2

from server.scans.documents.verdicts import ACTIVE, BROKEN, ENCRYPTED, NOT_ALONE, PAGES_MAX, PIXELS_MAX, TOO_LARGE, Costly, Refused

OBJECTS_MAX, FILTERS_MAX = 400_000, 3
PADDING_BYTES_MAX, LAST_BYTES = 512, 1024
HARMLESS = "Resources is missing"  # of a page that needs none
# What makes a document act, or carry another one. A scan is pages and nothing else.
KEYS = frozenset({"/JS", "/JavaScript", "/EF", "/EmbeddedFiles", "/RichMediaContent", "/RichMediaSettings", "/XFA", "/Collection"})
ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/GoToR", "/Rendition", "/Movie", "/Sound", "/RichMediaExecute"}
)
KINDS = frozenset({"/EmbeddedFile", "/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"})


def pages_of(file: BinaryIO, size: int, *, light: bool) -> int:
    """How many pages it has; Refused when it is no plain, whole document. Costly when `light` will not do."""
    _ends(file, size)
    try:
        with pikepdf.open(file, attempt_recovery=False, suppress_warnings=True) as document:
            if document.is_encrypted:
                raise Refused(ENCRYPTED)
            if len(document.objects) > OBJECTS_MAX:
                raise Refused(TOO_LARGE)
            for found in document.objects:
                _look(found)
            if any(HARMLESS not in told for told in document.get_warnings()):
                raise Refused(BROKEN)  # an object that could not be read was passed over, so nobody has looked at it
            pages = len(document.pages)
    except pikepdf.PasswordError:
        raise Refused(ENCRYPTED) from None
    except MemoryError:
        if light:
            raise Costly from None
        raise Refused(TOO_LARGE) from None
    except (pikepdf.PdfError, RecursionError, ValueError, TypeError, KeyError, AttributeError, UnicodeError):
        raise Refused(BROKEN) from None  # what the library makes of nonsense is one of these
    if pages > PAGES_MAX:
        raise Refused(TOO_LARGE)
    if pages < 1 or pages != _counted(file):
        raise Refused(BROKEN)
    return pages


def _ends(file: BinaryIO, size: int) -> None:
    """Behind the end of the document there is nothing but padding."""
    file.seek(max(0, size - LAST_BYTES))
    _, found, rest = file.read().rpartition(b"%%EOF")
    if not found:
        file.seek(0)
        whole = b"%%EOF" in file.read(size) if size <= PADDING_BYTES_MAX + LAST_BYTES else _anywhere(file)
        raise Refused(NOT_ALONE if whole else BROKEN)
    if rest.strip(b"\0\t\n\f\r ") or len(rest) > PADDING_BYTES_MAX:
        raise Refused(NOT_ALONE)


def _anywhere(file: BinaryIO) -> bool:
    kept = b""
    while piece := file.read(1 << 20):
        if b"%%EOF" in kept + piece:
            return True
        kept = piece[-4:]
    return False


def _look(found: Any) -> None:
    """One object and what lies directly in it; what it points at is an object of its own."""
    waiting = [found]
    while waiting:
        at = waiting.pop()
        if isinstance(at, pikepdf.Stream):
            _stream(at.stream_dict)
            waiting.append(at.stream_dict)
        elif isinstance(at, pikepdf.Dictionary):
            _dictionary(at)
            waiting += _direct(value for _, value in at.items())
        elif isinstance(at, pikepdf.Array):
            waiting += _direct(at)


def _direct(values: Any) -> Iterator[Any]:
    return (value for value in values if isinstance(value, pikepdf.Object) and not value.is_indirect)


def _dictionary(at: Any) -> None:
    if not KEYS.isdisjoint(at.keys()):
        raise Refused(ACTIVE)
    for key, words in (("/S", ACTIONS), ("/Type", KINDS), ("/Subtype", KINDS)):
        value = at.get(key)
        if isinstance(value, pikepdf.Name) and str(value) in words:
            raise Refused(ACTIVE)


def _stream(head: Any) -> None:
    if "/F" in head:  # its bytes lie in another file
        raise Refused(ACTIVE)
    filters = head.get("/Filter")
    if isinstance(filters, pikepdf.Array) and len(filters) > FILTERS_MAX:
        raise Refused(TOO_LARGE)
    if head.get("/Subtype") == "/Image" and int(head.get("/Width", 0)) * int(head.get("/Height", 0)) > PIXELS_MAX:
        raise Refused(TOO_LARGE)


def _counted(file: BinaryIO) -> int:
    """The pages as another reader counts them."""
    file.seek(0)
    try:
        with pypdfium2.PdfDocument(file) as document:
            return len(document)
    except pypdfium2.PdfiumError:
        return 0
