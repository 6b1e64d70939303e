"""What is kept of documents and plans: as much as weighs so much, each built once, and nothing of how it was built."""

import asyncio
import gc
import threading
import tracemalloc
from typing import Any
from uuid import uuid4

from schema.reading import documents
from schema.reading.answers import ReadingSchema
from schema.reading.documents import Documents, Lru
from storage.database import Principal
from storage.terms import Role

ME = Principal(uuid4(), uuid4(), "x", frozenset({Role.LOAN_OFFICER}), (uuid4(),), sees_much=True)
PAGE = """query P%d($n: Int, $a: String) { loans(first: $n, after: $a) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node {
  number customer { name } archiveRecords(first: 3) { edges { node { archiveNo } } } contracts(first: 2) { edges { node { number } } } } } } }"""
PLAN_BYTES_MAX = 60_000


async def planned(found: documents.Document, **variables: Any) -> Any:
    return await found.plan(found.variables(variables), ME, lambda p: p.query())


def test_what_was_used_last_is_kept_up_to_its_weight() -> None:
    kept: Lru[str] = Lru(100)
    for name, weight in (("a", 20), ("b", 25), ("c", 25), ("a", 25)):
        kept.put(name, name, weight)
    assert kept.weight == 75 and kept.values() == ["b", "c", "a"]
    kept.put("d", "d", 25)
    assert kept.get("b") and kept.weight == 100
    kept.put("e", "e", 10)
    assert kept.values() == ["a", "d", "b", "e"], "the oldest went first"
    assert kept.put("huge", "huge", 26) == "huge" and kept.weight == 85, "one drives out none of the others"
    kept.put("d", "d", 26)
    assert kept.values() == ["a", "b", "e"] and kept.weight == 60


def test_large_documents_are_fewer(schema: ReadingSchema) -> None:
    """A comment and a name weigh as well: what is sent is what is kept."""
    known = Documents(schema._schema)
    for n in range(80):
        known.get("{ viewer { roles } } # " + f"{n:05}" * 2_000, "x" * 10_000)
    assert known.known.weight <= documents.DOCUMENTS_BYTES_MAX and 0 < len(known.known) < 10
    known.keep("{ viewer { roles } }")
    for n in range(900):
        known.get(f"{{ a{n}: viewer {{ roles }} }}", None)
    assert known.get("{ viewer { roles } }", None) is known.kept["{ viewer { roles } }", None], "a trusted one is never forgotten"
    assert 200 < len(known.known) < 900


async def test_a_plan_weighs_and_is_forgotten_with_its_document(schema: ReadingSchema) -> None:
    known = Documents(schema._schema)
    found = known.get(PAGE % 0, None)
    before = known.known.weight
    await planned(found, n=1)
    assert known.known.weight > before + 5_000
    for n in range(900):
        known.get(f"{{ a{n}: viewer {{ roles }} }}", None)
    await planned(found, n=1, a="x")  # whoever still runs it does not bring it back
    assert known.get(PAGE % 0, None) is not found and known.known.weight <= documents.DOCUMENTS_BYTES_MAX


async def test_a_plan_that_many_wait_for_is_built_once(schema: ReadingSchema, monkeypatch: Any) -> None:
    found, built, waiting = Documents(schema._schema).read(PAGE % 0, None), list[int](), threading.Event()
    variables = found.variables({"n": 1})

    def build(plan: Any) -> Any:
        built.append(1)
        waiting.wait(10)
        return plan.query()

    asking = [asyncio.create_task(found.plan(variables, ME, build)) for _ in range(8)]
    await asyncio.sleep(0)
    asking.pop().cancel()  # who goes away takes nothing from the others
    waiting.set()
    assert len({id(plan) for plan in await asyncio.gather(*asking)}) == 1 and len(built) == 1
    assert await found.plan(variables, ME, build) is await asking[0] and len(built) == 1 and not found.building


async def test_a_plan_holds_its_text_and_not_the_statement(schema: ReadingSchema) -> None:
    read = [Documents(schema._schema).read(PAGE % n, None) for n in range(6)]
    await planned(read[0], n=1, a="x")  # what is made once for all
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        plans = [await planned(one, n=1, a="x") for one in read[1:]]
        gc.collect()
        each = (tracemalloc.get_traced_memory()[0] - before) / len(plans)
    finally:
        tracemalloc.stop()
    assert each < PLAN_BYTES_MAX, each
