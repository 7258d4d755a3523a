"""Processes that are at the same thing at the same time. What becomes of one that dies is in tests/faults."""

from collections import Counter

from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.site import Site, ended, rows
from tests.support.waiting import until

POST = {"method": "POST", "path": "/a2p-sms/batches"}
LIST = {"method": "GET", "path": "/a2p-sms/batches"}
STATES = "SELECT state FROM campaigns_attempt"


def test_two_processes_freeze_one_audience(site: Site) -> None:
    pk = site.run(
        "campaign = scenario.drafted(scenario.people(400), size=7)\nlaunch.launch(campaign, user=None)\n"
        "emit(campaign.pk)"
    )
    code = f"launch.CHUNK = 5\nlaunch.freeze({pk})"
    for process in [site.script(code) for _ in range(2)]:
        done = ended(process)
        assert done.returncode == 0, done.stderr
    state, counts, sizes = site.run(
        f"campaign = Campaign.objects.get(pk={pk})\nscenario.assert_adds_up(campaign)\n"
        "emit([campaign.state, scenario.counts(campaign), "
        "list(Batch.objects.order_by('number').values_list('size', flat=True))])"
    )
    assert (state, counts) == ("sending", {"queued": 400})
    assert sizes == [7] * 57 + [1]


TWO_COLUMNS = "Mobile,Home phone\\n2125550101,6505550150\\n2125550102,6505550151\\n"
CHANGE = """
from campaigns.contacts import reimport
look = reimport.refusal
def slow(found):
    why = look(found)
    open({folder!r} + "/looked", "w").close()
    until(lambda: os.path.exists({folder!r} + "/chosen"), "the other process chooses the list")
    return why
reimport.refusal = slow
emit(reimport.change_phone_column(ContactList.objects.get(pk={pk}), 1, user=None))
"""
CHOOSE = """
until(lambda: os.path.exists({folder!r} + "/looked"), "the other process has seen no campaign")
open({folder!r} + "/chosen", "w").close()
campaign = Campaign.objects.create(name="x", contact_list_id={pk}, sender=scenario.LOCAL, text="Hi")
try:
    launch.launch(campaign, user=None)
except launch.NotReady as problem:
    emit("list_not_ready" in [found.code for found in problem.findings])
"""


def test_a_campaign_takes_a_list_while_its_phone_column_is_changed(site: Site) -> None:
    """It comes after the look for campaigns. It waits for the lock, then finds a list that is not ready."""
    pk = site.run(f'emit(scenario.imported("{TWO_COLUMNS}").pk)')
    waits = "from tests.support.waiting import until\n"
    details = {"pk": pk, "folder": str(site.folder)}
    change = site.script(waits + CHANGE.format(**details))
    choose = site.script(waits + CHOOSE.format(**details))
    for process, said in ((change, "null\n"), (choose, "true\n")):
        done = ended(process)
        assert (done.returncode, done.stdout) == (0, said), done.stderr


def test_no_transaction_is_open_while_the_carrier_answers(
    site: Site, simulator: RunningSimulator, database: str
) -> None:
    pk = site.run("emit(scenario.launched(scenario.people(2), size=2).pk)")
    simulator.faults({**POST, "fault": "delay", "seconds": 1.0})
    process = site.script(f"emit(dispatch.step({pk}).result)")
    until(lambda: rows(database, STATES) == [("sending",)], "the mark is committed before the answer")
    out = site.run(
        "from campaigns.opt_outs import manual\nmanual.add('+12125550000', note='', user=None)\nemit(1)"
    )
    assert out == 1, "another process can write meanwhile"
    assert ended(process).stdout == '"submitted"\n'


LOST = """
campaign = scenario.launched(scenario.people(5), size=3)
scenario.submit_all(campaign)
emit([campaign.pk, Attempt.objects.get().pk])
"""
LOOK = """
from campaigns.reconciling import search
emit(search.lookup({pk}))
"""
SEARCH = """
from campaigns.reconciling import search
end = time.monotonic() + 30
while Attempt.objects.filter(state__in=Attempt.IN_DOUBT).exists():
    assert time.monotonic() < end
    search.lookup({pk})
campaign = Campaign.objects.get()
scenario.submit_all(campaign)
scenario.assert_adds_up(campaign)
emit([scenario.counts(campaign), list(Attempt.objects.values_list("state", flat=True)),
      History.objects.filter(kind__in=["adopted", "absent"]).count()])
"""


def test_two_processes_look_for_one_answer(site: Site, simulator: RunningSimulator, database: str) -> None:
    """One looks; the other sees that and leaves it alone."""
    site.env |= {"SETTLE_SECONDS": "0", "LOOK_GAP_SECONDS": "0"}
    simulator.faults({**POST, "nth": 1, "fault": "drop_after"})
    _, pk = site.run(LOST)
    simulator.faults({**LIST, "fault": "delay", "seconds": 2})
    first = site.script(LOOK.format(pk=pk))
    until(lambda: rows(database, STATES) == [("reconciling",)], "the first looks")
    assert site.run(LOOK.format(pk=pk)) is None
    assert ended(first).stdout.strip() == '"matched"'
    simulator.faults()
    counts, states, decided = site.run(SEARCH.format(pk=pk))
    assert (counts, states, decided) == ({"with_carrier": 5}, ["accepted", "accepted"], 1)
    taken = Counter(line["to"] for line in simulator.ledger())
    assert taken == dict.fromkeys((number for number, _ in scenario.people(5)), 1)
