"""The doctor: looks at everything a session needs and says what to do about each fault."""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from src_model.config import DataConfig
from src_model.exceptions import RalisError
from src_model.shipped.models import MODELS, ShippedModel, is_shipped, shipped

_PACKAGES = ("napari-ralis", "torch", "torchvision", "segmentation-models-pytorch", "timm", "numpy", "napari", "qtpy")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``remedy`` says what to do where it is not well."""

    subject: str
    well: bool
    detail: str
    remedy: str = ""

    def line(self) -> str:
        """``ok`` or ``!!``, the subject, what was found and what to do."""
        return f"{'ok' if self.well else '!!'}  {self.subject}: {self.detail}" + (
            f" → {self.remedy}" if self.remedy else ""
        )


def examine(data: Path | None = None, reader: str = "folder") -> list[Finding]:
    """Look at versions, device, weights, Qt, screen and, if given, a data set; nothing is changed."""
    findings = [_python(), *map(_package, _PACKAGES), _device(), _weights(), *map(_model, MODELS), _qt(), _screen()]
    return findings if data is None else [*findings, _data(data, reader)]


def _python() -> Finding:
    well = platform.python_version_tuple() >= ("3", "11")
    return Finding("Python", well, platform.python_version(), "" if well else "install Python 3.11 or newer")


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", f"pip install {name}")


def _device() -> Finding:
    from src_model.device import choose_device, describe_device

    device = choose_device("auto")
    hint = "" if device.type != "cpu" else " (no GPU: use the small encoder or --segmenter fast)"
    return Finding("device", True, describe_device(device) + hint)


def _weights() -> Finding:
    def load() -> str:
        from segmentation_models_pytorch.encoders import get_encoder

        from src_model.segmentation.pretrained import load_packaged_encoder_weights

        load_packaged_encoder_weights(get_encoder("tu-tf_efficientnet_lite0", weights=None))
        return "ImageNet weights of the small encoder load"

    return _tried("weights", load)


def _model(model: ShippedModel) -> Finding:
    def look() -> str:
        if not is_shipped(model):
            return f"not part of this version. {model.remedy}"
        return f"shipped, whole, {shipped(model).stat().st_size / 1e6:.1f} MB"

    return _tried(model.file, look)


def _qt() -> Finding:
    try:
        qtpy = importlib.import_module("qtpy")
    except ImportError as exc:
        # qtpy raises its own child of ImportError when it finds no binding.
        return Finding("Qt", False, str(exc).splitlines()[0], "pip install napari-ralis[pyqt6]; simulations need no Qt")
    return Finding("Qt", True, f"{qtpy.API_NAME} {qtpy.QT_VERSION}")


def _screen() -> Finding:
    there = platform.system() != "Linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if there:
        return Finding("screen", True, "found")
    return Finding("screen", True, "none; simulations run without, for the window use a desktop or xvfb-run")


def _data(path: Path, reader: str) -> Finding:
    def look() -> str:
        from src_model.data.readers import open_dataset

        dataset = open_dataset(DataConfig(path=path, reader=reader))
        labelled = sum(map(dataset.has_labels, dataset.ids))
        return f"{len(dataset.ids)} images, {labelled} with masks, {dataset.schema.num_classes} classes"

    return _tried(f"data {path}", look)


def _tried(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except RalisError as exc:
        return Finding(subject, False, str(exc))
