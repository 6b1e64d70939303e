"""What belongs to a contract, so that what is handed out about it names nothing of another one.

An id is let through when it is known to be the contract's own, or nobody's: staff, units, places, parameters. Every other id is taken
for another contract's, whatever it is: what nobody thought of is withheld, not told. Requests, operations, handovers, stocktakes and
lists that name a record of the contract are its own; what else they name is not.

Numbers stand in free text, so they are looked for the other way round: whatever stands in the text, with whatever strokes, and is somebody's.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase, digits
from typing import Any
from uuid import UUID

import asyncpg

ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
STROKES = re.compile(r"[\s!-/:-@\[-`{-~·、。〈〉《》「」『』【】〔〕〖〗“”‘’…—～№]+")  # what search leaves out too
NO_NUMBER = re.compile(r"\d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-][0-9:]+)?)?|[0-9a-f]{64}|-?\d+\.\d+", re.ASCII)  # a time, a hash, an amount
NUMBER_MIN, NUMBER_MAX = 4, 64  # characters, without strokes
CAPITALS = {ord(c): c.upper() for c in ascii_lowercase}

_KIN = """
with loan as (select loan_id as id from loan_contracts where contract_id = $1),
  record as (select id from archive_records where primary_loan_id in (select id from loan)),
  thing as (select collateral_id as id from loan_collateral where loan_id in (select id from loan)),
  certificate as (select c.id from collateral_certificates c where c.collateral_id in (select id from thing)
    and not exists (select from archive_records r where r.certificate_id = c.id and r.primary_loan_id not in (select id from loan))),
  customer as (select c.id, c.party_id from customers c where c.id in (select customer_id from loans where id in (select id from loan)
    union select owner_id from collateral where id in (select id from thing))),
  item as (select id from file_items
    where record_id in (select id from record) and (contract_id is null or contract_id = $1)),
  movement as (select id, request_id, operation_id, exit_operation_id, entry_operation_id from movements
    where record_id in (select id from record)),
  request as (select request_id as id from request_lines where record_id in (select id from record)
    union select request_id from movement union select id from access_requests where extends_id in (select id from movement)),
  told as (select $1::uuid as id union select id from record union select id from item union select id from certificate
    union select id from events where chain_id in (select id from loan) and (subject_kind <> 'contract' or subject_id = $1)
    union select id from events where record_id in (select id from record)),
  corrected as (select id from corrections where subject_id in (select id from told)),
  operation as (select id from operations where record_ids && array(select id from record)
      and (action <> 'CORRECT' or (ask->'detail'->>'subject')::uuid in (select id from told))
    union select id from corrected
    union select id from contract_amendments where contract_id = $1
    union select operation_id from movement union select exit_operation_id from movement union select entry_operation_id from movement
    union select id from operations where request_id in (select id from request)),
  envelope as (select envelope_id as id from archive_records where id in (select id from record)
    union select e.id from sealed_envelopes e where e.collateral_id in (select id from thing)
      and not exists (select from archive_records r where r.envelope_id = e.id and r.primary_loan_id not in (select id from loan))),
  tied as (select l.id, l.dealer_id, c.party_id, r.created_at from archive_records r join loan_collateral x on x.collateral_id = r.collateral_id
    join loans l on l.id = x.loan_id join customers c on c.id = l.customer_id where r.id in (select id from record)),
  reported as (select id from discrepancies where record_id in (select id from record) or item_id in (select id from item)),
  listed as (select stocktake_id as id from stocktake_lines where record_id in (select id from record)
      or envelope_id in (select id from envelope)),
  line as (select handover_id, shipment_id from handover_lines where record_id in (select id from record)),
  own as (select id, subject_kind, subject_id from scans where record_id in (select id from record)
      or subject_id in (select id from request union select id from operation union select handover_id from line
        union select id from releases where request_id in (select id from request)))
