"""What a person still has to type into the dialog of MAPS, of entries and of what was entered."""

import pytest

from provisioner.host import host_state
from provisioner.host.host_document import Damaged, key_of, placeholder
from provisioner.host.host_state import Entered, State
from provisioner.host.to_enter import dialog_entry, to_enter
from tests.unit.deploy.runs import entry, oauth2_entry

KEY = "5a" * 32


def hidden(text):
    return placeholder(f'"{text}"', KEY)


def login(secret="one", name="Reports", **changes):
    return entry(name, **{"password": hidden(secret), **changes})


def oauth(secret="one", token="1", **changes):
    made = oauth2_entry(token=token, grant=f"g{token}", expires=int(token))
    made["oauth2"] |= {"client_secret": hidden(secret), **changes}
    made["oauth2"]["token"] |= {"access_token": hidden("a" + token), "identity": token}
    return made


def record(content, run_id="run-1"):
    typed = None if content is None else dialog_entry(content)
    return Entered(entry=typed, at="2030-01-01T00:00:00Z", by="anna", run_id=run_id)


def entered(*contents):
    """A state in which a person has entered these, in this order."""
    state = State(key_id="k")
    for content in contents:
        state = state.with_entered({key_of(content): record(content)})
    return state


def wanted(*contents):
    return {key_of(content): content for content in contents}


CASES = {
    "what was entered as it is": ((login(),), (login(),), []),
    "a field": ((login(),), (login(port=25),), ["Reports changed /port 587>25"]),
    "a box that is not checked": (
        (login(logging=None),), (login(logging={"enabled": False, "file_name": None}),), []),
    "a secret, which is not shown": (
        (login(),), (login("two"),), ["Reports changed /password ***"]),
    "a secret that goes": ((login(),), (login(password=None),), ["Reports changed /password ***"]),
    "the newest record counts": (
        (login(port=1), login(port=2)), (login(port=1),), ["Reports changed /port 2>1"]),
    "another spelling of the name": (
        (login(),), (login(name="REPORTS"),), ["REPORTS changed /server_name Reports>REPORTS"]),
    "one that is gone, and one that is new": (
        (login(name="Old"),), (entry("New", password=None, user_name=None),),
        ["New new /server_name None>New, /host None>smtp.example.edu, /port None>587, "
         "/smtp_security_level None>login, /use_tls None>True",
         "Old removed "]),
    "tokens are the business of MAPS": ((oauth(token="1"),), (oauth(token="2"),), []),
    "an empty value is no field to fill": (
        (oauth(),), (oauth(prompt="consent"),), ["Reports changed /oauth2/prompt None>consent"]),
    "the client secret": (
        (oauth(),), (oauth("two"),), ["Reports changed /oauth2/client_secret ***"]),
    "what a person made of another shape counts as empty": (
        (login(),), (login(client_name=["a"], logging=hidden("x"), mine="theirs"),), []),
    "a shown value that looks like a placeholder": (
        (login(),), (login(client_name=hidden("x")),), ["Reports changed /client_name ***"]),
}  # fmt: skip


def words(server):
    def field(one):
        return f"{one.pointer} {'***' if one.is_hidden else f'{one.old}>{one.new}'}"

    return f"{server.name} {server.change} {', '.join(map(field, server.fields))}"


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=CASES)
def test_what_is_to_be_entered(before, after, expected):
    assert [words(s) for s in to_enter(wanted(*after), entered(*before))] == expected


def test_a_server_that_was_removed_there_is_new_again():
    state = entered(login()).with_entered({"reports": record(None)})
    assert to_enter({}, state) == ()
    assert [s.change for s in to_enter(wanted(login()), state)] == ["new"]


def test_no_token_and_no_secret_is_kept():
    kept = entered(oauth(prompt="consent")).entered["reports"][-1].entry or {}
    assert "token" not in kept["oauth2"]
    assert kept["oauth2"]["prompt"] == "consent"
    assert kept["oauth2"]["client_secret"] == hidden("one")


def test_an_undo_leaves_the_record_before():
    state = entered(login(port=1), login(port=2), login(port=3))
    assert len(state.entered["reports"]) == 2
    state = state.without_entered(["reports"])
    assert [s.fields[0].old for s in to_enter(wanted(login(port=9)), state)] == [2]
    assert state.without_entered(["reports"]).entered == {}


def test_it_is_kept_as_it_was_written():
    state = entered(login(), oauth())
    assert host_state.parse(state.text()) == state


@pytest.mark.parametrize("records", ["[]", "[{}]", "{}", "[1, 2]", "[null, null, null]"])
def test_records_of_another_shape_are_damaged(records):
    text = State(key_id="k").text().replace('"entered": {}', f'"entered": {{"a": {records}}}')
    with pytest.raises(Damaged):
        host_state.parse(text)
