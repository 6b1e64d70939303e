"""Batches from an offline scanner: up to 500 lines, each its own transaction, key and result.

The key of a line is the batch's key and the line's id: whatever was cut off is sent again, whole or in parts and in any order, and
nothing is done twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Union

import strawberry

from schema.custody_mutations.acting import KEEPERS, UNSET, CheckoutPayload, carried, field, payload_of, uuids
from schema.custody_mutations.desk import check_out_ask, present_ask
from schema.custody_mutations.stocktakes import PlaceCountInput, StocktakePayload, count_ask
from schema.paging import col
from schema.reading.answers import Selected, below
from schema.results import PROBLEMS, KeyedInput, mutation, translated
from schema.scalars import Date
from server.custody.desk import Reader, Refused
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from server.errors import Problem as AnyProblem
from storage.database import Connection
from storage.terms import Action as A
from storage.terms import Seat

LINES_MAX, LINE_ID_CHARACTERS_MAX = 500, 100


@strawberry.input(description="One line of checkOutBatch.")
class CheckOutLineInput:
    """What was scanned for one request."""

    line_id: strawberry.ID = field("The scanner's own id of the line; with the batch's key it is the key of the act.")
    request_id: strawberry.ID | None = field("The approved request; found by the barcodes when left out.", UNSET)
    barcodes: list[str] = field("Barcodes scanned at the desk, of papers or envelopes, in any order; all lines of the request.")
    due_on: Date | None = field("Day on which they come back, by close of business.", UNSET)
    seat: Seat | None = field("The caller's seat; the first that fits when left out.", UNSET)
    expected_version: str | None = field("Version of the request last seen; optional at the desk.", UNSET)


@strawberry.input(description="One line of presentReturnBatch.")
class PresentReturnLineInput:
    """What one person brought back."""

    line_id: strawberry.ID = field("The scanner's own id of the line; with the batch's key it is the key of the act.")
    barcodes: list[str] = field("Barcodes scanned at the desk, of papers or envelopes.")
    brought_by_id: strawberry.ID = field("Who brings them: the recorded holder, or a successor.")


@strawberry.input(description="One line of submitCountBatch.")
class SubmitCountLineInput:
    """A part of one counter's count."""

    line_id: strawberry.ID = field("The scanner's own id of the line; with the batch's key it is the key of the act.")
    stocktake_id: strawberry.ID = field("The stocktake.")
    counts: list[PlaceCountInput] = field("Places in any order; at most 500 labels a line.")


Act = Callable[
    [strawberry.Info, str, str, Any, Reader[Any]], Awaitable[Any]
]  # full name, key and input of a line, and who reads its answer


def batch(name: str, line_type: Any, base: type, ask_of: Any, *, description: str, requires: Any = None) -> Any:
    """The mutation `nameBatch`: every line is asked of the desk as `ask_of(info, line)` says, one after the other."""

    async def act(info: strawberry.Info, full: str, key: str, given: Any, read: Reader[Any]) -> Any:
        return await carried(info, full, key, given, ask_of, read)

    return lines_of(name, line_type, base, act, description=description, requires=requires)


def lines_of(
    name: str, line_type: Any, base: type, act_on: Act, *, description: str, requires: Any = None, most: int = LINES_MAX, at_once: int = 1
) -> Any:
    """The mutation `nameBatch`: what `act_on` answers or refuses, line by line; `at_once` of them at a time."""
    full = f"{name}Batch"
    head = f"{full[0].upper()}{full[1:]}"
    made = payload_of(base, f"{head}LinePayload")
    result: Any = Annotated[Union[(made, *PROBLEMS)], strawberry.union(f"{head}LineResult", description="What became of the line.")]
    told = {"line_id": (strawberry.ID, "The scanner's id of the line."), "result": (result, "What was made, or the problem of the line.")}
    line = _output(f"{head}Line", told, f"A line of {full}.")
    told = {
        "lines": (list[line], "One for each line, in their order."),  # type: ignore[valid-type]  # made at run time
        "done": (int, "How many lines were done, now or before."),
        "refused": (int, "How many were not; each says why."),
    }
    payload = _output(f"{head}Payload", told, f"What {full} did.")
    input_type = _input(f"{head}Input", line_type, full, most)

    async def act(info: strawberry.Info, input_: Any) -> Any:
        _check(input_.lines, most)
        wanted = {path: await Selected.of(info, made, ds, "/".join(path)) for path, ds in below(info, payload, "lines", "result").items()}
        key = str(input_.idempotency_key)
        if at_once == 1:
            lines = [await one(info, wanted, key, given) for given in input_.lines]
        else:
            lines = await few_at_once(at_once, [one(info, wanted, key, given) for given in input_.lines])
        done = sum(not x.problem for x in lines)
        return payload(lines=lines, done=done, refused=len(lines) - done)

    async def one(info: strawberry.Info, wanted: dict[tuple[str, ...], Selected], key: str, given: Any) -> Any:
        async def read(conn: Connection, outcome: dict[str, Any], replayed: bool, **more: Any) -> dict[str, Any]:
            ids = {n: uuids(v) for n, v in outcome.items() if n != "state"}
            return {path[-1]: await how.read(conn, {**ids, "replayed": replayed, **more}) for path, how in wanted.items()}

        language = info.context.language
        try:
            answer = await act_on(info, full, f"{key}/{given.line_id}", given, read)
        except AnyProblem as problem:
            answer = translated(problem, language)
        answer = translated(answer, language) if isinstance(answer, Refused) else answer
        made_line = line(line_id=given.line_id)
        made_line.answers, made_line.problem = (answer, None) if isinstance(answer, dict) else ({}, answer)
        return made_line

    return mutation(full, input_type, payload, act, description=description, requires=requires)


