"""Plays by chapter of the desk."""

import importlib
import pkgutil
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.harness.world import World as Bank
from tests.model.stage import Stage, Try

Change = Callable[[Stage, Try], Try | None]  # another way to try it; None where it makes no sense now
World = Callable[[Stage, Try], AbstractContextManager[None]]  # another bank to try it in, put back afterwards


class NotNow(Exception):
    """There is nothing that could be spoiled so."""


@dataclass(frozen=True)
class Spoil:
    """Breaks the rule of that sentence alone, by asking otherwise or by another bank."""

    sentence: str
    change: Change = lambda _, right: right
    world: World = lambda _, __: nullcontext()


@dataclass(frozen=True)
class Play:
    """One thing that can be done: what is right now, and what would be wrong."""

    name: str
    offers: Callable[[Stage], Iterator[Try]]  # acts that every rule lets through now
    spoils: tuple[Spoil, ...] = field(default_factory=tuple)
    arrange: Callable[[Bank], Coroutine[Any, Any, object]] | None = None  # brings about what it needs, where that is rarely there
    often: int = 1  # how many times as often as what only begins something: steps that many acts share, and those that go on with one

    def offered(self, stage: Stage) -> list[Try]:
        """What can be done now; it is brought about first where nothing can be done."""
        offers = list(self.offers(stage))
        if not offers and self.arrange:
            with suppress(NotNow):
                stage.run(self.arrange(stage.bank))
                offers = list(self.offers(stage))
        return offers


FILES = [found.name for found in pkgutil.iter_modules(__path__)]


def arrives(stage: Stage) -> None:
    """What each chapter lays in, so that there is something to play with."""
    for name in FILES:
        if (lay_in := getattr(importlib.import_module(f"{__name__}.{name}"), "lay_in", None)) is not None:
            lay_in(stage)


def plays() -> list[Play]:
    """Of all chapters."""
    files = [importlib.import_module(f"{__name__}.{name}") for name in FILES]
    return [play for file in files for play in getattr(file, "PLAYS", ())]  # some files only help the others
