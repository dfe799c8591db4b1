// Calls of what the rest stands on: JSON, names, redaction, documents, and what is decided of
// Windows' paths, command lines and access control lists before Windows is asked.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.AccessControl;
using System.Security.Principal;
using Ansible.Maps.Access;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Command;
using Ansible.Maps.Document;
using Ansible.Maps.Files;
using Ansible.Maps.Host;
using Ansible.Maps.Json;
using Ansible.Maps.Quoting;
using Ansible.Maps.Redaction;
using Ansible.Maps.Sealed;
using Ansible.Maps.WindowsCalls;
using Ansible.Maps.WindowsFiles;
using Ansible.Maps.WindowsPath;
using Ansible.Maps.WindowsProcesses;

public static class GroundCalls {
    private static readonly Dictionary<string, Func<Dictionary<string, object>, object>> Calls =
        new Dictionary<string, Func<Dictionary<string, object>, object>> {
            { "json.written", Written },
            { "names.fold", given => Texts(given, "names").Select(Names.Fold).Cast<object>().ToList() },
            { "names.sorted", given => Texts(given, "names").OrderBy(name => name, Names.Order).Cast<object>().ToList() },
            { "names.folding", given => Folding() },
            { "redaction.redacted", given => Redacted.Text(Text(given, "text"), Texts(given, "secrets")) },
            { "redaction.redacted_tree", given => Redacted.Tree(given["value"], Texts(given, "secrets")) },
            { "redaction.one_line", given => Redacted.OneLine(Text(given, "text"), Number(given, "limit")) },
            { "redaction.last_lines", LastLines },
            { "sealed.sealed", given => SealedText.Of(given["facts"]) },
            { "document.serialised", Serialised },
            { "document.parsed", Parsed },
            { "document.entry_digest", given => HostDocument.EntryDigest(given["entry"]) },
            { "document.fingerprint", given => HostDocument.Fingerprint(Bytes(given), Text(given, "key")) },
            { "document.secrets_of", given => HostDocument.SecretsOf(List(given, "entries")).Cast<object>().ToList() },
            { "document.token_expiry", given => HostDocument.TokenExpiry(given["entry"]) },
            { "document.account", given => HostDocument.Account(given["entry"], Text(given, "ca_file")) },
            { "windows.path", given => Faulted(() => ExtendedPath.Of(Text(given, "path"))) },
            { "windows.command_line", given => Faulted(() => CommandLine.Of(Texts(given, "argv"))) },
            { "windows.is_batch_file", given => CommandLine.IsBatchFile(Text(given, "program")) },
            { "windows.descriptor", given => Sddl(Access(given).Descriptor()) },
            { "windows.sddl", given => Sddl(Bytes(given)) },
            { "windows.is_exceeded", given => Access(given).IsExceededBy(Binary(Text(given, "sddl"))) },
            { "windows.foreign_owner", ForeignOwner },
            { "windows.fault", Fault },
            { "windows.used", Used },
            { "windows.run", Run },
            { "windows.sizes", given => Sizes() },
        };

    public static object Call(string name, Dictionary<string, object> arguments) {
        return Calls[name](arguments);
    }

    // -- what a call was given

    private static string Text(Dictionary<string, object> given, string name) {
        return (string)given[name];
    }

    private static int Number(Dictionary<string, object> given, string name) {
        return (int)(long)given[name];
    }

    private static List<object> List(Dictionary<string, object> given, string name) {
        return (List<object>)given[name];
    }

    private static List<string> Texts(Dictionary<string, object> given, string name) {
        return List(given, name).Cast<string>().ToList();
    }

    private static byte[] Bytes(Dictionary<string, object> given) {
        return Convert.FromBase64String(Text(given, "data"));
    }

    // -- JSON and names

    private static object Written(Dictionary<string, object> given) {
        object value = JsonText.Parse(Text(given, "text"));
        return new List<object> {
            JsonText.Compact(value, false),
            JsonText.Compact(value, true),
            JsonText.Indented(value),
            JsonText.IndentedAscii(value),
        };
    }

