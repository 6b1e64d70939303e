"""GraphQL over HTTP, by the specification; used instead of Strawberry's view, whose statuses are fixed in its code.

A POST of JSON that is right is answered in a few lines; everything that is wrong in some way gets its status and a coded error.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

import asyncpg
import orjson
import structlog
from graphql import GraphQLError, OperationType
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from strawberry.types import ExecutionResult

from schema.reading.answers import ReadingSchema
from schema.sockets import Socket
from schema.trusted import TrustedDocuments
from server.auth import expiry
from server.context import Context
from server.errors import ApiError, BadRequest, Internal, LoanfileError, Throttled, Unauthenticated, Unavailable
from storage.database import StalePrincipal
from storage.objects import ObjectStoreDown

RESPONSE_JSON, JSON = "application/graphql-response+json", "application/json"
RACES = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
DOWN = (
    OSError,  # refused, reset, timed out, or the socket's file is gone while PostgreSQL restarts
    ObjectStoreDown,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the driver's, when the server went away in the middle of an answer
    asyncpg.PostgresConnectionError,
    asyncpg.QueryCanceledError,
    asyncpg.TooManyConnectionsError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    *RACES,
    StalePrincipal,  # twice in a row
)
SUGGESTION = re.compile(r" Did you mean [^?]*\?")
log: Any = structlog.get_logger()


def api_error(error: BaseException) -> ApiError:
    """What a caller may hear of an exception; bugs are logged with the request id and masked."""
    error = _cause(error)
    if isinstance(error, ApiError):
        return error
    if isinstance(error, DOWN):
        log.warning("part down", kind=type(error).__name__)
        return Unavailable("A part of the system does not answer; try again.")
    log.error("bug", kind=type(error).__name__, where=_where(error))
    return Internal("Something went wrong here; the request id finds it in the log.")


def _cause(error: BaseException | None) -> BaseException:
    """What was raised, out of the errors that GraphQL wraps around it level by level."""
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    assert error is not None
    return error


def _where(error: BaseException) -> str:
    """File and line of the innermost frames: no message, since it may carry data."""
    frames, trace = [], error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(frames[-6:])


def formatted(error: GraphQLError, request_id: str, *, production: bool = False) -> dict[str, Any]:
    """An error as it leaves: code always, texts of exceptions never, in production no names that were not asked for."""
    code = (error.extensions or {}).get("code")
    if code is None and error.original_error is None:
        code = "BAD_REQUEST"
    if code is not None:
        told: dict[str, Any] = {**error.formatted}
        if production:
            told["message"] = SUGGESTION.sub("", told["message"])
        return {**told, "extensions": {**(told.get("extensions") or {}), "code": code, "requestId": request_id, "retryable": False}}
    known = api_error(error)
    made: dict[str, Any] = {"message": known.message, "extensions": _extensions(known, request_id)}
    if error.path:
        made["path"] = list(error.path)
    return made


def _extensions(error: ApiError, request_id: str) -> dict[str, Any]:
    found: dict[str, Any] = {"code": error.code, "requestId": request_id, "retryable": error.retryable}
    if error.retry_after_seconds is not None:
        found["retryAfterSeconds"] = error.retry_after_seconds
    return found


def refusal(error: ApiError, request: Request, request_id: str) -> Response:
    """A response without data."""
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="loanfile", error="invalid_token"'
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    body = {"errors": [{"message": error.message, "extensions": _extensions(error, request_id)}]}
    return Response(orjson.dumps(body), error.status, headers, media_type=media_type(request))


def media_type(request: Request) -> str:
    """The newer media type where the client accepts it."""
    return RESPONSE_JSON if RESPONSE_JSON in request.headers.get("accept", "") else JSON


class View:
    """The endpoint. `context_of` knows the parts and the caller of a request; True reads the caller anew. `page` is for browsers."""

    def __init__(
        self,
        schema: ReadingSchema,
        context_of: Callable[[Mapping[str, str], str, bool], Awaitable[Context]],
        trusted: TrustedDocuments,
        page: Callable[[], Response] | None = None,
    ) -> None:
        self.schema, self.context_of, self.trusted, self.page = schema, context_of, trusted, page

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """HTTP, or a socket."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        request = Request(scope, receive)
        response = await self.respond(request)
        await response(scope, receive, send)

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        request_id = str(scope.get("state", {}).get("request_id", ""))

        async def admit(given: Mapping[str, str]) -> tuple[Context, float]:
            context = await self.context_of({**headers, **given}, request_id, False)
            return context, expiry({**headers, **given}.get("authorization", ""))

        def refused(error: BaseException) -> dict[str, Any]:
            known = (
                error if isinstance(error, ApiError) else BadRequest(str(error)) if isinstance(error, LoanfileError) else api_error(error)
            )
            return {"message": known.message, "extensions": _extensions(known, request_id)}

        await Socket(receive, send, admit, self._told, refused).run(list(scope.get("subprotocols") or ()))

    async def _told(self, context: Context, payload: Mapping[str, Any]) -> AsyncIterator[tuple[str, Any]]:
        """`next` with each answer, or one `error`."""
        body, variables, name = _parameters(payload)
        text = self.trusted.text(body, context)
        context.query, context.variables, context.operation_name = text, variables or {}, name
        async with aclosing(self._answers(context, text, variables, name)) as answers:
            async for result in answers:
                production = context.settings.production
                errors = [formatted(e, context.request_id, production=production) for e in result.errors or ()]
                if any(e["extensions"]["code"] == Unauthenticated.code for e in errors):
                    raise Unauthenticated("The token is not valid.")
                if errors and result.data is None and not any(e.get("path") for e in errors):
                    yield "error", errors
                    return
                yield "next", {"data": result.data, **({"errors": errors} if errors else {})}

    async def _answers(
        self, context: Context, query: str, variables: dict[str, Any] | None, name: str | None
    ) -> AsyncGenerator[ExecutionResult, None]:
        """A subscription's answers as they come, of all others the one."""
        document = self.schema.documents.get(query, name)
        if document.errors or document.kind is not OperationType.SUBSCRIPTION:
            context.begun()
            yield await self._settled(context, query, variables, name)
            return
        async with aclosing(self.schema.listen(query, variables, context, name)) as answers:
            async for result in answers:
                yield result

    async def respond(self, request: Request) -> Response:
        """One answer, whatever happens."""
        request_id = str(request.scope.get("state", {}).get("request_id", ""))
        try:
            return await self._respond(request, request_id)
        except ClientDisconnect:
            return Response(status_code=499)
        except LoanfileError as error:
            return refusal(error if isinstance(error, ApiError) else BadRequest(str(error)), request, request_id)
        except Exception as error:
            return refusal(api_error(error), request, request_id)

    async def _respond(self, request: Request, request_id: str) -> Response:
        if request.method == "GET":
            return await self._get(request, request_id)
        if request.method != "POST":
            return _not_allowed("Use POST, or GET for a query.", "GET, POST", request_id)
        context: Context = await self.context_of(request.headers, request_id, False)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return await self._multipart(request, context)
        if kind != JSON:
            told = {"errors": [{"message": "Send application/json.", "extensions": {"code": "BAD_REQUEST", "requestId": request_id}}]}
            return Response(orjson.dumps(told), 415, media_type=media_type(request))
        body, variables, name = _parameters(_decoded(await request.body()))
        return await self._execute(request, context, self.trusted.text(body, context), variables, name)

    async def _get(self, request: Request, request_id: str) -> Response:
        """The page for a browser, else a query: a GET changes nothing, and its answer is nobody else's."""
        if self.page is not None and "text/html" in request.headers.get("accept", ""):
            return self.page()
        context = await self.context_of(request.headers, request_id, False)
        given: dict[str, Any] = dict(request.query_params)
        decoded = {name: _decoded(given[name].encode(), f"`{name}`") for name in ("variables", "extensions") if given.get(name)}
        body, variables, name = _parameters(given | decoded)
        text = self.trusted.text(body, context)
        document = self.schema.documents.get(text, name)
        if not document.errors and document.kind is OperationType.MUTATION:
            return _not_allowed("A mutation is sent by POST.", "POST", request_id)
        return await self._execute(request, context, text, variables, name)

    async def _execute(
        self, request: Request, context: Context, query: str, variables: dict[str, Any] | None, name: str | None
    ) -> Response:
        result = await self._settled(context, query, variables, name)
        kind = media_type(request)
        told = {} if context.cost is None else {"extensions": {"cost": {"requested": context.cost, "limit": context.settings.cost_max}}}
        if not result.errors:
            return Response(orjson.dumps({"data": result.data, **told}), media_type=kind)
        production = context.settings.production
        errors = [formatted(error, context.request_id, production=production) for error in result.errors]
        started = result.data is not None or any(e.get("path") for e in errors)
        body = ({"errors": errors, "data": result.data} if started else {"errors": errors}) | told
        return Response(
            orjson.dumps(body), self._status(errors, result.data is not None, started, kind), self._headers(errors), media_type=kind
        )

    async def _settled(self, context: Context, query: str, variables: dict[str, Any] | None, name: str | None) -> Any:
        """The answer, asked again where the caller is no longer who was read, or where two writers met."""
        result = await self._run(context, query, variables, name)
        causes = [_cause(error) for error in (result.errors or ()) if error.original_error is not None]
        stale = any(isinstance(cause, StalePrincipal) for cause in causes)
        if stale or _is_forbidden(result):
            assert context.renew is not None  # whoever comes over the wire has a token
            known, context.principal = context.principal, await context.renew()
            if not stale and context.principal == known:  # else the role was granted since the caller was read
                return result
        elif not any(isinstance(cause, RACES) for cause in causes):
            return result
        return await self._run(context, query, variables, name)

    async def _run(self, context: Context, query: str, variables: dict[str, Any] | None, name: str | None) -> Any:
        """One execution. It may be run again: what failed has committed nothing, and what was done is replayed by its key."""
        context.query, context.variables, context.operation_name = query, variables or {}, name
        try:
            return await self.schema.execute(query, variables, context, None, name)
        except StalePrincipal as error:
            return ExecutionResult(data=None, errors=[GraphQLError("", original_error=error)])

    @staticmethod
    def _status(errors: list[dict[str, Any]], answered: bool, started: bool, kind: str) -> int:
        """By the GraphQL-over-HTTP specification; the older media type tells well-formed failures with 200."""
        codes = {e["extensions"]["code"] for e in errors}
        for known in (Unauthenticated, Throttled, Unavailable, Internal):
            if known.code in codes and not answered:
                return known.status
        if "FORBIDDEN" in codes and not started:
            return 403 if kind == RESPONSE_JSON else 200
        return 200 if started or kind == JSON else 400

    @staticmethod
    def _headers(errors: list[dict[str, Any]]) -> dict[str, str]:
        waits = [e["extensions"]["retryAfterSeconds"] for e in errors if e["extensions"].get("retryAfterSeconds")]
        return {"Retry-After": str(max(waits))} if waits else {}

    async def _multipart(self, request: Request, context: Context) -> Response:
        """An upload; the preflight header closes the way for a foreign page's form."""
        if not request.headers.get("graphql-require-preflight"):
            raise BadRequest("A multipart request needs the header GraphQL-Require-Preflight.")
        try:
            async with request.form(max_files=1, max_fields=4) as form:
                operations = _decoded(_text(form.get("operations")))
                paths = _decoded(_text(form.get("map")))
                body, variables, name = _parameters(operations)
                query = self.trusted.text(body, context)
                variables = _with_files(variables or {}, paths, form)
                return await self._execute(request, context, query, variables, name)
        except HTTPException as error:
            raise BadRequest(str(error.detail)) from None


