"""Sample data: drawn streets with their classes, for File > Open Sample; no download, and nothing to prepare."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from napari_ralis.layers.origin import Origin
from napari_ralis.readers import LayerData, layer_data
from src_model.data.readers import open_dataset
from src_model.data.streets.sample import SAMPLE, draw_sample, sample_config


def street_scenes() -> list[LayerData]:
    """One scene of each drive as a stack of images and one of classes; the first time all of them are drawn.

    Raises
    ------
    DataError
        If the cache cannot be written.
    """
    from napari.utils import progress

    for _ in progress(draw_sample(), total=len(SAMPLE), desc="Drawing streets"):
        pass
    config = sample_config()
    dataset = open_dataset(config)
    scenes = [next(frames) for _, frames in groupby(dataset.ids, dataset.sequence)]
    return layer_data(
        "Street scenes",
        np.stack([dataset.image(scene) for scene in scenes]),
        np.stack([dataset.labels(scene) for scene in scenes]),
        dataset.schema,
        Origin(config, scenes[0]),
    )
