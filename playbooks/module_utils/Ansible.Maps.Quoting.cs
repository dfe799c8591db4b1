// A command's arguments as the one text that Windows starts programs with. Pure.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Ansible.Maps.Files;

namespace Ansible.Maps.Quoting {
    /// <summary>
    /// Quoted so that CommandLineToArgvW, and with it nearly every program, reads the same:
    /// https://learn.microsoft.com/en-us/windows/win32/api/shellapi/nf-shellapi-commandlinetoargvw
    /// https://learn.microsoft.com/en-us/cpp/c-language/parsing-c-command-line-arguments
    /// </summary>
    public static class CommandLine {
        private const int Longest = 32766;  // CreateProcessW, with the zero at the end

        /// <summary>FileFault of what no program could be started with.</summary>
        public static string Of(IList<string> argv) {
            string program = argv[0];
            if (program == "" || program.Contains("\"")) {
                throw Unusable("it is no path of a program", program);
            }
            if (argv.Any(argument => argument.Contains("\0"))) {
                throw Unusable("an argument has a zero in it", program);
            }
            // In the program's name a backslash is always one.
            string line = string.Join(" ", new[] { "\"" + program + "\"" }
                .Concat(argv.Skip(1).Select(Quoted)));
            if (line.Length > Longest) {
                throw Unusable("its arguments are too long for Windows", program);
            }
            return line;
        }

        private static FileFault Unusable(string why, string program) {
            return new FileFault("einval", why, program, null);
        }

        private static string Quoted(string argument) {
            if (argument != "" && argument.IndexOfAny(" \t\n\v\r\"".ToCharArray()) < 0) {
                return argument;
            }
            StringBuilder quoted = new StringBuilder("\"");
            int backslashes = 0;
            foreach (char one in argument) {
                if (one == '"') {
                    quoted.Append('\\', backslashes + 1);
                }
                backslashes = one == '\\' ? backslashes + 1 : 0;
                quoted.Append(one);
            }
            return quoted.Append('\\', backslashes).Append('"').ToString();
        }

        /// <summary>
        /// Whether Windows would hand it to cmd.exe, which reads arguments in another way, and
        /// whatever stands between two percent signs: no quoting is safe there. It looks past
        /// blanks and dots at the end.
        /// </summary>
        public static bool IsBatchFile(string program) {
            string name = program.TrimEnd(' ', '.').ToUpperInvariant();
            return name.EndsWith(".BAT", StringComparison.Ordinal)
                || name.EndsWith(".CMD", StringComparison.Ordinal);
        }
    }
}
