"""Volumes: registered, filled, handed in, taken over, closed, proposed for disposal; and contracts checked for omissions."""

from typing import Any

import strawberry

from schema.custody_mutations.acting import ASKABLE, UNSET, ActPayload, Askable, act, field
from schema.reading.declare import Many, One
from schema.records import FileItem
from schema.results import KeyedInput, given, id_of, ids_of, maybe_id, version_of
from schema.scalars import Date
from schema.volumes import ContractElementCheck, DisposalBatch
from server.custody import lookup
from server.custody.moves import Ask
from server.custody.moves.volumes import BatchNamed, Closing, ElementsChecked, Found, NewItem, NewVolume, Received, Tick
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A
from storage.terms import DocumentType, Element, ElementResult, RetentionClass

PAGES_MAX = 10_000
HASH_DIGITS = 64


class ItemPayload(ActPayload):
    """Acts on papers of a volume."""

    items: list[FileItem] = Many(given="items", description="The papers that were added.")


class CheckPayload(ActPayload):
    """Acts on contracts."""

    check: ContractElementCheck | None = One(given="check", description="The check.")


class BatchPayload(ActPayload):
    """Acts on lists of volumes."""

    batch: DisposalBatch | None = One(given="batch", description="The list, as it stands now.")


@strawberry.input(description="Input of registerSecondTier.")
class RegisterSecondTierInput(KeyedInput):
    """A volume of a loan."""

    loan_id: strawberry.ID = field("The loan.")
    title: str = field("What it is, in words.")
    rebuilds_id: strawberry.ID | None = field("The lost volume that it is rebuilt for, from certified copies.", UNSET)


@strawberry.input(description="Input of addFileItem.")
class AddFileItemInput(KeyedInput):
    """A paper, itemised."""

    record_id: strawberry.ID = field("The volume, still being collected.")
    document_type: DocumentType = field("What it is.")
    title: str = field("Title.")
    pages: int = field("Pages, at least 1.")
    copies: int = field("How many of it there are, at least 1.")
    is_original: bool = field("Original or copy.")
    document_no: str | None = field("Number on the document, where it has one.", UNSET)
    contract_id: strawberry.ID | None = field("The contract it is.", UNSET)


@strawberry.input(description="Input of submitVolume.")
class SubmitVolumeInput(KeyedInput):
    """Handed in."""

    record_ids: list[strawberry.ID] = field("The volumes.")


@strawberry.input(description="A paper that was seen.")
class TickInput:
    """A tick."""

    item_id: strawberry.ID = field("The paper.")
    pages: int = field("Pages as counted.")


@strawberry.input(description="Input of acceptVolume.")
class AcceptVolumeInput(KeyedInput):
    """Taken over, item by item."""

    record_id: strawberry.ID = field("The volume.")
    items: list[TickInput] = field("Every paper of it.")
    location_id: strawberry.ID = field("The shelf.")


@strawberry.input(description="Input of returnVolume.")
class ReturnVolumeInput(KeyedInput):
    """Not whole."""

    record_ids: list[strawberry.ID] = field("The volumes.")
    reasons: str = field("What is wrong with them.")


@strawberry.input(description="What was found of one element.")
class ElementInput:
    """An element."""

    element: Element = field("Which element.")
    result: ElementResult = field("What was found.")
    reason: str | None = field("In words; required for NOT_APPLICABLE.", UNSET)
    deadline_on: Date | None = field("By when a correctable gap is put right; as policy has it when left out.", UNSET)


@strawberry.input(description="Input of recordElementCheck.")
class RecordElementCheckInput(KeyedInput):
    """A contract was checked for omissions."""

    contract_id: strawberry.ID = field("The contract.")
    items: list[ElementInput] = field("What was found; elements that are not named stay as they were, or count as missing.")


@strawberry.input(description="Input of closeVolume.")
class CloseVolumeInput(KeyedInput):
    """The loan has ended."""

    record_id: strawberry.ID = field("The volume.")
    expected_version: str = field("Version of the volume last seen.")
    retention_class: RetentionClass | None = field("Longer than the loan's term asks for; never shorter.", UNSET)


@strawberry.input(description="Input of reopenVolume.")
class ReopenVolumeInput(KeyedInput):
    """Something must be added."""

    record_ids: list[strawberry.ID] = field("The volumes.")
    reason: str = field("Why.")


@strawberry.input(description="Input of proposeDisposal.")
class ProposeDisposalInput(KeyedInput):
    """A list of volumes whose time has run out."""

    record_ids: list[strawberry.ID] = field("The volumes; at most 500.")
    reason: str = field("Appraisal: why nothing of it need be kept.")


