"""A provider's limits and clusters: how long to wait, and that hosts keep to them together."""

import errno
import multiprocessing
import os
import time

import pytest

from provisioner.host import mail_turns
from provisioner.host.mail_turns import (
    NoTurn,
    cluster_turn,
    mailbox_turns,
    pause_before_retry,
    seconds_to_wait,
)
from tests.unit.deploy.runs import limit

NOW = 1_000_000.0
FORK = multiprocessing.get_context("fork")


def always():
    return True


def never():
    return False


@pytest.mark.parametrize(
    ("sent_ago", "count", "most", "seconds"),
    [
        ((), 1, 30, 0),
        ((1,) * 29, 1, 30, 0),
        ((1,) * 30, 1, 30, 59),
        ((50, 40, 1), 1, 3, 10),
        ((50, 40, 1), 2, 3, 20),
        ((60, 60, 60), 3, 3, 0),
        ((-5, -5, -5), 3, 3, 0),  # a clock that was set back holds nobody up
        ((), 5, 3, 0),
        ((50, 40), 5, 3, 20),  # more than a minute ever allows: once nothing is in the way
    ],
)
def test_how_long_messages_wait(sent_ago, count, most, seconds):
    sent_at = [NOW - ago for ago in sent_ago]
    assert seconds_to_wait(sent_at, count, most, NOW) == pytest.approx(seconds)


def test_retries_come_slower_and_end_with_the_budget():
    pauses = []
    while (pause := pause_before_retry(len(pauses) + 1, sum(pauses), 120)) is not None:
        pauses.append(pause)
    assert pauses == [2, 4, 8, 16, 30, 30, 30]
    assert pause_before_retry(1, 0.0, 0) is None


@pytest.mark.parametrize(
    "text", [b"", b"[1", b"\xff\xfe", b"[" * 100_000, b"{}", b"null", b'["x", null]']
)
def test_a_torn_file_holds_nobody_up(tmp_path, text):
    with (
        mailbox_turns(tmp_path, [limit(per_minute=1)], never),
        cluster_turn(tmp_path, "c", "r", "a", never),
    ):
        pass
    for file in tmp_path.iterdir():
        file.write_bytes(text)
    with (
        mailbox_turns(tmp_path, [limit(per_minute=1)], never),
        cluster_turn(tmp_path, "c", "r", "b", never),
    ):
        pass


# -- mailboxes


@pytest.fixture
def clock(monkeypatch):
    """[the time]; to sleep moves it on."""
    now = [NOW]

    def sleep(seconds):
        now[0] += max(seconds, 0.01)

    monkeypatch.setattr(mail_turns.time, "time", lambda: now[0])
    monkeypatch.setattr(mail_turns.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(mail_turns.time, "sleep", sleep)
    return now


def test_messages_of_the_last_minute_count_for_all_hosts_and_runs(tmp_path, clock):
    began = []
    for _ in range(5):
        with mailbox_turns(tmp_path, [limit(per_minute=2)], always):
            began.append(clock[0] - NOW)
        clock[0] += 1
    assert began == [0, 1, pytest.approx(60), pytest.approx(61), pytest.approx(120)]


def test_a_call_with_more_messages_takes_as_many(tmp_path, clock):
    two = [limit(per_minute=3), limit(per_minute=3), limit(per_minute=1, mailbox="other")]
    for seconds in (0, 60):
        with mailbox_turns(tmp_path, two, always):
            assert clock[0] - NOW == pytest.approx(seconds)


def test_of_servers_that_share_a_mailbox_the_least_holds(tmp_path, clock):
    limits = [limit(per_minute=9), limit(per_minute=2), limit()]
    with mailbox_turns(tmp_path, limits[:2], always):
        pass
    with mailbox_turns(tmp_path, limits[::-1], always):
        assert clock[0] - NOW == pytest.approx(60)


def test_a_sign_in_is_no_message(tmp_path, clock):
    for _ in range(3):
        with mailbox_turns(tmp_path, [limit(per_minute=1)], always, messages=False):
            assert clock[0] == NOW
    assert list(tmp_path.iterdir()) == []


def test_nobody_waits_for_a_turn_of_a_run_that_ends(tmp_path):
    with mailbox_turns(tmp_path, [limit(connections=1, per_minute=1)], always):
        for other in (limit(connections=1), limit(per_minute=1)):
            with pytest.raises(NoTurn), mailbox_turns(tmp_path, [other], never):
                pytest.fail("it had a turn")
    with mailbox_turns(tmp_path, [limit(connections=1)], never):
        pass  # what is free needs no waiting


def test_a_planted_link_is_not_followed(tmp_path):
    with mailbox_turns(tmp_path, [limit(per_minute=9)], always):
        [file] = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(NoTurn) as raised,
        mailbox_turns(tmp_path, [limit(per_minute=9)], always),
    ):
        pass
    assert (raised.value.reason, "symbolic" in raised.value.about) == ("turns", True)
    assert not (tmp_path / "elsewhere").exists()


