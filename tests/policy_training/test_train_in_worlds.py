"""Training in worlds: what is drawn, that it can be repeated, interrupted and told."""

from __future__ import annotations

import csv
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from src_model.config import RunConfig, make_run_config, preset_settings
from src_model.dqn.direct_query_network import DirectQueryNetwork, label_balance_weights
from src_model.dqn.policy import load_policy
from src_model.events import EpisodePlayed, GenerationDone, ImagesDrawn, Notice, Progress, ShouldStop, drain, never
from src_model.exceptions import CheckpointError, ConfigurationError, ProjectError
from src_model.policy_training import players as players_module
from src_model.policy_training.evolution import EvolutionSettings
from src_model.policy_training.train_in_worlds import CHECKPOINT, EPISODES, HELD_OUT, POLICY, train_in_worlds
from src_model.policy_training.world_episode import REGIONS_PER_QUERY, WorldEpisode, draw_episode, play
from src_model.policy_training.worlds import LIVE_WORLDS, World, WorldSettings, draw_world, live_world

TINY = WorldSettings(images=16, sequence_length=2, sizes=((48, 64),), generations_per_world=2, steps=(2, 3), held_out=3)
SHORT = EvolutionSettings(generations=3, pairs=3, evaluate_every=2)
CPU = torch.device("cpu")


def run_of(**sections: Any) -> RunConfig:
    tiny = {
        "segmentation": {"segmenter": "fast", "fast_cell": "8x8", "fast_components": 4},
        "acquisition": {"name": "dqn"},
        "device": "cpu",
        "threads": 1,
    }
    return make_run_config(preset_settings("default", ""), tiny, sections)


@pytest.fixture(scope="module", autouse=True)
def _worlds_are_drawn_once() -> Iterator[None]:
    """Drawing is most of the time of a small training, and gives the same world each time."""
    known: dict[tuple[object, ...], World] = {}

    def remembered(*arguments: Any, should_stop: ShouldStop = never) -> Progress[World | None]:
        number, settings, _, _, seed, *rest = arguments
        held_out = bool(rest and rest[0])
        key = (number, settings.images, 0 if held_out else seed, held_out)
        if key not in known:
            stop = rest[1] if len(rest) > 1 else should_stop
            drawn = yield from draw_world(*arguments[:5], held_out, stop)
            if drawn is None:
                return None
            known[key] = drawn
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(players_module, "draw_world", remembered)
        yield


@pytest.fixture(scope="module")
def worlds() -> tuple[World, ...]:
    drawn = [drain(draw_world(number, TINY, run_of().segmentation, CPU, 0)) for number in range(3)]
    assert all(world is not None for world in drawn)
    return tuple(world for world in drawn if world is not None)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("worlds")
    assert drain(train_in_worlds(run_of(), TINY, SHORT, out))
    return out


def weights_of(path: Path) -> torch.Tensor:
    network = load_policy(path, (), 0).network
    assert isinstance(network, DirectQueryNetwork)
    return network.direct.weight


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def assert_same_training(one: Path, other: Path) -> None:
    assert torch.equal(weights_of(one / POLICY), weights_of(other / POLICY))
    for name in (EPISODES, HELD_OUT):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_worlds_are_of_each_domain_in_turn_and_the_held_out_ones_are_others(worlds: tuple[World, ...]) -> None:
    assert [world.domain for world in worlds] == ["source", "target", "drone"]
    held_out = drain(draw_world(0, TINY, run_of().segmentation, CPU, 0, held_out=True))
    assert held_out is not None
    assert held_out.domain == worlds[0].domain
    told: list[object] = []
    again = drain(draw_world(0, TINY, run_of().segmentation, CPU, 0), told.append)
    assert again is not None
    assert sum(isinstance(event, ImagesDrawn) for event in told) == 16
    names = again.images.ids
    assert all(np.array_equal(again.images.image(name), worlds[0].images.image(name)) for name in names)
    assert torch.equal(again.features.of_images(names), worlds[0].features.of_images(names))
    image = worlds[0].images.ids[0]
    assert not np.array_equal(held_out.images.image(image), worlds[0].images.image(image))


def test_a_generation_is_played_in_two_worlds_of_each_domain_that_are_then_drawn_anew() -> None:
    assert LIVE_WORLDS == 6
    assert [live_world(0, place, TINY) for place in range(8)] == [0, 1, 2, 3, 4, 5, 0, 1]
    assert [live_world(generation, 1, TINY) for generation in range(5)] == [1, 1, 7, 7, 13]


def test_episodes_differ_in_everything_that_is_to_be_unfamiliar(worlds: tuple[World, ...]) -> None:
    wide = replace(TINY, steps=(15, 25))
    drawn = [draw_episode(worlds[0], number, run_of(), wide, "training") for number in range(40)]
    settings = [episode.config for episode in drawn]
    assert {config.acquisition.regions_per_query for config in settings} <= set(REGIONS_PER_QUERY)
    assert len({episode.images.schema.num_classes for episode in drawn}) > 5
    assert len({config.acquisition.pool_size for config in settings}) > 15
    assert all(5 <= config.acquisition.pool_size <= 50 for config in settings)
    assert len({config.data.region for config in settings}) > 5
    assert {str(config.segmentation.loss_weights) for config in settings} == {"none", "inverse_sqrt"}
    assert {episode.noise == 0 for episode in drawn} == {True, False}
    assert {episode.steps for episode in drawn} <= set(range(15, 26))
    assert len({episode.images.ids for episode in drawn}) > 10
    assert len({config.seed for config in settings}) == 40


