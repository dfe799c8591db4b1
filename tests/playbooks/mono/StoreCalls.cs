// Calls of the transaction. A store has no state but the host's and what is answered: each call has
// the settings of its run, and answers what the store says of itself beside the result.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Ansible.Maps.Answer;
using Ansible.Maps.Command;
using Ansible.Maps.Comparison;
using Ansible.Maps.Delivery;
using Ansible.Maps.Document;
using Ansible.Maps.EmailServers;
using Ansible.Maps.Lease;
using Ansible.Maps.Number;
using Ansible.Maps.Prints;
using Ansible.Maps.Record;
using Ansible.Maps.Rollback;
using Ansible.Maps.Store;
using Ansible.Maps.View;

public static class StoreCalls {
    public static object Call(string name, Dictionary<string, object> arguments) {
        switch (name) {
            case "store.module":
                return Module(arguments);
            case "store.compare":
                return Compared(arguments);
            case "store.prints":
                return SecretPrints.Of(Table(arguments, "entry"), Text(arguments, "key"));
            case "store.withheld":
                return SecretPrints.WithoutSecrets(Table(arguments, "entry"));
            case "store.kept_alive":
                return KeptAlive(arguments);
            case "store.revived":
                return RevivedEntries.RolledBack(
                    Entries(arguments, "archived"),
                    Entries(arguments, "current"),
                    Table(arguments, "tokens"),
                    Texts(arguments, "rotating"));
            case "store.record":
                HostRecord record = HostRecord.Parsed(Utf8(Text(arguments, "text")));
                return record == null ? null : Encoding.ASCII.GetString(record.Serialised());
            default:
                return Answered(name, arguments);
        }
    }

    // -- the module: parameters in, answer out

    private static object Module(Dictionary<string, object> arguments) {
        List<object> restarts = new List<object>();
        Queue<object> ends = new Queue<object>(
            HostDocument.At(arguments, "restart") as List<object> ?? new List<object>());
        ModuleAnswer answer = EmailServersModule.Run(
            Table(arguments, "parameters"),
            Equals(arguments["check_mode"], true),
            (service, timeout) => {
                restarts.Add(new List<object> { service, timeout });
                object end = ends.Count > 1 ? ends.Dequeue() : ends.Peek();
                return new Ended(
                    (int)(long)HostDocument.At(end, "code"),
                    (string)HostDocument.At(end, "output"),
                    (bool)HostDocument.At(end, "started"));
            });
        return new Dictionary<string, object> {
            { "changed", answer.Changed },
            { "sealed", answer.Sealed() },
            { "failed", answer.Failure != "" },
            { "restarts", restarts },
        };
    }

    // -- a store

    private static object Answered(string name, Dictionary<string, object> arguments) {
        DocumentStore store = new DocumentStore(Settings(Table(arguments, "settings")));
        try {
            object value = Value(store, name, arguments);
            return new Dictionary<string, object> {
                { "value", value },
                { "moved", store.Moved },
                { "renewed", store.Renewed },
                { "problem", store.Problem },
            };
        } catch (Exception error) {
            Console.Error.WriteLine("moved: " + store.Moved + " " + error.GetType().Name);
            throw;
        }
    }

    private static object Value(
        DocumentStore store,
        string name,
        Dictionary<string, object> arguments
    ) {
        switch (name) {
            case "store.deliver":
                return Shown(store.Deliver(Delivery(arguments)));
            case "store.compared":
                return Shown(store.Compared(Delivery(arguments), Text(arguments, "print_key")));
            case "store.roll_back":
                return Shown(store.RollBack(Delivery(arguments)));
            case "store.rolled_back":
                return Shown(store.RolledBack(Delivery(arguments)));
            case "store.restore":
                return store.Restore(Texts(arguments, "rotating"));
            case "store.record_proofs":
                RecordProofs(store, arguments);
                return null;
            case "store.renew_lease":
                store.RenewLease();
                return null;
            case "store.unlock":
                KeyValuePair<string, Dictionary<string, object>> ended =
                    store.Unlock(Equals(arguments["force"], true));
                return new List<object> { ended.Key, ended.Value };
            case "store.predecessor":
                return store.Predecessor().ToDictionary(p => p.Key, p => (object)p.Value);
            case "store.probe":
                return store.Probe();
            case "store.document":
                FoundDocument there = store.Document();
                return new List<object> { Bytes(there.Data), there.Generation, there.Entries };
            default:
                throw new ArgumentException("there is no call " + name);
        }
    }

