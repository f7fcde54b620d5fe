"""Lines next to random: numbers from curves of two or three readings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src_model.exceptions import ConfigurationError
from src_model.report.results.comparison import LineResult, Missing, class_support, compare, rare_classes, span
from src_model.report.results.lines import group_runs
from src_model.report.results.run_tables import read_run
from src_model.report.results.statistics import Estimate, PairedDifference

WriteRun = Callable[..., Path]


def results_of(folders: list[Path], full_supervision: float | None = None) -> dict[str, LineResult]:
    lines = group_runs(read_run(folder) for folder in folders)
    return {result.line.label: result for result in compare(lines, full_supervision)}


def mean_of(value: object) -> float:
    assert isinstance(value, Estimate)
    return value.mean


def test_the_area_begins_with_the_first_labels(write_run: WriteRun) -> None:
    # readings 5 (nothing labelled), 20 and 40 points: the mean height from 2 to 4 regions is 30
    result = results_of([write_run(curve=(0.2, 0.4))])["random"]
    assert mean_of(result.area) == pytest.approx(30)
    assert mean_of(result.final) == pytest.approx(40)


def test_the_span_begins_where_all_lines_have_begun(write_run: WriteRun) -> None:
    runs = [read_run(write_run("random", curve=(0.2, 0.4, 0.5))), read_run(write_run("bald", curve=(None, 0.4, 0.5)))]
    assert span(runs) == (4, 6)


def test_differences_are_taken_seed_by_seed_and_corrected_over_the_lines(write_run: WriteRun) -> None:
    folders = []
    for seed, ease in enumerate((0.0, 0.1, 0.2)):
        folders.append(write_run("random", seed, curve=(0.2 + ease, 0.2 + ease)))
        folders.append(write_run("bald", seed, curve=(0.21 + 1.1 * ease, 0.21 + 1.1 * ease)))
        folders.append(write_run("margin", seed, curve=(0.2 + 1.2 * ease, 0.2 + 1.2 * ease)))
    results = results_of(folders)
    bald, margin = results["bald"].against_random, results["margin"].against_random
    assert isinstance(bald, PairedDifference)
    assert isinstance(margin, PairedDifference)
    assert bald.difference.mean == pytest.approx(2)  # 1, 2 and 3 points
    assert margin.difference.mean == pytest.approx(2)  # 0, 2 and 4 points
    assert bald.p_value is not None
    assert margin.p_value is not None
    assert results["bald"].corrected_p == pytest.approx(2 * bald.p_value)
    assert results["margin"].corrected_p == pytest.approx(margin.p_value)


def test_a_certain_difference_keeps_its_p_of_zero(write_run: WriteRun) -> None:
    folders = [write_run("random", seed, curve=(0.25, 0.25)) for seed in (0, 1)]
    folders += [write_run("bald", seed, curve=(0.5, 0.5)) for seed in (0, 1)]
    assert results_of(folders)["bald"].corrected_p == 0


def test_one_seed_gives_numbers_without_interval_and_no_test(write_run: WriteRun) -> None:
    result = results_of([write_run("random"), write_run("bald", curve=(0.3, 0.5))])["bald"]
    assert isinstance(result.area, Estimate)
    assert result.area.half_width is None
    assert isinstance(result.against_random, PairedDifference)
    assert result.against_random.difference.half_width is None
    assert result.corrected_p == Missing("one pair of runs gives no test")


def test_without_random_there_is_no_difference_but_a_reason(write_run: WriteRun) -> None:
    result = results_of([write_run("bald")])["bald"]
    assert isinstance(result.against_random, Missing)
    assert result.corrected_p == result.against_random


def test_a_run_that_is_behind_counts_in_no_number(write_run: WriteRun) -> None:
    folders = [write_run("random", seed, curve=(0.2, 0.4)) for seed in (0, 1)]
    folders += [write_run("bald", 0, curve=(0.3, 0.5)), write_run("bald", 1, curve=(0.9,), budget=4)]
    result = results_of(folders)["bald"]
    assert result.seeds == (0, 1)
    assert mean_of(result.area) == pytest.approx(40)
    assert isinstance(result.against_random, PairedDifference)
    assert result.against_random.seeds == (0,)


def test_a_line_that_is_behind_has_a_reason_instead_of_numbers(write_run: WriteRun) -> None:
    result = results_of([write_run("random"), write_run("bald", curve=(0.9,), budget=4)])["bald"]
    assert result.final == Missing("no run of this line has reached 4 regions")
    assert result.area == result.final
    assert isinstance(result.against_random, Missing)


def test_runs_without_any_reading_have_reasons_only(write_run: WriteRun) -> None:
    result = results_of([write_run(curve=(None, None))], full_supervision=0.5)["random"]
    assert isinstance(result.area, Missing)
    assert isinstance(result.corrected_p, Missing)


def test_a_final_training_is_read_at_the_largest_budget(write_run: WriteRun) -> None:
    assert mean_of(results_of([write_run(finals={2: 0.5, 4: 0.6})])["random"].trained) == pytest.approx(60)
    early = results_of([write_run("bald", finals={2: 0.5})])["bald"].trained
    assert early == Missing("no final training at the largest budget")


def test_rare_classes_are_ranked_by_what_random_found(write_run: WriteRun) -> None:
    runs = [read_run(write_run("random")), read_run(write_run("bald", shares=False))]
    assert class_support(runs) == {"sky": 0.75, "pole": 0.25}
    assert rare_classes(runs) == ("pole", "sky")


def test_without_class_shares_there_is_no_rare_area_but_a_reason(write_run: WriteRun) -> None:
    result = results_of([write_run(shares=False)])["random"]
    assert result.rare_area == Missing("the tables do not say how frequent classes are")


def test_the_rare_area_is_the_area_of_the_mean_over_the_rare_classes(write_run: WriteRun) -> None:
    # two classes, 0.1 above and 0.1 below the mean: both are among the five rarest
    assert mean_of(results_of([write_run(curve=(0.2, 0.4))])["random"].rare_area) == pytest.approx(30)


def test_labels_to_reach_a_share_of_full_supervision(write_run: WriteRun) -> None:
    # 90 % of 0.4 is 0.36: from 0.2 at 2 regions to 0.4 at 4, that is 3.6; 95 %: 3.8
    needed = results_of([write_run(curve=(0.2, 0.4))], full_supervision=0.4)["random"].labels_to_reach
    assert [mean_of(one) for one in needed] == pytest.approx([3.6, 3.8])


def test_a_share_that_some_seed_misses_is_not_averaged_over_the_others(write_run: WriteRun) -> None:
    folders = [write_run(seed=0, curve=(0.2, 0.4)), write_run(seed=1, curve=(0.2, 0.3))]
    needed = results_of(folders, full_supervision=0.4)["random"].labels_to_reach
    assert needed[0] == Missing("reached by 1 of 2 finished runs")


def test_full_supervision_in_points_is_refused(write_run: WriteRun) -> None:
    with pytest.raises(ConfigurationError, match=r"51\.5.*write 0\.515"):
        results_of([write_run()], full_supervision=51.5)


def test_the_way_from_random_to_the_upper_line(write_run: WriteRun) -> None:
    folders = []
    for seed, ease in enumerate((0.0, 0.1)):
        folders.append(write_run("random", seed, curve=(0.2 + ease, 0.2 + ease)))
        folders.append(write_run("bald", seed, curve=(0.25 + ease, 0.25 + ease)))
        folders.append(write_run("label_balance_true", seed, curve=(0.4 + ease, 0.4 + ease)))
    results = results_of(folders)
    assert results["bald"].way == pytest.approx(0.25)
    assert isinstance(results["random"].way, Missing)


def test_there_is_no_way_to_an_upper_line_within_the_noise(write_run: WriteRun) -> None:
    folders = [write_run("bald", seed) for seed in (0, 1)] + [write_run("random", seed) for seed in (0, 1)]
    folders += [write_run("gain_greedy", 0, curve=(0.2, 0.4)), write_run("gain_greedy", 1, curve=(0.3, 0.5))]
    assert results_of(folders)["bald"].way == Missing("no upper line lies above random by more than its interval")
