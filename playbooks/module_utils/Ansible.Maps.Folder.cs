// The private folder on a MAPS host: files in it are whole, durable and nobody else's. Twin of
// maps_folder.py.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Files;
using Ansible.Maps.Holder;
using Ansible.Maps.Host;
using Ansible.Maps.Refusal;

namespace Ansible.Maps.Folder {
    /// <summary>
    /// A folder of this process's user alone (and, read-only, of `group` if there is one).
    /// </summary>
    public sealed class PrivateFolder {
        private const string LockFile = "lock";
        private static readonly string[] Kept = {
            "email-servers.json", "email-servers.previous.json", "state.json", LockFile, "lease.json",
        };
        private static readonly string[] Ours = { "email-servers.", "state.json", "lease.json" };
        private static readonly Dictionary<string, string> WaysOut = new Dictionary<string, string> {
            { "enospc", "the disk is full: make room, then push again" },
            { "edquot", "the disk quota is used up: make room, then push again" },
            { "erofs", "the file system is mounted read-only: remount it, then push again" },
            { "eacces", "the account that Ansible signs in with may not write there: use become" },
            { "eperm", "the account that Ansible signs in with may not do that: use become" },
        };

        private readonly IFiles files = HostFiles.Current;
        private readonly object reader;
        private IFileLock held;  // the lock, once we have taken it
        private LockSign sign;

        public PrivateFolder(string path, string group) {
            Path = path;
            reader = string.IsNullOrEmpty(group) ? null : files.Reader(group);
        }

        public string Path { get; private set; }

        /// <summary>The path of a file in it.</summary>
        public string Place(string name) {
            return files.Place(Path, name);
        }

        // -- reading

        /// <summary>Whether it is there; HostRefusal if something else is, or it is someone else's.</summary>
        public bool Exists() {
            FileStatus status = Explained("look at " + Path, () => files.Look(Path, reader));
            if (status == null) {
                return false;
            }
            if (status.Kind != FileKind.Folder) {
                string kind = status.Kind == FileKind.Link ? "a symbolic link" : "not a folder";
                throw NotPrivate(MovedAway(Path, kind));
            }
            RefuseForeign(Path, status);
            RefuseShared(status);
            return true;
        }

        // To close C:\ or /tmp to others would harm the host: it must be a folder of our own.
        private void RefuseShared(FileStatus status) {
            List<string> names = Explained("look at " + Path, () => files.Names(Path));
            if (status.Sticky || (!names.Contains("state.json") && !names.All(IsOurs))) {
                throw NotPrivate(Path
                    + " is used for other things, too: name a folder of its own in maps_directory");
            }
        }

        // Whether a file of that name is of this tool, from a run that left no record, too.
        private static bool IsOurs(string name) {
            return name == LockFile || Ours.Any(ours => name.StartsWith(ours, StringComparison.Ordinal));
        }

        /// <summary>The bytes of a file; null if there is none.</summary>
        public byte[] Read(string name) {
            string path = Place(name);
            return Explained("read " + path, () => files.Read(path, status => {
                RefuseIrregular(path, status);
                RefuseForeign(path, status);
            }));
        }

        /// <summary>Names in it that are there between two runs for no good reason, sorted.</summary>
        public List<string> Strangers() {
            if (!Exists()) {
                return new List<string>();
            }
            List<string> names = Explained("look at " + Path, () => files.Names(Path));
            return names.Except(Kept).OrderBy(name => name, Names.Order).ToList();
        }

        /// <summary>
        /// Paths of the folder and of the named files that more people could read than should.
        /// </summary>
        public List<string> TooOpen(params string[] names) {
            return new[] { Path }.Concat(names.Select(Place)).Where(IsTooOpen).ToList();
        }

        private bool IsTooOpen(string path) {
            FileStatus status = Explained("look at " + path, () => files.Look(path, reader));
            if (status != null && path != Path) {
                RefuseIrregular(path, status);  // to close a link would close what it leads to
            }
            return status != null && status.TooOpen;
        }

        /// <summary>Whether a file of that name is there.</summary>
        public bool Has(string name) {
            return Explained("look at " + Place(name), () => files.Look(Place(name), reader)) != null;
        }

