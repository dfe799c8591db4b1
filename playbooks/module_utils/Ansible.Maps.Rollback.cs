// What an old document brings back: its entries, with tokens that still work. Pure.
// The twin of maps_rollback.py.

using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Document;
using Ansible.Maps.Equality;
using Ansible.Maps.Refusal;

namespace Ansible.Maps.Rollback {
    /// <summary>Archived entries with the tokens that work now.</summary>
    /// <remarks>
    /// A refresh token that its provider has replaced since is dead, and using it may end the whole
    /// grant (RFC 9700 section 4.14.2). So an entry gets, of its own grant, the token that the
    /// controller sends (`tokens`), or else the one that the host has now. The servers of
    /// `rotating` get the latter of another grant, too, if it is of the same account, client and
    /// provider; where there is none, theirs is `Dead`.
    /// </remarks>
    public sealed class RevivedEntries {
        private readonly Dictionary<string, object> sent;
        private readonly Dictionary<string, Dictionary<string, object>> there;
        private readonly HashSet<string> rotating;

        public readonly List<string> Dead = new List<string>();
        public readonly List<Dictionary<string, object>> Entries;

        /// <summary>The entries with another token than they had.</summary>
        public readonly List<Dictionary<string, object>> Renewed;

        public RevivedEntries(
            IEnumerable<Dictionary<string, object>> archived,
            IEnumerable<Dictionary<string, object>> current,
            Dictionary<string, object> tokens,
            IEnumerable<string> rotating
        ) {
            sent = new Dictionary<string, object>();
            foreach (KeyValuePair<string, object> pair in tokens) {
                sent[Names.Fold(pair.Key)] = pair.Value;
            }
            there = new Dictionary<string, Dictionary<string, object>>();
            foreach (Dictionary<string, object> entry in current) {
                there[HostDocument.KeyOf(entry)] = entry;
            }
            this.rotating = new HashSet<string>(rotating.Select(Names.Fold));
            List<Dictionary<string, object>> before = archived.ToList();
            Entries = before.Select(Revived).ToList();
            Renewed = Entries.Where((entry, i) => !Same.Values(entry, before[i])).ToList();
        }

        /// <summary>
        /// The entries of a rollback; Refusal where one could only bring back a dead token.
        /// </summary>
        public static List<Dictionary<string, object>> RolledBack(
            IEnumerable<Dictionary<string, object>> archived,
            IEnumerable<Dictionary<string, object>> current,
            Dictionary<string, object> tokens,
            IEnumerable<string> rotating
        ) {
            RevivedEntries revived = new RevivedEntries(archived, current, tokens, rotating);
            if (revived.Dead.Count > 0) {
                IEnumerable<string> names = revived.Dead.OrderBy(Names.Fold, Names.Order);
                string words = "the tokens that " + string.Join(", ", names)
                    + " had then have been replaced since: sign in again, then push";
                throw new HostRefusal("dead_token", words);
            }
            return revived.Entries;
        }

        /// <summary>What to give back: only entries of `rotating` get another token.</summary>
        public static RevivedEntries KeptAlive(
            IEnumerable<Dictionary<string, object>> archived,
            IEnumerable<Dictionary<string, object>> current,
            IEnumerable<string> rotating
        ) {
            HashSet<string> names = new HashSet<string>(rotating.Select(Names.Fold));
            return new RevivedEntries(
                archived,
                current.Where(entry => names.Contains(HostDocument.KeyOf(entry))),
                new Dictionary<string, object>(),
                rotating
            );
        }

        private Dictionary<string, object> Revived(Dictionary<string, object> entry) {
            if (TokenOf(entry) == null) {
                return entry;
            }
            object token = WorkingToken(entry);
            if (token == null) {
                if (Rotates(entry)) {
                    Dead.Add((string)entry["server_name"]);
                }
                return entry;
            }
            Dictionary<string, object> oauth2 =
                new Dictionary<string, object>((Dictionary<string, object>)entry["oauth2"]);
            oauth2["token"] = token;
            Dictionary<string, object> revived = new Dictionary<string, object>(entry);
            revived["oauth2"] = oauth2;
            return revived;
        }

        private object WorkingToken(Dictionary<string, object> entry) {
            string key = HostDocument.KeyOf(entry);
            object known;
            sent.TryGetValue(key, out known);
            Dictionary<string, object> now;
            there.TryGetValue(key, out now);
            object grant = HostDocument.At(entry, "oauth2", "token", "grant_id");
            foreach (object token in new[] { known, TokenOf(now) }) {
                bool isToken = token is Dictionary<string, object>;
                if (isToken && Same.Values(HostDocument.At(token, "grant_id"), grant)) {
                    return token;
                }
            }
            return Rotates(entry) && IsOfSameAccount(now, entry) ? TokenOf(now) : null;
        }

        private bool Rotates(Dictionary<string, object> entry) {
            return rotating.Contains(HostDocument.KeyOf(entry));
        }

        private static bool IsOfSameAccount(
            Dictionary<string, object> one,
            Dictionary<string, object> other
        ) {
            object url = HostDocument.RefreshEndpoint(one);
            return Same.Values(url, HostDocument.RefreshEndpoint(other))
                && Same.Values(
                    HostDocument.At(one, "oauth2", "client_id"),
                    HostDocument.At(other, "oauth2", "client_id"))
                && Same.Values(
                    HostDocument.At(one, "user_name"), HostDocument.At(other, "user_name"));
        }

        private static object TokenOf(Dictionary<string, object> entry) {
            return HostDocument.At(entry, "oauth2", "token");
        }
    }
}
