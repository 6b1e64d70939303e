"""A document is refused for what it does itself; for what happens to the machine one is told to try again."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from server.demo.names import small_pdf
from server.errors import Unavailable
from server.scans.validation import Opener

PDF = small_pdf("good")
# Without a table of its objects each of them must be sought.
COSTLY = b"%PDF-1.7\n" + b"".join(b"%d 0 obj<</A %d 0 R>>endobj\n" % (n, n + 1) for n in range(1, 800_000)) + b"trailer<</Root 1 0 R>>\n"


@pytest.fixture
def opener() -> Iterator[Opener]:
    made = Opener(cpu_seconds=0.1, wait_seconds=20)
    assert made.opens(PDF)
    yield made
    if made.child:
        made.child.kill()


def pid(opener: Opener) -> int:
    assert opener.child and opener.child.pid
    return opener.child.pid


@pytest.mark.parametrize("body", [b"%PDF-1.4 not really", b"", PDF[: len(PDF) // 3]])
def test_what_does_not_open_is_refused_and_the_process_lives_on(opener: Opener, body: bytes) -> None:
    before = pid(opener)
    assert not opener.opens(body)
    assert opener.opens(PDF) and pid(opener) == before


def test_a_document_that_takes_too_much_time_of_its_own_is_refused(opener: Opener) -> None:
    assert not opener.opens(COSTLY)
    assert opener.opens(PDF)


def test_a_machine_that_is_slow_refuses_no_good_document(opener: Opener) -> None:
    """It stands still for longer than a document may take."""
    os.kill(pid(opener), signal.SIGSTOP)
    threading.Timer(4 * opener.cpu_seconds, os.kill, (pid(opener), signal.SIGCONT)).start()
    assert opener.opens(PDF)


def test_who_gets_no_answer_in_time_is_told_to_try_again(opener: Opener) -> None:
    opener.wait_seconds = 0.2
    os.kill(pid(opener), signal.SIGSTOP)
    with pytest.raises(Unavailable):
        opener.opens(PDF)
    opener.wait_seconds = 20
    assert opener.opens(PDF)


def test_who_waits_too_long_for_a_turn_is_told_to_try_again(opener: Opener) -> None:
    opener.wait_seconds = 0.1
    with opener._turn, pytest.raises(Unavailable):
        opener.opens(PDF)
    assert opener.opens(PDF)


def test_a_process_that_is_killed_from_outside_refuses_nothing(opener: Opener) -> None:
    os.kill(pid(opener), signal.SIGSTOP)
    threading.Timer(0.2, os.kill, (pid(opener), signal.SIGKILL)).start()
    with pytest.raises(Unavailable):
        opener.opens(PDF)
    assert opener.opens(PDF)
    os.kill(pid(opener), signal.SIGKILL)
    assert opener.child
    opener.child.join()
    assert opener.opens(PDF)


def test_a_process_that_does_not_start_refuses_nothing() -> None:
    opener = Opener(wait_seconds=0.0)
    with pytest.raises(Unavailable):
        opener.opens(PDF)
    assert opener.child is None
