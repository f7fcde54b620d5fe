"""The first look: before there is a label, images are embedded piece by piece and a person shows one of each."""

from __future__ import annotations

from collections import deque

from src_model.active_learning.assembly import Assembly
from src_model.active_learning.embedded_images import EmbeddedImages
from src_model.config import RunConfig
from src_model.data.region import Region, grids
from src_model.events import Progress, ShouldStop
from src_model.exceptions import AnnotationError
from src_model.labelling.check_regions import HeldOut
from src_model.labelling.examples import Example, Examples, region_at, spread_over_sequences
from src_model.labelling.likeness import most_different
from src_model.project.project import Project

FIRST_IMAGES = 64
"""Embedded before everything else; the showcase is made of them."""
FIRST_SHOWN = 8
"""Images that are on the showcase before any is embedded: nothing may move under the mouse."""
_AT_ONCE = 4
"""Images embedded before the lane looks whether anything is more urgent."""


class FirstLook:
    """Which images are embedded, what was shown on them, and which regions come first for that.

    Parameters
    ----------
    config, assembly:
        Of the run; only images of its pool are shown.
    held_out:
        What is only ever checked: never shown, so that its labels stay blind.
    project:
        Where examples are kept.
    """

    def __init__(self, config: RunConfig, assembly: Assembly, held_out: HeldOut, project: Project) -> None:
        self._schema, self._held_out, self._project = assembly.dataset.schema, held_out, project
        self._grid = grids(assembly.dataset.size, config.data.region)
        self.embedded = EmbeddedImages(config, assembly.dataset, assembly.device)
        self.pool = spread_over_sequences(assembly.roles.pool, assembly.dataset.sequence)
        self._wanted: deque[str] = deque()
        self._all_wanted = False
        kept = project.examples()
        self.examples = Examples() if kept is None else Examples.from_json(kept, self._schema)
        if self.examples.shown:
            self._want_all()

    @property
    def should_embed(self) -> bool:
        """Whether there are images that somebody waits for."""
        return bool(self._wanted)

    @property
    def is_ready(self) -> bool:
        """Whether what may become a check region can be compared with examples."""
        return self.examples.finished and bool(self.examples.shown) and not self._wanted

    @property
    def regions(self) -> tuple[Region, ...]:
        """Regions of the places that were shown; none while the person is still showing."""
        return self.examples.regions(self._grid) if self.examples.finished else ()

    @property
    def showcase_is_ready(self) -> bool:
        """Whether the images of the showcase are embedded, as far as they can be."""
        return not set(self.pool[:FIRST_IMAGES]) & set(self._wanted)

    def want(self) -> None:
        """Somebody looks at the images."""
        if not self._all_wanted and not self._wanted:
            self._wanted.extend(self.pool[:FIRST_IMAGES])

    def show(self, examples: Examples) -> None:
        """Keep these examples, on the disk on return, instead of those before.

        Raises
        ------
        AnnotationError
            If one lies where nothing may be learnt; nothing is kept then.
        """
        pool = frozenset(self.pool)
        for example in examples.shown:
            self._refuse_held_out(example, pool)
        self._project.record_examples(examples.to_json(self._schema))
        self.examples = examples
        if examples.shown:
            self._want_all()

    def embed(self, should_stop: ShouldStop) -> Progress[None]:
        """Embed a few of the images that are wanted; the most wanted first."""
        batch = [self._wanted.popleft() for _ in range(min(_AT_ONCE, len(self._wanted)))]
        # What cannot be read is left out: it would keep all others from being looked at.
        yield from self.embedded.prepare(batch, should_stop)
        self._wanted.extendleft(image for image in reversed(batch) if not self.embedded.has(image))

    def showcase(self) -> tuple[str, ...]:
        """Images to show, each as different as can be from those before; the first are known before any is embedded."""
        seen = [image for image in self.pool[:FIRST_IMAGES] if self.embedded.has(image)]
        order = most_different(self.embedded.looks(seen), len(seen), range(min(FIRST_SHOWN, len(seen))))
        return tuple(seen[place] for place in order)

    def _want_all(self) -> None:
        """First the showcase, then what may become a check region, then everything that may look alike."""
        if not self._all_wanted:
            self._all_wanted = True
            order = (*self.pool[:FIRST_IMAGES], *sorted(self._held_out.check), *self.pool)
            self._wanted = deque(dict.fromkeys(order))

    def _refuse_held_out(self, example: Example, pool: frozenset[str]) -> None:
        spot = example.spot
        if spot.image not in pool or self._held_out.blind(region_at(spot, self._grid(spot.image))):
            raise AnnotationError(f"{spot.image} is held out to check models with. Show another place.")
