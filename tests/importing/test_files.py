"""Files and mappings that end an import: one coded line, and nothing happened."""

import codecs
from pathlib import Path
from typing import Any

import pytest

from server.importing import mapping as mappings
from server.importing import reader
from server.importing.report import ImportFailed
from tests.importing.conftest import HEADER, Importer, loan_mapping, loan_rows, write

GOOD = ",".join(HEADER) + "\n1,NY,1000,36,5.5,30.5,Jan-2018,Current,900\n"


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        (b"", "EMPTY_FILE", ""),
        (b"\n\n", "EMPTY_FILE", "header"),
        (codecs.BOM_UTF8, "EMPTY_FILE", "header"),
        (b"id,state\n1,NY\n", "MISSING_COLUMN", "amount"),
        (GOOD.replace("id,state", "id,id").encode(), "MISSING_COLUMN", "state"),
        (GOOD.replace("balance", "state").encode(), "DUPLICATE_COLUMN", "state"),
        (GOOD.encode() + b'2,"NY,1000,36\n3,NY,1000\n', "BROKEN_FILE", "line 3"),
        (GOOD.encode() + b'2,"' + b"x" * 200_000 + b"\n", "BROKEN_FILE", "line 3"),
        (GOOD.encode() + b'2,"N"Y,1000\n', "BROKEN_FILE", "line 3"),
        (GOOD.encode() + b"2,N\0Y,1000\n", "BROKEN_FILE", "line 3"),
        (GOOD.encode() + b"2,NY,10", "BROKEN_FILE", "middle of a row"),
        (GOOD.encode() + b"2," + b"x" * (2 << 20), "BROKEN_FILE", "line 3"),
        (GOOD.encode() + b"2,N\xffY,1000,36,5.5,30.5,Jan-2018,Current,900\n", "BAD_ENCODING", "line 3"),
        (GOOD.encode("utf-16-le"), "BROKEN_FILE", "NUL"),
    ],
)
async def test_a_broken_file_lands_nothing(imports: Importer, content: bytes, code: str, where: str) -> None:
    imports.file.write_bytes(content)
    with pytest.raises(ImportFailed, match=code) as failed:
        await imports()
    assert where in failed.value.message
    assert await imports.stored() == (0, 0)
    assert [path.name for path in sorted(imports.folder.iterdir())] == ["input.csv", "mapping.yaml"]


async def test_an_encoding_of_the_mapping_is_not_second_guessed(imports: Importer) -> None:
    imports.loans["encoding"] = "utf-8"
    with pytest.raises(ImportFailed, match=r"BAD_ENCODING: .*line 2: not utf-8"):
        await imports([loan_rows(1)[0] | {"state": "北京"}], "gb18030")


async def test_a_file_that_is_not_there_is_told(imports: Importer) -> None:
    with pytest.raises(ImportFailed, match="NO_FILE"):
        await imports()


def test_the_rows_of_a_file_are_read_one_at_a_time(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", loan_rows(5000))
    rows = reader.rows(path, "utf-8", ",", ["id"])
    assert next(rows).bytes_read < path.stat().st_size / 4
    assert sum(1 for _ in rows) == 4999


def test_a_field_with_a_line_end_keeps_the_line_numbers_right(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('id,name\n1,"two\nlines"\n\n2,x\n', "utf-8")
    assert [row.line for row in reader.rows(path, "utf-8", ",", ["id"])] == [2, 5]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"colour": "red"}, "colour: unknown key"),
        ({"number": "LC-{}"}, "number.text: between braces"),
        ({"number": "LC-{id!r}"}, "number.text: between braces"),
        ({"number": "LC-{id"}, "number.text"),
        ({"currency": {}}, "currency: give either"),
        ({"currency": {"column": "a", "value": "b"}}, "currency: give either"),
        ({"encoding": "klingon"}, "encoding: no encoding is called klingon"),
        ({"encoding": "zlib"}, "encoding: no encoding is called zlib"),
        ({"status": {"column": "status", "map": {"Current": "FINE"}}}, "status: FINE is none of"),
        ({"status": {"column": "status", "map": {False: "ACTIVE"}}}, "status.map"),
        ({"source": "Lending Club"}, "source"),
        ({"kind": "positions"}, "kind"),
        ({"delimiter": ";;"}, "delimiter"),
    ],
)
def test_a_wrong_mapping_names_its_key(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    import yaml

    path = tmp_path / "mapping.yaml"
    path.write_text(yaml.safe_dump(loan_mapping("x") | change), "utf-8")
    with pytest.raises(ImportFailed, match="BAD_MAPPING") as failed:
        mappings.load(path, mappings.LoanMapping)
    assert told in failed.value.message
    assert "\n" not in failed.value.message


@pytest.mark.parametrize("text", ["a: [1", "- 1", "", "\0", "a: !!python/object:os.system x", "\xff"])
def test_what_is_no_mapping_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ImportFailed, match="BAD_MAPPING") as failed:
        mappings.load(path, mappings.LoanMapping)
    assert "\n" not in failed.value.message


@pytest.mark.parametrize(("name", "kind"), [("mapping", mappings.LoanMapping), ("positions", mappings.PositionMapping)])
def test_the_shipped_mappings_are_whole(name: str, kind: type[mappings.Mapping]) -> None:
    path = Path(__file__).parents[2] / f"examples/lendingclub.{name}.yaml"
    assert "rownames" in mappings.load(path, kind).columns
