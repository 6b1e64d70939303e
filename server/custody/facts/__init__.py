"""How Moves are built: what a rule may look at, read under the locks."""

from server.custody.facts.building import moves_of

__all__ = ["moves_of"]
