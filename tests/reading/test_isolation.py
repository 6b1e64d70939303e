"""No one sees another branch's rows: every root field, every id, every mutation, the lists read from the schema.

Beside each refusal stands its positive control: the same call by the owning branch answers, so that nothing passes by being broken.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLSchema, get_named_type, get_nullable_type, is_enum_type, is_input_object_type, is_list_type, is_non_null_type

from schema.reading.answers import ReadingSchema
from schema.root import build_schema
from server.custody.labels import label
from server.errors import Problem
from storage.database import Principal
from storage.terms import LabelKind, Role
from tests.reading.conftest import Bank
from tests.reading.rows import SOURCES

HERE, THERE = "", "-b2"
PAGES = {"loans": "loans", "contracts": "contracts", "archiveRecords": "archive_records", "inspectionReports": "inspection_reports",
         "checkouts": "movements", "accessRequests": "access_requests", "operations": "operations",
         "customers": "customers", "collateralCertificates": "collateral_certificates", "sealedEnvelopes": "sealed_envelopes",
         "tickets": "tickets", "offBalanceEntries": "off_balance_entries", "emergencyReviews": "emergency_reviews",
         "scans": "scans", "holds": "holds", "settlementNotices": "settlement_notices", "custodyEvents": "events", "stocktakes": "stocktakes",
         "contractElementChecks": "contract_element_checks", "discrepancies": "discrepancies", "handovers": "handovers", "lossCases": "loss_cases"}  # fmt: skip
BY = {"loan": ("loans", ("number",)), "contract": ("contracts", ("number",)), "archiveRecord": ("archive_records", ("barcode", "archiveNo")),
      "collateralCertificate": ("collateral_certificates", ("number",))}  # fmt: skip
OTHERS = {
    "viewer",
    "node",
    "nodes",
    "explainCustody",
    "contractHistory",
    "loanFileAsOf",  # tests/asof
    "whoSaw",
    "signedReceipt",  # tests/compliance/test_receipts.py
    "recordCounts",
    "search",
    "lookUp",
    "disposalBatches",  # the demo bank has none
    "policyParameters",
    "overrideReport",
    "corrections",
    "vaultRegister",
    "ticketRegister",
    "sealRegister",
    "doorLog",
    "offBalanceDifferences",
    "stocktakesDue",
    "retentionDrift",  # tests/objects/test_reports.py
    "fixityReport",
    "notices",
    "exports",  # tests/compliance/test_exports.py
    "expiring",
}  # tried below, or of head office alone
SAMPLE = build_schema()._schema


def owners(demo: Bank, table: str) -> tuple[Principal, Principal, list[dict[str, Any]]]:
    """Somebody here, somebody there, and rows that only those there see."""
    here, there = (demo.by_name[f"loan-officer{suffix}"] for suffix in (HERE, THERE))
    seen = demo.view(here).by[table]
    return here, there, [row for id_, row in demo.view(there).by[table].items() if id_ not in seen]


def test_every_root_field_is_tried() -> None:
    assert set(SAMPLE.query_type.fields) == set(PAGES) | set(BY) | OTHERS


async def test_every_id_of_every_table_is_answered_to_its_owners_alone(demo: Bank, answered: Any) -> None:
    tried = 0
    for me in (demo.by_name[f"loan-officer{s}"] for s in (HERE, THERE, "-b3")):
        for table, prefix in SOURCES.values():
            ids = [row["id"] for row in demo.rows[table]]
            for start in range(0, len(ids), 100):
                some = [f"{prefix}_{i}" for i in ids[start : start + 100]]
                found, errors = await answered(me, "query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": some})
                assert not errors
                seen = {node["id"] for node in found["nodes"] if node}
                assert seen == {f"{prefix}_{i}" for i in ids[start : start + 100] if i in demo.view(me).by[table]}, (table, me.name)
                tried += len(some)
    assert tried > 5_000


@pytest.mark.parametrize("field", PAGES)
async def test_a_page_holds_no_foreign_row_however_it_is_asked_for(demo: Bank, answered: Any, field: str) -> None:
    table = PAGES[field]
    here, there, foreign = owners(demo, table)
    foreign = [r for r in foreign if table != "movements" or r["kind"] != "ACT"]
    prefix = next(p for t, p in SOURCES.values() if t == table)
    ids = {f"{prefix}_{r['id']}" for r in foreign}
    where = get_named_type(SAMPLE.query_type.fields[field].args["where"].type)
    sort = get_named_type(get_named_type(SAMPLE.query_type.fields[field].args["sort"].type).fields["field"].type)
    text = (
        f"query ($w: {where.name}, $s: [{where.name[:-5]}Sort!], $a: String) {{ {field}(first: 50, where: $w, sort: $s, after: $a) {{"
        + (" totalCount pageInfo { endCursor } edges { node { id } } } }")
    )
    asks: list[dict[str, Any]] = [{}, {"w": {"id": {"in": sorted(ids)[:50]}}}, {"w": {"not": {"id": {"in": []}}}}, {"w": {"or": [{}, {}]}}]
    asks += [{"s": [{"field": name, "direction": way}]} for name in sort.values for way in ("ASC", "DESC")]
    for given in asks:
        mine, errors = await answered(here, text, given)
        theirs, _ = await answered(there, text, given)
        assert not errors
        assert not ids & {e["node"]["id"] for e in mine[field]["edges"]}, given
        assert theirs[field]["edges"], (given, "the positive control")
        beyond, errors = await answered(here, text, {**given, "a": theirs[field]["pageInfo"]["endCursor"]})
        assert not errors and not ids & {e["node"]["id"] for e in beyond[field]["edges"]}
    count, _ = await answered(here, text, {"w": {"id": {"in": sorted(ids)[:50]}}})
    assert count[field]["totalCount"] == 0


@pytest.mark.parametrize("field", BY)
async def test_a_foreign_thing_and_nothing_are_the_same_answer(demo: Bank, answered: Any, field: str) -> None:
    table, keys = BY[field]
    here, there, foreign = owners(demo, table)
    prefix = next(p for t, p in SOURCES.values() if t == table)
    for row in foreign[:10]:
        values = {"id": f"{prefix}_{row['id']}", **{k: row[re.sub("([A-Z])", lambda m: "_" + m[1].lower(), k)] for k in keys}}
        for key, value in values.items():
            text = f'{{ {field}(by: {{ {key}: "{value}" }}) {{ id }} }}'
            assert await answered(here, text) == ({field: None}, None)
            found, _ = await answered(there, text)
            assert found[field] == {"id": values["id"]}
    for key in ("id", *keys):
        assert await answered(here, f'{{ {field}(by: {{ {key}: "nothing" }}) {{ id }} }}') == ({field: None}, None)


# Mutations ---------------------------------------------------------------------------------------------------------------
PREFIXES = {"recordId": "record", "recordIds": "record", "requestId": "request", "operationId": "operation", "holdId": "hold", "scanId": "scan",
            "reportId": "report", "customerId": "customer", "loanId": "loan", "collateralId": "collateral", "subjectId": "record",
            "envelopeId": "envelope", "ticketId": "ticket", "entryId": "entry", "reviewId": "review",
            "parentId": "location", "vaultId": "location", "checkoutId": "checkout", "noticeIds": "notice", "stocktakeId": "stocktake",
            "placeId": "location", "handoverId": "handover", "lossCaseId": "loss", "discrepancyId": "case",
            "itemId": "item", "batchId": "batch", "contractId": "contract", "exportId": "export"}  # fmt: skip
OF_THE_BANK = {
    "staffId",
    "fromStaffId",
    "toStaffId",
    "orgUnitId",
    "broughtById",
    "readerId",
    "dealerId",
    "ownerId",
    "foundById",
    "vaultId",
    "parentId",
    "counterIds",
    "placeId",
}
TRIED = [
    name for name, field in SAMPLE.mutation_type.fields.items()
    if any(p in PREFIXES or p in ("barcodes", "inspections", "on") for p in get_named_type(field.args["input"].type).fields)
    and name not in ("uploadScan", "createOrgUnit", "createLocations", "assignDuty", "handOverDuty", "createHandover")
]  # fmt: skip


def given_for(type_: Any, ids: dict[str, str], codes: list[str]) -> dict[str, Any]:
    """An input that names foreign things wherever it names things."""
    out: dict[str, Any] = {}
    for name, field in type_.fields.items():
        if type_.name == "HoldOnInput" and name != "loanId":
            continue
        if name in PREFIXES:
            one = ids[PREFIXES[name]]
            out[name] = [one] if is_list_type(get_nullable_type(field.type)) else one
        elif name == "barcodes":
            out[name] = codes
        elif is_non_null_type(field.type):
            out[name] = _plain(name, field.type, ids, codes)
    return out


def _plain(name: str, type_: Any, ids: dict[str, str], codes: list[str]) -> Any:
    named = get_named_type(type_)
    if is_list_type(get_nullable_type(type_)):
        return [_plain(name, get_nullable_type(type_).of_type, ids, codes)]
    if is_input_object_type(named):
        return given_for(named, ids, codes)
    if is_enum_type(named):
        return "AUDIT" if "AUDIT" in named.values else next(iter(named.values))
    texts = {"expectedVersion": "1", "mediaType": "application/pdf", "sha256": "0" * 64, "sizeBytes": "100"}
    texts |= dict.fromkeys(("valuedOn", "holdsFrom"), f"{datetime.now(UTC):%Y-%m-%d}")  # what is told of a day is told afterwards
    soon = f"{datetime.now(UTC) + timedelta(days=40):%Y-%m-%dT00:00:00Z}"
    return texts.get(name) or {
        "Boolean": True, "Int": 1, "Date": soon[:10], "DateTime": soon, "ByteCount": "100", "Decimal": "1.00"
    }.get(named.name, f"x{uuid4().hex[:8]}")  # fmt: skip


def _doer(demo: Bank, field: Any, suffix: str) -> Iterator[Principal]:
    required = field.extensions["strawberry-definition"].metadata.get("requires")
    yield from (
        p for name, p in demo.by_name.items()
        if (name.endswith(THERE) if suffix else not re.search("-b[23]$", name)) and not p.everywhere
        and (required is None or required & p.roles) and Role.SYSTEM not in p.roles
    )  # fmt: skip


@pytest.mark.parametrize("name", TRIED)
async def test_a_mutation_on_foreign_things_changes_nothing_and_tells_nothing(
    demo: Bank, answered: Any, schema: ReadingSchema, plain: GraphQLSchema, name: str
) -> None:
    field, kinds = SAMPLE.mutation_type.fields[name], set(PREFIXES.values())
    here = next(_doer(demo, field, HERE), None)
    if here is None:
        assert field.extensions["strawberry-definition"].metadata["requires"] <= {
            Role.ADMIN,
            Role.COMPLIANCE,
            Role.AUDITOR,
            Role.SYSTEM,
            Role.EXAMINER,  # of whom the demo bank has none
        }  # bank-wide
        return
    foreign = {}
    for table, prefix in SOURCES.values():
        seen = demo.view(here).by[table]
        strange = [row for row in demo.rows[table] if row["id"] not in seen]
        if prefix in kinds and strange:
            foreign[prefix] = strange[0]
    ids = {prefix: f"{prefix}_{foreign[prefix]['id']}" if prefix in foreign else f"{prefix}_{uuid4()}" for prefix in kinds}
    nothing = {prefix: f"{prefix}_{uuid4()}" for prefix in kinds}
    head = f"{name[0].upper()}{name[1:]}"
    text = f"""mutation ($i: {head}Input!) {{ {name}(input: $i) {{ __typename ... on Problem {{ code message }}
      ... on InvalidInput {{ problems {{ path code }} }} ... on CustodyViolation {{ violations {{ rule code recordId }} }} }} }}"""
    input_type = get_named_type(field.args["input"].type)
    before = await demo.root.fetchval("select count(*) from events")
    told = []
    for named, codes in ((ids, [foreign["record"]["barcode"]]), (nothing, [label(LabelKind.VOLUME, 99_999_999)])):
        given = given_for(input_type, named, codes)
        told.append(await answered(here, text, {"i": given}))
    assert told[0][1] is None and told[0] == told[1], told
    (answer,) = told[0][0].values()
    assert not answer["__typename"].endswith("Payload") and Problem, answer
    assert await demo.root.fetchval("select count(*) from events") == before
