"""PDFs that a scan must not be, each made by a library that writes them whole: what is wrong with them is what is meant."""

import io
import zipfile
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Stream, String

from server.demo.names import small_pdf

PLAIN = small_pdf("plain")


def _saved(document: Any, **how: Any) -> bytes:
    out = io.BytesIO()
    document.save(out, **how)
    return out.getvalue()


def _page() -> Any:
    made = pikepdf.new()
    made.add_blank_page(page_size=(595, 842))
    return made


def acting(kind: str, *, hidden: bool = False, **more: Any) -> bytes:
    """Does something when it is opened; hidden: in a compressed object stream."""
    with _page() as made:
        action = Dictionary(S=Name(kind), **more)
        if kind == "/JavaScript":
            action.JS = String("app.alert(1)")
        made.Root.OpenAction = made.make_indirect(action)
        return _saved(made, object_stream_mode=ObjectStreamMode.generate if hidden else ObjectStreamMode.disable)


def with_escapes() -> bytes:
    """A document by hand, its action written /J#53 and /Jav#61Script."""
    return rebuilt(b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/Jav#61Script/J#53(app.alert(1))>>>>")


def rebuilt(catalog: bytes, *more: bytes) -> bytes:
    """A page under another catalog, with a right table of objects."""
    objects = [
        catalog,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        *more,
    ]
    return numbered(objects)


def numbered(objects: list[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def embedding() -> bytes:
    with _page() as made:
        made.attachments["x.exe"] = b"MZ" * 100
        return _saved(made)


def annotated(kind: str, **more: Any) -> bytes:
    with _page() as made:
        note = Dictionary(Type=Name.Annot, Subtype=Name(kind), Rect=Array([0, 0, 9, 9]), **more)
        made.pages[0].Annots = Array([made.make_indirect(note)])
        return _saved(made)


def encrypted(user: str) -> bytes:
    with _page() as made:
        return _saved(made, encryption=pikepdf.Encryption(user=user, owner="o", R=6))


def with_form() -> bytes:
    with _page() as made:
        made.Root.AcroForm = Dictionary(XFA=made.make_stream(b"<xdp/>"), Fields=Array([]))
        return _saved(made)


def external_stream() -> bytes:
    with _page() as made:
        made.pages[0].Contents = Stream(made, b"", F=String("/etc/passwd"))
        return _saved(made)


def page_bomb() -> bytes:
    """Thirty levels of a tree whose two branches are one: a thousand million pages."""
    levels = 30
    tree = [b"<</Type/Pages/Kids[%d 0 R %d 0 R]/Count %d>>" % (n + 1, n + 1, 2 ** (levels + 2 - n)) for n in range(2, levels + 2)]
    last = b"<</Type/Page/MediaBox[0 0 9 9]/Parent %d 0 R>>" % (levels + 1)
    return numbered([b"<</Type/Catalog/Pages 2 0 R>>", *tree, last])


def many_pages() -> bytes:
    with pikepdf.new() as made:
        for _ in range(2001):
            made.add_blank_page(page_size=(9, 9))
        return _saved(made, object_stream_mode=ObjectStreamMode.generate)


def pixel_bomb() -> bytes:
    with _page() as made:
        image = Stream(
            made, b"", Type=Name.XObject, Subtype=Name.Image, Width=100_000, Height=100_000, BitsPerComponent=1, ColorSpace=Name.DeviceGray
        )
        made.pages[0].Resources = Dictionary(XObject=Dictionary(I=made.make_indirect(image)))
        return _saved(made)


def filters() -> bytes:
    with _page() as made:
        stream = made.make_stream(b"x")
        stream.Filter = Array([Name.FlateDecode] * 12)
        made.Root.Stuff = stream
        out = io.BytesIO()
        made.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
        return out.getvalue()


def with_zip_behind() -> bytes:
    out = io.BytesIO(PLAIN)
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("x.exe", b"MZ")
    return out.getvalue()


def with_zip_inside() -> bytes:
    """The archive lies in a stream, the rest of the document in its comment: both kinds of reader are content."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.exe", b"MZ")
    whole = packed.getvalue()
    made = rebuilt(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Length %d>>stream\n%s\nendstream" % (len(whole), whole))
    comment = len(made) - made.index(b"PK\5\6") - 22
    at = made.index(b"PK\5\6") + 20
    return made[:at] + comment.to_bytes(2, "little") + made[at + 2 :]
