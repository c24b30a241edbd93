"""The text of the script for PowerShell, to be filled in with what is safe in it (`scripts`).

UNCONFIRMED: that a PATCH with a part of `web`, `api` or `optionalClaims` leaves the rest of it as it was; the az CLI's own
commands rely on it for `web`.
"""

MODULES = """\
#Requires -Modules Microsoft.Graph.Authentication{more}
"""

HEAD = """\
# What air-agent needs in tenant {whose}, by its settings (mode {mode}).
# Made by `air-agent doctor --grants --format powershell`. It can be run again: what is there stays.
#
#   ./grants.ps1           makes and grants what is missing
#   ./grants.ps1 -Tidy     also takes away permissions that are too much
#
# Run it as Privileged Role Administrator and Cloud Application Administrator. A managed identity is named by its object id:
# $env:AGENT_OBJECT_ID = '...'; without one, and without `auth.client_id` in the settings, an app registration is made.
param([switch] $Tidy)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$tenant = {tenant}
$graph = {graph}
Connect-MgGraph -TenantId $tenant -Scopes 'Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All', 'DelegatedPermissionGrant.ReadWrite.All' -NoWelcome
if ((Get-MgContext).TenantId -ne $tenant) {{ throw "sign in to this tenant first: $tenant" }}
"""

VERBS = """
function Get-Answer([string] $Path) {
    Invoke-MgGraphRequest -Method GET -Uri "$graph/v1.0/$Path" -OutputType HashTable
}

function Send-Body([string] $Method, [string] $Path, [object] $Body) {
    $json = if ($Body -is [string]) { $Body } else { $Body | ConvertTo-Json -Depth 10 -Compress }
    Invoke-MgGraphRequest -Method $Method -Uri "$graph/v1.0/$Path" -Body $json -ContentType 'application/json' -OutputType HashTable
}

# The enterprise application of a client id, made where there is none.
function Get-Principal([string] $ClientId) {
    $found = @((Get-Answer "servicePrincipals?`$filter=appId%20eq%20'$ClientId'").value)
    if ($found.Count) { return $found[0] }
    Send-Body POST 'servicePrincipals' @{ appId = $ClientId }
}

# The client id of the app registration of this name, made where there is none.
function Get-App([string] $Name) {
    $written = $Name.Replace("'", "''")
    $asked = [uri]::EscapeDataString("displayName eq '$written'")
    $found = @((Get-Answer "applications?`$filter=$asked").value)
    if ($found.Count) { return $found[0].appId }
    (Send-Body POST 'applications' @{ displayName = $Name; signInAudience = 'AzureADMyOrg' }).appId
}

# An application permission, once its id is known to be the tenant's own.
function Add-Permission($Principal, [string] $Api, [string] $Name, [string] $Id) {
    $resource = Get-Principal $Api
    $role = @($resource.appRoles | Where-Object { $_.value -eq $Name -and $_.allowedMemberTypes -contains 'Application' })
    if (-not $role.Count -or $role[0].id -ne $Id) { throw "$Name has another id in this tenant than ${Id}: nothing is granted: report this" }
    $held = @((Get-Answer "servicePrincipals/$($Principal.id)/appRoleAssignments?`$top=999").value |
        Where-Object { $_.appRoleId -eq $Id -and $_.resourceId -eq $resource.id })
    if ($held.Count) { Write-Host "  has     $Name"; return }
    $null = Send-Body POST "servicePrincipals/$($Principal.id)/appRoleAssignments" @{ principalId = $Principal.id; resourceId = $resource.id; appRoleId = $Id }
    Write-Host "  granted $Name"
}

# Every permission of the API but these is taken away, where that is asked for.
function Remove-Excess($Principal, [string] $Api, [string[]] $Ids) {
    if (-not $Tidy) { return }
    $resource = Get-Principal $Api
    foreach ($one in @((Get-Answer "servicePrincipals/$($Principal.id)/appRoleAssignments?`$top=999").value)) {
        if ($one.resourceId -ne $resource.id -or $Ids -contains $one.appRoleId) { continue }
        Invoke-MgGraphRequest -Method DELETE -Uri "$graph/v1.0/servicePrincipals/$($Principal.id)/appRoleAssignments/$($one.id)"
        Write-Host "  took away the permission $($one.appRoleId)"
    }
}

# Consent for everybody in the tenant.
function Add-Consent($Principal, [string] $ResourceId, [string] $Scopes) {
    $held = @((Get-Answer "servicePrincipals/$($Principal.id)/oauth2PermissionGrants").value |
        Where-Object { $_.resourceId -eq $ResourceId -and $_.consentType -eq 'AllPrincipals' })
    if ($held.Count) { return }
    $null = Send-Body POST 'oauth2PermissionGrants' @{ clientId = $Principal.id; consentType = 'AllPrincipals'; resourceId = $ResourceId; scope = $Scopes }
}
"""

