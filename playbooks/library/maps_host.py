#!/usr/bin/python
"""Ansible module: what a MAPS host does in a push. It decides nothing.

A call is a list of operations, done in order until one is not done. They know no server, no token
and no record. provisioner/host/protocol.py is the other side of this file.
"""

from __future__ import annotations

import errno
import fcntl
import grp
import hmac
import json
import os
import pwd
import re
import select
import signal
import stat
import subprocess
import threading
import time
from contextlib import ExitStack, closing, suppress

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.maps_masking import Mask, replace_hidden

DOCUMENTATION = r"""
---
module: maps_host
short_description: Operations on an Evisions MAPS host
description:
  - Reads and replaces the files of one folder, runs commands, sends test emails. Values of the
    document that are not known to be public never come back.
author: maps-provisioner
options:
  call:
    description: All of it as JSON text, so that Ansible masks it as a whole and nothing else.
    type: str
"""

# Not required: Ansible's own refusal of arguments would print them.
ARGUMENT_SPEC = {"call": {"type": "str", "no_log": True}}

STATE, LOCK, NEW = "state.json", "push.lock", ".new"
LARGEST = 4 * 1024 * 1024
_NAME = re.compile(r"email-servers(\.before-[0-9]{1,16})?\.json|state\.json")
_PLACEHOLDER = re.compile(rb'"hmac:[0-9a-f]{32}"')
_OTHER_KIND = (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO)  # than we would open
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n"))


class NotDone(Exception):
    """Why an operation is not done: one word, and a path or a holder (None: the folder)."""

    def __init__(self, reason, about=None):
        super().__init__(reason)
        self.reason, self.about = reason, about


class Secrets:
    """Hidden values of the host's documents: what stands for each, and the mask of all of them."""

    def __init__(self, key, keys, shown):
        self._key, self._keys, self._shown = key, keys, shown
        self._tokens = {}  # placeholder -> the token of JSON that it stands for
        self.mask = Mask()

    def digest(self, data):
        """HMAC-SHA-256 in hex."""
        return hmac.digest(self._key, data, "sha256").hex()

    def masked(self, data):
        """`data` with placeholders for what is not public; None if it is not made of JSON."""
        return replace_hidden(data, self._keys, self._shown, self._learnt)

    def filled(self, data):
        """`data` with values for placeholders, at hidden places only."""
        return replace_hidden(data, self._keys, self._shown, self._token)

    def value(self, text):
        """A secret that was given in clear, or by the placeholder of a known one."""
        token = b'"%s"' % text.encode("utf-8", "surrogatepass")
        return _text(self._token(token)) if _PLACEHOLDER.fullmatch(token) else text

    def _learnt(self, token):
        placeholder = b'"hmac:%s"' % self.digest(token)[:32].encode("ascii")
        if placeholder not in self._tokens:
            self._tokens[placeholder] = token
            for text in {_text(token), token.decode("utf-8", "replace").strip('"')}:
                self.mask.add(text)
        return placeholder

    def _token(self, token):
        if token in self._tokens:
            return self._tokens[token]
        if _PLACEHOLDER.fullmatch(token):
            raise NotDone("moved")
        self._learnt(token)  # later operations may name it, and must not show it
        return token


