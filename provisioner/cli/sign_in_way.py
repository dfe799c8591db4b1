"""In which of its ways a sign-in runs: what the options of `authenticate` chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.cli.callback_options import answering_terminal
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from provisioner.credentials.store import TokenSet
    from provisioner.oauth.callback_certificate import CallbackCertificate


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInWay:
    """A browser here, one elsewhere, or a code to enter. `timeout` in seconds."""

    port: int
    timeout: int
    opens_browser: bool
    certificate: CallbackCertificate | None
    select_account: bool
    device: bool

    def __post_init__(self) -> None:
        """With a code to enter no browser is opened from here, and nothing listens."""
        if not self.device:
            return
        browsers = {
            "--port": self.port,
            "--no-browser": not self.opens_browser,
            "--callback-cert": self.certificate,
            "--select-account": self.select_account,
        }
        for option, given in browsers.items():
            if given:
                raise UsageError(
                    f"--device and {option} do not go together: with a code to enter no browser "
                    "is opened from here",
                    remedy="leave one of them out",
                )

    def signed_in(self, *, check: Callable[[], None], **needs: Any) -> TokenSet:
        """Sign in with what `oauth.acceptance.Acceptance` needs, and save.

        `check` is called while a browser is waited for, and may end that by an exception.
        """
        from provisioner.oauth.account_choice import with_account_choice
        from provisioner.oauth.device_flow import DeviceSignIn
        from provisioner.oauth.sign_in import SignIn

        if self.device:
            return DeviceSignIn(timeout=self.timeout, **needs).run()
        if self.select_account:
            needs["settings"] = with_account_choice(needs["settings"], needs["provider"])
        return SignIn(
            port=self.port,
            timeout=self.timeout,
            opens_browser=self.opens_browser,
            certificate=self.certificate,
            terminal=answering_terminal(),
            check=check,
            **needs,
        ).run()
