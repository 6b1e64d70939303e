"""Lists of whole tables stay quick at any size: each order has its index, each caller's rows are found through one."""

import json
import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from graphql import get_named_type
from sqlalchemy import Table

import schema as the_schema
from schema.reading.answers import ReadingSchema
from schema.reading.compiler import Values, definition_of
from schema.reads import Reads
from storage import tables
from storage.terms import Role
from tests.harness import servers
from tests.reading.conftest import Bank

PAGES = {f.name: f for f in Reads.__strawberry_definition__.fields if "sort" in getattr(f.metadata.get("read"), "arguments", {})}


def listed(schema: ReadingSchema, name: str) -> Table:
    """The table that a root list is over."""
    field = schema._schema.query_type.fields[schema.config.name_converter.apply_naming_config(name)]
    node: Any = get_named_type(get_named_type(field.type).fields["edges"].type).fields["node"].type
    table: Table = definition_of(get_named_type(node)).origin.__reads__.table
    return table


def beginnings(table: Table) -> set[str]:
    """Columns with which an index over all rows begins."""
    indexes = [[c.name for c in i.columns] for i in table.indexes if i.columns and i.dialect_options["postgresql"]["where"] is None]
    found = {names[1] if names[0] == "staff_id" and len(names) > 1 else names[0] for names in indexes}  # or over all of one person
    return found | {
        next(iter(c.columns)).name
        for c in table.constraints
        if getattr(c, "columns", None) and type(c).__name__ in ("PrimaryKeyConstraint", "UniqueConstraint")
    }


@pytest.mark.parametrize("name", PAGES)
def test_every_order_of_a_list_has_an_index(schema: ReadingSchema, name: str) -> None:
    table = listed(schema, name)
    wanted = {key(table.c).name for key in PAGES[name].metadata["read"].keys.values()}
    assert wanted - beginnings(table) == set()


@pytest.mark.parametrize("name", PAGES)
async def test_what_a_caller_sees_is_found_by_unit_behind_row_level_security(
    told: dict[str, Any], demo: Bank, schema: ReadingSchema, name: str
) -> None:
    """PostgreSQL asks nothing of a row before its policy but what it knows to leak nothing: the index must be usable all the same."""
    officer = next(p for p in demo.people if p.roles == {Role.LOAN_OFFICER})
    table = listed(schema, name)
    text = f"{{ {schema.config.name_converter.apply_naming_config(name)}(first: 50) {{ edges {{ node {{ id }} }} }} }}"
    document = schema.documents.get(text, None)
    variables = document.variables({})
    plan = await document.plan(variables, officer, lambda p: p.query())
    assert plan.planned
    reader = await asyncpg.connect(servers.url(told, "reader", demo.name))
    try:
        await reader.execute(
            "set plan_cache_mode = force_custom_plan; set enable_seqscan = off; set enable_indexscan = off; set enable_indexonlyscan = off"
        )
        explained = await reader.fetchval(f"explain (format json) {plan.sql}", *plan.bound(Values(variables, officer, bytes(32))))
    finally:
        await reader.close()
    used = {i for i in indexes(json.loads(explained)) if table.name in i}
    by_unit = {f"ix_{table.name}_seen_{at}" for at in tables.SEEN} if "visible_to" in table.c else set()
    by_unit |= {"ix_events_org_id", "ix_events_record_id"} if table is tables.events else set()

    assert used and (by_unit <= used or (not by_unit and any("org_id" in i for i in used))), (used, explained[:6000])


@pytest.mark.parametrize("name", ["corrections", "disposal_batches"])
async def test_lists_that_the_demo_opens_without_are_for_everybody_of_the_unit(demo: Bank, answered: Any, name: str) -> None:
    """No role is asked of their readers: whoever sees one of its units sees the row, an officer too, and nobody else."""
    field = "".join([name.partition("_")[0], *(word.title() for word in name.split("_")[1:])])
    for me in (p for p in demo.people if Role.ADMIN not in p.roles and Role.SYSTEM not in p.roles):
        told, errors = await answered(me, f"{{ {field}(first: 100) {{ edges {{ node {{ id }} }} }} }}")
        seen = {edge["node"]["id"].rpartition("_")[2] for edge in told[field]["edges"]}
        wanted = {str(r["id"]) for r in demo.rows[name] if me.everywhere or set(me.branches) & set(r["visible_to"])}
        assert not errors and seen == wanted
        assert wanted or Role.LOAN_OFFICER not in me.roles


def indexes(plan: Any) -> set[str]:
    """Names of all indexes in an explained plan."""
    if isinstance(plan, dict):
        return indexes(list(plan.values())) | ({plan["Index Name"]} if "Index Name" in plan else set())
    return set[str]().union(*map(indexes, plan)) if isinstance(plan, list) else set()


CALLED_ONCE = {"loan_file"}  # a statement, which stands alone
NOT_PLANNED_ONCE = """
  select p.oid::regprocedure::text from pg_proc p join pg_language l on l.oid = p.prolang
  where p.pronamespace = 'public'::regnamespace and not p.proretset and p.proname = any($1)
    and (l.lanname = 'plpgsql' or l.lanname = 'sql' and p.proconfig is not null)  -- the others become a part of the statement
    and not coalesce('plan_cache_mode=force_generic_plan' = any(p.proconfig), false)"""


async def test_what_a_list_calls_for_each_row_is_planned_once(root: "asyncpg.Connection[Any]") -> None:
    """Lists of those who see little are planned each time, and so would be each statement of each call."""
    called = {
        name for file in Path(the_schema.__file__).parent.rglob("*.py") for name in re.findall(r"\bfunc\.(\w+)", file.read_text("utf-8"))
    }
    assert {"is_on_hold", "release_ready_since"} <= called
    assert await root.fetch(NOT_PLANNED_ONCE, sorted(called - CALLED_ONCE)) == []


async def test_the_role_of_reads_selects_all_that_is_not_sealed(root: "asyncpg.Connection[Any]", schema: ReadingSchema) -> None:
    read = {
        d.origin.__reads__.table
        for t in schema._schema.type_map.values()
        if "strawberry-definition" in t.extensions and (d := definition_of(t)) and hasattr(getattr(d, "origin", None), "__reads__")
    }
    for table in (t for t in read if isinstance(t, Table)):  # a union of tables has no privileges of its own
        for column in table.c:
            may = await root.fetchval("select has_column_privilege('loanfile_reader', $1, $2, 'select')", table.name, column.name)
            assert may != bool(column.info.get("sealed")), f"{table.name}.{column.name}"


async def test_who_sees_little_is_told_from_who_sees_much(demo: Bank) -> None:
    """By the planner's own estimate, which is fresh after `analyze`."""
    await demo.root.execute("analyze loans")
    officer = next(p for p in demo.people if p.roles == {Role.LOAN_OFFICER})
    empty = await demo.root.fetchval(
        "insert into org_units (code, name, level, parent_id) select 'EMPTY', '空支行', 'BRANCH', id from org_units where level = 'HEAD_OFFICE' returning id"
    )
    assert await demo.database.sees_much(officer.branches)
    assert not await demo.database.sees_much((empty,))
    assert not await demo.database.sees_much(())
