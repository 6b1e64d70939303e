"""Labels that can no longer be read: replaced by whoever has the paper in hand; C0, C17, C48."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

from server.custody.transitions.labels import IN_HAND
from storage.terms import Tier
from tests.model.plays import NotNow, Play, Spoil
from tests.model.plays.looking import quiet
from tests.model.plays.losses import being_counted
from tests.model.plays.spoiling import VERSION, first_record
from tests.model.stage import Stage, Try

HANDS = {Tier.FIRST: "kay", Tier.SECOND: "archivist"}
PLACE = """select coalesce(e.location_id, r.location_id) from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
  where r.id = $1"""


def _torn(stage: Stage) -> Iterator[Try]:
    for tier, states in IN_HAND.items():
        for state in states:
            for r in quiet(stage, tier, state)[:1]:
                told = {"recordId": f"record_{r['id']}", "reason": "标签撕裂", "expectedVersion": str(r["version"])}
                yield Try(HANDS[tier], "replaceBarcode", told)


def _the_other(_: Stage, right: Try) -> Try:
    """The archivist at the vault, a keeper at the shelf."""
    return right.but(next(who for who in HANDS.values() if who != right.who))


def _counted(stage: Stage, what: Try) -> AbstractContextManager[None]:
    place = stage.sql(PLACE, first_record(stage, what))
    if place is None:
        raise NotNow  # it lies nowhere
    return being_counted(stage, place)


PLAYS = (
    Play("replace a label", _torn, (
        VERSION,
        Spoil("a label is put on a paper by a keeper of the vault, on a volume by the archivist", _the_other),
        Spoil("no label is replaced while its place is counted: the count reads the one that was listed", world=_counted),
    )),
)  # fmt: skip
