"""What was committed is sealed once, in one tree, under signed checkpoints in a bucket that keeps them."""

import asyncio
import json
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from server.compliance import tree, verifier
from server.compliance.events import Chains
from server.compliance.notes import Key
from server.compliance.sealing import LedgerForked, key_of
from server.compliance.tags import Tag
from storage.objects import AlreadyTaken, CheckpointBucket, ObjectStoreDown
from tests.compliance import second
from tests.harness import servers
from tests.harness.ledger import Ledger, as_old, bucket_of, leaves_of, verify

WRITERS, DELAYED, AN_ACT = 32, 0.01, 20
EVENTS = [20_000, pytest.param(100_000, marks=pytest.mark.soak)]


@pytest.mark.parametrize("count", EVENTS)
async def test_each_event_has_one_leaf_whoever_commits_late(ledger: Ledger, count: int) -> None:
    """32 writers at once, each act up to twenty events on up to three loans, one commit in a hundred delayed by up to two seconds,
    and a sealer that never waits."""
    async with ledger.bank() as bank, ledger.opened(writers_max=WRITERS, statement_seconds_max=120) as database:
        loans, by = [await bank.loan() for _ in range(WRITERS * 4)], bank.people["officer"]
        left, delayed, began, written_all = count, 0, time.monotonic(), asyncio.Event()

        async def write(seed: int) -> None:
            nonlocal left, delayed
            draw = random.Random(seed)
            while left:
                act = draw.choices(draw.sample(loans, draw.randint(1, 3)), k=min(left, draw.randint(1, AN_ACT)))
                left -= len(act)
                async with database.transaction(by) as conn:
                    chains = await Chains.lock(conn, set(act))
                    for loan in act:
                        chains.note(loan, Tag.LOAN_CHANGED, subject=("loan", loan), by=by.staff_id, at=datetime.now(UTC), status="ACTIVE")
                    await chains.write()
                    if draw.random() < DELAYED:
                        delayed += 1
                        await asyncio.sleep(draw.uniform(0, 2))

        async def seal() -> None:
            while not written_all.is_set():
                await ledger.sealer.seal_all()

        sealing = asyncio.create_task(seal())
        await asyncio.gather(*(write(seed) for seed in range(WRITERS)))
        written_all.set()
        await sealing
        await ledger.sealer.seal_all()
        written = {row["id"] for row in await bank.root.fetch("select id from events")}
        leaves = await bank.root.fetch("select leaf_index, entry, event_id from ledger_leaves order by leaf_index")
        last = await bank.root.fetchrow("select size, root from ledger_checkpoints order by number desc limit 1")
    assert len(written) == count == len(leaves)
    assert [row["leaf_index"] for row in leaves] == list(range(count))
    assert {row["event_id"] for row in leaves} == written
    assert last["size"] == count and last["root"] == tree.root_of([tree.leaf_hash(row["entry"]) for row in leaves])
    seconds = time.monotonic() - began
    print(f"\nsoak: {WRITERS} writers n={count} {delayed} commits delayed, {seconds:.0f} s, each event one leaf, dense ok")


async def test_two_sealers_make_one_ledger(ledger: Ledger) -> None:
    async with ledger.bank() as bank:
        await bank.papers(2)
        made = await asyncio.gather(*(ledger.sealer.seal_all() for _ in range(4)))
        assert sum(made) == await bank.sql("select count(*) from events") > 0
        assert await bank.sql("select count(*) from pending_events") == 0


async def test_silence_is_signed_once_an_hour(ledger: Ledger) -> None:
    async with ledger.bank() as bank:
        await bank.volumes()
        await ledger.sealer.seal_all()
        assert await ledger.sealer.seal_all() == 0
        assert await bank.sql("select count(*) from ledger_checkpoints") == 1
        await bank.past_the_triggers("update ledger_checkpoints set signed_at = signed_at - interval '61 minutes'")
        await ledger.sealer.seal_all()
        sizes = [row["size"] for row in await bank.root.fetch("select size from ledger_checkpoints order by number")]
    assert len(sizes) == 2 and sizes[0] == sizes[1]


async def test_the_access_log_is_one_leaf_a_minute_and_a_late_line_another_part(ledger: Ledger, tmp_path: Path) -> None:
    async with ledger.bank() as bank:
        who, org = bank.people["compliance"].staff_id, bank.people["compliance"].org_id
        now = datetime.now(UTC)  # one for all: another minute may begin between two lines
        for minutes in (5, 5, 7):
            await as_old(bank.root, who, org, minutes, now)
        await ledger.sealer.seal_all()
        await as_old(bank.root, who, org, 7, now)
        await ledger.sealer.seal_all()
        counts = await bank.root.fetch("select entry, cardinality(line_ids) as n from ledger_leaves order by leaf_index")
        export = await ledger.export(tmp_path / "export", bank)
    sealed = [(int.from_bytes(row["entry"][9:13]), int.from_bytes(row["entry"][13:17]), row["n"]) for row in counts]
    assert sum(n for *_, n in sealed) == 4 and all(count == n for _, count, n in sealed)
    assert sealed[-1] == (1, 1, 1)  # the late line: part 1 of its minute
    assert verify(export, ledger)[0] == 0
    lines = [line for leaf in leaves_of(export) for line in leaf["access"]["lines"]]
    body = lines[0].removeprefix(verifier.ACCESS_TAG)
    assert second.canonical(json.loads(body)) == body


