"""A document is refused for what it does itself; for what happens to the machine one is told to try again."""

import asyncio
import io
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from server.demo.names import small_pdf
from server.errors import Unavailable
from server.scans.documents import opener as opening
from server.scans.documents.opener import Opener, Openers
from server.scans.documents.verdicts import Refused
from tests.scans.hostile_pdf import rebuilt

PDF = small_pdf("good")
WAIT_SECONDS = 240  # of a busy machine
SCRIPT = rebuilt(b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>")


def costly() -> bytes:
    """Few bytes, and a hundred large pages to unpack."""
    out, page = io.BytesIO(), Image.new("1", (3000, 4000), 1)
    page.save(out, "TIFF", compression="group4", save_all=True, append_images=[page] * 99)
    return out.getvalue()


class Asker(Opener):
    def opens(self, body: bytes, media_type: str = "application/pdf") -> bool:
        with tempfile.TemporaryFile() as file:
            file.write(body)
            file.flush()
            try:
                return bool(self.ask("examine", file, media_type))
            except Refused:
                return False


@pytest.fixture
def opener() -> Iterator[Asker]:
    made = Asker(cpu_seconds=0.2, wait_seconds=WAIT_SECONDS)
    assert made.opens(PDF)
    yield made
    made.close()


def pid(opener: Asker) -> int:
    assert opener.child and opener.child.pid
    return opener.child.pid


@pytest.mark.parametrize("body", [b"%PDF-1.4 not really", b"", PDF[: len(PDF) // 3]])
def test_what_does_not_open_is_refused_and_the_process_lives_on(opener: Asker, body: bytes) -> None:
    before = pid(opener)
    assert not opener.opens(body)
    assert opener.opens(PDF) and pid(opener) == before


def test_a_document_that_takes_too_much_time_of_its_own_is_refused(opener: Asker) -> None:
    before = pid(opener)
    assert not opener.opens(costly(), "image/tiff")
    assert opener.opens(PDF) and pid(opener) != before


def test_a_machine_that_is_slow_refuses_no_good_document(opener: Asker) -> None:
    """It stands still for longer than a document may take."""
    os.kill(pid(opener), signal.SIGSTOP)
    threading.Timer(4 * opener.cpu_seconds, os.kill, (pid(opener), signal.SIGCONT)).start()
    assert opener.opens(PDF)


def test_who_gets_no_answer_in_time_is_told_to_try_again(opener: Asker) -> None:
    opener.wait_seconds = 0.2
    os.kill(pid(opener), signal.SIGSTOP)
    with pytest.raises(Unavailable):
        opener.opens(PDF)
    opener.wait_seconds = WAIT_SECONDS
    assert opener.opens(PDF)


def test_who_waits_too_long_for_a_turn_is_told_to_try_again(opener: Asker) -> None:
    opener.wait_seconds = 0.1
    with opener._turn, pytest.raises(Unavailable):
        opener.opens(PDF)
    assert opener.opens(PDF)


def test_a_process_that_is_killed_from_outside_refuses_nothing(opener: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    os.kill(pid(opener), signal.SIGSTOP)
    sent = opening.send_handle

    def and_killed(pipe: Any, handle: int, process: int | None) -> None:
        sent(pipe, handle, process)  # type: ignore[arg-type]  # it takes none on this system
        os.kill(pid(opener), signal.SIGKILL)

    with monkeypatch.context() as killing:
        killing.setattr(opening, "send_handle", and_killed)
        with pytest.raises(Unavailable):
            opener.opens(PDF)
    assert opener.opens(PDF)
    os.kill(pid(opener), signal.SIGKILL)
    assert opener.child
    opener.child.wait()
    assert opener.opens(PDF)


def test_a_process_that_does_not_start_refuses_nothing() -> None:
    opener = Asker(wait_seconds=0.0)
    with pytest.raises(Unavailable):
        opener.opens(PDF)
    assert opener.child is None


async def test_what_needs_much_memory_gets_it_one_at_a_time() -> None:
    """Two processes, one lock; whoever waits for it is answered too, and the small ones go on meanwhile."""
    few, large = Openers(2), io.BytesIO()
    Image.new("RGB", (3300, 4600), "white").save(large, "TIFF", compression="tiff_lzw")

    async def one(body: bytes, media_type: str) -> int:
        with tempfile.TemporaryFile() as file:
            file.write(body)
            file.flush()
            return int(await few.ask("examine", file, media_type))

    asked = [(large.getvalue(), "image/tiff"), (PDF, "application/pdf")] * 3
    assert await asyncio.gather(*(one(*what) for what in asked)) == [1] * 6
    few.close()


async def test_who_takes_a_question_back_leaves_no_answer_for_the_next() -> None:
    openers = Openers(1)

    async def judged(body: bytes) -> Any:
        with tempfile.TemporaryFile() as file:
            file.write(body)
            file.flush()
            try:
                return await openers.ask("examine", file, "application/pdf")
            except Refused as refused:
                return refused.code

    assert await judged(PDF) == 1
    for number in range(300):
        asked = asyncio.create_task(judged(PDF))
        await asyncio.sleep(number % 20 / 20_000)  # somewhere between the question and its answer
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        if number % 10 == 0:
            assert await judged(SCRIPT) == "DOCUMENT_ACTIVE"
    openers.close()


def test_a_question_that_fails_here_leaves_no_answer_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    opener, sent, file = Opener(), opening.send_handle, tempfile.TemporaryFile()  # noqa: SIM115  # when it is closed is the point

    def and_closed(pipe: Any, handle: int, pid: int | None) -> None:
        sent(pipe, handle, pid)  # type: ignore[arg-type]  # it takes none on this system
        file.close()

    def judged(body: bytes) -> Any:
        with tempfile.TemporaryFile() as other:
            other.write(body)
            other.flush()
            try:
                return opener.ask("examine", other, "application/pdf")
            except Refused as refused:
                return refused.code

    file.write(PDF)
    file.flush()
    with monkeypatch.context() as failing:
        failing.setattr(opening, "send_handle", and_closed)
        with pytest.raises(ValueError, match="closed file"):
            opener.ask("examine", file, "application/pdf")
    assert [judged(SCRIPT), judged(PDF)] == ["DOCUMENT_ACTIVE", 1]
    opener.close()
