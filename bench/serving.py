"""How the servers that ours is compared with are run: the same settings, the same web server."""

from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from server.running import Protocol, listen
from server.settings import Settings, load


def serve(create: Callable[[Settings], Starlette]) -> None:
    """As `loanfile serve` does."""
    settings = load()
    with listen(settings) as listening:
        config = uvicorn.Config(create(settings), http=Protocol, log_config=None, access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listening])
