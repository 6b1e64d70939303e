"""Results of mutations: one success payload or one of the problems, never an empty success.

`mutation` turns an async function `(info, input) -> payload JSON | Refused` into a field: its result union, @idempotent,
@requires, and the translation of problems. A function only parses, calls and translates.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Annotated, Any, Union
from uuid import UUID

import strawberry
from graphql import GraphQLError

from schema.directives import Idempotent, Requires
from schema.paging import col
from schema.reading.compiler import bad_request, global_id
from schema.scalars import DateTime
from server import words
from server.custody.desk import Refused
from server.custody.rules import Violation as RuleViolation
from server.errors import IdempotencyConflict as KeySpent
from server.errors import InputProblem as Wrong
from server.errors import InvalidInput as WrongInput
from server.errors import NotFound as Absent
from server.errors import Problem as AnyProblem
from server.errors import VersionConflict as Stale
from server.personal import redact
from storage.terms import Role

TEXT_CHARACTERS_MAX = 2_000
LONG_TEXT_CHARACTERS_MAX = 20_000
KEY_CHARACTERS_MAX = 200
ITEMS_MAX = 500
FREE_TEXTS = frozenset(
    {"reason", "reasons", "comment", "findings", "title", "analysis", "proposal",
     "log", "responsibility", "where", "note", "resolution", "statement", "emergency",
     "failure", "purpose", "from_whom", "bailee", "court", "summary", "description"}
)  # fmt: skip
VERSION = re.compile(r"\d{1,18}", re.ASCII)
LONG_TEXTS = frozenset({"analysis", "proposal"})


@strawberry.enum(description="Kinds of problem; stable, never translated. Open: new members may be added.")
class ProblemCode(Enum):
    """The type's name in SNAKE_CASE."""

    CUSTODY_VIOLATION = strawberry.enum_value("CUSTODY_VIOLATION", description="Custody rules forbid it.")
    INVALID_INPUT = strawberry.enum_value("INVALID_INPUT", description="The input is wrong.")
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="No such thing, or not visible.")
    VERSION_CONFLICT = strawberry.enum_value("VERSION_CONFLICT", description="The version given is stale.")
    IDEMPOTENCY_CONFLICT = strawberry.enum_value("IDEMPOTENCY_CONFLICT", description="The key was spent on another input.")


@strawberry.interface(description="An expected failure. New implementations may be added; always spread this interface.")
class Problem:
    """Code and message."""

    code: ProblemCode = col("Stable, never translated.")
    message: str = col("Translated by Accept-Language (zh-CN, en).")


@strawberry.type(description="The unit of whoever has a record.")
class HoldingUnit:
    """A unit, by name."""

    org_unit_id: strawberry.ID = col("The unit.")
    code: str = col("Its code.")
    name: str = col("Its name.")


@strawberry.type(description="A rule that said no, and what would make it say yes.")
class Violation:
    """One row of the rules table."""

    rule: str = col("C0 … C55.")
    code: str = col("Machine code, e.g. ALREADY_CHECKED_OUT.")
    message: str = col("Translated.")
    remedy: str = col("What would make the rule pass; translated.")
    record_id: strawberry.ID | None = col("The record, when the caller may see it.")
    overridable: bool = col("Whether an override exists: name it in `overrides` of the same input.")
    override_roles: list[Role] = col("Roles of which one must confirm the override, as the second person.")
    required_roles: list[Role] = col("Roles that could make it pass.")
    earliest_at: DateTime | None = col("Earliest instant at which it can pass.")
    held_by: HoldingUnit | None = col("Of ALREADY_CHECKED_OUT and RESERVED_BY_OTHER: the unit of whoever has the record.")


@strawberry.type(description="Custody rules forbid it; all of them, in rule order.")
class CustodyViolation(Problem):
    """A refusal; nothing was changed, the access log knows."""

    violations: list[Violation] = col("All of them, in rule order.")


@strawberry.type(description="One thing that is wrong with the input.")
class InputProblem:
    """Path and code."""

    path: list[str] = col("Where in the input.")
    code: str = col("Machine code, e.g. TOO_LONG.")
    message: str = col("Translated.")
    rule: str | None = col("The custody rule that it breaks, where it is one that no act of the desk judges: C49.")
    remedy: str | None = col("What would make that rule pass; translated.")


@strawberry.type(description="The input is wrong, by path.")
class InvalidInput(Problem):
    """Nothing was changed."""

    problems: list[InputProblem] = col("All of them.")


