// The files of a host, as far as a private folder needs them: the one seam between what is decided
// and what Windows does. The tests put a POSIX twin there.

using System;
using System.Collections.Generic;

namespace Ansible.Maps.Files {
    public enum FileKind { File, Folder, Link, Other }

    /// <summary>What is at a path, itself and not where it leads to.</summary>
    public sealed class FileStatus {
        public FileKind Kind;

        /// <summary>
        /// Null; or, if somebody else owns it, the words after its path: "belongs to ..., not to
        /// ... that delivers: whoever owns it could swap it; ..." and what to do.
        /// </summary>
        public string Foreign;

        /// <summary>Whether others may do more with it than they should.</summary>
        public bool TooOpen;

        /// <summary>Whether it is made for everybody, like /tmp.</summary>
        public bool Sticky;
    }

    /// <summary>What the operating system says no to.</summary>
    public sealed class FileFault : Exception {
        /// <summary>`code` is the POSIX name in lower case: enospc, eacces, ...; or os_error.
        /// `wayOut` null: the folder knows one.</summary>
        public FileFault(string code, string words, string path, string wayOut) : base(words) {
            Code = code;
            Path = path;
            WayOut = wayOut;
        }

        public string Code { get; private set; }

        public string Path { get; private set; }

        public string WayOut { get; private set; }
    }

    /// <summary>
    /// Every call is whole: it has happened, durably where that is said, or throws a FileFault.
    /// `reader` is what IFiles.Reader gave, or null: who may read besides the administrators.
    /// </summary>
    public interface IFiles {
        /// <summary>What a group's name stands for; HostRefusal no_group if nothing has it.</summary>
        object Reader(string group);

        /// <summary>The path of `name` in `folder`.</summary>
        string Place(string folder, string name);

        /// <summary>What is there; null if nothing is.</summary>
        FileStatus Look(string path, object reader);

        /// <summary>The names in a folder.</summary>
        List<string> Names(string folder);

        /// <summary>
        /// The bytes of a file; null if there is none. `check` gets the status of what was opened
        /// (a link is not followed) and throws before a byte is read.
        /// </summary>
        byte[] Read(string path, Action<FileStatus> check);

        /// <summary>Create a folder, private from its first moment; the ones above it as usual.</summary>
        void MakeFolder(string path, object reader);

        /// <summary>Write a new file, private from before its first byte; durable.</summary>
        void WriteNew(string path, byte[] data, object reader);

        /// <summary>Rename, replacing what is there, atomically; durable.</summary>
        void Move(string path, string to);

        /// <summary>Remove a file. -> whether there was one.</summary>
        bool Remove(string path);

        /// <summary>Make durable what was removed from a folder.</summary>
        void Sync(string folder);

        /// <summary>Take from others what they should not have.</summary>
        void Close(string path, object reader);

        /// <summary>Take the lock of a file, which is made if need be; null if it is taken.</summary>
        IFileLock TryLock(string path);

        /// <summary>What whoever has the lock has written there; empty if nothing.</summary>
        byte[] LockHolder(string path);

        /// <summary>Whether whoever would read this process's answer has gone, if that can be seen.</summary>
        bool NobodyListens();
    }

    /// <summary>
    /// A lock that is held until it is disposed of; if this process ends without that, until the
    /// program that it was lent to has ended, too: see IProcesses.Start.
    /// </summary>
    public interface IFileLock : IDisposable {
        /// <summary>
        /// Say in it who has it, in the place of what it says. It never shrinks to nothing first:
        /// the disk may be full.
        /// </summary>
        void Write(byte[] holder, object reader);
    }
}
