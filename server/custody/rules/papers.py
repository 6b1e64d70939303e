"""C7, C8, C9, C12, C17, C30, C55: what is registered, sealed, taken in, opened and moved at the vault."""

from collections.abc import Callable

from server.custody.moves import Move
from server.custody.moves.certificates import Replacement
from server.custody.moves.envelopes import Contents, Seals, Slots
from server.custody.moves.papers import Arrival, Checked, Checks, NewPapers, Title
from server.custody.rules.table import Rule, by_construction, count_ends
from storage.terms import Action as A
from storage.terms import DiscrepancyKind, PaperKind, RecordState, Tier

NAMED = frozenset({A.REGISTER_FIRST_TIER, A.RECORD_ARRIVAL})
CERTIFIED = NAMED | {A.ACCEPT_CHANGED_RETURN}
SEALED_ANEW = frozenset({A.SEAL_ENVELOPE, A.OPEN_ENVELOPE, A.ACCEPT_CHANGED_RETURN, A.ACCEPT_RETURN})
PLACED = frozenset({A.INTAKE, A.MOVE_LOCATION, A.RESOLVE_FOUND, A.RECORD_REISSUE})
ENTERING = frozenset({A.INTAKE, A.RESOLVE_FOUND, A.RECORD_REISSUE, A.ACCEPT_CHANGED_RETURN})
WHOLE = frozenset({A.REFUSE_INTAKE, A.OPEN_ENVELOPE, A.MOVE_LOCATION, A.REPORT_BROKEN_SEAL})
BROKEN_SEAL = frozenset({DiscrepancyKind.SEAL_BROKEN.value, "SLOT"})  # SLOT: another paper of the envelope has a case


def _all(fact: Callable[[Checked], bool]) -> Callable[[Move], bool]:
    return lambda m: all(fact(c) for c in m.of(Checks).certificates)


def _certificates_have_data(m: Move) -> bool:
    match m.ask.detail:
        case NewPapers(papers=papers):
            return all((p.kind is PaperKind.CERTIFICATE) == (p.certificate is not None) for p in papers)
        case Arrival(certificate=data):
            return m.on is None or (m.on.kind is PaperKind.CERTIFICATE) == (data is not None)
    return True


def _itemised(m: Move) -> bool:
    match m.ask.detail:
        case NewPapers(papers=papers):
            return bool(papers) and all(p.archive_no.strip() and p.title.strip() and p.pages > 0 and p.copies > 0 for p in papers)
        case Arrival(pages=pages, copies=copies):
            return pages > 0 and copies > 0
    return m.record.pages > 0 and m.record.copies > 0


def _enters(m: Move) -> bool:
    """Whether the act brings this record into the vault: of a re-issue the lost one does not, nor what is found to wait once more."""
    if m.action is A.RECORD_REISSUE:
        return bool(m.record.id == m.ask.detail.reissued)
    return m.record.tier is Tier.FIRST and m.back in (None, RecordState.IN_VAULT)


def _sealed(m: Move) -> bool:
    sealed = m.record.envelope is not None or (m.action is A.ACCEPT_CHANGED_RETURN and m.of(Replacement).into is not None)
    return not _enters(m) or sealed or m.record.kind is PaperKind.SETTLEMENT_NOTICE or m.of(Title).is_electronic


def _in_slot(m: Move) -> bool:
    found = m.of(Slots)
    if m.record.envelope is None or not _enters(m) or (m.action is A.RESOLVE_FOUND and found.own):
        return True
    slot = found.slot
    return slot is not None and slot.is_slot and slot.is_empty and slot.vault == m.record.vault


def _keeps_slot(m: Move) -> bool:
    found = m.of(Slots)
    return found.named is None or (_enters(m) and found.own in (None, found.named))


def _taken_into_slot(m: Move) -> bool:
    slot = m.of(Slots).slot
    return m.record.id not in m.ask.detail.taken or (slot is not None and slot.is_slot and slot.is_empty and slot.vault == m.record.vault)


def _of_one(m: Move) -> bool:
    found = m.of(Contents)
    return (len(found.collateral) == 1 and None not in found.collateral) or (len(found.loans) == 1 and None not in found.loans)


