"""What of a fact may be told beside the act: references, words of vocabularies, numbers, instants, yes or no; never somebody's text."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from storage import terms

# Words of a vocabulary and references are kept; every other text may be somebody's.
VOCABULARIES = [kind for kind in vars(terms).values() if isinstance(kind, type) and issubclass(kind, StrEnum)]
WORDS = frozenset(member.value for kind in VOCABULARIES for member in kind) | {"SLOT"}
REFERENCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


@cache
def names(kind: type) -> tuple[str, ...]:
    """Of the fields of a dataclass."""
    return tuple(f.name for f in fields(kind))


def plain(value: Any) -> Any:
    """References, words of vocabularies, numbers, instants and yes or no; None for every other text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        text = str(value.value) if isinstance(value, Enum) else value
        return text if text in WORDS or REFERENCE.match(text) else None
    if isinstance(value, UUID | date | Decimal):
        return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value) and not isinstance(value, type):
        return {n: told for n in names(type(value)) if (told := plain(getattr(value, n))) not in (None, [], {})}
    if isinstance(value, Mapping):
        return {
            str(name.value if isinstance(name, Enum) else name): told for name, inner in value.items() if (told := plain(inner)) is not None
        }
    if isinstance(value, list | tuple):
        return [told for inner in value if (told := plain(inner)) is not None]
    if isinstance(value, set | frozenset):
        return sorted((told for inner in value if (told := plain(inner)) is not None), key=str)
    return None


def bare(fact: Any) -> Any:
    """A fact of a chapter without the ids that it names: they may be of other branches. How many there are is told."""
    if isinstance(fact, UUID):
        return None
    if is_dataclass(fact) and not isinstance(fact, type):
        return {n: told for n in names(type(fact)) if (told := bare(getattr(fact, n))) is not None}
    if isinstance(fact, Mapping | list | tuple | set | frozenset):
        return len(fact)
    return plain(fact)
