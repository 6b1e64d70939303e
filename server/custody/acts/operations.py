"""What ends an operation without its effect, and what PostgreSQL carries out when an operation of administration is done."""

from uuid import UUID

from server.custody import operations
from server.custody.acts.change import Detail
from server.custody.acts.holds import covered_loans
from server.custody.transitions import ADMINISTRATION
from server.custody.writing import Writing
from storage.terms import Action as A


async def withdraw(w: Writing) -> Detail:
    """The operation will not be finished."""
    assert w.ask.operation is not None
    await operations.withdraw(w, w.ask.operation)
    w.made["operation"] = w.ask.operation
    return {"operation": w.ask.operation}


async def administer(w: Writing) -> Detail:
    """The trigger on the operation carries it out; the event tells what was changed, without names."""
    assert w.ask.change is not None and w.operation is not None
    told = {name: value for name, value in w.ask.change.items() if name not in ("name", "locations")}
    places = w.ask.change.get("locations")
    if places:
        w.made["locations"] = [p["id"] for p in places]
    elif w.ask.action is A.CREATE_ORG_UNIT:
        w.made["org"] = w.ask.change["id"]
    elif w.first.subject:
        w.made["staff"] = w.first.subject.id
    return {"change": told} | ({"places": [p["code"] for p in places]} if places else {})


async def _of_withdrawn(w: Writing) -> set[UUID]:
    return await covered_loans(w) if w.ask.hold else set()


CHANGES = {A.WITHDRAW: withdraw, **dict.fromkeys(ADMINISTRATION, administer)}
CHAINS = {A.WITHDRAW: _of_withdrawn}
