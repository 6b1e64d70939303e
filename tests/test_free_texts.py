"""Every text that a client may write is one in which numbers of people are masked, or is named here as harmless, with its reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graphql import get_named_type, is_input_object_type

from schema.reading.answers import ReadingSchema
from schema.results import FREE_TEXTS, camel, redact_texts
from storage.terms import Purpose

KEPT_OPEN = "kept in clear by decision: people search by it"
NUMBER = "a number by which the thing is found; a mask would make another of it"
COMPARED = "compared with what is stored, and not kept"
CHOSEN = "one of a list, or in a form that is checked"
FILTER = "of a filter: compared, and not kept"
HARMLESS = {
    "archiveNo": NUMBER, "barcode": NUMBER, "barcodes": NUMBER, "documentNo": NUMBER, "letterNo": NUMBER, "number": NUMBER, "plateNo": KEPT_OPEN,
    "registrationNo": NUMBER, "registryReference": NUMBER, "reference": NUMBER, "sealNo": NUMBER, "serialNo": NUMBER, "vin": KEPT_OPEN,
    "issuer": KEPT_OPEN, "ownerName": KEPT_OPEN, "name": KEPT_OPEN, "staffNo": NUMBER, "username": NUMBER,
    "identityNumber": "compared with the customer's by its blind index, and kept as that, or closed with the new customer",
    "phone": "closed with the customer, shown masked", "address": "closed with the customer, shown masked", "district": KEPT_OPEN, "engineNo": KEPT_OPEN,
    "contains": FILTER, "eq": FILTER, "in": FILTER, "startsWith": FILTER, "text": "of search: compared, and not kept", "contractNumber": COMPARED,
    "after": "a cursor of ours", "before": "a cursor of ours", "code": CHOSEN, "parentCode": CHOSEN, "place": NUMBER, "field": CHOSEN, "key": CHOSEN,
    "kind": CHOSEN, "rule": CHOSEN, "mediaType": CHOSEN, "sha256": CHOSEN, "partSha256": CHOSEN, "listHash": CHOSEN, "expectedVersion": CHOSEN,
    "newValue": "masked where it is a title, by `proposeCorrection`; else a number, a day or a count",
}  # fmt: skip


def texts(schema: ReadingSchema) -> Iterator[str]:
    """Names of all arguments and parts of inputs that are text."""
    seen: set[str] = set()

    def of(name: str, type_: Any) -> Iterator[str]:
        named = get_named_type(type_)
        if named.name == "String":
            yield name
        elif is_input_object_type(named) and named.name not in seen:
            seen.add(named.name)
            for key, part in named.fields.items():
                yield from of(key, part.type)

    inner = schema._schema
    for root in (inner.query_type, inner.mutation_type, inner.subscription_type):
        for field in root.fields.values() if root else ():
            for key, argument in field.args.items():
                yield from of(key, argument.type)


def test_every_text_is_masked_or_harmless(schema: ReadingSchema) -> None:
    found = set(texts(schema))
    masked = {camel(name) for name in FREE_TEXTS}
    assert found - masked == set(HARMLESS), "a new text is masked in schema/results.py, or named here with its reason"
    assert masked <= found, "what is masked is still there"


def test_texts_are_masked_where_they_are_texts() -> None:
    @dataclass
    class Input:
        purpose: StrEnum | str
        reason: str = "电话 13800138000"

    chosen = Input(Purpose.OTHER)
    redact_texts([chosen])
    assert chosen.purpose is Purpose.OTHER and chosen.reason == "电话 138****8000"