    private static void RecordProofs(DocumentStore store, Dictionary<string, object> arguments) {
        store.RecordProofs(
            ((List<object>)arguments["proofs"]).Cast<List<object>>().Select(
                pair => new KeyValuePair<Dictionary<string, object>, string>(
                    (Dictionary<string, object>)pair[0], (string)pair[1])),
            Texts(arguments, "needed"),
            Texts(arguments, "accepted"),
            Equals(arguments["last"], true));
    }

    private static StoreSettings Settings(Dictionary<string, object> given) {
        return new StoreSettings {
            Directory = Text(given, "directory"),
            RunId = Text(given, "run_id"),
            Owner = Text(given, "owner"),
            Group = Text(given, "group"),
            ApplyCommand = Texts(given, "apply_command"),
            ApplyTimeout = (int)(long)given["apply_timeout"],
            LockWait = Number(given["lock_wait"]),
            Lease = Table(given, "lease"),
        };
    }

    private static Dictionary<string, object> Shown(Dictionary<string, object> result) {
        result["data"] = Bytes((byte[])result["data"]);
        return result;
    }

    // -- what it is made of

    private static object Compared(Dictionary<string, object> arguments) {
        HostRecord record = new HostRecord(Table(arguments, "record"));
        DeliveryComparison found = new DeliveryComparison(
            Delivery(arguments),
            Entries(arguments, "current"),
            record,
            Number(arguments["now"]),
            Text(arguments, "print_key"));
        return new Dictionary<string, object> {
            { "report", found.Report },
            { "entries", found.Entries },
            { "writes", found.Writes },
            { "unproven", found.Unproven },
        };
    }

    private static object KeptAlive(Dictionary<string, object> arguments) {
        RevivedEntries revived = RevivedEntries.KeptAlive(
            Entries(arguments, "archived"),
            Entries(arguments, "current"),
            Texts(arguments, "rotating"));
        return new List<object> { revived.Entries, revived.Renewed };
    }

    // -- arguments and answers

    private static HostDelivery Delivery(Dictionary<string, object> arguments) {
        return new HostDelivery(Table(arguments, "delivery"));
    }

    private static List<Dictionary<string, object>> Entries(
        Dictionary<string, object> arguments,
        string name
    ) {
        return ((List<object>)arguments[name]).Cast<Dictionary<string, object>>().ToList();
    }

    private static Dictionary<string, object> Table(
        Dictionary<string, object> arguments,
        string name
    ) {
        return (Dictionary<string, object>)HostDocument.At(arguments, name);
    }

    private static string Text(Dictionary<string, object> arguments, string name) {
        return (string)HostDocument.At(arguments, name);
    }

    private static string[] Texts(Dictionary<string, object> arguments, string name) {
        List<object> texts = HostDocument.At(arguments, name) as List<object>;
        return (texts ?? new List<object>()).Cast<string>().ToArray();
    }

    private static double Number(object value) {
        JsonNumber number = value as JsonNumber;
        string text = number == null ? value.ToString() : number.Text;
        return double.Parse(text, CultureInfo.InvariantCulture);
    }

    private static byte[] Utf8(string text) {
        return new UTF8Encoding(false).GetBytes(text);
    }

    private static string Bytes(byte[] data) {
        return data == null ? null : Convert.ToBase64String(data);
    }
}
