"""Demo data: what a shop's marketing staff would upload, made through the same functions that they use.

No number belongs to anybody: 555-0100 to 555-0199 are set aside for fiction in every area code. A few others
behind 555, which is given to nobody either, end as the simulated carrier knows trouble, so that a report has
something to explain. The data is loaded only while texts go to that carrier.
"""

import csv
import io
import random
from decimal import Decimal

from django.contrib.auth.models import User

from campaigns.accounts import registry
from campaigns.contacts import importer
from campaigns.models import Campaign, ContactList, History, Import, Price
from campaigns.opt_outs import manual
from campaigns.sending import launch

LIST_NAME = "Spring customers (demo)"
CAMPAIGN_NAME = "Spring weekend (demo)"
TEXT = (
    'Hi {{ first_name or "there" }}, spring has arrived at Marlow Garden {{ store }}: 20% off every plant '
    "and pot this weekend. Show us this text when you pay. Reply STOP to opt out."
)
PRICE_PER_SEGMENT = Decimal("0.007")
PEOPLE = 488
SEED = 1899

HEADER = ["Phone", "First name", "Last name", "City", "Store", "Last visit"]
# Area code, city, store.
PLACES = """
212, New York, Chelsea
718, Brooklyn, Park Slope
914, Yonkers, Westchester
617, Boston, Back Bay
413, Springfield, Pioneer Valley
860, Hartford, West End
215, Philadelphia, Fishtown
412, Pittsburgh, Shadyside
410, Baltimore, Hampden
202, Washington, Capitol Hill
804, Richmond, Carytown
919, Raleigh, Five Points
404, Atlanta, Decatur
305, Miami, Coral Gables
813, Tampa, Hyde Park
312, Chicago, Lincoln Park
414, Milwaukee, Bay View
612, Minneapolis, Uptown
313, Detroit, Corktown
216, Cleveland, Ohio City
614, Columbus, Short North
512, Austin, Zilker
713, Houston, Heights
214, Dallas, Bishop Arts
303, Denver, Highlands
602, Phoenix, Arcadia
503, Portland, Alberta
206, Seattle, Ballard
415, San Francisco, Noe Valley
619, San Diego, North Park
"""
FIRST_NAMES = """
Amelia Andre Ashley Beth Brandon Camila Carlos Carol Chloe Daniel Darnell Denise Diego Elena Emily
Ethan Fatima Frank Gabriel Gloria Grace Hannah Hector Irene Isaac Jada James Janet Jasmine Javier
Joan Jordan José Karen Keisha Kevin Latoya Laura Leo Linda Logan Lucia Malik Maria Marcus Megan Mei
Miguel Mohamed Monica Nathan Nia Noah Olivia Omar Patricia Paul Priya Rachel Ramon Rebecca Rosa Ruth
Sam Sandra Sean Sofia Stella Tamika Teresa Thomas Tyler Valerie Victor Wendy William Xavier Yolanda
Zachary Zoë
"""
LAST_NAMES = """
Adams Ali Allen Baker Bell Brooks Brown Campbell Carter Castillo Chavez Chen Clark Coleman Collins
Cruz Davis Diaz Edwards Evans Fisher Flores Foster Garcia Gomez Gray Green Hall Harris Hayes
Henderson Hill Howard Hughes Jackson James Johnson Jones Kelly Khan Kim King Lee Lewis Long Lopez
Martin Martinez Miller Mitchell Moore Morales Morgan Morris Murphy Nguyen O'Brien Ortiz Parker Patel
Perez Peterson Powell Price Ramirez Reed Reyes Rivera Roberts Robinson Rogers Ross Russell Sanchez
Sanders Scott Smith Stewart Taylor Thomas Torres Turner Walker Ward Washington Watson White Williams
Wilson Wood Wright Young
"""
SHAPES = [
    "({area}) 555-{line}",
    "{area}-555-{line}",
    "+1 {area} 555 {line}",
    "{area}.555.{line}",
    "1{area}555{line}",
]
TROUBLED = ["9910", "9713", "9933", "9930", "9700", "9911", "9813", "9810", "9914", "9951"]
EVERY = 48
"""So many people to one whose text does not arrive."""
UNUSABLE = [  # as they stand in real files
    ["555-0134", "Dolores", "Haze", "Tampa", "Hyde Park", "2026-03-02"],
    ["n/a", "Walter", "Nunez", "Chicago", "Lincoln Park", "2026-02-11"],
    ["", "Ines", "Barrera", "Austin", "Zilker", "2025-11-29"],
    ["212-555-01", "Curtis", "Boyd", "New York", "Chelsea", "2026-01-17"],
    ["(000) 555-0118", "Holly", "Marsh", "Denver", "Highlands", "2026-03-20"],
    ["call the office", "Ray", "Lindqvist", "Seattle", "Ballard", ""],
    ["6.175550143E+9", "Nadia", "Haddad", "Boston", "Back Bay", "2026-02-27"],
]


def load(user: User) -> bool:
    """Load the demo data unless that was ever done here before; whether it was done now.

    Every step can be repeated, so a start that was interrupted is completed by the next one.
    Raises FileProblem or ProviderError as the functions of the product do.
    """
    if History.objects.filter(kind=History.Kind.DEMO_LOADED).exists():
        return False
    for kind in Price.Kind:
        Price.objects.get_or_create(kind=kind, defaults={"per_segment": PRICE_PER_SEGMENT})
    registry.default().refresh_numbers()
    contacts = _contacts(user)
    people = contacts.contacts.order_by("id").values_list("phone", flat=True)
    manual.add(people[41], note="Asked at the till (demo)", user=user)
    Campaign.objects.get_or_create(
        name=CAMPAIGN_NAME,
        defaults={
            "contact_list": contacts,
            "sender": registry.default().usable_numbers()[0].phone,
            "text": TEXT,
            "batch_size": launch.default_batch_size(),
            "created_by": user,
        },
    )
    History.objects.record(History.Kind.DEMO_LOADED, actor=user, list=contacts.pk)
    return True


def _contacts(user: User) -> ContactList:
    read = Import.objects.filter(contact_list__name=LIST_NAME, state=Import.State.DONE).first()
    if read is None:
        file = io.BytesIO(spring_customers().encode("utf-8"))
        read = importer.receive(file, "spring-customers.csv", list_name=LIST_NAME, user=user)
        importer.run(read.pk)
    return ContactList.objects.get(pk=read.contact_list_id)


def spring_customers() -> str:
    """A CSV file as it comes out of a till: numbers written in every way, gaps, repetitions, nonsense."""
    rng = random.Random(SEED)  # noqa: S311 - the same file every time
    rows = [_person(rng, index) for index in range(PEOPLE)]
    repeated = [[*rows[index][:-1], "2026-04-04"] for index in (12, 130, 131, 377)]
    for row in (*UNUSABLE, *repeated):
        rows.insert(rng.randrange(150, len(rows)), row)
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([HEADER, *rows])
    return text.getvalue()


def _person(rng: random.Random, index: int) -> list[str]:
    places = PLACES.strip().splitlines()
    area, city, store = places[index % len(places)].split(", ")
    line = f"01{(index // len(places)) * 3 + index % 3:02}"
    if index % EVERY == EVERY - 1:
        line = TROUBLED[index // EVERY % len(TROUBLED)]
    phone = rng.choice(SHAPES).format(area=area, line=line)
    first = "" if rng.random() < 0.03 else rng.choice(FIRST_NAMES.split())
    visit = f"2026-{rng.randint(1, 4):02}-{rng.randint(1, 28):02}"
    return [phone, first, rng.choice(LAST_NAMES.split()), city, store, visit]
