"""The advanced form: made from the configuration, silent about what was not changed, and honest about what is wrong."""

from __future__ import annotations

import pytest
from magicgui.widgets import ComboBox
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ralis.panels.advanced_form import SHOWN, AdvancedForm
from src_model.config import AcquisitionConfig, RunConfig, merged
from src_model.labelling.person_settings import ASKS, person_settings, usual_settings

RATE = ("segmentation", "learning_rate")
K = ("acquisition", "regions_per_query")


@pytest.fixture
def form(qtbot: QtBot) -> AdvancedForm:
    form = AdvancedForm()
    qtbot.addWidget(form)
    form.set_settings(usual_settings(), ASKS)
    form.show()
    return form


def type_into(form: AdvancedForm, name: tuple[str, ...], text: str) -> None:
    line = form.fields[name].native
    QTest.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(line, Qt.Key.Key_Delete)
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


def test_every_field_shows_what_a_person_starts_from(form: AdvancedForm) -> None:
    config = person_settings().model_dump(mode="json")
    for name, widget in form.fields.items():
        value = config
        for key in name:
            value = value[key]
        assert str(widget.value) == ("" if value is None else str(value)), name
    assert form.is_valid
    assert form.settings() == {}


def test_descriptions_are_tooltips(form: AdvancedForm) -> None:
    said = AcquisitionConfig.model_fields["regions_per_query"].description
    assert form.fields[K].native.toolTip() == said
    assert set(form.fields) == set(SHOWN)


def test_only_what_was_changed_is_told(form: AdvancedForm) -> None:
    type_into(form, RATE, "0.01")
    form.fields[K].value = 12
    form.fields["segmentation", "segmenter"].value = "fast"
    told = form.settings()
    assert told == {
        "segmentation": {"learning_rate": 0.01, "segmenter": "fast"},
        "acquisition": {"regions_per_query": 12},
    }
    assert form.is_valid, "the fast segmenter starts from nothing, which follows from the settings"
    assert person_settings(told).segmentation.learning_rate == 0.01


def test_a_wrong_value_shows_what_pydantic_says_beside_it_until_it_is_mended(form: AdvancedForm, qtbot: QtBot) -> None:
    type_into(form, RATE, "-1")
    assert not form.is_valid
    assert form.faults[RATE].isVisible()
    assert "greater than 0" in form.faults[RATE].text()
    type_into(form, RATE, "much")
    assert "valid number" in form.faults[RATE].text()
    with qtbot.waitSignal(form.changed):
        type_into(form, RATE, "0.002")
    assert form.is_valid
    assert form.faults[RATE].isHidden()


def test_no_regions_a_query_are_refused_in_place(form: AdvancedForm) -> None:
    form.fields[K].value = 0
    assert "greater than or equal to 1" in form.faults[K].text()


def test_two_settings_that_do_not_go_together_are_told_of(form: AdvancedForm) -> None:
    form.fields["segmentation", "segmenter"].value = "fast"
    type_into(form, ("segmentation", "start_weights"), "mine.safetensors")
    assert not form.is_valid
    assert "fast segmenter cannot start" in form._others.text()


def test_sizes_and_what_is_unset_are_typed(form: AdvancedForm) -> None:
    name = ("data", "image_size")
    type_into(form, name, "256x512")
    assert RunConfig.model_validate(merged(usual_settings(), form.settings())).data.image_size == (256, 512)
    type_into(form, name, "")
    assert form.settings() == {}
    type_into(form, name, "wide")
    assert form.faults[name].isVisible()


def test_only_acquisitions_that_need_no_true_labels_are_offered(form: AdvancedForm) -> None:
    box = form.fields["acquisition", "name"]
    assert isinstance(box, ComboBox)
    assert tuple(box.choices) == ASKS
