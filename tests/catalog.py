"""What PostgreSQL enforces, read back from a migrated database: functions as they stand now, triggers, row policies, grants."""

import asyncio
from collections.abc import Iterable
from typing import Any

import asyncpg

from tests.harness import servers

FUNCTIONS = """
select pg_get_functiondef(p.oid) as definition, p.oid::regprocedure::text as name, p.proowner::regrole::text as owner,
  (select string_agg(case when a.grantee = 0 then 'public' else a.grantee::regrole::text end, ', ' order by a.grantee::regrole::text collate "C")
   from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner) as callers
from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p')
  and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')"""
TRIGGERS = """
select t.tgrelid::regclass::text as name, pg_get_triggerdef(t.oid) as definition
from pg_trigger t join pg_class c on c.oid = t.tgrelid where not t.tgisinternal and c.relnamespace = 'public'::regnamespace"""
POLICIES = """
select tablename as name, policyname, permissive, array_to_string(roles, ', ') as roles, cmd, qual, with_check
from pg_policies where schemaname = 'public'"""
GRANTS = """
select c.relname as name, a.grantee::regrole::text as grantee, string_agg(lower(a.privilege_type), ', ' order by a.privilege_type collate "C") as rights
from pg_class c, aclexplode(c.relacl) a where c.relnamespace = 'public'::regnamespace and a.grantee <> c.relowner and c.relkind in ('r', 'p', 'v', 'S')
group by c.relname, a.grantee
union all
select c.relname, a.grantee::regrole::text, lower(a.privilege_type) || ' of ' || string_agg(t.attname, ', ' order by t.attname collate "C")
from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a where c.relnamespace = 'public'::regnamespace
group by c.relname, a.grantee, a.privilege_type"""


def _function(row: Any) -> str:
    called = f"called by {row['callers']}" if row["callers"] else "called by its owner alone"
    return f"-- {row['name']}: owned by {row['owner']}, {called}\n{row['definition'].rstrip()};\n"


def _policy(row: Any) -> str:
    kind = "" if row["permissive"] == "PERMISSIVE" else " as restrictive"
    using = f" using {row['qual']}" if row["qual"] else ""
    checked = f" with check {row['with_check']}" if row["with_check"] else ""
    return " ".join(
        f"create policy {row['policyname']} on {row['name']}{kind} for {row['cmd'].lower()} to {row['roles']}{using}{checked};".split()
    )


def _lines(statements: Iterable[str]) -> str:
    return "\n".join(sorted(statements)) + "\n"


async def catalog(url: str) -> str:
    """All of it as text, in the order of names."""
    conn = await asyncpg.connect(url)
    try:
        functions, triggers, policies, grants = [await conn.fetch(query) for query in (FUNCTIONS, TRIGGERS, POLICIES, GRANTS)]
    finally:
        await conn.close()
    parts = [
        "-- Read back from a migrated database by make golden, to be read and compared: migrations/ is what makes it.\n",
        *sorted(map(_function, functions)),
        _lines(f"{row['definition']};" for row in triggers),
        _lines(map(_policy, policies)),
        _lines(f"grant {row['rights']} on {row['name']} to {row['grantee']};" for row in grants),
    ]
    return "\n".join(parts)


def of_the_migrations() -> str:
    """Of a database of its own, migrated for this."""
    running = servers.Servers()
    told = running.start()
    try:
        return asyncio.run(catalog(servers.url(told, "super", servers.clone(told))))
    finally:
        running.stop()
