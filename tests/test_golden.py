"""Behaviour that is written down: rules, matrix, SDL, and the tables of the README."""

import asyncio
import re
from typing import Any

import pytest
from graphql import specified_scalar_types

from schema.access import SUFFIX, fields, table
from storage.terms import Role
from tests import golden
from tests.catalog import catalog
from tests.harness import servers


@pytest.mark.parametrize("name", [n for n in golden.GOLDEN if n not in ("schema.graphql", "field_access.txt", "database.sql")])
def test_the_golden_file_says_what_the_program_does(name: str) -> None:
    assert (golden.FOLDER / name).read_text("utf-8") == golden.GOLDEN[name](), "run make golden and read the diff"


def test_the_sdl_is_the_golden_one(schema: object) -> None:
    assert (golden.FOLDER / "schema.graphql").read_text("utf-8") == f"{schema}\n", "run make golden and read the diff"


async def test_the_functions_policies_and_grants_are_the_golden_ones(told: dict[str, Any]) -> None:
    """What only PostgreSQL enforces is read as one text, whichever migration wrote it last."""
    found = await catalog(servers.url(told, "super", await asyncio.to_thread(servers.clone, told)))
    assert (golden.FOLDER / "database.sql").read_text("utf-8") == found, "run make golden and read the diff"


def test_every_field_has_its_row_in_the_access_table(schema: Any) -> None:
    """A new field shows here as a diff: who learns it is decided when the golden file is read."""
    assert (golden.FOLDER / "field_access.txt").read_text("utf-8") == table(schema._schema), "run make golden and read the diff"


def test_a_masked_field_is_named_for_it_and_never_full(schema: Any) -> None:
    found = {name: (level, roles) for name, level, roles, special in fields(schema._schema) if special or name.endswith(SUFFIX)}
    masked = {name: what for name, what in found.items() if name.endswith(SUFFIX)}
    personal = {f"{kind}.{n}Masked" for kind in ("Customer", "CustomerSnapshot") for n in ("identityNumber", "phone", "address")}
    assert set(masked) == personal | {"Release.identityNumberMasked"}
    assert all(level == "masked" and roles < frozenset(Role) for level, roles in masked.values())
    full = {name for name, (level, _) in found.items() if level == "full" and re.search("identity|phone|address", name, re.I)}
    assert full == set()


@pytest.mark.parametrize("path", golden.SECTIONS)
def test_the_tables_of_a_page_are_what_the_program_says(path: str) -> None:
    assert (golden.ROOT / path).read_text("utf-8") == golden.page(path), "run make golden and read the diff"


def test_everything_in_the_sdl_is_described(schema: Any) -> None:
    """As the linter of the clients wants it, without Node."""
    silent = list[str]()
    for type_ in schema._schema.type_map.values():
        if type_.name.startswith("__") or type_.name in specified_scalar_types:
            continue
        parts: dict[str, Any] = getattr(type_, "values", None) or getattr(type_, "fields", None) or {}
        silent += [] if type_.description else [type_.name]
        silent += [f"{type_.name}.{name}" for name, part in parts.items() if not part.description]
    assert silent == []