def _not_allowed(message: str, methods: str, request_id: str) -> Response:
    told = {"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST", "requestId": request_id}}]}
    return JSONResponse(told, 405, {"Allow": methods})


def _is_forbidden(result: Any) -> bool:
    return any((error.extensions or {}).get("code") == "FORBIDDEN" for error in result.errors or ())


def _text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise BadRequest("A multipart request has the parts `operations` and `map`.")
    return value.encode()


def _decoded(body: bytes, what: str = "The body") -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadRequest(f"{what} is not JSON.") from None


def _parameters(body: Any) -> tuple[dict[str, Any], dict[str, Any] | None, str | None]:
    """The request, its `variables` and its `operationName`, each of its type."""
    if not isinstance(body, dict):
        raise BadRequest("The body is one JSON object; batches are not served.")
    variables, name = body.get("variables"), body.get("operationName")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest("`variables` is an object.")
    if name is not None and not isinstance(name, str):
        raise BadRequest("`operationName` is a string.")
    if not isinstance(body.get("extensions"), dict | None):
        raise BadRequest("`extensions` is an object.")
    return body, variables, name


def _with_files(variables: dict[str, Any], paths: Any, form: Any) -> dict[str, Any]:
    """Puts each file where the map says; only names that exist are written."""
    if not isinstance(paths, dict):
        raise BadRequest("`map` is an object.")
    for part, places in paths.items():
        file = form.get(part)
        if file is None or isinstance(file, str) or not isinstance(places, list):
            raise BadRequest("`map` names a part that is no file.")
        for place in places:
            _place(variables, str(place).split("."), file)
    return variables


def _place(variables: dict[str, Any], path: list[str], file: Any) -> None:
    target: Any = {"variables": variables}
    for step in path[:-1]:
        target = target.get(step) if isinstance(target, dict) else None
    if not isinstance(target, dict) or target.get(path[-1], ...) is not None:
        raise BadRequest("`map` names a place that is not null in the variables.")
    target[path[-1]] = file
