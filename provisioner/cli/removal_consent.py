"""Nothing is removed from hosts before somebody has agreed to it."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.ansible.signals import Signals
from provisioner.cli.prompts import can_answer, confirm
from provisioner.cli.run_view import RunView
from provisioner.errors import ExitCode, ProvisionerError, UsageError
from provisioner.fleet.host_result import HostResult
from provisioner.fleet.removals import refuse_too_many, removals, removed_servers
from provisioner.text import counted


class NotAgreed(ProvisionerError):
    """A person was asked, and did not say yes."""

    exit_code = ExitCode.PERSON_NEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """`yes`: it was given on the command line. `ceiling`: how many servers may go at all."""

    ceiling: int
    yes: bool
    view: RunView
    signals: Signals

    def require(self, hosts: tuple[HostResult, ...]) -> None:
        """Ask if something would be removed; raises unless the answer is yes."""
        names = removed_servers(hosts)
        if not names:
            return
        refuse_too_many(hosts, self.ceiling)
        what = f"{', '.join(names)} from {counted(len(removals(hosts)), 'host')}"
        if self.yes:
            return
        if not can_answer():
            raise UsageError(
                f"this push would remove {what}, and there is no terminal to ask at",
                remedy="if that is right, say --yes",
            )
        self.view.clear()
        with self.signals.ending_a_question():
            agreed = confirm(f"Remove {what}?")
        if not agreed:
            raise NotAgreed("nothing was changed: removing was not agreed to")