@strawberry.type(description="No such thing, or not visible to the caller.")
class NotFound(Problem):
    """The two look the same."""


@strawberry.type(description="The version given is stale.")
class VersionConflict(Problem):
    """Read again, decide again."""

    current_version: str = col("The version now.")


@strawberry.type(description="The key was spent on another input.")
class IdempotencyConflict(Problem):
    """Use a new key for a new act."""


PROBLEMS = (CustodyViolation, InvalidInput, NotFound, VersionConflict, IdempotencyConflict)


@strawberry.input(description="What every mutation carries.")
class KeyedInput:
    """A retry sends the same key."""

    idempotency_key: strawberry.ID = strawberry.field(description="Unique key of this intended act; a retry sends the same key.")


@strawberry.input(description="A rule that the act may break, confirmed by a second person with that rule's permission.")
class OverrideInput:
    """Exists for C18, C20, C21 (the term), C23 and C33 alone."""

    rule: str = strawberry.field(description="Number of the rule, e.g. C20.")
    comment: str = strawberry.field(description="Why.")


@strawberry.input(description="What every mutation carries whose rules may be overridden.")
class OverridableInput(KeyedInput):
    """With an override the act is an operation with one more seat, OVERRIDE."""

    overrides: list[OverrideInput] | None = strawberry.field(
        description="Rules to override; the act then waits for a second person.", default=strawberry.UNSET
    )


def violation(found: RuleViolation, language: str) -> Violation:
    """A violation in the caller's language."""
    (message, remedy), unit = found.says(language), found.held_by
    return Violation(
        rule=found.rule,
        code=found.code,
        message=message,
        remedy=remedy,
        record_id=strawberry.ID(f"record_{found.record}") if found.record else None,
        overridable=found.overridable,
        override_roles=sorted(found.overriders),
        required_roles=sorted(found.roles),
        earliest_at=found.earliest,  # type: ignore[arg-type]  # DateTime is a NewType of datetime
        held_by=HoldingUnit(org_unit_id=strawberry.ID(f"org_{unit.id}"), code=unit.code, name=unit.name) if unit else None,
    )


def input_problem(found: Wrong, language: str) -> InputProblem:
    """One thing that is wrong, in the caller's language."""
    rule, remedy = words.broken_rule(found.code, language)
    message = words.wrong(found.code, language, found.names)
    return InputProblem(path=list(found.path), code=found.code, message=message, rule=rule, remedy=remedy)


def translated(problem: AnyProblem | Refused, language: str) -> Problem:
    """A problem as a member of the result union."""
    if isinstance(problem, Refused):
        told = [violation(v, language) for v in problem.violations]
        return CustodyViolation(**_head("CUSTODY_VIOLATION", language), violations=told)
    if isinstance(problem, WrongInput):
        wrong = [input_problem(p, language) for p in problem.problems]
        return InvalidInput(**_head("INVALID_INPUT", language), problems=wrong)
    if isinstance(problem, Stale):
        return VersionConflict(**_head("VERSION_CONFLICT", language), current_version=str(problem.current_version))
    if isinstance(problem, KeySpent):
        return IdempotencyConflict(**_head("IDEMPOTENCY_CONFLICT", language))
    assert isinstance(problem, Absent), problem
    return NotFound(**_head("NOT_FOUND", language))


def refused_argument(wrong: WrongInput, language: str) -> GraphQLError:
    """The arguments of a query that are wrong, as an error with a code for each of them."""
    told = "; ".join(f"{'.'.join(p.path)}: {words.wrong(p.code, language, p.names)}" for p in wrong.problems)
    refused = bad_request(told)
    refused.extensions = {**(refused.extensions or {}), "problems": [{"path": list(p.path), "code": p.code} for p in wrong.problems]}
    return refused


def _head(code: str, language: str) -> dict[str, Any]:
    return {"code": ProblemCode[code], "message": words.problem(code, language)}


Act = Callable[[strawberry.Info, Any], Awaitable[Any]]


