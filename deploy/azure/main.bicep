// The agent in Azure Container Apps: two replicas without an address of their own, the pages behind HTTPS, one PostgreSQL that both share,
// no secret anywhere but in your Key Vault. deploy/README.md, "Azure Container Apps", goes through it step by step.
//   az deployment group create --resource-group air-agent --template-file deploy/azure/main.bicep --parameters deploy/azure/@deploy/azure/main.example.parameters.json
// SQLite is not offered here: Container Apps have no disk of their own, and SQLite's locks are not safe on a network share.
targetScope = 'resourceGroup'

@description('What everything is called, and begins with.')
@minLength(3)
@maxLength(16)
param name string = 'air-agent'

param location string = resourceGroup().location

@description('The image by its digest: a tag can be moved, a digest cannot. Such as contoso.azurecr.io/air-agent@sha256:…')
@minLength(80)
param image string

@description('The Azure Container Registry that the image is in; empty where it is public.')
param registry string = ''

@description('The Key Vault of this resource group. It holds air-agent-audit-key, air-agent-ledger-password and air-agent-web-client-secret.')
param vaultName string

@description('The Microsoft 365 tenant that is looked after.')
param tenantId string = subscription().tenantId

@description('The tenant, as people call it: every page says so.')
param tenantName string

@allowed(['observe', 'enforce'])
param mode string = 'observe'

@description('How many agents share the work, and take over from each other.')
@minValue(1)
@maxValue(9)
param replicas int = 2

@description('The app registration that people sign in to: deploy/sign-in.md.')
param signInClientId string

@description('Where people open the pages, such as https://air.contoso.example; empty for the address that Azure gives them.')
param pagesUrl string = ''

@description('The certificate of that address in the environment, by its resource id; empty until it is bound.')
param pagesCertificateId string = ''

@description('Secrets of the vault that policies/channels name by {env: NAME}: [{ variable: \'SLACK_BOT_TOKEN\', secret: \'slack-bot-token\' }]')
param channelSecrets { variable: string, secret: string }[] = []

@description('Further settings, by their environment variables: [{ name: \'AIR_AGENT_REPORT_SEND\', value: \'weekly\' }]')
param settings { name: string, value: string }[] = []

@description('Days for which logs, and backups of the database, are kept.')
@minValue(7)
@maxValue(35)
param keepDays int = 30

// Key Vault Secrets User, and AcrPull: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
var secretsUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')
var pull = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')

var addressGiven = 'https://${name}-pages.${environment.properties.defaultDomain}'
var address = empty(pagesUrl) ? addressGiven : pagesUrl
var policiesShare = 'policies'
var auditShare = 'audit'

// Who the agent is, to Graph and to the vault; and who the pages are, which Graph does not know.
resource agentIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-agent'
  location: location
}

resource pagesIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-pages'
  location: location
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource auditKey 'Microsoft.KeyVault/vaults/secrets@2023-07-01' existing = {
  parent: vault
  name: 'air-agent-audit-key'
}

resource ledgerPassword 'Microsoft.KeyVault/vaults/secrets@2023-07-01' existing = {
  parent: vault
  name: 'air-agent-ledger-password'
}

resource webClientSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' existing = {
  parent: vault
  name: 'air-agent-web-client-secret'
}

resource channelSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' existing = [for one in channelSecrets: {
  parent: vault
  name: one.secret
}]

// Each identity reads the secrets that it needs, one by one, and no others of the vault.
resource agentReadsAuditKey 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(auditKey.id, agentIdentity.id, secretsUser)
  scope: auditKey
  properties: {
    principalId: agentIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: secretsUser
  }
}

resource agentReadsPassword 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(ledgerPassword.id, agentIdentity.id, secretsUser)
  scope: ledgerPassword
  properties: {
    principalId: agentIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: secretsUser
  }
}

resource agentReadsChannels 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (one, index) in channelSecrets: {
  name: guid(channelSecret[index].id, agentIdentity.id, secretsUser)
  scope: channelSecret[index]
  properties: {
    principalId: agentIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: secretsUser
  }
}]

resource pagesReadAuditKey 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(auditKey.id, pagesIdentity.id, secretsUser)
  scope: auditKey
  properties: {
    principalId: pagesIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: secretsUser
  }
}

resource pagesReadPassword 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(ledgerPassword.id, pagesIdentity.id, secretsUser)
  scope: ledgerPassword
  properties: {
    principalId: pagesIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: secretsUser
  }
}

resource pagesReadWebSecret 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(webClientSecret.id, pagesIdentity.id, secretsUser)
  scope: webClientSecret
  properties: {
    principalId: pagesIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: secretsUser
  }
}

resource images 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = if (!empty(registry)) {
  name: empty(registry) ? 'none' : registry
}

