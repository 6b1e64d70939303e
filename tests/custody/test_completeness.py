"""Nothing of the specification is forgotten: rules, their twins and words, acts and their mutations; red when something is."""

import ast
import re
from pathlib import Path
from typing import Any

from schema.administration_mutations import AdministrationMutations
from schema.custody_mutations import CustodyMutations
from schema.explaining import CustodyActInput
from server import words
from server.custody.drawing import CHINESE, diagram, edges
from server.custody.rules import RULES, WORDS
from server.custody.rules.groups import DECIDING, ENTRIES, EXITS
from server.custody.transitions import ADMINISTRATION, PARTS, TRANSITIONS
from server.errors import InputProblem
from storage.terms import Action as A
from storage.terms import RecordState, Tier
from tests.custody.twins import ATTACKS

ROOT = Path(__file__).parents[2]
SPECIFIED = {f"C{number}" for number in range(56)}
WITHOUT_ROW = {  # rules of the specification that no row of the table says, and why
    "C49": "scans: what guards them is in server/scans, not an act of the desk",
}
IN_AN_INPUT = {"SCAN_LOCKED": "C49", "HASH_MISMATCH": "C49"}  # what they answer is a wrong input, which names the rule
WITHOUT_MUTATION = {  # acts that no client asks for, and why
    A.REGISTER: "the state machine's birth; registerFirstTier and registerSecondTier register",
    A.LAPSE: "the desk does it when it meets a reservation past its time",
    A.RESERVE: "what the last approval is", A.EXTEND: "what the last approval of an extension is", A.RETURN_MISSING: "what rejectReturn is for a missing item",
    A.ENQUEUE: "what the last approval is while a record is out", A.SERVE: "the desk does it when a record becomes free",
    A.STOP_DISPOSAL: "a new hold does it",
    A.OVERDUE_SEARCH: "the ladder of overdue papers does it",
}  # fmt: skip
VAULT_ROWS = {"F2", "F5", "F8", "F8b", "F11", "F12", "F15", "F17", "F10"}  # entry to or exit from a first-tier vault
OF_THE_VAULT = {"C1", "C2", "C4", "C6", "C15"}  # and C11, but for these acts of the rows, by which nothing enters or leaves a vault:
WITHOUT_ENTRY = {
    A.SEAL_ENVELOPE: "the first half of F2, before the vault: the entry is queued when INTAKE carries the envelope in",
    A.SEND_PENDING: "F10 from PENDING_INTAKE: what waits for the vault was never in it",
    A.RECEIVE_PENDING: "F10 to PENDING_INTAKE: the entry is queued by the INTAKE that follows",
    A.TAKE_BACK_PENDING: "F10 back to PENDING_INTAKE",
    A.REPLACE_RETURNED: "a part of ACCEPT_CHANGED_RETURN, which queues the entry of what comes in; the old paper does not",
}
BY_COLUMNS = "a key or a unique constraint is named after its columns"
ONE_FOR_TWO = "one constraint keeps two rules, and is named after the first"
OF_ANOTHER_NAME = {  # twins that do not bear the number of a rule that they keep, and why
    "pk_seals": BY_COLUMNS,
    "pk_idempotency_keys": BY_COLUMNS,
    "uq_sealed_envelopes_one_per_slot": BY_COLUMNS,
    "uq_handover_lines_handover_id_record_id": BY_COLUMNS,
    "uq_contract_amendments_contract_id_number": BY_COLUMNS,
    "ck_archive_records_certificate_kind": "says what a kind of paper is; C12 is judged on the data that come with it",
    "uq_operation_seats_c1_each_once": "C0 has no storage of its own: a seat that is taken is C1's",
    "tg_operation_seats_c1_on_duty": "C0 has no storage of its own: a seat that is taken is C1's",
    "tg_operations_c15_step": "C0 has no storage of its own: what is over is C15's",
    "ck_holds_c16_lifted_by": "C0 has no storage of its own: a hold is C16's",
    "uq_operation_seats_c1_c6_one_seat_each": ONE_FOR_TWO,
    "uq_disposal_approvals_c46_one_each": ONE_FOR_TWO,
    "ct_archive_records_c9_by_opening": ONE_FOR_TWO,
    "uq_discrepancies_c43_one_open": ONE_FOR_TWO,
    "tg_discrepancies_c48_final": "what is resolved is history, which C48 keeps; C15 says the step",
    "tg_loss_cases_c48_final": "what is resolved is history, which C48 keeps; C15 says the step",
    "tg_movements_c22_extension": ONE_FOR_TWO,
    "uq_movements_c14_one_open": ONE_FOR_TWO,
    "ct_archive_records_c1_by_operation": ONE_FOR_TWO,
    "ct_handover_lines_c31_both_sides": ONE_FOR_TWO,
}
OF_EXITS, OF_APPROVALS = {"C10", "C14", "C17"}, {"C3", "C4", "C5"}


def numbers(action: A) -> set[str]:
    return {rule.number for rule in RULES if action in rule.actions}


def test_every_rule_of_the_specification_has_a_row_or_a_reason() -> None:
    assert {rule.number for rule in RULES} <= SPECIFIED
    assert SPECIFIED - {rule.number for rule in RULES} == set(WITHOUT_ROW)


def test_every_row_has_an_attacked_twin_or_a_reason() -> None:
    silent = [rule.sentence for rule in RULES if not rule.twins and not re.search(r"\[[^\]]{10,}\]", rule.twin)]
    assert not silent
    assert not {twin for rule in RULES for twin in rule.twins} - set(ATTACKS) - {"tg_tickets_c10_next_number"}  # tried in test_twins


