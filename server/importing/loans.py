"""Loans from a CSV file: branches, products and customers that are missing, the loans, one event each."""

from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.importing import values
from server.importing.mapping import LoanMapping
from server.importing.report import ImportFailed, Meter, Summary
from server.importing.staging import Import, OnChange, Options, run
from server.importing.values import Reading
from server.personal import Keys, Kind, Personal, mask_identity
from storage.database import Database, Principal, touched

COLUMNS = (
    "line", "source_key", "number", "branch_code", "branch_name", "product_code", "product_name", "customer_id", "customer_name",
    "identity_index", "identity_cipher", "identity_number_masked", "principal_amount", "currency", "term_months", "annual_rate",
    "instalment_amount", "starts_on", "matures_on", "status", "classification", "source_hash",
)  # fmt: skip
TERMS = (
    "principal_amount", "currency", "term_months", "annual_rate", "instalment_amount", "starts_on", "matures_on", "status",
    "classification",
)  # fmt: skip
STAGE = """
create temp table import_loans (line bigint, source_key text, number text, branch_code text, branch_name text, product_code text,
  product_name text, customer_id uuid, customer_name text, identity_index bytea, identity_cipher bytea, identity_number_masked text,
  principal_amount numeric(18, 2), currency text, term_months integer, annual_rate numeric(9, 6), instalment_amount numeric(18, 2),
  starts_on date, matures_on date, status text, classification text, source_hash bytea) on commit drop;
create temp table import_loans_noted (id uuid, detail_number text, customer_id uuid, source_key text, source_hash bytea,
  principal_amount numeric(18, 2), currency text, status text) on commit drop;
"""
REPEATED = """
delete from import_loans s using (select line, first_value(line) over (partition by {column} order by line) as first from import_loans) d
where d.line = s.line and d.first <> s.line returning s.line, 'the same as on line ' || d.first as reason"""
TAKEN = """
delete from import_loans s using loans l where l.number = s.number and (l.source, l.source_key) is distinct from ($1, s.source_key)
returning s.line, 'the loan ' || s.number || ' is another one' as reason"""
NO_BRANCH = """
delete from import_loans s where not exists (select from org_units o where o.code = s.branch_code)
returning s.line, 'no branch has the code ' || s.branch_code as reason"""
NO_PRODUCT = """
delete from import_loans s where not exists (select from loan_products p where p.code = s.product_code)
returning s.line, 'no product has the code ' || s.product_code as reason"""
NEW_BRANCHES = """
insert into org_units (code, name, level, parent_id)
select distinct on (branch_code) branch_code, branch_name, 'BRANCH', $1::uuid from import_loans s
where not exists (select from org_units o where o.code = s.branch_code) order by branch_code, line returning id, code"""
NEW_PRODUCTS = """
insert into loan_products (code, name) select distinct on (product_code) product_code, product_name from import_loans s
where not exists (select from loan_products p where p.code = s.product_code) order by product_code, line returning id"""
SAME = "delete from import_loans s using loans l where l.source = $1 and l.source_key = s.source_key and l.source_hash = s.source_hash"
MOVED = """
delete from import_loans s using loans l, org_units o, loan_products p, customers c
where l.source = $1 and l.source_key = s.source_key and o.id = l.org_id and p.id = l.product_id and c.id = l.customer_id
  and (l.number, o.code, p.code, c.identity_index) is distinct from (s.number, s.branch_code, s.product_code, s.identity_index)
returning s.line, 'the loan ' || l.number || ' has another ' || concat_ws(', ', case when l.number <> s.number then 'number' end,
  case when o.code <> s.branch_code then 'branch' end, case when p.code <> s.product_code then 'product' end,
  case when c.identity_index <> s.identity_index then 'customer' end) || '; an import cannot change that' as reason"""
CHANGED = (
    "select s.line, l.number from import_loans s join loans l on l.source = $1 and l.source_key = s.source_key order by s.line limit 1"
)
KEEP = "delete from import_loans s using loans l where l.source = $1 and l.source_key = s.source_key"
CHANGES = f"""
select l.id, s.source_hash, {", ".join(f"l.{t} as old_{t}, s.{t}" for t in TERMS)}
from import_loans s join loans l on l.source = $1 and l.source_key = s.source_key order by l.id"""
UPDATE = f"""
update loans l set {", ".join(f"{t} = s.{t}" for t in TERMS)}, source_hash = s.source_hash
from import_loans s where l.source = $1 and l.source_key = s.source_key and l.id = any($2::uuid[])"""
NEW_CUSTOMERS = """
insert into customers (id, org_id, party_id, name, identity_index, identity_cipher, identity_number_masked, key_epoch)
select customer_id, org_id, party_for(identity_index), customer_name, identity_index, identity_cipher, identity_number_masked, $1 from (
  select distinct on (o.id, s.identity_index) s.*, o.id as org_id from import_loans s join org_units o on o.code = s.branch_code
  where not exists (select from customers c where c.org_id = o.id and c.identity_index = s.identity_index)
  order by o.id, s.identity_index, s.line) n"""
