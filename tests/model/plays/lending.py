"""Lending of both tiers, reading, returns: F3 to F9, S3 to S5."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from server.custody.policy import ranks
from storage.terms import Purpose, Role, Tier
from tests.harness.world import FINE
from tests.model import arranging
from tests.model.plays import Change, NotNow, Play, Spoil, World
from tests.model.plays.spoiling import (
    FROZEN,
    HOLD,
    INTEREST,
    OFF_DUTY,
    OVERDUE,
    PENDING,
    SERVICE,
    STEP,
    VERSION,
    by,
    changed,
    first_record,
    given,
    me,
    movement_is,
    now,
    request_is,
    row,
    soon,
    taken,
    without,
)  # fmt: skip
from tests.model.stage import Stage, Try

APPROVERS = {Role.CREDIT_DEPT_HEAD: "head", Role.RISK_HEAD: "risk", Role.VICE_PRESIDENT: "vice"}
PURPOSES = {"FIRST": Purpose.CERTIFICATE_CHANGE, "SECOND": Purpose.AUDIT}
IDLE = """select r.id, r.tier, r.barcode from archive_records r where r.org_id = any($1) and r.custody_org_id = r.org_id and r.state = any($2)
  and not exists (select from movements m where m.record_id = r.id and m.closed_at is null)
  and not exists (select from access_requests q join request_lines l on l.request_id = q.id where l.record_id = r.id and q.state in ('SUBMITTED', 'WAITING'))
  and not is_on_hold(r.id) and cardinality(frozen_kinds(r.id)) = 0
  and (r.envelope_id is null or not exists (select from archive_records x where x.envelope_id = r.envelope_id and x.id <> r.id))
  and r.id <> all ($3) order by r.id"""
LATE_HOLDER = """select exists (select from movements m where m.holder_id = $1 and m.closed_at is null and m.returned_at is null
  and m.due_at < now() + $2)"""
REQUESTS = """select q.id, q.kind, q.tier, q.purpose, q.version, r.id as record, r.barcode, r.state as record_state,
  exists (select from movements m where m.record_id = r.id and m.closed_at is null) as busy,
  array(select rank from approvals a where a.request_id = q.id) as given from access_requests q join request_lines l on l.request_id = q.id
  join archive_records r on r.id = l.record_id where q.org_id = any($1) and q.state = $2 and q.applicant_id = $3
  and r.custody_org_id = r.org_id
  and not is_on_hold(r.id) and cardinality(frozen_kinds(r.id)) = 0
  and not exists (select from movements m where m.holder_id = $3 and m.closed_at is null and m.returned_at is null and m.due_at < now() + $4)
  order by q.id"""

RECORDS = 3  # of each tier, ready to be asked for


def lay_in(stage: Stage) -> None:
    """Papers and volumes for those that went missing or left for good."""
    if len(idle(stage, "IN_VAULT")) < RECORDS:
        stage.run(stage.bank.papers())
    if len(idle(stage, "FILED")) < RECORDS:
        stage.run(stage.bank.volumes())


def idle(stage: Stage, *states: str) -> list[Any]:
    """Records of branch A that nothing keeps from being asked for."""
    return stage.rows(IDLE, stage.ours()[:1], list(states), list(stage.kept))


def free(stage: Stage, *states: str) -> list[Any]:
    """The same, while the officer may ask."""
    late = stage.sql(LATE_HOLDER, me(stage, "officer"), stage.bank.desk.shift)
    return [] if late else idle(stage, *states)


def requests(stage: Stage, state: str) -> list[Any]:
    return stage.rows(REQUESTS, stage.ours(), state, me(stage, "officer"), stage.bank.desk.shift)


# Requests ------------------------------------------------------------------------------------------------------------------
def asked(mutation: str, *states: str) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for r in free(stage, *states):
            yield Try("officer", mutation, {"recordIds": [f"record_{r['id']}"], "purpose": PURPOSES[r["tier"]].value})

    return offers


def _half(stage: Stage, right: Try) -> Try | None:
    """One paper of an envelope that holds two."""
    found = stage.rows(
        "select r.envelope_id, min(r.id::text) as paper from archive_records r where r.org_id = $1 group by 1 having count(*) > 1"
        " and bool_and(r.state = 'IN_VAULT' and cardinality(frozen_kinds(r.id)) = 0 and not is_on_hold(r.id)) limit 1", stage.ours()[0],
    )  # fmt: skip
    return right.but(recordIds=[f"record_{found[0]['paper']}"], purpose="CERTIFICATE_CHANGE") if found else None


def _approvals(stage: Stage) -> Iterator[Try]:
    for q in requests(stage, "SUBMITTED"):
        if q["record_state"] not in (("CHECKED_OUT",) if q["kind"] == "EXTENSION" else ("IN_VAULT", "FILED")):
            continue
        if q["kind"] != "EXTENSION" and q["busy"]:
            continue
        for rank in sorted(ranks(Tier(q["tier"]), Purpose(q["purpose"])) - {Role(g) for g in q["given"]})[:1]:
            yield Try(APPROVERS[rank], "approveRequest", {"requestId": f"request_{q['id']}", "expectedVersion": str(q["version"])})


def _rejections(stage: Stage) -> Iterator[Try]:
    for q in requests(stage, "SUBMITTED")[2:]:
        yield Try("head", "rejectRequest", {"requestId": f"request_{q['id']}", "expectedVersion": str(q["version"]), "reason": "理由不足"})


def _cancellations(stage: Stage) -> Iterator[Try]:
    for state in ("SUBMITTED", "APPROVED"):
        for q in requests(stage, state)[2:]:
            yield Try(
                "officer", "cancelRequest", {"requestId": f"request_{q['id']}", "expectedVersion": str(q["version"]), "reason": "不需要了"}
            )


def _unused(tier: str) -> Callable[[Stage], Iterator[Try]]:
    """A reservation of which nothing comes."""

    def offers(stage: Stage) -> Iterator[Try]:
        for q in requests(stage, "APPROVED"):
            free_ = stage.sql("select operation_id is null from movements where record_id = $1 and closed_at is null", q["record"])
            if q["tier"] == tier and q["record_state"] == "RESERVED" and q["kind"] == "CHECKOUT" and free_:
                yield Try(
                    "officer",
                    "cancelRequest",
                    {"requestId": f"request_{q['id']}", "expectedVersion": str(q["version"]), "reason": "不需要了"},
                )

    return offers


def lettered(stage: Stage, request: UUID) -> bool:
    return bool(stage.sql("select exists (select from bailee_letters where request_id = $1)", request))


def _letters(stage: Stage) -> Iterator[Try]:
    day = now(stage).date()
    for q in requests(stage, "APPROVED"):
        if q["kind"] == "CHECKOUT" and q["tier"] == "FIRST" and q["record_state"] == "RESERVED" and not lettered(stage, q["id"]):
            yield Try("officer", "registerBaileeLetter", {
                "requestId": f"request_{q['id']}", "letterNo": f"M{q['id'].hex[-12:]}", "kind": "REGISTRY", "bailee": "市车辆管理所",
                "signedOn": str(day), "returnBy": str(day + timedelta(days=30))})  # fmt: skip


def checkouts(tier: str) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for q in requests(stage, "APPROVED"):
            idle = "select operation_id is null and lapses_at > $2 from movements where record_id = $1 and closed_at is null"
            ready = q["kind"] == "CHECKOUT" and q["tier"] == tier and stage.sql(idle, q["record"], now(stage))
            if ready and (tier == "SECOND" or lettered(stage, q["id"])):
                due = soon(stage, 2)
                yield Try(
                    "kay" if tier == "FIRST" else "archivist", "checkOut",
                    {"requestId": f"request_{q['id']}", "barcodes": [q["barcode"]], "dueOn": due},
                )  # fmt: skip

    return offers


def approved_by(who: str) -> World:
    def world(stage: Stage, what: Try) -> AbstractContextManager[None]:
        request = UUID(what.input["requestId"].removeprefix("request_"))
        id_ = stage.sql("select id from approvals where request_id = $1 order by rank limit 1", request)
        return changed(stage, "approvals", id_, approver_id=me(stage, who))

    return world


def _unapproved(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return without(stage, "approvals", "request_id = $1", UUID(what.input["requestId"].removeprefix("request_")))


LEAVING = (
    HOLD, FROZEN, OVERDUE, STEP, PENDING,
    Spoil("every rank of the matrix has approved", world=_unapproved),
    Spoil("the reservation has not lapsed", world=movement_is(lapses_at=lambda at: at - timedelta(minutes=1))),
)  # fmt: skip
OUT = (
    *LEAVING, SERVICE,
    Spoil("a due day is named", given(dueOn=None)),
    Spoil("the due instant is after now and within the purpose's term", lambda s, right: right.but(dueOn=soon(s, 80))),
    Spoil("the request is of the kind of the act", world=request_is(kind="READ_ON_SITE")),
)  # fmt: skip


# Back ----------------------------------------------------------------------------------------------------------------------------
def out(stage: Stage, state: str) -> list[Any]:
    return stage.rows(
        "select r.id, r.tier, r.barcode, m.id as movement, m.due_at, m.extensions, s.username, m.kind from archive_records r"
        " join movements m on m.record_id = r.id and m.closed_at is null join staff s on s.id = m.holder_id where r.org_id = any($1)"
        " and r.state = $2 and m.operation_id is null and m.claimed_at is null and r.id <> all ($3) order by r.id",
        stage.ours(), state, list(stage.kept),
    )  # fmt: skip


def _presented(stage: Stage) -> Iterator[Try]:
    for r in out(stage, "CHECKED_OUT"):
        if r["username"] == stage.bank.people["officer"].staff_no:
            given_ = {"barcodes": [r["barcode"]], "broughtById": f"staff_{me(stage, 'officer')}"}
            yield Try("kay" if r["tier"] == "FIRST" else "archivist", "presentReturn", given_)


def _the_other(_: Stage, right: Try) -> Try:
    """The archivist at the vault, a keeper at the shelf."""
    return right.but("archivist" if right.who == "kay" else "kay")


def _to_oneself(stage: Stage, right: Try) -> Try:
    return right.but(broughtById=f"staff_{me(stage, right.who)}")


def _of_the_keeper(stage: Stage, what: Try) -> AbstractContextManager[None]:
    """Whoever receives is the holder."""
    return movement_is(holder_id=me(stage, what.who))(stage, what)


def finding(stage: Stage, record: UUID, **found: Any) -> dict[str, Any]:
    names = {"numbers_match": "numbersMatch", "pages_match": "pagesMatch", "seal_intact": "sealIntact", "no_alterations": "noAlterations",
             "no_damage": "noDamage"}  # fmt: skip
    pages = stage.sql("select pages from archive_records where id = $1", record)
    return {"recordId": f"record_{record}", "pagesCounted": pages, **{names[k]: v for k, v in FINE.items()}, **found}


def _accepted(stage: Stage) -> Iterator[Try]:
    for r in out(stage, "RETURN_PENDING"):
        yield Try("kay" if r["tier"] == "FIRST" else "archivist", "acceptReturn", {"inspections": [finding(stage, r["id"])]})


def _refused(tier: str, **found: Any) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for r in out(stage, "RETURN_PENDING"):
            if r["tier"] == tier:
                who = "kay" if tier == "FIRST" else "archivist"
                yield Try(who, "rejectReturn", {"inspections": [finding(stage, r["id"], numbersMatch=False, findings="号码不符", **found)]})

    return offers


def worse(**found: Any) -> Change:
    return lambda _, right: right.but(inspections=[{**i, **found} for i in right.input["inspections"]])


MISCOUNTED = Spoil("as many pages were counted as the register has, except of a certificate that came back changed", worse(pagesCounted=99))


def _readings(stage: Stage) -> Iterator[Try]:
    for q in requests(stage, "APPROVED"):
        if q["kind"] == "READ_ON_SITE" and q["record_state"] == "RESERVED":
            yield Try("archivist", "startReading", {"requestId": f"request_{q['id']}"})


def _read(stage: Stage) -> Iterator[Try]:
    for r in out(stage, "READING"):
        yield Try("archivist", "endReading", {"recordIds": [f"record_{r['id']}"]})


def _extensions(tier: str) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for r in out(stage, "CHECKED_OUT"):
            asked = stage.sql("select exists (select from access_requests where extends_id = $1 and state = 'SUBMITTED')", r["movement"])
            mine = r["username"] == stage.bank.people["officer"].staff_no
            if mine and not asked and r["tier"] == tier and r["extensions"] == 0 and r["due_at"] > now(stage) + timedelta(hours=1):
                about = {"checkoutId": f"checkout_{r['movement']}", "dueOn": soon(stage, 4), "reason": "尚未办结"}
                yield Try("officer", "requestExtension", about)

    return offers


def _short_letter(stage: Stage, what: Try) -> AbstractContextManager[None]:
    """The letter promises the return by yesterday."""
    letter = stage.sql("select id from bailee_letters where request_id = $1", UUID(what.input["requestId"].removeprefix("request_")))
    if letter is None:
        raise NotNow
    day = stage.bank.day(-1)
    return changed(stage, "bailee_letters", letter, signed_on=day, return_by=day)


def _paper(what: Try) -> UUID:
    return uuid5(NAMESPACE_OID, what.input["checkoutId"])


def _courts(_: Stage, right: Try) -> Try:
    return right.but(courtPaperScanId=f"scan_{_paper(right)}")


def _courts_scan(shows: Callable[[Stage, Try], dict[str, Any]]) -> World:
    def world(stage: Stage, what: Try) -> AbstractContextManager[None]:
        here, officer, at = stage.bank.branches["A"].id, me(stage, "officer"), now(stage)
        plain = {"id": _paper(what), "org_id": here, "visible_to": [here], "scan_version": 1000, "title": "传票", "media_type": "application/pdf",
                 "sha256": uuid4().bytes * 2, "size_bytes": 1, "pages": 1, "status": "STORED", "uploaded_by": officer, "registered_at": at,
                 "upload_expires_at": at, "stored_at": at, "object_key": "k", "object_version_id": "v", "lock_until": at}  # fmt: skip
        return row(stage, "scans", **plain | shows(stage, what))

    return world


def _elsewhere(_: Stage, __: Try) -> dict[str, Any]:
    """The scan that is named is of the branch, and shows neither the record nor its request."""
    return {"subject_kind": "REQUEST", "subject_id": uuid4()}


def _before(stage: Stage, what: Try) -> dict[str, Any]:
    """It shows the record, as that was before it was lent."""
    record = first_record(stage, what)
    return {"subject_kind": "RECORD", "subject_id": record, "record_id": record, "stored_at": now(stage) - timedelta(days=400)}


def _of_an_earlier_checkout(stage: Stage, what: Try) -> AbstractContextManager[None]:
    """Which came back since."""
    kind = stage.sql("select kind from access_requests where id = $1", UUID(what.input["requestId"].removeprefix("request_")))
    if kind != "EXTENSION":
        raise NotNow
    return request_is(extends_id=uuid4())(stage, what)


def _for_compliance(stage: Stage, right: Try) -> Try:
    return right.but(readerId=f"staff_{me(stage, 'compliance')}")


def _a_service(stage: Stage, _: Try) -> AbstractContextManager[None]:
    """Whoever is named is no person."""
    return changed(stage, "staff", me(stage, "compliance"), kind="SERVICE")


COURT = "a court's paper that is named came after the lending, for this extension alone, and without one the court has no further extension"
LATE = Spoil(
    "the checkout is not yet due", world=movement_is(out_at=lambda at: at - timedelta(days=2), due_at=lambda at: at - timedelta(minutes=1))
)
CLAIMED = Spoil("no claim of an earlier return is open", world=movement_is(claimed_at=lambda at: at))
EXTENDED = Spoil("the checkout was not extended before, or a court decides its end", world=movement_is(extensions=1))
TOLD = (Spoil("what is not accepted is told item by item", worse(findings=" ")),)
PLAYS = (
    Play("request checkout", asked("requestCheckout", "IN_VAULT", "FILED"), (
        HOLD, OVERDUE,
        Spoil("the purpose is one of the tier's, for that kind of request", lambda _, right: right.but(
            purpose="AUDIT" if right.input["purpose"] == "CERTIFICATE_CHANGE" else "CERTIFICATE_CHANGE")),
        Spoil("all papers of the envelope move together", _half),
        Spoil("another purpose is told in words", given(purpose="OTHER", reason="  ")),
        Spoil("papers are lent to a person", _for_compliance, _a_service),
        Spoil("the state permits the act", world=lambda stage, what: changed(stage, "archive_records", first_record(stage, what), state="MISSING")),
    )),
    Play("request reading", asked("requestReading", "FILED"), (OVERDUE,)),
    Play("approve", _approvals, often=8, spoils=(
        HOLD, FROZEN, OVERDUE, VERSION, INTEREST, STEP,
        Spoil("the approver is neither the applicant, nor whom the papers are for, nor an earlier approver",
              world=lambda stage, what: request_is(applicant_id=me(stage, what.who))(stage, what)),
        Spoil("the approver holds a rank that the request still needs", by("chief")),
        Spoil("the record is not reserved for another request", world=taken()),
        Spoil("the record has no open checkout", world=taken(out_at=lambda at: at, due_at=lambda at: at + timedelta(days=2), exit_operation_id=lambda _: uuid4())),
        Spoil("an extension prolongs the checkout for which it was asked", world=_of_an_earlier_checkout),
        LATE, CLAIMED, EXTENDED,
    )),
    Play("reject", _rejections, (VERSION,)),
    Play("cancel", _cancellations, (VERSION, Spoil("only the applicant cancels a request", by("legal")))),
    *(Play(f"cancel a reservation: {tier}", _unused(tier), (), arranging.reserved(Tier(tier))) for tier in ("FIRST", "SECOND")),
    Play("register a letter", _letters, often=2),
    Play("check out papers", checkouts("FIRST"), often=2, arrange=arranging.reserved(Tier.FIRST), spoils=(
        *OUT, INTEREST,
        OFF_DUTY,
        Spoil("what leaves the bank leaves under a signed letter with return duty", world=lambda stage, what: without(
            stage, "bailee_letters", "request_id = $1", UUID(what.input["requestId"].removeprefix("request_")))),
        Spoil("the papers are due no later than a letter promises their return", world=_short_letter),
        Spoil("whoever hands out has not approved, nor, but for the officer of a release, applied", world=approved_by("kay")),
        Spoil("the caller has a role for this act or seat", given(seat="CLERK")),
    )),
    Play("check out volumes", checkouts("SECOND"), often=2, spoils=OUT),
    Play("present", _presented, often=2, spoils=(
        Spoil("a claim is resolved before the paper is taken back", world=movement_is(claimed_at=lambda at: at)),
        Spoil("the recorded holder or a successor brings it back", lambda stage, right: right.but(broughtById=f"staff_{me(stage, 'legal')}")),
        Spoil("whoever brings it back is not the one who receives it", _to_oneself, _of_the_keeper),
        Spoil("a paper comes back to a keeper of the vault, a volume to the archivist", _the_other),
    )),
    Play("accept", _accepted, often=2, spoils=(
        MISCOUNTED,
        SERVICE, INTEREST, PENDING,
        Spoil("the returned record was inspected and found right in every respect", worse(noDamage=False, findings="破损")),
    )),
    *(Play(f"{name}: {tier}", _refused(tier, **found), TOLD, arranging.presented(Tier(tier)))
      for tier in ("FIRST", "SECOND") for name, found in (("reject a return", {}), ("find missing at the return", {"missing": True}))),
    Play("start reading", _readings, often=2, spoils=(
        *(s for s in LEAVING if s not in (HOLD, PENDING)),
        Spoil("the request is of the kind of the act", world=request_is(kind="CHECKOUT")),
    )),
    Play("end reading", _read, often=2),
    Play("request extension of papers", _extensions("FIRST"), (LATE, CLAIMED, EXTENDED), arranging.out(Tier.FIRST), often=2),
    Play("request extension of volumes", _extensions("SECOND"), (
        LATE, CLAIMED, EXTENDED,
        Spoil("the due instant is after now and within the purpose's term", lambda s, right: right.but(dueOn=soon(s, 80))),
        Spoil("the holder asks for the extension", by("legal")),
        *(Spoil(COURT, _courts, _courts_scan(shows)) for shows in (_elsewhere, _before)),
    )),
)  # fmt: skip
