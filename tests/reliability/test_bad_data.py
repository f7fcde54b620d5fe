"""Bad data: refused with an error that names what is at fault and the next step, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from src_model.cli import app
from src_model.config import RunConfig
from src_model.data.readers.camvid import CAMVID
from src_model.data.readers.cityscapes import CITYSCAPES
from src_model.events import drain
from src_model.exceptions import ConfigurationError, DataError, ProjectError
from src_model.predict import predict
from src_model.simulation.simulate import simulate

Small = Callable[..., RunConfig]
Refused = Callable[..., AbstractContextManager[None]]
ImageIn = Callable[[RunConfig, str], str]
Run = Callable[[RunConfig, Path], object]
Runs = dict[str, Run]


def call(*arguments: object) -> None:
    CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def mask_of(data: Path, image: str) -> Path:
    return next(data.glob(f"*annot/{image}.png"))


def image_of(data: Path, image: str) -> Path:
    return next(path for path in data.glob(f"*/{image}.png") if not path.parent.name.endswith("annot"))


def paint(mask: Path, value: int, pixels: int) -> None:
    labels = np.array(Image.open(mask))
    labels.ravel()[:pixels] = value
    Image.fromarray(labels).save(mask)


def cut_off(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    return path


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """Five images with colour masks, road above and sky below, and their class table."""
    folder = tmp_path / "colours"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(5):
        noise = np.random.default_rng(number).integers(0, 256, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / "images" / f"{number}.png")
        mask = np.full((24, 24, 3), (128, 64, 128), dtype=np.uint8)
        mask[12:] = 70, 130, 180
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    (folder / "classes.csv").write_text("id,name,R,G,B\n0,road,128,64,128\n1,sky,70,130,180\n")
    return folder


# --- folders and pairs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["simulate", "train-policy", "pretrain"])
def test_a_data_folder_that_is_not_there_is_refused(command: str, tmp_path: Path, out: Path, refused: Refused) -> None:
    missing = tmp_path / "nowhere"
    with refused(DataError, out, missing, then="Check --data"):
        call(command, "--data", missing, "--reader", "camvid", "--out", out)


def test_predict_refuses_an_image_folder_that_is_not_there(
    finished: Path, tmp_path: Path, out: Path, refused: Refused
) -> None:
    missing = tmp_path / "nowhere"
    with refused(DataError, out, missing, then="Give a folder"):
        call("predict", "--project", finished, "--images", missing, "--out", out)


def test_predict_refuses_a_project_that_is_not_there(
    tiny_camvid: Path, tmp_path: Path, out: Path, refused: Refused
) -> None:
    missing = tmp_path / "nowhere"
    with refused(ProjectError, out, missing, then="Check the path"):
        call("predict", "--project", missing, "--images", tiny_camvid / "val", "--out", out)


def test_a_report_on_a_folder_that_is_not_there_is_refused(tmp_path: Path, out: Path, refused: Refused) -> None:
    missing = tmp_path / "nowhere"
    with refused(ProjectError, out, missing, then="Give folders that `napari-ralis simulate --out` has written"):
        call("report", missing, "--out", out)


def test_a_study_that_is_not_there_is_refused(tiny_camvid: Path, tmp_path: Path, out: Path, refused: Refused) -> None:
    missing = tmp_path / "nowhere.toml"
    with refused(ConfigurationError, out, missing, then="Check the path"):
        call("sweep", missing, "--data", tiny_camvid, "--out", out)


def test_a_folder_without_images_is_refused(
    run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    for image in (tiny_camvid / "train").iterdir():
        image.unlink()
    with refused(DataError, out, tiny_camvid / "train", then="Check --data"):
        run(small(tiny_camvid), out)


def test_images_and_masks_under_different_names_are_no_pairs(
    run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    for mask in (tiny_camvid / "trainannot").iterdir():
        mask.rename(mask.with_name(f"mask_{mask.name}"))
    with refused(DataError, out, tiny_camvid / "train", "mask_0001TP_000001", then="Give both the same name"):
        run(small(tiny_camvid), out)


def test_a_run_over_images_that_all_lack_masks_is_refused(
    run: Run, colours: Path, out: Path, small: Small, refused: Refused
) -> None:
    for mask in (colours / "masks").iterdir():
        mask.unlink()
    with refused(DataError, out, "mask", then="Check"):
        run(small(colours, data={"reader": "folder", "train_images": 1}), out)


def test_a_mask_without_image_is_refused(
    run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    lonely = tiny_camvid / "trainannot" / "0001TP_000009.png"
    Image.new("L", (48, 36)).save(lonely)
    with refused(DataError, out, lonely, then="Add the images or remove the masks"):
        run(small(tiny_camvid), out)


def test_a_mask_of_another_size_is_refused(
    run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    mask = mask_of(tiny_camvid, "0001TP_000002")
    Image.new("L", (48, 30)).save(mask)
    with refused(DataError, out, mask, "30x48", "36x48", then="Replace the mask"):
        run(small(tiny_camvid), out)


# --- labels that no class has -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "role"),
    [
        ("simulate", "pool"),
        ("simulate", "reward"),
        ("simulate", "test"),
        ("train-policy", "train"),
        ("train-policy", "reward"),
        ("pretrain", "train"),
        ("pretrain", "test"),
    ],
)
def test_ids_that_no_class_has_are_counted_and_named(
    command: str, role: str, tiny_camvid: Path, out: Path, small: Small, runs: Runs, image_in: ImageIn, refused: Refused
) -> None:
    config = small(tiny_camvid)
    mask = mask_of(tiny_camvid, image_in(config, role))
    paint(mask, 42, pixels=7)
    with refused(DataError, out, mask, "id 42 (7 pixels)", then="Add them to the table"):
        runs[command](config, out)


def test_colours_that_no_class_has_are_counted_and_named(
    run: Run, colours: Path, out: Path, small: Small, refused: Refused
) -> None:
    for mask in (colours / "masks").iterdir():
        values = np.array(Image.open(mask))
        values[0, :3] = 1, 2, 3
        Image.fromarray(values).save(mask)
    config = small(colours, data={"reader": "folder", "train_images": 1})
    with refused(DataError, out, "colour 1,2,3 (", colours / "masks", then="Add them to the table"):
        run(config, out)


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("id,name,R,G,B\n0,road,128,64\n", "entry 1 of"),
        ("id,name,R,G,B\nzero,road,128,64,128\n", "'zero'"),
        ("id,name,R,G,B\n0,road,128,64,128\n0,sky,70,130,180\n", "id 0 twice"),
        ("", "0 classes"),
    ],
    ids=["half a line", "no number", "twice", "empty"],
)
def test_a_class_table_that_makes_no_sense_is_refused(
    table: str, fault: str, colours: Path, out: Path, small: Small, refused: Refused
) -> None:
    (colours / "classes.csv").write_text(table)
    with refused(DataError, out, "classes", fault, then="."):
        drain(simulate(small(colours, data={"reader": "folder", "train_images": 1}), out))


def test_a_class_that_one_side_of_a_mapping_does_not_have_is_refused() -> None:
    with pytest.raises(DataError, match=r"no class 'lorry' in cityscapes.*Choose one of: .*truck"):
        CITYSCAPES.mapping_to(CAMVID, {"lorry": "car"})
    with pytest.raises(DataError, match=r"no class 'vehicle' in camvid.*Choose one of: .*car"):
        CITYSCAPES.mapping_to(CAMVID, {"truck": "vehicle"})


# --- files that were cut off ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["image", "mask"])
def test_a_png_that_was_cut_off_is_refused(
    run: Run, kind: str, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    path = cut_off((image_of if kind == "image" else mask_of)(tiny_camvid, "0001TP_000002"))
    with refused(DataError, out, path, "cut off", then="copy it again or remove it"):
        run(small(tiny_camvid), out)


def test_an_empty_file_is_refused(run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused) -> None:
    path = image_of(tiny_camvid, "0001TP_000002")
    path.write_bytes(b"")
    with refused(DataError, out, path, then="copy it again or remove it"):
        run(small(tiny_camvid), out)


def test_predict_refuses_a_cut_off_image_before_it_writes_a_mask(
    finished: Path, tiny_camvid: Path, out: Path, refused: Refused
) -> None:
    path = cut_off(image_of(tiny_camvid, "0016E5_000002"))
    with refused(DataError, out, path, then="copy it again or remove it"):
        drain(predict(finished, tiny_camvid / "val", out))


@pytest.mark.parametrize("ending", ["jpg", "bmp", "tif", "webp"])
def test_a_cut_off_image_of_any_format_is_refused(
    ending: str, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    png = image_of(tiny_camvid, "0001TP_000002")
    path = png.with_suffix(f".{ending}")
    Image.open(png).save(path)
    png.unlink()
    cut_off(path)
    with refused(DataError, out, path, then="copy it again or remove it"):
        drain(simulate(small(tiny_camvid), out))


def test_predict_refuses_two_images_whose_masks_would_have_one_name(
    finished: Path, tiny_camvid: Path, out: Path, refused: Refused
) -> None:
    first = image_of(tiny_camvid, "0016E5_000002")
    Image.open(first).save(first.with_suffix(".jpg"))
    with refused(DataError, out, first.name, first.with_suffix(".jpg").name, then="Rename one of them"):
        drain(predict(finished, tiny_camvid / "val", out))


def test_predict_never_replaces_an_image_by_its_mask(finished: Path, tiny_camvid: Path, refused: Refused) -> None:
    images = tiny_camvid / "val"
    with refused(DataError, images, images / "0016E5_000001.png", then="Choose another folder for --out"):
        drain(predict(finished, images, images))
