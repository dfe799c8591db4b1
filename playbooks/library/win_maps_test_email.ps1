#!powershell

# The twin of maps_test_email.py for Windows. Its action plugin calls it; see the .yml beside it.

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil Ansible.Maps.Answer
#AnsibleRequires -CSharpUtil Ansible.Maps.Arguments
#AnsibleRequires -CSharpUtil Ansible.Maps.TestEmail
#AnsibleRequires -PowerShell Ansible.ModuleUtils.MapsModule

$spec = @{
    # Ansible.Basic writes every call to the Windows event log unless this is set (Ansible.Basic.cs:
    # AnsibleModule(), LogEvent); what the controller sends does not reset it
    # (CheckUnsupportedArguments).
    no_log = $true
    supports_check_mode = $true
    options = @{
        phase = @{ type = 'str'; default = 'mail'; choices = @('mail', 'baseline') }
        directory = @{ type = 'path'; required = $true }
        group = @{ type = 'str' }
        fingerprint = @{ type = 'str' }
        fingerprint_key = @{ type = 'str'; no_log = $true }
        mails = @{ type = 'json'; required = $true }
        needed = @{ type = 'list'; elements = 'str'; default = @() }
        accepted = @{ type = 'list'; elements = 'str'; default = @('sent', 'unprovable') }
        refreshable = @{ type = 'json'; default = '{}' }
        test_command = @{ type = 'list'; elements = 'str' }
        test_timeout = @{ type = 'int'; default = 300 }
        timeout = @{ type = 'int'; default = 30 }
        lock_wait = @{ type = 'int'; default = 10 }
        ca_file = @{ type = 'path' }
        more = @{ type = 'bool'; default = $false }
        retries = @{ type = 'bool'; default = $false }
        lease = @{ type = 'json' }
        run_id = @{ type = 'str'; required = $true }
        owner = @{ type = 'str'; required = $true }
    }
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$phase = {
    param ($Arguments)
    [Ansible.Maps.TestEmail.TestEmailModule]::Phase($Arguments)
}
$work = {
    param ($Arguments)
    [Ansible.Maps.TestEmail.TestEmailModule]::Run($Arguments, $module.CheckMode)
}
Invoke-MapsModule -Module $module -Json @('mails', 'refreshable', 'lease') -Phase $phase -Work $work
