"""A second reading of docs/ledger-format.md, written from the page and not from the verifier: slow, and short enough to be read."""

import base64
import gzip
import json
import zipfile
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, as it is defined there."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), tree_hash(leaves[k:])]
    return [*path(m - k, leaves[k:]), tree_hash(leaves[:k])]


def canonical(value: Any) -> str:
    """RFC 8785 of what events hold: members in order of their names, no spaces, no floats."""
    assert not isinstance(value, float)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{canonical(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def signed_text(note: str, verifier: str) -> str | None:
    """The text of a signed note, when the key has signed it."""
    name, _, rest = verifier.partition("+")
    key = base64.b64decode(rest.partition("+")[2])
    text, signature = note.split("\n\n")
    dash, signer, encoded = signature.rstrip("\n").split(" ")
    raw = base64.b64decode(encoded)
    if (dash, signer, raw[:4]) != ("—", name, sha256(name.encode() + b"\n" + key).digest()[:4]):
        return None
    try:
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], text.encode() + b"\n")
    except InvalidSignature:
        return None
    return text + "\n"


def days_between(at: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(at)) / timedelta(days=1)


def holds(export: Path, verifier: str) -> bool:
    """Whether the sealed part of an export of everything holds: signatures, roots, leaves, chains, columns, times."""
    entries, last, times = list[bytes](), ("", 0), list[str]()
    for note in sorted((export / "checkpoints").iterdir()):
        added = export / "leaves" / note.name
        if added.exists():
            raw = added.read_bytes()
            entries += [raw[i : i + 49] for i in range(0, len(raw), 49)]
        text = signed_text(note.read_text("utf-8"), verifier)
        if text is None:
            return False
        origin, size, root, number, time = text.splitlines()
        if origin != verifier.partition("+")[0] or int(size) != len(entries) or base64.b64decode(root) != tree_hash(entries):
            return False
        if (number, note.name) != (f"number {last[1] + 1}", f"{last[1] + 1:012}") or time.removeprefix("time ") <= last[0]:
            return False
        times += [last[0]] * (len(entries) - len(times))  # of the checkpoint before the one that sealed it
        last = time.removeprefix("time "), last[1] + 1
    lines = [json.loads(line) for path in sorted(export.glob("leaves-*")) for line in path.read_text("utf-8").splitlines()]
    chains = dict[str, tuple[int, bytes]]()
    if [line["leaf"] for line in lines] != list(range(len(entries))):
        return False
    for line, entry in zip(lines, entries, strict=True):
        if entry[0] == 2:
            rows = [row.encode() for row in line["access"]["lines"]]
            if entry[13:17] != len(rows).to_bytes(4) or entry[17:] != tree_hash(rows):
                return False
            continue
        event = line["event"]
        if event is None or entry[0] != 1:
            return False
        seq, head = chains.get(event["chain"], (0, b""))
        body = json.loads(event["canonical"].removeprefix("loanfile event 1\0"))
        digest = sha256(head + event["canonical"].encode()).digest()
        if entry[1:] != UUID(body["id"]).bytes + digest or "loanfile event 1\0" + canonical(body) != event["canonical"]:
            return False
        if (body["seq"], body["chain"], event["prev_hash"], event["hash"]) != (seq + 1, event["chain"], head.hex(), digest.hex()):
            return False
        names = {"id": "id", "seq": "seq", "at": "at", "tag": "tag", "actor": "by", "record": "record", "cause": "cause"}
        if any(event[column] != body.get(name) for column, name in names.items()):
            return False
        if times[line["leaf"]] and days_between(body["at"], times[line["leaf"]]) > 1:
            return False
        chains[event["chain"]] = seq + 1, digest
    return True


def root_of_path(m: int, n: int, leaf: bytes, proof: list[bytes]) -> bytes | None:
    """What PATH leads to: the recursion of RFC 9162, 2.1.3.1, read backwards."""
    if n == 1:
        return leaf if not proof else None
    if not proof:
        return None
    k = split(n)
    inner = root_of_path(m, k, leaf, proof[:-1]) if m < k else root_of_path(m - k, n - k, leaf, proof[:-1])
    if inner is None:
        return None
    return sha256(b"\x01" + (inner + proof[-1] if m < k else proof[-1] + inner)).digest()


def proven(line: Any, size: int, root: bytes) -> bool:
    """Whether a leaf stands under the checkpoint."""
    leaf = sha256(b"\x00" + bytes.fromhex(line["entry"])).digest()
    return root_of_path(line["leaf"], size, leaf, [bytes.fromhex(one) for one in line["proof"]]) == root


def pack_holds(pack: Path, verifier: str) -> bool:
    """Whether a pack holds, but for the bytes between its members: those are the zip library's to read."""
    with zipfile.ZipFile(pack) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = members.pop("manifest.json")
    if signed_text(members.pop("manifest.note").decode(), verifier) != f"loanfile pack 1\nmanifest {sha256(manifest).hexdigest()}\n":
        return False
    about = json.loads(manifest)
    if canonical(about).encode() != manifest:
        return False
    if {m["name"]: (m["size"], m["sha256"]) for m in about["members"]} != {n: (len(b), sha256(b).hexdigest()) for n, b in members.items()}:
        return False
    checkpoint = signed_text(members["checkpoint"].decode(), verifier)
    if checkpoint is None:
        return False
    _, size, root, number, _ = checkpoint.splitlines()
    if about["checkpoint"] != {"number": int(number.partition(" ")[2]), "size": int(size), "root": base64.b64decode(root).hex()}:
        return False
    parts = [body if name.endswith("l") else gzip.decompress(body) for name, body in members.items() if name.startswith("events")]
    events = [json.loads(line) for body in parts for line in body.splitlines()]
    chains = dict[str, tuple[int, str]]()
    for line in events:
        if line.get("redacted"):
            chains[line["chain"]] = line["seq"], line["hash"]
            continue
        event = line["event"]
        body = json.loads(event["canonical"].removeprefix("loanfile event 1\0"))
        digest = sha256(bytes.fromhex(event["prev_hash"]) + event["canonical"].encode()).hexdigest()
        before = chains.get(body["chain"])
        if before and body["seq"] == before[0] + 1 and event["prev_hash"] != before[1]:
            return False
        if line["entry"] != f"01{UUID(body['id']).hex}{digest}" or not proven(line, int(size), base64.b64decode(root)):
            return False
        chains[body["chain"]] = body["seq"], digest
    for line in map(json.loads, members.get("access.jsonl", b"").splitlines()):
        entry, leaf = bytes.fromhex(line["entry"]), sha256(b"\x00" + line["line"].encode()).digest()
        if root_of_path(line["place"], int.from_bytes(entry[13:17]), leaf, [bytes.fromhex(one) for one in line["inner"]]) != entry[17:]:
            return False
        if not proven(line, int(size), base64.b64decode(root)):
            return False
    return len(events) == about["events"] and all(chains[chain][0] == seq for chain, seq in about.get("chains", {}).items())
