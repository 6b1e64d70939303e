"""The state that events lead to. The verifier folds in its own words: it may not rest on ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PHASES = frozenset({"RESERVED", "CHECKED_OUT", "RETURN_PENDING", "READING", "IN_TRANSIT"})  # states that an open movement makes
HIDING = frozenset({"MISSING", "LOST"})  # states that may stand over an open movement


@dataclass(slots=True)
class Fold:
    """States by record id."""

    states: dict[str, str] = field(default_factory=dict)

    def add(self, body: Mapping[str, Any]) -> str | None:
        """What is wrong with an event's step: it leaves from a state that the events before it have not led to."""
        detail, record = body["detail"], body.get("record")
        if not record or "to" not in detail:
            return None
        before, self.states[record] = self.states.get(record), detail["to"]
        if before == detail.get("from"):
            return None
        return f"event {body['id']} takes record {record} from {detail.get('from')}, which was {before}"


def differs(record: str, state: str, folded: str | None, phases: Sequence[str]) -> str | None:
    """What a record's row, or its open movements, say otherwise than its events."""
    if state != folded:
        return f"record {record}: its events lead to {folded}, the table says {state}"
    if len(phases) > 1 or (state not in HIDING and list(phases) != ([state] if state in PHASES else [])):
        return f"record {record}: it is {state}, its open movements are {', '.join(phases) or 'none'}"
    return None
