"""The first look: images are embedded piece by piece, examples survive, come first and draw check regions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from src_model.active_learning.check_events import KnowledgeTold
from src_model.active_learning.embedded_images import EmbeddedImages
from src_model.active_learning.person_run import PersonRun
from src_model.config import RunConfig
from src_model.data.annotation import Annotation
from src_model.data.region import Region
from src_model.events import Progress, ShouldStop, drain
from src_model.exceptions import AnnotationError, DataError
from src_model.labelling.examples import Example, Examples, Spot, region_at
from src_model.labelling.skipping import SkipReason

Settings = Callable[..., RunConfig]
Painted = Callable[..., Annotation]


@pytest.fixture
def run(tmp_path: Path, settings: Settings) -> PersonRun:
    with PersonRun.open(tmp_path / "run", settings()) as started:
        drain(started.start())
        yield started


def embed(run: PersonRun) -> None:
    while run.status.should_embed:
        drain(run.embed())


def shown(run: PersonRun, finished: bool = True) -> Examples:
    """Left columns are sky, right ones road."""
    asked = {region.image for query in run.queries for region in query.regions}
    images = [image for image in run.first_look.pool if image not in asked]
    spots = (
        Example(Spot(images[0], 30, 40), 1),
        Example(Spot(images[1], 3, 3), 0),
        Example(Spot(images[1], 30, 44), 1),
    )
    return Examples(spots, finished)


def places(run: PersonRun) -> list[Region]:
    grid = run.first_look._grid
    return [region_at(own.spot, grid(own.spot.image)) for own in shown(run).shown]


def test_nothing_is_embedded_until_somebody_looks(run: PersonRun) -> None:
    assert not run.status.should_embed
    run.first_look.want()
    assert run.status.should_embed
    embed(run)
    showcase = run.first_look.showcase()
    assert set(showcase) == set(run.first_look.pool)
    assert showcase[0] == run.first_look.pool[0], "nothing moves under the mouse"


def test_a_stop_leaves_the_rest_for_later(run: PersonRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        run.first_look, "embedded", EmbeddedImages(_finer(run.config), run.dataset, torch.device("cpu"))
    )
    run.first_look.want()
    drain(run.embed(lambda: True))
    assert run.status.should_embed
    assert run.first_look.showcase() == ()
    embed(run)
    assert set(run.first_look.showcase()) == set(run.first_look.pool)


def test_an_image_that_cannot_be_embedded_keeps_none_of_the_others_from_it(
    run: PersonRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = EmbeddedImages(_finer(run.config), run.dataset, torch.device("cpu"))
    monkeypatch.setattr(run.first_look, "embedded", embedded)
    drain(embedded.prepare([run.first_look.pool[-1]]))
    prepare = embedded._features.prepare

    def refuse(images: list[str], should_stop: ShouldStop) -> Progress[None]:
        if run.first_look.pool[0] in images:
            raise DataError("The file is damaged.")
        return prepare(images, should_stop)

    monkeypatch.setattr(embedded._features, "prepare", refuse)
    run.first_look.want()
    with pytest.raises(DataError):
        drain(run.embed())
    embed(run)
    assert run.first_look.pool[-1] in run.first_look.showcase()


def _finer(config: RunConfig) -> RunConfig:
    """Other features than those the segmenter has made when the run began."""
    return config.model_copy(update={"segmentation": config.segmentation.model_copy(update={"fast_cell": (3, 3)})})


def test_places_that_were_shown_come_first_and_only_once_finished(run: PersonRun, painted: Painted) -> None:
    drain(run.propose())
    before = [asked.region for asked in run.queue(3)]
    run.show(shown(run, finished=False))
    assert [asked.region for asked in run.queue(3)] == before
    run.show(shown(run))
    first, second, third = places(run)
    assert [asked.region for asked in run.queue(3)] == [first, second, third]
    assert run.queue(4)[3].blind
    run.accept([painted(first)])
    assert run.queue(1)[0].region == second
    run.skip(second, SkipReason.NOT_USEFUL)
    assert next(own.region for own in run.queue(3) if not own.blind) == third


def test_examples_are_there_again_after_reopening(run: PersonRun, tmp_path: Path) -> None:
    run.show(shown(run))
    wanted = places(run)
    run.close()
    with PersonRun.open(tmp_path / "run") as again:
        drain(again.start())
        assert again.first_look.examples == shown(again)
        assert [asked.region for asked in again.queue(3)] == wanted


def test_what_is_held_out_cannot_be_shown(run: PersonRun) -> None:
    held_out = run.check_candidates[0]
    with pytest.raises(AnnotationError, match="Show another place"):
        run.show(Examples((Example(Spot(held_out.image, held_out.row, held_out.column), 0),)))
    assert run.first_look.examples == Examples()


def test_check_regions_are_drawn_once_by_what_was_shown(run: PersonRun, tmp_path: Path) -> None:
    run.show(shown(run))
    embed(run)
    draws = run._project.check_draws()
    assert len(draws) == 2
    chances = draws[1][0]["chances"]
    assert chances.std() > 0, "not all alike any more"
    assert chances.min() >= 0.5 / len(chances)
    run.show(shown(run))
    embed(run)
    assert len(run._project.check_draws()) == 2


def test_labels_of_shown_places_are_learnt_as_soon_as_a_query_is_full(run: PersonRun, painted: Painted) -> None:
    drain(run.propose())
    run.show(shown(run))
    first, second, _ = places(run)
    run.accept([painted(first)])
    assert not run.status.fit_is_due
    run.accept([painted(second)])
    assert run.status.fit_is_due
    waiting = run.status.waiting
    assert waiting >= 3, "at least one of the places was in no query"
    told = [event for event in run.fit() if isinstance(event, KnowledgeTold)]
    assert len(told) == 1
    assert told[0].text.endswith("Next: one more place that you showed.")
    assert run.status.unseen == 0
    assert run.status.waiting == waiting, "queries that were asked still wait"


def test_examples_make_drafts_until_something_was_learnt(run: PersonRun, painted: Painted) -> None:
    region = places(run)[1]
    assert run.served.region(region).certainty.max() <= 0.5 + 1e-6
    run.show(shown(run))
    draft = run.served.region(region)
    assert draft.step == 0
    assert (draft.labels == 0).mean() > 0.9
    assert draft.certainty.max() > 0.8
    drain(run.propose())
    run.accept([painted(own) for own in places(run)[:2]])
    drain(run.fit())
    other = next(asked.region for asked in run.queue(9) if not asked.blind and asked.region != region)
    assert run.served.region(other).step > 0


def test_the_first_region_of_all_is_one_to_learn_from(run: PersonRun) -> None:
    assert run.queue(4) == ()
    drain(run.propose())
    assert [asked.blind for asked in run.queue(4)] == [False, False, False, True]


def test_regions_alike_are_of_other_places_and_the_likest_first(run: PersonRun) -> None:
    run.first_look.want()
    embed(run)
    look, pool = run.first_look.embedded, run.first_look.pool
    spot = Spot(pool[0], 3, 3)
    found = look.alike([spot], pool, 3, frozenset({Region(pool[0], 0, 0, 12, 12)}))
    assert [own.likeness for own in found] == sorted((own.likeness for own in found), reverse=True)
    assert Region(pool[0], 0, 0, 12, 12) not in {own.region for own in found}
    assert len({own.region.image for own in found}) == 3
    # Left columns are blue everywhere, right ones grey.
    assert all(own.spot.column < 24 for own in found)
    assert np.all([own.likeness > 0.5 for own in found])
