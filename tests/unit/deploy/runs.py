"""Runs for the tests of one host: entries, tokens, and a worker on a host in memory."""

import json
import tempfile

from provisioner.ansible.run_input import HostInput, Mail, MailLimit, RunInput
from provisioner.host.host_document import placeholder
from provisioner.host.host_settings import HostSettings
from provisioner.host.worker import Worker
from provisioner.resources import schema_path

HOST = "maps1"
SCHEMA = json.loads(schema_path("host-document").read_bytes())
KEYS = SCHEMA["properties"]["servers"]["items"]["required"]
TURNS = tempfile.mkdtemp(prefix="turns-")


def entry(name="Reports", **changes):
    """A server with a password, secrets in clear."""
    return {
        **dict.fromkeys(KEYS),
        "server_name": name,
        "host": "smtp.example.edu",
        "port": 587,
        "smtp_security_level": "login",
        "use_tls": True,
        "user_name": f"{name.casefold()}@example.edu",
        "password": f"password of {name}",
        **changes,
    }


def oauth2_entry(name="Reports", *, token="1", grant="g1", expires=2**31, **changes):
    """A server with OAuth2; `token` tells one refresh from the next."""
    return entry(
        name,
        smtp_security_level="oauth2",
        password=None,
        **changes,
        oauth2={
            "access_token_url": "https://login.example.edu/token",
            "authorization_url": "https://login.example.edu/authorize",
            "client_id": "client",
            "client_secret": "client secret",
            "login_hint": None,
            "prompt": None,
            "refresh_token_url": None,
            "scope_for_authorize": "SMTP.Send offline_access",
            "scope_for_token": None,
            "use_https_on_callback": False,
            "token": {
                "grant_id": grant,
                "access_token": f"access token {token}",
                "refresh_token": f"refresh token {token}",
                "expires_at": expires,
                "scope": "SMTP.Send",
                "identity": None,
                "token_endpoint_auth_method": "client_secret_post",
            },
        },
    )


HIDDEN = (
    "/password",
    "/oauth2/client_secret",
    "/oauth2/token/access_token",
    "/oauth2/token/refresh_token",
)


def run_input(host, entries, **changes):
    """A run for one host; `changes` are of the run or of its host's part."""
    servers, secrets, placeholders = {}, {}, {}
    for one in entries:
        name, copy = one["server_name"], json.loads(json.dumps(one))
        secrets[name], placeholders[name] = {}, {}
        for pointer in HIDDEN:
            *path, last = pointer.strip("/").split("/")
            inner = copy
            for step in path:
                inner = (inner or {}).get(step)
            if inner and inner.get(last) is not None:
                token = json.dumps(inner[last], ensure_ascii=False)
                secrets[name][pointer] = token
                placeholders[name][pointer] = placeholder(token, host.key)
                inner[last] = None
        servers[name] = copy
    names = list(servers)
    of_host = {k: changes.pop(k) for k in list(changes) if k in HostInput.__struct_fields__}
    given = HostInput(
        **{
            "key": host.key,
            "key_id": "key-" + host.key[:4],
            "servers": names,
            "placeholders": placeholders,
            "declared": names,
            "checks": dict.fromkeys(names, "mail"),
            **of_host,
        }
    )
    return RunInput(
        **{
            "version": "1",
            "mode": "push",
            "run_id": "run-1",
            "owner": "anna@desk",
            "commit": "c0ffee",
            "servers": servers,
            "secrets": secrets,
            "mails": {
                n: Mail(sender=servers[n]["user_name"], recipient="postmaster@example.edu")
                for n in names
            },
            "turns": TURNS,
            "hosts": {HOST: given},
            **changes,
        }
    )


def mail(sender):
    """Whom test emails are for."""
    return Mail(sender=sender, recipient="postmaster@example.edu")


def worker(host, work, **settings):
    return Worker(
        work=work,
        host=HOST,
        settings=HostSettings(directory="/etc/maps-provisioner", **settings),
        call=host.call,
        clock=lambda: host.clock,
        sleep=lambda _seconds: None,
    )


def carry_out(host, entries, settings=None, **changes):
    """One run on one host."""
    return worker(host, run_input(host, entries, **changes), **(settings or {})).answer()


APPLY = {"apply_command": ["apply"]}


def limit(per_minute=None, connections=None, mailbox="m"):
    """That of one mailbox."""
    return MailLimit(mailbox=mailbox, connections=connections, messages_per_minute=per_minute)
