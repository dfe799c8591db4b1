#!powershell

# What a MAPS host on Windows does in a push: the operations of a call, in C#; the restart of a
# service, here. Its other side is provisioner/host/protocol.py.

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil Ansible.Maps.Operations

# `call` is raw and not required: nothing that Ansible.Basic refuses can print it.
$spec = @{ no_log = $true; supports_check_mode = $true; options = @{ call = @{ type = 'raw'; no_log = $true } } }
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.invocation = @{}  # or it would add all arguments

$mapsPort = 27467  # clients of MAPS connect to it, once MAPS is up

Function Wait-Service {
    param ($Service, [string]$Status, [DateTime]$Deadline)
    $left = $Deadline - [DateTime]::UtcNow
    if ($left -lt [TimeSpan]::Zero) { $left = [TimeSpan]::Zero }
    try { $Service.WaitForStatus($Status, $left) }
    catch [System.ServiceProcess.TimeoutException] { throw "not_$($Status.ToLowerInvariant())" }
}

Function Start-One {
    param ($Service, [DateTime]$Deadline)
    $Service.Refresh()
    if ($Service.Status -eq 'Stopped') { $Service.Start() }
    Wait-Service $Service Running $Deadline
}

Function Test-Port {
    # MAPS may listen on one address alone.
    foreach ($address in @([Net.IPAddress]::Loopback) + [Net.Dns]::GetHostAddresses([Net.Dns]::GetHostName())) {
        $client = New-Object Net.Sockets.TcpClient $address.AddressFamily
        try { if ($client.ConnectAsync($address, $mapsPort).Wait(2000)) { return $true } }
        catch { $null = $_ }  # refused: it is not up there, or not yet
        finally { $client.Close() }
    }
    $false
}

Function Restart-One {
    param ([string]$Name, [int]$Timeout)
    $said = @{ reason = $null; touched = $false; about = $Name }
    try {
        $deadline = [DateTime]::UtcNow.AddSeconds($Timeout)
        # Get-Service -Name takes wildcards, and some services let no one look at them.
        $all = Get-Service -ErrorAction SilentlyContinue
        $found = @($all | Where-Object { $_.Name -eq $Name -or $_.DisplayName -eq $Name })
        if ($found.Count -ne 1) { throw 'no_service' }
        $service = $found[0]
        if ("$($service.StartType)" -eq 'Disabled') { throw 'disabled' }
        $said.touched = $true
        $dependents = @($service.DependentServices | Where-Object { $_.Status -ne 'Stopped' })
        if ($service.Status -eq 'StartPending') { Wait-Service $service Running $deadline }
        if ($service.Status -notin 'Stopped', 'StopPending') { $service.Stop() }
        Wait-Service $service Stopped $deadline
        Start-One $service $deadline
        while (-not (Test-Port)) {
            $service.Refresh()
            if ($service.Status -ne 'Running') { throw 'ended' }
            if ([DateTime]::UtcNow -gt $deadline) { throw 'no_port' }
            Start-Sleep -Milliseconds 500
        }
        foreach ($one in $dependents) { Start-One $one $deadline }
    }
    catch {
        $thrown = Get-Inner $_.Exception
        $said.reason = if ($thrown.Message -cmatch '^[a-z_]+\z') { $thrown.Message }
        elseif ($thrown -is [ComponentModel.Win32Exception]) { "error_$($thrown.NativeErrorCode)" }
        else { $thrown.GetType().Name }
    }
    $said
}

Function Get-Inner {
    param ($Thrown)
    while ($Thrown.InnerException) { $Thrown = $Thrown.InnerException }
    $Thrown
}

$restart = [Func[string, int, Collections.IDictionary]] { param ($Name, $Timeout) Restart-One $Name $Timeout }
# Module logging as it is in force, by policy or by a file: Ansible pipes the whole call into this.
$reader = Get-Command ConvertFrom-Json
$logged = $true -in @($reader.Module.LogPipelineExecutionDetails, $reader.PSSnapIn.LogPipelineExecutionDetails)
$seal = Get-ItemProperty HKLM:\SOFTWARE\Policies\Microsoft\Windows\EventLog\ProtectedEventLogging -ErrorAction SilentlyContinue
$logged = $logged -and $seal.EnableProtectedEventLogging -ne 1
try {
    $module.Result.answers = [Ansible.Maps.Operations.HostCall]::Answers($module.Params.call, $restart, $logged)
}
catch {
    $thrown = Get-Inner $_.Exception
    $module.Result.crash = "$($thrown.GetType().Name):$($_.InvocationInfo.ScriptLineNumber)"  # never its words
}
$module.ExitJson()
