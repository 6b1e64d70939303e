"""Labels: who replaces one and when, and what PostgreSQL refuses as a label."""

from dataclasses import replace
from uuid import UUID

from server.custody.labels import label
from server.custody.moves import Ask, Move
from storage.terms import Action as A
from storage.terms import LabelKind, Role, Tier
from tests.custody.attacking import Attack, Step, twin
from tests.custody.breaking import Break
from tests.custody.chapters.stocktakes import opened
from tests.custody.examples import ANN, person
from tests.harness.world import World

HANDS = {Tier.FIRST: Role.VAULT_KEEPER_KEY, Tier.SECOND: Role.ARCHIVIST}
PUT_ON, PLACE = (
    "a label is put on a paper by a keeper of the vault, on a volume by the archivist",
    "no label is replaced while its place is counted: the count reads the one that was listed",
)


def _in_hand(m: Move) -> Move:
    return replace(m, by=person(ANN, HANDS[m.record.tier]), ask=replace(m.ask, reason="标签撕裂"))


ADJUST = {A.REPLACE_BARCODE: _in_hand}
BREAKS = (
    *(Break(PUT_ON, A.REPLACE_BARCODE, tier, lambda m: {"by": person(ANN, next(r for t, r in HANDS.items() if t is not m.record.tier))})
      for tier in Tier),
    Break(PLACE, A.REPLACE_BARCODE, Tier.FIRST, lambda m: {"frozen": frozenset({"COUNT"})}),
)  # fmt: skip


# By SQL ------------------------------------------------------------------------------------------------------------------
async def printed(bank: World, kind: LabelKind = LabelKind.PAPER) -> str:
    return label(kind, await bank.sql("select nextval('barcode_numbers')"))


def puts_on(record: UUID, code: str) -> Step:
    return ("update archive_records set barcode = $2 where id = $1", record, code)


@twin("tg_archive_records_c15_label")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    await bank.done("kay", Ask(A.REPORT_MISSING, records=tuple(papers), reason="库内未见"))
    return Attack("kay", (puts_on(papers[0], await printed(bank)),))


@twin("tg_archive_records_c17_label")
async def _(bank: World) -> Attack:
    _, papers, _ = await opened(bank)
    return Attack("kay", (puts_on(papers[0], await printed(bank)),))


@twin("tg_archive_records_c48_label")
async def _(bank: World) -> Attack:
    """Back to the label that was retired."""
    papers = await bank.papers()
    old = await bank.sql("select barcode from archive_records where id = $1", papers[0])
    await bank.done("kay", Ask(A.REPLACE_BARCODE, records=tuple(papers), reason="标签撕裂"))
    return Attack("kay", (puts_on(papers[0], old),))
