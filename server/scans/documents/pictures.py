"""The picture of a page, small enough to be shown in a list."""

from io import BytesIO
from typing import BinaryIO

import pypdfium2
from PIL import Image

HEIGHT_RATIO_MAX = 4  # a strip of paper is cut, not shown as a thread
QUALITY = 80


def picture(file: BinaryIO, media_type: str, page: int, width: int) -> bytes:
    """A page as a JPEG of that width; pages are counted from 1."""
    file.seek(0)
    image = _of_pdf(file, page, width) if media_type == "application/pdf" else _of_image(file, page, width)
    out = BytesIO()
    with image:
        image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _of_pdf(file: BinaryIO, page: int, width: int) -> Image.Image:
    with pypdfium2.PdfDocument(file) as document:
        shown = document[page - 1]
        scale = min(width / shown.get_width(), HEIGHT_RATIO_MAX * width / shown.get_height())
        made: Image.Image = shown.render(scale=scale).to_pil().convert("RGB")
        return made


def _of_image(file: BinaryIO, page: int, width: int) -> Image.Image:
    with Image.open(file, formats=["JPEG", "PNG", "TIFF"]) as image:
        if page > 1:
            image.seek(page - 1)
        image.draft("RGB", (width, width * image.height // image.width))  # a JPEG is decoded no larger than it is shown
        image.thumbnail((width, HEIGHT_RATIO_MAX * width))
        return image.convert("RGB")
