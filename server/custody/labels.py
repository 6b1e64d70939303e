"""Labels: a letter for what they are printed for, a number, a check character, so that a misread code is told from an unknown one."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, Integer, bindparam, func, select
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_37_36

from storage.database import Connection
from storage.terms import LabelKind

NEXT_NUMBERS = select(
    func.array_agg(func.nextval("barcode_numbers"), type_=ARRAY(Integer)).label("numbers"),
).select_from(func.generate_series(1, bindparam("many", type_=Integer, required=True)))
PREFIXES = "".join(kind.value[0] for kind in LabelKind)


def label(kind: LabelKind, number: int) -> str:
    """The code with its check character (ISO 7064 MOD 37,36)."""
    code = f"{kind.value[0]}{number:08}"
    return code + str(mod_37_36.calc_check_digit(code))


def is_misread(code: str) -> bool:
    """Whether it has the form of our labels and a wrong check character; labels of older systems have another form."""
    if len(code) < 10 or code[0] not in PREFIXES or not code[1:-1].isdigit():
        return False
    try:
        mod_37_36.validate(code)
    except ValidationError:
        return True
    return False


async def printed(conn: Connection, kinds: Sequence[LabelKind]) -> list[str]:
    """A new label for each."""
    if not kinds:
        return []
    numbers: list[int] = await conn.value(NEXT_NUMBERS, many=len(kinds))
    return [label(kind, number) for kind, number in zip(kinds, numbers, strict=True)]
