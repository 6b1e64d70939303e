"""explainCustody: an act as its mutation would ask for it, judged by the same rules; nothing is done."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import strawberry

import schema.administration_mutations  # noqa: F401  # its acts are askable too
from schema.custody_mutations import ASKABLE
from schema.paging import col
from schema.reading.compiler import bad_request
from schema.results import Violation, check_texts, given, violation
from server.custody.explain import Check
from server.custody.rules import BY_ROLE
from server.custody.rules import Violation as Refusal
from server.errors import InvalidInput, NotFound
from storage.terms import Role


def _act_input() -> Any:
    """One member for each mutation of the desk, named like it and taking its input."""
    cls = type("CustodyActInput", (), {"__doc__": "Exactly one act.", "__annotations__": {}, "__module__": __name__})
    for name, askable in ASKABLE.items():
        cls.__annotations__[name] = askable.input_type | None
        told = askable.description or f"As {name} takes it; the key is not spent."
        setattr(cls, name, strawberry.field(name=name, default=strawberry.UNSET, description=told))
    return strawberry.input(cls, one_of=True, description="Exactly one act, with the input of its mutation.")


CustodyActInput: Any = _act_input()


@strawberry.type(description="One rule of the act, judged for one record.")
class RuleCheck:
    """Pass or fail, with the facts."""

    rule: str = col("C0 … C55.")
    code: str = col("Machine code of its refusal.")
    sentence: str = col("What must hold.")
    passed: bool = col("Whether it holds.")
    facts: str = col("The facts it looked at, as JSON; facts of other branches are left out.")
    record_id: strawberry.ID | None = col("The record.")
    violation: Violation | None = col("What the mutation would answer; null when it passes.")
    overridden: bool = col("Broken, and let pass by an override that the act names; a second person has to confirm it (C50).")


@strawberry.type(description="Why an act may or may not be done.")
class CustodyExplanation:
    """What the same judge says, without moving anything."""

    allowed: bool = col("Whether the mutation would succeed, sent with a key that is not yet spent.")
    checks: list[RuleCheck] = col("Every rule of the act, in order, for each record.")


def _check(check: Check, language: str) -> RuleCheck:
    rule = check.rule
    return RuleCheck(
        rule=rule.number,
        code=rule.code,
        sentence=rule.sentence,
        passed=check.passed,
        facts=orjson.dumps(check.facts, option=orjson.OPT_SORT_KEYS).decode(),
        record_id=strawberry.ID(f"record_{check.record}") if check.record else None,
        violation=violation(check.violation, language) if check.violation else None,
        overridden=check.overridden,
    )


async def explanation(info: strawberry.Info, act: Any, at: datetime | None) -> CustodyExplanation | None:
    """None when something the act names is unknown or not visible; a bad request when its input is wrong."""
    context: Any = info.context
    if at is not None and at < datetime.now(UTC):
        raise bad_request("`at` must not lie in the past.")
    name = next(name for name in ASKABLE if given(getattr(act, name)) is not None)
    try:
        check_texts(act)
        ask = await ASKABLE[name].ask_of(info, getattr(act, name))
        found = await context.desk.explain(context.principal, ask, at)
    except NotFound:
        return None
    except InvalidInput as wrong:
        raise bad_request(f"{wrong}.") from None
    checks = [_at_the_door(c, ASKABLE[name].requires, context.principal.roles) for c in found.checks]
    return CustodyExplanation(allowed=all(c.passed for c in checks), checks=[_check(c, context.language) for c in checks])


def _at_the_door(check: Check, requires: frozenset[Role] | None, roles: frozenset[Role]) -> Check:
    """A seat that the caller may take later does not let them begin: whom the mutation refuses, C0 refuses."""
    if requires is None or requires & roles or check.rule.sentence != BY_ROLE:
        return check
    return replace(check, passed=False, violation=Refusal(check.rule.number, check.rule.code, check.record, roles=requires))