resource agentPulls 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(registry)) {
  name: guid(registry, agentIdentity.id, pull)
  scope: images
  properties: {
    principalId: agentIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: pull
  }
}

resource pagesPull 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(registry)) {
  name: guid(registry, pagesIdentity.id, pull)
  scope: images
  properties: {
    principalId: pagesIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: pull
  }
}

// The database is reached from within the network only.
resource network 'Microsoft.Network/virtualNetworks@2024-01-01' = {
  name: name
  location: location
  properties: {
    addressSpace: {
      addressPrefixes: ['10.60.0.0/16']
    }
    subnets: [
      {
        name: 'apps'
        properties: {
          addressPrefix: '10.60.0.0/23'
          delegations: [
            {
              name: 'apps'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'database'
        properties: {
          addressPrefix: '10.60.2.0/28'
          delegations: [
            {
              name: 'database'
              properties: {
                serviceName: 'Microsoft.DBforPostgreSQL/flexibleServers'
              }
            }
          ]
        }
      }
    ]
  }
}

module database 'database.bicep' = {
  name: '${name}-database'
  params: {
    name: name
    location: location
    networkId: network.id
    password: vault.getSecret('air-agent-ledger-password')
    keepDays: keepDays
  }
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: name
  location: location
  properties: {
    retentionInDays: keepDays
    sku: {
      name: 'PerGB2018'
    }
  }
}

// Policies, which you copy here, and the ends of the audit's chains, which the agent adds and cannot do without.
resource files 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'air${uniqueString(resourceGroup().id, name)}'
  location: location
  kind: 'StorageV2'
  sku: {
    name: 'Standard_ZRS'
  }
  properties: {
    allowBlobPublicAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource fileService 'Microsoft.Storage/storageAccounts/fileServices@2023-05-01' = {
  parent: files
  name: 'default'
  properties: {
    shareDeleteRetentionPolicy: {
      enabled: true
      days: keepDays
    }
  }
}

resource share 'Microsoft.Storage/storageAccounts/fileServices/shares@2023-05-01' = [for one in [policiesShare, auditShare]: {
  parent: fileService
  name: one
  properties: {
    shareQuota: 10
  }
}]

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: name
  location: location
  properties: {
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: logs.properties.customerId
        sharedKey: logs.listKeys().primarySharedKey
      }
    }
    vnetConfiguration: {
      infrastructureSubnetId: '${network.id}/subnets/apps'
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

resource mounted 'Microsoft.App/managedEnvironments/storages@2024-03-01' = [for (one, index) in [policiesShare, auditShare]: {
  parent: environment
  name: one
  properties: {
    azureFile: {
      accountName: files.name
      accountKey: files.listKeys().keys[0].value
      shareName: share[index].name
      accessMode: one == policiesShare ? 'ReadOnly' : 'ReadWrite'
    }
  }
}]

var common = [
  { name: 'AIR_AGENT_TENANT_ID', value: tenantId }
  { name: 'AIR_AGENT_TENANT_NAME', value: tenantName }
  { name: 'AIR_AGENT_MODE', value: mode }
  { name: 'AIR_AGENT_POLICIES_DIRECTORY', value: '/policies' }
  { name: 'AIR_AGENT_LEDGER_URL', value: database.outputs.url }
  { name: 'AIR_AGENT_LEDGER_PASSWORD', secretRef: 'ledger-password' }
  { name: 'AIR_AGENT_AUDIT_KEY', secretRef: 'audit-key' }
  { name: 'AIR_AGENT_AUDIT_FILE', value: '/var/lib/air-agent/audit.jsonl' }
  { name: 'AIR_AGENT_ESCALATION_CLIENT_ID', value: signInClientId }
  { name: 'AIR_AGENT_WEB_URL', value: address }
]

var channelVariables = [for one in channelSecrets: { name: one.variable, secretRef: toLower(one.secret) }]

var volumes = [
  { name: 'policies', storageType: 'AzureFile', storageName: policiesShare }
  { name: 'audit', storageType: 'AzureFile', storageName: auditShare }
  { name: 'data', storageType: 'EmptyDir' }
  { name: 'tmp', storageType: 'EmptyDir' }
]

var agentSecrets = [
  { name: 'audit-key', keyVaultUrl: auditKey.properties.secretUri, identity: agentIdentity.id }
  { name: 'ledger-password', keyVaultUrl: ledgerPassword.properties.secretUri, identity: agentIdentity.id }
]

var channelReferences = [for (one, index) in channelSecrets: {
  name: toLower(one.secret)
  keyVaultUrl: channelSecret[index].properties.secretUri
  identity: agentIdentity.id
}]

resource agent 'Microsoft.App/containerApps@2024-03-01' = {
  name: '${name}-agent'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${agentIdentity.id}': {}
    }
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 5
      secrets: concat(agentSecrets, channelReferences)
      registries: empty(registry) ? [] : [
        {
          server: '${registry}.azurecr.io'
          identity: agentIdentity.id
        }
      ]
    }
    template: {
      terminationGracePeriodSeconds: 150
      scale: {
        minReplicas: replicas
        maxReplicas: replicas
      }
      volumes: volumes
      containers: [
        {
          name: 'agent'
          image: image
          args: ['run']
          env: concat(common, channelVariables, settings, [
            { name: 'AIR_AGENT_AUTH_KIND', value: 'managedIdentity' }
            { name: 'AIR_AGENT_AUTH_CLIENT_ID', value: agentIdentity.properties.clientId }
            { name: 'AIR_AGENT_AUDIT_ANCHOR', value: '/audit/anchors' }
            { name: 'AIR_AGENT_HEALTH_LISTEN', value: '0.0.0.0:8421' }
          ])
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
          volumeMounts: [
            { volumeName: 'policies', mountPath: '/policies' }
            { volumeName: 'audit', mountPath: '/audit' }
            { volumeName: 'data', mountPath: '/var/lib/air-agent' }
            { volumeName: 'tmp', mountPath: '/tmp' }
          ]
          probes: [
            {
              type: 'Startup'
              httpGet: { path: '/healthz', port: 8421 }
              periodSeconds: 60
              timeoutSeconds: 5
              failureThreshold: 10
            }
            {
              type: 'Liveness'
              httpGet: { path: '/healthz', port: 8421 }
              periodSeconds: 20
              timeoutSeconds: 5
              failureThreshold: 6
            }
            {
              type: 'Readiness'
              httpGet: { path: '/readyz', port: 8421 }
              periodSeconds: 10
              timeoutSeconds: 5
              failureThreshold: 3
            }
          ]
        }
      ]
    }
  }
  dependsOn: [agentReadsAuditKey, agentReadsPassword, agentReadsChannels, agentPulls, mounted]
}

resource pages 'Microsoft.App/containerApps@2024-03-01' = {
  name: '${name}-pages'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${pagesIdentity.id}': {}
    }
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 5
      secrets: [
        { name: 'audit-key', keyVaultUrl: auditKey.properties.secretUri, identity: pagesIdentity.id }
        { name: 'ledger-password', keyVaultUrl: ledgerPassword.properties.secretUri, identity: pagesIdentity.id }
        { name: 'web-client-secret', keyVaultUrl: webClientSecret.properties.secretUri, identity: pagesIdentity.id }
      ]
      registries: empty(registry) ? [] : [
        {
          server: '${registry}.azurecr.io'
          identity: pagesIdentity.id
        }
      ]
      ingress: {
        external: true
        allowInsecure: false
        targetPort: 8420
        transport: 'http'
        customDomains: empty(pagesCertificateId) ? [] : [
          {
            name: replace(pagesUrl, 'https://', '')
            certificateId: pagesCertificateId
            bindingType: 'SniEnabled'
          }
        ]
      }
    }
    template: {
      terminationGracePeriodSeconds: 30
      scale: {
        minReplicas: 1
        maxReplicas: 2
      }
      volumes: volumes
      containers: [
        {
          name: 'pages'
          image: image
          args: ['serve']
          env: concat(common, [
            { name: 'AIR_AGENT_WEB_LISTEN', value: '0.0.0.0:8420' }
            { name: 'AIR_AGENT_WEB_CLIENT_SECRET', secretRef: 'web-client-secret' }
          ])
          resources: {
            cpu: json('0.25')
            memory: '0.5Gi'
          }
          volumeMounts: [
            { volumeName: 'policies', mountPath: '/policies' }
            { volumeName: 'data', mountPath: '/var/lib/air-agent' }
            { volumeName: 'tmp', mountPath: '/tmp' }
          ]
          probes: [
            {
              type: 'Liveness'
              httpGet: { path: '/healthz', port: 8420 }
              periodSeconds: 20
              timeoutSeconds: 5
              failureThreshold: 3
            }
            {
              type: 'Readiness'
              httpGet: { path: '/readyz', port: 8420 }
              periodSeconds: 10
              timeoutSeconds: 5
              failureThreshold: 3
            }
          ]
        }
      ]
    }
  }
  dependsOn: [pagesReadAuditKey, pagesReadPassword, pagesReadWebSecret, pagesPull, mounted]
}

@description('Where people open the pages: the redirect URI of the sign-in is this and /sign-in/back.')
output pagesAddress string = address

@description('Whom Graph\'s permissions are granted to: `air-agent doctor --grants` says which.')
output agentPrincipalId string = agentIdentity.properties.principalId

@description('Where the policies are copied to: az storage file upload-batch --account-name … --destination policies --source policies')
output policiesAccount string = files.name
