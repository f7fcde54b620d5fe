"""The network: pixels in, class logits of the same size out; any architecture of segmentation-models-pytorch."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from src_model.config import SegmentationConfig
from src_model.data.region import Size
from src_model.device import train_mode
from src_model.exceptions import ConfigurationError
from src_model.segmentation.hub import fetch, hub_file
from src_model.segmentation.pretrained import (
    PACKAGED_ENCODER,
    Triple,
    encoder_normalisation,
    load_packaged_encoder_weights,
)
from src_model.segmentation.random_state import seeded

logger = logging.getLogger(__name__)

STRIDE = 32
"""Encoders halve the image five times; smp refuses sizes that this does not divide."""

_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class SegmentationNetwork(nn.Module):
    """An smp model cut in two, ``trunk`` (encoder and decoder) and ``head``, with feature channels dropped between.

    The cut is the same for every architecture, so that BALD runs the trunk once and only the head many times. (In smp's
    FPN the decoder's own dropout stands at exactly this place; the published BALD drops the same tensor.)

    Parameters
    ----------
    model:
        An smp model; its head is taken from it, dropout inside its decoder is switched off.
    normalisation:
        Mean and standard deviation of red, green and blue in 0..1.
    dropout:
        Share of the decoder's channels dropped in training.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, model: nn.Module, normalisation: tuple[Triple, Triple], dropout: float) -> None:
        super().__init__()
        for module in model.get_submodule("decoder").modules():
            if isinstance(module, _DROPOUTS):
                module.p = 0.0
        self.head = model.get_submodule("segmentation_head")
        model.add_module("segmentation_head", nn.Identity())
        self.trunk = model
        self.dropout = nn.Dropout2d(dropout)
        mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in normalisation)
        self.register_buffer("scale", 1 / (255 * std), persistent=False)
        self.register_buffer("shift", -mean / std, persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) float32 logits of (B, 3, h, w) RGB pixels in 0..255, of any size."""
        return self.logits(self.dropout(self.features(pixels)), (pixels.shape[-2], pixels.shape[-1]))

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """What the decoder makes of (B, 3, h, w) pixels: (B, D, …), padded size, reduced resolution."""
        height, width = pixels.shape[-2:]
        layout = torch.channels_last if pixels.is_cuda else torch.contiguous_format
        normalised = torch.addcmul(self.shift, pixels.to(torch.float32, memory_format=layout), self.scale)
        padded = F.pad(normalised, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
        features: torch.Tensor = self.trunk(padded)
        return features

    def logits(self, features: torch.Tensor, size: Size) -> torch.Tensor:
        """(B, C, h, w) float32 logits from features, cropped to the size that the pixels had before padding.

        In full precision whatever surrounds it: in bfloat16 the best two classes of a pixel would often tie.
        """
        with torch.autocast(features.device.type, enabled=False):
            logits: torch.Tensor = self.head(features.float())
        return logits[..., : size[0], : size[1]]


def build_network(config: SegmentationConfig, num_classes: int, seed: int) -> SegmentationNetwork:
    """A network on the CPU with its start weights: the encoder's as configured, all others drawn from ``seed``.

    With ``start_weights`` the encoder's weights are not looked for, as they would be replaced at once.

    Raises
    ------
    ConfigurationError
        If smp has no such architecture or encoder, or there are no such weights for it.
    CheckpointError
        If packaged weights cannot be read.
    """
    wanted = "none" if config.start_weights else config.encoder_weights
    file = _hub_weights(config.encoder) if wanted == "hub" else None
    packaged = config.encoder == PACKAGED_ENCODER
    if wanted == "packaged" and not packaged:
        raise ConfigurationError(
            f"There are no packaged weights for the encoder {config.encoder!r}, only for {PACKAGED_ENCODER}. "
            "Set encoder_weights to hub or none."
        )
    with seeded(torch.device("cpu"), seed):
        model = _create(config, num_classes, file)
    if packaged and file is None and wanted != "none":
        load_packaged_encoder_weights(model.get_submodule("encoder"))
    return SegmentationNetwork(model, encoder_normalisation(config.encoder), config.dropout).eval()


def refuse_lonely_crops(network: SegmentationNetwork, config: SegmentationConfig) -> None:
    """Refuse settings with which training would normalise over a single value.

    A batch of one crop comes to that where the encoder shrinks the crop to one place, or the decoder pools it to one.
    Which networks do is seen from one crop, which in evaluation mode leaves no trace in them.

    Raises
    ------
    ConfigurationError
        If some batch normalisation gets one value a channel.
    """
    if config.batch_size > 1:
        return
    lonely: list[nn.Module] = []

    def look(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if inputs[0].numel() == inputs[0].shape[1]:
            lonely.append(module)

    watched = [part.register_forward_pre_hook(look) for part in network.modules() if isinstance(part, _BATCH_NORMS)]
    try:
        with train_mode(network, False), torch.no_grad():
            network(torch.zeros(1, 3, *config.crop, device=network.scale.device))
    finally:
        for hook in watched:
            hook.remove()
    if lonely:
        height, width = config.crop
        raise ConfigurationError(
            f"segmentation.batch_size is 1, and of one crop of {height}x{width} a batch normalisation of this network "
            "gets one value a channel, which cannot be normalised. Set segmentation.batch_size to 2 or more."
        )


def _hub_weights(encoder: str) -> Path | None:
    file = fetch(hub_file(encoder))
    if file is None:
        instead = "the packaged ImageNet weights" if encoder == PACKAGED_ENCODER else "random weights"
        logger.warning("No hub weights for the encoder %s: it starts from %s.", encoder, instead)
    return file


def _create(config: SegmentationConfig, num_classes: int, file: Path | None) -> nn.Module:
    extras: dict[str, Any] = {}
    if config.architecture.lower() == "fpn":
        extras["decoder_merge_policy"] = config.merge_policy
    weights: bool | None = None
    if file is not None and config.encoder.startswith("tu-"):
        # timm fits its files to each network itself; it takes this one instead of asking the hub.
        weights, extras["pretrained_cfg_overlay"] = True, {"file": str(file)}
    try:
        model: nn.Module = smp.create_model(
            config.architecture, config.encoder, encoder_weights=weights, classes=num_classes, **extras
        )
        if file is not None and weights is None:
            model.get_submodule("encoder").load_state_dict(load_file(file))
    except (KeyError, ValueError, RuntimeError) as exc:
        raise ConfigurationError(
            f"segmentation-models-pytorch cannot make architecture {config.architecture!r} with encoder "
            f"{config.encoder!r}: {exc.args[0] if exc.args else exc}. Choose another pair."
        ) from exc
    return model