def test_roles_are_disjoint_and_every_class_of_an_episode_has_pixels(worlds: tuple[World, ...]) -> None:
    for world in worlds:
        for number in range(5):
            episode = draw_episode(world, number, run_of(), TINY, "training")
            roles = episode.roles
            assert roles.pool
            assert roles.state
            assert roles.reward
            assert not roles.test
            assert not set(roles.pool) & set(roles.reward)
            assert (episode.images.class_pixels().sum(axis=0) > 0).all()


@pytest.mark.parametrize("acquisition", ["random", "label_balance", "dqn"])
def test_an_episode_is_played_in_each_domain(worlds: tuple[World, ...], acquisition: str) -> None:
    network = DirectQueryNetwork(label_balance_weights())
    for world in worlds:
        episode = draw_episode(world, 1, run_of(), TINY, "training")
        figures = play(episode, acquisition, CPU, network)
        assert figures is not None
        assert len(figures.mean_iou) == episode.steps + 1
        assert figures.area == pytest.approx(np.mean(figures.mean_iou[1:]))
        assert max(figures.mean_iou[1:]) > figures.mean_iou[0]


def test_noise_disturbs_the_features_and_none_leaves_them(worlds: tuple[World, ...]) -> None:
    world = worlds[0]
    episode = draw_episode(world, 1, run_of(), TINY, "training")
    clean = world.features.of_images(episode.images.ids)

    def features_at(noise: float) -> torch.Tensor:
        disturbed: WorldEpisode = replace(episode, noise=noise)
        return disturbed.segmenter(CPU)._features.of_images(episode.images.ids)

    assert torch.equal(features_at(0.0), clean)
    assert torch.equal(features_at(0.5), features_at(0.5))
    relative = (features_at(0.5) - clean).std(dim=0) / clean.std(dim=0)
    assert ((relative > 0.35) & (relative < 0.65)).all()
    assert torch.equal(world.features.of_images(episode.images.ids), clean)


def test_a_training_leaves_tables_and_a_policy(trained: Path) -> None:
    episodes, readings = table(trained / EPISODES), table(trained / HELD_OUT)
    assert [row["generation"] for row in episodes] == [*"111222333"]
    assert [row["world"] for row in episodes] == [*"012012678"]
    assert [row["after_generation"] for row in readings] == ["0", "2", "3"]
    assert "nan" not in (trained / EPISODES).read_text() + (trained / HELD_OUT).read_text()
    for row in readings:
        assert float(row["over_random"]) == pytest.approx(float(row["policy"]) - float(row["random"]))
    policy = load_policy(trained / POLICY, (), 0)
    assert policy.seen["environment_steps"] == 2 * sum(int(row["steps"]) for row in episodes)
    assert policy.seen["worlds"] == [0, 1, 2, 6, 7, 8]
    assert policy.metrics["held_out"]["over_random"] == pytest.approx(float(readings[-1]["over_random"]))


def test_the_rules_are_the_same_at_every_reading_and_the_policy_is_not(trained: Path) -> None:
    readings = table(trained / HELD_OUT)
    assert len({row["random"] for row in readings}) == len({row["label_balance"] for row in readings}) == 1
    assert len({row["policy"] for row in readings}) > 1


def test_training_starts_from_label_balance_and_leaves_it(trained: Path, tmp_path: Path) -> None:
    drain(train_in_worlds(run_of(), TINY, replace(SHORT, generations=1), tmp_path))
    first = table(tmp_path / HELD_OUT)[0]
    assert float(first["policy"]) == pytest.approx(float(first["label_balance"]), abs=2)
    start = torch.from_numpy(label_balance_weights()).float()
    assert 0.01 < (weights_of(trained / POLICY)[0] - start).abs().max() < 1


def test_the_number_of_workers_does_not_matter(trained: Path, tmp_path: Path) -> None:
    assert drain(train_in_worlds(run_of(), TINY, replace(SHORT, workers=2), tmp_path))
    assert_same_training(trained, tmp_path)


