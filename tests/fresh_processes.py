"""Runs the test files of a folder in several pytest processes, each of which starts fresh and runs a few of them.

    python tests/fresh_processes.py tests/gui

For a library that may take the process with it: a process that dies is a failure and is not tried again, and so is one
that hangs; the others go on. The exit code is 0 if each of them passed.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

AT_ONCE = min(4, os.cpu_count() or 1)
"""Processes at the same time; each needs about a gigabyte."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one process ended. ``code`` is its exit code, or minus the signal that killed it."""

    files: tuple[Path, ...]
    code: int
    hung: bool
    output: str
    seconds: float

    @property
    def verdict(self) -> str:
        """In a word or two."""
        if self.hung:
            return "HUNG"
        return "ok" if self.code == 0 else f"DIED of {_signal(-self.code)}" if self.code < 0 else "FAILED"

    @property
    def counts(self) -> str:
        """pytest's last line, which a process that died does not come to."""
        lines = [line.strip("= ") for line in self.output.splitlines() if line.startswith("===") and " in " in line]
        return lines[-1] if lines else f"{self.seconds:.0f} s"


def shares(files: Iterable[Path], each: int) -> list[tuple[Path, ...]]:
    """Shares of at most ``each`` files, with long ones and short ones in all of them."""
    by_size = sorted(files, key=lambda path: (-path.stat().st_size, path))
    count = -(-len(by_size) // each)
    return [tuple(by_size[first::count]) for first in range(count)]


def run(files: tuple[Path, ...], patience: float) -> Outcome:
    """Wait at most ``patience`` seconds for one process; what it leaves behind (a screen) ends with it."""
    begun = time.monotonic()
    # A file, as a pipe would stay open for as long as anything that was left behind.
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *map(str, files)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        hung = False
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            hung = True
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        said.seek(0)
        output = said.read().decode(errors="replace")
    return Outcome(files, code, hung, output, time.monotonic() - begun)


def main() -> int:
    """Run all, tell of each as it ends and of the bad ones in full."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=6, help="in one process at most (6)")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help=f"processes at the same time ({AT_ONCE})")
    parser.add_argument("--patience", type=float, default=600, help="seconds for one process (600)")
    given = parser.parse_args()
    begun, bad = time.monotonic(), []
    work = shares(given.folder.rglob("test_*.py"), given.files)
    if not work:
        parser.error(f"{given.folder} holds no test_*.py. Give a folder with tests.")
    with ThreadPoolExecutor(given.at_once) as pool:
        for done in as_completed(pool.submit(run, files, given.patience) for files in work):
            outcome = done.result()
            names = " ".join(path.stem.removeprefix("test_") for path in outcome.files)
            print(f"{outcome.verdict}: {outcome.counts} ({names})", flush=True)
            if outcome.verdict != "ok":
                bad.append(outcome)
                print(outcome.output, flush=True)
    for outcome in bad:
        print(f"{outcome.verdict}: {' '.join(map(str, outcome.files))}")
    print(f"{len(work) - len(bad)} of {len(work)} processes passed, {time.monotonic() - begun:.0f} s")
    return 1 if bad else 0


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


if __name__ == "__main__":
    sys.exit(main())
