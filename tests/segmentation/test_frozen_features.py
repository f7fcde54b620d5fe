from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from src_model.config import SegmentationConfig
from src_model.data.images import Pixels
from src_model.data.region import Size
from src_model.events import ImagesPrepared, drain
from src_model.exceptions import ConfigurationError, DataError
from src_model.segmentation.frozen_features import FrozenFeatures
from src_model.segmentation.projection import Projection

CPU = torch.device("cpu")
CONFIG = SegmentationConfig(segmenter="fast", fast_cell=(10, 10), fast_input=(64, 64), fast_components=8)


class Counting:
    """Counts how often each image is decoded."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self.decoded: Counter[str] = Counter()

    @property
    def ids(self) -> Sequence[str]:
        ids: Sequence[str] = self._source.ids
        return ids

    def size(self, image: str) -> Size:
        size: Size = self._source.size(image)
        return size

    def version(self, image: str) -> str:
        version: str = self._source.version(image)
        return version

    def image(self, image: str) -> Pixels:
        self.decoded[image] += 1
        pixels: Pixels = self._source.image(image)
        return pixels


@pytest.fixture
def counting(streets_of_sizes: Callable[[Sequence[Size]], Any]) -> Counting:
    return Counting(streets_of_sizes([(60, 70)] * 6))


def _features(images: Any, cache: Path | None = None, **changes: Any) -> FrozenFeatures:
    return FrozenFeatures(images, CONFIG.model_copy(update=changes), CPU, cache)


def test_each_cell_has_its_components(counting: Counting) -> None:
    features = _features(counting)
    assert features.grid("street0") == (6, 7)
    assert features.of_images(["street2", "street0"]).shape == (2 * 42, 8)


def test_what_was_prepared_first_changes_no_number(counting: Counting) -> None:
    first, second = _features(counting), _features(counting)
    drain(first.prepare(counting.ids))
    drain(second.prepare(["street5"]))
    assert torch.equal(first.of_images(counting.ids), second.of_images(counting.ids))


def test_a_foreign_image_is_seen_like_one_of_the_set(counting: Counting) -> None:
    features = _features(counting)
    kept = features.of_images(["street3"])
    assert torch.allclose(kept, features.of_pixels(counting.image("street3")), atol=0.01)


def test_a_rectangle_of_cells_is_cut_from_the_grid(counting: Counting) -> None:
    features = _features(counting)
    whole = features.of_images(["street1"]).view(6, 7, 8)
    assert torch.equal(features.of_cells("street1", slice(2, 5), slice(0, 3)), whole[2:5, :3].reshape(9, 8))


def test_features_follow_what_is_in_the_image(counting: Counting) -> None:
    cells = _features(counting).of_images(["street0"]).view(6, 7, 8)
    left, right = cells[:, :2].reshape(-1, 8), cells[:, -2:].reshape(-1, 8)
    between = (left.mean(dim=0) - right.mean(dim=0)).norm()
    assert between > 2 * left.std(dim=0).norm()


def test_images_of_different_sizes_have_grids_of_their_own(
    streets_of_sizes: Callable[[Sequence[Size]], Any],
) -> None:
    streets = streets_of_sizes([(60, 70), (45, 81), (9, 8)])
    features = _features(streets)
    assert [features.grid(image) for image in streets.ids] == [(6, 7), (5, 9), (1, 1)]
    assert features.of_images(streets.ids).shape == (42 + 45 + 1, 8)


def test_a_cut_off_border_cell_sees_the_last_pixels_repeated(
    streets_of_sizes: Callable[[Sequence[Size]], Any],
) -> None:
    streets = streets_of_sizes([(60, 70)])
    features = _features(streets)
    pixels = streets.image("street0")
    cut = pixels[:55]
    filled = np.concatenate([cut, np.repeat(cut[-1:], 5, axis=0)])
    assert torch.equal(features.of_pixels(cut), features.of_pixels(filled))


def test_preparing_says_how_far_it_is_and_decodes_nothing_twice(counting: Counting) -> None:
    features = _features(counting)
    events = list(features.prepare(counting.ids))
    assert events[-1] == ImagesPrepared(6, 6)
    done = [event.done for event in events if isinstance(event, ImagesPrepared)]
    assert done == sorted(done)
    counting.decoded.clear()
    assert list(features.prepare(counting.ids)) == [ImagesPrepared(6, 6)]
    assert not counting.decoded


def test_preparing_stops_when_asked_and_goes_on_later(counting: Counting) -> None:
    features = _features(counting)
    drain(features.prepare(counting.ids, should_stop=lambda: counting.decoded.total() >= 6 + 3))
    assert counting.decoded.total() == 9
    drain(features.prepare(counting.ids))
    assert counting.decoded.total() == 12


def test_a_second_run_reads_the_cache_of_the_first(counting: Counting, tmp_path: Path) -> None:
    first = _features(counting, tmp_path).of_images(counting.ids)
    counting.decoded.clear()
    second = _features(counting, tmp_path)
    assert torch.equal(second.of_images(counting.ids), first)
    assert not counting.decoded


@pytest.mark.parametrize("change", [{"fast_input": (32, 64)}, {"fast_cell": (20, 10)}, {"fast_components": 7}])
def test_other_settings_have_files_of_their_own(counting: Counting, tmp_path: Path, change: dict[str, Any]) -> None:
    drain(_features(counting, tmp_path).prepare(["street0"]))
    drain(_features(counting, tmp_path, **change).prepare(["street0"]))
    assert len(list(tmp_path.iterdir())) == 2


def test_other_pixels_under_the_same_names_have_files_of_their_own(
    streets_of_sizes: Callable[[Sequence[Size]], Any], tmp_path: Path
) -> None:
    streets, others = streets_of_sizes([(60, 70)] * 9), streets_of_sizes([(60, 70)] * 9)
    others._pixels["street4"] = 255 - others.image("street4")
    ours, theirs = (_features(source, tmp_path).of_images(["street4"]) for source in (streets, others))
    assert not torch.equal(ours, theirs)


def test_the_first_projection_in_the_cache_holds_for_all(counting: Counting, tmp_path: Path) -> None:
    early, late = _features(counting, tmp_path), _features(counting, tmp_path)
    fitting = late.prepare(["street0"])
    next(fitting)  # late has begun to fit before early finishes
    assert early.projection.digest == _features(counting, tmp_path).projection.digest
    drain(fitting)
    assert late.projection.digest == early.projection.digest


def test_a_damaged_projection_is_made_again(
    counting: Counting, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = _features(counting, tmp_path).projection
    [kept] = tmp_path.glob("*/projection.safetensors")
    kept.write_bytes(b"cut off")
    with caplog.at_level(logging.WARNING):
        assert _features(counting, tmp_path).projection.digest == whole.digest
    assert "made again" in caplog.text


def test_features_of_another_projection_are_not_mixed_in(counting: Counting, tmp_path: Path) -> None:
    features = _features(counting, tmp_path)
    own = features.of_images(["street0"])
    turned = Projection(features.projection.mean, features.projection.scale, -features.projection.basis)
    features.use(turned)
    assert torch.allclose(features.of_images(["street0"]), -own, atol=0.01)
    assert torch.equal(_features(counting, tmp_path).of_images(["street0"]), own)


def test_more_components_than_channels_are_refused(counting: Counting) -> None:
    with pytest.raises(ConfigurationError, match="512 channels"):
        drain(_features(counting, fast_components=513).prepare(["street0"]))


def test_no_images_are_told_with_what_to_do(streets_of_sizes: Callable[[Sequence[Size]], Any]) -> None:
    with pytest.raises(DataError, match="Add images"):
        _ = _features(streets_of_sizes([])).projection
