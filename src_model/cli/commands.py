"""The headless commands: parse, call the engine, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from src_model.cli.options import (
    AcquisitionName,
    Budget,
    Changes,
    Classes,
    DataPath,
    Device,
    Episodes,
    ImageSize,
    LossWeighting,
    Out,
    Policy,
    PoolSize,
    Preset,
    Reader,
    RegionSize,
    RegionsPerQuery,
    Reward,
    ScheduleName,
    Seed,
    SegmenterName,
    Settings,
    Split,
    StartPolicy,
    StartWeights,
    Target,
)
from src_model.cli.settings import settings_from, size_from
from src_model.config import RunConfig
from src_model.events import ImagesDrawn

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Label the regions of street and drone images that teach a segmentation network most.",
)


@app.command()
def simulate(
    out: Out,
    data: DataPath = None,
    reader: Reader = None,
    classes: Classes = None,
    acquisition: AcquisitionName = None,
    budget: Budget = None,
    regions_per_query: RegionsPerQuery = None,
    pool_size: PoolSize = None,
    region: RegionSize = None,
    image_size: ImageSize = None,
    split: Split = None,
    segmenter: SegmenterName = None,
    start_weights: StartWeights = None,
    loss_weights: LossWeighting = None,
    policy: Policy = None,
    schedule: ScheduleName = None,
    preset: Preset = "default",
    config: Settings = None,
    change: Changes = None,
    seed: Seed = None,
    device: Device = None,
) -> None:
    """Label by simulation: the true masks answer in a person's place.

    Example: `napari-ralis simulate --data CamVid --reader camvid --split ralis --region 90x80 --segmenter fast
    --acquisition label_balance --budget 480 --out runs/balance`

    Acquisitions: random, random_class_balanced, entropy, bald, margin, margin_class_balanced, impurity,
    label_balance, dqn; and the upper lines label_balance_true and gain_greedy.
    """
    settings = settings_from(locals())
    from src_model.simulation.simulate import simulate as run

    _run("simulation", run, settings, out)


@app.command()
def train_policy(
    out: Out,
    data: DataPath = None,
    reader: Reader = None,
    classes: Classes = None,
    episodes: Episodes = None,
    budget: Budget = None,
    regions_per_query: RegionsPerQuery = None,
    pool_size: PoolSize = None,
    region: RegionSize = None,
    image_size: ImageSize = None,
    split: Split = None,
    segmenter: SegmenterName = None,
    start_weights: StartWeights = None,
    loss_weights: LossWeighting = None,
    start_policy: StartPolicy = None,
    reward: Reward = None,
    target: Target = None,
    schedule: ScheduleName = None,
    preset: Preset = "default",
    config: Settings = None,
    change: Changes = None,
    seed: Seed = None,
    device: Device = None,
) -> None:
    """Train a query network on the images of D_T; ends with OUT/policy.safetensors.

    Example: `napari-ralis train-policy --data CamVid --reader camvid --preset reference --segmenter fast
    --episodes 10 --out policies/camvid`

    With --start-policy it refines a policy on these images and their segmenter, instead of learning from nothing:
    `napari-ralis train-policy --data CamVid --reader camvid --region 90x80 --start-policy shipped --out policies/mine`
    """
    settings = settings_from(locals() | {"acquisition": "dqn"})
    from src_model.policy_training.train_policy import train_policy as run

    _run("policy", run, settings, out)


@app.command()
def train_worlds(
    out: Out,
    generations: Annotated[int, typer.Option(help="Moves of the policy; more go on with a finished training.")] = 20,
    pairs: Annotated[int, typer.Option(help="Episodes a generation, of about 20 queries, each played twice.")] = 36,
    images: Annotated[int, typer.Option(help="Images of a world; an episode uses most of them.")] = 96,
    held_out: Annotated[int, typer.Option(help="Episodes in worlds never trained in, where the policy is read.")] = 48,
    evaluate_every: Annotated[int, typer.Option(help="Generations between readings on the held-out ones.")] = 10,
    workers: Annotated[int, typer.Option(help="Processes that play, one thread each; the numbers are the same.")] = 2,
    preset: Preset = "default",
    config: Settings = None,
    change: Changes = None,
    seed: Seed = None,
    device: Device = None,
) -> None:
    """Train a policy that fits any data, in street worlds drawn at random; needs no data set.

    Classes, frequencies, colours, noise, region size and budget are drawn anew each episode. An evolution strategy
    moves the weights towards what gave the larger area under the curve, starting from label balance. OUT/held_out.csv
    tells how the policy stands against fixed rules. Stopped and called again, it goes on.

    Example: `napari-ralis train-worlds --out policies/worlds`, then
    `napari-ralis simulate --acquisition dqn --policy policies/worlds/policy.safetensors …`
    """
    settings = settings_from(locals() | {"acquisition": "dqn", "segmenter": "fast"})
    from src_model.policy_training.evolution import EvolutionSettings
    from src_model.policy_training.train_in_worlds import train_in_worlds as run
    from src_model.policy_training.worlds import WorldSettings

    evolution = EvolutionSettings(generations, pairs, evaluate_every=evaluate_every, workers=workers)
    _follow("policy", run(settings, WorldSettings(images=images, held_out=held_out), evolution, out))
    typer.echo(out)


@app.command()
def pretrain(
    out: Out,
    updates: Annotated[int, typer.Option(help="Gradient steps.")] = 2000,
    fits: Annotated[
        int, typer.Option(help="Parts these are made in; after each the learning rate falls (learning_rate_decay).")
    ] = 1,
    images: Annotated[
        str, typer.Option(help="train: D_T only; all: every image that is not scored (full supervision).")
    ] = "train",
    data: DataPath = None,
    reader: Reader = None,
    classes: Classes = None,
    region: RegionSize = None,
    image_size: ImageSize = None,
    split: Split = None,
    segmenter: SegmenterName = None,
    start_weights: StartWeights = None,
    loss_weights: LossWeighting = None,
    preset: Preset = "default",
    config: Settings = None,
    change: Changes = None,
    seed: Seed = None,
    device: Device = None,
) -> None:
    """Train the segmenter on whole labelled images: pre-training, or full supervision as the upper line.

    Writes OUT/segmenter.safetensors (for --start-weights elsewhere: classes are mapped by name) and
    OUT/metrics.csv with the IoU of the test images.
    """
    own = {"updates", "fits", "images"}
    settings = settings_from({key: value for key, value in locals().items() if key not in own})
    from src_model.pretraining.supervised import pretrain as run

    _run("pre-training", run, settings, out, images, updates, fits)


@app.command()
def pretrain_streets(
    out: Annotated[Path, typer.Option(help="Folder of the weights, the streets and the training.")],
    images: Annotated[int, typer.Option(help="Street images; a fifth is held out.")] = 400,
    size: Annotated[str, typer.Option(help="HEIGHTxWIDTH in pixels.")] = "192x384",
    updates: Annotated[int, typer.Option(help="Gradient steps.")] = 600,
    fits: Annotated[int, typer.Option(help="Parts these are made in; after each the learning rate falls.")] = 12,
) -> None:
    """Make the shipped segmenter again: draw streets and train on them, a few minutes on one core.

    Example: `napari-ralis pretrain-streets --out models`
    """
    from src_model.pretraining.pretrain_streets import StreetsPretraining
    from src_model.pretraining.pretrain_streets import pretrain_streets as run

    typer.echo(_follow("streets", run(out, StreetsPretraining(images, size_from(size), updates, fits))))


@app.command()
def sweep(
    study: Annotated[Path, typer.Argument(help="TOML file: [base] settings, [lines.NAME] changes, seeds.")],
    out: Out,
    data: Annotated[Path, typer.Option(help="Folder of the data set.")],
    workers: Annotated[int, typer.Option(help="Runs at a time, one process and one thread each.")] = 2,
) -> None:
    """Run every line of a study with every seed; what is finished is not run again."""
    from src_model.studies.sweep import read_study
    from src_model.studies.sweep import sweep as run

    _follow("study", run(read_study(study, data), out, workers))


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders that hold run folders.")],
    out: Annotated[Path, typer.Option(help="Folder of the page and its pictures.")] = Path("report"),
    full_supervision: Annotated[
        float | None, typer.Option(help="Mean IoU of full supervision (0 to 1), as an upper line.")
    ] = None,
) -> None:
    """Write an HTML page: IoU against budget, classes, which regions were asked, what the differences mean.

    Of a project in which you label: what check regions say, against labels and minutes, and training by training.
    """
    from src_model.report.page import write_report
    from src_model.report.session_page import is_about_a_session, write_session_report

    if is_about_a_session(runs):
        typer.echo(write_session_report(runs[0], out))
        return
    typer.echo(write_report(runs, out, full_supervision))


@app.command()
def replay(
    project: Annotated[Path, typer.Argument(help="Project in which you labelled; it is only read.")],
    out: Annotated[Path, typer.Option(help="Folder of what comes out; must be empty or not there.")],
    acquisition: Annotated[
        str | None, typer.Option(help="Another rule, asked what it would have chosen under the same budget.")
    ] = None,
) -> None:
    """Do a labelling session again without you: the same questions, answers and trainings, to the same metrics.

    With --acquisition: what would random, entropy, … have asked? Answered by your labels where there are some, and by
    masks where the data set has them; OUT/report.html compares, and says how much of it was known.

    Example: `napari-ralis replay streets-labels --out runs/what-if --acquisition random`
    """
    if acquisition is not None:
        _ask_otherwise(project, out, acquisition)
        return
    from src_model.simulation.replay import replay as run

    done = _follow("replay", run(project, out))
    if done.differing:
        told = "; ".join(f"step {step}: {', '.join(columns)}" for step, columns in done.differing)
        typer.echo(f"{done.steps} steps; others than recorded are {told}. Have images or weights changed since?")
        raise typer.Exit(1)
    typer.echo(f"{out}: {done.steps} steps, every number as recorded.")


@app.command()
def tabulate(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders that hold run folders.")],
    out: Annotated[Path, typer.Option(help="Folder of the tables.")],
    full_supervision: Annotated[float | None, typer.Option(help="Mean IoU of full supervision (0 to 1).")] = None,
) -> None:
    """Write what a study keeps: a markdown table, every reading as one CSV, and the curves."""
    from src_model.report.study_tables import write_study

    write_study(runs, out, full_supervision)
    typer.echo(out)


@app.command()
def predict(
    project: Annotated[Path, typer.Option(help="Folder of a run or a labelling project.")],
    images: Annotated[Path, typer.Option(help="Folder of images; searched with its sub-folders.")],
    out: Annotated[Path, typer.Option(help="Folder of the masks: index PNGs in the colours of the classes.")],
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Segment a whole folder with the network of a project."""
    from src_model.predict import predict as run

    _follow("masks", run(project, images, out, device))
    typer.echo(out)


