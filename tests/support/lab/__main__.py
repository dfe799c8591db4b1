"""`python -m tests.support.lab start`: the lab by hand, until Ctrl-C. `clean`: after stale runs."""

import argparse
import signal
import sys
import threading

from tests.support.lab.errors import LabError
from tests.support.lab.lab import Lab
from tests.support.lab.mail import KINDS
from tests.support.lab.run import base_folder, clean_stale


def main():
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="start everything, wait for Ctrl-C, end everything")
    start.add_argument("--hosts", type=int, default=5, help="how many sshd hosts (default 5)")
    start.add_argument("--rotate", action="store_true", help="the provider that rotates, as well")
    commands.add_parser("clean", help="end what dead runs left behind")
    options = parser.parse_args()
    try:
        return _clean() if options.command == "clean" else _start(options.hosts, options.rotate)
    except LabError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def _clean():
    base = base_folder()
    numbers = clean_stale(base) if base.exists() else []
    print(f"cleaned up after {len(numbers)} stale runs: {numbers}" if numbers else "nothing stale")
    return 0


def _start(hosts, rotate):
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Lab.open() as lab:
        lab.fleet.ensure(hosts)
        for line in _description(lab, hosts, rotate):
            print(line, flush=True)
        ended.wait()
    return 0


def _description(lab, hosts, rotate):
    providers = [lab.provider, *([lab.rotating_provider] if rotate else [])]
    servers = [(kind, lab.mail.server(kind).host) for kind in KINDS]
    servers += [("oauth, rotating", lab.mail.trusting(other).host) for other in providers[1:]]
    return [
        f"run folder  {lab.run.folder} (logs; Maildirs below maildirs/)",
        *(f"provider    {provider.issuer} (/auth, /token)" for provider in providers),
        *(f"mail        {host} 587 STARTTLS, 465 TLS: {kind}" for kind, host in servers),
        f"secrets     {_write_secrets(lab, providers)} (source it)",
        f"CA          {lab.pki.ca} (on the hosts /etc/lab/ca.pem)",
        f"inventory   {lab.fleet.inventory(hosts)} (group maps)",
        "Ctrl-C ends it all.",
    ]


def _write_secrets(lab, providers):
    """Into a file that only its owner reads, as shell variables: secrets are not for terminals."""
    variables = {"LAB_PASSWORD": lab.mail.password}
    for prefix, provider in zip(("LAB", "LAB_ROTATING"), providers, strict=False):
        for name, client in provider.clients.items():
            variables[f"{prefix}_{name.upper()}_CLIENT_SECRET"] = client.secret or ""
    file = lab.run.folder / "secrets.env"
    file.touch(mode=0o600)
    file.write_text("".join(f"export {name}={value}\n" for name, value in variables.items()))
    return file


if __name__ == "__main__":
    sys.exit(main())
