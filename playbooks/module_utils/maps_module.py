"""How both modules end: a sealed result, and of an unexpected exception its type and place only."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

from ansible.module_utils.basic import AnsibleModule

from .maps_refusal import Refusal
from .maps_sealed import sealed


class Answer:
    """What a module has to say. `failure`: why the host is not as asked for, else empty."""

    def __init__(self, maps, changed=False, failure=""):
        self.maps, self.changed, self.failure = maps, changed, failure


def run(argument_spec, work, phase):
    """Run `work(module, params)` and end with its Answer. `phase(params)` names it if it fails."""
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True)
    answer = _answer(module, work, phase)
    # Outside of any `except`: Ansible adds the words of an exception that is being handled.
    facts = {"maps": answer.maps, "msg": answer.failure}
    if answer.failure:
        module.fail_json(msg=answer.failure, changed=answer.changed, maps_sealed=sealed(facts))
    module.exit_json(changed=answer.changed, maps_sealed=sealed(facts))


def _answer(module, work, phase):
    try:
        return work(module, module.params)
    except Refusal as refusal:
        reason, words = refusal.reason, refusal.message
        doubtful = getattr(refusal, "doubtful", False)
    except Exception as error:  # noqa: BLE001  its words may quote a secret
        reason, words = "bug", "this is our bug: " + _type_and_place(error)
        doubtful = getattr(error, "doubtful", True)
    state = "unknown" if doubtful else "refused"
    return Answer({"phase": phase(module.params), "state": state, "reason": reason}, False, words)


def _type_and_place(error):
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    file = os.path.basename(trace.tb_frame.f_code.co_filename)
    return f"{type(error).__name__} at {file}:{trace.tb_lineno}"


@contextmanager
def uninterrupted():
    """Finish what has begun, though the connection or the controller goes away meanwhile."""
    # Handlers, not SIG_IGN: the apply command would inherit that.
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
