// What a person has to put right on a host before a transaction can go on. Twin of maps_refusal.py.

using System;

namespace Ansible.Maps.Refusal {
    /// <summary>
    /// The transaction does not take place; the document on the host is as it was.
    ///
    /// Reason is a word for programs: locked, newer, unreadable, not_private, enospc, ...
    /// Neither it nor the message holds a secret.
    /// </summary>
    public class HostRefusal : Exception {
        public HostRefusal(string reason, string message) : base(message) {
            Reason = reason;
        }

        public string Reason { get; private set; }

        /// <summary>Whether the document was replaced all the same before this went wrong.</summary>
        public bool Doubtful { get; set; }
    }
}