NEW_LOANS = f"""
with made as (
  insert into loans (org_id, number, customer_id, product_id, {", ".join(TERMS)}, source, source_key, source_hash)
  select o.id, s.number, c.id, p.id, {", ".join(f"s.{t}" for t in TERMS)}, $1, s.source_key, s.source_hash
  from import_loans s join org_units o on o.code = s.branch_code join loan_products p on p.code = s.product_code
    join customers c on c.org_id = o.id and c.identity_index = s.identity_index
  where not exists (select from loans l where l.source = $1 and l.source_key = s.source_key) order by s.line
  returning id, number, customer_id, source_key, source_hash, principal_amount, currency, status)
insert into import_loans_noted select * from made"""
HEAD_OFFICE = "select id from org_units where code = $1 or ($1::text is null and level = 'HEAD_OFFICE') order by (id = $2) desc, code"


async def import_loans(
    database: Database, by: Principal, keys: Keys, path: Path, mapping: LoanMapping, options: Options, meter: Meter
) -> Summary:
    """Imports the file; the summary says what came of each row."""

    async def work(current: Import) -> None:
        await current.conn.raw.execute(STAGE)
        personal = await Personal.load(current.conn, keys)
        await current.stage(path, "import_loans", COLUMNS, lambda reading: converted(reading, mapping, personal))
        await _drop_repeated(current, mapping)
        await _branches(current, mapping)
        await _products(current, mapping)
        await _known(current, mapping)
        await _new(current, mapping, personal)

    return await run(database, by, path, mapping, options, meter, work)


def converted(reading: Reading, mapping: LoanMapping, personal: Personal) -> tuple[Any, ...] | None:
    """The row as it goes into the staging table; None when something is wrong with it."""
    key = reading.value(mapping.key, lambda text: values.words(text, 100), reading.fields[mapping.key].strip())
    number = reading.filled(mapping.number, 60)
    branch, product = reading.filled(mapping.branch.code, 40), reading.filled(mapping.product.code, 60)
    branch_name = reading.filled(mapping.branch.name, 120) if mapping.branch.name else branch
    product_name = reading.filled(mapping.product.name, 120) if mapping.product.name else product
    name = reading.filled(mapping.customer.name, 120, private=True)
    identity = reading.filled(mapping.customer.identity, 60, private=True)
    terms = _terms(reading, mapping)
    if terms is None or reading.faults:
        return None
    index, customer = personal.index(Kind.IDENTITY, identity), uuid4()
    told = "\x1f".join(values.plain(value) for value in (number, branch, product, index.hex(), *terms))
    return (
        reading.line, key, number, branch, branch_name, product, product_name, customer, name, index,
        personal.seal("identity_cipher", customer, identity), mask_identity(identity), *terms, sha256(told.encode()).digest(),
    )  # fmt: skip


def _terms(reading: Reading, mapping: LoanMapping) -> tuple[Any, ...] | None:
    m = mapping
    amount = reading.value(m.principal.column, values.principal, reading.needed(m.principal))
    currency = reading.value(m.currency.column, values.currency, reading.needed(m.currency))
    months = reading.value(m.term_months.column, lambda text: values.count(text, 1, 600), reading.needed(m.term_months))
    rate = reading.value(m.annual_rate.column if m.annual_rate else None, values.rate, reading.optional(m.annual_rate))
    instalment = reading.value(m.instalment.column if m.instalment else None, values.money, reading.optional(m.instalment))
    starts = reading.value(m.starts_on.column, lambda text: values.day(text, m.starts_on.format), reading.needed(m.starts_on))
    matures = _matures(reading, mapping, starts, months)
    status, classification = reading.needed(m.status), reading.needed(m.classification)
    if reading.faults:
        return None
    return amount, currency, months, rate, instalment, starts, matures, _term(status), _term(classification)


def _matures(reading: Reading, mapping: LoanMapping, starts: date | None, months: int | None) -> date | None:
    if mapping.matures_on is None:
        return values.months_later(starts, months) if starts and months else None
    form = mapping.matures_on.format
    matures: date | None = reading.value(mapping.matures_on.column, lambda text: values.day(text, form), reading.needed(mapping.matures_on))
    if starts and matures and matures < starts:
        reading.fault(mapping.matures_on.column, "OUT_OF_RANGE", f"{matures} is before {starts}")
    return matures


