"""How a person's run starts: what is held out, and which image serves what, all without a single label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from src_model.active_learning.acquisition.dqn import DQNAcquisition
from src_model.active_learning.assembly import Assembly, make_segmenter
from src_model.config import CheckImages, RunConfig
from src_model.data.dataset import Dataset
from src_model.data.readers import open_dataset
from src_model.data.region import Region, RegionGrid, grids
from src_model.data.splits import Roles, assign_roles
from src_model.device import choose_device, generator_for, set_threads
from src_model.exceptions import DataError
from src_model.labelling.check_regions import CheckDraw, HeldOut, draw_check_regions, hold_out
from src_model.project.view import ProjectView

_MOST_STATE = 0.1
"""Of the images: those of D_S are not asked from, and a person has few to give away."""


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What is held out, and in which order it is asked.

    Attributes
    ----------
    draws:
        Oldest first.
    """

    held_out: HeldOut
    draws: tuple[CheckDraw, ...]


def assemble_for_person(config: RunConfig) -> Assembly:
    """Open the data and build the segmenter; no image has a role yet, and no mask is read.

    Raises
    ------
    RalisError
        Whatever is wrong with data, settings or weights; nothing has been written.
    """
    set_threads(config.threads)
    device = choose_device(config.device)
    dataset = open_dataset(config.data)
    segmenter = make_segmenter(config, dataset, dataset.schema, device)
    return Assembly(dataset, Roles((), (), (), (), ()), segmenter, device, config.data.region, {})


def planned_checks(config: RunConfig, dataset: Dataset) -> CheckPlan:
    """Hold images out and draw an order of asking, for a new project.

    Raises
    ------
    RalisError
        If there is a single region or none; with ``check_images`` reward if the images cannot have their roles.
    """
    grid = grids(dataset.size, config.data.region)
    if config.labelling.check_images is CheckImages.REWARD:
        held_out = _reward_held_out(_simulated_roles(config, dataset), grid)
    else:
        regions = {image: grid(image).regions(image) for image in dataset.ids}
        held_out = hold_out(regions, dataset.sequence, generator_for(config.seed, "held out"))
    rng = generator_for(config.seed, "check regions", 0)
    return CheckPlan(held_out, (draw_check_regions(held_out.candidates, rng),))


def kept_checks(config: RunConfig, dataset: Dataset, project: ProjectView) -> CheckPlan | None:
    """The plan that a project was started with, so that images that came later are learnt from; None: it has none."""
    kept = project.check_draws()
    if not kept:
        return None
    draws = tuple(CheckDraw.from_arrays(arrays) for arrays, _ in kept)
    grid = grids(dataset.size, config.data.region)
    if config.labelling.check_images is CheckImages.REWARD:
        held_out = _reward_held_out(_simulated_roles(config, dataset), grid)
        _refuse_other_images(held_out, draws[0])
    else:
        held_out = _held_out_again(draws[0], dataset.ids, grid, kept[0][1])
    return CheckPlan(held_out, draws)


def roles_for_person(config: RunConfig, held_out: HeldOut, dataset: Dataset) -> Roles:
    """Roles without labels: check images, D_S only where a policy looks at it, and the pool.

    Where there is one image alone it is in the pool; its held-out regions are not. With ``check_images`` reward these
    are the roles of a simulation, test set included.
    """
    if config.labelling.check_images is CheckImages.REWARD:
        return _simulated_roles(config, dataset)
    pool = sorted(held_out.pool)
    reward = tuple(sorted(set(held_out.check) - set(pool)))
    state: list[str] = []
    if config.acquisition.name == DQNAcquisition.name:
        count = min(config.data.state_images, int(_MOST_STATE * len(pool)))
        state = generator_for(config.seed, "state images").permutation(pool).tolist()[:count]
    rest = tuple(image for image in pool if image not in set(state))
    return Roles((), tuple(sorted(state)), reward, rest, (), (held_out.note,))


def _simulated_roles(config: RunConfig, dataset: Dataset) -> Roles:
    roles = assign_roles(dataset, config.data, generator_for(config.seed, "roles"))
    if not roles.reward or not roles.pool:
        raise DataError(
            f"labelling.check_images = reward needs reward images and others to ask from, which {config.data.path} has "
            "not: the reward images are chosen among those with masks. Set labelling.check_images to sequences."
        )
    return roles


def _reward_held_out(roles: Roles, grid: Callable[[str], RegionGrid]) -> HeldOut:
    check, pool = ({image: grid(image).regions(image) for image in images} for images in (roles.reward, roles.pool))
    return HeldOut(check, pool, "The check regions are those of the reward images of a simulation.")


def _refuse_other_images(held_out: HeldOut, draw: CheckDraw) -> None:
    if sorted(held_out.candidates) != sorted(draw.regions):
        raise DataError(
            "The reward images are others than when this project was made: images or masks have come or gone since. "
            "Restore them, or begin a new project (labelling.check_images = sequences lets images be added)."
        )


def _held_out_again(draw: CheckDraw, images: Sequence[str], grid: Callable[[str], RegionGrid], note: str) -> HeldOut:
    check: dict[str, list[Region]] = {}
    for region in sorted(draw.regions):
        check.setdefault(region.image, []).append(region)
    drawn = frozenset(draw.regions)
    left = {image: tuple(own for own in grid(image).regions(image) if own not in drawn) for image in images}
    return HeldOut(check, {image: own for image, own in left.items() if own}, note)