def test_on_a_full_disk_there_is_no_turn(tmp_path, monkeypatch):
    def write(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(mail_turns, "_write", write)
    with pytest.raises(NoTurn), mailbox_turns(tmp_path, [limit(per_minute=1)], always):
        pytest.fail("a message was not counted")
    with pytest.raises(NoTurn):
        fails_in_turn(tmp_path, "run-1", "maps1")


def _host(folder, limits, gate, counts):
    """A host's process: its turn, in which it counts how many are in theirs."""
    gate.wait()
    with mailbox_turns(folder, limits, always):
        with counts.get_lock():
            counts[0] += 1
            counts[1] = max(counts[1], counts[0])
        time.sleep(0.05)
        with counts.get_lock():
            counts[0] -= 1


def most_at_once(folder, of_each_host):
    counts, gate = FORK.Array("i", [0, 0]), FORK.Event()
    hosts = [
        FORK.Process(target=_host, args=(folder, limits, gate, counts)) for limits in of_each_host
    ]
    for host in hosts:
        host.start()
    gate.set()
    for host in hosts:
        host.join(60)
        assert host.exitcode == 0
    return int(counts[1])


def test_no_more_connections_than_allowed_across_all_hosts(tmp_path):
    assert 1 < most_at_once(tmp_path, [[limit(connections=3)]] * 8) <= 3


def test_two_mailboxes_in_any_order_are_no_circle(tmp_path):
    both = [limit(connections=1, mailbox="a"), limit(connections=1, mailbox="b")]
    assert most_at_once(tmp_path, [both, both[::-1]] * 3) == 1


# -- clusters


def in_turn(turn, entered):
    with turn():
        entered.set()
        time.sleep(60)  # until it is killed


@pytest.mark.parametrize("kind", ["mailbox", "cluster"])
def test_a_turn_waits_for_the_one_before_and_outlives_no_process(tmp_path, kind):
    def turn():
        if kind == "mailbox":
            return mailbox_turns(tmp_path, [limit(connections=1)], always)
        return cluster_turn(tmp_path, "argos", f"run {os.getpid()}", "maps1", always)

    first, second = FORK.Event(), FORK.Event()
    holder = FORK.Process(target=in_turn, args=(turn, first))
    holder.start()
    assert first.wait(60)
    waiting = FORK.Process(target=in_turn, args=(turn, second))
    waiting.start()
    time.sleep(0.3)
    assert not second.is_set()
    holder.kill()
    assert second.wait(60)
    waiting.kill()
    for process in (holder, waiting):
        process.join(60)


def fails_in_turn(folder, run_id, host, cluster="argos"):
    with cluster_turn(folder, cluster, run_id, host, always):
        pass  # nobody says that it went well


def test_a_failure_is_of_its_cluster_and_its_run(tmp_path):
    fails_in_turn(tmp_path, "run-1", "maps1")
    fails_in_turn(tmp_path, "run-1", "maps3", "banner")
    fails_in_turn(tmp_path, "run-2", "maps2")


def test_a_turn_that_broke_off_was_a_failure(tmp_path):
    long = "a much longer name than the next one has"
    with pytest.raises(KeyboardInterrupt), cluster_turn(tmp_path, "c", "run-1", long, always):
        raise KeyboardInterrupt
    fails_in_turn(tmp_path, "run-2", "maps2", "c")
    with pytest.raises(NoTurn) as raised:
        fails_in_turn(tmp_path, "run-2", "maps3", "c")
    assert raised.value.about == "maps2"


def test_a_wait_for_a_cluster_ends_with_the_run(tmp_path):
    with (
        cluster_turn(tmp_path, "argos", "run-1", "maps1", always),
        pytest.raises(NoTurn),
        cluster_turn(tmp_path, "argos", "run-2", "maps2", never),
    ):
        pytest.fail("it had a turn")


def test_without_a_cluster_nobody_waits(tmp_path):
    with cluster_turn(tmp_path, None, "run-1", "maps1", never) as went_well:
        went_well()
    assert list(tmp_path.iterdir()) == []
