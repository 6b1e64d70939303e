"""C49 is kept by the database too: each name that says so is attacked, and whoever is refused is told the rule and what would help."""

import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from server.demo.names import small_pdf
from tests.custody.chapters.corrections import scanned
from tests.custody.scanned import SCANNED, stored_past_a_lock
from tests.harness.world import World
from tests.scans.conftest import Run, scan_of

KEPT = """select conname from pg_constraint where conname ~ '_c49_' union select tgname from pg_trigger where tgname ~ '_c49_'
union select relname from pg_class where relkind = 'i' and relname ~ '_c49_'"""
SAYS_ANOTHER = {"tg_scans_c49_locked_store": stored_past_a_lock}  # says the name of the function that it shares
BY_ITSELF = {  # what a trigger says before, when it is there
    "ck_scans_c49_stored_is_pinned_and_locked": "object_version_id = null",
    "ck_scans_c49_locked": "locked_at = now()",
}


async def test_whatever_keeps_the_rule_in_the_database_is_attacked(root: Any) -> None:
    tried = {name for name, _ in SCANNED if "_c49_" in name} | {n for n, how in SAYS_ANOTHER.items() if how in [h for _, h in SCANNED]}
    for path in Path(__file__).parent.glob("test_*.py"):
        tried |= set(re.findall(r'match="(\w+_c49_\w+)"', path.read_text("utf-8")))
    assert {row[0] for row in await root.fetch(KEPT)} == tried | set(BY_ITSELF)


@pytest.mark.parametrize("name", BY_ITSELF)
async def test_a_check_holds_without_the_triggers_too(bank: World, name: str) -> None:
    scan = await scanned(bank, (await bank.volumes())[0])
    await bank.root.execute("set session_replication_role = replica")
    try:
        with pytest.raises(asyncpg.CheckViolationError) as told:
            await bank.root.execute(f"update scans set {BY_ITSELF[name]} where id = $1", scan)
    finally:
        await bank.root.execute("set session_replication_role = origin")
    assert told.value.constraint_name == name


async def test_whoever_is_refused_is_told_the_rule_and_what_would_help(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    scan = (await run("officer", "registerScan", "scan { id }", **scan_of(paper, small_pdf("one"))))["scan"]["id"]
    await run("officer", "lockScan", "scan { id }", scanId=scan)
    (told,) = (await run("clerk", "registerScan", "scan { id }", **scan_of(paper, small_pdf("two"))))["problems"]
    assert (told["path"], told["code"], told["rule"]) == (["subjectId"], "SCAN_LOCKED", "C49") and "unlock" in told["remedy"]
