"""What is not where it should be."""

import strawberry

from schema.custody_mutations.acting import CasePayload, act, field
from schema.results import KeyedInput, ids_of
from server.custody.moves import Ask
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A


@strawberry.input(description="Input of reportMissing.")
class ReportMissingInput(KeyedInput):
    """What is not where it should be."""

    record_ids: list[strawberry.ID] = field("The records.")
    findings: str = field("In words.")


async def _report_missing(info: strawberry.Info, i: ReportMissingInput) -> Ask:
    if not i.findings.strip():
        raise InvalidInput([InputProblem(("findings",), "EMPTY")])
    return Ask(A.REPORT_MISSING, records=ids_of(i.record_ids, "record", "recordIds"), reason=i.findings)


@strawberry.type
class LossMutations:
    """Acts on what is missing."""

    report_missing = act(
        "reportMissing",
        ReportMissingInput,
        CasePayload,
        _report_missing,
        description="Say that a record is not where it should be (下落不明).",
    )
