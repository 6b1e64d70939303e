"""What an import says: the error that ends it, the rows it refused in a file beside the input, and the counts at the end."""

import csv
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from server.errors import LoanfileError


class ImportFailed(LoanfileError):
    """The import stopped and changed nothing; one line for the person who started it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Fault(NamedTuple):
    """What is wrong with one row; the reason shows no personal data."""

    line: int
    column: str
    code: str
    reason: str


class Rejected:
    """FILE.rejected.csv: made at the first fault, removed when there is none; appears whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path, self._part = path, path.with_name(path.name + ".part")
        self._file: IO[str] | None = None
        self.lines: set[int] = set()

    def add(self, fault: Fault) -> None:
        """Writes one fault; ImportFailed when the file cannot be written."""
        try:
            if self._file is None:
                self._file = self._part.open("w", encoding="utf-8", newline="")
                csv.writer(self._file).writerow(Fault._fields)
            csv.writer(self._file).writerow(fault)
        except OSError as error:
            raise ImportFailed("REPORT_NOT_WRITABLE", f"{self._part}: {error.strerror}; name another file with --rejected") from None
        self.lines.add(fault.line)

    def __enter__(self) -> "Rejected":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
            if kind is None:
                self._part.replace(self.path)
            else:
                self._part.unlink(missing_ok=True)
        elif kind is None:
            with suppress(OSError):  # an older report would be taken for this import's
                self.path.unlink(missing_ok=True)


@dataclass(slots=True)
class Summary:
    """How many rows came to what."""

    read: int = 0
    new: int = 0
    changed: int = 0
    kept: int = 0
    unchanged: int = 0
    rejected: int = 0
    encoding: str = ""
    landed: bool = True
    made: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """One line for a person or a script."""
        counts = f"read {self.read}, new {self.new}, changed {self.changed}, kept {self.kept}, unchanged {self.unchanged}"
        made = "".join(f", {what} made {count}" for what, count in self.made.items() if count)
        return f"{counts}, rejected {self.rejected}{made}; encoding {self.encoding}"


class Meter(Protocol):
    """Something that shows how far the import is."""

    def phase(self, name: str, total: int) -> None:
        """A new phase with so many steps."""

    def at(self, done: int) -> None:
        """So many steps of the phase are done."""


class Lines:
    """Plain lines, for a log."""

    def __init__(self, out: IO[str] | None = None) -> None:
        self._out, self._name, self._total, self._told = out or sys.stderr, "", 1, 0

    def phase(self, name: str, total: int) -> None:
        """A new phase."""
        self._name, self._total, self._told = name, max(total, 1), 0
        print(f"{name} …", file=self._out, flush=True)

    def at(self, done: int) -> None:
        """A line for each quarter."""
        quarter = 4 * done // self._total
        if quarter > self._told:
            self._told = quarter
            print(f"{self._name}: {100 * done // self._total} %", file=self._out, flush=True)


class Bar:
    """A progress bar, for a terminal."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
        self.progress = Progress(*columns, console=console)
        self._task: TaskID | None = None

    def __enter__(self) -> "Bar":
        self.progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.progress.stop()

    def phase(self, name: str, total: int) -> None:
        """A new bar."""
        self._task = self.progress.add_task(name, total=max(total, 1))

    def at(self, done: int) -> None:
        """Moves the bar."""
        if self._task is not None:
            self.progress.update(self._task, completed=done)
