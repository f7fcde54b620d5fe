"""The advanced form: everything technical of a project, made from the settings that also feed the command line."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal, get_args, get_origin

from magicgui.widgets import LineEdit, create_widget
from magicgui.widgets.bases import ValueWidget
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QWidget

from src_model.config import RunConfig, merged

_Name = tuple[str, ...]
"""Sections and field: ``("acquisition", "pool_size")``."""
SHOWN: Mapping[_Name, str] = {
    ("acquisition", "name"): "Asks by",
    ("acquisition", "regions_per_query"): "Regions a query, K",
    ("acquisition", "pool_size"): "Candidates each, P",
    ("acquisition", "budget"): "Budget, regions",
    ("dqn", "epsilon_start"): "ε at first",
    ("dqn", "epsilon_end"): "ε later",
    ("segmentation", "segmenter"): "Segmenter",
    ("segmentation", "architecture"): "Architecture",
    ("segmentation", "encoder"): "Encoder",
    ("segmentation", "encoder_weights"): "Encoder weights",
    ("segmentation", "start_weights"): "Start weights",
    ("segmentation", "learning_rate"): "Learning rate",
    ("segmentation", "batch_size"): "Batch size",
    ("segmentation", "updates"): "Updates a fit",
    ("segmentation", "crop"): "Crop, px",
    ("data", "image_size"): "Scale images to",
    ("device",): "Device",
    ("threads",): "Threads",
    ("seed",): "Seed",
}
"""Fields of a run that a person may want to change, in order, as they are called here."""
_MOST = 10**6
_LEAST_WIDTH = 80


class AdvancedForm(QWidget):
    """A line a field, its description as its tooltip, and what is wrong with it below it. Passive."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._base: dict[str, Any] = {}
        self._at_first: dict[_Name, Any] = {}
        self.fields: dict[_Name, ValueWidget[Any]] = {}
        self.faults: dict[_Name, QLabel] = {}
        self._others = QLabel()
        self._others.setWordWrap(True)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setVerticalSpacing(3)

    @property
    def is_valid(self) -> bool:
        """Whether these settings can work."""
        return not self._faults()

    def set_settings(self, base: dict[str, Any], acquisitions: Sequence[str]) -> None:
        """Show these nested settings, to be laid others over; ``acquisitions`` are the names to choose from."""
        config = RunConfig.model_validate(base)
        self._base = base
        while self._form.rowCount():
            self._form.removeRow(0)
        choices: dict[_Name, tuple[str, ...]] = {("acquisition", "name"): tuple(acquisitions)}
        self.fields = {name: _widget(config, name, choices.get(name)) for name in SHOWN}
        self._at_first = {name: _value(widget) for name, widget in self.fields.items()}
        self.faults = {}
        for name, label in SHOWN.items():
            self._add(name, label)
        self._others = QLabel()
        self._others.setWordWrap(True)
        self._form.addRow(self._others)
        self._show_faults()

    def settings(self) -> dict[str, Any]:
        """What was changed, nested."""
        changes: dict[str, Any] = {}
        for name, widget in self.fields.items():
            if (value := _value(widget)) != self._at_first[name]:
                for key in reversed(name):
                    value = {key: value}
                changes = merged(changes, value)
        return changes

    def _add(self, name: _Name, label: str) -> None:
        widget, fault = self.fields[name], QLabel()
        fault.setWordWrap(True)
        # Plain: a message may quote what was typed.
        fault.setTextFormat(Qt.TextFormat.PlainText)
        title = QLabel(label)
        title.setToolTip(widget.tooltip)
        self.faults[name] = fault
        self._form.addRow(title, widget.native)
        self._form.addRow(fault)
        widget.changed.connect(self._on_changed)

    def _on_changed(self) -> None:
        self._show_faults()
        self.changed.emit()

    def _show_faults(self) -> None:
        found = self._faults()
        for name, label in self.faults.items():
            text = found.pop(name, "")
            label.setText(f"⚠ {text}" if text else "")
            label.setVisible(bool(text))
        rest = "; ".join(found.values())
        self._others.setText(f"⚠ {rest}" if rest else "")
        self._others.setVisible(bool(rest))

    def _faults(self) -> dict[_Name, str]:
        """What pydantic says, by field; what concerns several fields goes by their section."""
        try:
            RunConfig.model_validate(merged(self._base, self.settings()))
        except ValidationError as exc:
            return {_place(error["loc"]): _text(error["msg"]) for error in exc.errors()}
        return {}


def _widget(config: RunConfig, name: _Name, choices: tuple[str, ...] | None) -> ValueWidget[Any]:
    """The widget that magicgui has for the type of a field; numbers with many digits and whatever else are typed."""
    field, value = _field(type(config), name), _shown(_get(config, name))
    kind = field.annotation
    if choices is None and isinstance(kind, type) and issubclass(kind, StrEnum):
        choices = tuple(kind)
    if choices is None and get_origin(kind) is Literal:
        choices = get_args(kind)
    widget_type, options = "LineEdit", dict[str, Any]()
    if choices is not None:
        widget_type, options = "ComboBox", {"choices": choices}
    elif kind is bool:
        widget_type = "CheckBox"
    elif kind is int:
        widget_type, options = "SpinBox", {"min": -1, "max": _MOST}
    made = create_widget(value=value, name=name[-1], widget_type=widget_type, options=options)
    assert isinstance(made, ValueWidget)
    made.tooltip = field.description or ""
    # magicgui's own would make the dock wider than its column.
    made.native.setMinimumWidth(_LEAST_WIDTH)
    return made


def _field(model: type[BaseModel], name: _Name) -> FieldInfo:
    field = model.model_fields[name[0]]
    if len(name) == 1:
        return field
    assert isinstance(field.annotation, type)
    return _field(field.annotation, name[1:])


def _get(config: BaseModel, name: _Name) -> Any:
    value: Any = config.model_dump(mode="json")
    for key in name:
        value = value[key]
    return value


def _shown(value: Any) -> Any:
    """As it stands in a widget: what is unset is empty, and what is no whole number, choice or switch is text."""
    if value is None:
        return ""
    return value if isinstance(value, bool | int | str) else repr(value)


def _value(widget: ValueWidget[Any]) -> Any:
    """As it is validated: an empty line is unset, and a number that was typed is one."""
    value = widget.value
    if not isinstance(widget, LineEdit):
        return value
    text = str(value).strip()
    try:
        number = literal_eval(text)
    except (ValueError, SyntaxError):
        return text or None
    return number if isinstance(number, int | float) else text


def _place(where: tuple[int | str, ...]) -> _Name:
    """The shown field that an error is about; unions add the names of their alternatives."""
    names = tuple(map(str, where))
    return next((names[:length] for length in (2, 1) if names[:length] in SHOWN), names)


def _text(message: str) -> str:
    return message.removeprefix("Value error, ")
