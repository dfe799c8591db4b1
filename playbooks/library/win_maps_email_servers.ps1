#!powershell

# The twin of maps_email_servers.py for Windows. Its action plugin calls it; see the .yml beside it.

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil Ansible.Maps.Answer
#AnsibleRequires -CSharpUtil Ansible.Maps.Arguments
#AnsibleRequires -CSharpUtil Ansible.Maps.Command
#AnsibleRequires -CSharpUtil Ansible.Maps.EmailServers
#AnsibleRequires -PowerShell Ansible.ModuleUtils.MapsModule
#AnsibleRequires -PowerShell Ansible.ModuleUtils.MapsService

$spec = @{
    # Ansible.Basic writes every call to the Windows event log unless this is set (Ansible.Basic.cs:
    # AnsibleModule(), LogEvent); what the controller sends does not reset it
    # (CheckUnsupportedArguments).
    no_log = $true
    supports_check_mode = $true
    options = @{
        state = @{
            type = 'str'
            default = 'present'
            choices = @('present', 'restored', 'rolled_back', 'probed', 'unlocked')
        }
        directory = @{ type = 'path'; required = $true }
        group = @{ type = 'str' }
        document = @{ type = 'str'; no_log = $true }
        fingerprint_key = @{ type = 'str'; no_log = $true }
        apply_command = @{ type = 'list'; elements = 'str' }
        service = @{ type = 'str' }
        force = @{ type = 'bool'; default = $false }
        apply_timeout = @{ type = 'int'; default = 300 }
        lock_wait = @{ type = 'int'; default = 10 }
        rotating = @{ type = 'list'; elements = 'str'; default = @() }
        lease = @{ type = 'json' }
        run_id = @{ type = 'str'; required = $true }
        owner = @{ type = 'str'; required = $true }
    }
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$phase = {
    param ($Arguments)
    [Ansible.Maps.EmailServers.EmailServersModule]::Phase($Arguments)
}
$work = {
    param ($Arguments)
    $restart = [Func[string, int, Ansible.Maps.Command.Ended]] {
        param ($Service, $Timeout)
        Restart-MapsService -Name $Service -Timeout $Timeout
    }
    [Ansible.Maps.EmailServers.EmailServersModule]::Run($Arguments, $module.CheckMode, $restart)
}
Invoke-MapsModule -Module $module -Json @('lease') -Phase $phase -Work $work
