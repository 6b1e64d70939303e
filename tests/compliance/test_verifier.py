"""An auditor with the export, the checkpoints and the public key finds every change, and names the first event it touches."""

import ast
import json
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from server.compliance import sealing, verifier
from server.compliance.events import Chains
from server.compliance.exporting import Export, ExportFailed
from server.compliance.receipts import receipt_of
from server.compliance.tags import Tag
from server.custody.moves import Ask
from server.errors import Forbidden
from storage.database import connect
from storage.terms import Action, Purpose, Tier
from tests.compliance import second, tampering
from tests.harness import servers
from tests.harness.ledger import Ledger, as_old, bucket_of, events_of, keys_file, verify
from tests.harness.world import World


@dataclass
class Archive:
    """A bank whose history is sealed twice over, the database as it was after the first time, and its clean export."""

    ledger: Ledger
    older: Ledger
    bank: World
    export: Path


async def archive_in(told: dict[str, Any], name: str, folder: Path) -> Archive:
    ledger = Ledger(told, name, bucket_of(told))
    async with ledger.bank() as bank:
        await bank.out(await bank.volumes(2), tier=Tier.SECOND)
        await bank.out(await bank.papers(2))
        await as_old(bank.root, bank.people["compliance"].staff_id, bank.people["compliance"].org_id)
        await ledger.sealer.seal_all()
    older = await ledger.copy()
    async with ledger.bank() as later:
        volumes = await later.volumes(2)
        await later.out(volumes[:1], tier=Tier.SECOND)
        refused = Ask(Action.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.CERTIFICATE_CHANGE)
        await later.does("officer", refused)  # a line of the access log
        await ledger.sealer.seal_all()
        export = await ledger.export(folder / "export", bank)
    return Archive(ledger, older, bank, export)


@pytest.fixture(scope="module")
def names(told: dict[str, Any]) -> tuple[str, str]:
    return servers.clone(told), servers.clone(told)


@pytest_asyncio.fixture(scope="module")
async def archive(told: dict[str, Any], names: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Archive]:
    made = await archive_in(told, names[0], tmp_path_factory.mktemp("clean"))
    yield made
    made.ledger.bucket.close()


def test_a_clean_export_holds(archive: Archive) -> None:
    status, said = verify(archive.export, archive.ledger)
    assert status == 0 and said.startswith("whole: everything of "), said
    assert second.holds(archive.export, archive.ledger.key.verifier)


@pytest.mark.parametrize("kind", tampering.ATTACKS)
async def test_tampering_is_found_and_its_first_event_is_named(archive: Archive, names: tuple[str, str], tmp_path: Path, kind: str) -> None:
    """Fourteen kinds, as superuser, past every trigger and constraint."""
    assert len(tampering.ATTACKS) == 14
    if kind == "insert_back_dated":  # which is sealed, in a bucket that the others do not share
        archive = await archive_in(archive.ledger.told, names[1], tmp_path)
    events = events_of(archive.export)
    attacked = archive.older if kind == "roll_back" else await archive.ledger.copy()
    async with attacked.root() as root:
        named = await tampering.ATTACKS[kind](attacked, root, events)
    export = await attacked.export(tmp_path / kind, archive.bank)
    if kind == "roll_back":
        known = {event["id"] for event in events_of(export)}
        named = next(event["id"] for event in events if event["id"] not in known)
    if kind == "replace_a_checkpoint":
        named = tampering.replaced(export, attacked)
    status, said = verify(export, attacked)
    assert status == 1, said
    assert said.startswith(f"TAMPERED: event {named} "), said
    assert not second.holds(export, attacked.key.verifier)


