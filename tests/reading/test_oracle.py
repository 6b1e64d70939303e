"""The read compiler against a slow reference that shares nothing with it: random operations, the same answer to the last byte."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import orjson
import pytest
import pytest_asyncio
from graphql import GraphQLObjectType, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, parse, visit

from storage import tables
from storage.database import PRINCIPAL_SQL, Database, Principal
from storage.terms import Role
from tests.harness import servers
from tests.reading.conftest import Bank
from tests.reading.generator import Operation, usable
from tests.reading.offices import UNKNOWN_LINE
from tests.reading.reference import MONEY, OF_RECORDS, POINTERS, SPECIAL, answer, bare
from tests.reading.rows import SOURCES, snake
from tests.reading.smallest import smallest

OPERATIONS = [150, pytest.param(2_000, marks=pytest.mark.soak)]
USES_MIN = 3
LIMITS = re.compile("fields|nesting|tokens|too deep|50 cond|levels|costs")  # what a random document may be refused for


class Oracle:
    """Asks both; `unguarded` is a connection that no policy of PostgreSQL holds back, so that the compiler must be right alone."""

    def __init__(self, demo: Bank, plain: GraphQLSchema, answered: Any, unguarded: Database) -> None:
        self.demo, self.plain, self.answered, self.unguarded = demo, plain, answered, unguarded
        self.answers = self.leaves = self.refused = self.pages = 0

    async def compare(self, me: Principal, text: str, variables: dict[str, Any], policies: bool = True) -> tuple[str | None, Any]:
        """The first difference, if any, and our answer."""
        view = self.demo.view(me, policies)
        view.now = datetime.now(UTC)  # an operation of the demo bank may expire while a long run asks
        try:
            ours, errors = await self.answered(me, text, variables, None if policies else self.unguarded)
        except Exception as fault:  # whatever it is, it is to be shown with the operation
            return f"raised {type(fault).__name__}: {fault}", None
        if forbidden(self.plain, text, me):
            told = (errors[0].extensions or {}).get("code") if errors else None
            well = told == "FORBIDDEN" or (errors and LIMITS.search(errors[0].message))  # which of the two is said first is no matter
            return None if well else f"is answered to one who may not ask: {errors[0].message if errors else 'with data'}", None
        if errors and UNKNOWN_LINE not in errors[0].message:
            return None if LIMITS.search(errors[0].message) else f"refused: {errors[0].message}", None
        theirs = answer(self.plain, text, variables, view)
        if errors:
            alike = theirs.errors and UNKNOWN_LINE in str(theirs.errors)
            return None if alike else f"refused: {errors[0].message}", None
        if theirs.errors:
            return f"the reference fails: {theirs.errors}", None
        return difference(bare(ours), orjson.loads(orjson.dumps(theirs.data))), ours

    async def holds(self, me: Principal, text: str, variables: dict[str, Any], policies: bool, number: int) -> Any:
        """Our answer; fails with the smallest operation that is answered differently."""
        found, ours = await self.compare(me, text, variables, policies)
        if found is not None:

            async def faulty(candidate: str, given: dict[str, Any]) -> str | None:
                other, _ = await self.compare(me, candidate, given, policies)
                return other if other == found or not (other or "refused").startswith("refused") else None

            text, variables = await smallest(text, variables, faulty)
            pytest.fail(f"operation {number}, {me.staff_no} {sorted(me.roles)}, policies {policies}: {found}\n\n{text}\n\n{variables}")
        self.answers += 1
        self.refused += ours is None
        self.leaves += len(re.findall(r'":', json.dumps(ours)))
        return ours


def forbidden(schema: GraphQLSchema, text: str, me: Principal) -> bool:
    """Whether a field of the document is for roles that the caller has none of, as the SDL says."""
    info, found = TypeInfo(schema), list[bool]()

    class Look(Visitor):
        def enter_field(self, *_: Any) -> None:
            node: Any = (field := info.get_field_def()) and field.ast_node
            for directive in (d for d in ((node and node.directives) or ()) if d.name.value == "requires"):
                found.append(not {v.value for v in directive.arguments[0].value.values} & me.roles)

    visit(parse(text), TypeInfoVisitor(info, Look()))
    return any(found)


def difference(ours: Any, theirs: Any, path: str = "") -> str | None:
    """The first place where two answers differ; the order of members counts."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and list(ours) == list(theirs):
        return next((d for k in ours if (d := difference(ours[k], theirs[k], f"{path}.{k}"))), None)
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return next((d for i, (x, y) in enumerate(zip(ours, theirs, strict=True)) if (d := difference(x, y, f"{path}[{i}]"))), None)
    return None if ours == theirs and type(ours) is type(theirs) else f"{path}: {str(ours)[:200]} is not {str(theirs)[:200]}"