@app.command()
def streets(
    out: Annotated[Path, typer.Option(help="Folder of the data set; must be empty or not there.")],
    count: Annotated[int, typer.Option(help="Number of images.")] = 200,
    size: Annotated[str, typer.Option(help="HEIGHTxWIDTH in pixels.")] = "256x512",
    domain: Annotated[
        str, typer.Option(help="source (clean, rendered look) or target (noisy, greyer streets); drone: from above.")
    ] = "target",
    seed: Annotated[int, typer.Option(help="Other scenes of the same kind.")] = 0,
    world: Annotated[
        int, typer.Option(help="Not 0: colours, class frequencies, weather and noise are drawn anew.")
    ] = 0,
    sequence_length: Annotated[
        int, typer.Option(help="Frames a drive; longer drives have more near-duplicates and fewer places.")
    ] = 10,
) -> None:
    """Draw a labelled data set of streets, or of houses from above.

    Example: `napari-ralis streets --out data/streets --count 200 --size 256x512 --domain target`

    Street domains are read with `--reader cityscapes`, drone images with `--reader folder`.
    """
    from src_model.data.streets.street_images import StreetImages
    from src_model.data.streets.writer import reader_for, write_streets

    images = StreetImages(domain, count, size_from(size), seed, world, sequence_length)
    _follow("streets", (ImagesDrawn(done, count) for done in write_streets(images, out)))
    typer.echo(f"{out} (--reader {reader_for(domain)})")


@app.command()
def doctor(
    data: Annotated[Path | None, typer.Option(help="A data set to look at as well.")] = None,
    reader: Annotated[str, typer.Option(help="Its layout.")] = "folder",
) -> None:
    """Look at versions, device, weights, Qt and data, and say what to do about each fault."""
    from src_model.doctor import examine

    findings = examine(data, reader)
    for finding in findings:
        typer.echo(finding.line())
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


def _ask_otherwise(project: Path, out: Path, acquisition: str) -> None:
    from src_model.report.session_page import write_session_report
    from src_model.simulation.other_rule import ask_otherwise

    known = _follow("replay", ask_otherwise(project, out, acquisition))
    typer.echo(
        f"{known.asked} regions asked: {known.from_session} known from the session, {known.from_masks} from masks; "
        f"{known.askable} of {known.pool} regions could be asked."
    )
    typer.echo(write_session_report(out, out))


def _run(title: str, run: Any, settings: RunConfig, out: Path, *more: object) -> None:
    _follow(title, run(settings, out, *more))
    typer.echo(out)


def _follow(title: str, progress: Any) -> Any:
    from src_model.console import progress_view
    from src_model.events import drain

    with progress_view(title) as view:
        return drain(progress, view.show)
