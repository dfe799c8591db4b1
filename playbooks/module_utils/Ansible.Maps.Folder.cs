// The folder of the document: read masked, written whole, locked. Knows no server and no record.

using System;
using System.Collections;
using System.Collections.Generic;
using System.ComponentModel;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using Ansible.Maps.Masking;
using Ansible.Maps.Windows;

namespace Ansible.Maps.Folder {
    /// <summary>Why an operation is not done: one word, and a path or a holder.</summary>
    public sealed class Refusal : Exception {
        private static readonly Dictionary<int, string> Words = new Dictionary<int, string> {
            { 2, "enoent" }, { 3, "enoent" }, { 5, "eacces" }, { 19, "erofs" }, { 32, "ebusy" }, { 33, "ebusy" },
            { 39, "enospc" }, { 80, "eexist" }, { 112, "enospc" }, { 183, "eexist" }, { 206, "enametoolong" },
            { 267, "enotdir" }, { 1295, "edquot" }, { 1307, "eperm" }, { 1314, "eperm" },
        };

        public readonly string Reason, About;

        public Refusal(string reason, string about) {
            Reason = reason;
            About = about;
        }

        /// <summary>Of an error of Windows.</summary>
        public static Refusal Of(int error, string about) {
            return new Refusal(Words.ContainsKey(error) ? Words[error] : "error_" + error, about);
        }

        /// <summary>The error of Windows behind an exception; 0: there is none.</summary>
        public static int Error(Exception thrown) {
            bool ofFiles = thrown is IOException || thrown is UnauthorizedAccessException;
            Win32Exception said = thrown as Win32Exception;
            return said != null ? said.NativeErrorCode : ofFiles ? thrown.HResult & 0xffff : 0;
        }
    }

    /// <summary>A folder that only Administrators, SYSTEM and `group` see into.</summary>
    public sealed class MapsFolder : IDisposable {
        private const int Largest = 4 * 1024 * 1024;
        private const string State = "state.json", LockFile = "push.lock", New = ".new";

        private static readonly Regex Names = new Regex("^(email-servers(\\.before-[0-9]{1,16})?\\.json|state\\.json)\\z");
        private static readonly Regex Left = new Regex("\\.new\\z", RegexOptions.IgnoreCase);
        private static readonly Regex Placeholders = new Regex("^\"hmac:[0-9a-f]{32}\"\\z");

        private readonly string path, group;
        private readonly HMACSHA256 hmac;
        private readonly ISet<string> keys, shown;
        private readonly Dictionary<string, string> known = new Dictionary<string, string>();  // by placeholder

        public MapsFolder(string path, string group, string key, IEnumerable<string> keys, IEnumerable<string> shown) {
            this.path = path.TrimEnd('/', '\\');
            this.group = group;
            hmac = new HMACSHA256(Enumerable.Range(0, key.Length / 2)
                .Select(one => Convert.ToByte(key.Substring(2 * one, 2), 16)).ToArray());
            this.keys = Tokens.Quoted(keys);
            this.shown = Tokens.Quoted(shown);
            Secrets = new Redaction();
        }

        /// <summary>All that was read or filled in.</summary>
        public Redaction Secrets { get; private set; }

        /// <summary>The lock, once it is taken.</summary>
        public FileStream Held { get; private set; }

        // -- reading

        /// <summary>Documents and archives, then the state: so the state knows whatever was read.</summary>
        public void Read(IDictionary<string, object> answer) {
            string reader = Reader();
            bool there = Look();
            Dictionary<string, object> files = new Dictionary<string, object>();
            foreach (string name in there ? Documents().Concat(new[] { State }) : new string[0]) {
                byte[] data = Bytes(name);
                if (data != null) {
                    files[name] = new Dictionary<string, object> {
                        { "text", Shown(name, data) }, { "digest", Digest(data) },
                        { "open", Access.IsExceeded(Place(name), reader, false) },
                    };
                }
            }
            answer["files"] = files;
            answer["open"] = there && Access.IsExceeded(path, reader, true);
            answer["strangers"] = there ? Strangers().Take(20).ToArray() : new string[0];
            answer["holder"] = there ? Holder() : null;
            answer["writable"] = Host.IsWritable(path);
            answer["free"] = Free();
            answer["account"] = Environment.UserName;
        }

        private object Free() {
            try {
                return new DriveInfo(Path.GetPathRoot(path)).AvailableFreeSpace;
            } catch (IOException) {  // there is no such drive
                return null;
            } catch (UnauthorizedAccessException) {
                return null;
            }
        }