@pytest_asyncio.fixture(scope="module")
async def unguarded(told: dict[str, Any], demo: Bank) -> AsyncIterator[Database]:
    made = Database(servers.url(told, "super", demo.name))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def oracle(demo: Bank, plain: GraphQLSchema, answered: Any, unguarded: Database) -> Oracle:
    return Oracle(demo, plain, answered, unguarded)


def test_the_reference_knows_every_field(plain: GraphQLSchema) -> None:
    """At once, and not only when chance asks for one that it was not taught."""
    unknown = []
    for name, (table, _) in SOURCES.items():
        of_table = OF_RECORDS if table == "archive_records" else {}
        columns = {c.name for c in tables.metadata.tables[table].c}
        type_ = plain.type_map.get(name)
        for field in type_.fields if isinstance(type_, GraphQLObjectType) else ():
            keys = (f"{name}.{field}" in POINTERS, f"{name}.{field}" in SPECIAL, (name, field) in MONEY, field in of_table)
            if field not in ("id", "version") and not any(keys) and snake(field) not in columns:
                unknown.append(f"{name}.{field}")
    assert unknown == []


@pytest.mark.parametrize("count", OPERATIONS)
async def test_random_operations_are_answered_like_the_reference(oracle: Oracle, count: int) -> None:
    """Each three times: as it is, from a place in its own pages, and with other values of the same shape for somebody else."""
    demo, used, every = oracle.demo, Counter[str](), usable(oracle.plain)
    for number in range(count):
        r = Random(number)
        seldom = {name for name in every if used[name] < USES_MIN} if number > count / 2 and number % 2 else frozenset[str]()
        operation = Operation(r, oracle.plain, demo.rows, demo.ids, seldom)
        policies = operation.ordinary or r.random() < 0.7  # registers say of vault and unit whose they are, and leave lines to PostgreSQL
        able = [p for p in demo.people if not forbidden(oracle.plain, operation.text, p)]
        me, other, values = r.choice(able or demo.people), r.choice(demo.people), operation.variables()
        ours = await oracle.holds(me, operation.text, values, policies, number)
        if ours is not None:
            used.update(operation.used)
        if cursors := operation.cursors(ours):
            oracle.pages += len(cursors)
            await oracle.holds(r.choice([me, other]), operation.text, {**values, **cursors}, policies, number)
        await oracle.holds(other, operation.text, operation.variables(), policies, number)
    lacking = sorted(name for name in every if used[name] < USES_MIN)
    print(
        f"\noracle: n={count} answers={oracle.answers} seeds=0..{count - 1} used {len(every) - len(lacking)}/{len(every)} {lacking or ''}"
    )
    assert count < 2_000 or not lacking, lacking
    assert oracle.refused < oracle.answers / 5, "the generator asks too much"
    assert oracle.leaves > 20 * oracle.answers and oracle.pages > count / 4, "the generator asks too little"


async def test_vaults_wait_to_be_counted_as_long_as_the_reference_says(oracle: Oracle) -> None:
    text = "{ stocktakesDue { vaultId code orgUnitId countedAt dueAt isMissed } }"
    able = [p for p in oracle.demo.people if not forbidden(oracle.plain, text, p)]
    assert any([(await oracle.holds(me, text, {}, True, 0))["stocktakesDue"] for me in able])


async def test_papers_are_held_with_the_other_loans_of_their_car_as_the_reference_says(oracle: Oracle) -> None:
    text = """{ archiveRecords(first: 100, where: { onHold: { eq: true } }) { totalCount edges { node {
      id onHold holds { id } loans { id } } } } }"""
    for role in (Role.COMPLIANCE, Role.LOAN_OFFICER):
        me = next(p for p in oracle.demo.people if role in p.roles)
        found = (await oracle.holds(me, text, {}, True, 0))["archiveRecords"]["edges"]
        assert role is Role.LOAN_OFFICER or any(len(e["node"]["loans"]) > 1 for e in found)


