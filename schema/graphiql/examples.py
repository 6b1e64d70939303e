"""The operations that the page opens with; they answer as they stand on the demo bank."""

from datetime import date, timedelta
from pathlib import Path

FOLDER = Path(__file__).with_name("operations")
NAMES = ("loan_file", "checkout", "contract_history")
DUE_ON = "DUE_ON"
DUE_DAYS = 3


def due_on(today: date) -> date:
    """A weekday a few days on, within every term."""
    day = today + timedelta(days=DUE_DAYS)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def examples(today: date) -> list[dict[str, str]]:
    """One tab each."""
    texts = ((FOLDER / f"{name}.graphql").read_text("utf-8") for name in NAMES)
    return [{"query": text.replace(DUE_ON, str(due_on(today)))} for text in texts]
