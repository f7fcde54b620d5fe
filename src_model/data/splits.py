"""Splits: which image plays which role, disjoint in every case."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from types import MappingProxyType

import numpy as np

from src_model.config import DataConfig
from src_model.data.class_cover import FloatArray, cover, no_preference, presence, whole_sequences
from src_model.data.images import LabelledImages
from src_model.exceptions import ConfigurationError, DataError

_PUBLISHED = MappingProxyType({"camvid": "camvid", "cityscapes": "cityscapes", "cityscapes35": "cityscapes"})
_TEST_SHARE = 0.2
"""Of the labelled images, held out where the data set is published without parts."""
_MOST_TESTED = 0.5
"""Of the labelled images; a sequence that would go beyond this is not held out."""
_MOST_SET_ASIDE = 0.25
"""Of the images that are left, in sequences that the reward set touches."""

_Preference = Callable[[LabelledImages, Sequence[str]], FloatArray]


@dataclass(frozen=True, slots=True)
class Roles:
    """Sorted image ids by role; no image has two.

    Attributes
    ----------
    train:
        D_T, where the policy is trained.
    state:
        D_S, what the query network sees of the data; their labels are never used.
    reward:
        D_R, whose gain in IoU is the reward.
    pool:
        D_V, what is asked from. Images without masks may be among them: nobody but a person can label those.
    test:
        Only ever scored; empty if there is nothing left to score on.
    notes:
        What a reader of the results should know about this split.

    Raises
    ------
    DataError
        If an image has two roles.
    """

    train: tuple[str, ...]
    state: tuple[str, ...]
    reward: tuple[str, ...]
    pool: tuple[str, ...]
    test: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        roles = Counter((*self.train, *self.state, *self.reward, *self.pool, *self.test))
        twice = sorted(image for image, count in roles.items() if count > 1)
        if twice:
            raise DataError(f"{len(twice)} images have two roles; the first is {twice[0]}. Give each image one role.")


SEEDED_SPLITS = ("random", "cover")
"""Splits in which another seed gives images other roles."""


def assign_roles(dataset: LabelledImages, config: DataConfig, rng: np.random.Generator) -> Roles:
    """Roles by the rule called ``config.split``.

    ``ralis``: the published ones, made disjoint; where D_R is not published (CamVid) it is chosen from D_T by class
    cover.
    ``ralis-val-reward``: CamVid with D_R = val, as published; val is then no test set.
    ``random``: drawn. ``cover``: D_R and, where masks exist, D_S by class cover, the rest drawn.

    The test set is the published ``test`` part if it has masks, otherwise ``val``; where there is neither, ``random``
    and ``cover`` hold out a fifth of the labelled images. As far as whole sequences allow, these two keep the images of
    one sequence on one side of the border between test and reward set and everything else.

    Raises
    ------
    ConfigurationError
        If there is no such split, it does not exist for this reader, or there are fewer images than asked for.
    DataError
        If images of a published split are not in the folder.
    """
    if config.split not in _RULES:
        raise ConfigurationError(f"There is no split {config.split!r}. Choose one of: {', '.join(_RULES)}.")
    roles = _RULES[config.split](dataset, config, rng)
    return replace(roles, notes=(*roles.notes, *_shared_sequences(dataset, roles)))


def cover_roles(dataset: LabelledImages, config: DataConfig, rng: np.random.Generator) -> Roles:
    """Roles by class cover, as the split ``cover`` gives them, of data on which nothing is tested.

    Raises
    ------
    ConfigurationError
        If there are fewer images than asked for.
    """
    return _beside_test(dataset, config, tuple(dataset.ids), (), (), rng, presence)


def _ralis(dataset: LabelledImages, config: DataConfig, rng: np.random.Generator) -> Roles:
    published = _published_ids(dataset, config)
    train, reward = published["train"], published.get("reward", ())
    if not reward:
        candidates = _labelled(dataset, train)
        _refuse_too_few(config.reward_images, len(candidates) - 1, "reward_images", "D_T")
        chosen = cover(presence(dataset, candidates), config.reward_images)
        reward = tuple(candidates[i] for i in chosen)
    return _published_roles(dataset, published, _without(train, reward), reward, _published_test(dataset))


def _ralis_val_reward(dataset: LabelledImages, config: DataConfig, rng: np.random.Generator) -> Roles:
    if config.reader != "camvid":
        raise ConfigurationError(
            f"The split ralis-val-reward exists for camvid, not for {config.reader}. Choose ralis, random or cover."
        )
    published = _published_ids(dataset, config)
    val = [image for image in dataset.ids if dataset.published_split(image) == "val"]
    reward = _labelled(dataset, val)
    if not reward:
        raise DataError(
            f"{config.path} has no images with masks in val, which this split rewards. Choose the split ralis."
        )
    test = _without(_published_test(dataset), reward)
    note = "The reward set is the published val part: readings on it are no test results."
    roles = _published_roles(dataset, published, published["train"], reward, test)
    return replace(roles, notes=(*roles.notes, note))


def _random(dataset: LabelledImages, config: DataConfig, rng: np.random.Generator) -> Roles:
    return _drawn(dataset, config, rng, no_preference)


def _cover(dataset: LabelledImages, config: DataConfig, rng: np.random.Generator) -> Roles:
    return _drawn(dataset, config, rng, presence)


_RULES: Mapping[str, Callable[[LabelledImages, DataConfig, np.random.Generator], Roles]] = MappingProxyType(
    {"ralis": _ralis, "ralis-val-reward": _ralis_val_reward, "random": _random, "cover": _cover}
)


# --- published splits ---------------------------------------------------------------------------------------------


def _published_ids(dataset: LabelledImages, config: DataConfig) -> dict[str, tuple[str, ...]]:
    if config.reader not in _PUBLISHED:
        raise ConfigurationError(
            f"The split {config.split} is published for {', '.join(_PUBLISHED)}, not for the reader {config.reader}. "
            "Choose random or cover."
        )
    file = resources.files("src_model.data.readers").joinpath("published", f"{_PUBLISHED[config.reader]}.json")
    published = {role: tuple(ids) for role, ids in json.loads(file.read_text(encoding="utf-8")).items()}
    missing = sorted(set().union(*published.values()) - set(dataset.ids))
    if missing:
        raise DataError(
            f"{len(missing)} images of the published split are not in {config.path}: {', '.join(missing[:3])}, … "
            "Get the whole data set, or choose the split random or cover."
        )
    return published


def _published_roles(
    dataset: LabelledImages,
    published: Mapping[str, tuple[str, ...]],
    train: tuple[str, ...],
    reward: Sequence[str],
    test: tuple[str, ...],
) -> Roles:
    shared = set(published["state"]) & set(published["pool"])
    notes = (
        [f"{len(shared)} images of D_S are published as part of D_V too; they were taken out of D_V."] if shared else []
    )
    if not test:
        notes.append("There is no test set: neither test nor val has images with masks that are free.")
    pool = _without(published["pool"], published["state"])
    return Roles(train, _sorted(published["state"]), _sorted(reward), pool, test, tuple(notes))


def _published_test(dataset: LabelledImages) -> tuple[str, ...]:
    for part in ("test", "val"):
        images = _labelled(dataset, (image for image in dataset.ids if dataset.published_split(image) == part))
        if images:
            return images
    return ()


# --- drawn splits -------------------------------------------------------------------------------------------------


def _drawn(dataset: LabelledImages, config: DataConfig, rng: np.random.Generator, preference: _Preference) -> Roles:
    test, side, notes = _test_and_rest(dataset, rng)
    return _beside_test(dataset, config, side, test, notes, rng, preference)


def _beside_test(
    dataset: LabelledImages,
    config: DataConfig,
    side: tuple[str, ...],
    test: tuple[str, ...],
    notes: tuple[str, ...],
    rng: np.random.Generator,
    preference: _Preference,
) -> Roles:
    labelled = _labelled(dataset, side)
    if not labelled:
        _refuse_too_few(config.state_images, len(side), "state_images", "D_S")
        state = _state(dataset, side, config.state_images, rng, preference)
        notes = (*notes, "No image has a mask: there is nothing to train a policy on and nothing to measure with.")
        return Roles((), state, (), _without(side, state), test, notes)
    _refuse_too_few(
        config.reward_images + config.train_images, len(labelled), "reward_images and train_images", "D_R and D_T"
    )
    together = config.reward_images + config.train_images + config.state_images
    _refuse_too_few(together, len(side), "reward_images, train_images and state_images", "D_R, D_T and D_S")
    reward, rest, remarks = _reward_and_rest(dataset, config, side, rng, preference)
    free = rng.permutation(_labelled(dataset, rest)).tolist()
    train = _sorted(free[: config.train_images])
    rest = _without(rest, train)
    state = _state(dataset, rest, config.state_images, rng, preference)
    return Roles(train, state, reward, _without(rest, state), test, (*notes, *remarks))


def _test_and_rest(
    dataset: LabelledImages, rng: np.random.Generator
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    test = _published_test(dataset)
    side = tuple(image for image in dataset.ids if dataset.published_split(image) in (None, "train"))
    labelled = _labelled(dataset, side)
    if test or not labelled:
        return test, side, ()
    held_out = _held_out_sequences(dataset, labelled, rng)
    if held_out:
        test = tuple(image for image in labelled if dataset.sequence(image) in held_out)
        return test, tuple(image for image in side if dataset.sequence(image) not in held_out), ()
    # Neighbouring frames resemble each other: one block has two borders with the rest, scattered images have many.
    count = round(_TEST_SHARE * len(labelled))
    start = int(rng.integers(len(labelled) - count + 1))
    test = labelled[start : start + count]
    note = (
        f"The labelled images are too few sequences to hold one out: the test set is a block of {count} images of them."
    )
    return test, _without(side, test), (note,)


def _held_out_sequences(dataset: LabelledImages, labelled: Sequence[str], rng: np.random.Generator) -> set[str]:
    sizes = Counter(dataset.sequence(image) for image in labelled)
    held_out: set[str] = set()
    total = 0
    for name in rng.permutation(sorted(sizes)).tolist():
        if total >= _TEST_SHARE * len(labelled):
            break
        if total + sizes[name] <= _MOST_TESTED * len(labelled):
            held_out.add(name)
            total += sizes[name]
    return held_out


def _reward_and_rest(
    dataset: LabelledImages,
    config: DataConfig,
    side: tuple[str, ...],
    rng: np.random.Generator,
    preference: _Preference,
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    candidates = rng.permutation(_labelled(dataset, side)).tolist()
    shown = preference(dataset, candidates)
    sequences = [dataset.sequence(image) for image in candidates]
    sizes = Counter(dataset.sequence(image) for image in side)
    most = max(config.reward_images, int(_MOST_SET_ASIDE * len(side)))
    chosen = cover(shown, config.reward_images, whole_sequences(sequences, sizes, most))
    touched = {sequences[i] for i in chosen}
    rest = tuple(image for image in side if dataset.sequence(image) not in touched)
    enough = (
        len(rest) >= config.train_images + config.state_images and len(_labelled(dataset, rest)) >= config.train_images
    )
    if len(chosen) == config.reward_images and enough:
        reward = _sorted(candidates[i] for i in chosen)
        left_out = len(side) - len(rest) - len(reward)
        note = f"{left_out} images share a sequence with the reward set and have no role."
        return reward, rest, (note,) if left_out else ()
    reward = _sorted(candidates[i] for i in cover(shown, config.reward_images))
    return reward, _without(side, reward), ("No whole sequence could be set aside for the reward set.",)


def _state(
    dataset: LabelledImages, images: Sequence[str], count: int, rng: np.random.Generator, preference: _Preference
) -> tuple[str, ...]:
    """By preference; where there is none, from as many sequences as there are, in turn."""
    candidates = _sequences_in_turn(dataset, rng.permutation(list(images)).tolist())
    return _sorted(candidates[i] for i in cover(preference(dataset, candidates), count))


def _sequences_in_turn(dataset: LabelledImages, images: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    turns: list[int] = []
    for image in images:
        turns.append(seen[dataset.sequence(image)])
        seen[dataset.sequence(image)] += 1
    return [images[i] for i in np.argsort(turns, kind="stable")]


# --- both ---------------------------------------------------------------------------------------------------------


def _shared_sequences(dataset: LabelledImages, roles: Roles) -> tuple[str, ...]:
    learnt_from = {dataset.sequence(image) for image in (*roles.train, *roles.state, *roles.pool)}
    measured = (*roles.test, *roles.reward)
    shared = [image for image in measured if dataset.sequence(image) in learnt_from]
    if not shared:
        return ()
    names = sorted({dataset.sequence(image) for image in shared})
    listed = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return (
        f"{len(shared)} of {len(measured)} test and reward images come from sequences that are also asked from or "
        f"trained on ({listed}): their readings are optimistic.",
    )


def _refuse_too_few(wanted: int, there: int, settings: str, roles: str) -> None:
    if wanted > there:
        raise ConfigurationError(f"{settings} ask for {wanted} images for {roles}, there are {there}. Ask for fewer.")


def _labelled(dataset: LabelledImages, images: Iterable[str]) -> tuple[str, ...]:
    return tuple(image for image in images if dataset.has_labels(image))


def _without(images: Sequence[str], others: Iterable[str]) -> tuple[str, ...]:
    taken = set(others)
    return _sorted(image for image in images if image not in taken)


def _sorted(images: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(images))
