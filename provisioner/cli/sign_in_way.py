"""In which of its ways a sign-in runs: what the options of `authenticate` chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.cli.callback_options import answering_terminal
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from provisioner.credentials.store import TokenSet
    from provisioner.oauth.callback_tls import CallbackCertificate


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
        if self.device:
            from provisioner.oauth.device_sign_in import DeviceSignIn

            return DeviceSignIn(timeout=self.timeout, **needs).run()
        from provisioner.oauth.acceptance import Acceptance
        from provisioner.oauth.authorization import select_account
        from provisioner.oauth.browser_flow import BrowserOptions, browser_flow
        from provisioner.oauth.sign_in import sign_in

        if self.select_account:
            needs["settings"] = select_account(needs["settings"], needs["provider"])
        context = Acceptance(**needs)
        options = BrowserOptions(
            port=self.port,
            timeout=self.timeout,
            opens_browser=self.opens_browser,
            certificate=self.certificate,
            terminal=answering_terminal(),
            check=check,
        )
        return sign_in(browser_flow(context, options), context)
