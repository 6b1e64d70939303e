"""Files from a fixed seed, and a service that imports them into its own source."""

import csv
import random
from pathlib import Path
from typing import Any

import pytest_asyncio
import yaml

from server.importing.loans import import_loans
from server.importing.mapping import LoanMapping, PositionMapping, load
from server.importing.positions import import_positions
from server.importing.report import Lines, Summary
from server.importing.staging import Options
from server.personal import Keys
from server.settings import DEVELOPMENT_KEY
from storage.database import Principal
from storage.terms import Role
from tests.harness.world import World

KEYS = Keys(bytes.fromhex(DEVELOPMENT_KEY), bytes.fromhex(DEVELOPMENT_KEY))
HEADER = ["id", "state", "amount", "months", "rate", "instalment", "month", "status", "balance"]
STATUSES = {"Current": "ACTIVE", "Fully Paid": "SETTLED", "Charged Off": "WRITTEN_OFF"}


def loan_rows(count: int, seed: int = 20180401) -> list[dict[str, str]]:
    chance = random.Random(seed)
    return [
        {
            "id": str(number),
            "state": chance.choice(["NY", "NO", "CA", "北京"]),
            "amount": str(chance.randrange(1000, 40000, 25)),
            "months": chance.choice(["36", "60"]),
            "rate": f"{chance.randrange(531, 3094) / 100:.2f}",
            "instalment": f"{chance.randrange(3000, 150000) / 100:.2f}",
            "month": chance.choice(["Jan-2018", "Feb-2018", "Mar-2018"]),
            "status": chance.choices(list(STATUSES), [20, 2, 1])[0],
            "balance": f"{chance.randrange(0, 4000000) / 100:.2f}",
        }
        for number in range(1, count + 1)
    ]


def write(path: Path, rows: list[dict[str, str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


def loan_mapping(tag: str) -> dict[str, Any]:
    return {
        "kind": "loans",
        "source": f"test-{tag}",
        "key": "id",
        "number": f"T{tag}-{{id}}",
        "currency": {"value": "USD"},
        "branch": {"code": f"T{tag}-{{state}}", "create_missing": True},
        "customer": {"name": "Placeholder {id}", "identity": f"TEST{tag}{{id}}"},
        "product": {"code": f"T{tag}", "name": "Loan", "create_missing": True},
        "principal": "amount",
        "term_months": "months",
        "annual_rate": "rate",
        "instalment": "instalment",
        "starts_on": {"column": "month", "format": "%b-%Y"},
        "status": {"column": "status", "map": STATUSES},
        "classification": {"column": "status", "map": {"Current": "PASS", "Fully Paid": "PASS", "Charged Off": "LOSS"}},
    }


def position_mapping(tag: str) -> dict[str, Any]:
    zero = {"value": 0}
    return {
        "kind": "positions", "source": f"test-{tag}", "key": "id", "as_of": {"value": "2018-06-30"}, "principal": "balance",
        "interest": zero, "fees": zero, "overdue": zero, "days_overdue": zero,
    }  # fmt: skip


class Importer:
    """Imports into a source of its own; counts what is stored of it."""

    def __init__(self, bank: World, by: Principal, folder: Path) -> None:
        self.bank, self.by, self.folder = bank, by, folder
        self.loans, self.positions = loan_mapping(bank.tag), position_mapping(bank.tag)
        self.file = folder / "input.csv"

    def says(self, mapping: dict[str, Any]) -> Path:
        path = self.folder / "mapping.yaml"
        path.write_text(yaml.safe_dump(mapping, allow_unicode=True), "utf-8")
        return path

    async def __call__(self, rows: list[dict[str, str]] | None = None, encoding: str = "utf-8", **options: Any) -> Summary:
        if rows is not None:
            write(self.file, rows, encoding)
        mapping = load(self.says(self.loans), LoanMapping)
        return await import_loans(self.bank.database, self.by, KEYS, self.file, mapping, Options(**options), Lines())

    async def post(self, rows: list[dict[str, str]] | None = None, **options: Any) -> Summary:
        if rows is not None:
            write(self.file, rows)
        mapping = load(self.says(self.positions), PositionMapping)
        return await import_positions(self.bank.database, self.by, self.file, mapping, Options(**options), Lines())

    async def stored(self) -> tuple[int, int]:
        """Loans of the source, and events in their chains."""
        loans = "select id from loans where source = $1"
        source = self.loans["source"]
        return (
            await self.bank.sql(f"select count(*) from ({loans}) l", source),
            await self.bank.sql(f"select count(*) from events where chain_id in ({loans})", source),
        )

    def rejects(self) -> list[dict[str, str]]:
        path = self.folder / "input.csv.rejected.csv"
        return list(csv.DictReader(path.read_text("utf-8").splitlines())) if path.exists() else []


@pytest_asyncio.fixture
async def imports(bank: World, tmp_path: Path) -> Importer:
    head = bank.people["compliance"].org_id
    return Importer(bank, await bank.hire("importer", {Role.SYSTEM}, head, (), everywhere=True), tmp_path)
