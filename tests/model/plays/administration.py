"""Administration: proposed by one, confirmed by another."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import asyncpg

from tests.model.plays import Play, Spoil
from tests.model.plays.spoiling import SERVICE, by, changed, me, now, row
from tests.model.stage import Stage, Try


def _pending(stage: Stage, action: str) -> bool:
    """Whether such a change waits already: confirmed one after the other they would be in each other's way."""
    return bool(
        stage.sql(
            "select exists (select from operations where opened_by = $1 and action = $2 and state = 'PENDING')", me(stage, "admin"), action
        )
    )


def _roles(stage: Stage) -> Iterator[Try]:
    if _pending(stage, "GRANT_ROLE"):
        return
    held = {r["role"] for r in stage.rows("select role from staff_roles where staff_id = $1", me(stage, "president"))}
    for role in ("INSPECTOR", "PRESIDENT_OFFICE", "COLLECTIONS", "BRANCH_HEAD"):
        if role not in held:
            yield Try("admin", "grantRole", {"staffId": f"staff_{me(stage, 'president')}", "role": role})


def _duties(stage: Stage) -> Iterator[Try]:
    if _pending(stage, "ASSIGN_DUTY"):
        return
    taken = stage.sql("select count(*) from keeper_duties where staff_id = $1", me(stage, "kay_b"))
    start = now(stage) + timedelta(days=400_00 + 10 * taken)
    yield Try("admin", "assignDuty", {
        "vaultId": f"location_{stage.bank.branches['A'].vault}", "staffId": f"staff_{me(stage, 'kay_b')}", "seat": "KEY",
        "startsAt": start.isoformat(), "endsAt": (start + timedelta(days=1)).isoformat()})  # fmt: skip


def _leavers(stage: Stage) -> Iterator[Try]:
    if _pending(stage, "DEACTIVATE_STAFF"):
        return
    for who in ("manager_b", "vice_b"):
        if stage.sql("select active from staff where id = $1", me(stage, who)):
            yield Try("admin", "deactivateStaff", {"staffId": f"staff_{me(stage, who)}"})


def _confirmed(stage: Stage) -> Iterator[Try]:
    rows = stage.rows(
        "select o.id from operations o where o.opened_by = $1 and o.state = 'PENDING' and o.expires_at > $2"
        " and o.action in ('GRANT_ROLE', 'ASSIGN_DUTY', 'DEACTIVATE_STAFF') order by id desc limit 2", me(stage, "admin"), now(stage),
    )  # fmt: skip
    for o in rows:
        yield Try("compliance", "confirmOperation", {"operationId": f"operation_{o['id']}", "seat": "SECOND"})


def _on_duty_then(stage: Stage, what: Try) -> AbstractContextManager[None]:
    during = asyncpg.Range(*(datetime.fromisoformat(what.input[name]) for name in ("startsAt", "endsAt")))
    return row(stage, "keeper_duties", vault_id=stage.bank.branches["A"].vault, staff_id=me(stage, "kay_b"), seat="KEY", during=during)


def _the_code_before(stage: Stage, what: Try) -> AbstractContextManager[None]:
    start = datetime.fromisoformat(what.input["startsAt"])
    during = asyncpg.Range(start - timedelta(hours=1), start)
    return row(stage, "keeper_duties", vault_id=stage.bank.branches["A"].vault, staff_id=me(stage, "kay_b"), seat="CODE", during=during)


def _keeps_a_shelf(stage: Stage, what: Try) -> AbstractContextManager[None]:
    record = stage.sql("select id from archive_records where org_id = $1 and tier = 'SECOND' limit 1", stage.ours()[0])
    return changed(stage, "archive_records", record, custodian_id=what.input["staffId"].removeprefix("staff_"))


def _confirms_too(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return row(stage, "staff_roles", staff_id=me(stage, "admin"), role="COMPLIANCE")


PLAYS = (
    Play("grant role", _roles, (
        Spoil("nobody proposes or confirms a change of themself", lambda stage, right: right.but(staffId=f"staff_{me(stage, 'admin')}")),
        Spoil("a service account gets no custody role and no duty", lambda _, right: right.but(role="ARCHIVIST"),
              lambda stage, what: changed(stage, "staff", me(stage, "president"), kind="SERVICE")),
    )),
    Play("assign duty", _duties, (
        Spoil("the keeper has no other duty for the vault in that time", world=_on_duty_then),
        Spoil("nobody has the key and the code of one vault on one day", world=_the_code_before),
    )),
    Play("deactivate", _leavers, (Spoil("a leaver holds no paper, no duty, no shelf and no open case", world=_keeps_a_shelf),)),
    Play("confirm administration", _confirmed, (
        SERVICE,
        Spoil("whoever proposed a change does not confirm it", by("admin"), _confirms_too),
    )),
)  # fmt: skip
