"""`manage.py send` and the phone column: it asks a person, and says which one it reads."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Campaign, ContactList, Import
from tests.simulator.running import RunningSimulator
from tests.support import scenario

ASKED = [
    (
        "Name,Home phone,Work phone\nAnn,2125550101,6505550150\n",
        {},
        "two_phone_columns",
        ["Home phone", "Work phone"],
    ),
    ("Phone,Name,Phone\n2125550101,Ann,6505550150\n", {}, "two_phone_columns", ["Phone", "Phone 2"]),
    ("Name,Fax\nAnn,2125550101\n", {}, "doubtful_phone_column", ["Fax"]),
    ("Name,City\nAnn,Austin\n", {}, "no_phone_column", ["Name", "City"]),
    ("Name,Fax\nAnn,2125550101\n", {"phone_column": "Mobile"}, "no_such_column", ["Fax"]),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("content", "options", "code", "columns"), ASKED)
@pytest.mark.parametrize("as_json", [True, False])
def test_it_refuses_until_a_person_names_the_column(
    carrier: RunningSimulator,
    tmp_path: Path,
    content: str,
    options: dict[str, str],
    code: str,
    columns: list[str],
    as_json: bool,
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(content)
    out = io.StringIO()
    given = {"sender": scenario.LOCAL, "text": "Hi", "json": as_json, "stdout": out} | options
    with pytest.raises(CommandError, match="Name it with --phone-column") as problem:
        call_command("send", str(path), **given)
    assert problem.value.returncode == 2
    for name in columns:
        assert name in str(problem.value)
    if as_json:
        (line,) = out.getvalue().splitlines()
        told = json.loads(line)
        assert (told["refused"], told["columns"]) == (code, columns)
        assert told["all_columns"] == content.splitlines()[0].replace("e,Name,Phone", "e,Name,Phone 2").split(
            ","
        )
    assert not any(model.objects.exists() for model in (Campaign, ContactList, Import))
    assert carrier.ledger() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "number"), [("Home phone", "+12125550101"), ("work_phone", "+16505550150")]
)
def test_the_named_column_gets_the_texts_and_is_said(
    carrier: RunningSimulator, tmp_path: Path, column: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(ASKED[0][0])
    carrier.options(speed=0.001)
    given = ("send", str(path), "--from", scenario.LOCAL, "--text", "Hi", "--phone-column", column)
    call_command(*given, "--json", stdout=io.StringIO())
    assert [line["to"] for line in carrier.ledger()] == [number]
    said = f"Phone numbers are read from the column “{column.replace('work_p', 'Work p')}”."
    assert said in capsys.readouterr().err
    call_command(*given)
    assert said in capsys.readouterr().out
