"""The records that a `where` of an input finds, as the caller sees them, with the number that was expected."""

from typing import Any
from uuid import UUID

import orjson
import strawberry
from graphql import value_from_ast_untyped

from schema.reading.compiler import Values, global_id
from server.errors import InputProblem, InvalidInput

CHOSEN_MAX = 3_000
FOUND = """query Chosen($where: ArchiveRecordWhere, $after: String) { archiveRecords(first: 100, where: $where, after: $after) {
  totalCount edges { node { id } } pageInfo { hasNextPage endCursor } } }"""


async def chosen_records(info: strawberry.Info, mutation: str, expected: int) -> tuple[UUID, ...]:
    """The ids, in order; InvalidInput when there are more than 3,000 or another number than expected."""
    raw: Any = info._raw_info
    where = _given(raw, mutation, info.context.variables).get("where")
    found: list[UUID] = []
    after: str | None = None
    while True:
        page = await _page(info, {"where": where, "after": after})
        if page["totalCount"] > CHOSEN_MAX:
            raise InvalidInput([InputProblem(("where",), "TOO_MANY")])
        if page["totalCount"] != expected:
            raise InvalidInput([InputProblem(("expectedCount",), "COUNT_CHANGED")])
        found += [uuid for edge in page["edges"] if (uuid := global_id(edge["node"]["id"])[1])]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    if len(found) != expected:
        raise InvalidInput([InputProblem(("expectedCount",), "COUNT_CHANGED")])
    if not found:
        raise InvalidInput([InputProblem(("where",), "EMPTY")])
    return tuple(found)


def _given(raw: Any, mutation: str, variables: Any) -> dict[str, Any]:
    """The input as the client wrote it: of the mutation itself, or of explainCustody."""
    arguments = {a.name.value: value_from_ast_untyped(a.value, variables or {}) for a in raw.field_nodes[0].arguments}
    given: dict[str, Any] = arguments["input"] if "input" in arguments else arguments["act"][mutation]
    return given


async def _page(info: strawberry.Info, variables: dict[str, Any]) -> Any:
    context: Any = info.context
    schema: Any = info.schema
    document = schema.documents.get(FOUND, "Chosen")
    bound = document.variables(variables)
    plan = await document.plan(bound, context.principal, lambda p: p.query())
    args = plan.bound(Values(bound, context.principal, context.cursor_secret, language=context.language))
    return orjson.loads(await context.fetch(plan.sql, *args, planned=plan.planned))["archiveRecords"]