"""
# Chains of loans tell of all contracts of a loan; a cause in the chain of another loan is another contract's.
IDS = f"""{_KIN}
select id from loan union select id from record union select id from thing union select id from certificate union select id from customer
union select party_id from customer union select id from item union select id from movement union select id from request
union select id from operation union select id from envelope union select id from reported union select id from listed
union select handover_id from line union select shipment_id from line
union select id from own where subject_kind <> 'FILE_ITEM' or subject_id in (select id from item)
union select id from contract_element_checks where contract_id = $1
union select id from contract_amendments where contract_id = $1
union select id from loan_positions where loan_id in (select id from loan)
union select id from loan_classifications where loan_id in (select id from loan)
union select id from collateral_valuations where collateral_id in (select id from thing)
union select id from tickets where operation_id in (select id from operation)
union select id from holds where record_id in (select id from record) or loan_id in (select id from loan)
  or collateral_id in (select id from thing) or party_id in (select party_id from customer)
  or dealer_id in (select dealer_id from loans where id in (select id from loan))
union select h.id from tied t join holds h on (h.lifted_at is null or h.lifted_at > t.created_at)  -- it kept a paper of the contract (C16)
  and (h.loan_id = t.id or h.party_id = t.party_id or h.dealer_id = t.dealer_id)
union select batch_id from disposal_lines where record_id in (select id from record)
union select id from loss_cases where record_id in (select id from record)
union select id from off_balance_entries where record_id in (select id from record)
union select id from bailee_letters where request_id in (select id from request)
union select id from releases where request_id in (select id from request)
union select id from settlement_notices where loan_id in (select id from loan)
union select id from registry_checks where record_id in (select id from record)
union select id from intake_receipts where operation_id in (select id from operation)
union select id from emergency_reviews where operation_id in (select id from operation)
union select id from return_claims where movement_id in (select id from movement)
union select id from return_inspections where record_id in (select id from record)
union select id from inspection_reports where loan_id in (select id from loan)
union select id from overrides where record_id in (select id from record)
union select subject_ids[1] from access_log where subject_ids @> array[$1::uuid] and action = 'issueExportLink'  -- exports of it, anybody's
union select id from events where chain_id in (select id from loan) and (subject_kind <> 'contract' or subject_id = $1)
union select subject_id from events where chain_id in (select id from loan) and subject_kind in ('operation', 'request', 'hold', 'case', 'ticket',
  'envelope', 'handover', 'stocktake', 'release', 'notice', 'off_balance_entry')
  and not exists (select from operations o where o.id = events.subject_id and o.action = 'CORRECT'
    and (o.ask->'detail'->>'subject')::uuid not in (select id from told))
union select e.id from events e join chains c on c.id = e.chain_id and c.kind <> 'LOAN'
  where e.id in (select cause_id from events where chain_id in (select id from loan))
"""
NUMBERS = f"""{_KIN}
select number from contracts where id = $1 union select number from loans where id in (select id from loan)
union select archive_no from archive_records where id in (select id from record)
union select labels_of(array(select id from record union select id from envelope))  -- the retired ones too
union select seal_no from seals where envelope_id in (select id from envelope)
union select number from collateral_certificates where id in (select id from certificate)
union select unnest(array[vin, engine_no, plate_no]) from collateral where id in (select id from thing)
union select old_value from corrections where subject_id in (select id from told)
union select number from contract_amendments where contract_id = $1
"""
NOBODYS = """select id from staff where id = any($1) union select id from org_units where id = any($1)
  union select id from storage_locations where id = any($1) union select id from policy_parameters where id = any($1)
  union select id from loan_products where id = any($1) union select id from dealers where id = any($1)"""
TAKEN = "select numbers_in($1::text[])"
SCANS = f"""{_KIN}
select s.id, s.subject_kind, s.subject_id, s.scan_version, s.title, s.media_type, s.sha256, s.size_bytes, s.pages, s.status, s.stored_at,
  s.registered_at, s.object_key, f.version_id, o.version_id as second_version_id,
  case s.subject_kind when 'REQUEST' then exists (select from request_lines where request_id = s.subject_id and record_id not in (select id from record))
    when 'RELEASE' then exists (select from request_lines x join releases e on e.request_id = x.request_id
      where e.id = s.subject_id and x.record_id not in (select id from record))
    when 'OPERATION' then not (select record_ids <@ array(select id from record) from operations where id = s.subject_id)
    when 'HANDOVER' then exists (select from handover_lines where handover_id = s.subject_id and record_id not in (select id from record))
    else false end as is_shared
