"""`provisioner demo`."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    browser: Annotated[
        bool, typer.Option("--browser", help="Sign in yourself, in your own browser.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the project, and print commands to try in it.")
    ] = False,
) -> int:
    """Run the main commands on a small example: no root, no network, no account.

    Starts a small OAuth2 provider and a mail server on this computer, defines two hosts that are
    folders of it, and checks the result of each command.

    Examples:

      provisioner demo

      provisioner demo --browser --keep
    """
    from provisioner.demo.story import play

    play(browser=browser, keep=keep)
    return 0
