"""Which runs make one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src_model.exceptions import ProjectError
from src_model.report.results.lines import families, group_runs, random_line, settings_of
from src_model.report.results.run_tables import read_run

WriteRun = Callable[..., Path]


def test_seeds_of_one_acquisition_are_one_line(write_run: WriteRun) -> None:
    lines = group_runs(read_run(write_run("entropy", seed=seed)) for seed in (2, 0))
    ((line, runs),) = lines.items()
    assert line.label == "entropy"
    assert [run.seed for run in runs] == [0, 2]


def test_random_comes_first_and_the_upper_lines_last(write_run: WriteRun) -> None:
    names = ("label_balance_true", "entropy", "random", "bald")
    lines = group_runs(read_run(write_run(name)) for name in names)
    assert [line.label for line in lines] == ["random", "bald", "entropy", "label_balance_true"]


def test_another_loss_or_segmenter_is_another_family(write_run: WriteRun) -> None:
    weighted = {"segmentation": {"segmenter": "fast", "loss_weights": "inverse_sqrt"}}
    runs = [
        read_run(write_run()),
        read_run(write_run(folder="weighted", **weighted)),
        read_run(write_run(folder="fpn", segmentation={"segmenter": "fpn", "encoder": "resnet50"})),
    ]
    assert [family.title for family in families(group_runs(runs))] == [
        "FPN resnet50, loss without class weights",
        "fast, loss without class weights",
        "fast, loss weighted by 1/√frequency",
    ]


def test_runs_that_differ_in_a_setting_are_named_by_it(write_run: WriteRun) -> None:
    runs = [read_run(write_run(folder=str(images), data={"reward_images": images})) for images in (20, 50)]
    assert [line.label for line in group_runs(runs)] == ["random (reward_images 20)", "random (reward_images 50)"]


@pytest.mark.parametrize("settings", [{"device": "cpu"}, {"threads": 2}, {"dqn": {"gamma": 0.5}}, {"final_at": [2]}])
def test_settings_without_effect_on_the_line_do_not_split_it(write_run: WriteRun, settings: dict[str, object]) -> None:
    assert len(group_runs([read_run(write_run(seed=0)), read_run(write_run(seed=1, **settings))])) == 1


def test_a_published_data_set_is_the_same_wherever_it_lies(write_run: WriteRun) -> None:
    places = ({"reader": "camvid", "path": "here"}, {"reader": "camvid", "path": "there"})
    assert len(group_runs(read_run(write_run(seed=seed, data=data)) for seed, data in enumerate(places))) == 1
    folders = ({"path": "here"}, {"path": "there"})
    assert len(group_runs(read_run(write_run(seed=seed, data=data)) for seed, data in enumerate(folders, 2))) == 2


def test_a_policy_a_seed_is_one_line_and_two_kinds_of_policy_are_two(write_run: WriteRun) -> None:
    runs = [
        read_run(
            write_run("dqn", seed, folder=f"{kind}{seed}", dqn={"policy": f"policies/{kind}/{seed}/policy.safetensors"})
        )
        for kind in ("mean", "weighted")
        for seed in (0, 1)
    ]
    lines = group_runs(runs)
    assert [line.label for line in lines] == ["dqn (policy mean)", "dqn (policy weighted)"]
    assert all(len(own) == 2 for own in lines.values())
    assert settings_of(runs[1].config)["dqn.policy"] == "policies/mean/*/policy.safetensors"


def test_the_same_line_and_seed_twice_is_refused(write_run: WriteRun) -> None:
    runs = [read_run(write_run(folder=name)) for name in ("one", "other")]
    with pytest.raises(ProjectError, match=r"one and .*other are the same line \(random\) and seed \(0\)"):
        group_runs(runs)


def test_a_line_is_compared_with_random_on_the_same_regions(write_run: WriteRun) -> None:
    runs = [
        read_run(write_run(name, folder=f"{name}{size}", data={"region": size}))
        for name in ("random", "entropy")
        for size in ("8x8", "16x16")
    ]
    runs.append(read_run(write_run("bald", data={"region": "4x4"})))
    lines = group_runs(runs)
    partner = {line.label: random_line(line, lines) for line in lines}
    assert partner["entropy (region 16x16)"] == next(line for line in lines if line.label == "random (region 16x16)")
    assert partner["bald"] is None


def test_of_two_random_lines_the_one_with_the_same_settings_counts(write_run: WriteRun) -> None:
    runs = [
        read_run(write_run(name, folder=f"{name}{images}", segmentation={"segmenter": "fast", "fast_updates": images}))
        for name in ("random", "entropy")
        for images in (20, 40)
    ]
    runs.append(read_run(write_run("bald")))
    lines = group_runs(runs)
    partner = {line.label: random_line(line, lines) for line in lines}
    assert partner["entropy (fast_updates 40)"] == next(
        line for line in lines if line.label == "random (fast_updates 40)"
    )
    assert partner["bald"] is None


def test_policies_that_several_seeds_share_are_one_line(write_run: WriteRun) -> None:
    runs = [
        read_run(write_run("dqn", seed, dqn={"policy": f"policies/dqn-seed{seed % 2}/policy.safetensors"}))
        for seed in range(4)
    ]
    ((line, members),) = group_runs(runs).items()
    assert line.label == "dqn"
    assert len(members) == 4
