"""The text of the script for bash and the az CLI, to be filled in with what is safe in it (`scripts`).

UNCONFIRMED: that a PATCH with a part of `web`, `api` or `optionalClaims` leaves the rest of it as it was; the az CLI's own
commands rely on it for `web`.
"""

HEAD = """\
#!/usr/bin/env bash
# What air-agent needs in tenant {whose}, by its settings (mode {mode}).
# Made by `air-agent doctor --grants --format az`. It can be run again: what is there stays.
#
#   az login --tenant {tenant_id}     (as Privileged Role Administrator and Cloud Application Administrator)
#   bash grants.sh                    makes and grants what is missing
#   bash grants.sh tidy               also takes away permissions that are too much
#
# A managed identity is named by its object id: AGENT_OBJECT_ID=... bash grants.sh
# Without one, and without `auth.client_id` in the settings, an app registration is made.
set -euo pipefail

tenant={tenant}
graph={graph}
tidy="${{1:-}}"

say() {{ printf '%s\\n' "$*"; }}
stop() {{ printf 'error: %s\\n' "$*" >&2; exit 1; }}

command -v az >/dev/null || stop 'the az CLI is not installed: https://aka.ms/azcli'
[ "$(az account show --query tenantId --output tsv </dev/null)" = "$tenant" ] || stop "sign in to this tenant first: az login --tenant $tenant"
[ -z "$tidy" ] || [ "$tidy" = tidy ] || stop "'$tidy' is not known: leave it out, or say tidy"
"""

VERBS = """
get() {  # PATH QUERY [OUTPUT]: what Graph says
  az rest --method GET --url "$graph/v1.0/$1" --query "$2" --output "${3:-tsv}" </dev/null
}

send() {  # METHOD PATH BODY: what Graph is told
  az rest --method "$1" --url "$graph/v1.0/$2" --headers Content-Type=application/json --body "$3" --output none </dev/null
}

principal_of() {  # CLIENT-ID: the object id of its enterprise application, made where there is none
  az ad sp show --id "$1" --query id --output tsv 2>/dev/null </dev/null ||
    az ad sp create --id "$1" --query id --output tsv </dev/null
}

app_of() {  # NAME QUERY: the client id of the app registration of this name, made where there is none
  local found
  found="$(az ad app list --display-name "$1" --query "$2" --output tsv </dev/null)"
  if [ -z "$found" ]; then
    found="$(az ad app create --display-name "$1" --sign-in-audience AzureADMyOrg --query appId --output tsv </dev/null)"
  fi
  printf '%s' "$found"
}

grant() {  # PRINCIPAL API NAME ID: an application permission, once its id is known to be the tenant's own
  local api found held
  api="$(principal_of "$2")"
  found="$(get "servicePrincipals/$api" "appRoles[?value=='$3' && contains(allowedMemberTypes, 'Application')].id | [0]")"
  [ "$found" = "$4" ] || stop "$3 has the id '$found' in this tenant, not $4: nothing is granted: report this"
  held="$(get "servicePrincipals/$1/appRoleAssignments?\\$top=999" "length(value[?appRoleId=='$4' && resourceId=='$api'])")"
  if [ "$held" != 0 ]; then
    say "  has     $3"
    return
  fi
  send POST "servicePrincipals/$1/appRoleAssignments" "{\\"principalId\\":\\"$1\\",\\"resourceId\\":\\"$api\\",\\"appRoleId\\":\\"$4\\"}"
  say "  granted $3"
}

take_away() {  # PRINCIPAL API ID...: every permission of the API but these, where that is asked for
  [ "$tidy" = tidy ] || return 0
  local principal="$1" api assignment role
  api="$(principal_of "$2")"
  shift 2
  get "servicePrincipals/$principal/appRoleAssignments?\\$top=999" "value[?resourceId=='$api'].[id, appRoleId]" |
    while IFS=$'\\t' read -r assignment role; do
      case " $* " in
        *" $role "*) ;;
        *)
          az rest --method DELETE --url "$graph/v1.0/servicePrincipals/$principal/appRoleAssignments/$assignment" --output none </dev/null
          say "  took away the permission $role"
          ;;
      esac
    done
}

joined() {  # ARRAY ELEMENT: a JSON array, with one element more
  case "$1" in
    '' | null | '[]') printf '[%s]' "$2" ;;
    *) printf '%s,%s]' "${1%]}" "$2" ;;
  esac
}

listed() {  # APP QUERY: a list of an app registration, as JSON on one line
  local found
  found="$(get "applications(appId='$1')" "$2" json | tr -d '\\r\\n')"
  printf '%s' "${found:-[]}"
}

consent() {  # PRINCIPAL RESOURCE SCOPES: for everybody in the tenant
  local held
  held="$(get "servicePrincipals/$1/oauth2PermissionGrants" "length(value[?resourceId=='$2' && consentType=='AllPrincipals'])")"
  if [ "$held" != 0 ]; then return; fi
  send POST oauth2PermissionGrants "{\\"clientId\\":\\"$1\\",\\"consentType\\":\\"AllPrincipals\\",\\"resourceId\\":\\"$2\\",\\"scope\\":\\"$3\\"}"
}
"""

