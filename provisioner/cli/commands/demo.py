"""`provisioner demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    browser: Annotated[
        bool, typer.Option("--browser", help="Sign in yourself, in your own browser.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the folder, and say what to try there.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Write a picture of the output there, too.")
    ] = None,
) -> int:
    """Watch the whole job on embedded parts: no root, no network, no account.

    It starts a small OAuth2 provider and a mail server on this machine, declares two hosts that
    are folders, and runs the commands that you would.

    Examples:

      provisioner demo

      provisioner demo --browser --keep
    """
    import time

    from rich.console import Console

    from provisioner.demo.narrator import Narrator
    from provisioner.demo.picture import save_picture
    from provisioner.demo.stage import demo_stage
    from provisioner.demo.story import tell, what_to_try

    console = Console(record=svg is not None, width=100 if svg else None, soft_wrap=svg is None)
    began = time.monotonic()
    with demo_stage(by_hand=browser, keep=keep) as stage:
        narrator = Narrator(console, stage.fleet.folder, stage.environment, shorten=not browser)
        tell(narrator, stage.fleet, stage.mail, by_hand=browser)
        console.print(f"\n[bold]Done in {time.monotonic() - began:.0f} s.[/bold]", highlight=False)
        if svg:
            save_picture(console, svg)
        if keep:
            what_to_try(narrator, stage.fleet)
    return 0
