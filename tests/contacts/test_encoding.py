"""Which letters a file is written in, told from few names and from late ones."""

from pathlib import Path

import pytest

from campaigns.contacts.encoding import CHUNK, survey
from campaigns.contacts.errors import FileCode, FileProblem


def surveyed(folder: Path, data: bytes) -> str:
    (folder / "file.csv").write_bytes(data)
    return survey(folder / "file.csv")


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        ("José", "cp1252"),
        ("María Núñez, Peña Ibáñez", "cp1252"),
        ("Hélène Müller, Françoise Lefèvre, Zoë", "cp1252"),
        ("Günther Größe, Øyvind Åse, Ærø", "cp1252"),
        ("It’s “ok” – 5€ … ¡Hola! ½ £5 O’Neil", "cp1252"),
        ("Œuvre, Šárka, Žofie", "cp1252"),
        ("José", "mac_roman"),
        ("María Núñez, Zoë Brontë, Jürgen Groß", "mac_roman"),
        ("Łukasz Żółć, Świętosława Gałązka, Michał Wójcik", "cp1250"),
        ("Иван Петров, Мария Сидорова, Алексей Кузнецов", "cp1251"),
        ("山田太郎, 鈴木花子, 佐藤健一", "cp932"),
        ("Γιώργος Παπαδόπουλος, Ελένη Νικολάου", "cp1253"),
    ],
)
def test_few_names_are_enough(tmp_path: Path, names: str, encoding: str) -> None:
    data = f"phone,name\n6505550100,{names}\n".encode(encoding)
    assert data.decode(surveyed(tmp_path, data)) == data.decode(encoding)


def test_one_late_letter_decides(tmp_path: Path) -> None:
    early = b"6505550100,Ann\n" * (CHUNK // 10)
    assert surveyed(tmp_path, early) == "utf-8-sig"
    assert surveyed(tmp_path, early + "6505550101,José\n".encode("cp1252")) == "cp1252"
    assert surveyed(tmp_path, early + "6505550101,José\n".encode()) == "utf-8-sig"


def test_a_letter_cut_by_a_chunk_is_whole(tmp_path: Path) -> None:
    line = "é\n".encode()
    data = b"x\n" + b"y" * (CHUNK - len(b"x\n") - 1) + line  # the two bytes lie on either side
    assert surveyed(tmp_path, data) == "utf-8-sig"


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (b"\xff\xfe" + "phone\n650".encode("utf-16-le") + b"x", 2),  # half a character at the end
        ("name\nZoë\nMaría\n".encode() + "José\n".encode("cp1252"), 4),  # two files put together
        (b"\x0a\xff\xfe\xfe\xff", 1),  # marks of two kinds, and none at the start
        (b"\xfe\xff\xff\xfe\x0a\xfe\xff\xd8\x00", 1),
        (b"phone,name\n6505550100,\x81\x8d\x8f\x90\x9d\xff\xfe\xfd\xa0\x80\n" * 2, 2),
    ],
)
def test_what_nobody_can_read_is_refused(tmp_path: Path, data: bytes, row: int) -> None:
    with pytest.raises(FileProblem) as caught:
        surveyed(tmp_path, data)
    assert (caught.value.code, caught.value.row) == (FileCode.ENCODING, row)
