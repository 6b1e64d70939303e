"""A snapshot says of a field what the living type says of it; where the two differ, it says so itself."""

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry

from schema.paging import col

T = TypeVar("T", bound=type)


def as_was(*living: Any, description: str) -> Callable[[T], T]:
    """The GraphQL type of a snapshot of these: a column that is declared without a description has theirs."""
    told = {f.python_name: f.description for type_ in reversed(living) for f in type_.__strawberry_definition__.fields}

    def made(cls: T) -> T:
        for name in cls.__annotations__:
            if name not in vars(cls):
                setattr(cls, name, col(told[name]))
        typed: Any = strawberry.type(cls, description=description)
        return typed  # type: ignore[no-any-return]  # the class itself

    return made
