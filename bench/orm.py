"""An ordinary Strawberry server on the same tables: SQLAlchemy's ORM on asyncpg, a DataLoader for every relation, cached documents.

One transaction a request, with the caller set in it, so that row-level security holds; a relation is loaded once for all its
parents. The same questions as ours are spelt in the same words.
"""

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
import strawberry
from sqlalchemy import MetaData, Table, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

from bench.serving import serve
from schema.visibility import MASKED_DATA
from server.auth import Authenticator, Issuer
from server.oidc import FixedKeys
from server.settings import Settings
from storage import tables
from storage.database import Database, Principal

T = TypeVar("T")
HIDDEN = {"identity_index", "identity_cipher", "phone_index", "phone_cipher", "address_cipher"}  # no read may select them


class Base(DeclarativeBase):
    metadata = MetaData()


def mapped(name: str) -> Any:
    """A class over one of our tables."""
    table: Table = getattr(tables, name)
    columns = [c.name for c in table.c if c.name not in HIDDEN]
    return type(name, (Base,), {"__table__": table, "__mapper_args__": {"include_properties": columns}})


NAMES = [
    "access_requests",
    "archive_records",
    "collateral",
    "collateral_certificates",
    "contracts",
    "customers",
    "dealers",
    "file_items",
    "inspection_reports",
    "loan_collateral",
    "loan_contracts",
    "loan_positions",
    "loan_products",
    "loans",
    "movements",
    "org_units",
    "sealed_envelopes",
    "staff",
    "storage_locations",
]
ROWS: dict[str, Any] = {name: mapped(name) for name in NAMES}


class Asking:
    """One request: its caller, its session and its loaders."""

    def __init__(self, principal: Principal, session: AsyncSession) -> None:
        self.principal, self.session, self.turn = principal, session, asyncio.Lock()  # a session does one thing at a time
        self.loaders: dict[Any, DataLoader[Any, Any]] = {}

    async def rows(self, query: Any) -> list[Any]:
        async with self.turn:
            return list((await self.session.execute(query)).all())

    def one(self, name: str) -> DataLoader[Any, Any]:
        """By id."""
        row = ROWS[name]

        async def load(ids: list[Any]) -> list[Any]:
            found = {r[0].id: r[0] for r in await self.rows(select(row).where(row.id.in_(ids)))}
            return [found.get(i) for i in ids]

        return self._kept(name, load)

    def many(self, name: str, column: str, *order: str) -> DataLoader[Any, Any]:
        """By a column that points at the parent."""
        row = ROWS[name]

        async def load(ids: list[Any]) -> list[Any]:
            by = getattr(row, column)
            return self._grouped(
                ids, await self.rows(select(by, row).where(by.in_(ids)).order_by(*(getattr(row, o) for o in order), row.id))
            )

        return self._kept((name, column), load)

    def through(self, link: str, name: str, theirs: str) -> DataLoader[Any, Any]:
        """By a link table of loans."""
        between, row = ROWS[link], ROWS[name]

        async def load(ids: list[Any]) -> list[Any]:
            query = (
                select(between.loan_id, row).join(row, row.id == getattr(between, theirs)).where(between.loan_id.in_(ids)).order_by(row.id)
            )
            return self._grouped(ids, await self.rows(query))

        return self._kept((link, name), load)

    def newest_position(self) -> DataLoader[Any, Any]:
        """The newest one of each loan."""
        row = ROWS["loan_positions"]

        async def load(ids: list[Any]) -> list[Any]:
            query = select(row).where(row.loan_id.in_(ids)).distinct(row.loan_id).order_by(row.loan_id, row.as_of.desc())
            found = {r[0].loan_id: r[0] for r in await self.rows(query)}
            return [found.get(i) for i in ids]

        return self._kept("newest", load)

    @staticmethod
    def _grouped(ids: list[Any], rows: list[Any]) -> list[list[Any]]:
        found = defaultdict(list)
        for parent, row in rows:
            found[parent].append(row)
        return [found[i] for i in ids]

    def _kept(self, key: Any, load: Callable[[list[Any]], Any]) -> DataLoader[Any, Any]:
        if key not in self.loaders:
            self.loaders[key] = DataLoader(load_fn=load)
        return self.loaders[key]


Info = strawberry.Info[Asking, None]


def identity(prefix: str) -> Any:
    """The global id."""

    def resolve(root: Any) -> strawberry.ID:
        return strawberry.ID(f"{prefix}_{root.id}")

    return strawberry.field(resolve)


def version(root: Any) -> str:
    return str(root.version)


@strawberry.type
class Money:
    amount: Decimal
    currency_code: str


def money(column: str) -> Any:
    """An amount and its currency."""

    def resolve(root: Any) -> Money:
        return Money(amount=getattr(root, column), currency_code=root.currency)

    return strawberry.field(resolve)


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    node: T


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo


