"""The facts of all chapters, in one list; a line for each chapter that has any."""

from server.custody.facts import stocktakes
from server.custody.facts.sources import Names, Source
from storage.terms import Action

SOURCES: tuple[Source, ...] = (*stocktakes.SOURCES,)
NAMES: dict[Action, Names] = {**stocktakes.NAMES}
