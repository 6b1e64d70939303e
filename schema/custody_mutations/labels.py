"""Labels that can no longer be read."""

import strawberry

from schema.custody_mutations.acting import UNSET, ActPayload, act, field
from schema.custody_mutations.papers import in_words
from schema.results import KeyedInput, id_of, version_of
from server.custody.moves import Ask
from server.custody.transitions import WHO
from storage.terms import Action as A


@strawberry.input(description="Input of replaceBarcode.")
class ReplaceBarcodeInput(KeyedInput):
    """One paper or volume, in the hands of whoever asks."""

    record_id: strawberry.ID = field("The paper or volume whose label is torn or unreadable.")
    reason: str = field("What is wrong with the label, in words.")
    expected_version: str | None = field("Version of the record last seen.", UNSET)


async def _replaced(info: strawberry.Info, i: ReplaceBarcodeInput) -> Ask:
    reason, version = in_words(i.reason, "reason"), version_of(i.expected_version)
    return Ask(A.REPLACE_BARCODE, records=(id_of(i.record_id, "record"),), reason=reason, expected_version=version)


@strawberry.type
class LabelMutations:
    """Acts on labels."""

    replace_barcode = act(
        "replaceBarcode", ReplaceBarcodeInput, ActPayload, _replaced, requires=WHO[A.REPLACE_BARCODE],
        description="Print a new label for a paper or volume (更换条码标签); the old one is retired for ever, and lookUp still knows it.",
    )  # fmt: skip
