"""GraphiQL at /graphql for a browser: from our own origin, under a strict policy, without a single foreign address."""

import html
import json
from datetime import date
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from schema.graphiql.examples import examples

DIST = Path(__file__).with_name("dist")
TYPES = {".js": "text/javascript", ".css": "text/css", ".ttf": "font/ttf", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
# Monaco makes style elements of its own: this page alone allows inline styles, and no inline script.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self'; connect-src 'self'; "
    "font-src 'self' data:; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Loanfile</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/graphql/static/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/graphql/static/graphiql.css">
</head><body>
<div id="graphiql"></div>
<script type="application/json" id="examples">{examples}</script>
<script type="module" src="/graphql/static/graphiql.js"></script>
</body></html>
"""
ABSENT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Loanfile</title></head><body>
<h1>Loanfile</h1><p>The API runs here; send it a POST. The GraphiQL page was not built: run <code>make graphiql</code>.</p>
</body></html>
"""


def page(dist: Path = DIST) -> Response:
    """The page; without its files one that says how to get them."""
    headers = {"Content-Security-Policy": POLICY}
    if not (dist / "graphiql.js").exists():
        return HTMLResponse(ABSENT, 503, headers)
    tabs = json.dumps(examples(date.today()), ensure_ascii=False).replace("</", "<\\/")
    return HTMLResponse(PAGE.format(examples=tabs), headers=headers)


def files(dist: Path = DIST) -> list[BaseRoute]:
    """What the page loads, and the way to it from the bare address."""

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        path = dist / name
        if path.suffix not in TYPES or path.parent != dist or not path.is_file():
            return Response(html.escape("not found"), 404, media_type="text/plain")
        return FileResponse(path, media_type=TYPES[path.suffix], headers={"Cache-Control": "max-age=3600"})

    async def root(_: Request) -> Response:
        return RedirectResponse("/graphql")

    return [Route("/", root, methods=["GET"]), Route("/graphql/static/{name}", file, methods=["GET"])]
