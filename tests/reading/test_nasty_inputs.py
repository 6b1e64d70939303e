"""Each value of each input of each mutation made nasty, the others right: a coded answer and never an INTERNAL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from graphql import (
    GraphQLInputObjectType,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
)

from schema.http import formatted
from schema.root import build_schema
from server.custody.labels import label
from storage.database import Principal
from storage.terms import LabelKind, Role
from tests.reading.conftest import Bank
from tests.reading.rows import SOURCES
from tests.reading.test_isolation import PREFIXES

SAMPLE = build_schema()._schema
OF_BANK = {"staffId": "staff", "fromStaffId": "staff", "toStaffId": "staff", "broughtById": "staff", "readerId": "staff", "ownerId": "staff",
           "foundById": "staff", "counterIds": "staff", "orgUnitId": "org", "toOrgUnitId": "org", "dealerId": "dealer", "vaultId": "location",
           "locationId": "location", "parentId": "location", "placeId": "location", "giverId": "staff", "takerId": "staff"}  # fmt: skip
TEXTS = ["", " ", "\x00", "a\x00b", "x" * 20_000, "‮", "🚗" * 400, "'; --", "%", "１２３", "\n"]
NASTY: dict[str, list[Any]] = {
    "String": TEXTS, "IdempotencyKey": TEXTS,
    "ID": ["", "x", "\x00", "record_", "record_\x00", f"record_{uuid4()}", f"loan_{uuid4()}", "RECORD_" + str(uuid4()), "record_" + "9" * 400],
    "Int": [-1, 0, 2**31 - 1, -(2**31)],
    "Date": ["0001-01-01", "9999-12-31", "2024-02-30", "", "10000-01-01", "-001-01-01"],
    "DateTime": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2024-01-01T24:00:00Z", "x"],
    "Decimal": ["-1", "0", "1e30", "NaN", "Infinity", "-0", "0.001", "9" * 60, "1e-400", "1E+9999999"],
    "ByteCount": ["-1", "0", "9" * 30, "1.5", "x"],
    "Boolean": [True, False],
}  # fmt: skip
LISTS = (0, 2, 501)  # how many of the same


def right(name: str, type_: Any, ids: dict[str, str], codes: list[str]) -> Any:
    """A value as it should be."""
    named, bare = get_named_type(type_), get_nullable_type(type_)
    if name == "where":
        return {"id": {"in": [ids.get("record", "record_x")]}}
    if is_list_type(bare):
        return [right(name, bare.of_type, ids, codes)]
    if is_input_object_type(named):
        some = dict(list(named.fields.items())[:1]) if named.is_one_of else named.fields
        return {n: right(n, f.type, ids, codes) for n, f in some.items()}
    if is_enum_type(named):
        return next(iter(named.values))
    soon = f"{datetime.now(UTC) + timedelta(days=5):%Y-%m-%dT00:00:00Z}"
    if named.name == "ID":
        return ids.get({**PREFIXES, **OF_BANK}.get(name, ""), f"record_{uuid4()}")
    if name in ("barcodes", "barcode"):
        return codes[0]
    texts = {"expectedVersion": "1", "mediaType": "application/pdf", "sha256": "0" * 64, "idempotencyKey": uuid4().hex}
    return texts.get(name) or {"Boolean": True, "Int": 1, "Date": soon[:10], "DateTime": soon, "ByteCount": "100", "Decimal": "1.00"}.get(
        named.name, f"x{uuid4().hex[:8]}"
    )


def nasty(type_: Any) -> Iterator[Any]:
    """Values that a client could send for it, each wrong in some way."""
    named, bare = get_named_type(type_), get_nullable_type(type_)
    if is_list_type(bare):
        yield None
        for one in nasty(bare.of_type):
            yield [one]
        return
    yield None
    if is_enum_type(named):
        yield from list(named.values)[:12]
    elif not is_input_object_type(named):
        yield from NASTY.get(named.name, TEXTS)


def spoilt(name: str, type_: GraphQLInputObjectType, good: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The right input with one value of it spoilt, however deep, or left out, or many times over."""
    for key, field in type_.fields.items():
        if key not in good:
            continue
        if key != "idempotencyKey":
            yield {k: v for k, v in good.items() if k != key}
        bare, named = get_nullable_type(field.type), get_named_type(field.type)
        for value in nasty(field.type):
            yield {**good, key: value}
        if is_list_type(bare):
            for many in LISTS:
                yield {**good, key: good[key] * many}
        if is_input_object_type(named) and key != "where":  # filters are tried where lists are read
            inside = good[key][0] if isinstance(good[key], list) else good[key]
            for other in spoilt(key, named, inside):
                yield {**good, key: [other] if isinstance(good[key], list) else other}


def doers(demo: Bank, field: Any) -> Iterator[Principal]:
    required = field.extensions["strawberry-definition"].metadata.get("requires")
    for everywhere in (False, True):
        yield from (
            p
            for p in demo.people
            if p.everywhere is everywhere and (required is None or required & p.roles) and Role.EXAMINER not in p.roles
        )


def of_enums(type_: GraphQLInputObjectType, good: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each value of each enum: a table that was not told of one of them is a bug."""
    for key, field in type_.fields.items():
        if key in good and is_enum_type(get_named_type(field.type)) and not is_list_type(get_nullable_type(field.type)):
            yield from ({**good, key: value} for value in get_named_type(field.type).values)


@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", sorted(set(SAMPLE.mutation_type.fields) - {"uploadScan"}))  # its file is a part of the request
async def test_a_nasty_value_is_never_a_bug(demo: Bank, answered: Any, name: str, step: int) -> None:
    field = SAMPLE.mutation_type.fields[name]
    me = next(doers(demo, field))
    ids = {}
    for table, prefix in SOURCES.values():
        seen = demo.view(me).by[table]
        if mine := [row for row in demo.rows[table] if row["id"] in seen]:
            ids[prefix] = f"{prefix}_{mine[-1]['id']}"
    codes = next(
        ([r["barcode"]] for r in demo.rows["archive_records"] if f"record_{r['id']}" == ids.get("record")), [label(LabelKind.VOLUME, 7)]
    )
    head = f"{name[0].upper()}{name[1:]}"
    text = f"""mutation ($i: {head}Input!) {{ {name}(input: $i) {{ __typename ... on Problem {{ code message }}
      ... on InvalidInput {{ problems {{ path code }} }} ... on CustodyViolation {{ violations {{ rule code recordId }} }} }} }}"""
    type_ = get_named_type(field.args["input"].type)
    good = {key: right(key, f.type, ids, codes) for key, f in type_.fields.items()}
    bad = []
    bare = {key: good[key] for key, f in type_.fields.items() if get_nullable_type(f.type) is not f.type}
    every = [*spoilt(name, type_, good), *spoilt(name, type_, bare)]
    for given in (good, bare, *of_enums(type_, good), *of_enums(type_, bare), *every[len(name) % step :: step]):
        if given.get("idempotencyKey") == good["idempotencyKey"]:
            given = {**given, "idempotencyKey": uuid4().hex}
        _, errors = await answered(me, text, {"i": given})
        for error in errors or ():
            if formatted(error, "")["extensions"]["code"] == "INTERNAL":
                bad.append((repr(error.original_error)[:300], {k: str(v)[:60] for k, v in given.items() if v != good.get(k)}))
    assert not bad, f"{len(bad)}: " + "\n".join(map(str, bad[:6]))