AGENT = """
# {words}
$clientId = if ($env:{variable}_CLIENT_ID) {{ $env:{variable}_CLIENT_ID }} else {{ '{client_id}' }}
if ($env:{variable}_OBJECT_ID) {{
    $agent = Get-Answer "servicePrincipals/$($env:{variable}_OBJECT_ID)"
}} else {{
    if (-not $clientId) {{ $clientId = Get-App {name} }}
    $agent = Get-Principal $clientId
    if (@((Get-Answer "applications?`$filter=appId%20eq%20'$clientId'").value).Count) {{
        $null = Send-Body PATCH "applications(appId='$clientId')" {access}
    }}
}}
Write-Host ({name} + ": client id $($agent.appId), object id $($agent.id)")
"""

SIGN_IN = """
# What people sign in to: `escalation.client_id`.
$signInId = if ($env:SIGN_IN_CLIENT_ID) {{ $env:SIGN_IN_CLIENT_ID }} else {{ '{client_id}' }}
if (-not $signInId) {{ $signInId = Get-App {name} }}
$signIn = Get-Principal $signInId
$path = "applications(appId='$signInId')"
Write-Host ({name} + ": client id $signInId")
$null = Send-Body PATCH $path {plain}
$null = Send-Body PATCH "servicePrincipals/$($signIn.id)" @{{ appRoleAssignmentRequired = $true }}
$app = Get-Answer $path
if (-not @($app.identifierUris).Count) {{ $null = Send-Body PATCH $path @{{ identifierUris = @("api://$signInId") }} }}
$scopes = @($app.api.oauth2PermissionScopes | Where-Object {{ $_ }})
if (-not @($scopes | Where-Object {{ $_.value -eq '{scope_name}' }}).Count) {{
    $null = Send-Body PATCH $path @{{ api = @{{ oauth2PermissionScopes = @($scopes) + @({scope} | ConvertFrom-Json) }} }}
}}
$claims = @(if ($app.optionalClaims) {{ $app.optionalClaims.idToken | Where-Object {{ $_ }} }})
if (-not @($claims | Where-Object {{ $_.name -eq 'auth_time' }}).Count) {{
    $null = Send-Body PATCH $path @{{ optionalClaims = @{{ idToken = @($claims) + @({claim} | ConvertFrom-Json) }} }}
}}
"""

ROLE = """
$role = {role} | ConvertFrom-Json
$roles = @((Get-Answer $path).appRoles | Where-Object {{ $_ }})
if (-not @($roles | Where-Object {{ $_.value -eq $role.value }}).Count) {{
    $null = Send-Body PATCH $path @{{ appRoles = @($roles) + @($role) }}
}}
Write-Host "  app role $($role.value)"
"""

REDIRECT = """
$uri = ({redirect} | ConvertFrom-Json).uri
$uris = @((Get-Answer $path).web.redirectUris | Where-Object {{ $_ }})
if ($uris -notcontains $uri) {{ $null = Send-Body PATCH $path @{{ web = @{{ redirectUris = @($uris) + @($uri) }} }} }}
Write-Host "  redirect URI $uri"
"""

CONSENT = """
Add-Consent $signIn (Get-Principal '{graph_app}').id '{scopes}'
Add-Consent $signIn $signIn.id '{scope}'
Write-Host "set escalation.client_id: $signInId"
Write-Host 'give people their app roles: Entra ID > Enterprise applications > the sign-in > Users and groups'
"""

MAIL = """
# Mail.Send for these mailboxes alone, and never in Entra ID, where it would be for every mailbox of the tenant.
# The older way, where your organisation still goes by it, is Mail.Send in Entra ID and an application access policy for it:
#   New-ApplicationAccessPolicy -AppId CLIENT-ID -PolicyScopeGroupId GROUP -AccessRight RestrictAccess -Description air-agent
Connect-ExchangeOnline -ShowBanner:$false
if (-not @(Get-ServicePrincipal | Where-Object {{ $_.AppId -eq $agent.appId }}).Count) {{
    $null = New-ServicePrincipal -AppId $agent.appId -ObjectId $agent.id -DisplayName 'air-agent'
}}
if (-not @(Get-ManagementScope | Where-Object {{ $_.Name -eq 'air-agent mail' }}).Count) {{
    $null = New-ManagementScope -Name 'air-agent mail' -RecipientRestrictionFilter "{filter}"
}} else {{
    Set-ManagementScope -Identity 'air-agent mail' -RecipientRestrictionFilter "{filter}"
}}
if (-not @(Get-ManagementRoleAssignment | Where-Object {{ $_.Name -eq 'air-agent mail' }}).Count) {{
    $null = New-ManagementRoleAssignment -Name 'air-agent mail' -App $agent.id -Role 'Application Mail.Send' -CustomResourceScope 'air-agent mail'
}}
Test-ServicePrincipalAuthorization -Identity $agent.id -Resource '{first}' | Format-Table
"""