async def test_state_that_no_event_has_made_is_found(archive: Archive, tmp_path: Path) -> None:
    """A record, an open movement and a ticket number are changed in the tables alone."""
    for number, (statement, told) in enumerate(
        {
            "update archive_records set state = 'FILED' where state = 'CHECKED_OUT' and tier = 'SECOND'": "its events lead to CHECKED_OUT",
            "delete from movements where out_at is not null and closed_at is null": "its open movements are none",
            "update tickets set ticket_no = ticket_no + 1 where ticket_no = (select max(ticket_no) from tickets)": "the table says",
            "update chains set seq = seq + 1 where kind = 'LOAN'": "its head knows",
        }.items()
    ):
        attacked = await archive.ledger.copy()
        async with attacked.root() as root:
            assert await root.execute(statement) != "UPDATE 0"
        status, said = verify(await attacked.export(tmp_path / f"export-{number}", archive.bank), attacked)
        assert status == 1 and told in said, said


async def test_an_event_that_waits_is_provable_by_the_receipt_its_client_holds(archive: Archive, tmp_path: Path) -> None:
    """Rewritten or deleted before any checkpoint: the export alone cannot show it, the receipt does."""
    ledger = await archive.ledger.copy()
    async with ledger.bank() as bank:
        outcome = await bank.done("officer", Ask(Action.REQUEST_CHECKOUT, records=tuple(await bank.volumes()), purpose=Purpose.AUDIT))
        event = outcome["events"][0]
        note = await receipt_of(bank.database, bank.people["officer"], UUID(event), ledger.receipts)
    receipt = tmp_path / "receipt"
    receipt.write_text(note)
    status, said = verify(await ledger.export(tmp_path / "whole", archive.bank), ledger, "--receipt", receipt)
    assert status == 0, said
    gone = await ledger.copy()
    async with gone.root() as root:
        row = await root.fetchrow("delete from events where id = $1 returning chain_id, seq, prev_hash", event)
        await root.execute("delete from pending_events where event_id = $1", event)
        await root.execute("update chains set seq = $2 - 1, head = $3 where id = $1", row["chain_id"], row["seq"], row["prev_hash"])
    export = await gone.export(tmp_path / "gone", archive.bank)
    assert verify(export, ledger)[0] == 0
    status, said = verify(export, ledger, "--receipt", receipt)
    assert status == 1 and said.startswith(f"TAMPERED: event {event}, ") and "promised it" in said, said
    rewritten = await ledger.copy()
    async with rewritten.root() as root:
        row = dict(await root.fetchrow("select chain_id as chain, seq from events where id = $1", event))
        await tampering._rewritten(root, row)
    status, said = verify(await rewritten.export(tmp_path / "rewritten", archive.bank), ledger, "--receipt", receipt)
    assert status == 1 and f"event {event}, " in said and "promised another hash" in said, said
    receipt.write_text(note.replace("seq ", "seq 1"))
    assert verify(export, ledger, "--receipt", receipt)[1].startswith("TAMPERED: receipt receipt: ")


async def test_a_period_is_exported_and_is_whole_by_itself(archive: Archive, tmp_path: Path) -> None:
    """Completeness too: an event of the period that is left out is named."""
    events = sorted(events_of(archive.export), key=lambda event: event["at"])
    middle = datetime.fromisoformat(events[len(events) // 2]["at"])
    export = await archive.ledger.export(tmp_path / "export", archive.bank, start=middle, end=middle + timedelta(days=1))
    assert {e["id"] for e in events_of(export)} == {e["id"] for e in events if datetime.fromisoformat(e["at"]) >= middle}
    status, said = verify(export, archive.ledger)
    assert status == 0 and said.startswith("whole: the period "), said
    path = next(export.glob("leaves-*"))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[1:]))
    status, said = verify(export, archive.ledger)
    assert status == 1 and json.loads(lines[0])["event"]["id"] in said.splitlines()[0], said


