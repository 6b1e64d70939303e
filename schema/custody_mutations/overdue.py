"""What is asked back while it is out."""

from typing import Any

import strawberry

from schema.custody_mutations.acting import CheckoutPayload, act, field
from schema.results import KeyedInput, id_of
from server.custody import lookup
from server.custody.moves import Ask
from server.custody.transitions.overdue import RECALLERS
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A


@strawberry.input(description="Input of recallCheckout.")
class RecallCheckoutInput(KeyedInput):
    """The holder is asked to bring it back early."""

    checkout_id: strawberry.ID = field("The checkout.")
    reason: str = field("Why, in words.")


async def _recall(info: strawberry.Info, i: RecallCheckoutInput) -> Ask:
    context: Any = info.context
    if not i.reason.strip():
        raise InvalidInput([InputProblem(("reason",), "EMPTY")])
    record = await lookup.record_of_checkout(context.database, context.principal, id_of(i.checkout_id, "checkout"))
    return Ask(A.RECALL, records=(record,), reason=i.reason)


@strawberry.type
class OverdueMutations:
    """Acts on what is out."""

    recall_checkout = act(
        "recallCheckout", RecallCheckoutInput, CheckoutPayload, _recall, requires=RECALLERS,
        description="Ask the holder to bring it back early (催还); from then on it is not extended.",
    )  # fmt: skip
