// Who may do what with a private file or folder of a Windows host. Pure: it reads and writes
// security descriptors in their binary form (MS-DTYP 2.4.6) and asks Windows nothing.
//AssemblyReference -Type System.Security.AccessControl.NativeObjectSecurity -CLR Core
//AssemblyReference -Type System.Security.Principal.IdentityReference -CLR Core

using System.Collections.Generic;
using System.Linq;
using System.Security.AccessControl;
using System.Security.Principal;

namespace Ansible.Maps.Access {
    /// <summary>
    /// Full control for SYSTEM and the Administrators, read access for `reader` (null: nobody),
    /// and nothing inherited from above.
    /// </summary>
    public sealed class PrivateAccess {
        public static readonly SecurityIdentifier LocalSystem = new SecurityIdentifier("S-1-5-18");
        public static readonly SecurityIdentifier Administrators =
            new SecurityIdentifier("S-1-5-32-544");

        // https://learn.microsoft.com/en-us/windows/win32/fileio/file-security-and-access-rights
        private const int FullControl = 0x1f01ff, ReadFile = 0x120089, ReadFolder = 0x1200a9;

        private static readonly SecurityIdentifier[] Trusted = { LocalSystem, Administrators };

        private readonly SecurityIdentifier reader;
        private readonly bool folder;

        public PrivateAccess(SecurityIdentifier reader, bool folder) {
            this.reader = reader;
            this.folder = folder;
        }

        private int ReadMask {
            get { return folder ? ReadFolder : ReadFile; }
        }

        /// <summary>The descriptor of what is created.</summary>
        public byte[] Descriptor() {
            ControlFlags flags = ControlFlags.SelfRelative
                | ControlFlags.DiscretionaryAclPresent
                | ControlFlags.DiscretionaryAclProtected;
            RawSecurityDescriptor descriptor =
                new RawSecurityDescriptor(flags, Administrators, null, null, Acl());
            byte[] binary = new byte[descriptor.BinaryLength];
            descriptor.GetBinaryForm(binary, 0);
            return binary;
        }

        /// <summary>Its access control list alone, in binary form.</summary>
        public byte[] AccessList() {
            RawAcl acl = Acl();
            byte[] binary = new byte[acl.BinaryLength];
            acl.GetBinaryForm(binary, 0);
            return binary;
        }

        private RawAcl Acl() {
            RawAcl acl = new RawAcl(GenericAcl.AclRevision, 3);
            AceFlags below = folder
                ? AceFlags.ObjectInherit | AceFlags.ContainerInherit
                : AceFlags.None;
            foreach (SecurityIdentifier one in Trusted) {
                acl.InsertAce(acl.Count, Allowed(one, FullControl, below));
            }
            if (reader != null && !Trusted.Contains(reader)) {
                acl.InsertAce(acl.Count, Allowed(reader, ReadMask, AceFlags.None));
            }
            return acl;
        }

        private static CommonAce Allowed(SecurityIdentifier who, int mask, AceFlags flags) {
            return new CommonAce(flags, AceQualifier.AccessAllowed, mask, who, false, null);
        }

        /// <summary>
        /// Whether a descriptor lets others do more than this, or the reader less.
        /// </summary>
        public bool IsExceededBy(byte[] descriptor) {
            RawSecurityDescriptor found = new RawSecurityDescriptor(descriptor, 0);
            bool own = (found.ControlFlags & ControlFlags.DiscretionaryAclProtected) != 0;
            if (found.DiscretionaryAcl == null || (folder && !own)) {
                // No list: everybody may do everything. A list that is not its own changes with that
                // of the folder above; for a file that is our private one.
                return true;
            }
            List<GenericAce> entries = found.DiscretionaryAcl.Cast<GenericAce>().ToList();
            bool unread = reader != null && !Trusted.Contains(reader) && !entries.Any(LetsRead);
            return unread || entries.Any(Opens);
        }

        private bool Opens(GenericAce entry) {
            CommonAce known = entry as CommonAce;
            if (known == null || known.IsCallback) {
                return true;  // of a kind that nobody needs here
            }
            if (known.AceQualifier != AceQualifier.AccessAllowed) {
                return false;
            }
            bool readsOnly = known.SecurityIdentifier == reader && (known.AccessMask & ~ReadMask) == 0;
            return !Trusted.Contains(known.SecurityIdentifier) && !readsOnly;
        }

        private bool LetsRead(GenericAce entry) {
            CommonAce known = entry as CommonAce;
            return known != null
                && known.AceQualifier == AceQualifier.AccessAllowed
                && known.SecurityIdentifier == reader
                && (known.AceFlags & AceFlags.InheritOnly) == 0
                && (known.AccessMask & ReadMask) == ReadMask;
        }

        /// <summary>
        /// Whoever owns what has this descriptor, if that is neither SYSTEM nor the Administrators
        /// nor `own`, the account that delivers; else null. An owner may change the list.
        /// </summary>
        public static SecurityIdentifier ForeignOwner(byte[] descriptor, SecurityIdentifier own) {
            SecurityIdentifier owner = new RawSecurityDescriptor(descriptor, 0).Owner;
            return owner == own || Trusted.Contains(owner) ? null : owner ?? NobodyAtAll;
        }

        private static readonly SecurityIdentifier NobodyAtAll = new SecurityIdentifier("S-1-0-0");
    }
}
