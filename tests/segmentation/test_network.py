from __future__ import annotations

import logging
from contextlib import nullcontext
from pathlib import Path

import pytest
import segmentation_models_pytorch as smp
import timm
import torch
from safetensors.torch import save_file

from src_model.config import SegmentationConfig
from src_model.exceptions import ConfigurationError
from src_model.segmentation import network as network_module
from src_model.segmentation.network import SegmentationNetwork, build_network, refuse_lonely_crops
from src_model.segmentation.pretrained import PACKAGED_ENCODER, encoder_normalisation

TINY = SegmentationConfig(encoder="tu-test_efficientnet", encoder_weights="none")


def _weights(network: torch.nn.Module, name: str) -> torch.Tensor:
    return network.state_dict()[name]


def test_it_computes_what_smp_computes() -> None:
    """Without dropout the cut network is the model it was made of, normalised as the encoder wants it."""
    network = build_network(TINY, 3, seed=0)
    model = smp.FPN(TINY.encoder, encoder_weights=None, classes=3).eval()
    weights = {name.removeprefix("trunk."): tensor for name, tensor in network.state_dict().items()}
    model.load_state_dict({name.replace("head.", "segmentation_head."): tensor for name, tensor in weights.items()})
    mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in encoder_normalisation(TINY.encoder))
    pixels = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8)
    with torch.no_grad():
        assert torch.allclose(network(pixels), model((pixels / 255 - mean) / std), atol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (33, 70), (64, 64)])
def test_any_size_comes_back_as_it_went_in(size: tuple[int, int]) -> None:
    network = build_network(TINY, 3, seed=0)
    with torch.no_grad():
        assert network(torch.zeros(1, 3, *size)).shape == (1, 3, *size)


def test_padding_repeats_the_border() -> None:
    """A picture of one colour, padded by repetition, is the same as the larger picture of that colour."""
    network = build_network(TINY, 3, seed=0)
    with torch.no_grad():
        small, large = (network(torch.full((1, 3, *size), 90.0)) for size in ((40, 50), (64, 64)))
    assert torch.allclose(small, large[..., :40, :50], atol=1e-6)


def test_the_same_seed_gives_the_same_start_and_leaves_no_trace() -> None:
    before = torch.get_rng_state()
    first, second, other = (build_network(TINY, 3, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["head.0.weight"], other["head.0.weight"])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "architecture", ["FPN", "Unet", "DeepLabV3", "DeepLabV3Plus", "Segformer", "PSPNet", "UPerNet"]
)
def test_every_architecture_has_one_dropout_before_its_head(architecture: str) -> None:
    network = build_network(TINY.model_copy(update={"architecture": architecture, "dropout": 0.3}), 3, seed=0)
    rates = [module.p for module in network.modules() if isinstance(module, torch.nn.modules.dropout._DropoutNd)]
    assert [rate for rate in rates if rate] == [0.3]
    with torch.no_grad():
        features = network.features(torch.zeros(1, 3, 64, 64))
        assert network.logits(features, (50, 60)).shape == (1, 3, 50, 60)


def test_the_merge_policy_changes_the_fpn() -> None:
    widths = [
        _weights(build_network(TINY.model_copy(update={"merge_policy": policy}), 3, seed=0), "head.0.weight").shape[1]
        for policy in ("add", "cat")
    ]
    assert widths == [128, 512]


def test_logits_have_full_precision_inside_autocast() -> None:
    network = build_network(TINY, 3, seed=0)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        features = network.features(torch.zeros(1, 3, 64, 64))
        assert features.dtype == torch.bfloat16
        assert network.logits(features, (64, 64)).dtype == torch.float32


