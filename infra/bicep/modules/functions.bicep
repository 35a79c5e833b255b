metadata description = 'The function app on a Flex Consumption plan, which costs nothing while nobody calls it.'

@description('Required. Name of the app, which its address begins with.')
param name string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resources. Defaults to none.')
param tags object = {}

@description('Required. Resource id of the user-assigned identity that the app runs as.')
param identityId string

@description('Required. URL of the container that holds the app\'s package.')
param packagesUrl string

@description('Required. Name of the Application Insights component.')
param componentName string

@description('Required. Environment variables of the app, by name.')
param settings object

@description('Optional. Python version. Defaults to 3.12.')
param pythonVersion string = '3.12'

@description('Optional. Megabytes of an instance: 512, 2048 or 4096. Defaults to 2048.')
param memory int = 2048

@description('Optional. Instances at most. Defaults to 40.')
param mostInstances int = 40

@description('Optional. Instances that are never stopped, and are paid for. Defaults to none.')
param readyInstances int = 0

@description('Optional. Requests that an instance answers at a time; without it, Azure gives a Python app one. Defaults to 32.')
param concurrency int = 32

@description('Optional. Resource id of the subnet that the app reaches others by. Defaults to none.')
param subnetId string = ''

@description('Optional. Whether the app is reached from the internet; else by a private endpoint alone. Defaults to yes.')
param isPublic bool = true

var given = [for setting in items(settings): { name: setting.key, value: setting.value }]
var telemetry = { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: component.properties.ConnectionString }

resource component 'Microsoft.Insights/components@2020-02-02' existing = { name: componentName }

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: { minTlsVersion: '1.2', appSettings: concat(given, [telemetry]) }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'python', version: pythonVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: memory
        maximumInstanceCount: mostInstances
        alwaysReady: readyInstances > 0 ? [{ name: 'http', instanceCount: readyInstances }] : []
        triggers: { http: { perInstanceConcurrency: concurrency } }
      }
    }
  }
}

// Packages come with the deployer's own identity; passwords for FTP and for the deployment site are off.
resource passwords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = [for door in ['ftp', 'scm']: { parent: app, name: door, properties: { allow: false } }]

@description('Resource id of the app.')
output id string = app.id

@description('Address of the app: the tracking URI of every client.')
output url string = 'https://${app.properties.defaultHostName}'
