metadata description = 'Genesis-Flow in one resource group.'

@description('Optional. Azure region. Defaults to that of the resource group.')
param location string = resourceGroup().location

@description('Optional. What the resources\' names begin with: lower-case letters, digits and hyphens. Defaults to genesis.')
@minLength(2)
@maxLength(20)
param name string = 'genesis'

@description('Optional. Tags of every resource. Defaults to none.')
param tags object = {}

@description('Optional. Further origins (scheme://host) of pages that read and write artifacts, such as a domain of your own. Defaults to the function app\'s own address alone.')
param origins string[] = []

@description('Optional. Database: ru (Cosmos DB for MongoDB, serverless, paid by the request) or vcore (a cluster of its own, without any password). Defaults to ru.')
@allowed(['ru', 'vcore'])
param database string = 'ru'

@description('Optional. With vcore: size of a node. Defaults to M10.')
param databaseTier string = 'M10'

@description('Optional. With vcore: whether a second node stands by; not in the tiers below M30. Defaults to no.')
param databaseIsHighlyAvailable bool = false

@description('Optional. Python version of the function app. Defaults to 3.12.')
param pythonVersion string = '3.12'

@description('Optional. Megabytes of an instance: 512, 2048 or 4096. Defaults to 2048.')
@allowed([512, 2048, 4096])
param memory int = 2048

@description('Optional. Instances at most. Defaults to 40.')
@minValue(1)
@maxValue(1000)
param mostInstances int = 40

@description('Optional. Instances that are never stopped, and are paid for. Defaults to none.')
@minValue(0)
param readyInstances int = 0

@description('Optional. Requests that an instance answers at a time. Defaults to 16.')
@minValue(1)
@maxValue(1000)
param concurrency int = 16

@description('Optional. Minutes that the URLs live which clients send and fetch artifacts with. Defaults to 15.')
@minValue(1)
param signedUrlMinutes int = 15

@description('Optional. DEBUG, INFO, WARNING or ERROR. Defaults to INFO.')
@allowed(['DEBUG', 'INFO', 'WARNING', 'ERROR'])
param logLevel string = 'INFO'

@description('Optional. Gigabytes of logs a day after which no more are taken; -1 for no limit. Defaults to 1.')
@minValue(-1)
param dailyLogGigabytes int = 1

@description('Optional. Days for which logs are kept. Defaults to 30.')
@minValue(30)
@maxValue(730)
param logDays int = 30

@description('Optional. Redundancy of the storage account. Defaults to three copies in one data centre.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param storageSku string = 'Standard_LRS'

@description('Optional. Days for which deleted and overwritten artifacts can be brought back. Defaults to 7.')
@minValue(1)
@maxValue(365)
param retentionDays int = 7

@description('Optional. Days after which snapshots and earlier versions of artifacts are removed. Defaults to 30.')
@minValue(1)
param leftoverDays int = 30

var token = uniqueString(resourceGroup().id, name)
var appName = '${name}-${token}'
var databaseName = 'genesis'

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: {
    name: appName
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: 'st${token}'
    location: location
    tags: tags
    origins: concat(['https://${appName}.azurewebsites.net'], origins)
    sku: storageSku
    retentionDays: retentionDays
  }
}

module lifecycle 'modules/lifecycle.bicep' = {
  name: 'lifecycle'
  params: {
    storageName: storage.outputs.name
    artifactsContainer: storage.outputs.artifactsContainer
    days: leftoverDays
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    name: appName
    location: location
    tags: tags
    retentionDays: logDays
    dailyGigabytes: dailyLogGigabytes
  }
}

module vault 'modules/keyvault.bicep' = {
  name: 'vault'
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
  }
}

module ru 'modules/cosmos-ru.bicep' = if (database == 'ru') {
  name: 'ru'
  params: {
    name: appName
    location: location
    tags: tags
    databaseName: databaseName
    vaultName: vault.outputs.name
  }
}

module vcore 'modules/cosmos-vcore.bicep' = if (database == 'vcore') {
  name: 'vcore'
  params: {
    name: appName
    location: location
    tags: tags
    databaseName: databaseName
    principalId: identity.outputs.principalId
    tier: databaseTier
    isHighlyAvailable: databaseIsHighlyAvailable
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    principalId: identity.outputs.principalId
    storageName: storage.outputs.name
    artifactsContainer: storage.outputs.artifactsContainer
    vaultName: vault.outputs.name
    componentName: monitoring.outputs.componentName
  }
}

// Every environment variable of the app but that of Application Insights; those of Genesis-Flow are in its README.
var settings = {
  AzureWebJobsStorage__blobServiceUri: storage.outputs.blobEndpoint
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.outputs.clientId
  AzureWebJobsDisableHomepage: 'true'
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
  AZURE_CLIENT_ID: identity.outputs.clientId
  PYTHON_THREADPOOL_THREAD_COUNT: string(concurrency)
  GENESIS_DATABASE_URI: database == 'ru' ? ru!.outputs.databaseUri : vcore!.outputs.databaseUri
  GENESIS_ARTIFACTS_URI: '${storage.outputs.blobEndpoint}${storage.outputs.artifactsContainer}'
  GENESIS_ARTIFACT_ROOT: 'mlflow-artifacts:/'
  GENESIS_SIGNED_URL_MINUTES: string(signedUrlMinutes)
  GENESIS_PROXIED_UPLOAD_LIMIT: '100'
  // Twice as much: what the host itself refuses it refuses without a word of how else to send it.
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '209715200'
  GENESIS_LOG_LEVEL: logLevel
}

// Once the roles are there: the app reads its package, its secrets and the host's locks as soon as it starts.
module functions 'modules/functions.bicep' = {
  name: 'functions'
  dependsOn: [roles]
  params: {
    name: appName
    location: location
    tags: tags
    identityId: identity.outputs.id
    packagesUrl: '${storage.outputs.blobEndpoint}${storage.outputs.deploymentsContainer}'
    componentName: monitoring.outputs.componentName
    settings: settings
    pythonVersion: pythonVersion
    memory: memory
    mostInstances: mostInstances
    readyInstances: readyInstances
    concurrency: concurrency
  }
}

@description('The tracking URI of every client.')
output trackingUri string = functions.outputs.url

@description('Name of the function app, to deploy to.')
output appName string = appName

@description('URL of the container of artifacts.')
output artifactsUrl string = settings.GENESIS_ARTIFACTS_URI

@description('Name of the key vault.')
output vaultName string = vault.outputs.name
