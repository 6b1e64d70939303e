"""Administration: each change is proposed by an administrator and takes effect when compliance confirms it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import strawberry

from schema.administration_inputs import (
    AssignDutyInput,
    CloseOrgUnitInput,
    CreateLocationsInput,
    CreateOrgUnitInput,
    DeactivateStaffInput,
    DeclareRelationInput,
    DelegateInput,
    GrantReadingInput,
    GrantRoleInput,
    HandOverDutyInput,
    ProposePolicyInput,
    RegisterStaffInput,
    RevokeRoleInput,
    TransferLoansInput,
)
from schema.custody_mutations import ActPayload, act
from schema.results import camel, given, id_of, ids_of, maybe_id
from server.custody.moves import Ask
from server.custody.policy import PARAMETERS, ROLE_PARAMETERS, Roles
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A
from storage.terms import Role, Seat

LOCATIONS_MAX = 500
ADMINISTRATORS = frozenset({Role.ADMIN})


def _wrong(name: str, code: str) -> InvalidInput:
    return InvalidInput([InputProblem((name,), code)])


def _text(i: Any, *names: str) -> dict[str, str]:
    for name in names:
        if not getattr(i, name).strip():
            raise _wrong(camel(name), "EMPTY")
    return {name: getattr(i, name).strip() for name in names}


def _id(text: Any, prefix: str) -> str:
    return str(id_of(text, prefix))


def _during(i: Any) -> dict[str, str]:
    start, end = given(i.starts_at) or datetime.now(UTC), i.ends_at
    if end <= start or end <= datetime.now(UTC):
        raise _wrong("endsAt", "ENDS_BEFORE_IT_BEGINS")
    return {"from_at": start.isoformat(), "to_at": end.isoformat()}


def _keeper_seat(i: Any) -> str:
    if i.seat not in (Seat.KEY, Seat.CODE):
        raise _wrong("seat", "NOT_ALLOWED")
    return str(i.seat.value)


def _org_unit(i: CreateOrgUnitInput) -> dict[str, Any]:
    parts = {"level": i.level.value, "parent": _id(i.parent_id, "org"), "has_vault": i.has_vault}
    return {"id": str(uuid4()), **_text(i, "code", "name"), **parts}


def _staff(i: RegisterStaffInput) -> dict[str, Any]:
    roles = list(dict.fromkeys(role.value for role in i.roles))
    return {
        "id": str(uuid4()),
        **_text(i, "staff_no", "username", "name"),
        "org": _id(i.org_unit_id, "org"),
        "kind": i.kind.value,
        "roles": roles,
    }


def _role(i: GrantRoleInput | RevokeRoleInput) -> dict[str, Any]:
    return {"staff": _id(i.staff_id, "staff"), "role": i.role.value}


def _delegation(i: DelegateInput) -> dict[str, Any]:
    people = {"staff": _id(i.from_staff_id, "staff"), "to": _id(i.to_staff_id, "staff")}
    return {"id": str(uuid4()), **people, "role": i.role.value, **_during(i)}


def _duty(i: AssignDutyInput) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "vault": _id(i.vault_id, "location"),
        "staff": _id(i.staff_id, "staff"),
        "seat": _keeper_seat(i),
        **_during(i),
    }


def _handover(i: HandOverDutyInput) -> dict[str, Any]:
    if i.ends_at <= datetime.now(UTC):
        raise _wrong("endsAt", "ENDS_BEFORE_IT_BEGINS")
    people = {"from": _id(i.from_staff_id, "staff"), "staff": _id(i.to_staff_id, "staff")}
    return {"id": str(uuid4()), "vault": _id(i.vault_id, "location"), "seat": _keeper_seat(i), **people, "to_at": i.ends_at.isoformat()}


def _relation(i: DeclareRelationInput) -> dict[str, Any]:
    return {"staff": _id(i.staff_id, "staff"), "customer": _id(i.customer_id, "customer"), **_text(i, "kind")}


def _leaver(i: DeactivateStaffInput) -> dict[str, Any]:
    return {"staff": _id(i.staff_id, "staff")}


def _reading(i: GrantReadingInput) -> dict[str, Any]:
    units = [str(u) for u in ids_of(i.org_unit_ids, "org", "orgUnitIds")]
    return {"staff": _id(i.staff_id, "staff"), "orgs": units, **_during(i), **_text(i, "reason")}


def _locations(i: CreateLocationsInput) -> dict[str, Any]:
    if not 0 < len(i.locations) <= LOCATIONS_MAX:
        raise _wrong("locations", "TOO_MANY" if i.locations else "EMPTY")
    made: dict[str, dict[str, Any]] = {}
    for place in i.locations:
        parent = maybe_id(place.parent_id, "location")
        code = given(place.parent_code)
        if code is not None:
            if code not in made or parent is not None:
                raise _wrong("locations", "PARENT_ELSEWHERE")
            parent = UUID(made[code]["id"])
        if place.code in made:
            raise _wrong("locations", "DUPLICATE")
        made[place.code] = {"id": str(uuid4()), "kind": place.kind.value, **_text(place, "code")} | (
            {"parent": str(parent)} if parent else {}
        )
    return {"org": _id(i.org_unit_id, "org"), "locations": list(made.values())}


def _transfer(i: TransferLoansInput) -> dict[str, Any]:
    loans = given(i.loan_ids)
    named = {"loans": [str(loan) for loan in ids_of(loans, "loan", "loanIds")]} if loans is not None else {}
    return {"unit": _id(i.from_org_unit_id, "org"), "receiver": _id(i.to_org_unit_id, "org"), "expected": i.expected_count, **named}


def _closing(i: CloseOrgUnitInput) -> dict[str, Any]:
    return {"unit": _id(i.org_unit_id, "org")}


def _policy(i: ProposePolicyInput) -> dict[str, Any]:
    known = PARAMETERS.get(i.key) or ROLE_PARAMETERS.get(i.key)
    if known is None:
        raise _wrong("key", "UNKNOWN_PARAMETER")
    value, roles = given(i.value), given(i.roles)
    wanted, other = ("roles", value) if isinstance(known, Roles) else ("value", roles)
    if other is not None:
        raise _wrong("value" if wanted == "roles" else "roles", "NOT_ALLOWED")
    if (roles if isinstance(known, Roles) else value) is None:
        raise _wrong(wanted, "REQUIRED")
    if isinstance(known, Roles):
        chosen = frozenset(roles)
        if len(chosen) < known.least or not chosen <= known.allowed:
            raise _wrong("roles", "OUT_OF_RANGE")
    elif not known.least <= value <= known.most:
        raise _wrong("value", "OUT_OF_RANGE")
    told = json.dumps(sorted(role.value for role in chosen)) if isinstance(known, Roles) else str(value)
    org = maybe_id(i.org_unit_id, "org")
    return {"key": i.key, "value": told, "effective_from": i.effective_from.isoformat()} | ({"org": str(org)} if org else {})


def _change(name: str, action: A, input_type: Any, change: Callable[[Any], dict[str, Any]], description: str) -> Any:
    async def ask(_: strawberry.Info, i: Any) -> Ask:
        return Ask(action, change=change(i))

    return act(name, input_type, ActPayload, ask, description=description, requires=ADMINISTRATORS)


@strawberry.type
class AdministrationMutations:
    """Each opens an operation; COMPLIANCE takes its second seat with confirmOperation."""

    create_org_unit = _change("createOrgUnit", A.CREATE_ORG_UNIT, CreateOrgUnitInput, _org_unit, "Propose a unit (机构).")
    register_staff = _change(
        "registerStaff", A.REGISTER_STAFF, RegisterStaffInput, _staff, "Propose a member of staff or a service (员工)."
    )
    grant_role = _change("grantRole", A.GRANT_ROLE, GrantRoleInput, _role, "Propose to grant a role (授予岗位).")
    revoke_role = _change("revokeRole", A.REVOKE_ROLE, RevokeRoleInput, _role, "Propose to revoke a role (撤销岗位).")
    delegate = _change(
        "delegate", A.DELEGATE, DelegateInput, _delegation, "Propose that somebody acts in another's role for a time (授权)."
    )
    assign_duty = _change("assignDuty", A.ASSIGN_DUTY, AssignDutyInput, _duty, "Propose who keeps the key or the code of a vault.")
    hand_over_duty = _change(
        "handOverDuty", A.HAND_OVER_DUTY, HandOverDutyInput, _handover, "Propose that a keeper's duty passes to another."
    )
    declare_relation = _change(
        "declareRelation", A.DECLARE_RELATION, DeclareRelationInput, _relation, "Propose to record a relation to a customer (关联关系)."
    )
    deactivate_staff = _change(
        "deactivateStaff", A.DEACTIVATE_STAFF, DeactivateStaffInput, _leaver, "Propose that somebody leaves; refused while custody is open."
    )
    grant_reading = _change(
        "grantReading", A.GRANT_READING, GrantReadingInput, _reading, "Propose that an outside examiner reads units for a time."
    )
    create_locations = _change("createLocations", A.CREATE_LOCATIONS, CreateLocationsInput, _locations, "Propose places of a unit (库位).")
    propose_policy = _change("proposePolicy", A.PROPOSE_POLICY, ProposePolicyInput, _policy, "Propose a parameter of the custody rules.")
    transfer_loans = _change(
        "transferLoans", A.TRANSFER_LOANS, TransferLoansInput, _transfer, "Propose that loans of a unit go to another (贷款划转)."
    )
    close_org_unit = _change(
        "closeOrgUnit", A.CLOSE_ORG_UNIT, CloseOrgUnitInput, _closing, "Propose to close a unit that is empty (机构撤销)."
    )
