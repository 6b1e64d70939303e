"""Scalars take ASCII digits alone: what else looks like a digit is somebody's mistake, or somebody's trick."""

import pytest

from schema.results import version_of
from schema.scalars import parse_bytes, parse_date, parse_decimal, parse_instant
from server.errors import InvalidInput

ARABIC, WIDE = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"), str.maketrans("0123456789", "０１２３４５６７８９")
RIGHT = ((parse_bytes, "3"), (parse_decimal, "12.50"), (parse_date, "2026-11-26"), (parse_instant, "2026-11-26T15:00:00.5+08:00"))


@pytest.mark.parametrize(("parse", "text"), RIGHT)
@pytest.mark.parametrize("digits", [ARABIC, WIDE])
def test_digits_of_other_scripts_are_no_digits(parse: object, text: str, digits: dict[int, int]) -> None:
    assert callable(parse)
    parse(text)
    with pytest.raises(ValueError, match=r"A \w+ is"):
        parse(text.translate(digits))


@pytest.mark.parametrize("digits", [ARABIC, WIDE])
def test_nor_are_they_in_a_version(digits: dict[int, int]) -> None:
    assert version_of("3") == 3
    with pytest.raises(InvalidInput, match="NOT_A_VERSION"):
        version_of("3".translate(digits))
