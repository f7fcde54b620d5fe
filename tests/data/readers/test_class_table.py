"""Class tables: the same schema from CSV and YAML, and every mistake named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.readers.class_table import read_class_table, write_class_table
from src_model.exceptions import DataError

EXPECTED = ClassSchema(
    "streets",
    (SemanticClass(7, "road", (128, 64, 128)), SemanticClass(2, "sky", (1, 2, 3))),
    ignored=(SemanticClass(9, "frame", (0, 0, 0)),),
)
COMMAS = "id,name,R,G,B,ignore\n7,road,128,64,128,0\n2,sky,1,2,3,\n\n9,frame,0,0,0,1\n"
SEMICOLONS = "\ufeffID; Name ;r;g;b;Ignore\r\n7;road;128;64;128;no\r\n2; sky;1;2;3;\r\n9;frame;0;0;0;yes\r\n"
YAML = """\
classes:
- {id: 7, name: road, R: 128, G: 64, B: 128}
- {id: 2, name: sky, R: 1, G: 2, B: 3, ignore: false}
- {id: 9, name: frame, R: 0, G: 0, B: 0, ignore: true}
"""


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8", newline="")
    return folder / name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("streets.csv", COMMAS),
        ("streets.csv", SEMICOLONS),
        ("streets.yaml", YAML),
        ("streets.yml", YAML.partition("\n")[2]),
    ],
)
def test_the_same_classes_come_from_every_form(tmp_path: Path, name: str, text: str) -> None:
    assert read_class_table(written(tmp_path, name, text)) == EXPECTED


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("a.csv", "", "0 classes"),
        ("a.csv", "id,name,R,G\n1,road,2,3\n", "entry 1 of .*a.csv has no B. .*columns id, name, R, G, B"),
        ("a.csv", "id,R,G,B\n1,2,3,4\n", "entry 1 of .*a.csv has no name"),
        ("a.csv", "id,name,R,G,B\none,road,2,3,4\n", "entry 1 of .*a.csv has id = 'one'"),
        ("a.csv", "id,name,R,G,B\n1,road,2,3\n", "has B = ''"),
        ("a.csv", "id,name,R,G,B\n1,road,2,3,256\n", r"'road' has the colour \(2, 3, 256\)"),
        ("a.csv", "id,name,R,G,B,ignore\n1,road,2,3,4,perhaps\n", "ignore = 'perhaps'"),
        ("a.csv", "id,name,R,G,B\n1,road,2,3,4\n1,sky,2,3,4\n", "the id 1 twice"),
        ("a.yaml", "a: [", "Cannot read the class table .*a.yaml.*YAML syntax"),
        ("a.yaml", "classes: 3", "is not a list of classes"),
        ("a.yaml", "- 3", "is not a list of classes"),
        ("a.yaml", "- {id: 1, name: road, R: 1.5, G: 0, B: 0}", "R = 1.5, which is not a whole number"),
    ],
)
def test_a_mistake_is_named_with_its_entry(tmp_path: Path, name: str, text: str, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        read_class_table(written(tmp_path, name, text))


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
@pytest.mark.parametrize("name", ["a.csv", "a.yaml"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"Cannot read the class table .*{name}"):
        read_class_table(tmp_path / name)


def test_a_table_that_was_written_is_read_again(tmp_path: Path) -> None:
    written = ClassSchema(
        "own", (SemanticClass(4, "joint, sealed", (1, 2, 3)),), ignored=(SemanticClass(9, "“edge”", (0, 0, 0)),)
    )
    write_class_table(tmp_path / "own.csv", written)
    assert read_class_table(tmp_path / "own.csv") == written
