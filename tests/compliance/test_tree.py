"""The tree of the ledger against published vectors and against a second reading of its format."""

import random
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.compliance import tree, verifier
from tests.compliance import second

# Leaves, roots and audit paths of the reference implementation of RFC 6962, whose tree and paths RFC 9162 keeps:
# google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc; the same in transparency-dev/merkle, proof/verify_test.go.
LEAVES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
PATHS = {  # (index, size): from the leaf up
    (0, 1): (),
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}


def verified_root(leaves: list[bytes]) -> bytes:
    made = verifier.Tree()
    for leaf in leaves:
        made.add(verifier.leaf_hash(leaf))
    return made.root()


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_the_published_ones(size: int) -> None:
    some, published = LEAVES[:size], bytes.fromhex(ROOTS[size - 1])
    assert tree.root_of([tree.leaf_hash(leaf) for leaf in some]) == published
    assert verified_root(some) == second.tree_hash(some) == published


@pytest.mark.parametrize(("index", "size"), PATHS)
def test_the_audit_paths_are_the_published_ones(index: int, size: int) -> None:
    """Of the second reading; the verifier comes with them to the published root, and with another leaf it does not."""
    published, root = [bytes.fromhex(h) for h in PATHS[index, size]], bytes.fromhex(ROOTS[size - 1])
    assert second.path(index, LEAVES[:size]) == published
    assert verifier.root_from(index, size, verifier.leaf_hash(LEAVES[index]), published) == root
    assert verifier.root_from(index, size, verifier.leaf_hash(LEAVES[index] + b"."), published) != root


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert tree.root_of([]) == verified_root([]) == second.tree_hash([]) == sha256().digest()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 2**32))
def test_a_tree_that_grows_in_steps_is_the_tree_of_all_its_leaves(steps: list[int], seed: int) -> None:
    """Sealer, verifier and the second reading agree on root and on the proof of each leaf; a proof of another leaf leads elsewhere."""
    draw, leaves, nodes = random.Random(seed), list[bytes](), dict[tree.Place, bytes]()
    for step in steps:
        added = [draw.randbytes(tree.ENTRY_BYTES) for _ in range(step)]
        known = {place: nodes[place] for place in tree.whole(len(leaves))}  # as the database hands them out
        nodes |= dict(tree.grown(len(leaves), known, map(tree.leaf_hash, added)))
        leaves += added
        root = second.tree_hash(leaves)
        assert tree.root(len(leaves), nodes) == tree.border_of(len(leaves), nodes)[-1] == verified_root(leaves) == root
    for index, leaf in enumerate(leaves):
        proof = second.path(index, leaves)
        assert verifier.root_from(index, len(leaves), verifier.leaf_hash(leaf), proof) == root
        assert verifier.root_from(index, len(leaves), verifier.leaf_hash(leaf + b"."), proof) != root
        assert verifier.root_from(index, len(leaves), verifier.leaf_hash(leaf), [*proof, root]) is None
