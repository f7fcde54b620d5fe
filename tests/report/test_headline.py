"""The headline: who leads, by how much, and what cannot be said."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from src_model.report.figures.budget_axis import budget_scale
from src_model.report.headline import headline
from src_model.report.results.comparison import compare
from src_model.report.results.lines import group_runs
from src_model.report.results.run_tables import read_run

WriteRun = Callable[..., Path]


def sentences(write_run: WriteRun, heights: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    """Flat curves of these heights, a seed each."""
    runs = [
        read_run(write_run(name, seed, curve=(height, height)))
        for name, own in heights.items()
        for seed, height in enumerate(own)
    ]
    lines = group_runs(runs)
    return headline(lines, compare(lines), budget_scale(runs))


def test_a_lead_beyond_its_interval_is_a_lead(write_run: WriteRun) -> None:
    verdict, height, *_ = sentences(write_run, {"random": (0.2, 0.3), "bald": (0.25, 0.351)})
    # 5 and 5.1 points: 5.05, and half of 0.1 times t(0.975, 1) = 12.7
    assert verdict == "bald leads: its curve lies 5.05 ± 0.64 points above random."
    assert height.startswith(
        "Averaged over the budgets from 2 to 4 regions (256 px, 4 % of the training pixels), its mean IoU is 30.0 ±"
    )
    assert "corrected after Holm" in height


def test_a_lead_within_its_interval_is_not_called_one(write_run: WriteRun) -> None:
    verdict, *_ = sentences(write_run, {"random": (0.2, 0.3), "bald": (0.2, 0.4)})
    assert verdict.startswith("bald has the highest curve, 5.00 ± 63.53 points above random: 2 seeds do not show")


def test_one_seed_cannot_tell_a_gain_from_chance(write_run: WriteRun) -> None:
    verdict, height, *_ = sentences(write_run, {"random": (0.2,), "bald": (0.3,)})
    assert verdict.endswith("10.00 points above random on one shared seed: that cannot tell a gain from chance.")
    assert "30.0 points (one seed, no interval)" in height


def test_the_second_is_named_and_whether_it_differs(write_run: WriteRun) -> None:
    told = sentences(write_run, {"random": (0.1, 0.2), "bald": (0.2, 0.3), "entropy": (0.25, 0.33)})
    assert "bald comes second, 4.00 ± 12.71 points behind: which of the two is better these runs cannot say." in told
    assert told[-1].startswith("It was picked as the best of 3 after the runs")


def test_random_may_lead(write_run: WriteRun) -> None:
    verdict, *rest = sentences(write_run, {"random": (0.4, 0.5), "bald": (0.2, 0.3)})
    assert verdict == "random leads: no other acquisition has a higher curve."
    assert any(sentence.startswith("bald comes second, 20.00 ± 0.00 points behind") for sentence in rest)


def test_a_line_that_knows_the_labels_cannot_lead(write_run: WriteRun) -> None:
    verdict, *_ = sentences(write_run, {"random": (0.1, 0.2), "bald": (0.2, 0.3), "label_balance_true": (0.5, 0.6)})
    assert verdict.startswith("bald leads")


def test_without_random_nothing_is_said_about_a_gain(write_run: WriteRun) -> None:
    verdict, *_ = sentences(write_run, {"bald": (0.3, 0.4), "entropy": (0.2, 0.3)})
    assert verdict.startswith("bald has the highest curve; how far above random is not known: there is no random line")


def test_a_line_alone_and_runs_without_readings_say_so(write_run: WriteRun) -> None:
    assert sentences(write_run, {"bald": (0.3, 0.4)})[0].startswith("bald stands alone")
    run = read_run(write_run("entropy", curve=(None, None)))
    lines = group_runs([run])
    assert headline(lines, compare(lines), None)[0].startswith("No run has been read at the largest budget yet")