@strawberry.input(description="Input of approveDisposal.")
class ApproveDisposalInput(KeyedInput):
    """A decision made on a screen."""

    batch_id: strawberry.ID = field("The list.")
    expected_version: str = field("Version of the list last seen.")
    list_hash: str = field("`listHash` of the list as it was read.")


@strawberry.input(description="Input of rejectDisposal.")
class RejectDisposalInput(KeyedInput):
    """A decision made on a screen."""

    batch_id: strawberry.ID = field("The list.")
    expected_version: str = field("Version of the list last seen.")
    reason: str = field("Why.")


@strawberry.input(description="What explainCustody takes of executeDisposal, which is explained and not carried out yet.")
class ExecuteDisposalInput(KeyedInput):
    """Two witnesses with the list."""

    batch_id: strawberry.ID = field("The list.")
    list_hash: str = field("`listHash` of the list as it was read.")
    ticked_ids: list[strawberry.ID] = field("Every volume that the witnesses have before them.")


def _words(**texts: str) -> None:
    """InvalidInput names every text that says nothing."""
    if empty := [name for name, text in texts.items() if not text.strip()]:
        raise InvalidInput([InputProblem((name,), "EMPTY") for name in empty])


def _counted(path: tuple[str, ...], number: int) -> None:
    if not 1 <= number <= PAGES_MAX:
        raise InvalidInput([InputProblem(path, "OUT_OF_RANGE")])


async def _register(info: strawberry.Info, i: RegisterSecondTierInput) -> Ask:
    _words(title=i.title)
    return Ask(A.REGISTER_SECOND_TIER, detail=NewVolume(id_of(i.loan_id, "loan"), i.title, maybe_id(i.rebuilds_id, "record")))


async def _add(info: strawberry.Info, i: AddFileItemInput) -> Ask:
    _words(title=i.title)
    _counted(("pages",), i.pages)
    _counted(("copies",), i.copies)
    contract = maybe_id(i.contract_id, "contract")
    item = NewItem(i.document_type, i.title, i.pages, i.copies, i.is_original, given(i.document_no), contract)
    return Ask(A.ADD_FILE_ITEM, records=(id_of(i.record_id, "record"),), detail=item)


async def _submit(info: strawberry.Info, i: SubmitVolumeInput) -> Ask:
    return Ask(A.SUBMIT_VOLUME, records=ids_of(i.record_ids, "record", "recordIds"))


async def _accept(info: strawberry.Info, i: AcceptVolumeInput) -> Ask:
    context: Any = info.context
    ids_of([tick.item_id for tick in i.items], "item", "items")
    place = id_of(i.location_id, "location")
    await lookup.place_is_known(context.database, context.principal, place)
    ticked = Received(tuple(Tick(id_of(tick.item_id, "item"), tick.pages) for tick in i.items))
    return Ask(A.ACCEPT_VOLUME, records=(id_of(i.record_id, "record"),), location=place, detail=ticked)


def _with_reason(action: A, name: str) -> Any:
    async def ask(info: strawberry.Info, i: Any) -> Ask:
        reason = getattr(i, name)
        _words(**{name: reason})
        return Ask(action, records=ids_of(i.record_ids, "record", "recordIds"), reason=reason)

    return ask


async def _check(info: strawberry.Info, i: RecordElementCheckInput) -> Ask:
    wrong = [
        InputProblem(("items", str(n), "reason"), "REQUIRED")
        for n, one in enumerate(i.items)
        if one.result is ElementResult.NOT_APPLICABLE and not (given(one.reason) or "").strip()
    ]
    if len({one.element for one in i.items}) < len(i.items):
        wrong.append(InputProblem(("items",), "DUPLICATE"))
    if not i.items:
        wrong.append(InputProblem(("items",), "EMPTY"))
    if wrong:
        raise InvalidInput(wrong)
    found = tuple(Found(one.element, one.result, given(one.reason), given(one.deadline_on)) for one in i.items)
    return Ask(A.RECORD_ELEMENT_CHECK, detail=ElementsChecked(id_of(i.contract_id, "contract"), found))


async def _close(info: strawberry.Info, i: CloseVolumeInput) -> Ask:
    version = version_of(i.expected_version)
    return Ask(A.CLOSE_VOLUME, records=(id_of(i.record_id, "record"),), expected_version=version, detail=Closing(given(i.retention_class)))


def _read(text: str) -> str:
    if len(text) != HASH_DIGITS or set(text.lower()) - set("0123456789abcdef"):
        raise InvalidInput([InputProblem(("listHash",), "NOT_A_SHA256")])
    return text.lower()


