"""All benchmarks, one process each; readings go to ``benchmarks/results`` with the machine they were taken on.

``python -m benchmarks [NAME …]``; CamVid is looked for in ``RALIS_CAMVID``.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

NAMES = (
    "query_overhead",
    "kl_histograms",
    "training_throughput",
    "fast_step",
    "default_query",
    "streets_speed",
    "napari_start",
    "labelling_feel",
)
RESULTS = Path(__file__).parent / "results"


def main(names: list[str]) -> int:
    """Run the benchmarks; the number of those that failed or refused their reading."""
    failed = 0
    for name in names or NAMES:
        # Progress, and why a benchmark fails, go where they are seen at once.
        run = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, text=True, check=False
        )
        if run.returncode:
            failed += 1
            print(f"{name}: no reading", file=sys.stderr)
            continue
        reading = {"command": f"python -m benchmarks {name}", "taken": _taken()} | json.loads(run.stdout)
        (RESULTS / f"{name}.json").write_text(json.dumps(reading, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(reading))
    return failed


def _taken() -> dict[str, str]:
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "python": platform.python_version(),
        "torch": version("torch"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} × {models[0]}" if models else platform.machine()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
