"""Strict scalars, and how a column of each becomes JSON in a compiled read."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal as PyDecimal
from typing import Any, NewType

import strawberry
from sqlalchemy import ColumnElement, Text, cast, func
from strawberry.schema.config import StrawberryConfig

DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
DECIMAL = re.compile(r"-?\d{1,14}(\.\d{1,4})?", re.ASCII)
BYTES = re.compile(r"\d{1,18}", re.ASCII)


def _text(value: object, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(what)
    return value


def parse_date(value: object) -> dt.date:
    """YYYY-MM-DD only; no week dates, no times."""
    return dt.date.fromisoformat(_text(value, DATE, "A Date is YYYY-MM-DD."))


def parse_instant(value: object) -> dt.datetime:
    """RFC 3339 with an offset."""
    return dt.datetime.fromisoformat(_text(value, DATE_TIME, "A DateTime is RFC 3339 with an offset.")).astimezone(dt.UTC)


def parse_decimal(value: object) -> PyDecimal:
    """At most 14 digits before the point and 4 behind it; no exponent, NaN or Infinity."""
    return PyDecimal(_text(value, DECIMAL, "A Decimal is a string of at most 14 and 4 digits, without exponent."))


def parse_bytes(value: object) -> int:
    """A count of bytes as a string, since it may pass 2^31."""
    return int(_text(value, BYTES, "A ByteCount is a string of digits."))


def show_instant(value: dt.datetime) -> str:
    """As PostgreSQL writes it in a compiled read: UTC with microseconds."""
    return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Date = NewType("Date", dt.date)
DateTime = NewType("DateTime", dt.datetime)
Decimal = NewType("Decimal", PyDecimal)
ByteCount = NewType("ByteCount", int)
URL = NewType("URL", str)

SCALARS: dict[object, Any] = {
    Date: strawberry.scalar(
        name="Date",
        description="Calendar date, YYYY-MM-DD only; a business date in Asia/Shanghai.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
        serialize=str,
        parse_value=parse_date,
    ),
    DateTime: strawberry.scalar(
        name="DateTime",
        description="Instant with a mandatory offset, RFC 3339; answered in UTC.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=show_instant,
        parse_value=parse_instant,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="Exact decimal as a JSON string; no exponent, NaN or Infinity; at most 18 digits, 4 decimals.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc8259#section-7",
        serialize=str,
        parse_value=parse_decimal,
    ),
    ByteCount: strawberry.scalar(
        name="ByteCount",
        description="A number of bytes as a JSON string.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc8259#section-7",
        serialize=str,
        parse_value=parse_bytes,
    ),
    URL: strawberry.scalar(
        name="URL",
        description="An absolute URL.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3986",
        serialize=str,
        parse_value=str,
    ),
}
CONFIG = StrawberryConfig(auto_camel_case=True, scalar_map=SCALARS)

# The few scalars whose JSON is not what row_to_json would write.
JSON: dict[str, Callable[[ColumnElement[Any]], ColumnElement[Any]]] = {
    "Decimal": lambda value: cast(value, Text),
    "ByteCount": lambda value: cast(value, Text),
    "DateTime": lambda value: func.to_char(func.timezone("UTC", value), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
}
