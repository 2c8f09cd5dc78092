# Makes a folder of each kind for try-folders.mjs on a Windows machine that is thrown away afterwards, as an administrator:
#
#   pwsh scripts/make-test-folders.ps1 FOLDERS.json
#
# NOBODY HAS RUN THIS YET: it was written without a Windows machine.
param([Parameter(Mandatory)] [string] $List)
$ErrorActionPreference = 'Stop'

$root = Join-Path $env:SystemDrive 'odx-test-folders'
New-Item -ItemType Directory -Path $root | Out-Null
$folders = @()

# Adds a folder, or the reason why it could not be made.
function Add-Folder([string] $Name, [scriptblock] $Make) {
    $entry = @{ name = $Name }
    try {
        $path = & $Make | Select-Object -Last 1
        # 8 MiB that no file system can shorten.
        $bytes = [byte[]]::new(8MB)
        [Random]::new(1).NextBytes($bytes)
        # Join-Path does not know drives that are new.
        $sample = [IO.Path]::Combine($path, 'sample.bin')
        [IO.File]::WriteAllBytes($sample, $bytes)
        if ($Name -eq 'sparse') { Set-Sparse $sample }
        $entry.path = $path
    } catch {
        $entry.missing = "$_"
    }
    $script:folders += $entry
}

function New-Folder([string] $Name) {
    (New-Item -ItemType Directory -Path (Join-Path $root $Name)).FullName
}

# fsutil and compact report a failure by their exit code alone.
function Invoke-Program {
    $program, $arguments = $args
    & $program @arguments | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "$program $arguments ended with exit code $LASTEXITCODE" }
}

# The second half becomes a hole.
function Set-Sparse([string] $Path) {
    Invoke-Program fsutil sparse setflag $Path
    Invoke-Program fsutil sparse setrange $Path 4194304 4194304
}

function New-Volume([string] $Name, [int] $SectorSize, [string] $FileSystem) {
    $disk = Join-Path $root "$Name.vhdx"
    New-VHD -Path $disk -Dynamic -SizeBytes 4GB -LogicalSectorSizeBytes $SectorSize | Out-Null
    $volume = Mount-VHD -Path $disk -Passthru | Initialize-Disk -PartitionStyle GPT -PassThru |
        New-Partition -UseMaximumSize -AssignDriveLetter | Format-Volume -FileSystem $FileSystem -Confirm:$false
    "$($volume.DriveLetter):\"
}

Add-Folder 'ntfs' { New-Folder 'ntfs' }
Add-Folder 'vhdx-512' { New-Volume 'vhdx-512' 512 'NTFS' }
Add-Folder 'vhdx-4096' { New-Volume 'vhdx-4096' 4096 'NTFS' }
Add-Folder 'refs' { New-Volume 'refs' 4096 'ReFS' }
Add-Folder 'compressed' { $path = New-Folder 'compressed'; Invoke-Program compact /c $path; $path }
Add-Folder 'sparse' { New-Folder 'sparse' }
Add-Folder 'encrypted' { $path = New-Folder 'encrypted'; Invoke-Program cipher /e $path; $path }
Add-Folder 'smb' {
    $path = New-Folder 'smb'
    New-SmbShare -Name 'odx' -Path $path -FullAccess ([Security.Principal.WindowsIdentity]::GetCurrent().Name) | Out-Null
    '\\localhost\odx'
}

ConvertTo-Json -InputObject $folders | Set-Content -Path $List -Encoding utf8
