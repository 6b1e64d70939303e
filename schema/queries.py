"""The queries: those that are compiled, and the two that are executed ordinarily because they judge or are logged."""

from typing import Annotated, Any
from uuid import UUID

import orjson
import strawberry

from schema.compliance import HistoryConnection, HistoryPurpose, history_page, read_after
from schema.custody_mutations import HoldOnInput, InspectionInput
from schema.disclosure import SeenConnection, WhoSawBy, seen_page
from schema.paging import col
from schema.reading.compiler import bad_request
from schema.reading.paging import size
from schema.reads import ContractBy, Reads
from schema.results import Violation, check_texts, given, id_of, maybe_id, violation
from schema.scalars import Date
from server.compliance.disclosure import WATCHERS
from server.compliance.history import READERS, contract_history
from server.custody.explain import Check
from server.custody.moves import Ask, Inspection
from server.custody.rules import Violation as RuleViolation
from server.errors import InvalidInput, NotFound
from storage.terms import Action, HoldKind, HoldSubject, Purpose, Seat

UNSET: Any = strawberry.UNSET


@strawberry.input(description="The act, as its mutation would ask for it; nothing is done.")
class ExplainCustodyInput:
    """What is asked about."""

    action: Action = strawberry.field(description="Which act.")
    record_ids: list[strawberry.ID] | None = strawberry.field(default=UNSET, description="The records, where the act names records.")
    request_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The request, where the act names one.")
    operation_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The pending operation, for CONFIRM and WITHDRAW.")
    hold_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The hold, for LIFT_HOLD.")
    seat: Seat | None = strawberry.field(default=UNSET, description="The caller's seat; the first that fits when left out.")
    purpose: Purpose | None = strawberry.field(default=UNSET, description="Purpose of a request to be made.")
    reason: str | None = strawberry.field(default=UNSET, description="Reason of a request to be made.")
    reader_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Reader of a request to be made.")
    due_on: Date | None = strawberry.field(default=UNSET, description="Due day.")
    brought_by_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Who brings a return.")
    inspections: list[InspectionInput] | None = strawberry.field(default=UNSET, description="Findings at a return.")
    hold_on: HoldOnInput | None = strawberry.field(default=UNSET, description="Subject of a hold to be placed.")
    hold_kind: HoldKind | None = strawberry.field(default=UNSET, description="Kind of a hold to be placed.")


@strawberry.type(description="One rule of the act, judged for one record.")
class RuleCheck:
    """Pass or fail, with the facts."""

    rule: str = col("C0 … C55.")
    code: str = col("Machine code of its refusal.")
    sentence: str = col("What must hold.")
    passed: bool = col("Whether it holds now.")
    facts: str = col("The facts it looked at, as JSON; facts of other branches are left out.")
    record_id: strawberry.ID | None = col("The record.")
    violation: Violation | None = col("What the mutation would answer; null when it passes.")


@strawberry.type(description="Why an act may or may not be done now.")
class CustodyExplanation:
    """What the same judge says, without moving anything."""

    allowed: bool = col("Whether the mutation would succeed now.")
    checks: list[RuleCheck] = col("Every rule of the act, in order, for each record.")


def _check(check: Check, language: str) -> RuleCheck:
    rule = check.rule
    broken = RuleViolation(rule.number, rule.code, check.record, check.roles, check.earliest)
    return RuleCheck(
        rule=rule.number,
        code=rule.code,
        sentence=rule.sentence,
        passed=check.passed,
        facts=orjson.dumps(check.facts, option=orjson.OPT_SORT_KEYS).decode(),
        record_id=strawberry.ID(f"record_{check.record}") if check.record else None,
        violation=None if check.passed else violation(broken, language),
    )


