"""The demo data: believable, fictional, and with everything in it that a real file has."""

import csv
import io
import re

from campaigns.composing.personalise import Personaliser
from campaigns.composing.segments import count_many
from campaigns.contacts.headers import field_names
from campaigns.contacts.phone import parse_phone
from campaigns.local import demo


def rows() -> list[list[str]]:
    return list(csv.reader(io.StringIO(demo.spring_customers())))


def test_the_file_is_the_same_every_time() -> None:
    assert demo.spring_customers() == demo.spring_customers()


def test_it_has_about_500_people_with_numbers_that_belong_to_nobody() -> None:
    header, *people = rows()
    assert header == demo.HEADER
    assert 490 < len(people) < 510
    phones = [parse_phone(row[0]).e164 for row in people]
    usable = [phone for phone in phones if phone]
    assert len(set(usable)) == demo.PEOPLE
    assert all(re.fullmatch(r"\+1[2-9]\d\d555(01|9[789])\d\d", phone) for phone in usable)
    assert sum(phone[8] == "9" for phone in usable) == demo.PEOPLE // demo.EVERY
    assert len({phone[2:5] for phone in usable}) == 30


def test_it_has_rows_that_cannot_be_used_and_rows_that_repeat() -> None:
    phones = [parse_phone(row[0]).e164 for row in rows()[1:]]
    assert sum(not phone for phone in phones) == len(demo.UNUSABLE)
    assert len(phones) - len(demo.UNUSABLE) - demo.PEOPLE == 4


def test_its_text_reaches_everybody_whatever_is_missing() -> None:
    header, *people = rows()
    assert any(not row[1] for row in people)
    texts = Personaliser(demo.TEXT, field_names(header)).render_many(people)
    assert all("Hi " in text and "{{" not in text and "Hi ," not in text for text in texts)
    assert "Hi there, spring" in " ".join(texts)
    assert sorted(set(count_many(texts))) == [1, 2, 3], "so that the page about length has something to say"
