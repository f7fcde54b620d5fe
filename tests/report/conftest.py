"""Made-up runs, written with the project's own writers."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from src_model.config import make_run_config
from src_model.data.region import Region
from src_model.events import Query
from src_model.project.folder import write_about
from src_model.project.settings_file import write_settings
from src_model.project.tables import write_class_pixels, write_confusions, write_metrics, write_queried_regions

WriteRun = Callable[..., Path]
Row = dict[str, float | int | str | None]

CLASS_PIXELS = {
    "sky": {"pool_pixels": 900, "pool_images": 9, "scored_pixels": 90, "scored_images": 3},
    "pole": {"pool_pixels": 100, "pool_images": 4, "scored_pixels": 10, "scored_images": 2},
}


@pytest.fixture
def write_run(tmp_path: Path) -> WriteRun:
    """Write one run of two regions a step and return its folder.

    ``curve`` holds the mean IoU after each step, None where it was not read; class ``sky`` has that IoU plus 0.1 and
    three quarters of the labels, class ``pole`` 0.1 less and one quarter. The budget is what the curve takes.

    ``recorded``: with what older runs did not record, a tenth of the sky taken for pole, half of the pole for sky;
    900 pixels of sky and 100 of pole in the pool, 90 and 10 in the scored images; an IoU on labels 0.2 above the curve,
    a loss on the reward set 0.5 above that on labels.
    """

    def write(
        acquisition: str = "random",
        seed: int = 0,
        curve: Sequence[float | None] = (0.2, 0.4),
        finals: Mapping[int, float] | None = None,
        folder: str | None = None,
        shares: bool = True,
        budget: int | None = None,
        recorded: bool = False,
        **settings: Any,
    ) -> Path:
        place = tmp_path / (folder or f"runs/{acquisition}/{seed}")
        place.mkdir(parents=True)
        given = {
            "acquisition": {"name": acquisition, "budget": budget or max(1, 2 * len(curve))},
            "seed": seed,
            **settings,
        }
        write_settings(place / "settings.toml", make_run_config({"segmentation": {"segmenter": "fast"}}, given))
        rows = [_row(step, iou, shares) for step, iou in enumerate((0.05, *curve))]
        if recorded:
            rows = [row | _recorded(row) for row in rows]
            write_confusions(rows, place / "confusion.csv")
            write_class_pixels(CLASS_PIXELS, place / "class_pixels.csv")
        write_metrics(rows, place / "metrics.csv")
        if finals:
            write_metrics(
                [_row(budget // 2, iou, shares) for budget, iou in finals.items()], place / "final_metrics.csv"
            )
        queries = [(1, Query(step, _regions(step, seed), (0.5, 0.25))) for step in range(1, len(curve) + 1)]
        write_queried_regions(queries, place / "queried_regions.csv")
        write_about(place)
        return place

    return write


def _recorded(row: Row) -> Row:
    iou = row["mean_iou"]
    if not isinstance(iou, float):
        return {"confusion": None, "train_mean_iou": None, "train_loss": None, "reward_set_loss": None}
    return {
        "confusion": "81 9;5 5",
        "train_mean_iou": iou + 0.2,
        "train_loss": 1 - iou,
        "reward_set_loss": 1.5 - iou,
    }


def _row(step: int, iou: float | None, shares: bool) -> Row:
    row: Row = {
        "episode": 1,
        "step": step,
        "labelled_regions": 2 * step,
        "labelled_pixels": 2 * step * 64,
        "labelled_fraction": 2 * step / 100,
        "mean_iou": iou,
        "weighted_iou": iou,
        "reward": None,
        "query_seconds": 0.5,
        "fit_seconds": 1.0,
        "iou_sky": None if iou is None else iou + 0.1,
        "iou_pole": None if iou is None else iou - 0.1 if iou > 0.1 else 0.0,
        "remark": "text",
    }
    return row | ({"share_sky": 0.75 * (step > 0), "share_pole": 0.25 * (step > 0)} if shares else {})


def _regions(step: int, seed: int) -> tuple[Region, ...]:
    return tuple(Region(f"street_{step}", 8 * ((step + seed) % 3), column, 8, 8) for column in (0, 8))