async def test_policies_show_a_person_the_rows_that_the_reference_shows(demo: Bank) -> None:
    """Table by table, without the compiler: the reference says who sees what as PostgreSQL does."""
    one_of_each = {(p.org_id, p.everywhere, bool(p.roles & {Role.ADMIN, Role.SYSTEM})): p for p in demo.people}
    for me in one_of_each.values():
        view = demo.view(me)
        async with demo.database.writers.acquire() as connection, connection.transaction():
            await connection.fetchrow(PRINCIPAL_SQL, *me.settings, 0, me.staff_id)
            for table, rows in view.by.items():
                if any("id" in row for row in demo.rows[table]):
                    shown = {row["id"] for row in await connection.fetch(f"select id from {table}")}  # names of ours
                    if table == "exports" and Role.SYSTEM in me.roles:  # the jobs make all of them; a read shows one's own
                        assert shown == {row["id"] for row in demo.rows[table]}
                        continue
                    assert shown == set(rows), (table, me.staff_no)


PAGED = """query P($first: Int, $after: String, $last: Int, $before: String, $sort: [LoanSort!], $where: LoanWhere) {
  loans(first: $first, after: $after, last: $last, before: $before, sort: $sort, where: $where) {
    totalCount totalCountCapped pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { number startsOn } } } }"""
SORTS: list[Any] = [
    None, [{"field": "NUMBER", "direction": "DESC"}], [{"field": "STARTS_ON"}], [{"field": "STARTS_ON", "direction": "DESC"}, {"field": "NUMBER"}],
    [{"field": "PRINCIPAL_AMOUNT", "direction": "DESC"}, {"field": "MATURES_ON", "direction": "DESC"}],
]  # fmt: skip


@pytest.mark.parametrize("sort", SORTS, ids=str)
@pytest.mark.parametrize("backwards", [False, True])
async def test_walking_the_pages_meets_every_row_once_both_ways(oracle: Oracle, sort: Any, backwards: bool) -> None:
    me = next(p for p in oracle.demo.people if Role.LOAN_OFFICER in p.roles)
    where, seen, cursor = {"status": {"in": ["ACTIVE", "SETTLED"]}}, list[str](), None
    while True:
        variables = {"sort": sort, "where": where, **({"last": 4, "before": cursor} if backwards else {"first": 4, "after": cursor})}
        page = (await oracle.holds(me, PAGED, variables, True, 0))["loans"]
        numbers = [e["node"]["number"] for e in page["edges"]]
        seen = numbers + seen if backwards else seen + numbers
        if not page["pageInfo"]["hasPreviousPage" if backwards else "hasNextPage"]:
            break
        cursor = page["pageInfo"]["startCursor" if backwards else "endCursor"]
    assert len(seen) == len(set(seen)) == page["totalCount"]


async def test_a_cursor_of_an_interface_is_good_for_each_type_behind_it(oracle: Oracle) -> None:
    me = next(p for p in oracle.demo.people if Role.COMPLIANCE in p.roles)
    text = """query ($after: String) { archiveRecords(first: 100) { edges { node { __typename
      custodyEvents(first: 1, after: $after) { edges { cursor_1: cursor node { id seq } } pageInfo { hasNextPage } } } } } }"""
    records = [e["node"] for e in (await oracle.holds(me, text, {}, True, 0))["archiveRecords"]["edges"]]
    assert {r["__typename"] for r in records} == {"FirstTierRecord", "SecondTierRecord"}
    for type_ in ("FirstTierRecord", "SecondTierRecord"):
        cursor = next(r["custodyEvents"]["edges"][0]["cursor_1"] for r in records if r["__typename"] == type_)
        assert await oracle.holds(me, text, {"after": cursor}, True, 0) is not None


MASKED = """query ($ids: [ID!]!, $holds: [ID!]!) { loans(first: 20) { edges { node { number customer { name identityNumberMasked phoneMasked } } } }
  nodes(ids: $ids) { ... on Customer { phoneMasked addressMasked loans(first: 2) { edges { node { id } } } } }
  holds: nodes(ids: $holds) { __typename ... on Hold { kind reason version } } }"""


async def test_one_document_is_answered_to_everybody_by_their_own_roles(oracle: Oracle) -> None:
    """The plan that was made for one person is not used for another who may see less."""
    demo, told = oracle.demo, set[str]()
    given = {name: [f"{kind}_{row['id']}" for row in demo.rows[f"{kind}s"][:60]] for name, kind in (("ids", "customer"), ("holds", "hold"))}
    for me in (*demo.people, *reversed(demo.people)):
        told.add(json.dumps(await oracle.holds(me, MASKED, given, False, 0)))
    assert len(told) > 3, "everybody was told the same"
