"""Runs are read as their writers left them, and what cannot be read is named."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src_model.exceptions import DataError, ProjectError
from src_model.project.folder import write_about
from src_model.report.results.run_tables import NotComparable, read_run, read_runs, read_simulations

WriteRun = Callable[..., Path]


def test_a_run_is_read_as_it_was_written(write_run: WriteRun) -> None:
    run = read_run(write_run("entropy", seed=3, curve=(0.2, 0.4), finals={4: 0.6}))
    budgets, values = run.steps.curve("mean_iou")
    assert run.seed == 3
    assert run.budget == 4
    assert budgets.tolist() == [0, 2, 4]
    assert values.tolist() == [0.05, 0.2, 0.4]
    assert run.steps.names("iou_") == ("sky", "pole")
    assert run.finals.at(4, "mean_iou") == 0.6
    assert [(one.step, one.region.row, one.region.column) for one in run.asked[:2]] == [(1, 8, 0), (1, 8, 8)]


def test_steps_that_were_not_read_leave_no_point_in_the_curve(write_run: WriteRun) -> None:
    run = read_run(write_run(curve=(None, 0.4)))
    assert run.steps.curve("mean_iou")[0].tolist() == [0, 4]
    assert run.steps.at(2, "mean_iou") is None


def test_a_mean_over_columns_needs_all_of_them(write_run: WriteRun) -> None:
    steps = read_run(write_run(curve=(0.2, 0.4))).steps
    np.testing.assert_allclose(steps.curve("iou_sky", "iou_pole")[1][1:], [0.2, 0.4])
    assert steps.curve("iou_sky", "iou_unheard_of")[0].size == 0


def test_columns_of_text_are_not_in_the_way(write_run: WriteRun) -> None:
    assert "remark" not in read_run(write_run()).steps.columns


def test_a_run_without_final_trainings_or_regions_can_be_read(write_run: WriteRun) -> None:
    folder = write_run()
    (folder / "queried_regions.csv").unlink()
    run = read_run(folder)
    assert len(run.finals) == 0
    assert run.asked == ()


def test_runs_below_a_folder_are_found_in_order(write_run: WriteRun, tmp_path: Path) -> None:
    write_run("random", seed=1)
    write_run("entropy", seed=0)
    found = read_runs([tmp_path / "runs"])
    assert [run.folder.relative_to(tmp_path).as_posix() for run in found.runs] == ["runs/entropy/0", "runs/random/1"]


def test_a_folder_given_twice_counts_once(write_run: WriteRun, tmp_path: Path) -> None:
    folder = write_run()
    assert len(read_runs([folder, tmp_path, folder]).runs) == 1


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="nowhere is not a folder"):
        read_runs([tmp_path / "nowhere"])


def test_a_folder_without_runs_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=f"{tmp_path.name}: no run to report on"):
        read_runs([tmp_path])


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"is not a run: it has no project\.json"):
        read_run(tmp_path)


def test_a_run_before_its_first_step_is_refused_when_named_and_left_out_when_found(
    write_run: WriteRun, tmp_path: Path
) -> None:
    young = write_run("entropy", curve=())
    write_run("random")
    with pytest.raises(NotComparable, match="no finished step yet"):
        read_runs([young])
    found = read_runs([tmp_path])
    assert len(found.runs) == 1
    assert "no finished step yet" in found.left_out[0]


def test_a_run_whose_tables_were_not_written_yet_has_no_finished_step(write_run: WriteRun) -> None:
    folder = write_run()
    (folder / "metrics.csv").unlink()
    with pytest.raises(NotComparable, match="no finished step yet"):
        read_run(folder)


def test_a_policy_training_is_not_compared_with_simulations(write_run: WriteRun, tmp_path: Path) -> None:
    for seed in (0, 1):
        write_run("dqn", seed)
    write_run("dqn", 2, dqn={"policy": "policy.safetensors"})
    found = read_runs([tmp_path])
    assert [run.seed for run in found.runs] == [2]
    assert [folder.name for folder in found.trainings] == ["0", "1"]
    assert found.left_out == ()
    (sentence,) = read_simulations([tmp_path]).left_out
    assert sentence.startswith("Left out, because each trained a policy and is no simulation: ")
    assert sentence.endswith("dqn/0 and 1 more.")


def test_a_run_that_asked_with_the_shipped_policy_is_a_simulation(write_run: WriteRun) -> None:
    folder = write_run("dqn", dqn={"features": "default"})
    assert read_run(folder).seed == 0
    with (folder / "metrics.csv").open(newline="") as table:
        rows = [row | {"epsilon": "0.3"} for row in csv.DictReader(table)]
    with (folder / "metrics.csv").open("w", newline="") as table:
        writer = csv.DictWriter(table, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(NotComparable, match="trained a policy"):
        read_run(folder)


def test_a_run_of_several_episodes_is_a_policy_training(write_run: WriteRun) -> None:
    folder = write_run()
    header, *rows = (folder / "metrics.csv").read_text().splitlines()
    lines = [f"episode,{header}", *(f"{episode},{row}" for episode in (1, 2) for row in rows)]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(NotComparable, match="trained a policy and is no simulation"):
        read_run(folder)


@pytest.mark.parametrize(
    ("table", "content", "fault"),
    [
        ("metrics.csv", "step,mean_iou\n1,0.5\n", "labelled_regions"),
        ("metrics.csv", "step,labelled_regions,mean_iou\n1,2,half\n", "half"),
        ("queried_regions.csv", "step,image,row,column,height,width\n1,a,0,0,8,?\n", r"\?"),
    ],
)
def test_a_damaged_table_is_named_with_its_fault(write_run: WriteRun, table: str, content: str, fault: str) -> None:
    folder = write_run()
    (folder / table).write_text(content)
    with pytest.raises(DataError, match=rf"{table} is damaged: .*{fault}"):
        read_run(folder)


def test_damaged_settings_are_named(write_run: WriteRun) -> None:
    folder = write_run()
    (folder / "settings.toml").write_text("seed = 'one'")
    with pytest.raises(ProjectError, match=r"settings\.toml"):
        read_run(folder)


def test_a_project_of_another_kind_is_left_out(write_run: WriteRun, tmp_path: Path) -> None:
    write_run("random")
    other = write_run("entropy")
    for name in ("metrics.csv", "queried_regions.csv"):
        (other / name).unlink()
    write_about(other)
    assert len(read_runs([tmp_path]).runs) == 1
