// A module's parameters as JSON values; Ansible has checked their types.

using System;
using System.Collections.Generic;
using System.Linq;

namespace Ansible.Maps.Parameters {
    /// <summary>Parameters by name; what was not given is null, false or empty.</summary>
    public sealed class ModuleParameters {
        private readonly Dictionary<string, object> given;

        public ModuleParameters(Dictionary<string, object> given) {
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
            return value == null ? otherwise : checked((int)(long)value);
        }

        public string[] Texts(string name) {
            List<object> values = (List<object>)Value(name) ?? new List<object>();
            return values.Cast<string>().ToArray();
        }

        /// <summary>An object; null if it was not given.</summary>
        public Dictionary<string, object> Table(string name) {
            return (Dictionary<string, object>)Value(name);
        }

        private object Value(string name) {
            object value;
            return given.TryGetValue(name, out value) ? value : null;
        }
    }
}
