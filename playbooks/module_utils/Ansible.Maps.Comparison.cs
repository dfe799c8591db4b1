// How a delivery differs from what a host has. Pure: decides, and touches nothing.
// The twin of maps_comparison.py.

using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Delivery;
using Ansible.Maps.Difference;
using Ansible.Maps.Document;
using Ansible.Maps.Equality;
using Ansible.Maps.Prints;
using Ansible.Maps.Record;

namespace Ansible.Maps.Comparison {
    /// <summary>How a delivery differs from what a host has.</summary>
    public sealed class DeliveryComparison {
        /// <summary>server_name -> what the result says of it.</summary>
        public readonly Dictionary<string, object> Report = new Dictionary<string, object>();

        /// <summary>What the document is to hold.</summary>
        public readonly List<Dictionary<string, object>> Entries =
            new List<Dictionary<string, object>>();

        /// <summary>Whether that differs from what it holds.</summary>
        public bool Writes { get; private set; }

        /// <summary>Names of the delivery without a proof.</summary>
        public List<string> Unproven { get; private set; }

        private readonly HostDelivery delivery;
        private readonly HostRecord record;
        private readonly double now;
        private readonly string printKey;

        /// <summary>
        /// Compare a delivery with the entries on the host and with what `record` knows of them.
        /// </summary>
        /// <remarks>
        /// `now`: Unix seconds. With a `printKey` the delivery's secrets are withheld, and the
        /// report prints those held here.
        /// </remarks>
        public DeliveryComparison(
            HostDelivery delivery,
            List<Dictionary<string, object>> current,
            HostRecord record,
            double now,
            string printKey
        ) {
            this.delivery = delivery;
            this.record = record;
            this.now = now;
            this.printKey = printKey;
            Compare(delivery.ByKey(), current);
            string[] written = { "added", "changed", "removed" };
            Writes = Report.Values.Any(said => written.Contains(ServerReport.StateOf(said)));
            Unproven = Unproven.OrderBy(Names.Fold, Names.Order).ToList();
        }

        private void Compare(
            Dictionary<string, Dictionary<string, object>> ours,
            List<Dictionary<string, object>> current
        ) {
            HashSet<string> removed = delivery.Removed(ours.Keys, current);
            Dictionary<string, Dictionary<string, object>> theirs =
                new Dictionary<string, Dictionary<string, object>>();
            foreach (Dictionary<string, object> entry in current) {
                string key = HostDocument.KeyOf(entry);
                theirs[key] = entry;
                if (!ours.ContainsKey(key)) {
                    LookAtTheirs(key, entry, removed.Contains(key));
                } else if (removed.Contains(key) && record.IsOurs(key)) {
                    Report[NameOf(entry)] = ServerReport.Of("removed");
                }
            }
            Unproven = new List<string>();
            foreach (KeyValuePair<string, Dictionary<string, object>> pair in ours) {
                Dictionary<string, object> existing;
                theirs.TryGetValue(pair.Key, out existing);
                LookAtOurs(pair.Value, existing);
            }
        }

        private void LookAtTheirs(string key, Dictionary<string, object> entry, bool isRemoved) {
            if (delivery.IsWhole || (isRemoved && record.IsOurs(key))) {
                Report[NameOf(entry)] = ServerReport.Of("removed");
                return;
            }
            Entries.Add(entry);
            if (delivery.IsUndeclared(key)) {
                Report[NameOf(entry)] = ServerReport.Of("orphaned");
            }
        }

        private void LookAtOurs(Dictionary<string, object> entry, Dictionary<string, object> there) {
            Dictionary<string, object> kept = entry, said;
            if (there == null) {
                said = ServerReport.Of("added");
            } else if (printKey != null) {
                said = ComparedWithoutSecrets(entry, there, out kept);
            } else {
                said = Compared(entry, there, out kept);
            }
            Entries.Add(kept);
            Report[NameOf(entry)] = said;
            if (ServerReport.StateOf(said) != "unchanged" || !IsSettled(kept)) {
                Unproven.Add(NameOf(entry));
            }
        }

        private Dictionary<string, object> Compared(
            Dictionary<string, object> entry,
            Dictionary<string, object> there,
            out Dictionary<string, object> kept
        ) {
            EntryDifference difference = new EntryDifference(there, entry);
            // An equal entry may need the delivered token all the same; a refresh is no reason.
            bool isStale = !Same.Values(TokenOf(there), TokenOf(entry)) && TokenIsSpent(there);
            bool differs = difference.Any || isStale;
            kept = differs ? entry : there;
            return differs ? difference.Reported() : Unchanged(there);
        }

        // The same of all but secrets: of those, what the controller needs to finish it.
        private Dictionary<string, object> ComparedWithoutSecrets(
            Dictionary<string, object> entry,
            Dictionary<string, object> there,
            out Dictionary<string, object> kept
        ) {
            Dictionary<string, object> shown = SecretPrints.WithoutSecrets(there);
            EntryDifference difference = new EntryDifference(shown, entry);
            kept = difference.Any ? entry : there;
            Dictionary<string, object> said =
                difference.Any ? difference.Reported() : Unchanged(there);
            said["held"] = SecretPrints.Of(there, printKey);
            said["token_due"] = null;
            if (TokenIsSpent(there)) {
                bool same = Same.Values(TokenOf(shown), TokenOf(entry));
                said["token_due"] = same ? "if_other" : "other";
            }
            return said;
        }

        private Dictionary<string, object> Unchanged(Dictionary<string, object> entry) {
            Dictionary<string, object> said = ServerReport.Of("unchanged");
            said["verified"] = record.IsVerified(entry);
            return said;
        }

        // Whether another token of the same grant is to replace this one. One that somebody edited
        // on the host is not the one delivered, and an expired one that was never proven cannot be
        // proven any more.
        private bool TokenIsSpent(Dictionary<string, object> entry) {
            if (record.WasEdited(entry)) {
                return true;
            }
            long? expires = HostDocument.TokenExpiry(entry);
            return !IsSettled(entry) && expires != null && expires.Value <= now;
        }

        private bool IsSettled(Dictionary<string, object> entry) {
            return record.IsSettled(entry, delivery.Accepted);
        }

        private static object TokenOf(Dictionary<string, object> entry) {
            return HostDocument.At(entry, "oauth2", "token");
        }

        private static string NameOf(Dictionary<string, object> entry) {
            return (string)entry["server_name"];
        }
    }
}