AGENT = """
# {words}
{variable}_CLIENT_ID="${{{variable}_CLIENT_ID:-{client_id}}}"
{variable}_OBJECT_ID="${{{variable}_OBJECT_ID:-}}"
if [ -z "${variable}_OBJECT_ID" ]; then
  [ -n "${variable}_CLIENT_ID" ] || {variable}_CLIENT_ID="$(app_of {name} {exactly})"
  {variable}_OBJECT_ID="$(principal_of "${variable}_CLIENT_ID")"
  if get "applications(appId='${variable}_CLIENT_ID')" id >/dev/null 2>&1; then
    send PATCH "applications(appId='${variable}_CLIENT_ID')" {access}
  fi
fi
say "{name_said}: client id ${{{variable}_CLIENT_ID:-of the identity}}, object id ${variable}_OBJECT_ID"
"""

SIGN_IN = """
# What people sign in to: `escalation.client_id`.
SIGN_IN_CLIENT_ID="${{SIGN_IN_CLIENT_ID:-{client_id}}}"
[ -n "$SIGN_IN_CLIENT_ID" ] || SIGN_IN_CLIENT_ID="$(app_of {name} {exactly})"
sign_in="$(principal_of "$SIGN_IN_CLIENT_ID")"
app="applications(appId='$SIGN_IN_CLIENT_ID')"
say "{name_said}: client id $SIGN_IN_CLIENT_ID"
send PATCH "$app" {plain}
send PATCH "servicePrincipals/$sign_in" '{{"appRoleAssignmentRequired":true}}'

found="$(listed "$SIGN_IN_CLIENT_ID" identifierUris)"
case "$found" in
  *'"'*) ;;
  *) send PATCH "$app" "{{\\"identifierUris\\":[\\"api://$SIGN_IN_CLIENT_ID\\"]}}" ;;
esac

found="$(listed "$SIGN_IN_CLIENT_ID" api.oauth2PermissionScopes)"
case "$found" in
  *{scope_there}*) ;;
  *) send PATCH "$app" "{{\\"api\\":{{\\"oauth2PermissionScopes\\":$(joined "$found" {scope})}}}}" ;;
esac

found="$(listed "$SIGN_IN_CLIENT_ID" optionalClaims.idToken)"
case "$found" in
  *'"auth_time"'*) ;;
  *) send PATCH "$app" "{{\\"optionalClaims\\":{{\\"idToken\\":$(joined "$found" {claim})}}}}" ;;
esac
"""

ROLE = """
if [ "$(get "$app" {count})" = 0 ]; then
  send PATCH "$app" "{{\\"appRoles\\":$(joined "$(listed "$SIGN_IN_CLIENT_ID" appRoles)" {role})}}"
fi
say "  app role" {said}
"""

REDIRECT = """
found="$(listed "$SIGN_IN_CLIENT_ID" web.redirectUris)"
case "$found" in
  *{there}*) ;;
  *) send PATCH "$app" "{{\\"web\\":{{\\"redirectUris\\":$(joined "$found" {redirect})}}}}" ;;
esac
say "  redirect URI" {said}
"""

CONSENT = """
consent "$sign_in" "$(principal_of {graph_app})" '{scopes}'
consent "$sign_in" "$sign_in" '{scope}'
say "set escalation.client_id: $SIGN_IN_CLIENT_ID"
say "give people their app roles: Entra ID > Enterprise applications > {name_said} > Users and groups"
"""

MAIL = """
# Mail.Send for these mailboxes alone, and never in Entra ID, where it is for every mailbox: the az CLI has no call for it.
# The older way, where your organisation still goes by it, is Mail.Send in Entra ID and an application access policy for it:
#   New-ApplicationAccessPolicy -AppId CLIENT-ID -PolicyScopeGroupId GROUP -AccessRight RestrictAccess -Description air-agent
cat <<END
mail: in Exchange Online PowerShell (Connect-ExchangeOnline), as a member of Organization Management:

  New-ServicePrincipal -AppId ${variable}_CLIENT_ID -ObjectId ${variable}_OBJECT_ID -DisplayName 'air-agent'
  New-ManagementScope -Name 'air-agent mail' -RecipientRestrictionFilter "{filter}"
  New-ManagementRoleAssignment -Name 'air-agent mail' -App ${variable}_OBJECT_ID -Role 'Application Mail.Send' -CustomResourceScope 'air-agent mail'
  Test-ServicePrincipalAuthorization -Identity ${variable}_OBJECT_ID -Resource {first}
END
"""
