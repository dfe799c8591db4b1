# The service of MAPS: stopped, started, and answering again, within a time.

# The port that clients of MAPS connect to, which it opens once it is up.
$mapsPort = 27467

Function Get-MapsService {
    <#
    .SYNOPSIS
    The service of exactly this name or display name; Get-Service alone would take wildcards.
    #>
    [CmdletBinding()]
    param ([string]$Name)

    # Some services let nobody look at them, which is an error that stops nothing here.
    $all = Get-Service -ErrorAction SilentlyContinue
    $found = @($all | Where-Object { $_.Name -eq $Name -or $_.DisplayName -eq $Name })
    if ($found.Count -ne 1) {
        throw "there is no service of that name: correct maps_service (Get-Service lists them)"
    }
    $found[0]
}

Function Wait-MapsService {
    <#
    .SYNOPSIS
    Wait until a service is in that state; throws once the deadline has passed.
    #>
    [CmdletBinding()]
    param ($Service, [string]$Status, [DateTime]$Deadline)

    $left = $Deadline - [DateTime]::UtcNow
    if ($left -lt [TimeSpan]::Zero) {
        $left = [TimeSpan]::Zero
    }
    try {
        $Service.WaitForStatus($Status, $left)
    }
    catch [System.ServiceProcess.TimeoutException] {
        $Service.Refresh()
        throw "it is $($Service.Status) and did not become $Status in time"
    }
}

Function Stop-MapsService {
    <#
    .SYNOPSIS
    Stop a service and those that depend on it; -> the latter.
    #>
    [CmdletBinding()]
    param ($Service, [DateTime]$Deadline)

    $dependents = @($Service.DependentServices | Where-Object { $_.Status -ne 'Stopped' })
    if ($Service.Status -eq 'StartPending') {
        Wait-MapsService -Service $Service -Status Running -Deadline $Deadline
    }
    if ($Service.Status -notin @('Stopped', 'StopPending')) {
        $Service.Stop()
    }
    Wait-MapsService -Service $Service -Status Stopped -Deadline $Deadline
    $dependents
}

Function Start-MapsService {
    <#
    .SYNOPSIS
    Start a service and wait until it runs.
    #>
    [CmdletBinding()]
    param ($Service, [DateTime]$Deadline)

    $Service.Refresh()
    if ($Service.Status -eq 'Stopped') {
        $Service.Start()
    }
    Wait-MapsService -Service $Service -Status Running -Deadline $Deadline
}

Function Test-MapsPort {
    <#
    .SYNOPSIS
    Whether the port of MAPS takes a connection on an address of this host.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ()

    # MAPS may listen on one address alone.
    $own = [System.Net.Dns]::GetHostAddresses([System.Net.Dns]::GetHostName())
    foreach ($address in @([System.Net.IPAddress]::Loopback) + $own) {
        $client = [System.Net.Sockets.TcpClient]::new($address.AddressFamily)
        try {
            if ($client.ConnectAsync($address, $mapsPort).Wait(2000)) {
                return $true
            }
        }
        catch [System.AggregateException] {
            $null = $_  # refused: it is not up there, or not yet
        }
        finally {
            $client.Close()
        }
    }
    $false
}

Function Wait-MapsPort {
    <#
    .SYNOPSIS
    Wait until MAPS answers; throws if its service ends, or once the deadline has passed.
    #>
    [CmdletBinding()]
    param ($Service, [DateTime]$Deadline)

    while (-not (Test-MapsPort)) {
        $Service.Refresh()
        if ($Service.Status -ne 'Running') {
            throw "it was started, and is $($Service.Status) now: see the event log and MAPS' own log"
        }
        if ([DateTime]::UtcNow -gt $Deadline) {
            throw "it runs, but TCP port $mapsPort of this host did not answer in time"
        }
        Start-Sleep -Milliseconds 500
    }
}

Function Restart-MapsService {
    <#
    .SYNOPSIS
    Restart a service; -> Ended: 0, or 1 with what went wrong, and whether it was touched at all.

    .NOTES
    One that is stopped is started: a run that ended halfway may have stopped it. Throws nothing:
    what is called from C# must answer.
    #>
    [CmdletBinding()]
    param ([string]$Name, [int]$Timeout)

    $code = 1
    $touched = $false
    try {
        $deadline = [DateTime]::UtcNow.AddSeconds($Timeout)
        $service = Get-MapsService -Name $Name
        if ("$($service.StartType)" -eq 'Disabled') {
            throw 'it is disabled: enable it, or take maps_service away from this host'
        }
        $touched = $true
        $dependents = @(Stop-MapsService -Service $service -Deadline $deadline)
        Start-MapsService -Service $service -Deadline $deadline
        Wait-MapsPort -Service $service -Deadline $deadline
        foreach ($dependent in $dependents) {
            Start-MapsService -Service $dependent -Deadline $deadline
        }
        $code = 0
        $said = ''
    }
    catch {
        $thrown = $_.Exception
        while ($thrown.InnerException) {
            $thrown = $thrown.InnerException
        }
        $said = $thrown.Message
    }
    [Ansible.Maps.Command.Ended]::new($code, $said, $touched)
}

Export-ModuleMember -Function Restart-MapsService
