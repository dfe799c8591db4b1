"""What is known of one OAuth2 provider that lets mail be sent by SMTP: facts, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

# How a refresh token is asked for: by the scope offline_access, by a parameter of the
# authorization request, or not at all, since one is always given.
Offline = Literal["scope", "param", "none", "unknown"]

# none: a refresh answers without a new refresh token.
# old_stays_valid: a new one comes, the old one still works.
# strict: the old one dies with its first use (RFC 9700 section 4.14.2).
Rotation = Literal["none", "old_stays_valid", "strict", "unknown"]

AuthMethod = Literal["client_secret_basic", "client_secret_post", "unknown"]

# ending: off by default from password_login_ends on; app_password: only one made for a program.
PasswordLogin = Literal["ended", "ending", "app_password", "unknown"]

# What becomes of mail whose sender is not the mailbox that signed in.
ForeignSender = Literal["refused", "rewritten", "unknown"]

# What names the account in a sign-in at the mail server.
LoginName = Literal["address", "unknown"]
# Whose mailboxes: an organization's, or those of persons on their own.
Accounts = Literal["work", "personal", "unknown"]

# How client ids, and the ids of client secrets, look: `credential_forms` knows these.
CredentialForm = Literal["guid", "google_client_id", "unknown"]

OFFLINE_SCOPE = "offline_access"

# They name the person or ask for a refresh token, and give no access to mail.
# https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims
SCOPES_WITHOUT_ACCESS = frozenset({"openid", "profile", "email", "address", "phone", OFFLINE_SCOPE})

# Of sign-ins without a person, in lower case; `.default` may be a person's, too.
# https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
APP_ONLY_PERMISSIONS = frozenset({"smtp.sendasapp", ".default"})

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Provider(NamedTuple):
    """Facts of one provider. Unknown ones say so: "unknown", None or empty.

    `endpoints` are hosts, or host/path prefixes where several providers share a host.
    `mx_hosts` take mail for its mailboxes and no sign-in; with a dot in front, all below a domain.
    `reading_hosts` serve IMAP, POP or the web. Providers of one `platform` share mail servers.
    Of `smtp_ports`, which take mail with a sign-in, the recommended one comes first.
    `smtp_auth_methods` are SMTP security levels of MAPS, other than auto_detect.
    `default_resource`: what a scope without a resource means, where one token serves one resource.
    `shared_tenants`: names that stand where a tenant's does -> whose accounts sign in there.
    `personal_mailboxes`: domains of mailboxes that belong to no organization; there are others of
    the same brands, such as outlook.fr.
    `scopeless_endpoints`, `superseded_endpoints`: how a path ends -> what to write instead; the
    first know no scopes, the second work and are no longer documented.
    `authorization_response_iss_parameter_supported`, as its metadata says (RFC 9207 section 3):
    an answer without `iss` is then not its own.
    `device_authorization_url` (RFC 8628) may be a reference that starts at the token endpoint.
    A refresh token ends `idle_expiry_days` after its last use, `maximum_age_days` after the
    sign-in; `early_ends` are sentences on what ends it before that. A `revocation_url` may be a
    path on the host of the token endpoint.
    `page_errors`: codes or words that only its own page shows, since with such an error it sends
    the browser nowhere; the likeliest first.
    `prompts`: the values that prompt takes; with `single_prompt` only one at once.
    """

    name: str
    title: str = ""
    endpoints: tuple[str, ...] = ()
    smtp_hosts: tuple[str, ...] = ()
    mx_hosts: tuple[str, ...] = ()
    reading_hosts: tuple[str, ...] = ()
    platform: str | None = None
    smtp_ports: tuple[int, ...] = ()
    smtp_auth_methods: tuple[str, ...] = ()
    login_name: LoginName = "unknown"
    foreign_sender: ForeignSender = "unknown"
    offline: Offline = "unknown"
    authorize_extra: Mapping[str, str] = _NOTHING
    refresh_token_rotation: Rotation = "unknown"
    token_endpoint_auth_method: AuthMethod = "unknown"
    issuer: str | None = None
    authorization_response_iss_parameter_supported: bool = False
    device_authorization_url: str | None = None
    device_flow_serves_mail: bool = True
    smtp_scopes: tuple[str, ...] = ()
    wrong_scopes: tuple[str, ...] = ()
    default_resource: str | None = None
    accounts: Accounts = "unknown"
    shared_tenants: Mapping[str, str] = _NOTHING
    personal_mailboxes: tuple[str, ...] = ()
    scopeless_endpoints: Mapping[str, str] = _NOTHING
    superseded_endpoints: Mapping[str, str] = _NOTHING
    page_errors: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    single_prompt: bool = False
    client_id_form: CredentialForm = "unknown"
    client_secret_id_form: CredentialForm = "unknown"
    password_login: PasswordLogin = "unknown"
    password_login_ends: str | None = None
    max_connections_per_mailbox: int | None = None
    messages_per_minute: int | None = None
    idle_expiry_days: int | None = None
    maximum_age_days: int | None = None
    early_ends: tuple[str, ...] = ()
    identity_claims: tuple[str, ...] = ("email", "preferred_username", "upn")
    revocation_url: str | None = None
    console_url: str | None = None
    consent_page_url: str | None = None

    @property
    def first_auth_method(self) -> str:
        """How a client authenticates first; RFC 6749 section 2.3.1 has every server know Basic."""
        known = self.token_endpoint_auth_method
        return "client_secret_basic" if known == "unknown" else known

    @property
    def label(self) -> str:
        return self.title or self.name