def _ask(i: ExplainCustodyInput) -> Ask:
    held = {
        "record_id": (HoldSubject.RECORD, "record"),
        "loan_id": (HoldSubject.LOAN, "loan"),
        "collateral_id": (HoldSubject.COLLATERAL, "collateral"),
        "customer_id": (HoldSubject.CUSTOMER, "customer"),
        "dealer_id": (HoldSubject.DEALER, "dealer"),
    }
    on = given(i.hold_on)
    name = next((n for n in held if on and given(getattr(on, n)) is not None), None)
    return Ask(
        i.action,
        records=tuple(id_of(r, "record") for r in given(i.record_ids) or ()),
        request=maybe_id(i.request_id, "request"),
        operation=maybe_id(i.operation_id, "operation"),
        hold=maybe_id(i.hold_id, "hold"),
        seat=given(i.seat),
        purpose=given(i.purpose),
        reason=given(i.reason),
        reader=maybe_id(i.reader_id, "staff"),
        due_on=given(i.due_on),
        brought_by=maybe_id(i.brought_by_id, "staff"),
        inspections=tuple(
            Inspection(
                id_of(one.record_id, "record"),
                one.numbers_match,
                one.pages_match,
                one.seal_intact,
                one.no_alterations,
                one.no_damage,
                one.pages_counted,
                given(one.findings),
            )
            for one in given(i.inspections) or ()
        ),
        hold_kind=given(i.hold_kind),
        subject_kind=held[name][0] if name else None,
        subject=id_of(getattr(on, name), held[name][1]) if name else None,
    )


@strawberry.type(description="Every question a client may ask.")
class Query(Reads):
    """All of them."""

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="Every rule of an act with pass or fail, facts and remedy, through the same judge; changes nothing."
    )
    async def explain_custody(
        self,
        info: strawberry.Info,
        input: Annotated[ExplainCustodyInput, strawberry.argument(description="The act and what it is about.")],  # SDL
    ) -> CustodyExplanation | None:
        """Null when something it names is unknown or not visible."""
        context: Any = info.context
        try:
            check_texts(input)
            found = await context.desk.explain(context.principal, _ask(input))
        except NotFound:
            return None
        except InvalidInput as wrong:
            raise bad_request(f"{wrong}.") from None
        return CustodyExplanation(allowed=found.allowed, checks=[_check(c, context.language) for c in found.checks])

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="The history of a contract: events, requests, refusals, scans, reports and reads, oldest first; reading it is logged.",
        metadata={"requires": READERS},
    )
    async def contract_history(
        self,
        info: strawberry.Info,
        by: Annotated[ContractBy, strawberry.argument(description="Exactly one way to name it.")],
        purpose: Annotated[HistoryPurpose, strawberry.argument(description="Why it is read; stands in the access log.")],
        first: Annotated[int, strawberry.argument(description="1 to 100.")],
        after: Annotated[str | None, strawberry.argument(description="Cursor.")] = None,
    ) -> HistoryConnection | None:
        """Null when the contract is unknown; that is logged too."""
        context: Any = info.context
        size(first)
        contract, number = _contract(by)
        secret = context.cursor_secret
        try:
            found = await contract_history(
                context.database,
                context.principal,
                contract_id=contract,
                number=number,
                purpose=str(purpose.value),
                first=first,
                after=read_after(after, secret),
                request_id=context.request_id,
            )
        except NotFound:
            return None
        return history_page(found, secret)

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="Who has seen a person's data or a contract, or was denied, oldest first; asking is logged.",
        metadata={"requires": WATCHERS},
    )
    async def who_saw(
        self,
        info: strawberry.Info,
        by: Annotated[WhoSawBy, strawberry.argument(description="Exactly one way to name it.")],
        purpose: Annotated[HistoryPurpose, strawberry.argument(description="Why it is read; stands in the access log.")],
        first: Annotated[int, strawberry.argument(description="1 to 100.")],
        after: Annotated[str | None, strawberry.argument(description="Cursor.")] = None,
    ) -> SeenConnection | None:
        """Null when it is unknown; that is logged too."""
        size(first)
        try:
            return await seen_page(info, by, purpose, first, after)
        except NotFound:
            return None


def _contract(by: Any) -> tuple[UUID | None, str | None]:
    number = given(by.number)
    if number is not None:
        if "\0" in number:
            raise bad_request("A string must not contain NUL.")
        return None, number
    try:
        return id_of(by.id, "contract"), None
    except NotFound:
        return UUID(int=0), None  # an id of nothing: unknown, and logged as such
