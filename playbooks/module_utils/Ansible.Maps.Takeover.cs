// How MAPS takes a document over: the administrator's command, then a restart of its service.

using System;
using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.Command;
using Ansible.Maps.Document;
using Ansible.Maps.Folder;
using Ansible.Maps.Journal;
using Ansible.Maps.Record;

namespace Ansible.Maps.Takeover {
    /// <summary>What makes MAPS take a document over; either part may be missing, or both.</summary>
    public sealed class MapsTakeover {
        private const string CommandName = "maps_apply_command";

        private readonly PrivateFolder folder;
        private readonly string[] command;
        private readonly string service;
        private readonly Func<string, int, Ended> restart;
        private readonly int timeout;

        /// <summary>
        /// `command`: argv, which gets the document's path; `restart` is called with `service` and
        /// `timeout` (seconds). Null or empty: there is none.
        /// </summary>
        public MapsTakeover(
            PrivateFolder folder,
            string[] command,
            string service,
            Func<string, int, Ended> restart,
            int timeout
        ) {
            this.folder = folder;
            this.command = command ?? new string[0];
            this.service = service;
            this.restart = restart;
            this.timeout = timeout;
            Name = HasCommand ? CommandName : RestartName;
            Ending = "";
        }

        /// <summary>Whether there is any.</summary>
        public bool IsWanted {
            get { return HasCommand || HasService; }
        }

        /// <summary>What has ended last, for messages.</summary>
        public string Name { get; private set; }

        /// <summary>And how it ended.</summary>
        public string Ending { get; private set; }

        /// <summary>Whether MAPS has not yet been given what lies there.</summary>
        public bool IsDue(byte[] data, HostRecord record) {
            return IsWanted
                && data != null
                && !Equals(record["applied"], RecordJournal.DigestOf(data));
        }

        /// <summary>
        /// Run both, the second only if the first ended well. `entries`: all whose secrets they may
        /// say.
        /// </summary>
        public Ended Run(IEnumerable<Dictionary<string, object>> entries) {
            Ended ended = null;
            if (HasCommand) {
                ended = Commanded(HostDocument.SecretsOf(entries));
                Name = CommandName;
                Ending = Name + " ended with code " + ended.Code;
            }
            if (!HasService || (ended != null && ended.Code != 0)) {
                return ended;
            }
            Ended restarted = restart(service, timeout);
            if (restarted.Code == 0) {
                return ended ?? restarted;
            }
            Name = RestartName;
            Ending = Name + " failed";
            bool started = ended != null || restarted.Started;
            return new Ended(restarted.Code, restarted.Output, started);
        }

        // A run that is killed leaves the command behind: the next one must not apply beside it.
        private Ended Commanded(IEnumerable<string> secrets) {
            string[] argv = command.Concat(new[] { folder.Place(RecordJournal.Document) }).ToArray();
            return folder.Lent(
                CommandName, held => AdminCommand.Run(argv, timeout, secrets, held));
        }

        private string RestartName {
            get { return "the restart of " + service; }
        }

        private bool HasCommand {
            get { return command.Length > 0; }
        }

        private bool HasService {
            get { return !string.IsNullOrEmpty(service); }
        }
    }
}
