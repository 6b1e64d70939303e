"""What both imports do: take turns, stream the file into a temporary table with COPY, drop rows with a reason."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg

from server.importing import reader
from server.importing.mapping import Mapping
from server.importing.report import Fault, ImportFailed, Meter, Rejected, Summary
from server.importing.values import Reading
from storage.database import Connection, Database, Principal

TURN = 0x6C6F616E66696C65  # one import at a time: two would race for the same numbers
BATCH_ROWS = 1000
YIELD_ROWS = 500


class OnChange(StrEnum):
    """What to do with a row that differs from what is stored."""

    UPDATE = "update"
    KEEP = "keep"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Options:
    """How to import."""

    on_change: OnChange = OnChange.UPDATE
    all_or_nothing: bool = False
    dry_run: bool = False
    rejected: Path | None = None


class Undone(Exception):  # nothing went wrong: it rolls a transaction back
    """Leaves the transaction without a trace."""


class Import:
    """One import under way, in one transaction."""

    def __init__(self, conn: Connection, by: Principal, mapping: Mapping, options: Options, rejected: Rejected, meter: Meter) -> None:
        self.conn, self.by, self.mapping, self.options = conn, by, mapping, options
        self.rejected, self.meter, self.summary = rejected, meter, Summary()
        self.at = datetime.min

    async def stage(self, path: Path, table: str, columns: Sequence[str], convert: Callable[[Reading], tuple[Any, ...] | None]) -> None:
        """Streams the good rows into the table; the clock of the import starts afterwards."""
        mapping, encoding = self.mapping, self.summary.encoding

        async def good() -> AsyncIterator[tuple[Any, ...]]:
            for row in reader.rows(path, encoding, mapping.delimiter, mapping.columns):
                self.summary.read += 1
                if self.summary.read % YIELD_ROWS == 0:
                    self.meter.at(row.bytes_read)
                    await asyncio.sleep(0)
                if row.fields is None:
                    self.rejected.add(Fault(row.line, "", "ROW_LENGTH", f"{row.columns} fields, the header has another number"))
                    continue
                reading = Reading(row, mapping.nulls)
                values = convert(reading)
                for fault in reading.faults:
                    self.rejected.add(fault)
                if values is not None and not reading.faults:
                    yield values

        size = path.stat().st_size  # noqa: ASYNC240  # nothing else runs in this loop
        self.meter.phase("reading", size)
        await self.conn.raw.copy_records_to_table(table, records=good(), columns=list(columns))
        self.meter.at(size)
        await self.conn.raw.execute(f"analyze {table}")
        self.at = await self.conn.raw.fetchval("select clock_timestamp()")

    async def drop(self, sql: str, *args: Any, column: str, code: str) -> None:
        """Runs a DELETE … RETURNING line, reason and reports each row."""
        for row in sorted(await self.conn.raw.fetch(sql, *args), key=lambda row: int(row["line"])):
            self.rejected.add(Fault(row["line"], column, code, row["reason"]))

    async def batches(self, sql: str, *args: Any) -> AsyncIterator[list[Any]]:
        """Rows of a query, a batch at a time."""
        cursor = await self.conn.raw.cursor(sql, *args)
        while batch := await cursor.fetch(BATCH_ROWS):
            yield batch


async def run(
    database: Database,
    by: Principal,
    path: Path,
    mapping: Mapping,
    options: Options,
    meter: Meter,
    work: Callable[[Import], Any],
) -> Summary:
    """One import from the first byte to the commit; ImportFailed leaves nothing behind."""
    encoding = reader.encoding_of(path, mapping.encoding)
    with Rejected(options.rejected or path.with_name(path.name + ".rejected.csv")) as rejected:
        summary = Summary(encoding=encoding)
        try:
            async with database.transaction(by) as conn:
                await conn.raw.execute("select pg_advisory_xact_lock($1)", TURN)
                current = Import(conn, by, mapping, options, rejected, meter)
                current.summary = summary
                await work(current)
                summary.rejected = len(rejected.lines)
                summary.landed = not (options.dry_run or (options.all_or_nothing and rejected.lines))
                if not summary.landed:
                    raise Undone
        except Undone:
            pass
        except asyncpg.UniqueViolationError as error:
            raise ImportFailed("CONFLICT", f"someone else wrote at the same time ({error.constraint_name}); run the import again") from None
        return summary