        // Whether it is there; a Refusal if it is somebody else's.
        private bool Look() {
            if (!Host.IsPlain(path)) { throw new Refusal("einval", path); }
            if (!Directory.Exists(path) && !File.Exists(path)) { return false; }
            if (File.Exists(path) || IsLink(path) || Access.ForeignOwner(path) != null) {
                throw new Refusal("not_private", path);
            }
            if (!File.Exists(Place(State)) && Strangers().Any()) {
                throw new Refusal("strangers", path);  // to close C:\Windows to others would harm the host
            }
            return true;
        }

        private static bool IsLink(string place) {
            return (File.GetAttributes(place) & FileAttributes.ReparsePoint) != 0;
        }

        private string Reader() {
            try {
                return Access.Reader(group);
            } catch (SystemException) {  // no such account, or no answer of the domain
                throw new Refusal("no_group", group);
            }
        }

        private List<string> AllNames() {
            return Directory.EnumerateFileSystemEntries(path).Select(Path.GetFileName).ToList();
        }

        // The document and its archives; State.JSON is state.json.
        private IEnumerable<string> Documents() {
            return AllNames().Select(name => name.ToLowerInvariant())
                .Where(name => name != State && Names.IsMatch(name)).OrderBy(name => name, StringComparer.Ordinal);
        }

        private IEnumerable<string> Strangers() {
            return AllNames().Where(IsStranger).Select(name => name.Substring(0, Math.Min(name.Length, 200)))
                .OrderBy(name => name, StringComparer.Ordinal);
        }

        private static bool IsStranger(string name) {
            return !Names.IsMatch(Left.Replace(name, "").ToLowerInvariant())
                && !name.Equals(LockFile, StringComparison.OrdinalIgnoreCase);
        }

        private string Place(string name) {
            return path + Path.DirectorySeparatorChar + name;
        }

        private string Shown(string name, byte[] data) {
            try {
                string text = Tokens.Bytes.GetString(data);
                text = name == State ? text : Tokens.ReplaceHidden(text, keys, shown, Placeholder);
                return text == null ? null : Tokens.Utf8.GetString(Tokens.Bytes.GetBytes(text));
            } catch (DecoderFallbackException) {
                return null;
            }
        }

        private string Placeholder(string token) {
            string made = "\"hmac:" + Digest(Tokens.Bytes.GetBytes(token)).Substring(0, 32) + "\"";
            known[made] = token;
            Secrets.AddToken(token);
            return made;
        }

        private string Digest(byte[] data) {
            return BitConverter.ToString(hmac.ComputeHash(data)).Replace("-", "").ToLowerInvariant();
        }

        // Null: it is not there. Others may rename over it and remove it meanwhile.
        private byte[] Bytes(string name) {
            string place = Place(name);
            return Patiently(place, () => {
                try {
                    if (IsLink(place) || Directory.Exists(place)) { throw new Refusal("not_private", place); }
                    if (new FileInfo(place).Length > Largest) { throw new Refusal("efbig", place); }
                    return File.ReadAllBytes(place);
                } catch (FileNotFoundException) {
                    return null;
                }
            });
        }

        // -- locking

        // Words of whoever has the lock; null: it is free.
        private string Holder() {
            string place = Place(LockFile);
            if (Held != null || !File.Exists(place)) { return null; }
            try {
                using (new FileStream(place, FileMode.Open, FileAccess.Read, FileShare.Read)) {
                    return null;
                }
            } catch (IOException) {
                using (FileStream file = new FileStream(place, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)) {
                    byte[] words = new byte[1000];
                    return Encoding.UTF8.GetString(words, 0, file.Read(words, 0, words.Length));
                }
            }
        }

        /// <summary>Make the folder, close it, take its lock; a second time: nothing.</summary>
        public void Take(string who, double wait) {
            if (Held != null) { return; }
            string reader = Reader();
            if (!Look()) {
                Access.MakeFolder(path, reader);
            }
            if (Access.IsExceeded(path, reader, true)) {
                Access.CloseFolder(path, reader);
            }
            if (Access.IsExceeded(path, reader, true)) {
                throw new Refusal("enotsup", path);  // a drive without access lists
            }
            Lock(Math.Max(wait, 0.3));  // a reader's probe of the lock is short
            byte[] words = Encoding.UTF8.GetBytes(who);
            Held.Write(words, 0, words.Length);
            Held.SetLength(words.Length);
            Held.Flush(true);
            foreach (string left in AllNames().Where(name => Left.IsMatch(name) && !IsStranger(name))) {
                File.Delete(Place(left));
            }
            foreach (string name in Documents()) {
                Shown(name, Bytes(name) ?? new byte[0]);  // all placeholders of this folder are known from now on
            }
        }

