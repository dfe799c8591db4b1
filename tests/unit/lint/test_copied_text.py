"""copied-character, copied-text, rewritten-link: one mistake is one finding."""

import pytest

from provisioner.lint.mistakes.copied_text import copy_mistake

HOST, URL, USER = "/host", "/oauth2/access_token_url", "/user_name"
LINK = "https://id.example.edu/token"


@pytest.mark.parametrize(
    ("pointer", "text", "rule", "meant"),
    [
        (HOST, "\u201cmail.example.edu\u201d", "copied-character", "mail.example.edu"),
        (HOST, "\uff4dail.example.edu", "copied-character", "mail.example.edu"),
        (HOST, "mail\u2013out.example.edu.", "copied-character", "mail-out.example.edu."),
        (HOST, "**`mail.example.edu`**,", "copied-text", "mail.example.edu"),
        (URL, f"<{LINK}>", "copied-text", LINK),
        (URL, f"[{LINK}]({LINK})", "copied-text", LINK),
        (URL, f"{LINK}?a=1&amp;b=2", "copied-text", f"{LINK}?a=1&b=2"),
        (URL, f"{LINK}%20%20", "copied-text", LINK),
        (URL, "https%3A%2F%2Fid.example.edu%2Ftoken", "copied-text", LINK),
        (URL, f"https://urldefense.com/v3/__{LINK}__;!!a", "rewritten-link", LINK),
        (USER, "mailto:a@example.edu?subject=x", "copied-text", "a@example.edu"),
        (USER, "A B <a@example.edu>;", "copied-text", "a@example.edu"),
        ("/server_name", "\u201eA\u201c", "copied-character", "A"),
    ],
)
def test_what_came_along_is_taken_off(pointer, text, rule, meant):
    found, value = copy_mistake(pointer, text)
    assert (found.rule, value) == (rule, meant)


@pytest.mark.parametrize(
    ("pointer", "text"),
    [
        (HOST, "<your mail server>"),
        (HOST, "{{ host }}"),
        (USER, "o'brien@example.edu"),
        (USER, "b\u00fcro@example.edu"),
        (USER, "\u5831\u544a\uff11"),
        (URL, f"{LINK}?x=(a)&y=%20b"),
        ("/oauth2/scope_for_authorize", "a,b"),
        ("/server_name", "\u201cA\u201d and B"),
        ("/logging/file_name", "C:\\Logs \u2013 neu\\a.log"),
    ],
)
def test_what_belongs_to_a_value_stays(pointer, text):
    assert copy_mistake(pointer, text) == (None, text)
