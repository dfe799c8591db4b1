// The operations of a call, in order, until one is not done. Twin of maps_host.py.
//AssemblyReference -Type System.Management.Automation.PSObject -CLR Core

using System;
using System.Collections;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Text;
using System.Threading;
using Ansible.Maps.Folder;
using Ansible.Maps.Masking;
using Ansible.Maps.Post;
using Ansible.Maps.Smtp;
using Ansible.Maps.Windows;

namespace Ansible.Maps.Operations {
    /// <summary>One call: directory, group, key, who, lock_wait, keys, shown, operations.</summary>
    public sealed class HostCall : IDisposable {
        private static readonly string[] SecretFields = { "client_secret", "refresh_token" };

        private readonly IDictionary call;
        private readonly Func<string, int, IDictionary> restart;
        private readonly bool logged;
        private readonly MapsFolder folder;

        private HostCall(IDictionary call, Func<string, int, IDictionary> restart, bool logged) {
            this.call = call;
            this.restart = restart;
            this.logged = logged;
            folder = new MapsFolder((string)call["directory"], (string)call["group"], (string)call["key"],
                Items<string>(call, "keys"), Items<string>(call, "shown"));
        }

        /// <summary>The answers to a call as it was sent; `restart` restarts a service; `logged`: PowerShell
        /// writes down what it is given.</summary>
        public static object[] Answers(IDictionary sent, Func<string, int, IDictionary> restart, bool logged) {
            using (HostCall made = new HostCall((IDictionary)Plain(sent), restart, logged)) {
                return made.Done(Items<IDictionary>(made.call, "operations"));
            }
        }

        public void Dispose() {
            folder.Dispose();
        }

        private object[] Done(IEnumerable<IDictionary> operations) {
            List<object> answers = new List<object>();
            foreach (IDictionary operation in operations) {
                Dictionary<string, object> answer = Answer(operation);
                answers.Add(answer);
                if (!(bool)answer["done"]) {
                    if (operation["else"] != null) {
                        answer["else"] = Done(Items<IDictionary>(operation, "else"));
                    }
                    break;
                }
            }
            return answers.ToArray();
        }

        private Dictionary<string, object> Answer(IDictionary operation) {
            Dictionary<string, object> answer = new Dictionary<string, object> {
                { "op", operation["op"] }, { "done", false },
            };
            try {
                answer["done"] = Do(operation, answer);
            } catch (Refusal thrown) {
                answer["reason"] = thrown.Reason;
                answer["about"] = thrown.About;
            } catch (Exception thrown) {  // never its words: they may quote an argument
                int error = Refusal.Error(thrown);
                answer["reason"] = error == 0 ? "crash" : Refusal.Of(error, null).Reason;
                answer["about"] = error == 0 ? Where(thrown) : (string)call["directory"];
            }
            if (answer.ContainsKey("about") && answer["about"] != null) {  // it may be the name of a program
                string about = folder.Secrets.Text((string)answer["about"]);
                answer["about"] = about.Substring(0, Math.Min(about.Length, 4096));
            }
            return answer;
        }

        private bool Do(IDictionary operation, Dictionary<string, object> answer) {
            string op = (string)operation["op"];
            if (op == "read") {
                folder.Read(answer);
                answer["logged"] = logged;
                answer["time"] = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
                return true;
            }
            bool onlyConnects = (op == "smtp" || op == "post") && Equals(operation["lock"], false);
            if (!onlyConnects) {
                folder.Take((string)call["who"], Number(call, "lock_wait"));
            }
            switch (op) {
                case "write":
                    Dictionary<string, object> digests = new Dictionary<string, object>();
                    answer["digests"] = digests;
                    folder.Write((IDictionary)operation["expect"], Items<IDictionary>(operation, "files"), digests);
                    return true;
                case "run":
                    return Run(Items<string>(operation, "argv"), Number(operation, "timeout"), answer);
                case "restart":
                    Merge(restart((string)operation["service"], Number(operation, "timeout")), answer);
                    return answer["reason"] == null;
                case "smtp":
                    Fill(operation, "secret");
                    Merge(new Conversation(operation, folder.Secrets).Hold(), answer);
                    return (bool)answer["done"];
                case "post":
                    IDictionary fields = (IDictionary)operation["fields"];
                    foreach (string name in SecretFields) {
                        Fill(fields, name);
                    }
                    IList basic = (IList)operation["basic"];
                    if (basic != null) {
                        basic[1] = folder.Secret((string)basic[1]);
                    }
                    Merge(Form.Post(operation, folder.Secrets), answer);
                    return (bool)answer["done"];
                default:
                    throw new Refusal("no_operation", op);
            }
        }

        private void Fill(IDictionary given, string name) {
            if (given[name] != null) {
                given[name] = folder.Secret((string)given[name]);
            }
        }

        private static void Merge(IDictionary said, Dictionary<string, object> answer) {
            foreach (DictionaryEntry one in said) {
                answer[(string)one.Key] = one.Value;
            }
        }

