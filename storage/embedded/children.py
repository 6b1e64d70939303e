"""Child processes that do not outlive us: started in their own session, written down, ended by name and start time."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launcher.py")
LOG_BYTES_MAX = 8 << 20
STOP_SECONDS_MAX = 15.0


class EmbeddedError(RuntimeError):
    """One line for the person who started the program."""


@dataclass
class Child:
    """One server and the signal that stops it gently."""

    name: str
    process: "subprocess.Popen[bytes]"
    stop_signal: signal.Signals


@dataclass
class Children:
    """The servers of one home. Start them from the main thread: the death signal follows the thread that forked."""

    home: Path
    running: list[Child] = field(default_factory=list)

    @property
    def notes(self) -> Path:
        """Where pids and start times are written down for the next start."""
        return self.home / "children.json"

    def start(self, name: str, argv: Sequence[str], stop_signal: signal.Signals, *, uid: int = 0, cwd: Path | None = None) -> Child:
        """Starts a server; its output goes to log/NAME.log."""
        log = self.log(name)
        if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as out:
            process = subprocess.Popen(  # noqa: S603  # our own programs
                launched(argv, uid=uid, stop_signal=stop_signal),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=cwd,
                start_new_session=True,
                env=clean_environment(),
            )
        child = Child(name, process, stop_signal)
        self.running.append(child)
        self.notes.write_text(json.dumps({c.name: [c.process.pid, born(c.process.pid)] for c in self.running}))
        return child

    def log(self, name: str) -> Path:
        """Log file of a server."""
        path = self.home / "log" / f"{name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def forget(self, child: Child) -> None:
        """Takes a server that ended by itself off the list."""
        self.running.remove(child)

    def stop(self) -> None:
        """Ends all, last started first."""
        for child in reversed(self.running):
            if child.process.poll() is None:
                child.process.send_signal(child.stop_signal)
        for child in reversed(self.running):
            try:
                child.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
        self.running.clear()
        self.notes.unlink(missing_ok=True)

    def dead(self) -> str | None:
        """A line about a server that ended by itself."""
        for child in self.running:
            if (status := child.process.poll()) is not None:
                return f"{child.name} ended with {status}, see {self.log(child.name)}"
        return None

    def reap(self) -> None:
        """Ends what a killed parent left; a pid counts only with the start time that was written down."""
        with contextlib.suppress(OSError, ValueError):
            for name, (pid, started) in json.loads(self.notes.read_text()).items():
                gentle = signal.SIGINT if name == "postgres" else signal.SIGTERM
                for sign, seconds in ((gentle, 10.0), (signal.SIGKILL, 5.0)):
                    _end(pid, started, sign, seconds)


def _end(pid: int, started: str, sign: signal.Signals, seconds: float) -> None:
    end = time.monotonic() + seconds
    if born(pid) == started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
    while born(pid) == started and time.monotonic() < end:
        time.sleep(0.05)


def launched(argv: Sequence[str], *, uid: int, stop_signal: int) -> list[str]:
    """The command line through the launcher."""
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(uid), str(int(stop_signal)), *argv]


def clean_environment() -> dict[str, str]:
    """Without the variables that would override our settings of the servers."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "AWS_", "S3_", "WEED_", "LD_"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def born(pid: int) -> str | None:
    """Start time of a live process; None when there is none."""
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        done = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603  # our own program and arguments
        return done.stdout.strip() or None
    try:
        fields = stat.read_text().rsplit(") ", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] == "Z" else fields[19]
