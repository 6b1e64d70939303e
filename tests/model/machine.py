"""The machine: hypothesis chooses what is played, by whom, and what is spoiled."""

from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model.plays import Play, Spoil, plays
from tests.model.stage import Stage, Try

SETTLED = 3  # of what was played least, one is chosen


class Machine(RuleBasedStateMachine):
    """A bank a run; `new_stage` is set by the test."""

    new_stage: ClassVar[Any]
    played: ClassVar[dict[str, int]] = {}
    spoiled: ClassVar[dict[tuple[str, str], int]] = {}
    prepare: ClassVar[tuple[Any, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.stage: Stage = type(self).new_stage()
        self.plays = plays()

    @initialize(seed=st.integers(0, 2**32 - 1))
    def opens(self, seed: int) -> None:
        self.r = Random(seed)

    def _offers(self) -> list[tuple[Play, list[Try]]]:
        """Everything that can be done now, what was done least first."""
        found = [(play, list(play.offers(self.stage))) for play in self.plays]
        there = [(play, offers) for play, offers in found if offers]
        return sorted(there, key=lambda one: self.played.get(one[0].name, 0))

    @rule(rank=st.integers(0, 5), which=st.integers(0, 50))
    def is_done(self, rank: int, which: int) -> None:
        """What every rule lets through."""
        there = self._offers()
        play, offers = there[rank % len(there)]
        right = offers[which % len(offers)]
        self.played[play.name] = self.played.get(play.name, 0) + 1
        if not self.stage.attempt(right):
            self.stage.coverage.missed[f"{play.name}: what should be right was refused: {right.mutation} by {right.who}"] += 1
        self._after()

    @rule(rank=st.integers(0, 5), which=st.integers(0, 50))
    def is_spoiled(self, rank: int, which: int) -> None:
        """What one rule forbids."""
        count = self.spoiled
        there = [(p, o, s) for p, o in self._offers() for s in p.spoils]
        there.sort(key=lambda one: count.get((one[0].name, one[2].sentence), 0))
        if not there:
            return
        play, offers, spoil = there[rank % len(there)]
        count[play.name, spoil.sentence] = count.get((play.name, spoil.sentence), 0) + 1
        self._spoil(offers[which % len(offers)], spoil)
        self._after()

    def _spoil(self, right: Try, spoil: Spoil) -> None:
        wrong = spoil.change(self.stage, right)
        if wrong is not None:
            with spoil.world(self.stage, wrong):
                self.stage.attempt(wrong, spoil.sentence)

    @rule(hours=st.sampled_from((1, 5, 20)))
    def time_passes(self, hours: int) -> None:
        if self.r.random() < 0.1:
            self.stage.later(hours=hours)

    def _after(self) -> None:
        self.stage.coverage.steps += 1
        self.stage.check()
