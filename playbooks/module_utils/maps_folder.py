"""The private folder on a MAPS host: files in it are whole, durable and nobody else's."""

from __future__ import annotations

import errno
import fcntl
import grp
import json
import os
import stat
import time
from contextlib import contextmanager, suppress

from .maps_refusal import Refusal

_WAYS_OUT = {
    errno.ENOSPC: "the disk is full: make room, then push again",
    errno.EDQUOT: "the disk quota is used up: make room, then push again",
    errno.EROFS: "the file system is mounted read-only: remount it, then push again",
    errno.EACCES: "the account that Ansible signs in with may not write there: use become",
    errno.EPERM: "the account that Ansible signs in with may not do that: use become",
}


@contextmanager
def explained(action):
    """Turn what the operating system says no to into a Refusal."""
    try:
        yield
    except OSError as error:
        way_out = _WAYS_OUT.get(error.errno, "look at that path on the host")
        place = error.filename if isinstance(error.filename, str) else "the host"
        words = f"cannot {action}: {error.strerror} ({place}); {way_out}"
        raise Refusal(errno.errorcode.get(error.errno, "os_error").lower(), words) from None


class PrivateFolder:
    """A folder of this process's user alone (and, read-only, of `group` if there is one)."""

    def __init__(self, path, group=None):
        self.path = path
        self._gid = _group_id(group) if group else None
        self._file_mode = 0o640 if group else 0o600
        self._folder_mode = 0o750 if group else 0o700
        self._locked = None  # while we hold the lock: its file, and what it says of us

    def place(self, name):
        """The path of a file in it."""
        return os.path.join(self.path, name)

    # -- reading

    def exists(self):
        """Whether it is there; Refusal if something else is, or it is someone else's."""
        try:
            status = os.lstat(self.path)
        except FileNotFoundError:
            return False
        except OSError:
            with explained("look at " + self.path):
                raise
        if not stat.S_ISDIR(status.st_mode):
            kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "not a folder"
            raise Refusal("not_private", _moved_away(self.path, kind))
        _refuse_foreign(self.path, status)
        self._refuse_shared(status)
        return True

    def _refuse_shared(self, status):
        """To close /tmp or /etc to others would harm the host: it must be a folder of our own."""
        sticky = bool(status.st_mode & stat.S_ISVTX)
        with explained("look at " + self.path):
            names = os.listdir(self.path)
        if sticky or ("state.json" not in names and not all(map(_is_ours, names))):
            words = f"{self.path} is used for other things, too: "
            raise Refusal("not_private", words + "name a folder of its own in maps_directory")

    def read(self, name):
        """The bytes of a file; None if there is none."""
        try:
            descriptor = os.open(self.place(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                words = _moved_away(self.place(name), "a symbolic link")
                raise Refusal("not_private", words) from None
            with explained("read " + self.place(name)):
                raise
        with explained("read " + self.place(name)), _closing(descriptor):
            status = os.fstat(descriptor)
            _refuse_irregular(self.place(name), status)
            _refuse_foreign(self.place(name), status)
            with os.fdopen(os.dup(descriptor), "rb") as file:
                return file.read()

    def strangers(self):
        """Names in it that are there between two runs for no good reason, sorted."""
        if not self.exists():
            return []
        with explained("look at " + self.path):
            return sorted(set(os.listdir(self.path)) - _KEPT)

    def too_open(self, names):
        """Paths of the folder and of the named files that more people could read than should."""
        wanted = [(self.path, self._folder_mode)]
        wanted += [(self.place(name), self._file_mode) for name in names]
        return [path for path, mode in wanted if self._is_too_open(path, mode)]

    def _is_too_open(self, path, mode):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return False
        if path != self.path:
            _refuse_irregular(path, status)  # to close a link would close what it leads to
        wrong_group = self._gid is not None and status.st_gid != self._gid
        return bool(stat.S_IMODE(status.st_mode) & ~mode) or wrong_group

    # -- writing

    def make(self):
        """Create it, private from its first moment on."""
        if not self.exists():
            with explained("create " + self.path):
                os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
                os.mkdir(self.path, 0o700)
                self._set_access(self.path, self._folder_mode)

    def tighten(self, paths):
        """Take away what `too_open` has found."""
        for path in paths:
            with explained("close " + path):
                mode = self._folder_mode if path == self.path else self._file_mode
                self._set_access(path, mode)

    def write(self, name, data):
        """Write a new file whose owner and mode are right before its first byte; durable."""
        path = self.place(name)
        with explained("write " + path):
            self._unlink(path)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                self._set_access(file.fileno(), self._file_mode)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())

    def move(self, name, to):
        """Rename atomically, durable when it returns."""
        with explained("replace " + self.place(to)):
            os.replace(self.place(name), self.place(to))
            self._sync()

    def remove(self, *names):
        """Remove those of the files that are there; durable when it returns."""
        with explained("remove files in " + self.path):
            removed = [self._unlink(self.place(name)) for name in names]
            if any(removed):
                self._sync()

    def has(self, name):
        """Whether a file of that name is there."""
        return os.path.lexists(self.place(name))

    @contextmanager
    def lock(self, holder, wait):
        """Hold the lock; Refusal names its holder if it stays taken for `wait` seconds."""
        with explained("lock " + self.path):
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self.place("lock"), flags, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            self._take(file, wait)
            try:
                holder = dict(holder, since=_utc(time.time()))
                with explained("lock " + self.path):
                    self._set_access(file.fileno(), self._file_mode)
                    _sign(file, holder)
                self._locked = (file, holder)
                yield
            finally:
                self._locked = None
                # Closing would not do: what a command left running may have the file open, too.
                fcntl.flock(file, fcntl.LOCK_UN)

    @contextmanager
    def lent(self, to):
        """Descriptors for a child to inherit: while it runs, whatever becomes of us, the lock
        that we hold is taken. `to` says to others what it is."""
        file, holder = self._locked
        with suppress(OSError):  # words for others are no reason not to go on
            _sign(file, dict(holder, running=to))
        yield (file.fileno(),)
        with suppress(OSError):
            _sign(file, holder)

    def _take(self, file, wait):
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    file.seek(0)
                    raise Refusal("locked", _lock_words(file.read())) from None
                time.sleep(0.1)

    def _set_access(self, path, mode):
        if self._gid is not None:
            os.chown(path, -1, self._gid)
        os.chmod(path, mode)

    def _unlink(self, path):
        try:
            os.unlink(path)
        except FileNotFoundError:
            return False
        return True

    def _sync(self):
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _group_id(group):
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        words = "there is no group {!r} on this host: create it, or correct maps_group"
        raise Refusal("no_group", words.format(group)) from None


@contextmanager
def _closing(descriptor):
    try:
        yield
    finally:
        os.close(descriptor)


def _refuse_irregular(path, status):
    if not stat.S_ISREG(status.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "not a regular file"
        raise Refusal("not_private", _moved_away(path, kind))


_KEPT = {"email-servers.json", "email-servers.previous.json", "state.json", "lock", "lease.json"}


def _is_ours(name):
    """Whether a file of that name is of this tool, from a run that left no record, too."""
    return name == "lock" or name.startswith(("email-servers.", "state.json", "lease.json"))


def _refuse_foreign(path, status):
    if status.st_uid != os.geteuid():
        wanted = os.geteuid()
        words = f"{path} belongs to uid {status.st_uid}, not to uid {wanted} that delivers: "
        words += f"whoever owns it could swap it; look at it, then: chown {wanted} {path}"
        raise Refusal("not_private", words)


def _moved_away(path, kind):
    return f"{path} is {kind}: look at it, move it away, then push again"


def _sign(file, holder):
    """Say in the lock file who has it. It never shrinks to nothing first: the disk may be full."""
    file.seek(0)
    file.write(json.dumps(holder).encode("ascii"))
    file.truncate()


def _lock_words(text):
    try:
        holder = json.loads(text)
        who = "{owner} (run {run_id}) since {since}".format(**holder)
        running = holder.get("running")
    except (ValueError, KeyError, TypeError):
        who, running = "another run", None
    what = "wait until it has ended"
    if running:
        what = f"{running}, or what it left running, has not ended; wait for it, or end it there"
    return f"{who} works on this host: {what}, then push again"


def _utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