        // -- writing

        /// <summary>Create it, private from its first moment on.</summary>
        public void Make() {
            if (!Exists()) {
                Explained("create " + Path, () => files.MakeFolder(Path, reader));
            }
        }

        /// <summary>Take away what TooOpen has found.</summary>
        public void Tighten(IEnumerable<string> paths) {
            foreach (string path in paths) {
                Explained("close " + path, () => files.Close(path, reader));
            }
        }

        /// <summary>
        /// Write a new file whose owner and access are right before its first byte; durable.
        /// </summary>
        public void Write(string name, byte[] data) {
            string path = Place(name);
            Explained("write " + path, () => {
                files.Remove(path);
                files.WriteNew(path, data, reader);
            });
        }

        /// <summary>Rename atomically, durable when it returns.</summary>
        public void Move(string name, string to) {
            Explained("replace " + Place(to), () => files.Move(Place(name), Place(to)));
        }

        /// <summary>Remove those of the files that are there; durable when it returns.</summary>
        public void Remove(params string[] names) {
            Explained("remove files in " + Path, () => {
                if (names.Select(name => files.Remove(Place(name))).ToList().Contains(true)) {
                    files.Sync(Path);
                }
            });
        }

        /// <summary>
        /// Hold the lock until that is disposed of; HostRefusal names its holder if it stays taken
        /// for `wait` seconds. `who`: owner, run_id.
        /// </summary>
        public IDisposable Lock(IDictionary<string, object> who, double wait) {
            held = Taken(wait);
            sign = new LockSign(who);
            try {
                Explained("lock " + Path, () => held.Write(sign.Said(null), reader));
            } catch {
                held.Dispose();
                throw;
            }
            return held;
        }

        /// <summary>
        /// Do `work` with the lock that we hold, to have a program hold it, too: then it is taken
        /// while that runs, whatever becomes of us. `to` says to others what it is.
        /// </summary>
        public T Lent<T>(string to, Func<IFileLock, T> work) {
            Say(to);
            T result = work(held);
            Say(null);
            return result;
        }

        private void Say(string running) {
            try {
                held.Write(sign.Said(running), reader);
            } catch (FileFault) {
                // Words for others are no reason not to go on.
            }
        }

        private IFileLock Taken(double wait) {
            Stopwatch waited = Stopwatch.StartNew();
            while (true) {
                IFileLock taken = Explained("lock " + Path, () => files.TryLock(Place(LockFile)));
                if (taken != null) {
                    return taken;
                }
                if (waited.Elapsed.TotalSeconds >= wait) {
                    byte[] said = Explained("lock " + Path, () => files.LockHolder(Place(LockFile)));
                    throw new HostRefusal("locked", LockSign.Words(said));
                }
                Thread.Sleep(100);
            }
        }

        // -- refusing

        private static void RefuseIrregular(string path, FileStatus status) {
            if (status.Kind != FileKind.File) {
                string kind = status.Kind == FileKind.Link ? "a symbolic link" : "not a regular file";
                throw NotPrivate(MovedAway(path, kind));
            }
        }

        private static void RefuseForeign(string path, FileStatus status) {
            if (status.Foreign != null) {
                throw NotPrivate(path + " " + status.Foreign);
            }
        }

        private static string MovedAway(string path, string kind) {
            return path + " is " + kind + ": look at it, move it away, then push again";
        }

        private static HostRefusal NotPrivate(string words) {
            return new HostRefusal("not_private", words);
        }

        // Turn what the operating system says no to into a refusal.
        private static T Explained<T>(string action, Func<T> work) {
            try {
                return work();
            } catch (FileFault fault) {
                string wayOut = fault.WayOut;
                if (wayOut == null && !WaysOut.TryGetValue(fault.Code, out wayOut)) {
                    wayOut = "look at that path on the host";
                }
                throw new HostRefusal(fault.Code, "cannot " + action + ": " + fault.Message + " ("
                    + (fault.Path ?? "the host") + "); " + wayOut);
            }
        }

        private static void Explained(string action, Action work) {
            Explained(action, () => {
                work();
                return true;
            });
        }
    }
}