async def _listed(info: strawberry.Info, batch: Any) -> Any:
    context: Any = info.context
    return await lookup.records_of_batch(context.database, context.principal, batch)


async def _approve(info: strawberry.Info, i: ApproveDisposalInput) -> Ask:
    batch, read = id_of(i.batch_id, "batch"), _read(i.list_hash)
    records, version = await _listed(info, batch), version_of(i.expected_version)
    return Ask(A.APPROVE_DISPOSAL, records=records, expected_version=version, detail=BatchNamed(batch, read))


async def _reject(info: strawberry.Info, i: RejectDisposalInput) -> Ask:
    _words(reason=i.reason)
    batch = id_of(i.batch_id, "batch")
    records, version = await _listed(info, batch), version_of(i.expected_version)
    return Ask(A.REJECT_DISPOSAL, records=records, expected_version=version, reason=i.reason, detail=BatchNamed(batch))


async def _execute(info: strawberry.Info, i: ExecuteDisposalInput) -> Ask:
    batch, read = id_of(i.batch_id, "batch"), _read(i.list_hash)
    ticked = ids_of(i.ticked_ids, "record", "tickedIds")
    return Ask(A.EXECUTE_DISPOSAL, records=await _listed(info, batch), detail=BatchNamed(batch, read, ticked))


NOT_YET = (
    "What the destruction of a list (S9) would ask for. There is no mutation that carries it out yet: it is explained, and nothing more."
)
ASKABLE["executeDisposal"] = Askable(ExecuteDisposalInput, _execute, NOT_YET)


@strawberry.type
class VolumeMutations:
    """Acts on volumes and their contracts."""

    register_second_tier = act(
        "registerSecondTier", RegisterSecondTierInput, ActPayload, _register, requires=WHO[A.REGISTER_SECOND_TIER],
        description="Begin a volume of a loan (二级档案); it gets its number and label.",
    )  # fmt: skip
    add_file_item = act(
        "addFileItem", AddFileItemInput, ItemPayload, _add, requires=WHO[A.ADD_FILE_ITEM],
        description="Put a paper into a volume that is being collected, at the end of its list.",
    )  # fmt: skip
    submit_volume = act(
        "submitVolume", SubmitVolumeInput, ActPayload, _submit, requires=WHO[A.SUBMIT_VOLUME],
        description="Hand volumes in (移交); their contracts must lack nothing that blocks.",
    )  # fmt: skip
    accept_volume = act(
        "acceptVolume", AcceptVolumeInput, ActPayload, _accept, requires=WHO[A.ACCEPT_VOLUME],
        description="Take a volume over, paper by paper, onto a shelf (核收).",
    )  # fmt: skip
    return_volume = act(
        "returnVolume", ReturnVolumeInput, ActPayload, _with_reason(A.RETURN_VOLUME, "reasons"), requires=WHO[A.RETURN_VOLUME],
        description="Give volumes that are not whole back to the officer.",
    )  # fmt: skip
    record_element_check = act(
        "recordElementCheck", RecordElementCheckInput, CheckPayload, _check, requires=WHO[A.RECORD_ELEMENT_CHECK],
        description="Record a check of a contract for omissions (合同要素漏项检查).",
    )  # fmt: skip
    close_volume = act(
        "closeVolume", CloseVolumeInput, ActPayload, _close, requires=WHO[A.CLOSE_VOLUME],
        description="Close a volume whose loan has ended (结清立卷); retention runs from the first of January after.",
    )  # fmt: skip
    reopen_volume = act(
        "reopenVolume", ReopenVolumeInput, ActPayload, _with_reason(A.REOPEN_VOLUME, "reason"), requires=WHO[A.REOPEN_VOLUME],
        description="Open closed volumes again.",
    )  # fmt: skip
    propose_disposal = act(
        "proposeDisposal", ProposeDisposalInput, BatchPayload, _with_reason(A.PROPOSE_DISPOSAL, "reason"), requires=WHO[A.PROPOSE_DISPOSAL],
        description="Draw up a list of volumes to be destroyed (销毁清册).",
    )  # fmt: skip
    approve_disposal = act(
        "approveDisposal", ApproveDisposalInput, BatchPayload, _approve, requires=WHO[A.APPROVE_DISPOSAL],
        description="Approve the exact list; business, risk and the president's office, three different heads.",
    )  # fmt: skip
    reject_disposal = act(
        "rejectDisposal", RejectDisposalInput, BatchPayload, _reject, requires=WHO[A.REJECT_DISPOSAL],
        description="Take a list back; its volumes stand where they stood before.",
    )  # fmt: skip
