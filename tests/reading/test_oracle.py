"""The read compiler against a slow reference that shares nothing with it: random operations, the same answer to the last byte."""

import json
import re
from random import Random
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema

from storage.terms import Role
from tests.reading.conftest import Bank
from tests.reading.generator import Operation
from tests.reading.reference import answer

OPERATIONS = [100, pytest.param(4_000, marks=pytest.mark.soak)]


def _difference(ours: Any, theirs: Any, path: str = "") -> str | None:
    """The first place where two answers differ; the order of members counts."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and list(ours) == list(theirs):
        return next((d for k in ours if (d := _difference(ours[k], theirs[k], f"{path}.{k}"))), None)
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return next((d for i, (x, y) in enumerate(zip(ours, theirs, strict=True)) if (d := _difference(x, y, f"{path}[{i}]"))), None)
    return None if ours == theirs and type(ours) is type(theirs) else f"{path}: {str(ours)[:200]} is not {str(theirs)[:200]}"


@pytest.mark.parametrize("count", OPERATIONS)
async def test_random_operations_are_answered_like_the_reference(demo: Bank, plain: GraphQLSchema, answered: Any, count: int) -> None:
    leaves = refused = 0
    for number in range(count):
        r = Random(number)
        operation, me = Operation(r, plain, demo.rows, demo.ids), r.choice(demo.people)
        ours, errors = await answered(me, operation.text, operation.variables)
        if errors:  # too large for the limits of a document; nothing else is refused
            assert re.search("fields|nesting|tokens|50 cond|levels", errors[0].message), (number, errors[0].message, operation.text)
            refused += 1
            continue
        theirs = answer(plain, operation.text, operation.variables, demo.view(me))
        assert not theirs.errors, (number, theirs.errors, operation.text)
        found = _difference(ours, orjson.loads(orjson.dumps(theirs.data)))
        assert found is None, (number, sorted(me.roles), found, operation.text, operation.variables)
        leaves += len(re.findall(r'":', json.dumps(ours)))
    assert refused < count / 5 and leaves > count * 20, (refused, leaves)


PAGED = """query P($first: Int, $after: String, $last: Int, $before: String, $sort: [LoanSort!], $where: LoanWhere) {
  loans(first: $first, after: $after, last: $last, before: $before, sort: $sort, where: $where) {
    totalCount totalCountCapped pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { number startsOn } } } }"""
SORTS: list[Any] = [
    None, [{"field": "NUMBER", "direction": "DESC"}], [{"field": "STARTS_ON"}], [{"field": "STARTS_ON", "direction": "DESC"}, {"field": "NUMBER"}],
    [{"field": "PRINCIPAL_AMOUNT", "direction": "DESC"}, {"field": "MATURES_ON", "direction": "DESC"}],
]  # fmt: skip


@pytest.mark.parametrize("sort", SORTS, ids=str)
@pytest.mark.parametrize("backwards", [False, True])
async def test_walking_the_pages_meets_every_row_once_both_ways(
    demo: Bank, plain: GraphQLSchema, answered: Any, sort: Any, backwards: bool
) -> None:
    me = next(p for p in demo.people if Role.LOAN_OFFICER in p.roles)
    where, seen, cursor = {"status": {"in": ["ACTIVE", "SETTLED"]}}, list[str](), None
    while True:
        variables = {"sort": sort, "where": where, **({"last": 4, "before": cursor} if backwards else {"first": 4, "after": cursor})}
        ours, errors = await answered(me, PAGED, variables)
        assert not errors
        page = ours["loans"]
        theirs = orjson.loads(
            orjson.dumps(
                answer(
                    plain,
                    re.sub(r"cursor|startCursor|endCursor", "", PAGED).replace(
                        "{ hasNextPage hasPreviousPage   }", "{ hasNextPage hasPreviousPage }"
                    ),
                    variables,
                    demo.view(me),
                ).data
            )
        )  # one expression
        kept = {"totalCount": page["totalCount"], "totalCountCapped": page["totalCountCapped"],
                "pageInfo": {k: page["pageInfo"][k] for k in ("hasNextPage", "hasPreviousPage")},
                "edges": [{"node": e["node"]} for e in page["edges"]]}  # fmt: skip
        assert _difference(kept, theirs["loans"]) is None
        numbers = [e["node"]["number"] for e in page["edges"]]
        seen = numbers + seen if backwards else seen + numbers
        if not page["pageInfo"]["hasPreviousPage" if backwards else "hasNextPage"]:
            break
        cursor = page["pageInfo"]["startCursor" if backwards else "endCursor"]
    assert len(seen) == len(set(seen)) == page["totalCount"]
