// How both modules end: a sealed result, and of an unexpected exception its type and place only.
// The twin of maps_module.py.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Reflection;
using Ansible.Maps.Refusal;
using Ansible.Maps.Sealed;

namespace Ansible.Maps.Answer {
    /// <summary>What a module has to say.</summary>
    public sealed class ModuleAnswer {
        private const string Doubtful = "doubtful";

        public readonly Dictionary<string, object> Maps;
        public readonly bool Changed;

        /// <summary>Why the host is not as asked for, else empty.</summary>
        public readonly string Failure;

        public ModuleAnswer(Dictionary<string, object> maps, bool changed, string failure) {
            Maps = maps;
            Changed = changed;
            Failure = failure;
        }

        public ModuleAnswer(Dictionary<string, object> maps, bool changed) : this(maps, changed, "") {
        }

        /// <summary>The facts as Ansible gets them: nothing in them is masked by chance.</summary>
        public string Sealed() {
            return SealedText.Of(new Dictionary<string, object> {
                { "maps", Maps }, { "msg", Failure },
            });
        }

        /// <summary>The answer of `work`; `phase` names it if it fails. Throws nothing.</summary>
        public static ModuleAnswer Of(Func<ModuleAnswer> work, string phase) {
            try {
                return work();
            } catch (HostRefusal refusal) {
                return Failed(phase, refusal.Doubtful, refusal.Reason, refusal.Message);
            } catch (Exception error) {  // its words may quote a secret
                bool doubtful = !Equals(error.Data[Doubtful], false);
                return Failed(phase, doubtful, "bug", "this is our bug: " + TypeAndPlace(error));
            }
        }

        /// <summary>What `work` gives; what it throws says whether `moved` is true by then.</summary>
        public static T Marked<T>(Func<T> work, Func<bool> moved) {
            try {
                return work();
            } catch (HostRefusal refusal) {
                refusal.Doubtful = moved();
                throw;
            } catch (Exception error) {
                error.Data[Doubtful] = moved();
                throw;
            }
        }

        private static ModuleAnswer Failed(
            string phase,
            bool doubtful,
            string reason,
            string words
        ) {
            Dictionary<string, object> maps = new Dictionary<string, object> {
                { "phase", phase },
                { "state", doubtful ? "unknown" : "refused" },
                { "reason", reason },
            };
            return new ModuleAnswer(maps, false, words);
        }

        // Scripts are compiled without line numbers: the innermost method of ours is the place.
        private static string TypeAndPlace(Exception error) {
            StackFrame[] frames = new StackTrace(error).GetFrames() ?? new StackFrame[0];
            string place = frames.Select(PlaceOf).FirstOrDefault(name => name != null);
            return error.GetType().Name + " in " + (place ?? "the module");
        }

        private static string PlaceOf(StackFrame frame) {
            MethodBase method = frame.GetMethod();
            Type type = method == null ? null : method.DeclaringType;
            bool ours = type != null && (type.FullName ?? "").StartsWith("Ansible.Maps.", StringComparison.Ordinal);
            return ours ? type.Name + "." + method.Name : null;
        }
    }
}
