"""Sizes of batches, and how many failures of one may be; test_push.py has where they stop."""

import pytest

from provisioner.deploy.batches import batch_sizes, batches, default_sizes, max_failures
from provisioner.errors import UsageError


def names(count):
    return [f"maps{n}" for n in range(count)]


@pytest.mark.parametrize(
    ("hosts", "sizes", "expected"),
    [
        (0, None, []),
        (1, None, [1]),
        (5, None, [5]),
        (6, None, [1, 1, 4]),
        (20, None, [1, 5, 14]),
        (200, None, [1, 50, 149]),
        (7, (2,), [2, 2, 2, 1]),
        (7, (1, "50%"), [1, 3, 3]),
        (3, ("1%",), [1, 1, 1]),
        (3, (10,), [3]),
    ],
)
def test_hosts_are_dealt_out(hosts, sizes, expected):
    dealt = batches(names(hosts), sizes or default_sizes(hosts), hosts)
    assert [len(batch) for batch in dealt] == expected
    assert [host for batch in dealt for host in batch] == names(hosts)


def test_the_command_lines_sizes_are_read():
    assert batch_sizes("1, 25%,100%") == (1, "25%", "100%")


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "1,,2", "-1", "a", "1.5"])
def test_other_sizes_are_refused_with_an_example(text):
    with pytest.raises(UsageError) as refused:
        batch_sizes(text)
    assert refused.value.message == f"--batches {text}: not a list of sizes"
    assert "1,25%,100%" in refused.value.remedy


SLIPS = ["", "-1", "101%", "01%", "%", "1.5", "a", "100000", "٣", "²", "1,2"]


@pytest.mark.parametrize("text", SLIPS)
def test_another_number_of_failures_is_refused(text):
    with pytest.raises(UsageError, match="not a number of hosts, nor a percentage"):
        max_failures(text)
