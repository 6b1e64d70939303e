"""Positions from a CSV file: what core banking says is owed, by loan and instant; append-only.

A position that takes a payoff back is an act of the desk, which lapses what was built on the payoff (C52): `reversals` posts those.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Uuid, bindparam, select

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.custody.desk import Desk, nothing_more
from server.custody.moves import Ask
from server.custody.moves.release import PositionSaid
from server.importing import values
from server.importing.loans import REPEATED
from server.importing.mapping import PositionMapping, Value
from server.importing.report import ImportFailed, Meter, Summary
from server.importing.staging import BATCH_ROWS, Import, OnChange, Options, run
from server.importing.values import Reading
from storage.database import Database, Principal
from storage.tables import loan_positions
from storage.terms import Action, LoanStatus, PayoffKind

AMOUNTS = ("principal_amount", "interest_amount", "fees_amount", "overdue_amount")
PAYOFF = ("settled_at", "payoff_kind", "payoff_cleared_at")
SAID = (*AMOUNTS, "days_overdue", *PAYOFF)
COLUMNS = ("line", "loan_key", "as_of", *SAID, "reverses")
TYPES = """as_of timestamptz, principal_amount numeric(18, 2), interest_amount numeric(18, 2), fees_amount numeric(18, 2),
  overdue_amount numeric(18, 2), days_overdue integer, settled_at timestamptz, payoff_kind text, payoff_cleared_at timestamptz"""
STAGE = f"""
create temp table import_positions (line bigint, loan_key text, {TYPES}, reverses timestamptz, loan_id uuid) on commit drop;
create temp table import_positions_noted (id uuid, loan_id uuid, {TYPES}, currency text) on commit drop;
"""
REPEATED_LOAN = REPEATED.format(column="loan_key, as_of").replace("import_loans", "import_positions")
FIND_BY_KEY = "update import_positions s set loan_id = l.id from loans l where l.source = $1 and l.source_key = s.loan_key"
FIND_BY_NUMBER = "update import_positions s set loan_id = l.id from loans l where l.number = s.loan_key"
UNKNOWN = "delete from import_positions where loan_id is null returning line, 'no loan has the key ' || loan_key as reason"
FUTURE = """delete from import_positions where greatest(as_of, settled_at, payoff_cleared_at) > $1
  returning line, greatest(as_of, settled_at, payoff_cleared_at) || ' is in the future' as reason"""
# What is taken back is a payoff that is stored, or comes with the same file.
NO_PAYOFF = """
delete from import_positions s where s.reverses is not null and not exists (
    select from loan_positions p where p.loan_id = s.loan_id and p.as_of = s.reverses and p.settled_at is not null)
  and not exists (select from import_positions p where p.loan_id = s.loan_id and p.as_of = s.reverses and p.settled_at is not null)
  returning s.line, 'the loan has no payoff of ' || s.reverses as reason"""
REVERSED = """
delete from import_positions s using loan_positions p, loan_positions r
  where s.reverses is not null and p.loan_id = s.loan_id and p.as_of = s.reverses and r.reversal_of_id = p.id
  returning s.line, 'the payoff of ' || s.reverses || ' is taken back already' as reason"""
TWICE = """
delete from import_positions s using (select loan_id, reverses, min(line) as first from import_positions where reverses is not null
    group by 1, 2 having count(*) > 1) o
  where s.loan_id = o.loan_id and s.reverses = o.reverses and s.line <> o.first
  returning s.line, 'line ' || o.first || ' takes the same payoff back' as reason"""
SAME = f"""
delete from import_positions s using loan_positions p where p.loan_id = s.loan_id and p.as_of = s.as_of
  and {" and ".join(f"p.{name} is not distinct from s.{name}" for name in SAID)}
  and s.reverses is not distinct from (select o.as_of from loan_positions o where o.id = p.reversal_of_id)"""
OTHER = "from import_positions s using loan_positions p where p.loan_id = s.loan_id and p.as_of = s.as_of"
FIRST_OTHER = "select min(s.line) from import_positions s join loan_positions p on p.loan_id = s.loan_id and p.as_of = s.as_of"
KEEP = f"delete {OTHER}"
DIFFERENT = f"delete {OTHER} returning s.line, 'another position of that instant is stored; send a later one' as reason"
NEW = f"""
with made as (
  insert into loan_positions (org_id, loan_id, as_of, {", ".join(SAID)}, currency)
  select l.org_id, l.id, s.as_of, {", ".join(f"s.{name}" for name in SAID)}, l.currency
  from import_positions s join loans l on l.id = s.loan_id where s.reverses is null order by s.line
  returning id, loan_id, as_of, {", ".join(SAID)}, currency)
