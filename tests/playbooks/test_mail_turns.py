"""A provider's limits: how long to wait, and that hosts keep to them together."""

from __future__ import annotations

import importlib.util
import multiprocessing
import time

import pytest

from provisioner.resources import playbooks_folder


def _loaded():
    path = playbooks_folder() / "plugin_utils" / "maps_mail_turns.py"
    spec = importlib.util.spec_from_file_location("maps_mail_turns", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


turns = _loaded()
NOW = 1_000_000.0


def limit(mailbox="Microsoft/a@example.edu", connections=None, minute=None):
    return {"mailbox": mailbox, "connections": connections, "messages_per_minute": minute}


@pytest.mark.parametrize(
    ("sent_ago", "count", "most", "seconds"),
    [
        ((), 1, 30, 0),
        ((1,) * 29, 1, 30, 0),
        ((1,) * 30, 1, 30, 59),
        ((50, 40, 1), 1, 3, 10),
        ((50, 40, 1), 2, 3, 20),
        ((61, 61, 61), 3, 3, 0),
        ((-5, -5, -5), 3, 3, 0),  # a clock that was set back holds nobody up
    ],
)
def test_how_long_a_message_waits(sent_ago, count, most, seconds):
    sent_at = [NOW - ago for ago in sent_ago]
    assert turns.seconds_to_wait(sent_at, count, most, NOW) == pytest.approx(seconds)


def test_no_round_sends_more_to_a_mailbox_than_a_minute_allows():
    limits = {name: limit(minute=2) for name in "abc"} | {"d": limit("other", minute=1)}
    assert turns.rounds(list("abcde"), limits) == [["a", "b", "d", "e"], ["c"]]


def test_retries_come_slower_and_end_with_the_budget():
    pauses, spent = [], 0.0
    while (pause := turns.pause_before_retry(len(pauses) + 1, spent, 120)) is not None:
        pauses.append(pause)
        spent += pause
    assert pauses == [2, 4, 8, 16, 30, 30, 30]
    assert turns.pause_before_retry(1, 0.0, 0) is None


def _host(folder, limits, gate, counts):
    """A host's process: its turn, in which it counts how many are in theirs."""
    gate.wait()
    with turns.turn(str(folder), limits, messages=True):
        with counts.get_lock():
            counts[0] += 1
            counts[1] = max(counts[1], counts[0])
        time.sleep(0.05)
        with counts.get_lock():
            counts[0] -= 1


def _most_at_once(folder, of_each_host):
    counts = multiprocessing.Array("i", [0, 0])
    gate = multiprocessing.Event()
    hosts = [
        multiprocessing.Process(target=_host, args=(folder, limits, gate, counts))
        for limits in of_each_host
    ]
    for host in hosts:
        host.start()
    gate.set()
    for host in hosts:
        host.join(60)
        assert host.exitcode == 0
    return counts[1]


def test_no_more_connections_to_a_mailbox_than_allowed_across_all_hosts(tmp_path):
    assert _most_at_once(tmp_path, [[limit(connections=3)]] * 8) <= 3


def test_hosts_that_need_two_mailboxes_in_any_order_do_not_wait_for_each_other(tmp_path):
    both = [limit("a", connections=1), limit("b", connections=1)]
    assert _most_at_once(tmp_path, [both, both[::-1]] * 3) == 1


def test_a_turn_is_free_again_when_its_process_was_killed(tmp_path):
    context = multiprocessing.get_context("fork")
    holding = context.Event()

    def hold():
        with turns.turn(str(tmp_path), [limit(connections=1)], messages=False):
            holding.set()
            time.sleep(60)

    process = context.Process(target=hold)
    process.start()
    assert holding.wait(30)
    process.kill()
    process.join()
    with turns.turn(str(tmp_path), [limit(connections=1)], messages=False):
        assert process.exitcode == -9


def test_messages_of_the_last_minute_are_counted_for_the_next_run(tmp_path, monkeypatch):
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        clock[0] += seconds

    clock = [NOW]
    monkeypatch.setattr(turns.time, "sleep", sleep)
    monkeypatch.setattr(turns.time, "time", lambda: clock[0])
    for _ in range(3):
        with turns.turn(str(tmp_path), [limit(minute=2)], messages=True):
            clock[0] += 1
    assert waited == [pytest.approx(58)]


def test_a_sign_in_is_no_message(tmp_path):
    for _ in range(3):
        with turns.turn(str(tmp_path), [limit(minute=1)], messages=False):
            pass
    assert list(tmp_path.iterdir()) == []
