"""C50: rows broken alone, and the twins attacked by SQL."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from server.custody.moves import Ask, Move, Override
from server.custody.policy import OVERRIDE_ROLES
from storage.terms import Action as A
from storage.terms import Purpose, Role, Seat, Tier
from tests.custody.attacking import Attack, twin, who
from tests.custody.breaking import Break
from tests.custody.examples import ANN, LOU, OTHER, person
from tests.harness.world import World

LATE = Override("C18", "客户在柜台等候")


def overriding(rule: str, seated: Any = None, comment: str = "客户在柜台等候") -> Any:
    """The right Move, asked with an override; `seated` confirms it."""

    def change(m: Move) -> dict[str, Any]:
        seats = {**m.seats, Seat.PROPOSER: m.by} | ({Seat.OVERRIDE: seated} if seated else {})
        ask = replace(m.ask, overrides=(Override(rule, comment),), seat=Seat.OVERRIDE if seated else Seat.PROPOSER)
        ask = replace(ask, operation=OTHER) if seated else ask
        required = (Seat.PROPOSER, Seat.OVERRIDE)
        return {
            "ask": ask,
            "seats": seats,
            "required": required,
            "open_seats": frozenset(required),
            "overriders": OVERRIDE_ROLES,
            "sitter": seated,
        }

    return change


BREAKS = (
    Break("an override names a rule of this act that the bank lets override", A.REQUEST_CHECKOUT, Tier.FIRST, overriding("C16")),
    Break("an override names a rule of this act that the bank lets override", A.REQUEST_CHECKOUT, Tier.FIRST, overriding("C33")),
    Break("an override says why", A.REQUEST_CHECKOUT, Tier.SECOND, overriding("C18", comment="  ")),
    Break("whoever confirms an override has the permission of each rule", A.REQUEST_CHECKOUT, Tier.FIRST,
          overriding("C18", person(LOU, Role.LEGAL))),
    Break("whoever confirms an override gains nothing by it and has no other part in the act", A.APPROVE, Tier.FIRST,
          overriding("C18", person(ANN, Role.OPS_HEAD))),
)  # fmt: skip

OVERRIDE = (
    "insert into overrides (org_id, operation_id, record_id, rule, code, comment, asked_by, confirmed_by, overridden_at)"
    " values ($1, $2, $3, $4, 'RESERVATION_EXPIRED', $5, $6, $7, clock_timestamp())"
)
SEAT = "insert into operation_seats (operation_id, seat, staff_id, taken_at) values ($1, 'OVERRIDE', $2, clock_timestamp())"


async def lapsed(bank: World) -> tuple[UUID, UUID]:
    """A volume whose reservation has lapsed, and the request."""
    volumes = await bank.volumes()
    request = await bank.approved(volumes, tier=Tier.SECOND)
    await bank.sql("update movements set lapses_at = clock_timestamp() - interval '1 hour' where request_id = $1", request)
    here = bank.branches["A"].id
    if "ops" not in bank.people:
        await bank.hire("ops", {Role.OPS_HEAD}, here, (here,))
    return volumes[0], request


async def opened(bank: World) -> tuple[UUID, UUID]:
    """The same, and the operation in which the archivist asks for an override."""
    volume, request = await lapsed(bank)
    ask = Ask(A.CHECK_OUT, request=request, due_on=bank.due(), overrides=(Override("C20", "客户在柜台等候"),))
    return volume, UUID((await bank.done("archivist", ask))["operation"])


async def _written(bank: World, rule: str = "C20", comment: str = "等候") -> Attack:
    volume, operation = await opened(bank)
    row = (OVERRIDE, bank.branches["A"].id, operation, volume, rule, comment, who(bank, "archivist"), who(bank, "ops"))
    return Attack("archivist", (row,))


@twin("ck_overrides_c50_rule")
async def _(bank: World) -> Attack:
    return await _written(bank, "C16")


@twin("ck_overrides_c50_comment")
async def _(bank: World) -> Attack:
    return await _written(bank, comment=" ")


@twin("ct_overrides_c50_second_person")
async def _(bank: World) -> Attack:
    return await _written(bank)  # nobody has sat down


@twin("tg_operation_seats_c50_permitted")
async def _(bank: World) -> Attack:
    _, operation = await opened(bank)
    return Attack("legal", ((SEAT, operation, who(bank, "legal")),))


@twin("tg_operation_seats_c50_another")
async def _(bank: World) -> Attack:
    await bank.sql("insert into staff_roles (staff_id, role) values ($1, 'OPS_HEAD')", who(bank, "legal"))
    ask = Ask(A.REQUEST_CHECKOUT, records=tuple(await bank.volumes()), purpose=Purpose.AUDIT, reader=who(bank, "legal"))
    operation = (await bank.done("officer", replace(ask, overrides=(LATE,))))["operation"]
    return Attack("legal", ((SEAT, UUID(operation), who(bank, "legal")),))  # who would get the paper


@twin("ct_movements_c20_overridden")
async def _(bank: World) -> Attack:
    volume, operation = await opened(bank)
    await bank.done("ops", Ask(A.CONFIRM, operation=operation))
    found = await bank.sql("select override_id from movements where record_id = $1", volume)
    _, request = await lapsed(bank)
    return Attack("archivist", (("update movements set override_id = $2 where request_id = $1", request, found),))