def mutation(
    name: str,
    input_type: Any,
    payload_type: type,
    act: Act,
    *,
    description: str,
    requires: Iterable[Role] | None = None,
    logs_denials: bool = False,
) -> Any:
    """The field of a mutation; `act` answers the payload's JSON, a Refused, or raises a Problem; it refuses by itself where it logs denials."""
    members: Any = Union[(payload_type, *PROBLEMS)]  # made at run time
    what = f"What {name} answers: its payload, or the problem that kept it from being done."
    union = Annotated[members, strawberry.union(f"{name[0].upper()}{name[1:]}Result", description=what)]

    async def resolve(info: strawberry.Info, input: Any) -> Any:  # the argument's name in the SDL
        language = info.context.language
        try:
            check_texts(input)
            redact_texts(input)
            answer = await act(info, input)
        except AnyProblem as problem:
            return translated(problem, language)
        return translated(answer, language) if isinstance(answer, Refused) else answer

    resolve.__annotations__ = {
        "info": strawberry.Info,
        "input": Annotated[input_type, strawberry.argument(description="Input.")],
        "return": union,
    }
    directives: list[Any] = [Idempotent()]
    metadata: dict[str, Any] = {}
    if requires is not None:
        roles = sorted(requires)
        directives.append(Requires(roles=roles))
        metadata |= {"requires": frozenset(roles), "logs_denials": logs_denials}
    return strawberry.mutation(resolver=resolve, name=name, description=description, directives=directives, metadata=metadata)


def check_texts(input_: Any) -> None:
    """Every string and list of an input within its limits; InvalidInput names all that are not."""
    wrong: list[Wrong] = []
    _walk(input_, (), wrong)
    if wrong:
        raise WrongInput(wrong)


def _walk(value: Any, path: tuple[str, ...], wrong: list[Wrong]) -> None:
    if is_dataclass(value):
        for part in fields(value):
            _walk(getattr(value, part.name), (*path, camel(part.name)), wrong)
    elif isinstance(value, list):
        if len(value) > ITEMS_MAX:
            wrong.append(Wrong(path, "TOO_MANY"))
            return
        for index, item in enumerate(value):
            _walk(item, (*path, str(index)), wrong)
    elif isinstance(value, str) and not isinstance(value, Enum):
        if "\0" in value:
            wrong.append(Wrong(path, "NUL_CHARACTER"))
        if len(value) > _limit(path):
            wrong.append(Wrong(path, "TOO_LONG"))
        if path == ("idempotencyKey",) and not value.strip():
            wrong.append(Wrong(path, "EMPTY"))


def redact_texts(value: Any) -> None:
    """Identity and phone numbers that somebody wrote into a free text are masked before anything is stored."""
    if isinstance(value, list):
        for item in value:
            redact_texts(item)
    elif is_dataclass(value):
        for part in fields(value):
            inner = getattr(value, part.name)
            if part.name in FREE_TEXTS and isinstance(inner, str) and not isinstance(inner, Enum):
                setattr(value, part.name, redact(inner))
            else:
                redact_texts(inner)


def _limit(path: tuple[str, ...]) -> int:
    if path == ("idempotencyKey",):
        return KEY_CHARACTERS_MAX
    return LONG_TEXT_CHARACTERS_MAX if path and path[-1] in LONG_TEXTS else TEXT_CHARACTERS_MAX


def camel(name: str) -> str:
    """snake_case as the SDL writes it."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)


def id_of(text: Any, prefix: str) -> UUID:
    """The uuid in a global id; an id of another type is an id of nothing."""
    found, uuid = global_id(str(text))
    if found != prefix or uuid is None:
        raise Absent()
    return uuid


def known_or_nothing(text: Any, prefix: str) -> UUID:
    """The uuid in a global id, or one of nothing: what is asked for is unknown then, and logged as such."""
    found, uuid = global_id(str(text))
    return uuid if found == prefix and uuid is not None else UUID(int=0)


def maybe_id(text: Any, prefix: str) -> UUID | None:
    """The same for an id that may be left out."""
    return None if text in (None, strawberry.UNSET) else id_of(text, prefix)


def given(value: Any) -> Any:
    """None for what was left out."""
    return None if value is strawberry.UNSET else value


def ids_of(texts: Iterable[Any], prefix: str, path: str) -> tuple[UUID, ...]:
    """The uuids of a list that must not be empty nor name a thing twice."""
    found = tuple(id_of(text, prefix) for text in texts)
    if not found:
        raise WrongInput([Wrong((path,), "EMPTY")])
    if len(set(found)) < len(found):
        raise WrongInput([Wrong((path,), "DUPLICATE")])
    return found


def version_of(text: Any) -> int | None:
    """An expected version as a number."""
    text = given(text)
    if text is None:
        return None
    if not VERSION.fullmatch(str(text)):
        raise WrongInput([Wrong(("expectedVersion",), "NOT_A_VERSION")])
    return int(text)
