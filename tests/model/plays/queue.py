"""Who waits for what somebody else has, and whose turn comes: C14, C23, part of F3 and S4; reservations past their time, F4."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import Purpose, Tier
from storage.terms import RecordState as S
from tests.harness.world import FINE, World
from tests.model import arranging
from tests.model.arranging import FIRST, KEEPERS, SECOND
from tests.model.plays import Play, Spoil
from tests.model.plays.looking import here, quiet
from tests.model.plays.spoiling import first_record, me, movement_is, now, row
from tests.model.stage import Job, Stage, Try

PURPOSES = {FIRST: Purpose.CERTIFICATE_CHANGE, SECOND: Purpose.AUDIT}
HEADS = {FIRST: ("head", "risk"), SECOND: ("head",)}
QUEUED = """select q.id, q.version, q.tier, array(select rank from approvals a where a.request_id = q.id) as given, r.state as record_state
  from access_requests q join request_lines l on l.request_id = q.id join archive_records r on r.id = l.record_id
  where q.org_id = $1 and q.queue and q.state = $2 and q.applicant_id = $3 and not is_on_hold(r.id) and cardinality(frozen_kinds(r.id)) = 0
  order by q.id desc"""


def _with_holder(stage: Stage, tier: Tier) -> list[Any]:
    """What is out, and for which nobody of LEGAL has asked yet."""
    asked = "select exists (select from access_requests q join request_lines l on l.request_id = q.id where l.record_id = $1 and q.state in ('SUBMITTED', 'WAITING'))"
    return [r for r in quiet(stage, tier, S.CHECKED_OUT) if not stage.sql(asked, r["id"])]


def _asks_to_wait(tier: Tier) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for r in _with_holder(stage, tier):
            yield Try("legal", "requestCheckout", {"recordIds": [f"record_{r['id']}"], "purpose": PURPOSES[tier].value, "queue": True})

    return offers


def _queued(tier: Tier) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for q in stage.look(QUEUED, here(stage), "SUBMITTED", me(stage, "legal")):
            if q["tier"] == tier.value and q["record_state"] == "CHECKED_OUT" and len(q["given"]) == len(HEADS[tier]) - 1:
                who = "risk" if tier is FIRST else "head"
                yield Try(who, "approveRequest", {"requestId": f"request_{q['id']}", "expectedVersion": str(q["version"])})

    return offers


async def _request(bank: World, record: UUID, tier: Tier, heads: int) -> UUID:
    asked = Ask(A.REQUEST_CHECKOUT, records=(record,), purpose=PURPOSES[tier], queue=True)
    request = UUID((await bank.done("legal", asked))["request"])
    for who in HEADS[tier][:heads]:
        await bank.done(who, Ask(A.APPROVE, request=request))
    return request


def _asked_for(tier: Tier) -> Callable[[World], Any]:
    """Out, and asked for by somebody who would wait; one approval is missing."""

    async def arrange(bank: World) -> None:
        await _request(bank, await arranging.out(tier)(bank), tier, len(HEADS[tier]) - 1)

    return arrange


def _awaited(tier: Tier) -> Callable[[World], Any]:
    """Brought back while somebody waits for it."""

    async def arrange(bank: World) -> UUID:
        made = await arranging.out(tier)(bank)
        await _request(bank, made, tier, len(HEADS[tier]))
        await bank.presented([made], tier=tier)
        return made

    return arrange


def _waits(stage: Stage, record: UUID) -> bool:
    return bool(stage.sql("select exists (select from access_requests q join request_lines l on l.request_id = q.id where l.record_id = $1"
                          " and q.state = 'WAITING')", record))  # fmt: skip


def _accepts_volume(stage: Stage) -> Iterator[Try]:
    names = {"numbers_match": "numbersMatch", "pages_match": "pagesMatch", "seal_intact": "sealIntact", "no_alterations": "noAlterations",
             "no_damage": "noDamage"}  # fmt: skip
    for r in quiet(stage, SECOND, S.RETURN_PENDING):
        if _waits(stage, r["id"]):
            found = {"recordId": f"record_{r['id']}", "pagesCounted": r["pages"] or 1, **{names[k]: v for k, v in FINE.items()}}
            yield Try("archivist", "acceptReturn", {"inspections": [found]})


async def _accepts_paper(bank: World) -> None:
    """Everybody but the clerk sits, while somebody waits for the paper."""
    made = await _awaited(FIRST)(bank)
    ask = Ask(A.ACCEPT_RETURN, records=(made,), inspections=bank.inspected([made]))
    await bank.seated(ask, KEEPERS[:-1])


def _last_seat(stage: Stage) -> Iterator[Try]:
    pending = "select o.id, o.record_ids[1] as record from operations o where o.org_id = $1 and action = 'ACCEPT_RETURN' and state = 'PENDING' and expires_at > $2" \
              " and (select count(*) from operation_seats s where s.operation_id = o.id) = 2 order by o.id desc"  # fmt: skip
    for o in stage.rows(pending, here(stage), now(stage)):
        if _waits(stage, o["record"]):
            yield Try("clerk", "confirmOperation", {"operationId": f"operation_{o['id']}", "seat": "CLERK"})


# Whoever waits goes first -------------------------------------------------------------------------------------------------------
def _last_approval(stage: Stage) -> Iterator[Try]:
    rows = stage.look(
        "select q.id, q.version, l.record_id from access_requests q join request_lines l on l.request_id = q.id join archive_records r on r.id = l.record_id"
        " where q.org_id = $1 and q.state = 'SUBMITTED' and q.kind = 'CHECKOUT' and q.tier = 'SECOND' and not q.queue and q.applicant_id = $2"
        " and r.state = 'FILED' and not is_on_hold(r.id) and cardinality(frozen_kinds(r.id)) = 0 and not exists (select from movements m"
        " where m.record_id = r.id and m.closed_at is null) order by q.id desc", here(stage), me(stage, "legal_two"),
    )  # fmt: skip
    for q in rows:
        yield Try("head", "approveRequest", {"requestId": f"request_{q['id']}", "expectedVersion": str(q["version"])})


async def _to_approve(bank: World) -> None:
    await bank.requests([await arranging.MAKE[SECOND, S.FILED](bank)], by="legal_two", tier=SECOND)


@contextmanager
def _somebody_waits(stage: Stage, what: Try) -> Iterator[None]:
    """A request of B waits for it."""
    b, at, record, request = stage.bank.branches["B"].id, now(stage), first_record(stage, what), uuid4()
    made = row(stage, "access_requests", id=request, org_id=b, kind="CHECKOUT", tier="SECOND", purpose="AUDIT", applicant_id=me(stage, "legal_b"),
               reader_id=me(stage, "legal_b"), state="WAITING", queue=True, queued_at=at, submitted_at=at, decided_at=at)  # fmt: skip
    with made, row(stage, "request_lines", request_id=request, record_id=record):
        yield


def _prolongs(stage: Stage) -> Iterator[Try]:
    for r in quiet(stage, SECOND, S.CHECKED_OUT):
        m = stage.rows("select due_at, extensions, recalled_at, claimed_at from movements where id = $1", r["movement"])[0]
        asked = stage.sql("select exists (select from access_requests where extends_id = $1 and state = 'SUBMITTED')", r["movement"])
        fresh = (
            m["due_at"] > now(stage) + timedelta(hours=1) and m["extensions"] == 0 and m["recalled_at"] is None and m["claimed_at"] is None
        )
        if r["holder_id"] == me(stage, "officer") and fresh and not asked and not _waits(stage, r["id"]):
            yield Try(
                "officer",
                "requestExtension",
                {"checkoutId": f"checkout_{r['movement']}", "dueOn": str(stage.bank.due(4)), "reason": "尚未办结"},
            )


def _called_back(stage: Stage, what: Try) -> AbstractContextManager[None]:
    checkout = UUID(what.input["checkoutId"].removeprefix("checkout_"))
    record = stage.sql("select record_id from movements where id = $1", checkout)
    asked = what.but(recordIds=[f"record_{record}"])
    return movement_is(recalled_at=lambda at: at, recalled_by=lambda _: me(stage, "archivist"), recall_reason=lambda _: "他人急用")(
        stage, asked
    )


# Past their time ----------------------------------------------------------------------------------------------------------------
def _lapsed(tier: Tier) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for r in quiet(stage, tier, S.RESERVED):
            if stage.sql("select lapses_at < $2 from movements where id = $1", r["movement"], now(stage)):
                ask = Ask(A.LAPSE, records=(r["id"],))
                yield Job("core", "LAPSE", {"recordIds": [f"record_{r['id']}"]}, ask)

    return offers


def _left_lying(tier: Tier) -> Callable[[World], Any]:
    """Reserved long ago, and never fetched."""

    async def arrange(bank: World) -> None:
        made = await arranging.MAKE[tier, S.RESERVED](bank)
        await bank.past_the_triggers(f"update movements set reserved_at = reserved_at - interval '30 days', lapses_at = lapses_at - interval '30 days'"
                                     f" where record_id = '{made}' and closed_at is null")  # fmt: skip

    return arrange


NOBODY = "nobody else waits for the record, and its holder was not asked for it back"
PLAYS = (
    *(
        play for tier in Tier for play in (
            Play(f"ask to wait: {tier}", _asks_to_wait(tier), (), arranging.MAKE[tier, S.CHECKED_OUT]),
            Play(f"approve that they wait: {tier}", _queued(tier), (), _asked_for(tier)),
            Play(f"tidy a reservation: {tier}", _lapsed(tier), (
                Spoil("only a reservation past its time is tidied", world=movement_is(lapses_at=lambda at: at + timedelta(days=1))),
            ), _left_lying(tier)),
        )
    ),
    Play("accept a volume that somebody waits for", _accepts_volume, (), _awaited(SECOND)),
    Play("accept a paper that somebody waits for", _last_seat, (), _accepts_paper),
    Play("approve while nobody waits", _last_approval, (Spoil("nobody waits for the record", world=_somebody_waits),), _to_approve),
    Play("prolong while nobody waits", _prolongs, (Spoil(NOBODY, world=_called_back),), arranging.MAKE[SECOND, S.CHECKED_OUT]),
)  # fmt: skip
