"""Whose turn it is in a cluster, and what the one before has left word of."""

import importlib.util
import multiprocessing
import time

import pytest

from provisioner.resources import playbooks_folder

_PATH = playbooks_folder() / "plugin_utils" / "maps_cluster_turns.py"
_SPEC = importlib.util.spec_from_file_location("maps_cluster_turns", _PATH)
turns = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(turns)


def test_a_failure_is_known_to_the_others_of_its_run_and_cluster(tmp_path):
    with turns.turn(tmp_path, "argos", "run-1", "maps1") as turn:
        assert turn.failed_before() is None
        turn.failed()
        assert turn.failed_before() is None  # itself, it may take something back
    with turns.turn(tmp_path, "argos", "run-1", "maps2") as turn:
        assert turn.failed_before() == "maps1"
    with turns.turn(tmp_path, "banner", "run-1", "maps3") as turn:
        assert turn.failed_before() is None
    with turns.turn(tmp_path, "argos", "run-2", "maps2") as turn:
        assert turn.failed_before() is None


def test_a_turn_that_broke_off_was_a_failure(tmp_path):
    with (
        pytest.raises(KeyboardInterrupt),
        turns.turn(tmp_path, "argos", "run-1", "a much longer name than the next one has"),
    ):
        raise KeyboardInterrupt
    with turns.turn(tmp_path, "argos", "run-2", "maps2") as turn:
        turn.failed()
    with turns.turn(tmp_path, "argos", "run-2", "maps3") as turn:
        assert turn.failed_before() == "maps2"


def test_a_torn_word_is_of_a_run_that_is_over(tmp_path):
    with turns.turn(tmp_path, "argos", "run-1", "maps1") as turn:
        turn.failed()
    [file] = tmp_path.iterdir()
    file.write_text(file.read_text()[:-5])
    with turns.turn(tmp_path, "argos", "run-1", "maps2") as turn:
        assert turn.failed_before() is None


def in_turn(folder, entered):
    with turns.turn(folder, "argos", "run-1", "maps1"):
        entered.set()
        time.sleep(60)  # until it is killed


def test_a_turn_waits_for_the_one_before_and_outlives_no_process(tmp_path):
    fork = multiprocessing.get_context("fork")
    first, second = fork.Event(), fork.Event()
    holder = fork.Process(target=in_turn, args=(tmp_path, first))
    holder.start()
    assert first.wait(60)
    waiting = fork.Process(target=in_turn, args=(tmp_path, second))
    waiting.start()
    time.sleep(0.3)
    assert not second.is_set()
    holder.kill()
    assert second.wait(60)
    waiting.kill()
    for process in (holder, waiting):
        process.join(60)
