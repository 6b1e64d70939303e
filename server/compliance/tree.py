"""The ledger's Merkle tree as RFC 9162 has it, grown leaf by leaf; what a leaf holds. Pure: docs/ledger-format.md is its text.

A node is named by its level and its position in it. Only whole subtrees are nodes; where the tree's right border is not whole, its
hash is folded from them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

EVENT, ACCESS = b"\x01", b"\x02"  # kind and version of what a leaf holds
ENTRY_BYTES = 49
MINUTE_SECONDS = 60
Place = tuple[int, int]
Nodes = Mapping[Place, bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Of a leaf's bytes."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def event_entry(event: UUID, hash_: bytes) -> bytes:
    """The leaf of an event: its id, and the hash that closes its chain so far."""
    return EVENT + event.bytes + hash_


def access_entry(minute: datetime, part: int, lines: Sequence[bytes]) -> bytes:
    """The leaf of the lines that were logged in a minute: when, which part of it, how many, and the root of their own tree."""
    started = int(minute.astimezone(UTC).timestamp()) // MINUTE_SECONDS
    return ACCESS + started.to_bytes(8) + part.to_bytes(4) + len(lines).to_bytes(4) + root_of(lines)


def whole(size: int) -> list[Place]:
    """The whole subtrees that a tree of this size is made of, the largest first."""
    return [(level, (size >> level) - 1) for level in reversed(range(size.bit_length())) if size >> level & 1]


def grown(size: int, nodes: Nodes, leaves: Iterable[bytes]) -> Iterator[tuple[Place, bytes]]:
    """The nodes that appear when leaf hashes are appended to a tree; `nodes` holds `whole(size)`."""
    border = {level: nodes[level, position] for level, position in whole(size)}
    for position, made in enumerate(leaves, size):
        level, digest, here = 0, made, position
        yield (level, here), digest
        while here & 1:
            digest = node_hash(border.pop(level), digest)
            level, here = level + 1, here >> 1
            yield (level, here), digest
        border[level] = digest


def border_of(size: int, nodes: Nodes) -> list[bytes]:
    """By level: the hash of the last subtree where it is not whole, else nothing; the last is the root."""
    made, found = b"", [b""]
    for level in range(size.bit_length()):
        if size >> level & 1:
            node = nodes[level, (size >> level) - 1]
            made = node_hash(node, made) if made else node
        found.append(made)
    return found


def root(size: int, nodes: Nodes) -> bytes:
    """Of a tree whose whole subtrees are known."""
    return border_of(size, nodes)[-1] if size else sha256().digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Of leaf hashes, all of them."""
    return root(len(leaves), dict(grown(0, {}, leaves)))


def path(place: int, leaves: Sequence[bytes]) -> list[bytes]:
    """From the sibling of a leaf hash up: RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    left = 1 << (len(leaves) - 1).bit_length() - 1  # the largest power of two that is less
    if place < left:
        return [*path(place, leaves[:left]), root_of(leaves[left:])]
    return [*path(place - left, leaves[left:]), root_of(leaves[:left])]