class Folder:
    """A folder of this account alone (and, read-only, of `group`).

    All in it is opened by its descriptor: it can't be exchanged meanwhile.
    """

    def __init__(self, path, group):
        self.path = os.path.abspath(path)
        self._group, self._gid = group, None
        self._file_mode, self._folder_mode = (0o600, 0o700) if group is None else (0o640, 0o750)
        self._descriptor = self.lock = None
        self._open = ExitStack()

    def close(self):
        """Give the lock back, though a daemon that a command left running has it open, too."""
        if self.lock is not None:
            fcntl.flock(self.lock, fcntl.LOCK_UN)
        self._open.close()

    def place(self, name):
        """The path of a file in it."""
        return os.path.join(self.path, name)

    # -- looking

    def look(self):
        """Whether it is there; NotDone if it is not ours alone."""
        self._find_group()
        if self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno in _OTHER_KIND:
                raise NotDone("not_private") from None
            raise
        self._open.callback(os.close, descriptor)
        status, names = os.fstat(descriptor), os.listdir(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & stat.S_ISVTX:
            raise NotDone("not_private")
        if STATE not in names and any(map(_is_stranger, names)):
            raise NotDone("strangers")  # to close /etc to others would harm the host
        self._descriptor = descriptor
        return True

    def names(self):
        """All in it, sorted."""
        return sorted(os.listdir(self._descriptor))

    def is_open(self):
        """Whether others may do more with it than they should, or the group less."""
        return self._is_open(os.fstat(self._descriptor), self._folder_mode)

    def is_writable(self):
        """Whether this account may write to it, or create it."""
        return os.access(self._existing(), os.W_OK | os.X_OK)

    def free(self):
        """Bytes that this account may still write there; None if that is unknown."""
        try:
            found = os.statvfs(self._existing())
        except OSError:  # a link that leads nowhere
            return None
        return found.f_bavail * found.f_frsize

    def _existing(self):
        place = self.path
        while not os.path.lexists(place):
            place = os.path.dirname(place)
        return place

    def read(self, name):
        """The bytes of a file, and whether it is open to others; None without one."""
        try:
            descriptor = self._opened(name, os.O_RDONLY)
        except FileNotFoundError:
            return None, False
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(LARGEST + 1)
            is_open = self._is_open(os.fstat(descriptor), self._file_mode)
        if len(data) > LARGEST:
            raise NotDone("efbig", self.place(name))
        return data, is_open

    def holder(self):
        """Words of another call that has the lock; None if it is free."""
        if self.lock is not None:
            return None
        with suppress(FileNotFoundError), ExitStack() as opened:
            descriptor = self._opened(LOCK, os.O_RDONLY)
            opened.callback(os.close, descriptor)
            if not _flock(descriptor, fcntl.LOCK_SH):
                return _words(descriptor)
        return None

    def _find_group(self):
        if self._group is not None:
            try:
                self._gid = grp.getgrnam(self._group).gr_gid
            except (KeyError, ValueError):
                raise NotDone("no_group", self._group) from None

    def _opened(self, name, flags):
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(name, flags, 0o600, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno in _OTHER_KIND:
                raise NotDone("not_private", self.place(name)) from None
            raise
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            os.close(descriptor)
            raise NotDone("not_private", self.place(name))
        return descriptor

    def _is_open(self, status, wanted):
        mode = stat.S_IMODE(status.st_mode)
        if self._gid is None:
            return bool(mode & ~wanted)
        return mode != wanted or status.st_gid != self._gid

    # -- writing

    def take(self, who, wait):
        """Make it, close it to others, take its lock for the rest of the call."""
        if self.lock is not None:
            return
        if not self.look():
            self._make()
        elif self.is_open():
            self._set_access(self._descriptor, self._folder_mode)
        descriptor = self._opened(LOCK, os.O_RDWR | os.O_CREAT)
        self._open.callback(os.close, descriptor)
        deadline = time.monotonic() + max(wait, 0.3)  # a reader's probe of it is short
        while not _flock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline or _nobody_listens():
                raise NotDone("locked", _words(descriptor))
            time.sleep(0.1)
        self.lock = descriptor
        for name in self.names():
            if name.endswith(NEW) and not _is_stranger(name):
                self.remove(name)  # of a call that was killed; the disk may be full of it
        os.fchmod(descriptor, 0o600)
        words = who.encode("utf-8", "replace")
        os.pwrite(descriptor, words, 0)  # and then the rest goes: it never names nobody
        os.ftruncate(descriptor, len(words))

    def replace(self, name, data):
        """A whole file, by one rename. Its access is final before its first byte."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(name + NEW, flags, 0o600, dir_fd=self._descriptor)
        try:
            with os.fdopen(descriptor, "wb") as file:
                self._set_access(descriptor, self._file_mode)
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            both = {"src_dir_fd": self._descriptor, "dst_dir_fd": self._descriptor}
            os.replace(name + NEW, name, **both)
        except BaseException:
            with suppress(OSError):
                self.remove(name + NEW)
            raise

    def remove(self, name):
        """A file that may be there."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    def sync(self):
        """Have what was replaced and removed on the disk."""
        os.fsync(self._descriptor)

    def _make(self):
        parent = os.path.dirname(self.path)
        os.makedirs(parent, exist_ok=True)
        with suppress(FileExistsError):  # another call was faster
            os.mkdir(self.path, 0o700)
        self.look()
        self._set_access(self._descriptor, self._folder_mode)
        above = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(above)
        os.close(above)

    def _set_access(self, descriptor, mode):
        if self._gid is not None:
            os.fchown(descriptor, -1, self._gid)
        os.fchmod(descriptor, mode)


class Call:
    """One call: its folder, its secrets, its operations in order until one is not done."""

    def __init__(self, call, folder):
        self._who, self._lock_wait, self._folder = call["who"], call["lock_wait"], folder
        self._secrets = Secrets(bytes.fromhex(call["key"]), call["keys"], call["shown"])
        self._knows_secrets = False
        self._operations = {
            "read": self._read,
            "write": self._write,
            "run": self._run,
            "smtp": self._smtp,
            "post": self._post,
        }

    def answers(self, operations):
        """An answer for each that was begun; behind one that is not done, those of its `else`."""
        answers = []
        for operation in operations:
            answer = {"op": operation["op"], "done": False}
            answers.append(answer)
            reason = about = None
            try:
                self._do(operation, answer)
            except NotDone as said:
                reason, about = said.reason, said.about or self._folder.path
            except OSError as error:
                reason = errno.errorcode.get(error.errno, f"error_{error.errno}").lower()
                named = isinstance(error.filename, str)
                about = self._folder.place(error.filename) if named else self._folder.path
            except Exception as error:  # noqa: BLE001  what was done before is to be known
                reason, about = "crash", crash_of(error)
            if not answer["done"]:
                if reason:
                    about = self._secrets.mask.text(_printable(about))[:4096]
                    answer.update(reason=reason, about=about)
                if operation.get("else"):
                    answer["else"] = self.answers(operation["else"])
                break
        return answers

    def _do(self, operation, answer):
        name = operation["op"]
        if name not in self._operations:
            raise NotDone("no_operation", name)
        only_connects = name in ("smtp", "post") and operation.get("lock") is False
        if name != "read" and not only_connects:
            self._begin()
        self._operations[name](operation, answer)

    def _begin(self):
        self._folder.take(self._who, self._lock_wait)
        if not self._knows_secrets:
            for name in filter(_is_document, self._folder.names()):
                self._secrets.masked(self._folder.read(name)[0] or b"")
            self._knows_secrets = True

    # -- the operations

    def _read(self, _operation, answer):
        is_there = self._folder.look()
        # The state last: so it knows whatever was read before.
        names = self._folder.names() if is_there else []
        ours = [*filter(_is_document, names), STATE] if is_there else []
        found = {name: self._found(name) for name in ours}
        answer.update(
            files={name: file for name, file in found.items() if file is not None},
            open=is_there and self._folder.is_open(),
            strangers=[_printable(name)[:200] for name in filter(_is_stranger, names)][:20],
            logged=False,
            time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            writable=self._folder.is_writable(),
            free=self._folder.free(),
            account=_account(),
            holder=self._folder.holder() if is_there else None,
            done=True,
        )

    def _found(self, name):
        data, is_open = self._folder.read(name)
        if data is None:
            return None
        shown = data if name == STATE else self._secrets.masked(data)
        try:
            text = None if shown is None else shown.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        return {"text": text, "digest": self._secrets.digest(data), "open": is_open}

    def _write(self, operation, answer):
        digests = answer["digests"] = {}
        for name, expected in operation["expect"].items():
            data, _ = self._folder.read(_ours(name))
            if (None if data is None else self._secrets.digest(data)) != expected:
                raise NotDone("moved", self._folder.place(name))
        texts = [self._bytes_of(file) for file in operation["files"]]  # before any is replaced
        for file, data in zip(operation["files"], texts):
            name, source = file["name"], file.get("copy")
            content = data if source is None else self._folder.read(source)[0]
            if content is not None:
                self._folder.replace(name, content)
            elif source is not None:
                raise NotDone("moved", self._folder.place(source))
            else:
                self._folder.remove(name)
            digests[name] = None if content is None else self._secrets.digest(content)
            self._folder.sync()
        answer["done"] = True

    def _bytes_of(self, file):
        """Those of the text that is given for a file, with its secrets; None without one."""
        name = _ours(file["name"])
        _ours(file.get("copy") or name)
        if file.get("text") is None:
            return None
        data = file["text"].encode("utf-8")
        if name != STATE:
            data = self._secrets.filled(data)
        if data is None:
            raise NotDone("damaged", self._folder.place(name))
        if len(data) > LARGEST:
            raise NotDone("efbig", self._folder.place(name))
        return data

    def _run(self, operation, answer):
        try:
            process = subprocess.Popen(
                operation["argv"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,  # no lock of a reader that still waits when we end
                start_new_session=True,
                pass_fds=(self._folder.lock,),  # it lives on with the command if we are killed
            )
        except (OSError, ValueError):
            raise NotDone("not_started", operation["argv"][0]) from None
        output = _Tail(process.stdout)
        try:
            answer["exit"] = process.wait(operation["timeout"])
        except subprocess.TimeoutExpired:
            answer["exit"] = None
            with suppress(OSError):  # it may be of another account
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
        answer["output"] = _masked(output.end(), self._secrets.mask)[-2000:]
        answer["done"] = answer["exit"] == 0

    def _smtp(self, operation, answer):
        from ansible.module_utils.maps_smtp import smtp  # with ssl: few calls need it

        secret = operation["secret"]
        value = None if secret is None else self._secrets.value(secret)
        answer.update(smtp({**operation, "secret": value}, self._secrets.mask))

    def _post(self, operation, answer):
        from ansible.module_utils.maps_smtp import post

        fields = dict(operation["fields"])
        for name in {"client_secret", "refresh_token"} & set(fields):
            fields[name] = self._secrets.value(fields[name])
        basic = operation["basic"]
        if basic is not None:
            basic = [basic[0], self._secrets.value(basic[1])]
        answer.update(post({**operation, "fields": fields, "basic": basic}, self._secrets.mask))


class _Tail:
    """The end of a stream, read beside: a daemon that keeps it open must not hold us up."""

    _KEPT = 16384

    def __init__(self, stream):
        self._stream, self._kept = stream, b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        with self._stream:
            for piece in iter(lambda: self._stream.read(4096), b""):
                self._kept = (self._kept + piece)[-self._KEPT :]

    def end(self):
        """Its last bytes, without control characters: between NULs no secret would be found."""
        self._thread.join(1.0)
        data = self._kept
        if len(data) == self._KEPT:  # it may begin inside of a secret; a line may be all there is
            data = data[data.find(b"\n", 0, self._KEPT // 2) + 1 :]
        return data.translate(None, _CONTROLS)


def _masked(data, mask):
    """Bytes as text without secrets: a command may say them in UTF-8 and in Latin-1."""
    said = mask.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return mask.text(said.decode("latin-1")).encode("latin-1", "replace").decode("utf-8", "replace")


def _is_document(name):
    return name != STATE and _NAME.fullmatch(name) is not None


def _is_stranger(name):
    ours = name[: -len(NEW)] if name.endswith(NEW) else name
    return name != LOCK and not _NAME.fullmatch(ours)


def _ours(name):
    if not _NAME.fullmatch(name):
        raise NotDone("einval", name)
    return name


def _text(token):
    """What a token of JSON stands for; as it is spelled if that is no text."""
    if not token.startswith(b'"'):
        return token.decode("utf-8", "replace")
    try:
        value = json.loads(token.decode("utf-8"))
        value.encode("utf-8")  # no half of a surrogate pair
    except ValueError:
        return token[1:-1].decode("utf-8", "replace")
    return value


def _account():
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _printable(text):
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _flock(descriptor, how):
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _words(descriptor):
    return os.pread(descriptor, 1000, 0).decode("utf-8", "replace")


def _nobody_listens():
    """Whether whoever would read our answer has gone: then nothing is begun any more. poll(2)."""
    poll = select.poll()
    poll.register(1, 0)  # standard output; POLLERR and POLLHUP come unasked
    return any(found & (select.POLLERR | select.POLLHUP) for _, found in poll.poll(0))


def crash_of(error):
    """A bug's type, and the last line of this file that was in it; its words may quote a secret."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == crash_of.__code__.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{type(error).__name__}:{line}"


def result_of(text):
    """What the module answers to a call."""
    try:
        call = json.loads(text)
        with closing(Folder(call["directory"], call["group"])) as folder:
            return {"answers": Call(call, folder).answers(call["operations"])}
    except Exception as error:  # noqa: BLE001  its words may quote a secret
        return {"crash": crash_of(error)}


def ignore_signals():
    """Finish the list, though the connection or the controller goes away meanwhile."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # not SIG_IGN: a command would inherit that


def main():
    """Have Ansible bring the call and take the result."""
    ignore_signals()
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.exit_json(changed=False, invocation={}, **result_of(module.params["call"]))


if __name__ == "__main__":
    main()
