"""What is not where it should be: reported, sought, found or lost, re-issued, closed."""

from typing import Any

import strawberry

from schema.custody_mutations.acting import AT_THE_VAULT, UNSET, ActPayload, CasePayload, act, field
from schema.custody_mutations.desk import InspectionInput, inspection
from schema.custody_mutations.envelopes import KeptInput
from schema.custody_mutations.papers import PlacementInput, emergency_of
from schema.losses import Discrepancy, LossCase
from schema.reading.declare import Many
from schema.results import KeyedInput, given, id_of, ids_of, maybe_id, version_of
from schema.scalars import Date
from server.custody import lookup
from server.custody.moves import Ask, Placement
from server.custody.moves.losses import CaseOpened, CaseResolved, Finding, ItemMissing, OriginalFound, Reissue, Search
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A
from storage.terms import Role

HEADS = frozenset({Role.OPS_HEAD, Role.VICE_PRESIDENT})


class LossPayload(ActPayload):
    """Acts on cases of records that are not there."""

    losses: list[LossCase] = Many(given="losses", description="The loss cases, as they stand now.")
    cases: list[Discrepancy] = Many(given="cases", description="Their discrepancies, when the act ended them.")


@strawberry.input(description="Input of reportMissing.")
class ReportMissingInput(KeyedInput):
    """What is not where it should be."""

    record_ids: list[strawberry.ID] = field("The records.")
    findings: str = field("In words.")


@strawberry.input(description="Input of reportItemMissing.")
class ReportItemMissingInput(KeyedInput):
    """A paper is not in its volume."""

    item_id: strawberry.ID = field("The paper.")
    findings: str = field("In words.")


@strawberry.input(description="Input of openCase.")
class OpenCaseInput(KeyedInput):
    """Who solves it, by when."""

    discrepancy_id: strawberry.ID = field("The discrepancy; one that has a case already gets another owner or deadline.")
    expected_version: str = field("Version of the discrepancy last seen.")
    owner_id: strawberry.ID = field("Who must solve it.")
    deadline_on: Date = field("By when, close of business.")


@strawberry.input(description="Input of resolveDiscrepancy.")
class ResolveDiscrepancyInput(KeyedInput):
    """How it is explained."""

    discrepancy_id: strawberry.ID = field("The discrepancy; of a missing record see resolveFound and declareLost.")
    expected_version: str = field("Version of the discrepancy last seen.")
    resolution: str = field("How it was explained and put right.")


@strawberry.input(description="Input of recordSearch.")
class RecordSearchInput(KeyedInput):
    """What was done to find it."""

    loss_case_id: strawberry.ID = field("The case.")
    log: str = field("Where it was sought, when and by whom.")
    responsibility: str | None = field("Statement of who answers for it; what was stated before stays when left out.", UNSET)


@strawberry.input(description="Input of notifyCompliance.")
class NotifyComplianceInput(KeyedInput):
    """COMPLIANCE is told."""

    loss_case_id: strawberry.ID = field("The case.")


@strawberry.input(description="Input of resolveFound.")
class ResolveFoundInput(KeptInput):
    """Found, inspected, put back."""

    inspections: list[InspectionInput] = field("One for each record.")
    where: str = field("Where it was found.")
    found_by_id: strawberry.ID | None = field("Who found it; the caller when left out.", UNSET)
    placements: list[PlacementInput] | None = field("Slots, for envelopes that have none.", UNSET)


@strawberry.input(description="Input of declareLost.")
class DeclareLostInput(KeyedInput):
    """A decision of two heads."""

    loss_case_id: strawberry.ID = field("The case.")
    expected_version: str = field("Version of the case last seen.")
    statement: str = field("Why it counts as lost.")


@strawberry.input(description="Input of recordReissue.")
class RecordReissueInput(KeptInput):
    """A new paper takes the place of the lost one."""

    loss_case_id: strawberry.ID = field("The case.")
    record_id: strawberry.ID = field("The new paper, registered and sealed, not yet in the vault.")
    placements: list[PlacementInput] = field("The slot of its envelope.")


@strawberry.input(description="Input of recordVoidedOriginal.")
class RecordVoidedOriginalInput(KeyedInput):
    """The lost paper turned up."""

    loss_case_id: strawberry.ID = field("The case.")
    note: str = field("Where it turned up, and what became of it.")


@strawberry.input(description="Input of closeLost.")
class CloseLostInput(KeyedInput):
    """A decision of two heads."""

    loss_case_id: strawberry.ID = field("The case.")
    expected_version: str = field("Version of the case last seen.")
    statement: str = field("Why nothing more is to be done.")


def _filled(**texts: str) -> None:
    """InvalidInput names every text that says nothing."""
    if empty := [name for name, text in texts.items() if not text.strip()]:
        raise InvalidInput([InputProblem((name,), "EMPTY") for name in empty])


async def _record_of(info: strawberry.Info, i: Any) -> Any:
    context: Any = info.context
    return await lookup.record_of_loss(context.database, context.principal, id_of(i.loss_case_id, "loss"))


async def _records_of_case(info: strawberry.Info, i: Any) -> Any:
    context: Any = info.context
    return await lookup.records_of_case(context.database, context.principal, id_of(i.discrepancy_id, "case"))


def _placed(placements: list[PlacementInput] | None) -> tuple[Placement, ...]:
    return tuple(Placement(id_of(p.envelope_id, "envelope"), id_of(p.location_id, "location")) for p in given(placements) or ())


async def _report_missing(info: strawberry.Info, i: ReportMissingInput) -> Ask:
    _filled(findings=i.findings)
    return Ask(A.REPORT_MISSING, records=ids_of(i.record_ids, "record", "recordIds"), reason=i.findings)