async def test_a_checkpoint_that_was_not_stored_is_stored_by_the_next_round(ledger: Ledger) -> None:
    async with ledger.bank() as bank:
        await bank.volumes()
        down = Ledger(ledger.told | {"s3_endpoint": "http://127.0.0.1:9"}, ledger.name, bucket_at(ledger, "http://127.0.0.1:9"), ledger.key)
        with pytest.raises(ObjectStoreDown):
            await down.sealer.seal_all()
        assert await bank.sql("select count(*) from ledger_leaves") == 0  # nothing is signed into the dark
        await ledger.sealer.seal_all()
        await bank.past_the_triggers("update ledger_checkpoints set stored_at = null")
        assert float(await bank.sql("select anchoring_age()")) > 0
        await ledger.sealer.seal_all()
        assert await bank.sql("select count(*) from ledger_checkpoints where stored_at is null") == 0


async def test_a_database_that_was_set_back_signs_nothing_more(ledger: Ledger) -> None:
    async with ledger.bank() as bank:
        await bank.volumes()
        await ledger.sealer.seal_all()
    older = await ledger.copy()
    async with ledger.bank() as bank:
        await bank.volumes()
        await ledger.sealer.seal_all()
    async with older.bank() as bank:
        await bank.volumes()
        with pytest.raises(LedgerForked, match="checkpoint 2 is in the bucket already"):
            await older.sealer.seal_all()
        assert await bank.sql("select count(*) from ledger_checkpoints") == 1


async def test_another_key_or_other_nodes_sign_nothing_more(ledger: Ledger) -> None:
    async with ledger.bank() as bank:
        await bank.volumes()
        await ledger.sealer.seal_all()
        await bank.volumes()
        other = Ledger(ledger.told, ledger.name, ledger.bucket, Key(ledger.key.name, b"x" * 32))
        with pytest.raises(LedgerForked, match="not signed by the key"):
            await other.sealer.seal_all()
        await bank.past_the_triggers("update ledger_nodes set hash = sha256(hash) where level > 0")
        with pytest.raises(LedgerForked, match="do not have the root"):
            await ledger.sealer.seal_all()


async def test_a_stored_checkpoint_stays(ledger: Ledger) -> None:
    """Other bytes are refused; a version on top changes nothing for whoever reads; the first cannot be deleted."""
    async with ledger.bank() as bank:
        await bank.volumes()
        await ledger.sealer.seal_all()
    key, later = key_of(ledger.key.name, "checkpoints", 1), datetime.now(UTC) + timedelta(days=1)
    first = await ledger.bucket.read(key)
    with pytest.raises(AlreadyTaken):
        await ledger.bucket.put(key, b"another", later)
    client, bucket = ledger.bucket._client.s3, ledger.bucket._bucket
    client.put_object(Bucket=bucket, Key=key, Body=b"another")
    assert await ledger.bucket.read(key) == first
    for version in client.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
        if not version["IsLatest"]:
            with pytest.raises(Exception, match=r"AccessDenied|denied"):
                client.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])


@pytest.mark.parametrize("role", ["app", "reader"])
async def test_the_application_writes_nothing_of_the_ledger(ledger: Ledger, role: str) -> None:
    conn = await asyncpg.connect(servers.url(ledger.told, role, ledger.name))
    try:
        for statement in (
            "insert into ledger_leaves (leaf_index, entry, event_id) values (0, decode(repeat('00', 49), 'hex'), uuidv7())",
            "insert into ledger_nodes values (0, 0, '\\x00')",
            "insert into ledger_checkpoints (number, size, root, border, note, signed_at) values (1, 0, '', '{}', '', now())",
            "update ledger_checkpoints set stored_at = now()",
            "delete from pending_events",
            "delete from pending_access",
            "select * from pending_access",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(statement)
    finally:
        await conn.close()


async def test_what_was_sealed_cannot_be_changed_even_by_the_owner(ledger: Ledger) -> None:
    async with ledger.bank() as bank:
        await bank.volumes()
        await ledger.sealer.seal_all()
        for statement in (
            "update ledger_leaves set entry = entry",
            "delete from ledger_leaves",
            "update ledger_nodes set hash = hash",
            "truncate ledger_nodes",
            "update ledger_checkpoints set size = size + 1",
            "delete from ledger_checkpoints",
        ):
            with pytest.raises(asyncpg.CheckViolationError, match="c48"):
                await bank.root.execute(statement)


def bucket_at(ledger: Ledger, endpoint: str) -> CheckpointBucket:
    return bucket_of(ledger.told | {"s3_endpoint": endpoint})
