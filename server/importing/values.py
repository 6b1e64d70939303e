"""Text of a file as values of a column, each within the limits of that column; a Bad says in words what is wrong."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from server.errors import LoanfileError
from server.importing.mapping import Source, Template
from server.importing.reader import Row
from server.importing.report import Fault

NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)
WHOLE = re.compile(r"-?\d{1,30}", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
MONEY_MAX = Decimal(10) ** 16
FIRST_DAY, LAST_DAY = date(1949, 10, 1), date(2149, 12, 31)
CLOSE_OF_BUSINESS = time(17, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
SHOWN_CHARS_MAX = 40
Out = TypeVar("Out")


class Bad(LoanfileError):
    """A value that its column cannot take."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def number(text: str, *, places: int, below: Decimal, negative: bool = False) -> Decimal:
    """A decimal number with a point, without separators."""
    if not NUMBER.fullmatch(text):
        raise Bad("NOT_A_NUMBER", f"{shown(text)} is not a number")
    value = Decimal(text)
    if value < 0 and not negative:
        raise Bad("NEGATIVE", f"{shown(text)} is negative")
    if abs(value) >= below:
        raise Bad("OUT_OF_RANGE", f"{shown(text)} is too large")
    if value != round(value, places):
        raise Bad("TOO_PRECISE", f"{shown(text)} has more than {places} decimal places")
    return value


def money(text: str) -> Decimal:
    """An amount, zero or more, in whole cents."""
    return number(text, places=2, below=MONEY_MAX)


def principal(text: str) -> Decimal:
    """An amount above zero."""
    value = money(text)
    if not value:
        raise Bad("OUT_OF_RANGE", "0 is not an amount to lend")
    return value


def rate(text: str) -> Decimal:
    """Per cent a year."""
    return number(text, places=6, below=Decimal(1000))


def count(text: str, least: int, most: int) -> int:
    """A whole number within limits."""
    if not WHOLE.fullmatch(text):
        raise Bad("NOT_A_NUMBER", f"{shown(text)} is not a whole number")
    if not least <= int(text) <= most:
        raise Bad("OUT_OF_RANGE", f"{shown(text)} is not between {least} and {most}")
    return int(text)


def day(text: str, form: str | None) -> date:
    """A day, written as ISO 8601 or in the mapping's format."""
    try:
        value = datetime.strptime(text, form).date() if form else date.fromisoformat(text)
    except ValueError:
        raise Bad("NOT_A_DATE", f"{shown(text)} is not a date like {form or 'YYYY-MM-DD'}") from None
    if not FIRST_DAY <= value <= LAST_DAY:
        raise Bad("OUT_OF_RANGE", f"{value} is not between {FIRST_DAY} and {LAST_DAY}")
    return value


def instant(text: str, form: str | None) -> datetime:
    """An instant with its offset; a day alone means the close of business on it."""
    if form is None and "T" in text:
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise Bad("NOT_A_DATE", f"{shown(text)} is not an instant") from None
        if value.tzinfo is None:
            raise Bad("NOT_A_DATE", f"{shown(text)} has no offset from UTC")
        if not FIRST_DAY <= value.date() <= LAST_DAY:
            raise Bad("OUT_OF_RANGE", f"{shown(text)} is not between {FIRST_DAY} and {LAST_DAY}")
        return value
    return datetime.combine(day(text, form), CLOSE_OF_BUSINESS)


def months_later(start: date, months: int) -> date:
    """The same day so many months on, or the last day of a shorter month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def words(text: str, longest: int, *, private: bool = False) -> str:
    """Text on one line; `private` text is not repeated in the reason."""
    if not text:
        raise Bad("EMPTY", "is empty")
    if len(text) > longest:
        raise Bad("TOO_LONG", f"longer than {longest} characters")
    if CONTROL.search(text):
        raise Bad("CONTROL_CHARACTER", "has a control character" if private else f"{shown(text)} has a control character")
    return text


def currency(text: str) -> str:
    """ISO 4217."""
    if not CURRENCY.fullmatch(text):
        raise Bad("NOT_A_CURRENCY", f"{shown(text)} is not a currency code")
    return text


def shown(text: str) -> str:
    """A value as a reason repeats it."""
    return repr(text if len(text) <= SHOWN_CHARS_MAX else text[:SHOWN_CHARS_MAX] + "…")


def plain(value: object) -> str:
    """A value as it is hashed: 28000 and 28000.00 are the same amount."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


class Reading:
    """The values of one row and what is wrong with them."""

    def __init__(self, row: Row, nulls: frozenset[str]) -> None:
        assert row.fields is not None, "a row of the header's length"
        self.line, self.fields, self._nulls = row.line, row.fields, nulls
        self.faults: list[Fault] = []

    def optional(self, source: Source | None) -> str | None:
        """The text of a source after its map; None for nothing, and for a fault."""
        if source is None or (text := source.of(self.fields, self._nulls)) is None:
            return None
        if source.map is None:
            return text
        if text not in source.map:
            self.fault(source.column, "UNKNOWN_VALUE", f"{shown(text)} is not in the mapping")
            return None
        return source.map[text]

    def needed(self, source: Source) -> str | None:
        """The text; a fault when there is none."""
        before = len(self.faults)
        text = self.optional(source)
        if text is None and len(self.faults) == before:
            self.fault(source.column, "EMPTY", "is empty")
        return text

    def filled(self, template: Template, longest: int, *, private: bool = False) -> str:
        """A template's text; a fault when a column of it is empty."""
        columns = template.columns
        try:
            empty = next((name for name in columns if self.fields[name].strip() in self._nulls), None)
            if empty is not None:
                self.fault(empty, "EMPTY", "is empty")
                return ""
            return words(template.filled(self.fields), longest, private=private)
        except Bad as bad:
            self.fault(", ".join(columns), bad.code, bad.reason)
            return ""

    def value(self, column: str | None, convert: Callable[[str], Out], text: str | None) -> Out | None:
        """The text converted; None for nothing, and for a fault."""
        if text is None:
            return None
        try:
            return convert(text)
        except Bad as bad:
            self.fault(column, bad.code, bad.reason)
            return None

    def fault(self, column: str | None, code: str, reason: str) -> None:
        """Notes what is wrong."""
        self.faults.append(Fault(self.line, column or "", code, reason))
