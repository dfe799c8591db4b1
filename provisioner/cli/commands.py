"""The commands, in the order of `provisioner --help`. One file a command; one line here each."""

from __future__ import annotations

from collections.abc import Callable

from provisioner.cli.authenticate import authenticate
from provisioner.cli.demo import demo
from provisioner.cli.plan import plan
from provisioner.cli.push import push
from provisioner.cli.refresh import refresh
from provisioner.cli.rules import rules
from provisioner.cli.schema import schema
from provisioner.cli.status import status
from provisioner.cli.test_email import test_email
from provisioner.cli.validate import validate

COMMANDS: dict[str, Callable[..., int]] = {
    "validate": validate,
    "authenticate": authenticate,
    "status": status,
    "refresh": refresh,
    "plan": plan,
    "push": push,
    "test-email": test_email,
    "schema": schema,
    "rules": rules,
    "demo": demo,
}
