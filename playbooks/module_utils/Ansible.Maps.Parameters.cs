// A module's arguments as Ansible.Basic gives them, as the modules in C# take them.
using System;
using System.Collections;
using System.Collections.Generic;
using Ansible.Maps.Json;

namespace Ansible.Maps.Parameters
{
    public static class ModuleParameters
    {
        // Ansible.Basic gives text, bool, int, List<object> of texts, and null for what was not
        // given. The named ones are JSON texts: in PowerShell's hands an object would lose the
        // order and the case of its keys.
        public static Dictionary<string, object> Of(IDictionary given, string[] json)
        {
            Dictionary<string, object> parameters = new Dictionary<string, object>();
            foreach (DictionaryEntry entry in given)
            {
                string name = (string)entry.Key;
                bool isJson = Array.IndexOf(json, name) >= 0 && entry.Value != null;
                object value = entry.Value;
                parameters[name] = isJson ? JsonText.Parse((string)value) : Plain(value);
            }
            return parameters;
        }

        private static object Plain(object value)
        {
            if (value is int)
                return (long)(int)value;
            IList list = value as IList;
            if (list == null)
                return value;
            List<object> plain = new List<object>();
            foreach (object element in list)
                plain.Add(Plain(element));
            return plain;
        }
    }
}
