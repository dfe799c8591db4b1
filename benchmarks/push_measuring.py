"""One fleet size: ours, the floor and the peers in turn, so that a busy minute hits all alike."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from measuring import Cost
from push_references import (
    floor,
    hand_written,
    hand_written_tuned,
    swaks,
    swaks_is_there,
    write_references,
)
from push_scene import SERVERS, Scene

_UNVERIFIED = (1,)  # how a push ends with --mail none


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians by name of the work."""

    hosts: int
    costs: dict[str, Cost]

    def cost(self, name: str) -> Cost | None:
        """What a work took; None: not measured."""
        return self.costs.get(name)


def batch_sizes(hosts: int) -> list[int]:
    """Sizes of the default batches: one host, a quarter, the rest if there are more than five."""
    if hosts <= 5:
        return [hosts]
    quarter = hosts // 4
    return [1, quarter, hosts - 1 - quarter]


def measure(
    scene: Scene, hosts: int, rounds: int, *, with_peer: bool, progress: Callable[[str], None]
) -> Measured:
    """All works, `rounds` times in turn. The first push of all, with mails, is not measured."""
    scene.fleet.ensure(hosts)
    write_references(scene)
    scene.declare(hosts, f"first-{hosts}.example.edu")
    progress(f"{hosts} hosts: the first push")
    scene.provision("push", *(word for name in SERVERS for word in ("--accept-destination", name)))
    found: dict[str, list[Cost]] = defaultdict(list)
    works = _works(scene, hosts, with_peer=with_peer)
    for number in range(1, rounds + 1):
        for name, work in works.items():
            progress(f"{hosts} hosts: round {number} of {rounds}: {name}")
            found[name] += work(f"{'-'.join(re.findall('[a-z]+', name))}-{number}")
    return Measured(hosts, {name: _medians(costs) for name, costs in found.items()})


def _works(scene: Scene, hosts: int, *, with_peer: bool) -> dict[str, Callable[[str], list[Cost]]]:
    """Each takes a name that no other round has, for what it changes."""

    def changed(client: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> list[Cost]:
        scene.declare(hosts, f"{client}.example.edu")
        return [scene.provision("push", *arguments, codes=codes)]

    works: dict[str, Callable[[str], list[Cost]]] = {
        "floor": lambda _: [floor(scene, hosts)],
        "push unchanged": lambda _: [scene.provision("push")],
        "plan unchanged": lambda _: [scene.provision("plan")],
        "floor of a change": lambda _: [_floor_of_a_change(scene, hosts)],
        "push changed, no emails": lambda client: changed(
            client, "--mail", "none", codes=_UNVERIFIED
        ),
        "push changed, emails": changed,
        "push changed, emails, one batch": lambda client: changed(client, "--batches", "100%"),
    }
    if swaks_is_there():
        works["swaks"] = lambda _: [_wall_only(swaks(scene, hosts, scene.forks))]
    if with_peer:
        works["hand-written"] = lambda client: [hand_written(scene, client)]
        works["hand-written, tuned"] = lambda client: [hand_written_tuned(scene, client)]
    return works


def _floor_of_a_change(scene: Scene, hosts: int) -> Cost:
    """One floor for the plan, and one for each batch."""
    costs, first = [floor(scene, hosts)], 1
    for size in batch_sizes(hosts):
        costs.append(floor(scene, size, first))
        first += size
    return Cost(
        cpu=sum(c.cpu for c in costs),
        wall=sum(c.wall for c in costs),
        exit_code=0,
        hosts_cpu=sum(c.hosts_cpu for c in costs),
    )


def _wall_only(seconds: float) -> Cost:
    return Cost(float("nan"), seconds, 0)


def _medians(costs: list[Cost]) -> Cost:
    return Cost(
        cpu=median(c.cpu for c in costs),
        wall=median(c.wall for c in costs),
        exit_code=0,
        hosts_cpu=median(c.hosts_cpu for c in costs),
    )
