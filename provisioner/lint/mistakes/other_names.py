"""Names that other programs and providers have for our keys, which no likeness of letters tells."""

from __future__ import annotations

from provisioner.lint.mistakes.nearest import same_letters

_MEANT = {
    "server_name": ("name", "title", "label", "display_name"),
    "host": ("smtp_host", "smtp_server", "hostname", "address", "relay", "relayhost", "smarthost"),
    "port": ("smtp_port",),
    "client_name": ("ehlo", "helo", "ehlo_name", "helo_name", "local_hostname"),
    "maximum_emails_per_minute": ("rate", "rate_limit", "limit", "throttle", "max_per_minute"),
    "smtp_security_level": ("auth", "auth_type", "authentication", "auth_method", "security"),
    "use_tls": ("tls", "ssl", "starttls", "use_ssl", "encryption", "enable_ssl"),
    "user_name": ("user", "login", "account", "mailbox", "smtp_user", "email_address"),
    "password": ("pass", "passwd", "pwd", "smtp_password", "app_password"),
    "oauth2": ("oauth", "xoauth2", "modern_auth"),
    "hosts": ("targets", "maps_hosts", "limit_to"),
    "access_token_url": ("token_url", "token_uri", "token_endpoint", "token_address"),
    "authorization_url": (
        *("auth_url", "auth_uri", "authorize_url", "authorization_endpoint", "auth_endpoint"),
        *("permission_url", "authorization_uri"),
    ),
    "client_id": ("app_id", "application_id", "application_client_id", "oauth2_client_id"),
    "client_secret": ("secret", "app_secret", "secret_value", "client_secret_value"),
    "client_secret_expires": ("expires", "secret_expires", "expiry", "valid_until"),
    "scope_for_authorize": ("scope", "scopes", "oauth2_scope"),
    "refresh_token_url": ("refresh_url", "refresh_endpoint"),
    "file_name": ("file", "path", "log_file", "logfile"),
    "env": ("environment", "from_env", "env_var", "environ", "variable", "environment_variable"),
    "file": ("path", "from_file", "secret_file", "password_file", "filename"),
    "command": ("cmd", "exec", "shell", "run", "program", "pipe", "password_command", "passcmd"),
    "keyring": ("keychain", "credential_manager", "wallet", "secret_service"),
}
_BY_COMMAND = (
    "let a command print it: {command: [PROGRAM, ARGUMENT]}; or put it into a variable: {env: NAME}"
)
_TOKENS = (
    "remove it, and revoke that sign-in at the provider if git has it: `provisioner authenticate` "
    "signs in and stores the tokens encrypted"
)
_TENANT = "remove it: the tenant is part of the URLs, such as .../contoso.edu/oauth2/v2.0/token"
_REDIRECT = (
    "remove it: the sign-in uses http://localhost, or https://localhost with "
    "use_https_on_callback: true; register that with the provider"
)
_REMEDIES = {
    **dict.fromkeys(("redirect_uri", "redirect_url", "redirect_uris", "callback_url"), _REDIRECT),
    **dict.fromkeys(("tenant", "tenant_id", "directory_id"), _TENANT),
    **dict.fromkeys(("access_token", "refresh_token", "token", "token_expiry"), _TOKENS),
    **dict.fromkeys(
        ("vault", "hashi_vault", "op", "onepassword", "ssm", "secretsmanager", "keyvault", "sops"),
        _BY_COMMAND,
    ),
    **dict.fromkeys(
        ("value_from", "secret_key_ref", "secret_ref"),
        "put it into a variable, and name that: {env: NAME}",
    ),
}
_BY_LETTERS = {same_letters(name): remedy for name, remedy in _REMEDIES.items()}


def named_elsewhere(key: str, known: list[str]) -> str | None:
    """Which of the known keys another program calls so; None if none is."""
    letters = same_letters(key[:100])
    for ours in known:
        if letters in map(same_letters, _MEANT.get(ours, ())):
            return ours
    return None


def remedy_for_name(key: str) -> str | None:
    """What to do with a key that others have, and nothing here corresponds to."""
    return _BY_LETTERS.get(same_letters(key[:100]))
