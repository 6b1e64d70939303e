"""Every sentence a caller reads, in both languages, by code."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

_WORDS: dict[str, dict[str, dict[str, str]]] = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
PROBLEMS, INPUTS = _WORDS["problems"], _WORDS["inputs"]


def problem(code: str, language: str) -> str:
    """What is said of a kind of problem."""
    return PROBLEMS[code][language]


def wrong(code: str, language: str, names: Iterable[str] = ()) -> str:
    """What is said of one thing that is wrong with an input; it may name people."""
    return INPUTS[code][language].replace("{names}", ("、" if language == "zh" else ", ").join(names))


def broken_rule(code: str, language: str) -> tuple[str | None, str | None]:
    """The custody rule that such an input breaks, and what would help; nothing where none does."""
    return INPUTS[code].get("rule"), INPUTS[code].get(f"{language}_remedy")
