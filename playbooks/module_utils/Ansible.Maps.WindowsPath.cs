// Paths as Windows takes them whole: without a limit of 260 characters, and without a second meaning
// of parts of them. Pure.

using System;
using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.Files;

namespace Ansible.Maps.WindowsPath {
    /// <summary>
    /// The form that the file system gets as it is:
    /// https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
    /// </summary>
    public static class ExtendedPath {
        /// <summary>
        /// \\?\C:\folder\file of C:\folder/file. FileFault of what is relative, on no drive of this
        /// host (no lock and no flush is sure over a network), or names something else than it says.
        /// </summary>
        public static string Of(string path) {
            string[] parts = path.Replace('/', '\\').Split('\\');
            List<string> names = parts.Skip(1).Where(name => name != "").ToList();
            if (parts.Length < 2 || !IsDrive(parts[0]) || !names.All(IsPlain)) {
                throw new FileFault("einval", "it is no absolute path of plain names", path,
                    @"write maps_directory like C:\ProgramData\maps-provisioner");
            }
            return @"\\?\" + parts[0] + @"\" + string.Join(@"\", names);
        }

        private static bool IsDrive(string part) {
            return part.Length == 2 && part[1] == ':'
                && char.ToUpperInvariant(part[0]) >= 'A' && char.ToUpperInvariant(part[0]) <= 'Z';
        }

        // No stream of a file, no wildcard, no . and .. and nothing that other programs would cut off.
        private static bool IsPlain(string part) {
            return part.IndexOfAny("<>:\"|?*".ToCharArray()) < 0
                && !part.Any(char.IsControl)
                && !part.EndsWith(".", StringComparison.Ordinal)
                && !part.EndsWith(" ", StringComparison.Ordinal);
        }
    }
}
