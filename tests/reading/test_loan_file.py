"""A whole loan file is one operation and one statement; what another branch owns is null."""

from typing import Any

import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.settings import Settings
from storage.objects import ObjectStore
from tests.custody.releasing import secures
from tests.harness.world import World

FILE = """
query File($number: String!, $holds: Boolean = true) {
  loan(by: {number: $number}) {
    id version number status isOverdue startsOn principal { amount currencyCode }
    customer { id name phoneMasked identityNumberMasked loans(first: 3, sort: [{field: NUMBER}]) { totalCount edges { node { number } } } }
    position { asOf principal { amount } }
    contracts(first: 10) { edges { node { number } } pageInfo { hasNextPage endCursor } }
    collateral { kind vin certificates { number } }
    archiveRecords(first: 20, last: null) {
      totalCount totalCountCapped
      edges { cursor node {
        __typename id archiveNo state onHold @include(if: $holds) isOverdue isFrozen currentHolder { name }
        openCheckout { phase dueAt request { purpose applicant { name } approvals { rank approver { name } } } }
        custodyEvents(first: 50) { edges { node { tag fromState toState seq hash actor { name } } } }
        ... on FirstTierRecord { kind envelope { sealNo location { code } records { archiveNo } } vault { code } }
        ... on SecondTierRecord { retentionClass items { title documentType scans { title } } custodian { name } }
      } }
    }
    inspectionReports(first: 5) { edges { node { number state signOffs { role } } } }
    openCheckouts { phase record { barcode } }
  }
}
"""