async def test_an_export_that_was_cut_is_gone_on_with(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    shutil.copytree(archive.export, folder)
    about = json.loads((folder / "export.json").read_text())
    (folder / "export.json").unlink()
    (folder / "begun.json").write_text(json.dumps({name: about[name] for name in ("format", "origin", "from", "to")}))
    (folder / "unsealed.jsonl").unlink()
    (folder / "checkpoints" / f"{2:012}").unlink()
    kept = next(folder.glob("leaves-*")).stat().st_mtime_ns
    await archive.ledger.export(folder, archive.bank)
    assert next(folder.glob("leaves-*")).stat().st_mtime_ns == kept
    status, said = verify(folder, archive.ledger)
    assert status == 0, said
    with pytest.raises(ExportFailed, match="holds an export already"):
        await archive.ledger.export(folder, archive.bank)


async def test_only_compliance_and_audit_export_and_the_log_knows(archive: Archive, tmp_path: Path) -> None:
    ledger = await archive.ledger.copy()
    for who in ("officer", "president"):
        archive.bank.people["compliance"], asks = archive.bank.people[who], archive.bank.people["compliance"]
        try:
            with pytest.raises(Forbidden):
                await ledger.export(tmp_path / who, archive.bank)
        finally:
            archive.bank.people["compliance"] = asks
    async with ledger.root() as root:
        logged = await root.fetch("select result from access_log where action = 'exportLedger' order by logged_at")
    assert [row["result"] for row in logged][-2:] == ["DENIED", "DENIED"]


UNREADABLE: dict[str, Callable[[Path], Any]] = {
    "export.json": lambda export: (export / "export.json").unlink(),
    "not JSON": lambda export: next(export.glob("leaves-*")).write_text("{"),
    "no object": lambda export: next(export.glob("leaves-*")).write_text("[]\n"),
    "another format": lambda export: (export / "export.json").write_text('{"format": "loanfile export 9"}'),
    "no checkpoints": lambda export: shutil.rmtree(export / "checkpoints"),
    "half an entry": lambda export: (export / "leaves" / f"{1:012}").write_bytes(b"\x01"),
    "no table": lambda export: (export / "tables" / "archive_records.jsonl").unlink(),
    "no leaf": lambda export: next(export.glob("leaves-*")).write_text('{"leaf": "x"}\n'),
    "an endless leaf": lambda export: next(export.glob("leaves-*")).write_text('{"leaf": 1e999}\n'),
    "too deep": lambda export: next(export.glob("leaves-*")).write_text("[" * 100_000),
    "no id": lambda export: next(export.glob("leaves-*")).write_text(
        '{"leaf": 0, "entry": "", "event": {"id": 5, "canonical": "", "prev_hash": "", "hash": "", "chain": "", "seq": 1}}\n'
    ),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_said_and_is_not_called_whole(archive: Archive, tmp_path: Path, what: str) -> None:
    export = tmp_path / "export"
    shutil.copytree(archive.export, export)
    UNREADABLE[what](export)
    status, said = verify(export, archive.ledger)
    assert status == 2 and said.startswith("unreadable: ") and "Traceback" not in said, said


def test_a_wrong_key_is_never_whole(archive: Archive, tmp_path: Path) -> None:
    other = Ledger(archive.ledger.told, archive.ledger.name, archive.ledger.bucket)
    assert verify(archive.export, other)[0] == 1
    keys = keys_file(archive.ledger, tmp_path)
    keys.write_text("nonsense\n")
    assert verifier.main([str(archive.export), "--key", str(keys)]) == 2


@pytest.mark.parametrize("folder", ["checkpoints", "leaves"])
def test_any_bit_of_the_checkpoints_counts(archive: Archive, tmp_path: Path, folder: str) -> None:
    for path in sorted((archive.export / folder).iterdir()):
        raw = bytearray(path.read_bytes())
        for at in range(0, len(raw) - 1, max(1, len(raw) // 25)):
            export = tmp_path / f"{path.name}-{at}"
            shutil.copytree(archive.export, export)
            changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
            (export / folder / path.name).write_bytes(changed)
            assert verifier.main([str(export), "--key", str(keys_file(archive.ledger, tmp_path))]) in (1, 2)
            shutil.rmtree(export)


def test_the_verifier_needs_python_and_cryptography_alone() -> None:
    tree = ast.parse(Path(str(verifier.__file__)).read_text("utf-8"))
    imported = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names} == {
        "cryptography.exceptions", "cryptography.hazmat.primitives.asymmetric.ed25519",
    }  # fmt: skip


def without_the_last(export: Path, told: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The newest leaf is gone, and export.json says something else."""
    path = max(export.glob("leaves-*"))
    path.write_text("".join(f"{line}\n" for line in path.read_text().splitlines()[:-1]))
    about = json.loads((export / "export.json").read_text())
    (export / "export.json").write_text(json.dumps(told(about)))


OLDER = {
    "as it was": (lambda about: about, "is missing"),
    "made long ago": (lambda about: {**about, "made_at": "2020-01-01T00:00:00+00:00"}, "is missing"),
    "of fewer leaves": (lambda about: {**about, "leaves": about["leaves"] - 1}, "is missing"),
    "of fewer leaves, made long ago": (
        lambda about: {**about, "leaves": about["leaves"] - 1, "made_at": "2020-01-01T00:00:00+00:00"}, "which no checkpoint signs",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", OLDER)
def test_an_export_says_itself_how_far_it_reaches_and_is_not_believed(archive: Archive, tmp_path: Path, how: str) -> None:
    export, (told, finding) = tmp_path / "export", OLDER[how]
    shutil.copytree(archive.export, export)
    without_the_last(export, told)
    status, said = verify(export, archive.ledger, "--checkpoints", archive.export)
    assert status == 1 and finding in said, said


def test_an_export_that_was_made_before_the_last_checkpoint_says_so(archive: Archive, tmp_path: Path) -> None:
    """An older export is whole; what came later is told. One with a leaf behind its end is not."""
    export, first = tmp_path / "export", (archive.export / "checkpoints" / f"{1:012}").read_text()
    shutil.copytree(archive.export, export)
    size, at = int(first.splitlines()[1]), first.splitlines()[4].removeprefix("time ")
    told = {**json.loads((export / "export.json").read_text()), "leaves": size, "made_at": at}
    (export / "export.json").write_text(json.dumps(told))
    status, said = verify(export, archive.ledger)
    assert status == 1 and "and this one is behind them" in said, said
    told |= {"from": "1970-01-01T00:00:00+00:00"}  # a period, which shows no state
    (export / "export.json").write_text(json.dumps(told))
    path = max(export.glob("leaves-*"))
    path.write_text("".join(f"{line}\n" for line in path.read_text().splitlines()[:size]))
    (export / "unsealed.jsonl").write_text("")
    status, said = verify(export, archive.ledger)
    assert status == 0 and "of them sealed after the export was made" in said, said


async def test_a_checkpoint_that_is_on_its_way_makes_no_export_wrong(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ledger.bank() as bank:
        await bank.papers(1)
        await ledger.sealer.seal_all()
        await bank.papers(1)
        conn, fetch = await connect(ledger.sealer.url), Export._checkpoints
        async with conn.transaction():
            await ledger.sealer._sign(conn)

        async def and_stored(self: Any, meter: Any) -> None:
            await ledger.sealer._store(conn)
            await fetch(self, meter)

        monkeypatch.setattr(Export, "_checkpoints", and_stored)
        export = await ledger.export(tmp_path / "export", bank)
        await conn.close()
    status, said = verify(export, ledger)
    assert status == 0 and "of them sealed after the export was made" in said, said


async def test_a_clock_that_was_set_back_takes_no_checkpoint_back(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ledger.bank() as bank:
        await bank.papers(1)
        await ledger.sealer.seal_all()
        await bank.papers(1)
        with monkeypatch.context() as behind:
            behind.setattr(sealing, "CLOCK", "select clock_timestamp() - interval '3 seconds'")
            assert await ledger.sealer.seal_all()
        status, said = verify(await ledger.export(tmp_path / "export", bank), ledger)
    assert status == 0, said


@pytest.mark.parametrize("known", [True, False])
async def test_what_waited_long_is_sealed_in_several_rounds(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """After an outage of more than a day; a verifier that did not know how much a round holds would call it back-dated."""
    monkeypatch.setattr(sealing, "LEAVES_MAX", 5)
    monkeypatch.setattr(verifier, "BACKLOG_LEAVES", 5 if known else 6)
    async with ledger.bank() as bank:
        loans, by, at = [await bank.loan() for _ in range(12)], bank.people["officer"], datetime.now(UTC) - timedelta(hours=30)
        async with bank.database.transaction(by) as conn:
            chains = await Chains.lock(conn, set(loans))
            for loan in loans:
                chains.note(loan, Tag.LOAN_CHANGED, subject=("loan", loan), by=by.staff_id, at=at, status="ACTIVE")
            await chains.write()
        for minutes in range(1_900, 1_800, -10):
            await as_old(bank.root, by.staff_id, by.org_id, minutes)
        await ledger.sealer.seal_all()
        export = await ledger.export(tmp_path / "export", bank)
    found = verifier.Verification(export, export, verifier.Keys(ledger.key.verifier), []).run()
    assert [one for one in found if "older time" not in one.told] == [] and bool(found) is not known, found


async def test_a_line_of_the_access_log_that_was_put_in_later_is_found(ledger: Ledger, tmp_path: Path) -> None:
    async with ledger.bank() as bank:
        await bank.papers(1)
        await ledger.sealer.seal_all()
        await as_old(bank.root, bank.people["head"].staff_id, bank.people["head"].org_id, 90 * 24 * 60)
        await ledger.sealer.seal_all()
        status, said = verify(await ledger.export(tmp_path / "export", bank), ledger)
    assert status == 1 and said.startswith("TAMPERED: access log of ") and "older time than may be" in said, said


async def test_the_key_of_receipts_signs_no_ledger(ledger: Ledger, tmp_path: Path) -> None:
    forger = Ledger(ledger.told, ledger.name, ledger.bucket, ledger.receipts)
    async with ledger.bank() as bank:
        await bank.papers(1)
        await forger.sealer.seal_all()
        export = await forger.export(tmp_path / "export", bank)
    status, said = verify(export, ledger)
    assert status == 1 and "no ledger" in said, said


def test_the_ledger_is_named_and_may_be_demanded(archive: Archive, tmp_path: Path) -> None:
    name = archive.ledger.key.name
    status, said = verify(archive.export, archive.ledger, "--origin", name)
    assert status == 0 and f" of {name}: " in said
    status, said = verify(archive.export, archive.ledger, "--origin", "the other bank")
    assert status == 2 and "and not of the other bank" in said


async def test_receipts_are_for_what_the_export_covers(ledger: Ledger, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with ledger.bank() as bank:
        await bank.papers(1)
        await ledger.sealer.seal_all()
        before = await ledger.export(tmp_path / "before", bank)
        await bank.papers(1)
        row = await bank.root.fetchrow("select e.id from events e join pending_events p on p.event_id = e.id order by id desc limit 1")
        (tmp_path / "receipt").write_text(await receipt_of(bank.database, bank.people["compliance"], row["id"], ledger.receipts))
        status, said = verify(before, ledger, "--receipt", tmp_path / "receipt")
        assert status == 0 and "1 receipts for events that are not of it" in said, said
        async with ledger.root() as root:
            await root.execute("delete from events where id = $1", row["id"])
            await root.execute("delete from pending_events where event_id = $1", row["id"])
        period = {"start": now - timedelta(days=1), "end": now + timedelta(days=1)}
        status, said = verify(await ledger.export(tmp_path / "gone", bank, **period), ledger, "--receipt", tmp_path / "receipt")
        assert status == 1 and "a signed receipt promised it, and it is missing" in said, said
