"""C7, C30 to C33, C35, C45: what may stand on a handover's list, who lets it go, who takes it, and when it must have arrived."""

from server.custody.moves import Move
from server.custody.moves.handovers import Clearance, Line, Sides
from server.custody.rules.table import Rule, as_asked
from server.custody.transitions.handovers import (
    ARRIVING,
    CARED_FOR,
    COMING_BACK,
    LETTING_GO,
    LISTABLE,
    ON_LINES,
    SENDING,
    TAKING_OVER,
)
from storage.terms import Action, HandoverKind, HandoverLineState, HandoverState, RecordState, Seat, Tier

ADDING = frozenset({Action.ADD_HANDOVER_LINES})
REMOVING = frozenset({Action.REMOVE_HANDOVER_LINES})
OPENING = frozenset({Action.CREATE_HANDOVER})
CUSTODY = frozenset({Action.RECEIVE_CUSTODY})
OFFERING = frozenset({Action.SEND_RESPONSIBILITY})
DECIDING = TAKING_OVER | {Action.REJECT_HANDOVER, Action.RECALL_RESPONSIBILITY}
PLACING = frozenset({Action.RECEIVE_HANDOVER, Action.RECEIVE_RESPONSIBILITY, Action.TAKE_BACK})
OUT = (RecordState.CHECKED_OUT, RecordState.READING)


def _open_step(m: Move) -> bool:
    """Listed before it is sent, sent before it is decided; what comes back was sent, or rejected and not yet back."""
    line = m.of(Line)
    if m.action in LETTING_GO | REMOVING:
        return line.line is HandoverLineState.LISTED
    if m.action in COMING_BACK:
        return line.shipped and line.line in (HandoverLineState.SENT, HandoverLineState.REJECTED)
    return line.line is HandoverLineState.SENT and (line.shipped is (m.action in ARRIVING) or m.action is Action.REJECT_HANDOVER)


def _of_the_side(m: Move) -> bool:
    line = m.of(Line)
    side = line.from_org if line.by_giver else line.to_org
    return all(person.org == side for seat, person in m.seats.items() if seat is not Seat.SUPERVISOR)


def _as_it_stood(m: Move) -> bool:
    """Papers that waited for the vault arrive waiting, those of a vault or shelf arrive there."""
    pending = m.of(Line).stood_as is RecordState.PENDING_INTAKE
    return pending is (m.action in (Action.RECEIVE_PENDING, Action.TAKE_BACK_PENDING))


def _custodians_themselves(m: Move) -> bool:
    line = m.of(Line)
    if line.kind is not HandoverKind.CUSTODIAN:
        return m.action not in CUSTODY
    if m.action in OFFERING:
        return all(person.id == line.giver for person in m.seats.values())
    if m.action is Action.RECEIVE_RESPONSIBILITY:
        return False
    taker, supervisor = m.seats.get(Seat.RECEIVER), m.seats.get(Seat.SUPERVISOR)
    return (taker is None or taker.id == line.taker) and (supervisor is None or supervisor.id not in (line.giver, line.taker))


def _moves_if_it_can(m: Move) -> bool:
    line = m.of(Line)
    return line.kind is HandoverKind.CUSTODIAN or m.record.state in OUT


def _is_in_care(m: Move) -> bool:
    return m.of(Line).kind is HandoverKind.CUSTODIAN or m.record.state in CARED_FOR[m.record.tier]


def _cannot_bounce(m: Move) -> bool:
    final = m.of(Line).payoff_final_at
    return final is None or final <= m.at