        private void Lock(double wait) {
            DateTime end = DateTime.UtcNow.AddSeconds(wait);
            while (Held == null) {
                try {
                    Held = Host.OpenLock(Place(LockFile));
                } catch (IOException thrown) {
                    if (Refusal.Error(thrown) != 32) { throw; }
                    if (DateTime.UtcNow >= end) { throw new Refusal("locked", Holder() ?? ""); }
                    Thread.Sleep(100);
                }
            }
        }

        public void Dispose() {
            if (Held != null) {
                Held.Dispose();
            }
            hmac.Dispose();
        }

        // -- writing

        /// <summary>In order: each file by one rename, or removed. `digests`: of what was done so far.</summary>
        public void Write(IDictionary expect, IList<IDictionary> files, IDictionary<string, object> digests) {
            foreach (string name in expect.Keys.Cast<string>()) {
                byte[] data = Bytes(Ours(name));
                if ((data == null ? null : Digest(data)) != (string)expect[name]) {
                    throw new Refusal("moved", Place(name));
                }
            }
            List<byte[]> filled = files.Select(Filled).ToList();  // all, before the first is replaced
            for (int place = 0; place < files.Count; place++) {
                string name = (string)files[place]["name"], copy = (string)files[place]["copy"];
                byte[] data = copy == null ? filled[place] : Bytes(copy);
                if (copy != null && data == null) { throw new Refusal("moved", Place(copy)); }
                Patiently(Place(name), () => Replace(Place(name), data));
                digests[name] = data == null ? null : Digest(data);
            }
        }

        private static string Ours(string name) {
            if (!Names.IsMatch(name)) { throw new Refusal("einval", name); }
            return name;
        }

        // A text as bytes, with values for placeholders, at hidden places only.
        private byte[] Filled(IDictionary file) {
            string name = Ours((string)file["name"]), text = (string)file["text"];
            Ours((string)file["copy"] ?? name);
            if (text == null) { return null; }
            string data = Tokens.Bytes.GetString(Tokens.Utf8.GetBytes(text));
            data = name == State ? data : Tokens.ReplaceHidden(data, keys, shown, Value);
            if (data == null) { throw new Refusal("damaged", Place(name)); }
            if (data.Length > Largest) { throw new Refusal("efbig", Place(name)); }
            return Tokens.Bytes.GetBytes(data);
        }

        // What a hidden token stands for. Later operations may name it, and must not show it.
        private string Value(string token) {
            string value;
            if (known.TryGetValue(token, out value)) { return value; }
            if (Placeholders.IsMatch(token)) { throw new Refusal("moved", path); }
            Placeholder(token);
            return token;
        }

        /// <summary>A secret of a conversation: a value, or a placeholder of one that lies here.</summary>
        public string Secret(string text) {
            string token = "\"" + text + "\"";
            string value = Placeholders.IsMatch(token) ? Tokens.Value(Value(token)) : text;
            Secrets.Add(value);
            return value;
        }

        // Null: remove it.
        private static byte[] Replace(string place, byte[] data) {
            if (data == null) {
                File.Delete(place);
                return null;
            }
            using (FileStream file = new FileStream(
                place + New, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.WriteThrough)) {
                file.Write(data, 0, data.Length);
                file.Flush(true);
            }
            int error = Host.Rename(place + New, place);
            if (error != 0) { throw new Win32Exception(error); }
            return data;
        }

        // A scanner or an indexer looks into what is new, and is done soon; a rename over a file that
        // somebody reads fails with 5, whatever the reader shares.
        private static T Patiently<T>(string about, Func<T> work) {
            DateTime end = DateTime.UtcNow.AddSeconds(5);
            while (true) {
                try {
                    return work();
                } catch (Exception thrown) {
                    int error = Refusal.Error(thrown);
                    if (error == 0) { throw; }
                    if ((error != 5 && error != 32 && error != 33) || DateTime.UtcNow >= end) {
                        throw Refusal.Of(error, about);
                    }
                }
                Thread.Sleep(50);
            }
        }
    }
}
