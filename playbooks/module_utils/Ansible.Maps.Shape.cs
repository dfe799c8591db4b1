// Whether state.json holds what this tool writes: the host's own file may have been edited. Pure.

using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.Document;

namespace Ansible.Maps.Shape {
    /// <summary>Whether a content is what a HostRecord writes.</summary>
    public static class RecordShape {
        private const string Text = "text", TextOrNull = "text or null", Flag = "flag";
        private const string Whole = "whole", Table = "table", TableOrNull = "table or null";

        private static readonly Dictionary<string, string> Kinds = new Dictionary<string, string> {
            { "schema_version", Whole },
            { "document", TextOrNull },
            { "applied", TextOrNull },
            { "generations", Whole },
            { "predecessor", TableOrNull },
            { "delivery", TableOrNull },
            { "servers", Table },
            { "transaction", TableOrNull },
        };
        private static readonly Dictionary<string, string> PredecessorKinds =
            new Dictionary<string, string> {
                { "digest", Text }, { "servers", Table }, { "applied", TextOrNull },
            };
        private static readonly Dictionary<string, string> DeliveryKinds =
            new Dictionary<string, string> {
                { "run_id", Text }, { "owner", Text }, { "settled", Flag },
            };
        private static readonly Dictionary<string, string> ProofKinds =
            new Dictionary<string, string> {
                { "digest", Text }, { "outcome", Text }, { "at", Text }, { "run_id", Text },
            };
        private static readonly Dictionary<string, string> TransactionKinds =
            new Dictionary<string, string> {
                { "from", TextOrNull }, { "to", TextOrNull }, { "after", Table },
            };

        public static bool Fits(Dictionary<string, object> content) {
            return Has(content, Kinds)
                && (long)content["schema_version"] == 1
                && (long)content["generations"] >= 0
                && (long)content["generations"] < 1L << 53
                && HasOrNull(content["predecessor"], PredecessorKinds)
                && HasOrNull(content["delivery"], DeliveryKinds)
                && AreKnown(content["servers"])
                && AreKnown(HostDocument.At(content, "predecessor", "servers"))
                && FitsTransaction(content["transaction"]);
        }

        private static bool FitsTransaction(object transaction) {
            return transaction == null || (Has(transaction, TransactionKinds)
                && Fits((Dictionary<string, object>)HostDocument.At(transaction, "after")));
        }

        private static bool AreKnown(object servers) {
            return servers == null || ((Dictionary<string, object>)servers).Values.All(IsKnown);
        }

        private static bool IsKnown(object known) {
            return known is Dictionary<string, object>
                && HasOrNull(HostDocument.At(known, "proof"), ProofKinds);
        }

        private static bool HasOrNull(object content, Dictionary<string, string> kinds) {
            return content == null || Has(content, kinds);
        }

        // Whether `content` is an object in which each name of `kinds` is of its kind.
        private static bool Has(object content, Dictionary<string, string> kinds) {
            Dictionary<string, object> table = content as Dictionary<string, object>;
            return table != null
                && kinds.All(k => table.ContainsKey(k.Key) && IsOfKind(table[k.Key], k.Value));
        }

        private static bool IsOfKind(object value, string kind) {
            switch (kind) {
                case Text:
                    return value is string;
                case TextOrNull:
                    return value == null || value is string;
                case Flag:
                    return value is bool;
                case Whole:
                    return value is long;
                case Table:
                    return value is Dictionary<string, object>;
                default:
                    return value == null || value is Dictionary<string, object>;
            }
        }
    }
}
