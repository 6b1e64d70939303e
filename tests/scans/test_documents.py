"""What is kept as a scan, and what is not: looked at by the process that opens documents, and brought the whole way."""

import io
import tempfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pikepdf
import pytest
from PIL import Image

from server.errors import InvalidInput
from server.scans.announcing import NewScan
from server.scans.documents.opener import Opener
from server.scans.documents.verdicts import Refused
from server.scans.uploads import Uploads
from storage.objects import ObjectStore
from storage.terms import ScanSubject
from tests.harness.world import World
from tests.scans import hostile_pdf
from tests.scans.hostile import JPEG, PDF, PNG, TIFF, hostile, image, noise


@pytest.fixture(scope="module")
def opener() -> Iterator[Opener]:
    made = Opener()
    yield made
    made.close()


def verdict(opener: Opener, body: bytes, media_type: str) -> Any:
    with tempfile.TemporaryFile() as file:
        file.write(body)
        file.flush()
        try:
            return opener.ask("examine", file, media_type)
        except Refused as refused:
            return refused.code


def test_there_are_enough_of_them() -> None:
    assert len(hostile()) >= 45


@pytest.mark.parametrize("name", hostile())
def test_what_is_hostile_is_refused_with_its_code(opener: Opener, name: str) -> None:
    body, media_type, code = hostile()[name]
    assert verdict(opener, body, media_type) == code


def pages(**how: Any) -> bytes:
    with pikepdf.new() as made:
        for _ in range(3):
            made.add_blank_page()
        out = io.BytesIO()
        made.save(out, **how)
    return out.getvalue()


def linked() -> bytes:
    """A link to a page and one to a site: they do nothing by themselves."""
    link = pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String("https://bank.example"))
    return hostile_pdf.annotated("/Link", A=link)


def group4() -> bytes:
    out = io.BytesIO()
    sheets = [noise().convert("1") for _ in range(4)]
    sheets[0].save(out, "TIFF", compression="group4", save_all=True, append_images=sheets[1:])
    return out.getvalue()


def naming() -> bytes:
    """The bytes /JS and /Launch stand in its picture and in its text, where they mean nothing."""
    text = b"BT (/JS /JavaScript /Launch /EmbeddedFile /Encrypt) Tj ET"
    return hostile_pdf.rebuilt(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Length %d>>stream\n%s\nendstream" % (len(text), text))


GOOD: dict[str, tuple[bytes, str, int]] = {
    "three pages": (pages(), PDF, 3),
    "with object streams": (pages(object_stream_mode=pikepdf.ObjectStreamMode.generate), PDF, 3),
    "linearised": (pages(linearize=True), PDF, 3),
    "with links": (linked(), PDF, 1),
    "with the words of an action in its text": (naming(), PDF, 1),
    "a line end behind its end": (hostile_pdf.PLAIN + b"\r\n\0", PDF, 1),
    "a JPEG": (image(JPEG), JPEG, 1),
    "a progressive JPEG": (image(JPEG, progressive=True, quality=90), JPEG, 1),
    "a PNG": (image(PNG), PNG, 1),
    "a TIFF": (image(TIFF), TIFF, 1),
    "a packed TIFF": (image(TIFF, compression="tiff_lzw"), TIFF, 1),
    "a TIFF of JPEGs": (image(TIFF, compression="jpeg"), TIFF, 1),
    "a fax of four sheets": (group4(), TIFF, 4),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_good_is_taken_and_its_pages_counted(opener: Opener, name: str) -> None:
    body, media_type, count = GOOD[name]
    assert verdict(opener, body, media_type) == count


def test_no_good_scan_is_refused_for_bytes_that_happen_to_stand_in_it(opener: Opener) -> None:
    """Three bytes anywhere in a megabyte of picture are three bytes: one in twenty has them."""
    picture = io.BytesIO()
    Image.effect_noise((700, 900), 60).save(picture, "JPEG", quality=95)
    with pikepdf.new() as made:
        made.add_blank_page()
        stream = made.make_stream(picture.getvalue() + b"/JS/AA/Launch")
        made.pages[0].Contents = stream
        out = io.BytesIO()
        made.save(out, compress_streams=False)
    assert verdict(opener, out.getvalue(), PDF) == 1


def sheet(dots: int, format_: str, **how: Any) -> bytes:
    """A sheet of A4 in colour."""
    out = io.BytesIO()
    Image.new("RGB", (round(dots * 8.27), round(dots * 11.69)), "white").save(out, format_, **how)
    return out.getvalue()


@pytest.mark.parametrize(
    ("dots", "format_", "media_type", "found"),
    [(400, "TIFF", TIFF, 1), (400, "PNG", PNG, 1), (600, "JPEG", JPEG, 1), (600, "TIFF", TIFF, "DOCUMENT_TOO_LARGE")],
)
def test_a_sheet_in_colour_is_taken_as_fine_as_memory_allows(
    opener: Opener, dots: int, format_: str, media_type: str, found: int | str
) -> None:
    assert verdict(opener, sheet(dots, format_, **({"compression": "tiff_lzw"} if format_ == "TIFF" else {})), media_type) == found


async def test_nothing_hostile_ever_becomes_visible(bank: World, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    officer, uploads = bank.people["officer"], Uploads(bank.database, objects)
    told = {}
    for name, (body, media_type, _) in hostile().items():
        new = NewScan.of(ScanSubject.RECORD, paper, "x", media_type, body, pages=1)
        try:
            await uploads.upload(officer, new, BytesIO(body), key=uuid4().hex)
        except InvalidInput as refused:
            told[name] = refused.problems[0].code
    assert told == {name: one.code for name, one in hostile().items()}
    rows = await bank.root.fetch("select id, status, object_key from scans where record_id = $1", paper)
    assert {(row["status"], row["object_key"]) for row in rows} == {("REJECTED", None)} and len(rows) == len(told)
    kept, _ = await objects.locked.versions("scans/", None)
    assert not {UUID(key[6:]) for key, _ in kept} & {row["id"] for row in rows}
