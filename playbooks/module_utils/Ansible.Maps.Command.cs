// A command of the host's administrator: its exit code and its last words, without secrets. Twin of
// maps_command.py.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using Ansible.Maps.Files;
using Ansible.Maps.Host;
using Ansible.Maps.Processes;
using Ansible.Maps.Redaction;
using Ansible.Maps.Utf8;

namespace Ansible.Maps.Command {
    /// <summary>How a command ended; Started says whether it ran at all.</summary>
    public sealed class Ended {
        public Ended(int code, string output, bool started) {
            Code = code;
            Output = output;
            Started = started;
        }

        public int Code { get; private set; }

        public string Output { get; private set; }

        public bool Started { get; private set; }
    }

    /// <summary>Runs such commands.</summary>
    public static class AdminCommand {
        // As timeout(1) and the shell have them.
        public const int TimedOut = 124, NotExecutable = 126, NotFound = 127;

        /// <summary>
        /// Run it without a shell; after `timeout` seconds kill it and all that it has started.
        /// `held`: a lock that it holds beside us, or null.
        /// </summary>
        public static Ended Run(
            IList<string> argv,
            int timeout,
            IEnumerable<string> secrets,
            IFileLock held
        ) {
            IRunningProcess process;
            try {
                process = HostProcesses.Current.Start(argv.ToArray(), held);
            } catch (FileFault fault) {
                int code = fault.Code == "enoent" ? NotFound : NotExecutable;
                return new Ended(code, argv[0] + ": " + fault.Message, false);
            }
            using (process) {
                OutputTail output = new OutputTail(process);
                bool ended = process.Wait(TimeSpan.FromSeconds(timeout));
                if (!ended) {
                    process.KillAll();
                }
                string text = Redacted.Text(output.Text(), secrets.SelectMany(Spellings));
                text = Redacted.LastLines(text);
                return new Ended(ended ? process.ExitCode : TimedOut, Said(text, ended, timeout), true);
            }
        }

        // As it is, and as it looks if it is written in another encoding and read as UTF-8.
        private static IEnumerable<string> Spellings(string secret) {
            return HostProcesses.Current.OtherEncodings
                .Select(other => LenientUtf8.Decoded(other.GetBytes(secret)))
                .Concat(new[] { secret });
        }

        private static string Said(string text, bool ended, int timeout) {
            string killed = ended ? "" : "killed: it did not end within "
                + timeout.ToString(CultureInfo.InvariantCulture) + " s";
            return string.Join("\n", new[] { text, killed }.Where(line => line != ""));
        }
    }

    /// <summary>
    /// The end of an output, read beside: a daemon that keeps it open must not hold us up.
    /// </summary>
    internal sealed class OutputTail {
        private const int KeptBytes = 16384;

        private readonly IRunningProcess process;
        private readonly Thread thread;
        private readonly List<byte> kept = new List<byte>();

        public OutputTail(IRunningProcess process) {
            this.process = process;
            thread = new Thread(Read);
            thread.IsBackground = true;
            thread.Start();
        }

        public string Text() {
            thread.Join(1000);
            lock (kept) {
                // UTF-16 is full of zeros, between which no secret would be found.
                return LenientUtf8.Decoded(kept.Where(one => one != 0).ToArray());
            }
        }

        private void Read() {
            byte[] piece = new byte[4096];
            try {
                for (int count = 1; count > 0;) {
                    count = process.Read(piece);
                    Keep(piece, count);
                }
            } catch (FileFault) {
                // What it has said until then is kept.
            } catch (ObjectDisposedException) {
                // Nobody waits for more.
            }
        }

        private void Keep(byte[] piece, int count) {
            lock (kept) {
                kept.AddRange(piece.Take(count));
                kept.RemoveRange(0, Math.Max(kept.Count - KeptBytes, 0));
            }
        }
    }
}