insert into import_positions_noted select * from made"""
# The desk's own rule: a loan that is paid off is settled, unless it was written off.
SETTLED = """
select l.id from loans l cross join lateral payoff_of(l.id) p
where l.id in (select loan_id from import_positions_noted where settled_at is not null) and p.settled and l.status not in ('SETTLED', 'WRITTEN_OFF')
order by l.id"""
SETTLE = "update loans set status = 'SETTLED' where id = any($1::uuid[])"
REVERSALS = f"select line, loan_id, as_of, {', '.join(SAID)}, reverses from import_positions where reverses is not null order by as_of, line limit $1"
PAYOFF_OF = select(loan_positions.c.id).where(
    loan_positions.c.loan_id == bindparam("the_loan", type_=Uuid, required=True),
    loan_positions.c.as_of == bindparam("the_instant", type_=loan_positions.c.as_of.type, required=True),
)
REVERSALS_MAX = 1000  # more of them are a wrong mapping, not a day's work


async def import_positions(
    database: Database, by: Principal, path: Path, mapping: PositionMapping, options: Options, meter: Meter
) -> Summary:
    """Imports the file; the summary says what came of each row."""
    column = mapping.key or ", ".join(mapping.number.columns if mapping.number else [])
    taken_back: list[Any] = []

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
        if mapping.reverses is not None:
            for sql, code in ((NO_PAYOFF, "UNKNOWN_POSITION"), (REVERSED, "TAKEN"), (TWICE, "DUPLICATE")):
                await current.drop(sql, column=mapping.reverses.column or "", code=code)
            taken_back.extend(await raw.fetch(REVERSALS, REVERSALS_MAX + 1))
            if len(taken_back) > REVERSALS_MAX:
                raise ImportFailed("TOO_MANY_REVERSALS", f"more than {REVERSALS_MAX} rows take a payoff back")
        await _new(current)
        current.summary.new += len(taken_back)

    summary = await run(database, by, path, mapping, options, meter, work)
    if summary.landed:
        await _take_back(database, by, mapping, taken_back, meter)
    return summary


async def _take_back(database: Database, by: Principal, mapping: PositionMapping, rows: list[Any], meter: Meter) -> None:
    """C52, one act of the desk for each: a break leaves the rest for the next run of the same file, which finds the others stored."""
    desk = Desk(database)
    meter.phase("taking payoffs back", len(rows))
    for done, row in enumerate(rows, 1):
        async with database.transaction(by) as conn:
            payoff = await conn.value(PAYOFF_OF, the_loan=row["loan_id"], the_instant=row["reverses"])
        amounts = {name.removesuffix("_amount"): row[name] for name in AMOUNTS}
        said = PositionSaid(row["loan_id"], row["as_of"], **amounts, days_overdue=row["days_overdue"], reversal_of=payoff)
        key = f"{mapping.source}:{row['loan_id']}:{row['as_of'].isoformat()}"
        await desk.perform(by, Ask(Action.POST_POSITION, detail=said), key, "importPositions", nothing_more)
        meter.at(done)


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
    settled, cleared, reverses = (_instant(reading, s) for s in (mapping.settled_at, mapping.payoff_cleared_at, mapping.reverses))
    kind = reading.optional(mapping.payoff_kind)
    if kind is not None and kind not in set(PayoffKind):
        reading.fault(
            mapping.payoff_kind.column if mapping.payoff_kind else None, "UNKNOWN_VALUE", f"{values.shown(kind)} is no way to pay off"
        )
    _fits(reading, mapping, any(amount for amount in amounts if amount is not None), (settled, kind, cleared), reverses)
    return None if reading.faults else (reading.line, key, as_of, *amounts, days, settled, kind, cleared, reverses)


def _instant(reading: Reading, source: Value | None) -> datetime | None:
    return (
        None if source is None else reading.value(source.column, lambda text: values.instant(text, source.format), reading.optional(source))
    )


def _fits(reading: Reading, mapping: PositionMapping, owed: bool, payoff: tuple[Any, ...], reverses: datetime | None) -> None:
    """As `postLoanPosition` takes it: a payoff owes nothing and takes nothing back, and what takes one back owes something again."""
    for name, source, value in zip(PAYOFF, (mapping.settled_at, mapping.payoff_kind, mapping.payoff_cleared_at), payoff, strict=True):
        if value is not None and (owed or reverses is not None or payoff[0] is None):
            reading.fault(source.column if source else None, "NOT_ALLOWED", f"{name} of a loan that is not paid off")
    if reverses is not None and not owed:
        reading.fault(mapping.reverses.column if mapping.reverses else None, "NOT_ALLOWED", "a payoff is taken back, and nothing is owed")


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
            told |= {name: row[name] for name in PAYOFF if row[name] is not None}
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
    await _settle(current)


async def _settle(current: Import) -> None:
    settled = [row["id"] for row in await current.conn.raw.fetch(SETTLED)]
    for start in range(0, len(settled), BATCH_ROWS):
        some = settled[start : start + BATCH_ROWS]
        chains = await Chains.lock(current.conn, some)
        await current.conn.raw.execute(SETTLE, some)
        for loan in some:
            chains.note(loan, Tag.LOAN_CHANGED, subject=("loan", loan), by=current.by.staff_id, at=current.at, status=LoanStatus.SETTLED)
        await chains.write()