def _term(text: str | None) -> str:
    assert text is not None, "a fault was noted"
    return text


async def _drop_repeated(current: Import, mapping: LoanMapping) -> None:
    numbers = ", ".join(mapping.number.columns)
    await current.drop(REPEATED.format(column="source_key"), column=mapping.key, code="DUPLICATE")
    await current.drop(REPEATED.format(column="number"), column=numbers, code="DUPLICATE")
    await current.drop(TAKEN, mapping.source, column=numbers, code="NUMBER_TAKEN")


async def _branches(current: Import, mapping: LoanMapping) -> None:
    if not mapping.branch.create_missing:
        await current.drop(NO_BRANCH, column=", ".join(mapping.branch.code.columns), code="UNKNOWN_BRANCH")
        return
    parent = await current.conn.raw.fetchval(HEAD_OFFICE, mapping.branch.parent, current.by.org_id)
    if parent is None:
        raise ImportFailed("UNKNOWN_BRANCH", f"no unit has the code {mapping.branch.parent}" if mapping.branch.parent else "no head office")
    made = await current.conn.raw.fetch(NEW_BRANCHES, parent)
    chains = await Chains.lock(current.conn, [row["id"] for row in made])
    for row in made:
        told = {"code": row["code"], "level": "BRANCH", "parent": parent}
        chains.note(row["id"], Tag.ORG_UNIT_CREATED, subject=("org_unit", row["id"]), by=current.by.staff_id, at=current.at, **told)
    await chains.write()
    current.summary.made["branches"] = len(made)


async def _products(current: Import, mapping: LoanMapping) -> None:
    if mapping.product.create_missing:
        current.summary.made["products"] = len(await current.conn.raw.fetch(NEW_PRODUCTS))
    else:
        await current.drop(NO_PRODUCT, column=", ".join(mapping.product.code.columns), code="UNKNOWN_PRODUCT")


async def _known(current: Import, mapping: LoanMapping) -> None:
    """Loans that are here already: the same, kept, changed, or an error."""
    raw, source, summary = current.conn.raw, mapping.source, current.summary
    summary.unchanged = touched(await raw.execute(SAME, source))
    await current.drop(MOVED, source, column="", code="NOT_CHANGEABLE")
    first = await raw.fetchrow(CHANGED, source)
    if first is None:
        return
    if current.options.on_change is OnChange.FAIL:
        raise ImportFailed("CHANGED", f"line {first['line']}: the loan {first['number']} is stored with other terms")
    if current.options.on_change is OnChange.KEEP:
        summary.kept = touched(await raw.execute(KEEP, source))
        return
    changes = await raw.fetch(CHANGES, source)
    current.meter.phase("changing", len(changes))
    chains = await Chains.lock(current.conn, [row["id"] for row in changes])
    await raw.execute(UPDATE, source, [row["id"] for row in changes])
    for row in changes:
        told = {t: [row[f"old_{t}"], row[t]] for t in TERMS if row[f"old_{t}"] != row[t]}
        _note(chains, current, Tag.LOAN_CHANGED, row["id"], source_hash=row["source_hash"].hex(), changed=told)
    await chains.write()
    summary.changed = len(changes)
    await raw.execute(KEEP, source)


async def _new(current: Import, mapping: LoanMapping, personal: Personal) -> None:
    await current.conn.raw.execute(NEW_CUSTOMERS, personal.epoch)
    total = touched(await current.conn.raw.execute(NEW_LOANS, mapping.source))
    current.summary.new, done = total, 0
    if not total:
        return
    current.meter.phase("writing history", total)
    async for batch in current.batches("select * from import_loans_noted order by id"):
        chains = await Chains.lock(current.conn, [row["id"] for row in batch])
        for row in batch:
            told = {name: row[name] for name in ("source_key", "principal_amount", "currency", "status")}
            told |= {"number": row["detail_number"], "customer": row["customer_id"], "source": mapping.source}
            _note(chains, current, Tag.LOAN_REGISTERED, row["id"], source_hash=row["source_hash"].hex(), **told)
        await chains.write()
        done += len(batch)
        current.meter.at(done)


def _note(chains: Chains, current: Import, tag: Tag, loan: UUID, **told: Any) -> None:
    chains.note(loan, tag, subject=("loan", loan), by=current.by.staff_id, at=current.at, **told)
