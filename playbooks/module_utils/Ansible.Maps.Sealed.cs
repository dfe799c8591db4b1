// A module's result on its way through Ansible's masking, which reads every string in it. Twin of
// maps_sealed.py, which says why.

using System.Linq;
using Ansible.Maps.Json;

namespace Ansible.Maps.Sealed {
    /// <summary>A result in characters that no secret is made of.</summary>
    public static class SealedText {
        private const char PrivateUse = '\ue000';

        /// <summary>`facts` as private-use characters, one a byte of its JSON.</summary>
        public static string Of(object facts) {
            char[] json = JsonText.Compact(facts, false).ToCharArray();
            return new string(json.Select(one => (char)(PrivateUse + one)).ToArray());
        }
    }
}
