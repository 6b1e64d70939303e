"""What the pages of `docs/api` show is asked of a demo bank as it stands, page by page, and answered as they show it."""

import asyncio
import fnmatch
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from schema.graphiql.examples import due_on
from schema.scalars import show_instant
from server.custody.policy import BANK_ZONE
from server.demo.names import small_pdf
from server.scans.announcing import PART_BYTES
from storage.objects import ObjectStore
from tests.harness.demo import Demo, demo_bank
from tests.harness.listener import listener
from tests.harness.web import Site, site
from tests.scans.hostile_pdf import rebuilt

FOLDER = Path(__file__).parents[1] / "docs" / "api"
BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted(path.name for path in FOLDER.glob("*.md") if "```graphql" in path.read_text("utf-8"))
SHOWN = ("answer", "errors", "told")  # an answer, its top-level errors, what a subscription tells
SECONDS_MAX = 240
BEGUN = {"id": "begun", "type": "subscribe", "payload": {"query": "{ viewer { roles } }"}}
OTHER_UNIT = "select org_id from staff where username = 'archivist-b3'"
OTHER_SHELF = (
    f"select id from storage_locations where kind <> 'VAULT' and vault_id is null and org_id = ({OTHER_UNIT}) order by code limit 1"
)


@pytest_asyncio.fixture(scope="module")
async def demo(told: dict[str, Any], objects: ObjectStore) -> AsyncIterator[Demo]:
    """One that opens now: a page confirms within the minutes that it has."""
    async with demo_bank(told, objects, of_now=True) as made:
        yield made


