"""What ends an operation without its effect, and what PostgreSQL carries out when an operation of administration is done."""

from uuid import UUID

from server.compliance.events import Words
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
    return {"operation": w.ask.operation, "reason": w.ask.reason and Words(w.ask.reason)}


async def administer(w: Writing) -> Detail:
    """The trigger on the operation carries it out; the event tells what was changed, without names."""
    assert w.ask.change is not None and w.operation is not None
    told = {name: value for name, value in w.ask.change.items() if name not in ("name", "locations")}
    places = w.ask.change.get("locations")
    if places:
        w.made["locations"] = [p["id"] for p in places]
    elif w.ask.action is A.CLOSE_ORG_UNIT:
        w.made["org"] = w.ask.change["unit"]
    elif w.ask.action is A.CREATE_ORG_UNIT:
        w.made["org"] = w.ask.change["id"]
    elif w.first.subject:
        w.made["staff"] = w.first.subject.id
    return {"change": told} | ({"places": [p["code"] for p in places]} if places else {})


async def transfer_loans(w: Writing) -> Detail:
    """Told in the history of each loan: from which unit to which."""
    assert w.ask.change is not None
    w.made["org"] = UUID(str(w.ask.change["receiver"]))
    return {"from_unit": w.ask.change["unit"], "to_unit": w.ask.change["receiver"]}


async def _transferred(w: Writing) -> set[UUID]:
    """The loans, once the second person confirms; the proposal stands in the history of the unit alone."""
    await w.takes_long()
    if not w.first.complete or w.ask.change is None:
        return {w.by.org}
    found: list[UUID] = await w.conn.raw.fetchval("select loans_to_transfer($1)", dict(w.ask.change))
    return {w.by.org, *found}


async def _of_withdrawn(w: Writing) -> set[UUID]:
    return await covered_loans(w) if w.ask.hold else set()


CHANGES = {A.WITHDRAW: withdraw, **dict.fromkeys(ADMINISTRATION, administer), A.TRANSFER_LOANS: transfer_loans}
CHAINS = {A.WITHDRAW: _of_withdrawn, A.TRANSFER_LOANS: _transferred}