def test_players_leave_with_a_training_that_is_killed(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import time

        from src_model.config import make_run_config, preset_settings
        from src_model.policy_training.players import Players
        from src_model.policy_training.worlds import WorldSettings

        if __name__ == "__main__":
            players = Players(make_run_config(preset_settings("default", "")), WorldSettings(), 2)
            for process in players._processes:
                process.submit(int).result()
            print("ready", flush=True)
            time.sleep(120)
        """
    )
    (tmp_path / "training.py").write_text(program)
    with subprocess.Popen([sys.executable, tmp_path / "training.py"], stdout=subprocess.PIPE, text=True) as training:
        assert training.stdout is not None
        assert training.stdout.readline() == "ready\n"
        training.kill()
        # The players hold the pipe's other end: it is closed when the last of them has gone.
        training.communicate(timeout=60)


def test_stopped_anywhere_and_started_again_it_ends_with_the_same_numbers(trained: Path, tmp_path: Path) -> None:
    for generations, polls in ((0, 20), (1, 20), (0, 35)):
        left, made = polls, 0

        def should_stop() -> bool:
            nonlocal left
            left -= made >= generations  # noqa: B023
            return left <= 0

        for event in train_in_worlds(run_of(), TINY, SHORT, tmp_path, should_stop):
            made += isinstance(event, GenerationDone)
        assert made == generations
    assert {row["generation"] for row in table(tmp_path / EPISODES)} == {"1"}
    assert drain(train_in_worlds(run_of(), TINY, SHORT, tmp_path))
    assert_same_training(trained, tmp_path)


def test_killed_in_the_middle_of_a_generation_it_goes_on_from_the_one_before(trained: Path, tmp_path: Path) -> None:
    training = train_in_worlds(run_of(), TINY, SHORT, tmp_path)
    while not isinstance(next(training), GenerationDone):
        pass
    while not isinstance(next(training), EpisodePlayed):
        pass
    training.close()
    assert len(table(tmp_path / EPISODES)) == 3
    assert drain(train_in_worlds(run_of(), TINY, SHORT, tmp_path))
    assert_same_training(trained, tmp_path)


def test_more_generations_go_on_after_the_end_and_other_settings_are_refused(trained: Path, tmp_path: Path) -> None:
    drain(train_in_worlds(run_of(), TINY, replace(SHORT, generations=2), tmp_path))
    with pytest.raises(ConfigurationError, match=r"evolution\.rate"):
        drain(train_in_worlds(run_of(), TINY, replace(SHORT, rate=0.5), tmp_path))
    with pytest.raises(ConfigurationError, match=r"worlds\.images"):
        drain(train_in_worlds(run_of(), replace(TINY, images=20), SHORT, tmp_path))
    drain(train_in_worlds(run_of(), TINY, SHORT, tmp_path))
    assert_same_training(trained, tmp_path)


def test_another_seed_trains_in_other_worlds_and_is_read_in_the_same(trained: Path, tmp_path: Path) -> None:
    drain(train_in_worlds(run_of(seed=1), TINY, replace(SHORT, generations=1), tmp_path))
    assert table(tmp_path / EPISODES)[0]["area_mean_iou"] != table(trained / EPISODES)[0]["area_mean_iou"]
    assert table(tmp_path / HELD_OUT)[0]["random"] == table(trained / HELD_OUT)[0]["random"]


def test_progress_tells_episodes_and_generations_with_the_time_left(tmp_path: Path) -> None:
    told: list[object] = []
    drain(train_in_worlds(run_of(), TINY, replace(SHORT, generations=1), tmp_path), told.append)
    done = [event for event in told if isinstance(event, GenerationDone)]
    assert [(event.done, event.total, event.seconds_left) for event in done] == [(1, 1, 0.0)]
    assert EpisodePlayed(6, 6) in told
    assert any(isinstance(event, Notice) and "label_balance" in event.text for event in told)


def test_a_training_that_somebody_else_holds_is_refused(tmp_path: Path) -> None:
    training = train_in_worlds(run_of(), TINY, SHORT, tmp_path)
    next(training)
    with pytest.raises(ProjectError, match="open in"):
        drain(train_in_worlds(run_of(), TINY, SHORT, tmp_path))
    training.close()


def test_what_cannot_be_trained_in_worlds_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for changes, named in (
        ({"dqn": {"features": "reference"}}, r"dqn\.features"),
        ({"dqn": {"policy": "some.safetensors"}}, r"dqn\.policy"),
        ({"dqn": {"start_policy": "shipped"}}, r"dqn\.start_policy"),
        ({"acquisition": {"choice": "global"}}, "pool_wise"),
    ):
        with pytest.raises(ConfigurationError, match=named):
            drain(train_in_worlds(run_of(**changes), TINY, SHORT, out))
    with pytest.raises(ConfigurationError, match="images"):
        WorldSettings(images=3)
    with pytest.raises(ConfigurationError, match="pairs"):
        EvolutionSettings(pairs=1)
    with pytest.raises(ConfigurationError, match="rate"):
        EvolutionSettings(rate=0)
    assert not out.exists()


def test_a_damaged_checkpoint_is_named(trained: Path, tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes((trained / CHECKPOINT).read_bytes()[:100])
    with pytest.raises(CheckpointError, match=CHECKPOINT):
        drain(train_in_worlds(run_of(), TINY, SHORT, tmp_path))
    (tmp_path / CHECKPOINT).write_bytes((trained / POLICY).read_bytes())
    with pytest.raises(CheckpointError, match="not the checkpoint"):
        drain(train_in_worlds(run_of(), TINY, SHORT, tmp_path))
