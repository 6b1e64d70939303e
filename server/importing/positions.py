"""Positions from a CSV file: what core banking says is owed, by loan and instant; append-only."""

from pathlib import Path
from typing import Any

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.importing import values
from server.importing.loans import REPEATED
from server.importing.mapping import PositionMapping
from server.importing.report import ImportFailed, Meter, Summary
from server.importing.staging import Import, OnChange, Options, run
from server.importing.values import Reading
from storage.database import Database, Principal

AMOUNTS = ("principal_amount", "interest_amount", "fees_amount", "overdue_amount")
COLUMNS = ("line", "loan_key", "as_of", *AMOUNTS, "days_overdue")
STAGE = """
create temp table import_positions (line bigint, loan_key text, as_of timestamptz, principal_amount numeric(18, 2),
  interest_amount numeric(18, 2), fees_amount numeric(18, 2), overdue_amount numeric(18, 2), days_overdue integer, loan_id uuid)
  on commit drop;
create temp table import_positions_noted (id uuid, loan_id uuid, as_of timestamptz, principal_amount numeric(18, 2),
  interest_amount numeric(18, 2), fees_amount numeric(18, 2), overdue_amount numeric(18, 2), days_overdue integer, currency text)
  on commit drop;
"""
REPEATED_LOAN = REPEATED.format(column="loan_key, as_of").replace("import_loans", "import_positions")
FIND_BY_KEY = "update import_positions s set loan_id = l.id from loans l where l.source = $1 and l.source_key = s.loan_key"
FIND_BY_NUMBER = "update import_positions s set loan_id = l.id from loans l where l.number = s.loan_key"
UNKNOWN = "delete from import_positions where loan_id is null returning line, 'no loan has the key ' || loan_key as reason"
FUTURE = "delete from import_positions where as_of > $1 returning line, 'a position of ' || as_of || ' is in the future' as reason"
SAME = f"""
delete from import_positions s using loan_positions p where p.loan_id = s.loan_id and p.as_of = s.as_of
  and {" and ".join(f"p.{name} = s.{name}" for name in (*AMOUNTS, "days_overdue"))}"""
OTHER = "from import_positions s using loan_positions p where p.loan_id = s.loan_id and p.as_of = s.as_of"
FIRST_OTHER = "select min(s.line) from import_positions s join loan_positions p on p.loan_id = s.loan_id and p.as_of = s.as_of"
KEEP = f"delete {OTHER}"
DIFFERENT = f"delete {OTHER} returning s.line, 'another position of that instant is stored; send a later one' as reason"
NEW = f"""
with made as (
  insert into loan_positions (org_id, loan_id, as_of, {", ".join(AMOUNTS)}, days_overdue, currency)
  select l.org_id, l.id, s.as_of, {", ".join(f"s.{name}" for name in AMOUNTS)}, s.days_overdue, l.currency
  from import_positions s join loans l on l.id = s.loan_id order by s.line
  returning id, loan_id, as_of, {", ".join(AMOUNTS)}, days_overdue, currency)
insert into import_positions_noted select * from made"""


async def import_positions(
    database: Database, by: Principal, path: Path, mapping: PositionMapping, options: Options, meter: Meter
) -> Summary:
    """Imports the file; the summary says what came of each row."""
    column = mapping.key or ", ".join(mapping.number.columns if mapping.number else [])

    async def work(current: Import) -> None:
        raw = current.conn.raw
        await raw.execute(STAGE)
        await current.stage(path, "import_positions", COLUMNS, lambda reading: converted(reading, mapping))
        if mapping.key:
            await raw.execute(FIND_BY_KEY, mapping.source)
        else:
            await raw.execute(FIND_BY_NUMBER)
        await current.drop(REPEATED_LOAN, column=column, code="DUPLICATE")
        await current.drop(UNKNOWN, column=column, code="UNKNOWN_LOAN")
        await current.drop(FUTURE, current.at, column=mapping.as_of.column or "", code="OUT_OF_RANGE")
        await _known(current, column)
        await _new(current)

    return await run(database, by, path, mapping, options, meter, work)


def converted(reading: Reading, mapping: PositionMapping) -> tuple[Any, ...] | None:
    """The row as it goes into the staging table; None when something is wrong with it."""
    if mapping.number:
        key: str | None = reading.filled(mapping.number, 60)
    else:
        assert mapping.key is not None, "the mapping has one of the two"
        text = reading.fields[mapping.key].strip()
        key = reading.value(mapping.key, lambda given: values.words(given, 100), text)
    as_of = reading.value(mapping.as_of.column, lambda text: values.instant(text, mapping.as_of.format), reading.needed(mapping.as_of))
    amounts = [
        reading.value(source.column, values.money, reading.needed(source))
        for source in (mapping.principal, mapping.interest, mapping.fees, mapping.overdue)
    ]
    days = reading.value(mapping.days_overdue.column, lambda text: values.count(text, 0, 36_500), reading.needed(mapping.days_overdue))
    return None if reading.faults else (reading.line, key, as_of, *amounts, days)


async def _known(current: Import, column: str) -> None:
    """Positions that are here already: the same, kept, or refused, for a position is never changed."""
    raw, summary = current.conn.raw, current.summary
    summary.unchanged = int((await raw.execute(SAME)).rpartition(" ")[2])
    first = await raw.fetchval(FIRST_OTHER)
    if first is not None and current.options.on_change is OnChange.FAIL:
        raise ImportFailed("CHANGED", f"line {first}: another position of that instant is stored")
    if current.options.on_change is OnChange.KEEP:
        summary.kept = int((await raw.execute(KEEP)).rpartition(" ")[2])
    else:
        await current.drop(DIFFERENT, column=column, code="NOT_CHANGEABLE")


async def _new(current: Import) -> None:
    total = int((await current.conn.raw.execute(NEW)).rpartition(" ")[2])
    current.summary.new, done = total, 0
    if not total:
        return
    current.meter.phase("writing history", total)
    async for batch in current.batches("select * from import_positions_noted order by loan_id, as_of"):
        chains = await Chains.lock(current.conn, [row["loan_id"] for row in batch])
        for row in batch:
            told = {name.removesuffix("_amount"): row[name] for name in (*AMOUNTS, "days_overdue", "as_of", "currency")}
            chains.note(
                row["loan_id"],
                Tag.POSITION_POSTED,
                subject=("position", row["id"]),
                by=current.by.staff_id,
                at=current.at,
                **told,
            )
        await chains.write()
        done += len(batch)
        current.meter.at(done)
