"""Reports for people on streams of any width."""

import time

import pytest

from provisioner.host.result import HostState
from provisioner.reports.layout import STYLES, laid_out, table_row
from provisioner.text import local_time, proposed_command

TABLE = "\n".join(
    (table_row("HOST", "STATE", "DETAILS"), table_row("maps1", "failed", "no space is left there"))
)


def test_each_state_of_a_host_has_a_color_but_the_one_without_news():
    assert {str(state) for state in HostState} - {*STYLES} == {"unchanged"}


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (None, "HOST   STATE   DETAILS\nmaps1  failed  no space is left there\n"),
        (40, "HOST   STATE   DETAILS\nmaps1  failed  no space is left there\n"),
        (30, "HOST   STATE\nmaps1  failed\n    details: no space is left\n             there\n"),
        (20, "HOST   STATE\nmaps1  failed\n    details: no\n      space is left\n      there\n"),
    ],
)  # fmt: skip
def test_tables(width, text):
    assert laid_out(TABLE, width=width) == text


def test_tabs_of_others_break_nothing():
    assert laid_out("\tmore\na\tb\nc\td\te\n\n") == "\tmore\na  b\nc  d  e\n\n"
    assert table_row("a\tb", "c") == "a<U+0009>b\tc"


def test_a_command_is_not_broken_and_what_follows_is_below_the_text():
    line = "    do:  fix it, then: provisioner push -- '-a b' c; it takes long. Really long."
    assert laid_out(line, width=40) == (
        "    do:  fix it, then:\n"
        "         provisioner push -- '-a b' c;\n"
        "         it takes long. Really long.\n"
    )
    assert laid_out(line, width=35) == (
        "    do:  fix it, then:\n"
        "      provisioner push -- '-a b' c;\n"
        "      it takes long. Really long.\n"
    ), "a word that is too long below the text begins further left"


def test_the_lines_that_read_a_secret_are_one() -> None:
    line = "  read -rs REPORTS_CLIENT_SECRET; export REPORTS_CLIENT_SECRET"
    assert line.strip() in laid_out(line, width=40).splitlines()


@pytest.mark.parametrize("name", ["Dean's office", "a, b", "it's; (well)", "ends. ", '"x y"'])
@pytest.mark.parametrize("width", [20, 60])
def test_a_command_stays_whole_whatever_the_server_is_called(name, width):
    command = proposed_command("authenticate", name, "--select-account")
    line = f"    if the browser signs in with another account, run: {command}"
    assert command in laid_out(line, width=width)


def test_colors_of_results_and_not_of_sentences():
    text = "maps1: restored\n  - Old: removed\n  a test: it failed\nrestored hosts\n"
    assert laid_out(text, colored=True) == (
        "maps1: \x1b[31mrestored\x1b[0m\n  \x1b[31m-\x1b[0m Old: removed\n"
        "  a test: it failed\nrestored hosts\n"
    )


def test_local_times_have_their_offset(in_berlin):
    assert local_time("2026-12-01T13:03:59Z") == "2026-12-01 14:03 +01:00"
    assert local_time("2026-07-01T13:03:59.000+00:00") == "2026-07-01 15:03 +02:00"
    assert local_time(1_796_130_239) == "2026-12-01 14:03 +01:00"
    assert local_time("yesterday") == "yesterday"


@pytest.fixture
def in_berlin(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()
