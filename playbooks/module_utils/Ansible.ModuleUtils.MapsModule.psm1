# What both modules begin and end with. None of it says what an argument was.

$loggingPolicies = @(
    'HKLM:\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ModuleLogging'
    'HKCU:\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ModuleLogging'
    'HKLM:\SOFTWARE\Policies\Microsoft\PowerShellCore\ModuleLogging'
    'HKCU:\SOFTWARE\Policies\Microsoft\PowerShellCore\ModuleLogging'
)
$sealingPolicy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\EventLog\ProtectedEventLogging'

Function Get-MapsPolicy {
    <#
    .SYNOPSIS
    A value of a policy in the registry; nothing where the policy is not set.
    #>
    [CmdletBinding()]
    param ([string]$Path, [string]$Name)

    $policy = Get-ItemProperty -LiteralPath $Path -ErrorAction SilentlyContinue
    if ($policy) {
        $policy.$Name
    }
}

Function Test-MapsLogging {
    <#
    .SYNOPSIS
    Whether this host writes the values of cmdlets' parameters to its event log, readable.

    .NOTES
    Ansible's own exec_wrapper.ps1 pipes the whole call into ConvertFrom-Json: module logging
    (event 4103) of Microsoft.PowerShell.Utility would keep what a document holds.
    https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_logging_windows
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ()

    if ((Get-MapsPolicy -Path $sealingPolicy -Name EnableProtectedEventLogging) -eq 1) {
        return $false
    }
    foreach ($path in $loggingPolicies) {
        if ((Get-MapsPolicy -Path $path -Name EnableModuleLogging) -ne 1) {
            continue
        }
        $names = Get-Item -LiteralPath "$path\ModuleNames" -ErrorAction SilentlyContinue
        foreach ($name in $names.Property) {
            if ('Microsoft.PowerShell.Utility' -like $name) {
                return $true
            }
        }
    }
    $false
}

Function Get-MapsRefusal {
    <#
    .SYNOPSIS
    The answer of a host that cannot keep secrets; nothing where it can, or is to get none.
    #>
    [CmdletBinding()]
    param ([string]$Phase)

    # A plan brings no secret, and says here already what its push would come to.
    if ($Phase -notin @('deliver', 'rollback') -or -not (Test-MapsLogging)) {
        return
    }
    $words = 'module logging of PowerShell is on for Microsoft.PowerShell.Utility, and would write ' +
        'the secrets of a push to the event log: take that module out of the policy "Turn on Module ' +
        'Logging", or turn on Protected Event Logging'
    $maps = New-Object -TypeName 'System.Collections.Generic.Dictionary[string, object]'
    $maps['phase'] = $Phase
    $maps['state'] = 'refused'
    $maps['reason'] = 'logged'
    [Ansible.Maps.Answer.ModuleAnswer]::new($maps, $false, $words)
}

Function Invoke-MapsModule {
    <#
    .SYNOPSIS
    Do a module's work and end with its answer, sealed.

    .DESCRIPTION
    Phase and Work are called with the arguments; those named in Json are JSON texts.

    .NOTES
    A crash says its type and line only: the words of an exception may quote an argument, and
    Ansible's module_wrapper.ps1 would print them (Write-AnsibleErrorDetail).
    #>
    [CmdletBinding()]
    param (
        $Module,
        [string[]]$Json,
        [ScriptBlock]$Phase,
        [ScriptBlock]$Work
    )

    # Ansible.Basic adds all arguments to the result unless there is something of this name
    # (Ansible.Basic.cs, GetFormattedResults).
    $Module.Result.invocation = @{}
    $answer = $null
    $crash = ''
    try {
        $arguments = [Ansible.Maps.Arguments.ModuleArguments]::Of($Module.Params, $Json)
        $answer = Get-MapsRefusal -Phase (& $Phase $arguments)
        if ($null -eq $answer) {
            $answer = & $Work $arguments
        }
    }
    catch {
        $thrown = $_.Exception
        while ($thrown.InnerException) {
            $thrown = $thrown.InnerException
        }
        $line = $_.InvocationInfo.ScriptLineNumber
        $crash = "this is our bug: $($thrown.GetType().Name) at line $line of the module"
    }
    # Outside of try: both end the module by an exception.
    if ($null -eq $answer) {
        $Module.FailJson($crash)
    }
    $Module.Result.changed = $answer.Changed
    $Module.Result.maps_sealed = $answer.Sealed()
    if ($answer.Failure) {
        $Module.FailJson($answer.Failure)
    }
    $Module.ExitJson()
}

Export-ModuleMember -Function Invoke-MapsModule
