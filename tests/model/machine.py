"""The machine: hypothesis chooses what is played, by whom, and what is spoiled."""

from contextlib import suppress
from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model.plays import NotNow, Spoil, plays
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
        self.plays, self.played, self.spoiled = plays(), dict[str, int](), dict[tuple[str, str], int]()

    @initialize(seed=st.integers(0, 2**32 - 1))
    def opens(self, seed: int) -> None:
        self.r = Random(seed)
        self.r.shuffle(self.plays)  # so that banks differ in what comes first
        for _ in range(RECORDS):
            self.arrives()

    @rule(what=st.integers(0, 99), rank=st.integers(0, 5), which=st.integers(0, 50))
    def step(self, what: int, rank: int, which: int) -> None:
        """Something is done, or something is spoiled, or time passes. One rule, so that hypothesis leaves none of them out."""
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
        for play in sorted(self.plays, key=lambda play: self.played.get(play.name, 0)):
            if rank >= 0 and (offers := list(play.offers(self.stage))):
                found, rank = (play, offers), rank - 1
        if found is not None:
            play, offers = found
            self.played[play.name] = self.played.get(play.name, 0) + 1
            self.stage.attempt(offers[which % len(offers)])

    def is_spoiled(self, rank: int, which: int) -> None:
        """What one rule forbids; of what was spoiled least, one that can be spoiled now."""
        count, found, seen = self.spoiled, None, dict[str, list[Try]]()
        there = [(play, spoil) for play in self.plays for spoil in play.spoils]
        for play, spoil in sorted(there, key=lambda one: count.get((one[0].name, one[1].sentence), 0)):
            if rank < 0:
                break
            if play.name not in seen:
                seen[play.name] = list(play.offers(self.stage))
            if seen[play.name]:
                found, rank = (play, spoil), rank - 1
        if found is not None:
            play, spoil = found
            count[play.name, spoil.sentence] = count.get((play.name, spoil.sentence), 0) + 1
            offers = seen[play.name]
            self._spoil(offers[which % len(offers)], spoil)

    def _spoil(self, right: Try, spoil: Spoil) -> None:
        wrong = spoil.change(self.stage, right)
        if wrong is not None:
            with suppress(NotNow), spoil.world(self.stage, wrong):
                self.stage.attempt(wrong, spoil.sentence)
