"""Splits: disjoint in every case, published where something is published, whole sequences where that is possible."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from copy import copy
from importlib import resources
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src_model.config import DataConfig
from src_model.data.dataset import Dataset, ImageRecord
from src_model.data.readers import open_dataset
from src_model.data.splits import Roles, assign_roles
from src_model.exceptions import ConfigurationError, DataError

Build = Callable[..., Dataset]
FEW = DataConfig(train_images=2, state_images=2, reward_images=2)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def by_split(split: str, **changes: object) -> DataConfig:
    return DataConfig.model_validate(FEW.model_dump() | {"split": split} | changes)


def everything(roles: Roles) -> list[str]:
    return [*roles.train, *roles.state, *roles.reward, *roles.pool, *roles.test]


def sequences(dataset: Dataset, images: Iterable[str]) -> set[str]:
    return {dataset.sequence(image) for image in images}


def mask(*classes: int) -> np.ndarray:
    return np.resize(np.array(classes, dtype=np.uint8), (4, 4))


class Drives(Dataset):
    """A data set without files: sequences of so many images, the first ones of each labelled."""

    def __init__(self, lengths: list[int], labelled: float = 1.0, split: str | None = None, val: int = 0) -> None:
        names = [(f"{s:02}_{i:03}", f"{s:02}", i < labelled * n) for s, n in enumerate(lengths) for i in range(n)]
        self._records = {
            name: ImageRecord(name, Path(name), Path(name) if own else None, sequence, split)
            for name, sequence, own in names
        }
        self._records |= {f"v{i}": ImageRecord(f"v{i}", Path(f"v{i}"), Path(f"v{i}"), "v", "val") for i in range(val)}


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=8).filter(lambda lengths: sum(lengths) >= 16),
    st.integers(0, 5),
    st.sampled_from([None, "train"]),
)
@settings(deadline=None)
def test_drawn_roles_are_disjoint_and_as_large_as_asked_for(lengths: list[int], seed: int, split: str | None) -> None:
    dataset = Drives(lengths, split=split)
    roles = assign_roles(dataset, by_split("random"), generator(seed))
    given_out = everything(roles)
    assert len(given_out) == len(set(given_out))
    assert set(given_out) <= set(dataset.ids)
    assert (len(roles.train), len(roles.state), len(roles.reward)) == (2, 2, 2)
    assert roles.test
    for role in (roles.train, roles.state, roles.reward, roles.pool, roles.test):
        assert list(role) == sorted(role)
    assert roles == assign_roles(dataset, by_split("random"), generator(seed))


@given(st.integers(0, 20))
@settings(deadline=None)
def test_short_sequences_stay_on_one_side(seed: int) -> None:
    dataset = Drives([4] * 10)
    roles = assign_roles(dataset, by_split("random", reward_images=4), generator(seed))
    learnt_from = sequences(dataset, (*roles.train, *roles.state, *roles.pool))
    assert not learnt_from & sequences(dataset, (*roles.test, *roles.reward))
    assert len(roles.test) == 8
    assert not any("optimistic" in note for note in roles.notes)


def test_images_left_over_in_a_sequence_of_the_reward_set_have_no_role() -> None:
    dataset = Drives([3] * 12)
    roles = assign_roles(dataset, by_split("random", reward_images=2), generator(1))
    left_out = set(dataset.ids) - set(everything(roles))
    assert left_out
    assert sequences(dataset, left_out) <= sequences(dataset, roles.reward)
    assert f"{len(left_out)} images share a sequence with the reward set and have no role." in roles.notes


def test_a_sequence_that_training_needs_is_not_set_aside() -> None:
    dataset = Drives([4, 12], val=1)
    apart = assign_roles(dataset, by_split("random", train_images=9), generator())
    assert sequences(dataset, apart.reward) == {"00"}
    needed = assign_roles(dataset, by_split("random", train_images=11), generator())
    assert (len(needed.train), len(needed.state), len(needed.reward)) == (11, 2, 2)
    assert "No whole sequence could be set aside for the reward set." in needed.notes


def test_one_sequence_is_parted_in_blocks_and_this_is_said() -> None:
    dataset = Drives([20])
    roles = assign_roles(dataset, by_split("random"), generator())
    first = dataset.ids.index(roles.test[0])
    assert roles.test == tuple(dataset.ids[first : first + 4])
    assert len(roles.pool) == 20 - 4 - 2 - 2 - 2
    assert any("too few sequences" in note for note in roles.notes)
    assert any("No whole sequence" in note for note in roles.notes)
    assert any("6 of 6 test and reward images" in note and "optimistic" in note for note in roles.notes)


def test_images_without_masks_are_asked_but_never_measured_on() -> None:
    dataset = Drives([10] * 5, labelled=0.5)
    roles = assign_roles(dataset, by_split("random"), generator())
    assert all(map(dataset.has_labels, (*roles.train, *roles.reward, *roles.test)))
    assert not all(map(dataset.has_labels, roles.pool))


@pytest.mark.parametrize("split", ["random", "cover"])
def test_a_folder_without_any_mask_has_a_state_and_a_pool(dataset_of: Build, split: str) -> None:
    names = [f"{s}{i}" for s in "abc" for i in range(4)]
    dataset = dataset_of(dict.fromkeys(names), sequences={name: name[0] for name in names})
    for seed in range(10):
        roles = assign_roles(dataset, by_split(split, state_images=3), generator(seed))
        assert sequences(dataset, roles.state) == {"a", "b", "c"}
        assert len(roles.pool) == 9
    assert roles.train == roles.reward == roles.test == ()
    assert any("No image has a mask" in note for note in roles.notes)


def test_the_published_test_part_is_the_test_set_and_val_where_there_is_none(dataset_of: Build) -> None:
    masks = {f"{part} {i}": mask(0) for part in ("train", "val", "test") for i in range(8)}
    parts = {name: name.partition(" ")[0] for name in masks}
    roles = assign_roles(dataset_of(masks, splits=parts), by_split("random"), generator())
    assert roles.test == tuple(f"test {i}" for i in range(8))
    assert {parts[image] for image in (*roles.train, *roles.state, *roles.reward, *roles.pool)} == {"train"}
    unlabelled = {name: None if parts[name] == "test" else own for name, own in masks.items()}
    roles = assign_roles(dataset_of(unlabelled, splits=parts), by_split("random"), generator())
    assert roles.test == tuple(f"val {i}" for i in range(8))


def test_cover_gives_the_reward_set_every_class(dataset_of: Build) -> None:
    masks = {f"{i:02}": mask(0) for i in range(30)} | {"rare": mask(0, 1), "rarer": mask(0, 2)}
    roles = assign_roles(dataset_of(masks, splits={"00": "val"}), by_split("cover", state_images=3), generator())
    assert roles.reward == ("rare", "rarer")
    assert len(roles.state) == 3


def test_cover_gives_the_state_set_what_is_left_of_the_classes(dataset_of: Build) -> None:
    masks = {f"{i:02}": mask(0) for i in range(30)} | {f"rare {i}": mask(0, 1, 2) for i in range(4)}
    roles = assign_roles(dataset_of(masks, splits={"00": "val"}), by_split("cover", train_images=0), generator())
    assert sorted((*roles.reward, *roles.state)) == [f"rare {i}" for i in range(4)]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"train_images": 8}, "reward_images and train_images ask for 10 images .* there are 8"),
        ({"state_images": 6}, "reward_images, train_images and state_images ask for 10 images .* there are 8"),
    ],
)
def test_more_images_than_there_are_is_refused(changes: dict[str, int], fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault + r"\. Ask for fewer"):
        assign_roles(Drives([1] * 11), by_split("random", **changes), generator())


def test_an_unknown_split_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no split 'kfold'.*ralis, ralis-val-reward, random, cover"):
        assign_roles(Drives([9]), by_split("kfold"), generator())


@pytest.mark.parametrize("split", ["ralis", "ralis-val-reward"])
def test_a_published_split_exists_only_where_it_was_published(split: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{split} .*not for .*folder.*random or cover"):
        assign_roles(Drives([9]), by_split(split), generator())


def test_published_images_that_are_missing_are_counted_and_named() -> None:
    with pytest.raises(
        DataError, match=r"367 images of the published split are not in .*0001TP_006690.*whole data set"
    ):
        assign_roles(Drives([9]), by_split("ralis", reader="camvid", path="streets"), generator())


def test_an_image_with_two_roles_is_refused() -> None:
    with pytest.raises(DataError, match="1 images have two roles; the first is a"):
        Roles(train=("a",), state=(), reward=(), pool=("a", "b"), test=())


# --- published ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_camvid(camvid: Path) -> Dataset:
    return open_dataset(DataConfig(path=camvid, reader="camvid"))


def camvid_roles(dataset: Dataset, split: str, **changes: object) -> Roles:
    return assign_roles(dataset, DataConfig(reader="camvid", split=split, **changes), generator())


@pytest.mark.parametrize("split", ["ralis", "ralis-val-reward", "random", "cover"])
def test_the_roles_of_camvid_are_disjoint(real_camvid: Dataset, split: str) -> None:
    roles = camvid_roles(real_camvid, split)
    for one, other in combinations((roles.train, roles.state, roles.reward, roles.pool, roles.test), 2):
        assert not set(one) & set(other)
    assert roles == camvid_roles(real_camvid, split)


def test_camvid_as_published_with_the_reward_set_taken_from_training(real_camvid: Dataset) -> None:
    roles = camvid_roles(real_camvid, "ralis", reward_images=20)
    assert [len(role) for role in (roles.train, roles.state, roles.reward, roles.pool)] == [80, 10, 20, 257]
    assert {real_camvid.published_split(image) for image in roles.test} == {"val"}
    assert len(roles.test) == 101
    assert any("optimistic" in note for note in roles.notes)
    classes = np.zeros(256, dtype=int)
    for image in roles.reward:
        classes += np.bincount(real_camvid.labels(image).ravel(), minlength=256)
    assert (classes[:11] > 1000).all()


def test_camvid_as_published_with_val_for_the_reward(real_camvid: Dataset) -> None:
    roles = camvid_roles(real_camvid, "ralis-val-reward")
    assert [len(role) for role in (roles.train, roles.state, roles.reward, roles.pool, roles.test)] == [
        100,
        10,
        101,
        257,
        0,
    ]
    assert any("no test results" in note for note in roles.notes)


def test_camvid_without_val_cannot_reward_it(real_camvid: Dataset) -> None:
    dataset = copy(real_camvid)
    dataset._records = {
        image: record for image, record in dataset._records.items() if dataset.published_split(image) == "train"
    }
    assert camvid_roles(dataset, "ralis").test == ()
    with pytest.raises(DataError, match=r"no images with masks in val.*Choose the split ralis"):
        camvid_roles(dataset, "ralis-val-reward")


def test_camvid_drawn_keeps_reward_and_training_sequences_apart(real_camvid: Dataset) -> None:
    for split in ("random", "cover"):
        roles = camvid_roles(real_camvid, split)
        learnt_from = sequences(real_camvid, (*roles.train, *roles.state, *roles.pool))
        assert not learnt_from & sequences(real_camvid, roles.reward)
        assert len(roles.train) == 100


class PublishedCityscapes(Dataset):
    """All published ids without files, with 500 made-up val images."""

    def __init__(self, published: dict[str, list[str]]) -> None:
        names = {name: "train" for own in published.values() for name in own} | {f"val_{i}": "val" for i in range(500)}
        self._records = {
            name: ImageRecord(name, Path(name), Path(name), name.partition("_")[0], split)
            for name, split in sorted(names.items())
        }


@pytest.mark.parametrize("reader", ["cityscapes", "cityscapes35"])
def test_cityscapes_as_published_with_d_s_taken_out_of_d_v(reader: str) -> None:
    file = resources.files("src_model.data.readers").joinpath("published", "cityscapes.json")
    dataset = PublishedCityscapes(json.loads(file.read_text()))
    roles = assign_roles(dataset, DataConfig(reader=reader, split="ralis"), generator())
    sizes = [len(role) for role in (roles.train, roles.state, roles.reward, roles.pool, roles.test)]
    assert sizes == [150, 10, 200, 2605, 500]
    assert roles.notes[0].startswith("10 images of D_S are published as part of D_V too")
    assert "bremen_000000_000019" in roles.state