def test_a_twin_bears_the_number_of_the_rule_that_it_keeps_or_says_why_not() -> None:
    others = {twin for rule in RULES for twin in rule.twins if rule.number.lower() not in twin.split("_")}
    assert others == set(OF_ANOTHER_NAME)


def test_every_refusal_says_what_it_is_and_what_would_help_in_both_languages() -> None:
    parts = ("en", "en_remedy", "zh", "zh_remedy")
    for code, said in {**WORDS, **{code: words.INPUTS[code] for code in IN_AN_INPUT}}.items():
        assert all(said.get(part, "").strip() for part in parts), code
        assert not re.search("[一-鿿]", said["en"] + said["en_remedy"]), code
        assert re.search("[一-鿿]", said["zh"]) and re.search("[一-鿿]", said["zh_remedy"]), code
        assert all(said[part].endswith("." if part.startswith("en") else "。") for part in parts), code
        assert said["en"] != said["en_remedy"] and said["zh"] != said["zh_remedy"], code
    assert {code: said["rule"] for code, said in words.INPUTS.items() if "rule" in said} == IN_AN_INPUT
    assert set(IN_AN_INPUT.values()) == set(WITHOUT_ROW), "a rule that no refusal names"
    assert set(WORDS) == {rule.code for rule in RULES}, "words that no rule says"


def _coded(name: str) -> set[str]:
    """Codes in `InputProblem(path, "CODE")` and in `_wrong(name, "CODE")`, wherever they are raised."""
    found = set()
    for folder in ("schema", "server"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (name, "_wrong", "wrong", "Wrong"):
                    found |= {a.value for a in node.args[1:] if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return {code for code in found if re.fullmatch("[A-Z][A-Z_0-9]+", code)}


def test_every_code_of_a_wrong_input_has_its_words() -> None:
    coded = _coded(InputProblem.__name__)
    assert len(coded) > 10 and coded <= set(words.INPUTS)
    assert all(said["en"].strip() and said["zh"].strip() for said in words.INPUTS.values())


def _named_in_mutations() -> set[str]:
    """Acts that the modules of the mutations name, or the one that chooses for them what is sent and taken: `A.CHECK_OUT`."""
    paths = [*(ROOT / "schema").glob("*_mutations.py"), *(ROOT / "schema" / "custody_mutations").glob("*.py")]
    paths.append(ROOT / "server" / "custody" / "handing.py")
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    return {n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id in ("A", "Action")}


def test_every_act_has_a_mutation_or_a_reason() -> None:
    named = _named_in_mutations()
    assert {a for a in A if a.name not in named} <= set(WITHOUT_MUTATION) | PARTS


BATCHES = {"checkOutBatch", "presentReturnBatch", "submitCountBatch"}  # each line is an act of its own, and is explained as that


def test_every_act_is_one_that_explain_custody_takes() -> None:
    taken = {_camel(field.graphql_name or field.python_name) for field in CustodyActInput.__strawberry_definition__.fields}
    acts = {field.graphql_name for kind in (CustodyMutations, AdministrationMutations) for field in kind.__strawberry_definition__.fields}  # type: ignore[attr-defined]  # strawberry keeps its definition there
    assert acts - BATCHES == taken - {"executeDisposal"}, "executeDisposal is explained, and not carried out yet"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def test_the_desk_is_reached_by_acts_alone() -> None:
    """So none can be done that explainCustody does not take."""
    callers = {
        path.name
        for path in (ROOT / "schema").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "perform" and getattr(node.value, "attr", "") == "desk"
    }
    assert callers == {"acting.py"}


def test_the_groups_say_what_the_specification_says_of_always() -> None:
    """Domain 3.0: every entry and exit of a vault, every exit, every approval, whatever else guards them."""
    rows = [t for t in TRANSITIONS if t.tier is Tier.FIRST and t.code in VAULT_ROWS]
    assert {t.code for t in rows} == VAULT_ROWS
    for action in {t.action for t in rows}:
        assert numbers(action) >= OF_THE_VAULT, (action, OF_THE_VAULT - numbers(action))
    assert {t.action for t in rows if "C11" not in numbers(t.action)} == set(WITHOUT_ENTRY)
    assert {t.action for t in rows} - set(WITHOUT_ENTRY) <= EXITS | ENTRIES
    assert {t.code for t in rows if t.action not in WITHOUT_ENTRY} == VAULT_ROWS, "a row by which nothing is queued for core banking"
    transit = {t.action for t in TRANSITIONS if t.code == "F10"}
    for action in EXITS:
        wanted = OF_EXITS | (set() if action in transit else {"C16"})  # a hold goes with the paper that is handed over
        assert numbers(action) >= wanted, (action, wanted - numbers(action))
    for action in DECIDING:
        assert numbers(action) >= OF_APPROVALS, action


def test_both_diagrams_draw_every_change_of_state() -> None:
    assert set(CHINESE) == set(RecordState)
    for tier in Tier:
        drawn = diagram(tier)
        for (start, finish), acts in edges(tier).items():
            (line,) = [text for text in drawn.splitlines() if text.startswith(f"    {start.value} --> {finish.value}:")]
            assert all(act in line for act in acts)


def test_administration_is_explained_too(schema: Any) -> None:
    assert schema is not None and {a.name for a in ADMINISTRATION} <= _named_in_mutations()
