// A module's parameters, as PowerShell hands them over: Ansible.Basic has checked their types.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Ansible.Maps.Parameters {
    /// <summary>Parameters by name; what was not given is null, false or empty.</summary>
    public sealed class ModuleParameters {
        private readonly IDictionary<string, object> given;

        public ModuleParameters(IDictionary<string, object> given) {
            this.given = given;
        }

        /// <summary>A text; null if it was not given, or is empty.</summary>
        public string Text(string name) {
            string text = (string)Value(name);
            return string.IsNullOrEmpty(text) ? null : text;
        }

        /// <summary>A text without which nothing goes.</summary>
        public string Needed(string name) {
            string text = Text(name);
            if (text == null) {
                throw new ArgumentException("the parameter " + name + " is missing");
            }
            return text;
        }

        public bool Flag(string name) {
            return Equals(Value(name), true);
        }

        /// <summary>A whole number, `otherwise` if it was not given.</summary>
        public int Whole(string name, int otherwise) {
            object value = Value(name);
            return value == null ? otherwise : Convert.ToInt32(value, CultureInfo.InvariantCulture);
        }

        public string[] Texts(string name) {
            IEnumerable values = Value(name) as IEnumerable ?? new string[0];
            return values.Cast<object>().Select(value => (string)value).ToArray();
        }

        /// <summary>An object of texts; null if it was not given.</summary>
        public Dictionary<string, object> Table(string name) {
            IDictionary table = Value(name) as IDictionary;
            if (table == null) {
                return null;
            }
            Dictionary<string, object> copy = new Dictionary<string, object>();
            foreach (DictionaryEntry pair in table) {
                copy[(string)pair.Key] = pair.Value;
            }
            return copy;
        }

        private object Value(string name) {
            object value;
            return given.TryGetValue(name, out value) ? value : null;
        }
    }
}
