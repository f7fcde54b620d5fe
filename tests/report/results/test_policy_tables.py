"""Policy trainings: what an episode came to, read from the tables of the run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src_model.data.region import Region
from src_model.events import Query
from src_model.project.tables import write_metrics, write_queried_regions
from src_model.report.figures.learning_figures import policy_curves, running_mean
from src_model.report.results.policy_tables import PolicyTraining, read_trainings
from src_model.report.results.statistics import Curve
from src_model.report.tables import policy_table

WriteRun = Callable[..., Path]


def lists(curve: Curve) -> tuple[list[float], list[float]]:
    return curve[0].tolist(), curve[1].tolist()


def write_training(write_run: WriteRun, seed: int = 0, last_steps: int = 2) -> Path:
    """Two episodes of two steps; the second may have fewer. Rewards 1, 2 and 3, 5; Q 10 and 20, 30 and 40."""
    folder = write_run("dqn", seed)
    rows, queries = [], []
    for episode, rewards in ((1, (1.0, 2.0)), (2, (3.0, 5.0)[:last_steps])):
        rows.append({"episode": episode, "step": 0, "labelled_regions": 0, "mean_iou": 0.1})
        for step, reward in enumerate(rewards, 1):
            rows.append(
                {
                    "episode": episode,
                    "step": step,
                    "labelled_regions": 2 * step,
                    "mean_iou": reward / 10,
                    "reward": reward,
                    "epsilon": 1 / (episode + step),
                    "q_loss": None if (episode, step) == (1, 1) else reward / 2,
                }
            )
            low = 20.0 * (episode - 1)
            regions = (Region("a", 0, 8 * step, 8, 8), Region("b", 0, 8 * step, 8, 8))
            queries.append((episode, Query(step, regions, (low + 10, low + 20))))
    write_metrics(rows, folder / "metrics.csv")
    write_queried_regions(queries, folder / "queried_regions.csv")
    return folder


def the_training(folder: Path) -> PolicyTraining:
    ((training,),) = read_trainings([folder]).values()
    return training


def test_an_episode_is_summed_up(write_run: WriteRun) -> None:
    training = the_training(write_training(write_run))
    assert lists(training.returns()) == ([1, 2], [3, 8])
    assert lists(training.final_iou()) == ([1, 2], [0.2, 0.5])
    assert lists(training.mean_values()) == ([1, 2], [15, 35])
    assert lists(training.losses()) == ([1, 2], [1.0, 2.0])
    assert lists(training.exploration()) == ([1, 2], pytest.approx([(1 / 2 + 1 / 3) / 2, (1 / 3 + 1 / 4) / 2]))
    assert lists(training.rewards()) == ([1, 2, 3, 4], [1, 2, 3, 5])
    assert training.environment_steps == 4


def test_an_unfinished_episode_has_no_return_but_a_loss(write_run: WriteRun) -> None:
    training = the_training(write_training(write_run, last_steps=1))
    assert training.finished_episodes == (1,)
    assert lists(training.returns()) == ([1], [3])
    assert training.losses()[0].tolist() == [1, 2]


def test_seeds_are_one_training_and_other_settings_are_another(write_run: WriteRun) -> None:
    folders = [write_training(write_run, seed) for seed in (0, 1)]
    other = write_run("dqn", 0, folder="other", dqn={"target": "sarsa"})
    groups = read_trainings([*folders, other])
    assert {label: len(own) for label, own in groups.items()} == {
        "policy (target double_dqn)": 2,
        "policy (target sarsa)": 1,
    }


def test_a_training_of_one_episode_does_not_name_it_in_its_tables(write_run: WriteRun) -> None:
    training = the_training(write_run("dqn"))
    assert training.episodes == (1,)
    assert lists(training.mean_values()) == ([1], [0.375])  # scores 0.5 and 0.25
    assert training.rewards()[0].size == 0


def test_a_training_without_a_step_is_left_out(write_run: WriteRun) -> None:
    assert read_trainings([write_run("dqn", curve=())]) == {}
    assert policy_curves("policies", {}) is None


def test_the_table_tells_the_first_and_the_last_return_over_seeds(write_run: WriteRun) -> None:
    trainings = read_trainings([write_training(write_run), write_training(write_run, 1, last_steps=1)])
    table = policy_table(trainings)
    row = dict(zip(table.header, (cell.text for cell in table.rows[0]), strict=True))
    assert row["seeds"] == "2"
    assert row["finished episodes"] == "1–2"
    assert row["environment steps"] == "3–4"
    assert row["return of the first episode"] == "3.0 ± 0.0"
    assert row["return of the last"] == "5.5 ± 31.8"  # 8 and 3: half of 5 times t(0.975, 1)


def test_the_curves_are_drawn_with_their_names(write_run: WriteRun) -> None:
    drawing = policy_curves("policies", read_trainings([write_training(write_run)]))
    assert drawing is not None
    for title in ("return of an episode", "mean Q of the regions asked", "TD error", "exploration"):
        assert f">{title}<" in drawing.svg
    assert "nan" not in drawing.svg


def test_a_running_mean_takes_what_there_is_at_the_ends(write_run: WriteRun) -> None:
    places, values = running_mean(the_training(write_training(write_run)).rewards(), over=3)
    assert places.tolist() == [1, 2, 3, 4]
    assert values.tolist() == pytest.approx([1.5, 2, 10 / 3, 4])