    // Every character that folds to another. 0xd800 to 0xdfff are halves of pairs; the planes of
    // Unicode from the third on have no letters with a case.
    private static object Folding() {
        string[] all = Enumerable.Range(1, 0x1ffff)
            .Where(point => point < 0xd800 || point > 0xdfff)
            .Select(char.ConvertFromUtf32)
            .ToArray();
        string[] folded = Names.Fold(string.Join("\0", all)).Split('\0');
        return Enumerable.Range(0, all.Length)
            .Where(place => folded[place] != all[place])
            .ToDictionary(place => all[place], place => (object)folded[place]);
    }

    private static object LastLines(Dictionary<string, object> given) {
        return Redacted.LastLines(Text(given, "text"), Number(given, "count"), Number(given, "limit"));
    }

    // -- documents

    private static object Serialised(Dictionary<string, object> given) {
        return Convert.ToBase64String(
            HostDocument.Serialised((long)given["generation"], List(given, "servers")));
    }

    private static object Parsed(Dictionary<string, object> given) {
        HostDocument document = HostDocument.Parsed(Bytes(given), Text(given, "path"));
        return new List<object> { document.Generation, document.Entries };
    }

    // -- Windows

    private static object Faulted(Func<string> work) {
        try {
            return work();
        } catch (FileFault fault) {
            return new Dictionary<string, object> { { "code", fault.Code }, { "words", fault.Message } };
        }
    }

    private static PrivateAccess Access(Dictionary<string, object> given) {
        string reader = Text(given, "reader");
        SecurityIdentifier account = reader == null ? null : new SecurityIdentifier(reader);
        return new PrivateAccess(account, (bool)given["folder"]);
    }

    private static byte[] Binary(string sddl) {
        RawSecurityDescriptor descriptor = new RawSecurityDescriptor(sddl);
        byte[] binary = new byte[descriptor.BinaryLength];
        descriptor.GetBinaryForm(binary, 0);
        return binary;
    }

    private static string Sddl(byte[] binary) {
        return new RawSecurityDescriptor(binary, 0).GetSddlForm(AccessControlSections.All);
    }

    private static object ForeignOwner(Dictionary<string, object> given) {
        SecurityIdentifier own = new SecurityIdentifier(Text(given, "own"));
        SecurityIdentifier owner = PrivateAccess.ForeignOwner(Binary(Text(given, "sddl")), own);
        return owner == null ? null : owner.Value;
    }

    private static object Fault(Dictionary<string, object> given) {
        FileFault fault = WindowsFault.Of(Number(given, "error"), Text(given, "path"));
        return new List<object> { fault.Code, fault.WayOut };
    }

    // From now on the transaction is on files and processes of Windows, or what stands for it.
    private static object Used(Dictionary<string, object> given) {
        HostFiles.Current = new WindowsHostFiles(new SecurityIdentifier(Text(given, "account")));
        HostProcesses.Current = new WindowsHostProcesses();
        return null;
    }

    private static object Run(Dictionary<string, object> given) {
        int timeout = Number(given, "seconds");
        Ended ended = AdminCommand.Run(Texts(given, "argv"), timeout, Texts(given, "secrets"), null);
        return new List<object> { (long)ended.Code, ended.Output, ended.Started };
    }

    private static object Sizes() {
        return new Dictionary<string, object> {
            { "SECURITY_ATTRIBUTES", Marshal.SizeOf(typeof(SecurityAttributes)) },
            { "BY_HANDLE_FILE_INFORMATION", Marshal.SizeOf(typeof(FileInformation)) },
            { "WIN32_FIND_DATAW", Marshal.SizeOf(typeof(FoundFile)) },
            { "STARTUPINFOW", Marshal.SizeOf(typeof(StartupInformation)) },
            { "PROCESS_INFORMATION", Marshal.SizeOf(typeof(ProcessInformation)) },
        };
    }
}
