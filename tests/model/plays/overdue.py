"""What is asked back while it is out, and what is sought because it did not come: C24, F14, S11."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Tier
from tests.harness.world import World
from tests.model import arranging
from tests.model.arranging import SECOND
from tests.model.plays import Play, Spoil
from tests.model.plays.looking import here, quiet
from tests.model.plays.spoiling import changed, me, now, row
from tests.model.stage import Job, Stage, Try


def _called_back(stage: Stage) -> Iterator[Try]:
    for r in quiet(stage, SECOND, S.CHECKED_OUT):
        if stage.sql("select recalled_at is null from movements where id = $1", r["movement"]):
            yield Try("archivist", "recallCheckout", {"checkoutId": f"checkout_{r['movement']}", "reason": "他人急用"})


def _called_before(stage: Stage, what: Try) -> AbstractContextManager[None]:
    checkout = UUID(what.input["checkoutId"].removeprefix("checkout_"))
    return changed(stage, "movements", checkout, recalled_at=now(stage), recalled_by=me(stage, "archivist"), recall_reason="他人急用")


def _never_came(tier: Tier, state: S) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for r in quiet(stage, tier, state):
            if r["holder_id"] == me(stage, "president"):
                ask = Ask(A.OVERDUE_SEARCH, records=(r["id"],), reason="OVERDUE")
                yield Job("core", "OVERDUE_SEARCH", {"recordIds": [f"record_{r['id']}"]}, ask)

    return offers


def _long_out(tier: Tier, state: S) -> Callable[[World], Any]:
    """Out for two months, with somebody of the head office, so that nobody of the branch is blocked for it."""

    async def arrange(bank: World) -> None:
        made = await arranging.MAKE[tier, state](bank)
        await bank.past_the_triggers(  # nobody outside the bank has it
            f"delete from bailee_letters where request_id = (select request_id from movements where record_id = '{made}' and closed_at is null)"
        )
        await bank.past_the_triggers(
            f"update movements set holder_id = '{bank.people['president'].staff_id}', out_at = out_at - interval '60 days',"
            f" reserved_at = reserved_at - interval '60 days', lapses_at = lapses_at - interval '60 days', due_at = due_at - interval '60 days'"
            f" where record_id = '{made}' and closed_at is null"
        )

    return arrange


def _not_due(stage: Stage, what: Try) -> AbstractContextManager[None]:
    record = UUID(what.input["recordIds"][0].removeprefix("record_"))
    movement = stage.sql("select id from movements where record_id = $1 and closed_at is null", record)
    return changed(stage, "movements", movement, due_at=now(stage) + arranging.DAY)


def _with_a_bailee(stage: Stage, what: Try) -> AbstractContextManager[None]:
    record, day = UUID(what.input["recordIds"][0].removeprefix("record_")), now(stage).date()
    request = stage.sql("select request_id from movements where record_id = $1 and closed_at is null", record)
    return row(stage, "bailee_letters", org_id=here(stage), request_id=request, letter_no=f"T{uuid4().hex[:10]}", kind="COURT", bailee="人民法院",
               signed_on=day, return_by=day, registered_by=me(stage, "officer"), registered_at=now(stage))  # fmt: skip


PLAYS = (
    Play("call back", _called_back, (Spoil("the holder was not asked for it back before", world=_called_before),), arranging.MAKE[SECOND, S.CHECKED_OUT]),
    *(
        Play(f"seek what never came back: {tier} {state}", _never_came(tier, state), (
            Spoil("it was due days ago and was not presented", world=_not_due),
            Spoil("what a bailee keeps under a letter is confirmed in writing, not sought", world=_with_a_bailee),
        ), _long_out(tier, state))
        for tier, state in ((Tier.FIRST, S.CHECKED_OUT), (SECOND, S.CHECKED_OUT), (SECOND, S.READING))
    ),
)  # fmt: skip
