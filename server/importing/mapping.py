"""The mapping: a YAML file that says which column of an input is what. Unknown keys are errors, not wishes."""

import codecs
import string
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from server.importing.reader import AUTO
from server.importing.report import ImportFailed
from storage.terms import Classification, LoanStatus, PayoffKind

MAPPING_BYTES_MAX = 1 << 20


def _text(value: Any) -> Any:
    """YAML reads 1 and 2018-06-30 as what they look like; a mapping means the text."""
    plain = isinstance(value, int | float | Decimal | date | datetime) and not isinstance(value, bool)
    return str(value) if plain else value


Text = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=500)]
Column = Text


class Part(BaseModel):
    """A part of a mapping."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Template(Part):
    """Text with columns in braces: `LC-{rownames}`."""

    text: Text

    @field_validator("text")
    @classmethod
    def _plain_names(cls, text: str) -> str:
        for _, name, form, conversion in string.Formatter().parse(text):
            if name is not None and (not name or form or conversion):
                raise ValueError("between braces stands the name of a column, nothing else")
        return text

    @property
    def columns(self) -> list[str]:
        """The columns that it names."""
        return [name for _, name, _, _ in string.Formatter().parse(self.text) if name is not None]

    def filled(self, fields: dict[str, str]) -> str:
        """The text of one row."""
        return "".join(
            literal + (fields[name].strip() if name is not None else "") for literal, name, _, _ in string.Formatter().parse(self.text)
        )


def _template(value: Any) -> Any:
    return {"text": value} if not isinstance(value, dict) else value


Filled = Annotated[Template, BeforeValidator(_template)]


class Source(Part):
    """Where a value comes from: a column, with a map or a format of its dates, or the same value for every row."""

    column: Column | None = None
    value: Text | None = None
    map: dict[Text, Text] | None = None
    format: Text | None = None
    default: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> "Source":
        if (self.column is None) == (self.value is None):
            raise ValueError("give either `column` or `value`")
        return self

    def of(self, fields: dict[str, str], nulls: frozenset[str]) -> str | None:
        """The text of one row before its map; None for nothing."""
        found = self.value if self.column is None else fields[self.column].strip()
        return self.default if found is None or found in nulls else found


def _source(value: Any) -> Any:
    return {"column": value} if not isinstance(value, dict) else value


Value = Annotated[Source, BeforeValidator(_source)]


class Named(Part):
    """A branch or product: its code, and what to do when nobody knows it."""

    code: Filled
    name: Filled | None = None
    create_missing: bool = False


class Branch(Named):
    """The branch that a loan belongs to; missing ones are made under `parent`, else under head office."""

    parent: Text | None = None


class Customer(Part):
    """The borrower; equal identities in one branch are one customer."""

    name: Filled
    identity: Filled


class Mapping(Part):
    """What both kinds of input have."""

    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    encoding: str = AUTO
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    nulls: frozenset[str] = frozenset({"", "NA"})

    @field_validator("encoding")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            known = name == AUTO or codecs.lookup(name)._is_text_encoding
        except LookupError:
            known = False
        if not known:
            raise ValueError(f"no encoding is called {name}")
        return name

    @property
    def columns(self) -> list[str]:
        """Every column that the file must have."""
        return list(dict.fromkeys(_columns(self)))


class LoanMapping(Mapping):
    """`kind: loans`."""

    kind: Literal["loans"]
    key: Column
    number: Filled
    currency: Value
    branch: Branch
    customer: Customer
    product: Named
    principal: Value
    term_months: Value
    annual_rate: Value | None = None
    instalment: Value | None = None
    starts_on: Value
    matures_on: Value | None = None
    status: Value
    classification: Value

    @model_validator(mode="after")
    def _terms(self) -> "LoanMapping":
        for name, source, known in (("status", self.status, LoanStatus), ("classification", self.classification, Classification)):
            said = {*(source.map or {}).values(), *filter(None, [source.value, source.default])}
            if wrong := sorted(said - {term.value for term in known}):
                raise ValueError(f"{name}: {wrong[0]} is none of {', '.join(known)}")
        return self


class PositionMapping(Mapping):
    """`kind: positions`: the loan by its number or by the key it was imported under."""

    kind: Literal["positions"]
    key: Column | None = None
    number: Filled | None = None
    as_of: Value
    principal: Value
    interest: Value
    fees: Value
    overdue: Value
    days_overdue: Value
    settled_at: Value | None = None
    payoff_kind: Value | None = None
    payoff_cleared_at: Value | None = None
    reverses: Value | None = None

    @model_validator(mode="after")
    def _one(self) -> "PositionMapping":
        if (self.key is None) == (self.number is None):
            raise ValueError("give either `key` or `number`")
        if self.settled_at is None and (self.payoff_kind or self.payoff_cleared_at):
            raise ValueError("`payoff_kind` and `payoff_cleared_at` need `settled_at`")
        kind = self.payoff_kind
        said = {*(kind.map or {}).values(), *filter(None, [kind.value, kind.default])} if kind else set()
        if wrong := sorted(said - set(PayoffKind)):
            raise ValueError(f"payoff_kind: {wrong[0]} is none of {', '.join(PayoffKind)}")
        return self


Kind = TypeVar("Kind", bound=Mapping)


def load(path: Path, kind: type[Kind]) -> Kind:
    """Reads a mapping; ImportFailed names the key that is wrong."""
    try:
        if path.stat().st_size > MAPPING_BYTES_MAX:
            raise ImportFailed("BAD_MAPPING", f"{path} is larger than {MAPPING_BYTES_MAX} bytes")
        said = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ImportFailed("NO_MAPPING", f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ImportFailed("BAD_MAPPING", f"{path}{where}: not YAML: {getattr(error, 'problem', None) or type(error).__name__}") from None
    if not isinstance(said, dict):
        raise ImportFailed("BAD_MAPPING", f"{path}: expected keys and values")
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "mapping"
        told = "unknown key" if first["type"] == "extra_forbidden" else str(first["msg"]).removeprefix("Value error, ")
        raise ImportFailed("BAD_MAPPING", f"{path}, {where}: {' '.join(told.split())}") from None


def _columns(part: BaseModel) -> Iterator[str]:
    if isinstance(part, Template):
        yield from part.columns
    for name in type(part).model_fields:
        inner = getattr(part, name)
        if isinstance(inner, BaseModel):
            yield from _columns(inner)
        elif name in ("key", "column") and inner is not None:
            yield inner