from scans s left join scan_copies f on f.scan_id = s.id and f.place = 'FIRST' left join scan_copies o on o.scan_id = s.id and o.place = 'SECOND'
where s.id in (select id from own where subject_kind <> 'FILE_ITEM' or subject_id in (select id from item)) and s.registered_at <= $2
order by s.registered_at, s.id
"""


@dataclass
class Kin:
    """The ids and numbers of one contract, as somebody sees them; `learn` first what else the texts name."""

    ids: frozenset[str]
    numbers: frozenset[str]  # plain
    nobodys: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)  # plain too, of others, in one of the texts

    @classmethod
    async def of(cls, conn: "asyncpg.Connection[Any]", contract: UUID) -> "Kin":
        """Everything that is this contract's."""
        ids = {str(row["id"]) for row in await conn.fetch(IDS, contract)} | {str(contract)}
        return cls(frozenset(ids), frozenset(_plain(_level(row[0])) for row in await conn.fetch(NUMBERS, contract) if row[0]))

    async def learn(self, conn: "asyncpg.Connection[Any]", told: Iterable[Any]) -> None:
        """Looks up what is named and the contract does not know: what is nobody's, and which numbers somebody has."""
        unknown, begins = set[str](), set[str]()
        for text in _texts(told):
            unknown |= {found.lower() for found in ID.findall(text)} - self.ids - self.nobodys
            begins |= _begins(text)
        if unknown:
            self.nobodys |= {str(row["id"]) for row in await conn.fetch(NOBODYS, [UUID(id_) for id_ in unknown])}
        if begins:
            self.taken |= {row[0] for row in await conn.fetch(TAKEN, sorted(begins))} - self.numbers

    def strange(self, told: Any) -> bool:
        """Whether a text, or one within, names something that is not the contract's."""
        for text in _texts(told):
            ids = {found.lower() for found in ID.findall(text)}
            if ids - self.ids - self.nobodys or self._names(text):
                return True
        return False

    def _names(self, text: str) -> bool:
        """Whether a number of somebody else stands in it, however it is written, and not only as a part of one of the contract's own."""
        if not self.taken or NO_NUMBER.fullmatch(text):
            return False
        level = _level(text)
        plain = _plain(level)
        found = [span for number in self.taken if number in plain for span in _spans(number, level)]
        if not found:
            return False
        own = [span for number in self.numbers if number and number in plain for span in _spans(number, level)]
        return any(not any(begin <= start and stop <= end for begin, end in own) for start, stop in found)

    def known(self, id_: UUID | None) -> bool:
        """Whether the id may be told."""
        return id_ is not None and not self.strange(str(id_))

    def part_of(self, told: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The members that name nothing strange, and the names of those that do."""
        withheld = sorted(name for name, value in told.items() if self.strange(value))
        return {name: value for name, value in told.items() if name not in withheld}, withheld


def _texts(told: Any) -> Iterator[str]:
    """Each text within, and each name of a member."""
    if isinstance(told, str | UUID):
        yield str(told)
    elif isinstance(told, Mapping):
        for name, value in told.items():
            yield str(name)
            yield from _texts(value)
    elif isinstance(told, Iterable):
        for value in told:
            yield from _texts(value)


def _level(text: str) -> str:
    """Full width made half, capitals, and no ids."""
    return unicodedata.normalize("NFKC", ID.sub(" ", text)).translate(CAPITALS)


def _plain(level: str) -> str:
    """As search compares it."""
    return STROKES.sub("", level)


def _begins(text: str) -> set[str]:
    """What a number may be at the beginning of: from each character of the text on, but from within a run of digits."""
    if NO_NUMBER.fullmatch(text):
        return set()
    level, found = _level(text), set[str]()
    for at, character in enumerate(level):
        if STROKES.match(character) or (at and character in digits and level[at - 1] in digits):
            continue
        begin = _plain(level[at : at + 2 * NUMBER_MAX])[:NUMBER_MAX]
        if len(begin) >= NUMBER_MIN and any(c in digits for c in begin):
            found.add(begin)
    return found


def _spans(number: str, level: str) -> list[tuple[int, int]]:
    """Where it stands, with whatever strokes; a run of digits is not cut in two."""
    before, after = (r"(?<![0-9])" if number[0] in digits else ""), (r"(?![0-9])" if number[-1] in digits else "")
    return [found.span() for found in re.finditer(before + f"{STROKES.pattern[:-1]}*".join(map(re.escape, number)) + after, level)]
