"""What explainCustody tells of a rule, and that whom a mutation refuses at the door is told so beforehand."""

import re
from typing import Any

import orjson
import pytest

from server.custody.explain import explained
from server.custody.rules import RULES
from server.custody.rules.table import by_construction, never
from storage.terms import Tier
from tests.custody.broken import BREAKS
from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.conftest import api as api

HIDES = "whose it is may be another branch's: that there is one is told, and no more"
SAID = "looks at nothing but what the caller said, and who the caller is"
WITHOUT_FACTS = {  # rules that explain without facts, and why
    "nobody seated has KEY and CODE duty for one vault": HIDES,
    "all papers of the envelope move together": HIDES,
    "an envelope is refused, opened, moved and reported with all its papers": HIDES,
    "no hold is active, or it permits this purpose": HIDES,
    "nothing that is held is closed or disposed of": HIDES,
    "applicant and reader are active, and neither they nor their units are blocked for what is overdue": HIDES,
    "the caller has no interest in the loan": HIDES,
    "no payoff of a loan on the collateral can bounce any more": HIDES,
    "nobody proposes or confirms a change of themself": SAID,
    "a service takes no seat": SAID,
    "core banking answers with a serial, or says why it did not book": SAID,
    "whoever brings it back is not the one who receives it": SAID,
    "a due day is named": SAID,
    "two different people count": SAID,
    "an override names a rule of this act that the bank lets override": SAID,
    "an override says why": SAID,
    "whoever confirms an override has the permission of each rule": SAID,
    "whoever confirms an override gains nothing by it and has no other part in the act": SAID,
    "the version is the one that was read": SAID,
    "no claim of this checkout is open already": "whose claim it is stands in the checkout",
    "a claim is open": "whose claim it is stands in the checkout",
    "whoever claims does not resolve it": "who claimed stands in the checkout",
    "the giving side writes the list": "both units stand in the handover",
    "the owner of the case or the head of operations tells what was done": "the owner stands in the case",
    "what is found goes back into the slot that its envelope has, and what waits for the vault into none": "the slot stands in the envelope",
    "the new value is another than the one that stands there": "what stands there is somebody's text",
}
WAITS = "somebody has to do something first: no instant brings it about"
WHOSE = "whose checkout it is does not change with time"
GONE = "that time is over, and does not come again"
GIVEN = "the day is the caller's: another one passes now"
WITHOUT_EARLIEST = {  # rules whose facts hold an instant, but none at which they pass by themselves, and why
    "the due instant is after now and within the purpose's term": GIVEN,
    "the papers are due no later than a letter promises their return": GIVEN,
    "a case has an owner who is active, and a deadline that lies ahead": GIVEN,
    "an amendment is signed not before the contract, and not after today": GIVEN,
    "no claim of an earlier return is open": WAITS,
    "a claim is resolved before the paper is taken back": WAITS,
    "the last return is closed": WAITS,
    "the positions of all loans on the collateral are recent": WAITS,
    "a court's paper that is named came after the lending, for this extension alone, and without one the court has no further extension": WAITS,
    "the recorded holder or a successor brings it back": WHOSE,
    "the recorded holder claims to have returned it": WHOSE,
    "the holder asks for the extension": WHOSE,
    "an extension prolongs the checkout for which it was asked": WHOSE,
    "the checkout is not yet due": GONE,
    "the reservation has not lapsed": GONE,
    "the checkout was not extended before, or a court decides its end": "once extended stays so",
    "it was due days ago and was not presented": "the ladder of overdue papers asks by itself, and nobody else",
}
INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.+]+)?")
ACT = "query E($i: %sInput!) { explainCustody(act: { %s: $i }) { allowed checks { rule code passed sentence facts violation { requiredRoles } } } }"


def test_a_rule_explains_with_the_facts_that_it_looked_at_or_says_why_not() -> None:
    told = {check.rule.sentence for example in BREAKS for check in explained([example.move]).checks if check.facts}
    bare = {rule.sentence for rule in RULES if rule.sentence not in told and rule.holds is not by_construction}
    assert bare == set(WITHOUT_FACTS)


def test_a_rule_that_knows_an_instant_tells_when_it_can_pass_or_says_why_not() -> None:
    checks = [check for example in BREAKS for check in explained([example.move]).checks]
    known = {check.rule.sentence for check in checks if INSTANT.search(str(check.facts)) and check.rule.earliest is never}
    assert known == set(WITHOUT_EARLIEST)


async def explain(api: Asking, who: str, name: str, given: dict[str, Any]) -> Any:
    kind = f"{name[0].upper()}{name[1:]}"
    return (await api.ask(who, ACT % (kind, name), i=given | {"idempotencyKey": "k"}))["explainCustody"]


async def test_whom_the_mutation_refuses_is_told_so_beforehand(bank: World, api: Asking) -> None:
    papers = await bank.papers()
    request = await bank.approved(papers, tier=Tier.FIRST)
    code = await bank.sql(
        "select e.barcode from archive_records r join sealed_envelopes e on e.id = r.envelope_id where r.id = $1", papers[0]
    )
    given = {"requestId": f"request_{request}", "barcodes": [code], "dueOn": str(bank.due(3))}
    assert (await explain(api, "kay", "checkOut", given))["allowed"]
    told = await explain(api, "clerk", "checkOut", given)
    assert not told["allowed"]
    (role,) = [c for c in told["checks"] if not c["passed"]]
    assert (role["rule"], role["code"]) == ("C0", "ROLE_REQUIRED")
    assert "VAULT_KEEPER_KEY" in role["violation"]["requiredRoles"] and "REGISTER_CLERK" not in role["violation"]["requiredRoles"]
    with pytest.raises(AssertionError, match="VAULT_KEEPER_KEY"):
        await api.answer("clerk", "checkOut", "__typename", **given)


async def test_facts_of_a_chapter_are_told_without_ids_and_texts(bank: World, api: Asking) -> None:
    (volume,) = await bank.volumes()
    loan = await bank.sql("select primary_loan_id from archive_records where id = $1", volume)
    told = await explain(
        api, "officer", "requestRelease", {"recordIds": [f"record_{p}" for p in await bank.papers()], "purpose": "PAID_IN_FULL"}
    )
    facts = {c["sentence"]: orjson.loads(c["facts"]) for c in told["checks"]}
    assert facts["principal, interest and fees of the loan are zero"] == {"Payoff": {"settled": False}}
    assert str(loan) not in str(told)
