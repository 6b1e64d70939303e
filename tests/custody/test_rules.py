"""The rules table, row by row: what is right passes every row, and one change breaks one row."""

import tomllib
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from server.custody.moves import Move
from server.custody.rules import RULES, WORDS, table
from server.custody.rules.table import by_construction
from storage.terms import Role
from tests.custody.broken import BREAKS, Break
from tests.custody.examples import examples


def fails(move: Move) -> set[str]:
    return {rule.sentence for rule in RULES if move.action in rule.actions and not rule.holds(move)}


@pytest.mark.parametrize("move", list(examples()), ids=lambda m: f"{m.action}-{m.on.tier if m.on else 'ANY'}")
def test_what_is_right_passes_every_row(move: Move) -> None:
    assert fails(move) == set()


@pytest.mark.parametrize("broken", BREAKS, ids=lambda b: f"{b.sentence.replace(' ', '_')}-{b.action}-{b.tier}")
def test_one_change_breaks_one_row(broken: Break) -> None:
    assert fails(broken.move) == {broken.sentence} | broken.also


@pytest.mark.parametrize("move", [m for m in examples() if len(m.seats) > 1], ids=lambda m: f"{m.action}-{m.on.tier if m.on else 'ANY'}")
def test_one_person_in_two_seats_is_told_by_a_row_of_the_table(move: Move) -> None:
    """The unique key would refuse it too, but as if it were about keepers, and unforeseen."""
    for first, second in combinations(move.seats, 2):
        both = replace(move.seats[first], roles=frozenset(Role))
        duty = {seat: people | {both.id} if seat in (first, second) else people for seat, people in move.on_duty.items()}
        assert fails(replace(move, seats={**move.seats, first: both, second: both}, on_duty=duty)), (first, second)


def test_every_row_is_broken_by_something_or_kept_by_the_desk_itself() -> None:
    tried = {b.sentence for b in BREAKS}
    assert {rule.sentence for rule in RULES if rule.holds is not by_construction} == tried
    assert len({rule.sentence for rule in RULES}) == len(RULES)


def test_the_words_of_a_code_stand_in_one_file() -> None:
    told = [code for path in Path(table.__file__).parents[1].glob("words/*.toml") for code in tomllib.loads(path.read_text("utf-8"))]
    assert sorted(told) == sorted(WORDS)


def test_every_code_has_its_words_in_both_languages() -> None:
    wanted = {"en", "zh", "en_remedy", "zh_remedy"}
    assert {code: set(words) >= wanted for code, words in WORDS.items()} == dict.fromkeys({r.code for r in RULES} | set(WORDS), True)
