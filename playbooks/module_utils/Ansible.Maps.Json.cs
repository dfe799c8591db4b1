// JSON as Python's json module reads and writes it, to the byte: both kinds of hosts have the same
// documents, and digests of them.
//
// In memory: null, bool, string, long, JsonNumber (whatever no long holds), Dictionary<string,
// object> and List<object>.

using Ansible.Maps.JsonReading;
using Ansible.Maps.JsonWriting;

namespace Ansible.Maps.Json {
    /// <summary>Values from text, and text from values.</summary>
    public static class JsonText {
        /// <summary>What json.loads(text) gives. FormatException, without any of the text.</summary>
        public static object Parse(string text) {
            return new JsonReader(text).Whole();
        }

        /// <summary>json.dumps(value, sort_keys=sorted): one line of ASCII.</summary>
        public static string Compact(object value, bool sorted) {
            return new JsonWriter(true, sorted, false).Written(value);
        }

        /// <summary>json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).</summary>
        public static string Indented(object value) {
            return new JsonWriter(false, true, true).Written(value);
        }

        /// <summary>json.dumps(value, indent=2, sort_keys=True).</summary>
        public static string IndentedAscii(object value) {
            return new JsonWriter(true, true, true).Written(value);
        }
    }
}
