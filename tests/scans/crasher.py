"""Processes that bring a scan and die on the way: forked from one that has loaded everything, and each ends by os._exit.

Reads a line of JSON for each: addresses, the people, the scan, the failpoint; answers with the status of the process.
"""

import asyncio
import json
import os
import sys
from typing import Any
from uuid import UUID

from server.scans.announcing import NewScan
from server.scans.uploads import Uploads
from storage.database import Database, Principal
from storage.objects import ObjectStore, StoreAddress
from storage.terms import Role, ScanSubject
from tests.scans.conftest import put

DURING_THE_PUT = "during_the_put"


async def bring(told: dict[str, Any]) -> None:
    database, objects = Database(told["url"]), ObjectStore(StoreAddress(*told["store"]))
    await database.open()
    unit = UUID(told["org"])
    officer = Principal(UUID(told["staff"]), unit, "", frozenset({Role.LOAN_OFFICER}), (unit,))
    body, uploads = bytes.fromhex(told["body"]), Uploads(database, objects)
    new = NewScan.of(ScanSubject.RECORD, UUID(told["record"]), "x", "application/pdf", body, pages=1)
    made = await uploads.register(officer, new, key=told["key"])
    address = made.addresses[0].put
    if told["point"] == DURING_THE_PUT:
        host, _, path = address.url.removeprefix("http://").partition("/")
        _, writer = await asyncio.open_connection(host.partition(":")[0], int(host.partition(":")[2]))
        head = "".join(f"{name}: {value}\r\n" for name, value in address.headers.items())
        writer.write(f"PUT /{path} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n".encode() + body[: len(body) // 2])
        await writer.drain()
        os._exit(86)
    assert await put(address.url, [f"{n}: {v}" for n, v in address.headers.items()], body) == 200
    if told["point"] == "after_the_put":
        os._exit(86)
    await uploads.confirm(officer, UUID(made.outcome["scan"]), key=told["key"])


def main() -> None:
    ObjectStore(StoreAddress("http://127.0.0.1:9", "none", "none", "none", "none")).close()  # what it loads, the children need not
    for line in sys.stdin:
        told = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ["LOANFILE_FAILPOINT"] = f"{told['point']}:die"
            try:
                asyncio.run(bring(told))
            except BaseException as error:
                print(repr(error), file=sys.stderr)
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
