"""Made-up predictions of a segmenter, for tests of the default features."""

from collections.abc import Callable

import numpy as np
import pytest

from src_model.dqn.default_features import Places, Predicted, Standing

Parts = tuple[Predicted, Places, Standing]


@pytest.fixture(scope="session")
def make_parts() -> Callable[..., Parts]:
    """Candidates of 720 pixels, their places and how an episode stands, all drawn at random."""

    def make(regions: int, classes: int, seed: int = 0, labelled: int = 30) -> Parts:
        rng = np.random.default_rng(seed)
        shares = rng.dirichlet(np.full(classes, 0.3), regions)
        counts = np.stack([rng.multinomial(720, row) for row in shares]).astype(np.float64)
        candidates = Predicted(
            counts=counts,
            probabilities=shares,
            entropy=3 * rng.random(regions),
            impurity=3 * rng.random(regions),
            margin_by_class=counts * rng.random(counts.shape),
            entropy_by_class=2 * counts * rng.random(counts.shape),
        )
        places = Places(0.5 + rng.random(regions), *rng.random((4, regions)))
        standing = Standing(
            labelled=rng.dirichlet(np.full(classes, 0.1), labelled) if labelled else np.zeros((0, classes)),
            iou=rng.random(classes),
            iou_known=rng.random(classes) < 0.7,
            promised=rng.exponential(1.0, classes),
            found=rng.exponential(1.0, classes),
            budget_used=0.3,
            rewards=(1.5, -0.5),
        )
        return candidates, places, standing

    return make
