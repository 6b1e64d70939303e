"""Behaviour that is written down: rules, matrix, SDL, and the tables of the README."""

import pytest

from tests import golden


@pytest.mark.parametrize("name", [n for n in golden.GOLDEN if n != "schema.graphql"])
def test_the_golden_file_says_what_the_program_does(name: str) -> None:
    assert (golden.FOLDER / name).read_text("utf-8") == golden.GOLDEN[name](), "run make golden and read the diff"


def test_the_sdl_is_the_golden_one(schema: object) -> None:
    assert (golden.FOLDER / "schema.graphql").read_text("utf-8") == f"{schema}\n", "run make golden and read the diff"


def test_the_tables_of_the_readme_are_what_the_program_says() -> None:
    assert golden.README.read_text("utf-8") == golden.readme(), "run make golden and read the diff"