RULES: tuple[Rule, ...] = (
    Rule(
        "C7",
        "SEAL_NUMBER_INVALID",
        SENDING,
        "the shipment bears a seal number that was never used",
        lambda m: m.of(Line).seal_given and not m.of(Line).seal_used,
        "uq_shipments_c7_seal [seals of envelopes stand in another table]",
    ),
    Rule(
        "C30",
        "HANDOVER_LIST_INCOMPLETE",
        ADDING,
        "the register knows number, copies, pages, originals and seal of what is listed",
        lambda m: m.of(Line).complete,
        "ck_handover_lines_c30_complete, tg_handover_lines_c30_sealed",
    ),
    Rule(
        "C30",
        "HANDOVER_LIST_INCOMPLETE",
        LETTING_GO,
        "the list still says what the register says",
        lambda m: m.of(Line).line is None or m.of(Line).current,
        "tg_handover_lines_c30_list_is_true",
    ),
    Rule(
        "C15",
        "INVALID_TRANSITION",
        ADDING,
        "what is missing, archived or kept for disposal passes to the next custodian alone",
        _is_in_care,
        "[it is listed in vain: tg_handover_lines_c31_moves refuses when it is sent]",
    ),
    Rule(
        "C31",
        "HANDOVER_NOT_ACKNOWLEDGED",
        ADDING,
        "only a draft takes further lines, and each record once",
        lambda m: m.of(Line).state is HandoverState.DRAFT and m.of(Line).line is None,
        "tg_handover_lines_c31_draft, uq_handover_lines_handover_id_record_id",
    ),
    Rule(
        "C31",
        "HANDOVER_NOT_ACKNOWLEDGED",
        ADDING | LETTING_GO,
        "the giving side keeps the record",
        lambda m: m.of(Line).kept_by_giver,
        "tg_handover_lines_c31_keeper",
    ),
    Rule(
        "C31",
        "HANDOVER_NOT_ACKNOWLEDGED",
        ON_LINES | REMOVING,
        "the line is at the step before",
        _open_step,
        "tg_handover_lines_c31_step",
    ),
    Rule(
        "C31",
        "HANDOVER_NOT_ACKNOWLEDGED",
        ON_LINES,
        "who sits belongs to the side that acts",
        _of_the_side,
        "ct_handover_lines_c31_both_sides, ct_archive_records_c31_acknowledged",
        facts=("seats",),
    ),
    Rule(
        "C31",
        "HANDOVER_NOT_ACKNOWLEDGED",
        frozenset(LISTABLE),
        "the giving side writes the list",
        lambda m: m.by.org == m.of(Line).from_org,
        "[who calls is known to the server alone]",
    ),
    Rule(
        "C31",
        "HANDOVER_NOT_ACKNOWLEDGED",
        LETTING_GO,
        "the record is on no other list that is under way",
        lambda m: not m.of(Line).elsewhere,
        "uq_handover_lines_c31_one_open, ct_movements_c31_listed",
    ),
    Rule(
        "C31",
        "HANDOVER_NOT_ACKNOWLEDGED",
        ARRIVING | COMING_BACK,
        "the record arrives as it was sent",
        _as_it_stood,
        "ct_archive_records_c1_by_operation, ct_archive_records_c31_vault",
    ),
    Rule(
        "C31",
        "HANDOVER_NOT_ACKNOWLEDGED",
        OFFERING,
        "only what is out passes without being moved",
        _moves_if_it_can,
        "tg_handover_lines_c31_moves",
    ),
    Rule(
        "C31",
        "HANDOVER_PLACE_INVALID",
        PLACING,
        "each envelope has a slot in the vault that takes it",
        lambda m: m.of(Line).places_fit,
        "[that a slot holds one envelope is uq_sealed_envelopes_one_per_slot]",
    ),
    Rule(
        "C32",
        "ORG_UNIT_CLOSED",
        OPENING,
        "both units are open",
        lambda m: m.of(Sides).from_open and m.of(Sides).to_open,
        "tg_c32_unit_is_open",
    ),
    Rule(
        "C32",
        "CUSTODY_NOT_CLEARED",
        OFFERING | CUSTODY,
        "a custodian who leaves lists all that they keep",
        lambda m: m.of(Line).uncounted == 0,
        "tg_handover_lines_c32_full_count, ct_archive_records_c32_custodian",
    ),
    Rule(
        "C32",
        "CUSTODY_NOT_CLEARED",
        OFFERING | DECIDING,
        "a custodian hands over to their successor, under the eyes of a third",
        _custodians_themselves,
        "ct_handover_lines_c31_both_sides",
        facts=("seats",),
    ),
    Rule(
        "C32",
        "CUSTODY_NOT_CLEARED",
        frozenset({Action.CLOSE_ORG_UNIT}),
        "a unit that closes has no paper, loan, handover, unit below it or active staff",
        lambda m: m.of(Clearance).clear,
        "tg_org_units_c32_clear",
    ),
    Rule(
        "C33",
        "TRANSIT_OVERDUE",
        LETTING_GO,
        "no shipment of the handover is overdue",
        lambda m: not m.of(Line).late,
        "[overdue is a matter of the clock]",
        overridable=as_asked,
    ),
    Rule(
        "C33",
        "NO_VAULT_OVERNIGHT",
        LETTING_GO,
        "first-tier papers go to a unit with a vault",
        lambda m: m.record.tier is Tier.SECOND or m.of(Line).to_has_vault,
        "tg_handover_lines_c33_vault",
    ),
    Rule(
        "C35",
        "PAYOFF_NOT_FINAL",
        LETTING_GO,
        "the archive department takes volumes whose payoff is final",
        _cannot_bounce,
        "tg_handover_lines_c35_for_archive",
        earliest=lambda m: m.of(Line).payoff_final_at,
    ),
    Rule(
        "C45",
        "NOT_FOR_THE_ARCHIVE",
        LETTING_GO,
        "the archive department takes closed volumes of the twenty-year and permanent classes",
        lambda m: m.of(Line).fit_for_archive,
        "tg_handover_lines_c45_for_archive",
    ),
)