def test_packaged_weights_are_in_the_encoder() -> None:
    packaged = build_network(SegmentationConfig(), 3, seed=0)
    other = build_network(SegmentationConfig(), 3, seed=1)
    name = "trunk.encoder.model.conv_stem.weight"
    assert torch.equal(_weights(packaged, name), _weights(other, name))
    assert not torch.equal(_weights(packaged, "head.0.weight"), _weights(other, "head.0.weight"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"architecture": "Fpm"}, "'Fpm'"),
        ({"encoder": "resnet51"}, "'resnet51'"),
        ({"encoder": "tu-nobody_knows_this"}, "nobody_knows_this"),
        ({"encoder_weights": "packaged"}, "no packaged weights"),
        ({"architecture": "DPT", "encoder": "resnet18"}, "Choose another pair"),
    ],
)
def test_a_network_that_cannot_be_made_is_refused_by_name(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build_network(TINY.model_copy(update=settings), 3, seed=0)


def test_hub_weights_of_a_timm_encoder_are_loaded_from_their_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file holds a whole classifier, as on the hub."""
    published = timm.create_model("test_efficientnet")
    save_file(published.state_dict(), tmp_path / "model.safetensors")
    monkeypatch.setattr(network_module, "fetch", lambda _file: tmp_path / "model.safetensors")
    network = build_network(TINY.model_copy(update={"encoder_weights": "hub"}), 3, seed=0)
    assert torch.equal(_weights(network, "trunk.encoder.model.conv_stem.weight"), published.conv_stem.weight)


def test_hub_weights_of_a_native_encoder_are_loaded_from_their_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    published = smp.encoders.get_encoder("mobilenet_v2", weights=None)
    classifier = {"classifier.1.weight": torch.zeros(1000, 1280), "classifier.1.bias": torch.zeros(1000)}
    save_file({**published.state_dict(), **classifier}, tmp_path / "model.safetensors")
    monkeypatch.setattr(network_module, "fetch", lambda _file: tmp_path / "model.safetensors")
    config = SegmentationConfig(encoder="mobilenet_v2", encoder_weights="hub")
    network = build_network(config, 3, seed=0)
    name = "features.0.0.weight"
    assert torch.equal(_weights(network, f"trunk.encoder.{name}"), published.state_dict()[name])


@pytest.mark.parametrize(
    ("encoder", "instead"), [(PACKAGED_ENCODER, "packaged ImageNet"), ("tu-test_efficientnet", "random")]
)
def test_without_a_network_there_is_a_line_and_the_next_best_weights(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, encoder: str, instead: str
) -> None:
    monkeypatch.setattr(network_module, "fetch", lambda _file: None)
    with caplog.at_level(logging.WARNING):
        network = build_network(SegmentationConfig(encoder=encoder, encoder_weights="hub"), 3, seed=0)
    assert instead in caplog.text
    weights = "packaged" if encoder == PACKAGED_ENCODER else "none"
    expected = build_network(SegmentationConfig(encoder=encoder, encoder_weights=weights), 3, seed=0)
    name = "trunk.encoder.model.conv_stem.weight"
    assert torch.equal(_weights(network, name), _weights(expected, name))


def test_start_weights_ask_nobody_for_an_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_module, "fetch", lambda _file: pytest.fail("the hub was asked"))
    config = TINY.model_copy(update={"encoder_weights": "hub", "start_weights": Path("anywhere.safetensors")})
    assert isinstance(build_network(config, 3, seed=0), SegmentationNetwork)


@pytest.mark.parametrize(
    ("architecture", "encoder", "crop", "batch_size", "trains"),
    [
        ("FPN", "tu-test_efficientnet", (32, 32), 1, False),
        ("FPN", "tu-test_efficientnet", (20, 32), 1, False),
        ("FPN", "tu-test_efficientnet", (32, 33), 1, True),
        ("FPN", "tu-test_efficientnet", (32, 32), 2, True),
        ("FPN", "mit_b0", (32, 32), 1, True),
        ("DeepLabV3Plus", "resnet18", (96, 96), 1, False),
        ("DeepLabV3Plus", "resnet18", (96, 96), 2, True),
    ],
)
def test_a_single_crop_is_refused_just_where_it_could_not_be_trained_on(
    architecture: str, encoder: str, crop: tuple[int, int], batch_size: int, trains: bool
) -> None:
    config = SegmentationConfig(
        architecture=architecture, encoder=encoder, encoder_weights="none", crop=crop, batch_size=batch_size
    )
    network = build_network(config, 3, seed=0)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    accepted = nullcontext() if trains else pytest.raises(ConfigurationError, match="batch_size to 2 or more")
    with accepted:
        refuse_lonely_crops(network, config)
    assert not network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    torch_trains = nullcontext() if trains else pytest.raises(ValueError, match="more than 1 value per channel")
    with torch_trains:
        network.train()(torch.zeros(batch_size, 3, *crop))