async def _report_item(info: strawberry.Info, i: ReportItemMissingInput) -> Ask:
    context: Any = info.context
    _filled(findings=i.findings)
    item = id_of(i.item_id, "item")
    record = await lookup.record_of_item(context.database, context.principal, item)
    return Ask(A.REPORT_ITEM_MISSING, records=(record,), reason=i.findings, detail=ItemMissing(item))


async def _open_case(info: strawberry.Info, i: OpenCaseInput) -> Ask:
    records = await _records_of_case(info, i)
    opened = CaseOpened(id_of(i.discrepancy_id, "case"), id_of(i.owner_id, "staff"), i.deadline_on)
    return Ask(A.OPEN_CASE, records=records, expected_version=version_of(i.expected_version), detail=opened)


async def _resolve(info: strawberry.Info, i: ResolveDiscrepancyInput) -> Ask:
    _filled(resolution=i.resolution)
    records = await _records_of_case(info, i)
    version, resolved = version_of(i.expected_version), CaseResolved(id_of(i.discrepancy_id, "case"))
    return Ask(A.RESOLVE_DISCREPANCY, records=records, expected_version=version, reason=i.resolution, detail=resolved)


async def _search(info: strawberry.Info, i: RecordSearchInput) -> Ask:
    stated = given(i.responsibility)
    _filled(log=i.log, **({} if stated is None else {"responsibility": stated}))
    return Ask(A.RECORD_SEARCH, records=(await _record_of(info, i),), detail=Search(i.log, stated))


async def _notify(info: strawberry.Info, i: NotifyComplianceInput) -> Ask:
    return Ask(A.NOTIFY_COMPLIANCE, records=(await _record_of(info, i),))


async def _found(info: strawberry.Info, i: ResolveFoundInput) -> Ask:
    _filled(where=i.where)
    records = ids_of([one.record_id for one in i.inspections], "record", "inspections")
    looked = tuple(inspection(one) for one in i.inspections)
    finding = Finding(i.where, maybe_id(i.found_by_id, "staff"))
    return Ask(
        A.RESOLVE_FOUND, records=records, inspections=looked, placements=_placed(i.placements), seat=given(i.seat), detail=finding,
        emergency=emergency_of(i),
    )  # fmt: skip


def _ending(action: A) -> Any:
    async def ask(info: strawberry.Info, i: Any) -> Ask:
        _filled(statement=i.statement)
        return Ask(action, records=(await _record_of(info, i),), expected_version=version_of(i.expected_version), reason=i.statement)

    return ask


async def _reissue(info: strawberry.Info, i: RecordReissueInput) -> Ask:
    lost, new = await _record_of(info, i), id_of(i.record_id, "record")
    if lost == new:
        raise InvalidInput([InputProblem(("recordId",), "NOT_ALLOWED")])
    records = tuple(sorted((lost, new)))
    return Ask(
        A.RECORD_REISSUE, records=records, placements=_placed(i.placements), seat=given(i.seat), detail=Reissue(lost, new),
        emergency=emergency_of(i),
    )  # fmt: skip


async def _original(info: strawberry.Info, i: RecordVoidedOriginalInput) -> Ask:
    _filled(note=i.note)
    return Ask(A.RECORD_VOIDED_ORIGINAL, records=(await _record_of(info, i),), detail=OriginalFound(i.note))


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
    report_item_missing = act(
        "reportItemMissing", ReportItemMissingInput, CasePayload, _report_item,
        description="Say that a paper is not in its volume; the volume is frozen.",
    )  # fmt: skip
    open_case = act(
        "openCase", OpenCaseInput, CasePayload, _open_case, requires=WHO[A.OPEN_CASE],
        description="Name who must solve a discrepancy and by when; the head of operations signs with it.",
    )  # fmt: skip
    resolve_discrepancy = act(
        "resolveDiscrepancy", ResolveDiscrepancyInput, CasePayload, _resolve, requires=WHO[A.RESOLVE_DISCREPANCY],
        description="Say how a discrepancy was put right; somebody other than who reported it.",
    )  # fmt: skip
    record_search = act(
        "recordSearch", RecordSearchInput, LossPayload, _search,
        description="Record the search for a missing record, and the statement of who answers for it.",
    )  # fmt: skip
    notify_compliance = act(
        "notifyCompliance", NotifyComplianceInput, LossPayload, _notify, description="Tell COMPLIANCE of a missing record."
    )
    resolve_found = act(
        "resolveFound", ResolveFoundInput, LossPayload, _found, requires=AT_THE_VAULT,
        description="Put back what was found, inspected one by one; in the vault an operation of three seats.",
    )  # fmt: skip
    declare_lost = act(
        "declareLost", DeclareLostInput, LossPayload, _ending(A.DECLARE_LOST), requires=HEADS,
        description="Declare a missing record lost (报失); two heads, after the whole procedure.",
    )  # fmt: skip
    record_reissue = act(
        "recordReissue", RecordReissueInput, LossPayload, _reissue, requires=AT_THE_VAULT,
        description="Take in the paper that was issued in place of a lost one (补办); the old number is void for ever.",
    )  # fmt: skip
    record_voided_original = act(
        "recordVoidedOriginal", RecordVoidedOriginalInput, LossPayload, _original, requires=WHO[A.RECORD_VOIDED_ORIGINAL],
        description="Record that a lost original turned up; it is void and goes back nowhere.",
    )  # fmt: skip
    close_lost = act(
        "closeLost", CloseLostInput, LossPayload, _ending(A.CLOSE_LOST), requires=HEADS,
        description="Close the case of a lost record whose loan is settled (失件结案).",
    )  # fmt: skip