def page(rows: list[Any], first: int, cursor: Callable[[Any], str] = lambda row: str(row.id)) -> Any:
    """The first so many of rows of which there may be one more."""
    shown = rows[:first]
    info = PageInfo(has_next_page=len(rows) > first, end_cursor=cursor(shown[-1]) if shown else None)
    return Connection(edges=[Edge(node=row) for row in shown], page_info=info)


@strawberry.type
class Named:
    name: str


@strawberry.type
class Coded:
    code: str
    name: str


@strawberry.type
class Customer:
    id: strawberry.ID = identity("customer")
    name: str
    district: str

    @strawberry.field
    def identity_number_masked(self, info: Info) -> str | None:
        return self.identity_number_masked if MASKED_DATA & info.context.principal.roles else None  # type: ignore[return-value]  # a Mapped column, its value here

    @strawberry.field
    def phone_masked(self, info: Info) -> str | None:
        return self.phone_masked if MASKED_DATA & info.context.principal.roles else None  # type: ignore[return-value]  # a Mapped column, its value here

    @strawberry.field
    def address_masked(self, info: Info) -> str | None:
        return self.address_masked if MASKED_DATA & info.context.principal.roles else None  # type: ignore[return-value]  # a Mapped column, its value here


@strawberry.type
class Contract:
    number: str
    kind: str
    signed_on: date
    amount: Money = money("amount")
    is_maximum_amount: bool


@strawberry.type
class LoanPosition:
    as_of: datetime
    principal: Money = money("principal_amount")
    interest: Money = money("interest_amount")
    overdue: Money = money("overdue_amount")
    days_overdue: int


@strawberry.type
class Certificate:
    number: str
    kind: str
    issuer: str
    issued_on: date
    is_live: bool


@strawberry.type
class Collateral:
    description: str
    plate_no: str | None
    vin: str | None
    value: Money = money("value_amount")

    @strawberry.field
    async def certificates(self, info: Info) -> list[Certificate]:
        return await info.context.many("collateral_certificates", "collateral_id", "issued_on").load(self.id)  # type: ignore[attr-defined]  # a column of the row that stands for us


@strawberry.type
class Place:
    code: str


@strawberry.type
class Envelope:
    seal_no: str

    @strawberry.field
    async def location(self, info: Info) -> Place | None:
        return await info.context.one("storage_locations").load(self.location_id) if self.location_id else None  # type: ignore[attr-defined]  # a column of the row that stands for us


@strawberry.type
class FileItem:
    title: str
    document_type: str
    pages: int


@strawberry.type
class AccessRequest:
    purpose: str
    submitted_at: datetime

    @strawberry.field
    async def applicant(self, info: Info) -> Named | None:
        return await info.context.one("staff").load(self.applicant_id)  # type: ignore[attr-defined]  # a column of the row that stands for us


@strawberry.type
class Checkout:
    reserved_at: datetime
    out_at: datetime | None
    due_at: datetime | None
    returned_at: datetime | None
    closed_at: datetime | None

    @strawberry.field
    async def holder(self, info: Info) -> Named | None:
        return await info.context.one("staff").load(self.holder_id)  # type: ignore[attr-defined]  # a column of the row that stands for us

    @strawberry.field
    async def request(self, info: Info) -> AccessRequest | None:
        return await info.context.one("access_requests").load(self.request_id)  # type: ignore[attr-defined]  # a column of the row that stands for us


@strawberry.interface
class ArchiveRecord:
    id: strawberry.ID = identity("record")
    archive_no: str
    barcode: str
    title: str
    state: str
    pages: int

    @strawberry.field
    async def checkouts(self, info: Info, first: int) -> Connection[Checkout]:
        rows = await info.context.many("movements", "record_id").load(self.id)
        return page([row for row in rows if row.kind != "ACT"], first)


@strawberry.type
class FirstTierRecord(ArchiveRecord):
    kind: str

    @classmethod
    def is_type_of(cls, row: Any, _: Any) -> bool:
        return bool(row.tier == "FIRST")

    @strawberry.field
    async def envelope(self, info: Info) -> Envelope | None:
        return await info.context.one("sealed_envelopes").load(self.envelope_id) if self.envelope_id else None  # type: ignore[attr-defined]  # a column of the row that stands for us


@strawberry.type
class SecondTierRecord(ArchiveRecord):
    retention_class: str | None

    @classmethod
    def is_type_of(cls, row: Any, _: Any) -> bool:
        return bool(row.tier == "SECOND")

    @strawberry.field
    async def items(self, info: Info) -> list[FileItem]:
        return await info.context.many("file_items", "record_id", "position").load(self.id)


@strawberry.type
class Report:
    number: str
    title: str
    state: str


