"""The machine: hypothesis chooses what is played, by whom, and what is spoiled."""

from collections import Counter
from contextlib import suppress
from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model.plays import NotNow, Play, Spoil, plays
from tests.model.plays.lending import free
from tests.model.stage import Stage, Try

DONE, SPOILED = 58, 96  # of a hundred steps
RECORDS = 3  # of each tier, ready to be asked for


class Machine(RuleBasedStateMachine):
    """A bank a run; `new_stage` is set by the test."""

    new_stage: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.stage: Stage = type(self).new_stage()
        self.plays, self.played, self.spoiled = plays(), Counter[str](), Counter[tuple[str, str]]()
        self.empty = Counter[str]()  # how often there was nothing for a play: it is looked for less often then

    @initialize(seed=st.integers(0, 2**32 - 1))
    def opens(self, seed: int) -> None:
        self.r = Random(seed)
        self.r.shuffle(self.plays)  # so that banks differ in what comes first
        for _ in range(RECORDS):
            self.arrives()

    @rule(what=st.integers(0, 99), rank=st.integers(0, 5), which=st.integers(0, 50))
    def step(self, what: int, rank: int, which: int) -> None:
        """Something is done, or something is spoiled, or time passes. One rule, so that hypothesis leaves none of them out."""
        self.stage.seen.clear()
        self.arrives()
        if what < DONE:
            self.is_done(rank, which)
        elif what < SPOILED:
            self.is_spoiled(rank, which)
        else:
            self.stage.later(hours=(1, 5, 20)[which % 3])
        self.stage.coverage.steps += 1
        self.stage.check()

    def arrives(self) -> None:
        """Papers and volumes for those that went missing or left for good."""
        if len(free(self.stage, "IN_VAULT")) < RECORDS:
            self.stage.run(self.stage.bank.papers())
        if len(free(self.stage, "FILED")) < RECORDS:
            self.stage.run(self.stage.bank.volumes())

    def is_done(self, rank: int, which: int) -> None:
        """What every rule lets through; of what was done least, one that can be done now."""
        found = None
        for play in sorted(self.plays, key=lambda play: self.played[play.name] + self.empty[play.name] / 4):
            if rank >= 0 and self._is_there(play):
                found, rank = play, rank - 1
        if found is not None:
            self.played[found.name] += 1
            if offers := found.offered(self.stage):
                self.stage.attempt(offers[which % len(offers)])

    def is_spoiled(self, rank: int, which: int) -> None:
        """What one rule forbids; of what was spoiled least, one that can be spoiled now."""
        found, seen = None, dict[str, bool]()
        there = [(play, spoil) for play in self.plays for spoil in play.spoils]
        for play, spoil in sorted(there, key=lambda one: self.spoiled[one[0].name, one[1].sentence] + self.empty[one[0].name] / 4):
            if rank < 0:
                break
            if play.name not in seen:
                seen[play.name] = self._is_there(play)
            if seen[play.name]:
                found, rank = (play, spoil), rank - 1
        if found is not None:
            play, spoil = found
            self.spoiled[play.name, spoil.sentence] += 1
            if offers := play.offered(self.stage):
                self._spoil(offers[which % len(offers)], spoil)

    def _is_there(self, play: Play) -> bool:
        if play.arrange or next(play.offers(self.stage), None):
            return True
        self.empty[play.name] += 1
        return False

    def _spoil(self, right: Try, spoil: Spoil) -> None:
        with suppress(NotNow):
            wrong = spoil.change(self.stage, right)
            if wrong is not None:
                with spoil.world(self.stage, wrong):
                    self.stage.attempt(wrong, spoil.sentence)
