from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from src_model.exceptions import ConfigurationError
from src_model.segmentation import hub
from src_model.segmentation.hub import HubFile, answers, fetch, hub_file


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_native_and_timm_encoders_have_their_places_on_the_hub() -> None:
    native = hub_file("resnet50")
    assert native.repository == "smp-hub/resnet50.imagenet"
    assert native.revision is not None
    assert hub_file("dpn92").repository.startswith("smp-hub/dpn92")
    assert hub_file("tu-tf_efficientnet_lite0") == HubFile("timm/tf_efficientnet_lite0.in1k")


@pytest.mark.parametrize("encoder", ["nobody_knows_this", "tu-nobody_knows_this"])
def test_an_encoder_without_hub_weights_is_refused(encoder: str) -> None:
    with pytest.raises(ConfigurationError, match="encoder_weights to none"):
        hub_file(encoder)


def test_a_server_that_never_answers_is_not_waited_for(silent_server: str) -> None:
    started = time.perf_counter()
    assert not answers(silent_server, 0.2)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(("status", "there"), [(200, True), (404, False), (503, False)])
def test_only_a_server_that_has_the_file_counts(status: int, there: bool) -> None:
    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        assert answers(f"http://127.0.0.1:{server.server_port}/model.safetensors", 5.0) is there
        server.shutdown()
        serving.join()


def test_a_closed_door_is_no_answer() -> None:
    assert not answers("http://127.0.0.1:9", 2.0)


def test_no_network_gives_no_file_and_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path, silent_server: str
) -> None:
    monkeypatch.setattr(hub.constants, "ENDPOINT", silent_server)
    monkeypatch.setattr(hub, "CONTACT_SECONDS", 0.2)
    monkeypatch.setattr(hub, "_local", _not_cached)
    with caplog.at_level(logging.WARNING):
        assert fetch(HubFile("smp-hub/resnet50.imagenet")) is None
    assert "gives no answer" in caplog.text


def test_a_cached_file_needs_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hub, "_local", lambda _file: tmp_path / "model.safetensors")
    monkeypatch.setattr(hub, "answers", lambda *_: pytest.fail("the network was asked"))
    assert fetch(HubFile("smp-hub/resnet50.imagenet")) == tmp_path / "model.safetensors"


def test_a_transfer_that_breaks_gives_no_file(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hub, "_local", _not_cached)
    monkeypatch.setattr(hub, "answers", lambda *_: True)
    monkeypatch.setattr(hub, "hf_hub_download", _broken)
    assert fetch(HubFile("smp-hub/resnet50.imagenet")) is None
    assert "connection lost" in caplog.text


def _not_cached(_file: HubFile) -> Path:
    raise FileNotFoundError("not in the cache")


def _broken(*_args: object, **_options: object) -> str:
    raise ConnectionError("connection lost")