        /// <summary>The type of an exception, and where in our code it was thrown.</summary>
        public static string Where(Exception thrown) {
            StackFrame frame = (new StackTrace(thrown, true).GetFrames() ?? new StackFrame[0]).FirstOrDefault(
                one => one.GetMethod().DeclaringType.FullName.StartsWith("Ansible.Maps", StringComparison.Ordinal));
            return thrown.GetType().Name + (frame == null ? "" : " in " + frame.GetMethod().DeclaringType.Name
                + "." + frame.GetMethod().Name + ":" + frame.GetFileLineNumber());
        }

        // -- run

        private bool Run(IList<string> argv, int timeout, IDictionary<string, object> answer) {
            string program = argv[0].TrimEnd(' ', '.').ToUpperInvariant();
            if (program.EndsWith(".BAT", StringComparison.Ordinal) || program.EndsWith(".CMD", StringComparison.Ordinal)) {
                throw new Refusal("batch_file", argv[0]);  // cmd.exe reads arguments otherwise: no quoting is safe
            }
            Child child;
            try {
                child = new Child(CommandLine(argv), folder.Held);
            } catch (Win32Exception) {
                throw new Refusal("not_started", argv[0]);
            }
            using (child) {
                OutputTail tail = new OutputTail(child.Output);
                bool ended = child.Wait((int)Math.Min(timeout * 1000L, int.MaxValue));
                if (!ended) {
                    child.Kill();
                }
                int code = ended ? child.ExitCode() : -1;
                answer["exit"] = ended ? (object)code : null;
                string said = Decoded(folder.Secrets.Masked(tail.Text()));
                answer["output"] = said.Substring(Math.Max(said.Length - 2000, 0));
                return code == 0;
            }
        }

        // UTF-8, or else the code page of consoles.
        private static string Decoded(string text) {
            byte[] data = Tokens.Bytes.GetBytes(text);
            string said;
            try {
                said = Tokens.Utf8.GetString(data);
            } catch (DecoderFallbackException) {
                said = Host.CodePages()[0].GetString(data);
            }
            return new string(said.Where(one => one == '\n' || one == '\t' || !char.IsControl(one)).ToArray());
        }

        // Quoted as CommandLineToArgvW reads it.
        private static string CommandLine(IList<string> argv) {
            if (argv[0] == "" || argv[0].Contains("\"") || argv.Any(one => one.Contains("\0"))) {
                throw new Refusal("not_started", argv[0]);
            }
            string line = "\"" + argv[0] + "\"" + string.Concat(argv.Skip(1).Select(one => " " + Quoted(one)));
            if (line.Length > 32766) { throw new Refusal("e2big", argv[0]); }
            return line;
        }

        private static string Quoted(string argument) {
            if (argument != "" && argument.IndexOfAny(" \t\n\v\r\"".ToCharArray()) < 0) {
                return argument;
            }
            StringBuilder quoted = new StringBuilder("\"");
            int backslashes = 0;
            foreach (char one in argument) {
                if (one == '"') {
                    quoted.Append('\\', backslashes + 1);
                }
                backslashes = one == '\\' ? backslashes + 1 : 0;
                quoted.Append(one);
            }
            return quoted.Append('\\', backslashes).Append('"').ToString();
        }

        // -- arguments

        // As they were sent. PowerShell wraps some, and makes dates of texts that look like one: so each
        // text comes with a sign before it.
        private static object Plain(object value) {
            PSObject wrapped = value as PSObject;
            value = wrapped == null ? value : wrapped.BaseObject;
            string text = value as string;
            if (text != null) { return text.Substring(1); }
            IDictionary members = value as IDictionary;
            if (members != null) {
                return members.Keys.Cast<string>().ToDictionary(one => one, one => Plain(members[one]));
            }
            IEnumerable elements = value as IEnumerable;
            return elements == null ? value : elements.Cast<object>().Select(Plain).ToList();
        }

        private static int Number(IDictionary from, string name) {
            return Convert.ToInt32(from[name], CultureInfo.InvariantCulture);
        }

        private static List<T> Items<T>(IDictionary from, string name) {
            return ((IEnumerable)from[name]).Cast<T>().ToList();
        }
    }

    /// <summary>The end of an output, read beside: a daemon that keeps it open must not hold us up.</summary>
    internal sealed class OutputTail {
        private const int Kept = 16384;

        private readonly Thread thread;
        private byte[] kept = new byte[0];

        public OutputTail(Stream stream) {
            thread = new Thread(() => Read(stream)) { IsBackground = true };
            thread.Start();
        }

        /// <summary>Without control characters: UTF-16 is full of NULs, and no secret is found between.</summary>
        public string Text() {
            thread.Join(1000);
            byte[] all = kept;
            // It may begin inside of a secret, or of a character; a line may be all there is.
            int start = all.Length < Kept ? 0 : Array.IndexOf(all, (byte)'\n', 0, Kept / 2) + 1;
            return Tokens.Bytes.GetString(all.Skip(start)
                .Where(one => (one >= ' ' && one != 127) || one == '\n' || one == '\t').ToArray());
        }

        private void Read(Stream stream) {
            byte[] piece = new byte[4096];
            int count;
            try {
                while ((count = stream.Read(piece, 0, piece.Length)) > 0) {
                    byte[] all = kept.Concat(piece.Take(count)).ToArray();
                    kept = all.Skip(Math.Max(all.Length - Kept, 0)).ToArray();
                }
            } catch (IOException) {
                // What it has said until then is kept.
            }
        }
    }
}
