"""Tests in processes of their own: whatever ends one badly is a failure, is named, and takes no other with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fresh_processes.py")
PASSES = "def test_good():\n    pass\n"
FAILS = "def test_bad():\n    assert 'two words'.isalpha()\n"
DIES = "import os\nimport signal\ndef test_ugly():\n    os.kill(os.getpid(), signal.SIGSEGV)\n"
HANGS = "import time\ndef test_endless():\n    time.sleep(60)\n"


def run(folder: Path, *arguments: str, **files: str) -> subprocess.CompletedProcess[str]:
    for name, source in files.items():
        (folder / f"test_{name}.py").write_text(source)
    # Plain pytest, which begins in a moment; the ending of a worker of pytest-xdist is not for those it starts.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, SCRIPT, folder, "--files", "1", *arguments],
        env=kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_processes_that_all_pass_are_counted(tmp_path: Path) -> None:
    done = run(tmp_path, one=PASSES, two=PASSES, three=PASSES)
    assert done.returncode == 0
    assert done.stdout.count("ok: 1 passed") == 3
    assert "3 of 3 processes passed" in done.stdout


def test_files_share_processes(tmp_path: Path) -> None:
    done = run(tmp_path, "--files", "2", one=PASSES, two=PASSES, three=PASSES)
    assert done.returncode == 0
    assert "ok: 2 passed" in done.stdout
    assert "2 of 2 processes passed" in done.stdout


@pytest.mark.parametrize(
    ("source", "verdict", "told"),
    [
        (FAILS, "FAILED", "assert 'two words'.isalpha()"),
        (DIES, "DIED of SIGSEGV", "test_ugly"),
        (HANGS, "HUNG", "test_it.py"),
        ("", "FAILED", "no tests ran"),
    ],
)
def test_what_ends_badly_is_a_failure_and_the_others_go_on(
    tmp_path: Path, source: str, verdict: str, told: str
) -> None:
    done = run(tmp_path, "--patience", "20", it=source, other=PASSES)
    assert done.returncode == 1
    assert f"\n{verdict}: {tmp_path / 'test_it.py'}\n" in done.stdout
    assert told in done.stdout
    assert "ok: 1 passed" in done.stdout
    assert "1 of 2 processes passed" in done.stdout


def test_a_folder_without_tests_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr
