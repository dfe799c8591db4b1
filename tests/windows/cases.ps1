# One process that answers many cases: a request a line of JSON on stdin, its answer a line on stdout.
# Utils: a folder with the C#, its Ansible.Maps.Windows.cs as this system needs it. Module: the .ps1.
param($Utils, $Module)
$ErrorActionPreference = 'Stop'
[Console]::InputEncoding = [Console]::OutputEncoding = New-Object Text.UTF8Encoding $false
$files = [IO.Directory]::GetFiles($Utils, '*.cs')
$isNew = $PSVersionTable.PSVersion.Major -gt 5
if ($isNew) {
    $home_ = [IO.Path]::GetDirectoryName([PSObject].Assembly.Location)
    $references = @([IO.Directory]::GetFiles([IO.Path]::Combine($home_, 'ref'), '*.dll')) + [PSObject].Assembly.Location
    $options = '-langversion:5', '-define:CORECLR', '-nowarn:SYSLIB0057'  # C# 5, as of .NET Framework's compiler
    Add-Type -Path $files -CompilerOptions $options -ReferencedAssemblies $references
}
else {
    Add-Type -Path $files -ReferencedAssemblies System.Core, System.ServiceProcess, ([PSObject].Assembly.Location)
    Add-Type -AssemblyName System.Web.Extensions, System.ServiceProcess
    $reader = New-Object Web.Script.Serialization.JavaScriptSerializer -Property @{ MaxJsonLength = 64MB }
}

# The module's own functions, without Ansible's part.
$text = [IO.File]::ReadAllText($Module)
$start = $text.IndexOf('$mapsPort = ')
. ([ScriptBlock]::Create($text.Substring($start, $text.IndexOf('$restart = ') - $start)))
$restart = [Func[string, int, Collections.IDictionary]] { param ($Name, $Timeout) Restart-One $Name $Timeout }

$held = $null
$program = [Diagnostics.Process]::GetCurrentProcess().MainModule.FileName
$answer = @{ version = "$($PSVersionTable.PSVersion)"; program = $program }
do {
    [Console]::Out.WriteLine((ConvertTo-Json $answer -Depth 99 -Compress))
    [Console]::Out.Flush()
    if ($null -eq ($line = [Console]::In.ReadLine())) { break }
    try {
        $asked = if ($isNew) { ConvertFrom-Json $line -AsHashtable -DateKind String } else { $reader.DeserializeObject($line) }
        if ($asked.look) {  # as a scanner does, for some seconds if it is told
            $held = [IO.File]::OpenRead($asked.look)
            if ($asked.seconds) {
                $end = [Threading.CancellationTokenSource]::new([TimeSpan]::FromSeconds($asked.seconds))
                $null = $end.Token.Register([Action][Delegate]::CreateDelegate([Action], $held, 'Dispose'))
            }
            $answer = @{}
        }
        elseif ($asked.hold) {  # a lock, as another process has it
            $held = [Ansible.Maps.Windows.Host]::OpenLock($asked.hold)
            $words = [Text.Encoding]::UTF8.GetBytes($asked.words)
            $held.Write($words, 0, $words.Length)
            $held.Flush()
            $answer = @{}
        }
        elseif ($asked.release) {
            $held.Dispose()
            $answer = @{}
        }
        else { $answer = @{ answers = [Ansible.Maps.Operations.HostCall]::Answers($asked.call, $restart, $false) } }
    }
    catch { $answer = @{ crash = "$($_.Exception)" } }
} while ($true)