async def few_at_once(most: int, acts: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    """What they answer, in their order; when one of them raises, it does so after all have ended."""
    turn = asyncio.Semaphore(most)

    async def in_turn(act: Coroutine[Any, Any, Any]) -> Any:
        async with turn:
            return await act

    answers = await asyncio.gather(*map(in_turn, acts), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers


def _result(root: Any, info: strawberry.Info) -> Any:
    return root.problem or root.answers[info.path.key]


def _output(name: str, told: dict[str, tuple[Any, str]], description: str) -> Any:
    plain = {n: t for n, (t, _) in told.items() if n != "result"}
    fields = {n: col(text) for n, (_, text) in told.items() if n != "result"}
    cls = type(name, (), {"__annotations__": plain, "__doc__": description, "__module__": __name__, **fields})
    if "result" in told:
        type_, text = told["result"]

        def resolve(root: Any, info: strawberry.Info) -> Any:
            return _result(root, info)

        resolve.__annotations__ = {"info": strawberry.Info, "return": type_}
        cls.result = strawberry.field(resolver=resolve, description=text)  # type: ignore[attr-defined]  # strawberry reads it
    return strawberry.type(cls, description=description)


def _input(name: str, line_type: Any, full: str, most: int) -> Any:
    lines = strawberry.field(description=f"At most {most}; each is tried, whatever becomes of the others.")
    body = {"__annotations__": {"lines": list[line_type]}, "__doc__": "Lines.", "__module__": __name__, "lines": lines}
    return strawberry.input(type(name, (KeyedInput,), body), description=f"Input of {full}.")


def _check(lines: list[Any], most: int) -> None:
    """Raises InvalidInput for lines that are too many or cannot be told apart."""
    if not 0 < len(lines) <= most:
        raise InvalidInput([InputProblem(("lines",), "TOO_MANY" if lines else "EMPTY")])
    wrong, seen = [], set[str]()
    for n, line in enumerate(lines):
        id_ = str(line.line_id)
        if not id_.strip() or len(id_) > LINE_ID_CHARACTERS_MAX:
            wrong.append(InputProblem(("lines", str(n), "lineId"), "TOO_LONG" if id_.strip() else "EMPTY"))
        if id_ in seen:
            wrong.append(InputProblem(("lines", str(n), "lineId"), "DUPLICATE"))
        seen.add(id_)
    if wrong:
        raise InvalidInput(wrong)


@strawberry.type
class BatchMutations:
    """Acts at the desk, many at once."""

    submit_count_batch = batch(
        "submitCount", SubmitCountLineInput, StocktakePayload, count_ask,
        description="submitCount for each line, each its own transaction; send again whatever was cut off, in any order.",
    )  # fmt: skip
    check_out_batch = batch(
        "checkOut", CheckOutLineInput, CheckoutPayload, check_out_ask, requires=KEEPERS,
        description="checkOut for each line, each its own transaction; send again whatever was cut off, in any order.",
    )  # fmt: skip
    present_return_batch = batch(
        "presentReturn", PresentReturnLineInput, CheckoutPayload, present_ask, requires=WHO[A.PRESENT_RETURN],
        description="presentReturn for each line, each its own transaction; send again whatever was cut off, in any order.",
    )  # fmt: skip