RULES: tuple[Rule, ...] = (
    Rule(
        "C7",
        "SEAL_NUMBER_INVALID",
        SEALED_ANEW,
        "the seal has a number that was never used before",
        lambda m: m.of(Seals).fresh,
        "pk_seals",
    ),
    Rule(
        "C7",
        "SEAL_NUMBER_INVALID",
        ENTERING,
        "a paper enters in a sealed envelope, an electronic certificate by its reference, a settlement notice as it is",
        _sealed,
        "ct_archive_records_c7_sealed",
        facts=("record",),
    ),
    Rule(
        "C8",
        "ENVELOPE_SPLIT_FORBIDDEN",
        WHOLE,
        "an envelope is refused, opened, moved and reported with all its papers",
        lambda m: m.mates <= m.together,
        "ct_archive_records_c9_by_opening [what concerns one paper of an envelope concerns the others]",
        facts=("mates",),
    ),
    Rule(
        "C8",
        "ENVELOPE_SPLIT_FORBIDDEN",
        frozenset({A.SEAL_ENVELOPE}),
        "what lies in a sealed envelope is not sealed into another",
        lambda m: m.record.envelope is None,
        "ct_archive_records_c9_by_opening",
        facts=("record",),
    ),
    Rule(
        "C8",
        "ENVELOPE_MIXED",
        frozenset({A.SEAL_ENVELOPE}),
        "the papers of an envelope belong to one collateral or one loan",
        _of_one,
        "ct_archive_records_c8_one_collateral",
    ),
    Rule(
        "C8",
        "SLOT_INVALID",
        PLACED,
        "each envelope goes into an empty slot of the vault that keeps its papers",
        _in_slot,
        "uq_sealed_envelopes_one_per_slot, ct_archive_records_c8_in_slot",
    ),
    Rule(
        "C8",
        "SLOT_KEPT",
        frozenset({A.RESOLVE_FOUND}),
        "what is found goes back into the slot that its envelope has, and what waits for the vault into none",
        _keeps_slot,
        "[what made it missing freezes its slot: tg_sealed_envelopes_c17_not_frozen]",
    ),
    Rule(
        "C8",
        "SLOT_INVALID",
        frozenset({A.OPEN_ENVELOPE}),
        "what is taken out of an envelope goes into an empty slot of its own",
        _taken_into_slot,
        "uq_sealed_envelopes_one_per_slot",
    ),
    Rule(
        "C9",
        "ENVELOPE_OPENING_UNFOUNDED",
        frozenset({A.OPEN_ENVELOPE}),
        "an envelope is opened for a reason, by two, and not all of it is taken out",
        lambda m: bool(m.ask.reason and m.ask.reason.strip()) and not m.together <= frozenset(m.ask.detail.taken),
        "ct_sealed_envelopes_c9_by_opening, ct_sealed_envelopes_c9_seal, tg_seals_c9_broken_once",
        facts=("together",),
    ),
    Rule(
        "C9",
        "SEAL_BROKEN",
        frozenset({A.REPORT_BROKEN_SEAL}),
        "no case of this broken seal is open already",
        lambda m: DiscrepancyKind.SEAL_BROKEN not in m.frozen and m.record.envelope is not None,
        "uq_discrepancies_c43_one_open",
        facts=("frozen",),
    ),
    Rule(
        "C12",
        "DUPLICATE_CERTIFICATE",
        CERTIFIED,
        "no live certificate of the bank has this number",
        _all(lambda c: not c.number_taken),
        "uq_collateral_certificates_c12_number",
    ),
    Rule(
        "C12",
        "CERTIFICATE_DATA_MISMATCH",
        NAMED,
        "a certificate comes with its data, and nothing else does",
        _certificates_have_data,
        "ck_archive_records_certificate_kind",
        facts=("record",),
    ),
    Rule(
        "C12",
        "CERTIFICATE_DATA_MISMATCH",
        CERTIFIED,
        "the certificate shows the vehicle of the collateral",
        _all(lambda c: c.vin_matches),
        "tg_collateral_certificates_c12_data",
    ),
    Rule(
        "C12",
        "CERTIFICATE_DATA_MISMATCH",
        CERTIFIED,
        "the certificate names the owner of the collateral",
        _all(lambda c: c.owner_matches),
        "tg_collateral_certificates_c12_data",
    ),
    Rule(
        "C12",
        "CERTIFICATE_DATA_MISMATCH",
        CERTIFIED,
        "the amount on the certificate is the one that is secured",
        _all(lambda c: c.amount_matches),
        "tg_collateral_certificates_c12_data",
    ),
    Rule(
        "C17",
        "RECORD_FROZEN",
        frozenset({A.MOVE_LOCATION}),
        "what is frozen stays in its slot",
        lambda m: not m.frozen,
        "tg_sealed_envelopes_c17_not_frozen",
        facts=("frozen", "counted_until"),
        earliest=count_ends,
    ),
    Rule(
        "C17",
        "RECORD_FROZEN",
        frozenset({A.OPEN_ENVELOPE}),
        "what is frozen is not opened, unless its seal is broken",
        lambda m: m.frozen <= BROKEN_SEAL,
        "[the case is opened and solved by the same people; the freeze itself holds what leaves]",
        facts=("frozen", "counted_until"),
        earliest=lambda m: m.counted_until if m.frozen <= BROKEN_SEAL | {"COUNT"} else None,
    ),
    Rule(
        "C30",
        "HANDOVER_LIST_INCOMPLETE",
        NAMED | {A.INTAKE},
        "number, copies and pages of each paper are itemised",
        _itemised,
        "ck_archive_records_c30_itemised",
        facts=("record",),
    ),
    Rule(
        "C55",
        "REGISTRY_REFERENCE_MISSING",
        CERTIFIED,
        "an electronic certificate has its reference in the registry",
        _all(lambda c: not c.reference_missing),
        "ck_collateral_certificates_c55_reference",
    ),
    Rule(
        "C55",
        "REGISTRY_REFERENCE_MISSING",
        frozenset({A.SEAL_ENVELOPE}),
        "an electronic certificate lies in no envelope",
        lambda m: not m.of(Title).is_electronic,
        "ct_archive_records_c55_no_envelope",
    ),
    Rule(
        "C55",
        "REGISTRY_REFERENCE_MISSING",
        frozenset({A.RECORD_REGISTRY_CHECK}),
        "a registry is asked about an electronic certificate",
        lambda m: m.of(Title).is_electronic,
        "tg_registry_checks_c55_electronic",
    ),
    Rule(
        "C43",
        "RECORD_FROZEN",
        frozenset({A.RECORD_REGISTRY_CHECK, A.REJECT_RETURN}),
        "what the registry denies, and a mortgage entry that is gone, is a case with an owner and a deadline",
        by_construction,
        "ct_registry_checks_c43_case, ct_return_inspections_c43_case",
    ),
)
