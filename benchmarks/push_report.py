"""What push took, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from measuring import Cost
from push_measuring import Measured
from report import machine


@dataclass(frozen=True, slots=True)
class Target:
    """The wall time of a work, at most (or, of the peer, at least) so many times another's."""

    work: str
    beside: str
    factor: float
    at_least: bool = False


TARGETS = (
    Target("push unchanged", "floor", 1.2),
    Target("plan unchanged", "floor", 1.2),
    Target("push changed, emails", "floor of a change", 1.5),
    Target("hand-written", "push unchanged", 10, at_least=True),
)


def report(results: list[Measured], rounds: int, forks: int) -> str:
    """Machine, a table for each number of hosts, and the targets."""
    lines = ["# provisioner push, compared", "", *machine(), f"- {forks} forks, 3 servers per host"]
    for found in results:
        lines += ["", f"## {found.hosts} hosts, medians of {rounds}", "", *_table(found)]
        lines += ["", *_targets(found), *_mails(found)]
    return "\n".join(lines)


def _table(found: Measured) -> Iterator[str]:
    yield "| | CPU s | CPU s of the hosts | wall s | CPU : floor | wall : floor |"
    yield "|---|--:|--:|--:|--:|--:|"
    base = found.costs["floor"]
    for name, cost in found.costs.items():
        ratio = f"{_cpu(cost) / _cpu(base):.2f} | {cost.wall / base.wall:.2f}"
        row = f"{cost.cpu:.2f} | {cost.hosts_cpu:.2f} | {cost.wall:.2f} | {ratio}"
        yield f"| {name} | {row} |".replace("nan", "-")  # swaks has no CPU of one command


def _targets(found: Measured) -> Iterator[str]:
    yield "| | target | CPU | wall | |"
    yield "|---|--:|--:|--:|---|"
    for target in TARGETS:
        own, beside = found.cost(target.work), found.cost(target.beside)
        if own is None or beside is None:
            continue
        ratio = own.wall / beside.wall
        met = ratio >= target.factor if target.at_least else ratio <= target.factor
        sign = ">=" if target.at_least else "<="
        row = f"{target.work} : {target.beside} | {sign} {target.factor:g}"
        row += f" | {_cpu(own) / _cpu(beside):.2f} | {ratio:.2f}"
        yield f"| {row} | {'met' if met else 'missed'} |"


def _cpu(cost: Cost) -> float:
    """Of all: controller and hosts share a machine here."""
    return cost.cpu + cost.hosts_cpu


def _mails(found: Measured) -> Iterator[str]:
    sent, bare, peer = (
        found.cost(name) for name in ("push changed, emails", "push changed, no emails", "swaks")
    )
    if sent and bare and peer:
        yield ""
        yield (
            f"The {found.hosts * 3} emails took {sent.wall - bare.wall:.1f} s more; "
            f"swaks, from the same hosts, {peer.wall:.1f} s."
        )
