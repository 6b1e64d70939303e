"""Any byte of a pack that is flipped is found and its member named; nothing of another contract is in it."""

import asyncio
import base64
import itertools
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from secrets import randbits
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from server.auth import person_of
from server.compliance import packing, tree, verifier
from server.compliance.tags import Tag
from server.custody.desk import Desk
from server.exports import Exports, key_of
from server.jobs import Jobs
from server.papers import evidence
from server.papers.telling import TAGS
from server.service import service_of
from storage.objects import ObjectStore
from tests.compliance import second
from tests.harness import servers
from tests.harness.demo import Demo
from tests.harness.ledger import Ledger, bucket_of, keys_file, verify
from tests.harness.packs import Kinship, asked, fetched, kinship, made, members_of, signed_anew, strange_to

FLIPS = [300, pytest.param(0, marks=pytest.mark.soak)]  # 0: every byte


@dataclass
class House:
    """A bank with three contracts, and the evidence of one of them."""

    ledger: Ledger
    kin: Kinship
    pack: Path
    strange: dict[str, set[str]]


@pytest_asyncio.fixture(scope="module")
async def house(told: dict[str, Any], objects: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    ledger = Ledger(told, await asyncio.to_thread(servers.clone, told), bucket_of(told))
    async with ledger.bank() as bank:
        kin = await kinship(bank, objects)
        async with ledger.root() as root:  # a minute of the access log that is over
            await root.execute(
                "insert into access_log (logged_at, staff_id, org_id, action, result, purpose, subject_ids, detail) select"
                " clock_timestamp() - make_interval(mins => 9, secs => n), $1, $2, 'contractHistory', 'GRANTED', 'AUDIT', array[$3::uuid], '{}'"
                " from generate_series(1, 5) n", bank.people["auditor"].staff_id, bank.people["auditor"].org_id, kin.mine,
            )  # fmt: skip
            await root.execute("insert into pending_access (line_id, minute, hash) select id, date_trunc('minute', logged_at),"
                               " sha256('\\x00'::bytea || canonical_access(a)) from access_log a where a.id not in (select line_id from pending_access)")  # fmt: skip
        export = await asked(bank, objects, kin.mine)
        await ledger.sealer.seal_all()
        await made(ledger, bank, objects)
        pack = await fetched(bank, objects, export, tmp_path_factory.mktemp("pack"))
        yield House(ledger, kin, pack, await strange_to(kin))
    ledger.bucket.close()


def status_of(pack: Path, keys: verifier.Keys) -> tuple[int, str]:
    """In this process, as often as a test flips."""
    try:
        found = verifier.PackVerification(pack, keys).run()
    except verifier.Unreadable as error:
        return 2, str(error)
    return (1, f"{found[0].where}: {found[0].told}") if found else (0, "")


def lines(pack: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in members_of(pack)[name].splitlines()]


def opens(pack: Path) -> bool:
    """As other programs see it: unzip, where there is one, and the library."""
    unzip = shutil.which("unzip")
    status = subprocess.run([unzip, "-tq", str(pack)], capture_output=True, check=False).returncode if unzip else 0
    with zipfile.ZipFile(pack) as archive:
        return status == 0 and archive.testzip() is None


# What is in it ----------------------------------------------------------------------------------------------------------
def test_a_pack_holds_by_itself_and_by_a_second_reading_of_the_page(house: House, tmp_path: Path) -> None:
    """The verifier alone, in an empty folder; and the one that is in the pack."""
    status, said = verify(house.pack, house.ledger)
    assert status == 0 and said.startswith("whole: evidence of contract HT") and "chains, 1 of them whole, 3 more withheld" in said, said
    assert second.pack_holds(house.pack, house.ledger.key.verifier)
    (tmp_path / "verifier.py").write_bytes(members_of(house.pack)["verifier.py"])
    keys = keys_file(house.ledger, tmp_path)
    command = [sys.executable, "-I", "verifier.py", str(house.pack), "--key", str(keys)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_has_every_member_and_other_programs_open_it(house: House) -> None:
    names = list(members_of(house.pack))
    assert names[:2] == ["manifest.json", "manifest.note"]
    assert {
        "checkpoint",
        "history.html",
        "history.jsonl",
        "events.jsonl",
        "access.jsonl",
        "scans.jsonl",
        "README.txt",
        "verifier.py",
    } <= set(names)
    assert sum(name.startswith("scans/") for name in names) == 3
    assert opens(house.pack)


async def test_the_whole_chain_of_the_loan_is_proven_and_every_line_of_the_history_is_told(house: House) -> None:
    bank, kin = house.kin.bank, house.kin
    events, history = lines(house.pack, "events.jsonl"), lines(house.pack, "history.jsonl")
    about = json.loads(members_of(house.pack)["manifest.json"])
    assert about["chains"] == {str(kin.loan): await bank.sql("select seq from chains where id = $1", kin.loan)}
    withheld = [line for line in events if line.get("redacted")]
    assert {line["chain"] for line in withheld} == {str(kin.loan)} and len(
        withheld
    ) == 3  # two of the sibling, and one that the other brought about
    assert len(events) == about["events"] > 15
    in_chain = await bank.sql("select count(*) from events where chain_id = $1", kin.loan)
    told = [line for line in history if line.get("chain") == str(kin.loan)]
    assert len(told) == in_chain and sum("event" in line for line in told) == in_chain - 3
    components = {line["component"] for line in history if "component" in line}
    assert {"CONTRACT", "APPROVAL", "CUSTODY", "REQUEST", "READ", "HANDOVER", "HOLD", "COLLECTION"} <= components
    read = [line for line in history if line.get("tag") == "contractHistory"]  # of others the minute may be over by now, or not
    assert [line["proven"] for line in read] == [True] * 5
    assert any(line.get("tag") == "exportEvidence" for line in history)
    words = [said["words"] for line in history for said in line.get("words", {}).values()]
    assert "年度估值" in words and "复核后正常" in words


def test_the_page_is_chinese_runs_nothing_and_fetches_nothing(house: House) -> None:
    page = members_of(house.pack)["history.html"].decode()
    assert page.startswith("<!doctype html>") and page.rstrip().endswith("</html>") and 'lang="zh-CN"' in page
    assert "<script" not in page and "http://" not in page and "https://" not in page and "default-src 'none'" in page
    for word in ("合同档案证据", "借出", "审批", "移交", "复核后正常", "此处一条记录属于其他合同", "王小明"):
        assert word in page, word


def test_what_somebody_wrote_is_text_on_the_page() -> None:
    said = {"reason": {"words": "<script>alert(1)</script>", "key": ""}}
    line = {
        "at": datetime.now(UTC),
        "tag": "hold:place:done",
        "by": {"name": "<b>", "roles": []},
        "component": "HOLD",
        "detail": {"x": "</td>"},
    }
    page = evidence.row({**line, "words": said, "seq": 1, "hash": "00" * 32}).decode()
    assert "<script" not in page and "&lt;script&gt;" in page and "<b>" not in page and page.count("</td>") == 4


def test_every_event_has_its_chinese_word() -> None:
    assert set(TAGS) == {tag.value for tag in Tag}


# Nothing of others ------------------------------------------------------------------------------------------------------
def test_no_id_number_or_bytes_of_another_contract_are_in_a_pack(house: House) -> None:
    """In the raw bytes too: what is stored is not packed, so they are the members'."""
    raw = house.pack.read_bytes()
    assert len(house.strange["ids"]) > 30 and len(house.strange["numbers"]) >= 7 and len(house.strange["bytes"]) > 10
    found = [id_ for id_ in house.strange["ids"] for form in (id_.encode(), UUID(id_).hex.encode(), UUID(id_).bytes) if form in raw]
    found += [number for number in house.strange["numbers"] if number.encode() in raw]
    found += [text[:60] for text in house.strange["bytes"] if json.dumps(text)[1:-1].encode() in raw or text.encode() in raw]
    assert found == []
    assert b"%PDF mine" in raw and not any(body in raw for body in (b"%PDF theirs", b"%PDF shared", b"%PDF sibling"))
    assert str(house.kin.mine).encode() in raw and str(house.kin.loan).encode() in raw  # the positive control


async def test_nothing_of_a_contracts_own_is_withheld(told: dict[str, Any], demo: Demo, objects: ObjectStore, tmp_path: Path) -> None:
    """What is forgotten in the list of what is a contract's own would be: here are contracts with some of everything."""
    ledger = Ledger(told, demo.name, bucket_of(told))
    await ledger.sealer.seal_all()
    (by, who), desk = (await service_of(demo.database), (await person_of(demo.database, "compliance"))[0]), Desk(demo.database)
    assert by is not None
    busy = await demo.root.fetch(
        "select x.contract_id as id, min(x.loan_id::text)::uuid as loan, count(distinct e.tag) as tags from loan_contracts x"
        " join events e on e.chain_id = x.loan_id group by x.contract_id order by tags desc, id limit 12"
    )
    seen = set[str]()
    for row in busy:
        outcome, _ = await Exports(demo.database, objects).evidence(
            who, contract=row["id"], number=None, purpose="AUDIT", key=str(row["id"]), request_id="r"
        )
        await Jobs(desk, by, objects, signer=ledger.key).export()
        export = await demo.root.fetchrow("select * from exports where id = $1", UUID(outcome["export"]))
        with (tmp_path / "pack.zip").open("w+b") as file:
            assert await objects.staging.fetch(key_of(export["id"], export["leased_by"]), file, export["size_bytes"])
        history = lines(tmp_path / "pack.zip", "history.jsonl")
        others = await demo.root.fetchval(
            "select count(*) from events where chain_id = $1 and subject_kind = 'contract' and subject_id <> $2", row["loan"], row["id"]
        )
        assert sum("redacted" in line or "withheld" in line for line in history) == others, [x for x in history if "withheld" in x]
        seen |= {line["tag"] for line in history if "tag" in line}
    assert len(seen) > 20 and verify(tmp_path / "pack.zip", ledger)[0] == 0
    ledger.bucket.close()


def test_a_line_that_shares_is_told_without_what_it_shares(house: House) -> None:
    history = lines(house.pack, "history.jsonl")
    (changed,) = [line for line in history if line.get("tag") == "loan:change:done" and "withheld" in line]
    assert changed["withheld"] == ["records", "cause"] and changed["detail"] == {"status": "ACTIVE"} and "event" not in changed
    assert [line["tag"] for line in history if line.get("tag") == "collateral:value:done"] == ["collateral:value:done"]
    told = [line for line in history if line.get("tag") == "loan:classify:done"]
    assert [line.get("words_withheld") for line in told] == [["reason"], None] and told[0]["words"] == {}
    assert [line["lacks"] for line in lines(house.pack, "scans.jsonl")].count("SHARED") == 1
    titles = {line["id"]: line.get("title") for line in lines(house.pack, "scans.jsonl")}
    assert titles[str(house.kin.scans[1])] is None and titles[str(house.kin.scans[0])] == "扫描件"


# Flipped bytes ----------------------------------------------------------------------------------------------------------
def places(pack: Path) -> list[tuple[int, int, str]]:
    """Each region of the archive and the member it belongs to, read by the zip library: from, to, name."""
    found, size = [], pack.stat().st_size
    raw = pack.read_bytes()
    with zipfile.ZipFile(pack) as archive:
        infos, directory = archive.infolist(), archive.start_dir
    for info in infos:
        start = info.header_offset + 30 + len(info.filename.encode())
        found += [(info.header_offset, start, info.filename), (start, start + info.file_size, info.filename)]
    at = directory
    for info in infos:
        length = 46 + sum(struct.unpack_from("<3H", raw, at + 28))
        found.append((at, at + length, info.filename))
        at += length
    return [*found, (at, size, verifier.DIRECTORY)]


@pytest.mark.parametrize("count", FLIPS)
def test_any_byte_that_is_flipped_is_found_and_its_member_is_named(house: House, tmp_path: Path, count: int) -> None:
    seed, regions, raw = randbits(32), places(house.pack), bytearray(house.pack.read_bytes())
    print(f"\nflips: seed {seed}")
    r, keys = Random(seed), verifier.Keys(house.ledger.key.verifier)
    chosen = range(len(raw)) if not count else sorted(
        {at for start, stop, _ in regions if stop > start for at in (start, stop - 1, r.randrange(start, stop))} | set(r.sample(range(len(raw)), count))
    )  # fmt: skip
    flipped = tmp_path / "flipped.zip"
    flipped.write_bytes(raw)
    with flipped.open("r+b") as file:
        for at in chosen:
            bit = 1 << r.randrange(8)
            file.seek(at)
            file.write(bytes([raw[at] ^ bit]))
            file.flush()
            status, said = status_of(flipped, keys)
            name = next(name for start, stop, name in regions if start <= at < stop)
            assert status == 1 and name in said, (at, bit, name, status, said)
            file.seek(at)
            file.write(bytes([raw[at]]))
            file.flush()
    assert status_of(flipped, keys)[0] == 0
    print(f"flipped: {len(chosen)} of {len(raw)} bytes")


def test_every_region_of_the_archive_is_known(house: House) -> None:
    regions = sorted(places(house.pack))
    assert regions[0][0] == 0 and regions[-1][1] == house.pack.stat().st_size
    assert all(stop == start for (_, stop, _), (start, _, _) in itertools.pairwise(regions))


def test_a_note_that_decodes_to_the_same_is_another_note(house: House, tmp_path: Path) -> None:
    """The last character of its base64 has two bits that stand for nothing; every CRC is put right, so that the note alone can tell."""
    raw, note = bytearray(house.pack.read_bytes()), members_of(house.pack)[verifier.NOTE]
    regions = [(start, stop) for start, stop, name in places(house.pack) if name == verifier.NOTE]
    at = note.rindex(b"=") - 1
    following = bytes(range(65, 91)) + bytes(range(97, 123)) + b"0123456789+/"  # of the alphabet of base64
    other = note[:at] + following[(place := following.index(note[at]) + 1) : place + 1] + note[at + 1 :]
    assert base64.b64decode(other.split()[-1]) == base64.b64decode(note.split()[-1]) and other != note
    (header, _), (start, stop), (entry, _) = regions
    raw[start:stop] = other
    for place in (header + 14, entry + 16):
        raw[place : place + 4] = zlib.crc32(other).to_bytes(4, "little")
    (tmp_path / "pack.zip").write_bytes(raw)
    status, said = status_of(tmp_path / "pack.zip", verifier.Keys(house.ledger.key.verifier))
    assert status == 1 and said.startswith("manifest.note: the signature"), said


# Things put in, taken out, moved ------------------------------------------------------------------------------------------
def test_what_is_added_or_cut_off_or_put_between_is_found(house: House, tmp_path: Path) -> None:
    raw, keys = house.pack.read_bytes(), verifier.Keys(house.ledger.key.verifier)
    regions = places(house.pack)
    start = next(start for start, _, name in regions if name == "events.jsonl")
    cases = {
        "behind": (raw + b"\0", verifier.DIRECTORY), "cut": (raw[:-1], verifier.DIRECTORY), "half": (raw[: len(raw) // 2], ""),
        "between": (raw[:start] + b"PK\3\4 something" + raw[start:], "events.jsonl"), "before": (b"#!" + raw, verifier.MANIFEST),
    }  # fmt: skip
    for what, (body, name) in cases.items():
        (tmp_path / "pack.zip").write_bytes(body)
        status, said = status_of(tmp_path / "pack.zip", keys)
        assert status == 1 and name in said, (what, said)
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:  # the same members, as another program writes them
        for name, body in members_of(house.pack).items():
            archive.writestr(name, body)
    assert status_of(tmp_path / "pack.zip", keys)[0] == 1
    (tmp_path / "pack.zip").write_bytes(raw)
    with zipfile.ZipFile(tmp_path / "pack.zip", "a") as archive:
        archive.writestr("more.txt", "x")
        archive.comment = b"a comment"
    assert status_of(tmp_path / "pack.zip", keys)[0] == 1


def test_another_key_is_never_whole_and_what_is_no_pack_is_unreadable(house: House, tmp_path: Path) -> None:
    other = Ledger(house.ledger.told, house.ledger.name, house.ledger.bucket)
    status, said = verify(house.pack, other)
    assert status == 1 and "manifest.note" in said, said
    (tmp_path / "x").write_bytes(b"nothing of ours")
    status, said = verify(tmp_path / "x", house.ledger)
    assert status == 2 and said.startswith("unreadable: ") and "Traceback" not in said, said


def changed_line(members: dict[str, bytes], name: str, change: Any, which: Any = lambda line: "event" in line) -> None:
    told = [json.loads(line) for line in members[name].splitlines()]
    change(next(line for line in told if which(line)))
    members[name] = b"".join(json.dumps(line).encode() + b"\n" for line in told)


def dropped(members: dict[str, bytes], name: str, which: Any) -> None:
    told = members[name].splitlines(keepends=True)
    told.remove(next(line for line in told if which(json.loads(line))))
    members[name] = b"".join(told)


def with_words(line: dict[str, Any]) -> bool:
    return bool(line.get("words"))


LIES: dict[str, Any] = {  # what somebody with the key might sign
    "another time": lambda m, a: changed_line(m, "events.jsonl", lambda line: line["event"].update(canonical=line["event"]["canonical"].replace(":done", ":dune"))),
    "another column": lambda m, a: changed_line(m, "events.jsonl", lambda line: line["event"].update(tag="loan:change:done")),
    "another proof": lambda m, a: changed_line(m, "events.jsonl", lambda line: line.update(proof=line["proof"][::-1])),
    "another leaf": lambda m, a: changed_line(m, "events.jsonl", lambda line: line.update(leaf=line["leaf"] + 1)),
    "an event left out": lambda m, a: (dropped(m, "events.jsonl", lambda line: "event" in line and line["event"]["seq"] == 2), a.update(events=a["events"] - 1)),
    "a withheld one left out": lambda m, a: (dropped(m, "events.jsonl", lambda line: line.get("redacted")), a.update(events=a["events"] - 1)),
    "another link": lambda m, a: changed_line(m, "events.jsonl", lambda line: line.update(hash="00" * 32), lambda line: line.get("redacted") and line["seq"] > 4),
    "a shorter chain": lambda m, a: a["chains"].update({next(iter(a["chains"])): 3}),
    "no chain whole": lambda m, a: (dropped(m, "events.jsonl", lambda line: "event" in line and line["event"]["seq"] == 2), a.update(chains={}, events=a["events"] - 1)),
    "fewer events": lambda m, a: a.update(events=1),
    "a line of the history": lambda m, a: changed_line(m, "history.jsonl", lambda line: line.update(tag="loan:change:done")),
    "who did it": lambda m, a: changed_line(m, "history.jsonl", lambda line: line["by"].update(id="x")),
    "other words": lambda m, a: changed_line(m, "history.jsonl", lambda line: next(iter(line["words"].values())).update(words="别的"), with_words),
    "words left out": lambda m, a: changed_line(m, "history.jsonl", lambda line: line["words"].popitem(), with_words),
    "a line left out": lambda m, a: dropped(m, "history.jsonl", lambda line: "event" in line),
    "another reader": lambda m, a: changed_line(m, "access.jsonl", lambda line: line.update(line=line["line"].replace("AUDIT", "OTHER")), lambda line: True),
    "a reading left out": lambda m, a: dropped(m, "history.jsonl", lambda line: line.get("proven")),
    "another scan": lambda m, a: m.update({next(n for n in m if n.startswith("scans/")): b"%PDF another"}),
    "another checkpoint": lambda m, a: a["checkpoint"].update(number=99),
}  # fmt: skip


@pytest.mark.parametrize("what", LIES)
def test_what_was_signed_and_is_not_so_is_found(house: House, tmp_path: Path, what: str) -> None:
    """The hashes of the manifest are right: what the members say is not."""
    status, said = verify(signed_anew(house.pack, house.ledger, LIES[what], tmp_path / "pack.zip"), house.ledger)
    assert status == 1 and said.startswith("TAMPERED: "), said


def test_signed_anew_without_a_change_it_holds(house: House, tmp_path: Path) -> None:
    assert verify(signed_anew(house.pack, house.ledger, lambda m, a: None, tmp_path / "pack.zip"), house.ledger)[0] == 0


# Large ones ---------------------------------------------------------------------------------------------------------------
def test_beyond_four_gigabytes_the_places_stand_in_zip64_fields(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same format with a small limit: other programs read it, and so do we."""
    monkeypatch.setattr(verifier, "LARGE", 5_000)
    monkeypatch.setattr(packing, "MEMBER_BYTES_MAX", 1 << 40)
    path = signed_anew(house.pack, house.ledger, lambda m, a: None, tmp_path / "large.zip")
    raw = path.read_bytes()
    assert raw[-42:-38] == b"PK\6\7" and members_of(path).keys() == members_of(house.pack).keys()
    assert status_of(path, verifier.Keys(house.ledger.key.verifier)) == (0, "")
    assert opens(path)


def test_more_members_than_a_number_holds_stand_in_zip64_fields_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(verifier.end_record(0xFFFF, 10, 20)) == 22 + 20 + 56
    assert len(verifier.end_record(0xFFFE, 10, 20)) == 22


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 100])
def test_the_path_of_a_line_in_its_minute_leads_to_its_root(size: int) -> None:
    leaves = [tree.leaf_hash(bytes([n])) for n in range(size)]
    for place in range(size):
        assert tree.path(place, leaves) == second.path(place, [bytes([n]) for n in range(size)])
        assert verifier.root_from(place, size, leaves[place], tree.path(place, leaves)) == tree.root_of(leaves)