@strawberry.type
class Loan:
    id: strawberry.ID = identity("loan")
    version: str = strawberry.field(version)
    number: str
    status: str
    classification: str
    term_months: int
    annual_rate: Decimal | None
    starts_on: date
    matures_on: date
    updated_at: datetime
    principal: Money = money("principal_amount")
    instalment: Money = money("instalment_amount")

    @strawberry.field
    async def customer(self, info: Info) -> Customer | None:
        return await info.context.one("customers").load(self.customer_id)  # type: ignore[attr-defined]  # a column of the row that stands for us

    @strawberry.field
    async def product(self, info: Info) -> Coded | None:
        return await info.context.one("loan_products").load(self.product_id)  # type: ignore[attr-defined]  # a column of the row that stands for us

    @strawberry.field
    async def org_unit(self, info: Info) -> Coded | None:
        return await info.context.one("org_units").load(self.org_id)  # type: ignore[attr-defined]  # a column of the row that stands for us

    @strawberry.field
    async def manager(self, info: Info) -> Named | None:
        return await info.context.one("staff").load(self.manager_id) if self.manager_id else None  # type: ignore[attr-defined]  # a column of the row that stands for us

    @strawberry.field
    async def dealer(self, info: Info) -> Named | None:
        return await info.context.one("dealers").load(self.dealer_id) if self.dealer_id else None  # type: ignore[attr-defined]  # a column of the row that stands for us

    @strawberry.field
    async def position(self, info: Info) -> LoanPosition | None:
        return await info.context.newest_position().load(self.id)

    @strawberry.field
    async def contracts(self, info: Info, first: int) -> Connection[Contract]:
        return page(await info.context.through("loan_contracts", "contracts", "contract_id").load(self.id), first)

    @strawberry.field
    async def collateral(self, info: Info) -> list[Collateral]:
        return await info.context.through("loan_collateral", "collateral", "collateral_id").load(self.id)

    @strawberry.field
    async def archive_records(self, info: Info, first: int) -> Connection[ArchiveRecord]:
        return page(await info.context.many("archive_records", "primary_loan_id").load(self.id), first)

    @strawberry.field
    async def inspection_reports(self, info: Info, first: int) -> Connection[Report]:
        return page(await info.context.many("inspection_reports", "loan_id").load(self.id), first)


@strawberry.input(one_of=True)
class LoanBy:
    number: str | None = strawberry.UNSET


@strawberry.enum
class LoanSortField(Enum):
    NUMBER = "NUMBER"


@strawberry.input
class LoanSort:
    field: LoanSortField


def _cursor(row: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.number, str(row.id)]).encode()).decode()


@strawberry.type
class Query:
    @strawberry.field
    async def loan(self, info: Info, by: LoanBy) -> Loan | None:
        row = ROWS["loans"]
        found = await info.context.rows(select(row).where(row.number == by.number))
        return found[0][0] if found else None

    @strawberry.field
    async def loans(self, info: Info, first: int, sort: list[LoanSort], after: str | None = None) -> Connection[Loan]:
        row = ROWS["loans"]
        query = select(row).order_by(row.number, row.id).limit(first + 1)
        if after is not None:
            number, id_ = json.loads(base64.urlsafe_b64decode(after))
            query = query.where(tuple_(row.number, row.id) > tuple_(number, UUID(id_)))
        return page([r[0] for r in await info.context.rows(query)], first, _cursor)


class View(GraphQL[Asking, None]):
    """Strawberry's view, with a faster JSON."""

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)


def create_app(settings: Settings) -> Starlette:
    """The view behind the token, in the caller's transaction."""
    database = Database(settings.database_url or "", settings.reader_database_url, readers_max=1)
    people = Authenticator(settings, database, FixedKeys(Issuer.of(settings.home).public_keys))
    engine = create_async_engine(
        (settings.reader_database_url or "").replace("postgresql://", "postgresql+asyncpg://").replace("&port=5432", ""),
        pool_size=settings.readers_max,
        max_overflow=0,
    )
    session_of = async_sessionmaker(engine, expire_on_commit=False)
    names = ("app.staff", "app.branches", "app.roles")

    class Ours(View):
        async def get_context(self, request: Any, response: Any) -> Asking:
            return request.scope["asking"]  # type: ignore[no-any-return]  # starlette leaves it untyped

    made = strawberry.Schema(query=Query, types=[FirstTierRecord, SecondTierRecord], extensions=[ParserCache(512), ValidationCache(512)])
    view = Ours(made, graphql_ide=None)

    async def answer(request: Request) -> Response:
        principal = await people.principal(request.headers.get("authorization"))
        async with session_of() as session:
            await session.execute(select(*(func.set_config(n, v, True) for n, v in zip(names, principal.settings, strict=True))))
            request.scope["asking"] = Asking(principal, session)
            return await view.run(request)  # type: ignore[no-any-return]  # starlette leaves it untyped

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await database.open()
        yield
        await engine.dispose()
        await database.close()

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])], lifespan=lifespan)


if __name__ == "__main__":
    serve(create_app)
