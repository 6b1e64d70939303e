"""The machine: hypothesis chooses what is played, by whom, and what is spoiled."""

from collections import Counter
from contextlib import suppress
from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model.plays import NotNow, Play, Spoil, arrives, plays
from tests.model.stage import Stage, Try

GOES_ON = 60  # of a hundred acts, what was begun goes on before anything is begun: operations and approvals do not wait long
ARRIVES = 35  # of a hundred steps, before which something is laid in where it is wanting
DONE, SPOILED = 57, 94  # of a hundred steps
HOURS = (1, 5, 20)  # by which time passes
RANKS = (0, 0, 0, 1, 2)  # of what was done least: the least, or the next
OFFERS_MAX = 6  # of one play, looked at for one that can be spoiled


class Machine(RuleBasedStateMachine):
    """A bank a run; `new_stage` is set by the test."""

    new_stage: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.stage: Stage = type(self).new_stage()
        self.plays, self.empty = plays(), Counter[str]()  # empty: how often there was nothing for a play

    @initialize(seed=st.integers(0, 2**32 - 1))
    def opens(self, seed: int) -> None:
        self.r = Random(seed)
        self.r.shuffle(self.plays)  # so that banks differ in what comes first
        arrives(self.stage)

    @rule()
    def step(self) -> None:
        """Something is done, or something is spoiled, or time passes. One rule, and one seed, so that none is preferred."""
        if self.r.randrange(100) < ARRIVES:
            arrives(self.stage)
        what = self.r.randrange(100)
        if what < DONE:
            self.is_done()
        elif what < SPOILED:
            self.is_spoiled()
        else:
            play = self.r.choice(self.plays)
            offers = self._offered(play)
            self.stage.later(self.r.choice(HOURS), self.r.choice(offers) if offers else None)
        self.stage.coverage.steps += 1
        self.stage.check()

    def is_done(self) -> None:
        """What every rule lets through; of what was done least in all banks, one that can be done now."""
        played, rank, goes_on = self.stage.coverage.played, self.r.choice(RANKS), self.r.randrange(100) < GOES_ON

        def reached(play: Play) -> tuple[bool, float]:
            return goes_on and play.often == 1, played[play.name] / play.often + self._emptiness(play)

        for play in sorted(self.plays, key=reached):
            if rank > 0 and self._is_there(play):
                rank -= 1
            elif offers := self._offered(play):
                played[play.name] += 1
                self.stage.attempt(self.r.choice(offers))
                return

    def is_spoiled(self) -> None:
        """What one rule forbids; of the rules that said no least in all banks, one that can be broken now."""
        alone, tried = self.stage.coverage.alone, self.stage.coverage.tried
        there = [(play, spoil) for play in self.plays for spoil in play.spoils]
        offered = dict[str, list[Try]]()

        def reached(one: tuple[Play, Spoil]) -> float:
            play, spoil = one
            return alone[spoil.sentence] + tried[play.name, spoil.sentence] + self._emptiness(play)

        for play, spoil in sorted(there, key=reached):
            if play.name not in offered:
                offered[play.name] = self._offered(play)
            offers = offered[play.name]
            if offers and self._spoil(play, spoil, self.r.sample(offers, len(offers))):
                return

    def _offered(self, play: Play) -> list[Try]:
        offers = play.offered(self.stage)
        self.empty[play.name] += not offers
        return offers

    def _is_there(self, play: Play) -> bool:
        return play.arrange is not None or next(play.offers(self.stage), None) is not None

    def _emptiness(self, play: Play) -> float:
        """Of plays that were done as often, it is looked for later where there was nothing for it."""
        return min(0.9, self.empty[play.name] / 20)

    def _spoil(self, play: Play, spoil: Spoil, offers: list[Try]) -> bool:
        """Tries it with the first offer that can be spoiled so; False where none can."""
        for right in offers[:OFFERS_MAX]:
            with suppress(NotNow):
                wrong = spoil.change(self.stage, right)
                if wrong is not None:
                    with spoil.world(self.stage, wrong):
                        self.stage.coverage.tried[play.name, spoil.sentence] += 1
                        self.stage.attempt(wrong, spoil.sentence)
                    return True
        return False