@pytest.fixture
def ask(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    async def ask(who: str, query: str, **variables: Any) -> Any:
        context = Context(bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables=variables)
        result = await schema.execute(query, variables, context)
        return {"data": orjson.loads(orjson.dumps(result.data)), "errors": result.errors}

    return ask


async def test_a_whole_loan_file_is_answered(bank: World, ask: Any) -> None:
    loan = await bank.loan()
    papers, volumes = await bank.papers(2, loan=loan), await bank.volumes(loan=loan)
    await bank.out(papers)
    number = await bank.sql("select number from loans where id = $1", loan)
    answer = await ask("officer", FILE, number=number)
    assert answer["errors"] is None
    file = answer["data"]["loan"]
    records = {e["node"]["id"]: e["node"] for e in file["archiveRecords"]["edges"]}
    assert file["archiveRecords"]["totalCount"] == 3
    assert records[f"record_{papers[0]}"]["state"] == "CHECKED_OUT"
    assert records[f"record_{papers[0]}"]["currentHolder"] == {"name": "officer"}
    assert records[f"record_{papers[0]}"]["openCheckout"]["phase"] == "OUT"
    assert [e["node"]["tag"] for e in records[f"record_{volumes[0]}"]["custodyEvents"]["edges"]][0] == "record:register:done"
    assert file["customer"]["identityNumberMasked"] == "1101************11"


async def test_another_branch_sees_no_loan_and_head_office_sees_it(bank: World, ask: Any) -> None:
    number = await bank.sql("select number from loans where id = $1", await bank.loan())
    query = "query Q($n: String!) { loan(by: {number: $n}) { number } loans(first: 1, where: {number: {eq: $n}}) { totalCount } }"
    assert (await ask("officer_b", query, n=number))["data"] == {"loan": None, "loans": {"totalCount": 0}}
    assert (await ask("compliance", query, n=number))["data"] == {"loan": {"number": number}, "loans": {"totalCount": 1}}


async def test_masked_fields_are_null_for_roles_without_them(bank: World, ask: Any) -> None:
    number = await bank.sql("select number from loans where id = $1", await bank.loan())
    query = "query Q($n: String!) { loan(by: {number: $n}) { customer { identityNumberMasked } } }"
    assert (await ask("clerk", query, n=number))["data"]["loan"]["customer"] == {"identityNumberMasked": None}


@pytest.mark.parametrize(
    "arguments",
    ["", "first: 1, last: 1", "first: 0", "first: 101", "first: -1", 'first: 1, after: "x"', 'first: 1, after: "eyJ.abc"'],
)
async def test_a_wrong_page_is_a_bad_request(ask: Any, arguments: str) -> None:
    answer = await ask("officer", f"{{ loans{f'({arguments})' if arguments else ''} {{ edges {{ node {{ number }} }} }} }}")
    assert answer["errors"][0].extensions["code"] == "BAD_REQUEST"


async def test_pages_go_forward_and_back_over_every_row_once(bank: World, ask: Any) -> None:
    made = [await bank.loan() for _ in range(7)]
    query = """query P($f: Int, $l: Int, $a: String, $b: String, $s: [LoanSort!]) {
      loans(first: $f, last: $l, after: $a, before: $b, sort: $s) {
        edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    for sort in (
        [],
        [{"field": "PRINCIPAL_AMOUNT", "direction": "DESC"}],
        [{"field": "NUMBER"}, {"field": "STARTS_ON", "direction": "DESC"}],
    ):
        seen: list[str] = []
        after = None
        while True:
            page = (await ask("officer", query, f=3, a=after, s=sort))["data"]["loans"]
            seen += [e["node"]["id"] for e in page["edges"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert sorted(seen) == sorted(f"loan_{i}" for i in made)
        back: list[str] = []
        before = None
        while True:
            page = (await ask("officer", query, l=2, b=before, s=sort))["data"]["loans"]
            back = [e["node"]["id"] for e in page["edges"]] + back
            before = page["pageInfo"]["startCursor"]
            if not page["pageInfo"]["hasPreviousPage"]:
                break
        assert back == seen


async def test_a_cursor_of_another_filter_is_refused(bank: World, ask: Any) -> None:
    await bank.loan()
    query = "query P($a: String, $w: LoanWhere) { loans(first: 1, after: $a, where: $w) { pageInfo { endCursor } } }"
    cursor = (await ask("officer", query, w={"status": {"eq": "ACTIVE"}}))["data"]["loans"]["pageInfo"]["endCursor"]
    answer = await ask("officer", query, a=cursor, w={"status": {"eq": "SETTLED"}})
    assert answer["errors"][0].extensions["code"] == "BAD_REQUEST"


async def test_node_answers_by_id_and_null_for_what_is_unknown_or_foreign(bank: World, ask: Any) -> None:
    mine, other = await bank.loan("A"), await bank.loan("B")
    query = "query N($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Loan { number } } }"
    ids = [f"loan_{mine}", f"loan_{other}", "loan_0190", "junk", f"record_{mine}"]
    nodes = (await ask("officer", query, ids=ids))["data"]["nodes"]
    assert [n and n["id"] for n in nodes] == [f"loan_{mine}", None, None, None, None]


async def test_filters_by_state_and_text_and_negation(bank: World, ask: Any) -> None:
    papers = await bank.papers()
    query = "query R($w: ArchiveRecordWhere) { archiveRecords(first: 10, where: $w) { edges { node { id } } } }"
    for where, expected in (
        ({"state": {"eq": "IN_VAULT"}, "tier": {"eq": "FIRST"}}, 1),
        ({"not": {"state": {"in": ["IN_VAULT"]}}}, 0),
        ({"or": []}, 0),
        ({"archiveNo": {"contains": "%"}}, 0),
        ({"isOverdue": {"eq": False}, "onHold": {"eq": False}, "id": {"in": [f"record_{papers[0]}"]}}, 1),
    ):
        answer = await ask("officer", query, w=where)
        assert answer["errors"] is None
        assert len(answer["data"]["archiveRecords"]["edges"]) == expected, where


async def test_an_alias_over_63_bytes_is_answered_whole(bank: World, ask: Any) -> None:
    loan = await bank.loan()
    alias = "a" * 80
    answer = await ask("officer", f'{{ {alias}: node(id: "loan_{loan}") {{ id {alias}: __typename }} }}')
    assert answer["data"][alias][alias] == "Loan"


async def test_a_paper_tells_where_it_lies_who_decides_about_it_and_which_loans_it_secures(bank: World, ask: Any) -> None:
    loan, other, asset = await bank.loan(), await bank.loan(), await bank.collateral()
    for one in (loan, other):
        await secures(bank, one, asset)
    (paper,), (volume,) = await bank.papers(loan=loan, collateral=asset), await bank.volumes(loan=loan)
    slot = await bank.sql(
        "select location_id from sealed_envelopes where id = (select envelope_id from archive_records where id = $1)", paper
    )
    told = """query ($id: ID!) { node(id: $id) { ... on ArchiveRecord {
      loans { id } controller { id } custodyOrg { id } location { id } custodian { name } retentionClass cutoffAt } } }"""
    unit = {"id": f"org_{bank.branches['A'].id}"}
    assert (await ask("officer", told, id=f"record_{paper}"))["data"]["node"] == {
        "loans": [{"id": f"loan_{x}"} for x in (loan, other)], "controller": unit, "custodyOrg": unit, "location": {"id": f"location_{slot}"},
        "custodian": None, "retentionClass": None, "cutoffAt": None,
    }  # fmt: skip
    node = (await ask("officer", told, id=f"record_{volume}"))["data"]["node"]
    assert (node["loans"], node["location"]) == ([{"id": f"loan_{loan}"}], {"id": f"location_{bank.branches['A'].cabinet}"})
    assert node["custodian"] == {"name": "archivist"}
