"""What `provisioner demo` shows: the main job, end to end, with the product's own commands."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from provisioner.demo.example_fleet import BY_HAND, HOSTS, MAILBOX, ExampleFleet
from provisioner.demo.mail_server import MailServer
from provisioner.demo.narrator import Narrator, checked
from provisioner.errors import ExitCode


def tell(narrator: Narrator, fleet: ExampleFleet, mail: MailServer, *, by_hand: bool) -> None:
    """Play the whole story; DemoFailed if something is not as it says."""
    _declare(narrator, fleet)
    _sign_in(narrator, by_hand=by_hand)
    _push(narrator, fleet, mail)
    _enter(narrator)
    _push_again(narrator, mail)
    _break(narrator, fleet)


def _declare(narrator: Narrator, fleet: ExampleFleet) -> None:
    narrator.chapter("An email server, declared in a file that lives in git")
    narrator.show_file(fleet.server_file)
    narrator.run("validate")


def _sign_in(narrator: Narrator, *, by_hand: bool) -> None:
    narrator.chapter("One sign-in per server, in a browser")
    if by_hand:
        narrator.say("Your browser opens. Press Accept there.")
    narrator.run("authenticate", "Reports")


def _push(narrator: Narrator, fleet: ExampleFleet, mail: MailServer) -> None:
    narrator.chapter("What would change, and then the change")
    narrator.run("plan", expect=ExitCode.CHANGES)
    narrator.say("maps1 has a command that makes MAPS import the document; maps2 has none.")
    narrator.run("push", expect=ExitCode.PERSON_NEEDED)
    checked(len(mail.received) == len(HOSTS), "each host sent one test email")
    checked(all(fleet.document(host).is_file() for host in HOSTS), "each host has its document")
    checked(fleet.imported.is_file(), "the command of maps1 got the document")
    narrator.chapter("The email that arrived")
    message = mail.received[0].message
    for name in ("From", "To", "Subject", "X-Maps-Provisioner-Run"):
        narrator.say(f"  {name}: {message[name]}")
    checked(message["To"] == MAILBOX, f"the email went to {MAILBOX}")


def _enter(narrator: Narrator) -> None:
    narrator.chapter("On the other host, a person enters the verified values into MAPS")
    narrator.run("worksheet", "--host", BY_HAND, "--changed")
    narrator.run("entered", BY_HAND, "--by", "Ann", "--yes")


def _push_again(narrator: Narrator, mail: MailServer) -> None:
    narrator.chapter("A second push changes nothing and sends no email")
    before = len(mail.received)
    narrator.run("push")
    checked(len(mail.received) == before, "a second push sends no email")


def _break(narrator: Narrator, fleet: ExampleFleet) -> None:
    narrator.chapter("A broken client secret is caught, and every host is restored")
    narrator.say("MAPS could send for another hour, until it needs its next access token.")
    right_secret = fleet.client_secret_file.read_text()
    good = {host: fleet.document(host).read_bytes() for host in HOSTS}
    fleet.client_secret_file.write_text("the-secret-ID-pasted-instead-of-its-value")
    narrator.run("push", expect=ExitCode.HOSTS_BEHIND)
    same = [fleet.document(host).read_bytes() == good[host] for host in HOSTS]
    checked(all(same), "each host has its previous document, byte for byte")
    narrator.say("Each host has its previous document, byte for byte.")
    fleet.client_secret_file.write_text(right_secret)


def what_to_try(narrator: Narrator, fleet: ExampleFleet) -> None:
    """Keep the folder; and the parts, too, while a person is at the terminal."""
    narrator.say(f"\nThe project stays in {fleet.folder}.")
    if not sys.stdin.isatty():
        narrator.say("Its provider and mail server end now; from a terminal they would stay.")
        return
    narrator.say("Try there, in another terminal, after some change to servers/reports.yml:")
    program = shutil.which("provisioner") or Path(sys.executable).with_name("provisioner")
    key_folder = narrator.environment["XDG_CONFIG_HOME"]
    narrator.say(f"  export XDG_CONFIG_HOME={key_folder}   # the demo's own vault key is there")
    for command in ("validate", "status", "plan", "push", "test-email Reports"):
        narrator.say(f"  {program} {command} --project {fleet.folder}")
    narrator.say("The provider and the mail server run until you press Enter here.")
    input()
