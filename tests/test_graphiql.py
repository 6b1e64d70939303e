"""The page in a browser: our own origin alone, a strict policy, three examples that answer."""

import asyncio
import json
import re
import shutil
import subprocess
import tempfile
from datetime import date
from pathlib import Path

import httpx
import pytest
from graphql import parse, validate
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schema.graphiql import page
from schema.graphiql.examples import examples
from schema.reading.answers import ReadingSchema

HTML = {"accept": "text/html"}


def application(dist: Path) -> Starlette:
    async def shown(_: Request) -> Response:
        return page.page(dist)

    return Starlette(routes=[Route("/graphql", shown), *page.files(dist)])


def client(dist: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(application(dist)), base_url="http://test")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "graphiql.js").write_text("export {}")
    (tmp_path / "graphiql.css").write_text("body {}")
    return tmp_path


async def test_the_page_loads_nothing_from_elsewhere_and_says_so_in_its_policy(built: Path) -> None:
    answer = await client(built).get("/graphql", headers=HTML)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy
    assert all(address.startswith("/") for address in re.findall(r'(?:src|href)="([^"]+)"', answer.text))


async def test_without_the_files_the_page_says_how_to_get_them(tmp_path: Path) -> None:
    answer = await client(tmp_path).get("/graphql", headers=HTML)
    assert answer.status_code == 503 and "make graphiql" in answer.text


async def test_the_bare_address_leads_to_the_page(built: Path) -> None:
    answer = await client(built).get("/", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (307, "/graphql")


async def test_files_are_served_by_name_alone(built: Path) -> None:
    web = client(built)
    assert (await web.get("/graphql/static/graphiql.js")).headers["content-type"].startswith("text/javascript")
    for name in ("missing.js", "..%2f..%2fpage.py", ".stamp", "%2e%2e/page.py"):
        assert (await web.get(f"/graphql/static/{name}")).status_code == 404


def test_the_examples_are_valid(schema: ReadingSchema) -> None:
    for example in examples(date(2026, 11, 20)):
        assert not validate(schema._schema, parse(example["query"]))


async def test_the_browser_shows_three_tabs_or_the_page_stands_by_its_contract(built: Path) -> None:
    """With Chromium and a built page: the tabs themselves. Without: the data that the page hands to them."""
    chromium, real = shutil.which("chromium"), page.DIST
    if chromium is None or not (real / "graphiql.js").exists():
        text = (await client(built).get("/graphql", headers=HTML)).text
        tabs = json.loads(re.search(r'id="examples">(.*?)</script>', text, re.S)[1])  # type: ignore[index]  # the page has examples
        assert len(tabs) == 3
        print("not present: " + ("chromium" if chromium is None else "the built page"))
        return
    import threading

    import uvicorn

    server = uvicorn.Server(uvicorn.Config(application(page.DIST), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as profile:
        done = await asyncio.to_thread(
            subprocess.run,
            [
                chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}", "--virtual-time-budget=15000",
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--dump-dom", f"http://127.0.0.1:{port}/graphql",
            ], capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
    server.should_exit = True
    thread.join()
    for name in ("LoanFile", "CheckOut", "ContractHistory"):
        assert name in done.stdout
