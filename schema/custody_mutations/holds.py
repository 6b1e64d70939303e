"""Holds."""

import strawberry

from schema.custody_mutations.acting import UNSET, HoldPayload, act, field
from schema.results import KeyedInput, given, id_of, version_of
from server.custody.moves import Ask
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject


@strawberry.input(one_of=True, description="Exactly one thing to hold.")
class HoldOnInput:
    """The subject of a hold."""

    record_id: strawberry.ID | None = field("A paper or volume.", UNSET)
    loan_id: strawberry.ID | None = field("A loan and its records.", UNSET)
    collateral_id: strawberry.ID | None = field("Collateral and its records.", UNSET)
    customer_id: strawberry.ID | None = field("A customer, in every branch.", UNSET)
    dealer_id: strawberry.ID | None = field("A dealer and all loans through it.", UNSET)


@strawberry.input(description="Input of placeHold.")
class PlaceHoldInput(KeyedInput):
    """What is held, and why."""

    on: HoldOnInput = field("What it is on.")
    kind: HoldKind = field("Kind.")
    reason: str = field("In words; only for those who may know.")


@strawberry.input(description="Input of liftHold.")
class LiftHoldInput(KeyedInput):
    """A decision made on a screen; a second person confirms it."""

    hold_id: strawberry.ID = field("The hold.")
    expected_version: str = field("Version of the hold last seen.")
    reason: str = field("Why.")


SUBJECTS = {
    "record_id": (HoldSubject.RECORD, "record"),
    "loan_id": (HoldSubject.LOAN, "loan"),
    "collateral_id": (HoldSubject.COLLATERAL, "collateral"),
    "customer_id": (HoldSubject.CUSTOMER, "customer"),
    "dealer_id": (HoldSubject.DEALER, "dealer"),
}


async def _place_hold(info: strawberry.Info, i: PlaceHoldInput) -> Ask:
    if not i.reason.strip():
        raise InvalidInput([InputProblem(("reason",), "EMPTY")])
    name = next(n for n in SUBJECTS if given(getattr(i.on, n)) is not None)
    kind, prefix = SUBJECTS[name]
    subject = id_of(getattr(i.on, name), prefix)
    records = (subject,) if kind is HoldSubject.RECORD else ()
    return Ask(A.PLACE_HOLD, records=records, hold_kind=i.kind, subject_kind=kind, subject=subject, reason=i.reason)


async def _lift_hold(info: strawberry.Info, i: LiftHoldInput) -> Ask:
    return Ask(A.LIFT_HOLD, hold=id_of(i.hold_id, "hold"), expected_version=version_of(i.expected_version), reason=i.reason)


@strawberry.type
class HoldMutations:
    """Acts on holds."""

    place_hold = act(
        "placeHold", PlaceHoldInput, HoldPayload, _place_hold, requires=WHO[A.PLACE_HOLD], description="Freeze by law or rule (冻结)."
    )
    lift_hold = act(
        "liftHold", LiftHoldInput, HoldPayload, _lift_hold, requires=WHO[A.PLACE_HOLD],
        description="Propose to lift a hold; a second person confirms it.",
    )  # fmt: skip