@pytest.fixture(scope="module")
def served(told: dict[str, Any], demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(told, demo.name, tmp_path_factory.mktemp("docs")) as made:
        yield made


def fits(shown: Any, answered: Any) -> bool:
    """Whether an answer is as it is shown: `…` is any value, in a text any letters, in a list any others."""
    if isinstance(shown, dict):
        return isinstance(answered, dict) and shown.keys() == answered.keys() and all(fits(shown[k], answered[k]) for k in shown)
    if isinstance(shown, list):
        if not isinstance(answered, list):
            return False
        if "…" in shown:
            return all(any(fits(one, other) for other in answered) for one in shown if one != "…")
        return len(shown) == len(answered) and all(map(fits, shown, answered))
    if isinstance(shown, str) and "…" in shown:
        return shown == "…" or (isinstance(answered, str) and fnmatch.fnmatchcase(answered, shown.replace("[", "[[]").replace("…", "*")))
    return bool(shown == answered)


class Reading:
    """One page, from its first example to its last."""

    def __init__(self, served: Site, known: dict[str, Any], stack: AsyncExitStack) -> None:
        self.served, self.known, self.stack = served, known, stack
        self.answers: dict[str, Any] = {}
        self.last: Any = None
        self.sockets: list[Any] = []
        self.heard: list[Any] = []  # by the newest of them already

    def filled(self, value: Any) -> Any:
        """Variables with what is between < and >: something known, or from an answer before."""
        if isinstance(value, dict):
            return {k: self.filled(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.filled(v) for v in value]
        if not isinstance(value, str) or not re.fullmatch("<.*>", value):
            return value
        name = value[1:-1]
        if name == "a new key":
            return uuid4().hex
        if name in self.known:
            return self.known[name]
        found: Any = self.answers
        for step in name.split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
        return found

    async def ask(self, text: str, variables: dict[str, Any]) -> None:
        """A question, by who the first line says; a subscription goes on listening."""
        who = re.match(r"# as ([\w-]+)", text)
        assert who, f"an example begins with who asks: {text[:60]}"
        if re.search(r"^subscription\b", text, re.MULTILINE):
            socket = await self.stack.enter_async_context(listener(self.served, who[1]))
            await socket.subscribe(text, **variables)
            self.sockets.append(socket)
            await socket.say(BEGUN)  # answered once the subscription before it has begun
            self.heard = []
            while (message := await socket.hear()) != {"id": "begun", "type": "complete"}:
                self.heard += [message] if message["id"] != "begun" else []
            return
        async with self.served.client(who[1]) as client:
            body = {"query": text, "variables": variables}
            answer = (await client.post("/graphql", json=body, headers={"accept-language": "en"})).json()
        assert ("errors" in answer) == ("wrongly" in text.splitlines()[0]), answer
        self.last = answer.get("errors") or answer["data"]
        self.answers |= answer.get("data") or {}

    async def told(self, shown: Any) -> Any:
        """What a subscription of the page tells, past what it tells of others: what came just before may be told just after."""
        heard: Any = None
        try:
            async with asyncio.timeout(SECONDS_MAX):
                while not fits(shown, heard):
                    message = self.heard.pop(0) if self.heard else await self.sockets[-1].hear()
                    assert message["type"] == "next" and "errors" not in message["payload"], message
                    heard = message["payload"]["data"]
        except TimeoutError:
            pass  # the last one is shown beside what was expected
        return heard


def examples(page: str) -> list[tuple[str, str, str]]:
    return [(kind, what or "", text) for kind, what, text in BLOCK.findall((FOLDER / page).read_text("utf-8"))]


@pytest_asyncio.fixture
async def known(demo: Demo, tmp_path: Path) -> dict[str, Any]:
    """What a reader of the pages has at hand."""
    volume = await demo.root.fetchrow(
        "select r.id, r.barcode, r.pages from archive_records r join staff s on s.org_id = r.org_id where s.username = 'loan-officer'"
        " and r.tier = 'SECOND' and r.state = 'FILED' and not exists (select from request_lines q where q.record_id = r.id)"
        " order by r.archive_no desc limit 1"
    )
    officer = await demo.root.fetchval("select id from staff where username = 'loan-officer'")
    pdf = small_pdf("contract")
    (tmp_path / "contract.pdf").write_bytes(pdf)
    book = rebuilt(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Length %d>>stream\n%s\nendstream" % (PART_BYTES, bytes(PART_BYTES)))
    (tmp_path / "book.pdf").write_bytes(book)
    car = await demo.root.fetchrow(
        "select r.primary_loan_id, r.collateral_id, r.vault_id from archive_records r join staff s on s.org_id = r.org_id"
        " where s.username = 'loan-officer' and r.tier = 'FIRST' and r.state = 'IN_VAULT' and r.kind = 'CERTIFICATE' order by r.archive_no limit 1"
    )
    assert volume and car
    living = await demo.root.fetchrow(
        "select r.id, r.version, r.primary_loan_id from archive_records r join loans l on l.id = r.primary_loan_id join staff s on s.org_id = r.org_id"
        " where s.username = 'loan-officer-b2' and r.tier = 'SECOND' and r.state = 'FILED' and l.status = 'ACTIVE' order by r.archive_no limit 1"
    )
    people = {name: await demo.root.fetchval("select id from staff where username = $1", name) for name in ("inspector-b2", "risk-head-b2")}
    today = datetime.now(BANK_ZONE).date()
    return {
        "an inspector of branch 2": f"staff_{people['inspector-b2']}",
        "the risk head of branch 2": f"staff_{people['risk-head-b2']}",
        "a loan of branch 2": f"loan_{living['primary_loan_id']}",
        "a volume of a living loan": f"record_{living['id']}",
        "its version": str(living["version"]),
        "today": str(today),
        "just now": show_instant(await demo.root.fetchval("select clock_timestamp()")),
        "a weekday in three months": str(due_on(today + timedelta(days=90))),
        "a loan": f"loan_{car['primary_loan_id']}",
        "its car": f"collateral_{car['collateral_id']}",
        "the vault": f"location_{car['vault_id']}",
        "a volume on the shelf": f"record_{volume['id']}",
        "barcode of the volume": volume["barcode"],
        "pages of the volume": volume["pages"],
        "the loan officer": f"staff_{officer}",
        "another unit": f"org_{await demo.root.fetchval(OTHER_UNIT)}",
        "a shelf of the other unit": f"location_{await demo.root.fetchval(OTHER_SHELF)}",
        "a weekday soon": str(due_on(datetime.now(UTC).date())),
        "SHA-256 of contract.pdf": hashlib.sha256(pdf).hexdigest(),
        "size of contract.pdf": str(len(pdf)),
        "SHA-256 of book.pdf": hashlib.sha256(book).hexdigest(),
        "SHA-256 of each 8 MiB of book.pdf": [
            hashlib.sha256(book[at : at + PART_BYTES]).hexdigest() for at in range(0, len(book), PART_BYTES)
        ],
        "size of book.pdf": str(len(book)),
    }


@pytest.mark.parametrize("page", PAGES)
async def test_the_examples_of_a_page_answer_as_it_shows(
    served: Site, known: dict[str, Any], page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = examples(page)
    async with AsyncExitStack() as stack:
        reading = Reading(served, known, stack)
        scope: dict[str, Any] = {}  # what one piece of Python defines, the next ones use
        for at, (kind, what, text) in enumerate(blocks):
            if kind == "graphql":
                following = blocks[at + 1] if at + 1 < len(blocks) else ("", "", "")
                variables = json.loads(following[2]) if following[1] == "variables" else {}
                await reading.ask(text, reading.filled(variables))
            elif kind == "python":
                scope |= {"answers": reading.answers, "size": int(known["size of contract.pdf"])}
                await asyncio.to_thread(exec, compile(text, page, "exec"), scope)
            elif what in SHOWN:
                shown = json.loads(text)
                found = await reading.told(shown) if what == "told" else reading.last
                assert fits(shown, found), f"{page} shows\n{text}\nbut the answer is\n{json.dumps(found, ensure_ascii=False, indent=2)}"


def test_every_question_shows_its_answer() -> None:
    for page in PAGES:
        blocks = examples(page)
        questions = sum(kind == "graphql" for kind, _, _ in blocks)
        assert questions and questions == sum(what in SHOWN for _, what, _ in blocks), page
