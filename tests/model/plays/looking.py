"""What is there to be done with: records that nothing keeps, and operations that want one more seat."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from storage.terms import Action, RecordState, Tier
from tests.model.plays.spoiling import now
from tests.model.stage import Stage, Try

QUIET = """select r.*, e.location_id as slot, m.holder_id, m.id as movement from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
  left join movements m on m.record_id = r.id and m.closed_at is null
  where r.custody_org_id = $1 and r.tier = $2 and r.state = $3 and m.operation_id is null and not is_on_hold(r.id)
    and frozen_kinds(r.id) <@ array['MISSING'] and not exists (select from operations o where r.id = any(o.record_ids) and o.state = 'PENDING')
    and (r.envelope_id is null or not exists (select from archive_records x where x.envelope_id = r.envelope_id and x.id <> r.id))
  order by r.id desc"""
ONE_LEFT = """select o.id, o.record_ids, o.opened_by, s.seat, b.id as org from operations o
  cross join lateral (select array(select unnest(o.required_seats) except select t.seat from operation_seats t where t.operation_id = o.id) as open) x
  cross join lateral unnest(x.open) s(seat)
  left join storage_locations v on v.id = o.vault_id join org_units b on b.id = coalesce(v.org_id, o.org_id)
  where o.org_id = any($1) and o.action = $2 and o.tier = $3 and o.state = 'PENDING' and o.expires_at > $4 and cardinality(x.open) = 1
  order by o.id desc"""
SITS = {"KEY": "kay", "CODE": "cody", "CLERK": "clerk", "ARCHIVIST": "archivist", "OFFICER": "officer", "PROPOSER": "ops", "SECOND": "vice"}


def here(stage: Stage) -> UUID:
    """Branch A."""
    return stage.bank.branches["A"].id


def quiet(stage: Stage, tier: Tier, state: RecordState) -> list[Any]:
    """Records of A in that state, alone in their envelopes, with nothing going on; the newest first."""
    return stage.look(QUIET, here(stage), tier.value, state.value)


def missing_from(stage: Stage, tier: Tier, back_to: RecordState | None = None) -> list[Any]:
    """Records that are missing, with their open cases."""
    found = []
    for r in quiet(stage, tier, RecordState.MISSING):
        case = stage.rows("select * from loss_cases where record_id = $1 and closed_at is null", r["id"])
        if case and (back_to is None or case[0]["back_to"] == back_to.value):
            found.append({**r, "case": case[0]})
    return found


def of_unit(stage: Stage, name: str, org: UUID) -> str:
    """The one of that name in that branch."""
    return stage.bank.of(name, "A" if org == here(stage) else "B")


def last_seat(action: Action, tier: Tier) -> Callable[[Stage], Iterator[Try]]:
    """Whoever is wanted takes the last seat of such an operation."""

    def offers(stage: Stage) -> Iterator[Try]:
        for o in stage.rows(ONE_LEFT, stage.ours(), action.value, tier.value, now(stage)):
            yield Try(
                of_unit(stage, SITS[o["seat"]], o["org"]), "confirmOperation", {"operationId": f"operation_{o['id']}", "seat": o["seat"]}
            )

    return offers
