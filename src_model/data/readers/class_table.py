"""Class tables: the CSV or YAML file with which users describe their own classes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.exceptions import DataError

_COLUMNS = "id, name, R, G, B and, if wanted, ignore"
_YES = frozenset({"1", "true", "yes", "y", "x"})
_NO = frozenset({"", "0", "false", "no", "n", "none"})


def read_class_table(path: Path) -> ClassSchema:
    """A schema from a table with the columns id, name, R, G, B and, if wanted, ignore.

    CSV has a header line and commas or semicolons. YAML is a list of entries with the same keys, at the top or under
    ``classes``. Entries with ``ignore`` are known to be there and left out. The schema is called like the file.

    Raises
    ------
    DataError
        With the file, the entry and the column at fault.
    """
    entries = list(_yaml_entries(path) if path.suffix.lower() in {".yaml", ".yml"} else _csv_entries(path))
    classes: list[SemanticClass] = []
    ignored: list[SemanticClass] = []
    for number, entry in enumerate(entries, start=1):
        plain = {str(key).strip().lower(): value for key, value in entry.items()}
        where = f"entry {number} of {path}"
        (ignored if _is_ignored(plain, where) else classes).append(_semantic_class(plain, where))
    return ClassSchema(path.stem, tuple(classes), tuple(ignored))


def write_class_table(path: Path, schema: ClassSchema) -> None:
    """Write a table that `read_class_table` reads: CSV with commas.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["id", "name", "R", "G", "B", "ignore"])
        for ignore, entries in ((0, schema.classes), (1, schema.ignored)):
            table.writerows((entry.id, entry.name, *entry.colour, ignore) for entry in entries)


def _csv_entries(path: Path) -> Iterable[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError(f"Cannot read the class table {path}: {exc}. Check the path; save it as UTF-8.") from exc
    header = text.partition("\n")[0]
    lines = (line for line in text.splitlines() if line.strip(" ,;\t"))
    return list(csv.DictReader(lines, delimiter=";" if ";" in header else ",", restval=""))


def _yaml_entries(path: Path) -> Iterable[Mapping[str, Any]]:
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        fault = " ".join(str(exc).split())
        raise DataError(f"Cannot read the class table {path}: {fault}. Check the path and the YAML syntax.") from exc
    entries = body.get("classes") if isinstance(body, dict) else body
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DataError(f"{path} is not a list of classes. Write one entry a class with {_COLUMNS}.")
    return entries


def _semantic_class(entry: Mapping[str, Any], where: str) -> SemanticClass:
    name = entry.get("name")
    if name is None:
        raise DataError(f"{where} has no name. A class table has the columns {_COLUMNS}.")
    colour = _number(entry, "r", where), _number(entry, "g", where), _number(entry, "b", where)
    return SemanticClass(_number(entry, "id", where), str(name).strip(), colour)


def _number(entry: Mapping[str, Any], column: str, where: str) -> int:
    value = entry.get(column)
    shown = column if column == "id" else column.upper()
    if value is None:
        raise DataError(f"{where} has no {shown}. A class table has the columns {_COLUMNS}.")
    try:
        return int(str(value))
    except ValueError:
        raise DataError(f"{where} has {shown} = {value!r}, which is not a whole number. Correct it.") from None


def _is_ignored(entry: Mapping[str, Any], where: str) -> bool:
    value = str(entry.get("ignore", "")).strip().lower()
    if value not in _YES | _NO:
        raise DataError(f"{where} has ignore = {value!r}. Write 1 for entries that are left out, 0 for classes.")
    return value in _YES
