"""Core statements as text for asyncpg: built with SQLAlchemy, compiled once, run without its execution layer.

SQLAlchemy's own connection costs 0.5 ms of CPU a statement here, the text on asyncpg 0.12.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, Uuid, bindparam, insert, update
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

DIALECT = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects untyped
STATEMENTS_MAX = 1024


class Text(NamedTuple):
    """SQL text, the names of its parameters in the order of $1, $2 …, and the values that the statement carried itself."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        """The arguments in order; a KeyError names what is missing."""
        return [values[name] if name in values else self.constants[name] for name in self.names]


def given(name: str, type_: Any = Uuid) -> Any:
    """A parameter of a statement; running it without is a KeyError."""
    return bindparam(name, type_=type_, required=True)


def the(name: str, type_: Any = Uuid) -> Any:
    """A parameter `the_NAME`: in an UPDATE the bare name of a column means its new value."""
    return given(f"the_{name}", type_)


@lru_cache(STATEMENTS_MAX)
def compiled(statement: ClauseElement) -> Text:
    """The text of a statement; statements that are module constants are compiled once for the life of the process."""
    made = cast(SQLCompiler, statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True}))
    names = tuple(made.positiontup or ())
    required = {name for name in names if made.binds[name].required}
    return Text(made.string, names, {name: value for name, value in made.params.items() if name not in required})


@lru_cache(STATEMENTS_MAX)
def insertion(table: Table, columns: tuple[str, ...], returning: str | None = None) -> Text:
    """`INSERT INTO table (columns) VALUES ($1, …)`."""
    statement = insert(table).inline().values({column: bindparam(column, type_=table.c[column].type, required=True) for column in columns})
    return compiled(statement if returning is None else statement.returning(table.c[returning]))


@lru_cache(STATEMENTS_MAX)
def change(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Text:
    """`UPDATE table SET columns WHERE keys`; a key column is compared as `key_<name>`."""
    statement = update(table)
    for column in keys:
        statement = statement.where(table.c[column] == bindparam(f"key_{column}", type_=table.c[column].type, required=True))
    return compiled(statement.values({c: bindparam(c, type_=table.c[c].type, required=True) for c in columns}))


def columns_of(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The columns of rows that all have the same ones."""
    return tuple(sorted(rows[0]))
