"""Embedded images on real streets: what is found by one click is far more often the same class than chance has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from src_model.active_learning.embedded_images import EmbeddedImages, embedding_settings
from src_model.data.dataset import Dataset
from src_model.data.readers import open_dataset
from src_model.data.region import RegionGrid
from src_model.events import drain
from src_model.labelling.examples import Spot, spread_over_sequences
from src_model.labelling.person_settings import person_settings

ENOUGH = 0.1
"""Of a region that a class must fill to be found there."""


def precision(
    embedded: EmbeddedImages, dataset: Dataset, images: tuple[str, ...], name: str, clicks: int
) -> tuple[float, float]:
    """Of the 20 regions found by a click on the class, the part that holds it, in the mean; and that of all regions."""
    index, rng = dataset.schema.names.index(name), np.random.default_rng(0)
    grid = RegionGrid(dataset.size(images[0]), (90, 80))
    held = {
        region
        for image in images
        for region in grid.regions(image)
        if (dataset.labels(image)[region.window] == index).mean() >= ENOUGH
    }
    asked, found = sorted(held), []
    for place in rng.permutation(len(asked))[:clicks].tolist():
        region = asked[place]
        rows, columns = np.nonzero(dataset.labels(region.image)[region.window] == index)
        pixel = rng.integers(len(rows))
        spot = Spot(region.image, region.row + int(rows[pixel]), region.column + int(columns[pixel]))
        others = tuple(image for image in images if image != region.image)
        found.append(np.mean([own.region in held for own in embedded.alike([spot], others, 20)]))
    return float(np.mean(found)), len(held) / (len(grid) * len(images))


@pytest.mark.timeout(600)
def test_one_click_finds_its_class_on_real_streets(camvid: Path) -> None:
    settings = {"data": {"path": camvid, "reader": "camvid", "region": "90x80"}, "device": "cpu"}
    config = person_settings(settings, reader="camvid")
    dataset = open_dataset(config.data)
    assert embedding_settings(config, dataset).fast_cell == (22, 20)
    images = tuple(image for image in spread_over_sequences(dataset.ids, dataset.sequence) if dataset.has_labels(image))
    embedded = EmbeddedImages(config, dataset, torch.device("cpu"))
    drain(embedded.prepare(images[:96]))
    for name, times in (("car", 3.0), ("pedestrian", 4.0), ("bicyclist", 4.0)):
        found, base = precision(embedded, dataset, images[:96], name, 20)
        print(f"{name}: precision@20 {found:.2f}, base rate {base:.3f}")  # noqa: T201
        assert found > times * base, name
