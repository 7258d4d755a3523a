"""A process that dies at the worst moments, and several at once: nobody is lost, nobody is texted twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.sending import world
from tests.sending.site import Site, ended, rows
from tests.simulator.running import RunningSimulator
from tests.waiting import until

POST = {"method": "POST", "path": "/a2p-sms/batches"}
MAKE = "campaign = world.launched(world.people({people}), size={size})\ntell(campaign.pk)\n"

DYING = """
prepared = dispatch._choose({pk}, accounts.account())
def before():
    os._exit(9)
def after():
    ledger.mark_sending(prepared)
    os._exit(9)
def never():
    ledger.mark_sending(prepared)
accounts.provider().submit(prepared.sender, prepared.texts, before_first_byte={hook})
os._exit(9)
"""
RECOVER = """
tasks.tick()
campaign = Campaign.objects.get(pk={pk})
step = world.hand_over(campaign)
world.assert_adds_up(campaign)
tell([step.did, world.told(campaign), [attempt.state for attempt in Attempt.objects.all()]])
"""


def twice(carrier: RunningSimulator) -> list[str]:
    return [phone for phone, count in Counter(line["to"] for line in carrier.ledger()).items() if count > 1]


@pytest.mark.parametrize(
    ("hook", "taken", "did", "told", "attempts"),
    [
        # Killed before the commit: proved that nothing left, so everybody is texted now.
        ("before", 0, "done", {"with_carrier": 5}, ["not_sent", "accepted", "accepted"]),
        # Killed between the commit and the first byte: nothing left, but nobody can know that.
        ("after", 0, "blocked", {"in_doubt": 3, "queued": 2}, ["ambiguous"]),
        # Killed with the answer in hand: the carrier has them.
        ("never", 3, "blocked", {"in_doubt": 3, "queued": 2}, ["ambiguous"]),
    ],
)
def test_killed_at_a_point(
    site: Site,
    simulator: RunningSimulator,
    hook: str,
    taken: int,
    did: str,
    told: dict[str, int],
    attempts: list[str],
) -> None:
    pk = site.run(MAKE.format(people=5, size=3))
    assert ended(site.script(DYING.format(pk=pk, hook=hook))).returncode == 9
    assert len(simulator.ledger()) == taken
    assert site.run(RECOVER.format(pk=pk)) == [did, told, attempts]
    assert twice(simulator) == []
    assert len(simulator.ledger()) == max(taken, told.get("with_carrier", 0))


def test_killed_while_the_carrier_thinks(site: Site, simulator: RunningSimulator, database: str) -> None:
    pk = site.run(MAKE.format(people=3, size=3))
    simulator.faults({**POST, "fault": "delay", "when": "after", "seconds": 1.0})
    process = site.script(f"dispatch.step({pk})")
    query = "SELECT state FROM campaigns_attempt"
    until(lambda: rows(database, query) == [("sending",)], "the attempt is marked before the answer")
    until(lambda: len(simulator.ledger()) == 3, "the carrier has taken it")
    process.kill()
    ended(process)
    simulator.faults()
    assert site.run(RECOVER.format(pk=pk)) == ["blocked", {"in_doubt": 3}, ["ambiguous"]]
    assert twice(simulator) == []


def test_three_workers_at_once_hand_everybody_over_once(site: Site, simulator: RunningSimulator) -> None:
    """They start together; each prepares whatever batch is free."""
    pk = site.run(MAKE.format(people=30, size=3))
    code = f"""
from campaigns.sending import stopping
did = ""
end = time.monotonic() + 30
while did != "done":
    assert time.monotonic() < end
    step = dispatch.step({pk})
    did = step.did
    stopping.pause(min(step.seconds, 0.02))
"""
    workers = [site.script(code) for _ in range(3)]
    for worker in workers:
        done = ended(worker)
        assert done.returncode == 0, done.stderr
    assert sorted(line["to"] for line in simulator.ledger()) == sorted(phone for phone, _ in world.people(30))
    told, accepted = site.run(
        f"campaign = Campaign.objects.get(pk={pk})\nworld.assert_adds_up(campaign)\n"
        "tell([world.told(campaign), Attempt.objects.filter(state='accepted').count()])"
    )
    assert (told, accepted) == ({"with_carrier": 30}, 10)


def test_two_processes_freeze_one_audience(site: Site) -> None:
    pk = site.run(
        "campaign = world.drafted(world.people(400), size=7)\nlaunch.launch(campaign, user=None)\n"
        "tell(campaign.pk)"
    )
    code = f"launch.CHUNK = 5\nlaunch.freeze({pk})"
    for process in [site.script(code) for _ in range(2)]:
        done = ended(process)
        assert done.returncode == 0, done.stderr
    state, counts, sizes = site.run(
        f"campaign = Campaign.objects.get(pk={pk})\nworld.assert_adds_up(campaign)\n"
        "tell([campaign.state, world.told(campaign), "
        "list(Batch.objects.order_by('number').values_list('size', flat=True))])"
    )
    assert (state, counts) == ("sending", {"queued": 400})
    assert sizes == [7] * 57 + [1]


def test_ten_presses_on_send_are_one_launch(site: Site) -> None:
    pk = site.run("tell(world.drafted(world.people(3)).pk)")
    code = f"""
from django.db import connection
results = []
def press():
    results.append(launch.launch(Campaign.objects.get(pk={pk}), user=None))
    connection.close()
threads = [threading.Thread(target=press) for _ in range(10)]
for thread in threads: thread.start()
for thread in threads: thread.join()
tell([sum(results), Event.objects.filter(verb="launched").count(), Tally.objects.count()])
"""
    assert site.run(code) == [1, 1, 1]


def test_a_locked_database_sends_nothing_and_comes_back(site: Site, simulator: RunningSimulator) -> None:
    """Another writer holds the database when the mark before the first byte is due."""
    pk = site.run(MAKE.format(people=2, size=2))
    code = f"""
from django.db import connection, connections, transaction
prepared = dispatch._choose({pk}, accounts.account())
locked, over = threading.Event(), threading.Event()
def hold():
    with transaction.atomic():
        Campaign.objects.select_for_update().get(pk={pk})
        Campaign.objects.update(changed_at="2026-01-01T00:00:00Z")
        locked.set()
        over.wait(10)
    connection.close()
thread = threading.Thread(target=hold)
thread.start()
locked.wait(10)
with connection.cursor() as cursor:
    cursor.execute(
        "SET lock_timeout = '50ms'" if connection.vendor == "postgresql" else "PRAGMA busy_timeout = 50"
    )
threading.Timer(0.09, over.set).start()
step = dispatch._send(prepared, accounts.provider(), accounts.account())
thread.join()
tell([step.did, Attempt.objects.get().state])
"""
    assert site.run(code) == ["wait", "not_sent"]
    assert simulator.ledger() == []
    assert site.run(RECOVER.format(pk=pk))[1] == {"with_carrier": 2}


def test_no_transaction_is_open_while_the_carrier_answers(
    site: Site, simulator: RunningSimulator, database: str
) -> None:
    pk = site.run(MAKE.format(people=2, size=2))
    simulator.faults({**POST, "fault": "delay", "seconds": 1.0})
    process = site.script(f"tell(dispatch.step({pk}).did)")
    query = "SELECT state FROM campaigns_attempt"
    until(lambda: rows(database, query) == [("sending",)], "the mark is committed before the answer")
    out = site.run(
        "from campaigns.inbox import optouts\noptouts.add('+12125550000', note='', user=None)\ntell(1)"
    )
    assert out == 1, "another process can write meanwhile"
    assert ended(process).stdout == '"handed_over"\n'
