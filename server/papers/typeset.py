"""From what a paper says to the bytes of its PDF: Typst, the font that a package brings, a QR code of each label.

The same content gives the same bytes: no date and no name of a machine goes into the file.
"""

import io
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson
import segno

if TYPE_CHECKING:
    import typst

TEMPLATES = Path(__file__).parent / "templates"
FONT = "manimgx_fonts_cjk"  # Noto Sans CJK, SIL Open Font License 1.1
_ONE_AT_A_TIME = Lock()  # the compiler keeps the font in memory and is not for two threads


@cache
def _fonts() -> "typst.Fonts":
    import typst

    with as_file(files(FONT)) as folder:
        return typst.Fonts(include_system_fonts=False, font_paths=[str(folder)])


def qr(code: str) -> str:
    """A QR code as SVG: error correction M, a quiet zone of two modules inside the paper's white."""
    out = io.BytesIO()
    segno.make(code, error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False, svgns=True)
    return out.getvalue().decode()


def _drawn(content: dict[str, Any]) -> dict[str, Any]:
    """Each code as its picture; here and not where the rows are read, because hundreds of them take a while."""
    lines = [line | {"qr": qr(line["qr"])} for line in content["lines"]]
    return content | {"qr": qr(content["qr"]), "lines": lines}


def pdf(template: str, content: dict[str, Any]) -> bytes:
    """The paper that the template makes of the content."""
    import typst  # 7 MB that a server has no use for before somebody prints

    told = orjson.dumps(_drawn(content), option=orjson.OPT_SORT_KEYS).decode()
    with _ONE_AT_A_TIME:
        return typst.compile(
            str(TEMPLATES / f"{template}.typ"),
            root=str(TEMPLATES),
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"paper": told},
        )
