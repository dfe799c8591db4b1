// A module's arguments as Ansible.Basic gives them to PowerShell, as the modules in C# take them.

using System;
using System.Collections;
using System.Collections.Generic;
using Ansible.Maps.Json;

namespace Ansible.Maps.Arguments {
    /// <summary>Arguments by name.</summary>
    public static class ModuleArguments {
        /// <summary>
        /// `given` has text, bool, int, lists of text, and null for what was not given; those named
        /// in `json` are JSON texts, since an object would lose the order and the case of its names
        /// in PowerShell's hands.
        /// </summary>
        public static Dictionary<string, object> Of(IDictionary given, string[] json) {
            Dictionary<string, object> arguments = new Dictionary<string, object>();
            foreach (DictionaryEntry pair in given) {
                string name = (string)pair.Key;
                bool isJson = Array.IndexOf(json, name) >= 0 && pair.Value != null;
                arguments[name] = isJson ? JsonText.Parse((string)pair.Value) : Plain(pair.Value);
            }
            return arguments;
        }

        private static object Plain(object value) {
            if (value is int) {
                return (long)(int)value;
            }
            IList list = value as IList;
            if (list == null) {
                return value;
            }
            List<object> plain = new List<object>();
            foreach (object element in list) {
                plain.Add(Plain(element));
            }
            return plain;
        }
    }
}
