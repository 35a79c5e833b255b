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

@description('Optional. Who may call: token (tokens of our own, the first made here and kept in the vault), entra (tokens of Entra ID, checked by the app) or platform (the same, checked by App Service before the app is asked). Defaults to token.')
@allowed(['token', 'entra', 'platform'])
param auth string = 'token'

@description('Optional. With entra or platform: tenant whose tokens are taken. Defaults to that of the subscription.')
param entraTenantId string = subscription().tenantId

@description('Optional. With entra or platform, where it is needed: client id of the app registration that stands for this deployment. Defaults to none.')
param entraClientId string = ''

@description('Optional. With entra or platform: app role that a caller must have. Defaults to none: whoever gets a token may call.')
param entraRole string = ''

@description('Optional. Whether database, storage and vault are reached by private endpoints alone. Clients then transfer artifacts from inside the network (or one peered with it) only. Defaults to no.')
param isPrivate bool = false

@description('Optional. With isPrivate: whether the app itself is still reached from the internet, which deployments from there need, too. Defaults to yes.')
param isAppPublic bool = true

@description('Optional. With isPrivate: addresses of the network, a /24. Defaults to 10.80.0.0/24.')
param networkAddresses string = '10.80.0.0/24'

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

@description('Optional. Requests that an instance answers at a time, each on a thread and with a database connection of its own. Defaults to 32.')
@minValue(1)
@maxValue(1000)
param concurrency int = 32

@description('Optional. Minutes that the URLs live which clients send and fetch artifacts with; 0: no such URLs, all bytes pass through the function. Defaults to 15.')
@minValue(0)
@maxValue(60)
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

@description('Optional. Whether each request to the database and the storage is logged, too; paid by the gigabyte. Defaults to no.')
param isEveryRequestLogged bool = false

@description('Optional. Whether the log says what each request cost in request units; each database operation then takes two round trips. Only ru knows it. Defaults to no.')
param isChargeLogged bool = false

@description('Optional. Whether the app itself sends a span of each request to Application Insights. An instance then starts later. Defaults to no.')
param isTraced bool = false

@description('Optional. Mail addresses that hear of failures, slowness, throttling and money spent. Without one there are no alerts, which are paid for. Defaults to none.')
param alertEmails string[] = []

@description('Optional. Seconds that 95 of 100 requests should be answered in, or an alert is sent. Defaults to 5.')
@minValue(1)
param slowSeconds int = 5

@description('Optional. Money for a month, in the currency of the bill, of which 80 and 100 percent are told; 0 for no budget. Defaults to 0.')
@minValue(0)
param monthlyBudget int = 0

@description('Optional. First day of the budget, the first of a month. Defaults to that of the current month.')
param budgetStart string = utcNow('yyyy-MM-01')

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
var databaseId = database == 'ru' ? ru!.outputs.id : vcore!.outputs.id
var usesEntra = auth != 'token'
var clientId = usesEntra && empty(entraClientId) ? fail('auth: ${auth} needs entraClientId') : entraClientId

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
    isPrivate: isPrivate
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
    isPrivate: isPrivate
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
    isPrivate: isPrivate
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
    isPrivate: isPrivate
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

module private 'modules/private.bicep' = if (isPrivate) {
  name: 'private'
  params: {
    name: appName
    location: location
    tags: tags
    addresses: networkAddresses
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
    databaseId: databaseId
    database: database
  }
}

module firstToken 'modules/first-token.bicep' = if (auth == 'token') {
  name: 'first-token'
  params: {
    vaultName: vault.outputs.name
  }
}

// What needs no token at the platform, either: it is open in the app itself.
var openPaths = [
  '/health'
  '/health/live'
  '/health/ready'
  '/version'
  '/api/3.0/mlflow/server-info'
  '/ajax-api/3.0/mlflow/server-info'
]

// Every environment variable of the app but that of Application Insights; those of Genesis-Flow are in its README.
var settings = {
  AzureWebJobsStorage__blobServiceUri: storage.outputs.blobEndpoint
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.outputs.clientId
  AzureWebJobsDisableHomepage: 'true'
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
  AZURE_CLIENT_ID: identity.outputs.clientId
  PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: isTraced ? 'true' : 'false'
  // Spans of libraries have URLs, and those the names of artifacts.
  OTEL_PYTHON_DISABLED_INSTRUMENTATIONS: 'azure_sdk,django,fastapi,flask,httpx,logging,psycopg2,requests,urllib,urllib3'
  PYTHON_THREADPOOL_THREAD_COUNT: string(concurrency)
  GENESIS_DATABASE_URI: database == 'ru' ? ru!.outputs.databaseUri : vcore!.outputs.databaseUri
  GENESIS_DATABASE_CONNECTIONS: string(concurrency)
  GENESIS_ARTIFACTS_URI: '${storage.outputs.blobEndpoint}${storage.outputs.artifactsContainer}'
  GENESIS_ARTIFACT_ROOT: 'mlflow-artifacts:/'
  GENESIS_SIGNED_URL_MINUTES: string(signedUrlMinutes)
  GENESIS_PROXIED_UPLOAD_LIMIT: '100'
  // Twice as much: what the host itself refuses it refuses without a word of how else to send it.
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '209715200'
  GENESIS_AUTH: auth
  GENESIS_TOKEN: auth == 'token' ? firstToken!.outputs.reference : ''
  GENESIS_ENTRA_TENANT: usesEntra ? entraTenantId : ''
  GENESIS_ENTRA_AUDIENCE: usesEntra ? clientId : ''
  GENESIS_ENTRA_ROLE: usesEntra ? entraRole : ''
  GENESIS_ENTRA_AUTHORITY: environment().authentication.loginEndpoint
  GENESIS_LOG_LEVEL: logLevel
  GENESIS_LOG_FORMAT: 'json'
  GENESIS_REQUEST_CHARGE: isChargeLogged ? 'true' : 'false'
  // The folder that is published beside function_app.py.
  GENESIS_UI: ''
}

// Once the roles and the ways are there: the app reads its package, its secrets and the host's locks as it starts.
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
    subnetId: isPrivate ? private!.outputs.appSubnetId : ''
    isPublic: !isPrivate || isAppPublic
  }
}

module appEndpoint 'modules/endpoint.bicep' = if (isPrivate) {
  name: 'app-endpoint'
  params: {
    name: '${appName}-app'
    location: location
    tags: tags
    networkId: private!.outputs.networkId
    subnetId: private!.outputs.endpointsSubnetId
    serviceId: functions.outputs.id
    groupId: 'sites'
    zoneName: 'privatelink.azurewebsites.net'
  }
}

module signIn 'modules/sign-in.bicep' = if (auth == 'platform') {
  name: 'sign-in'
  dependsOn: [functions]
  params: {
    appName: appName
    tenantId: entraTenantId
    clientId: clientId
    openPaths: openPaths
  }
}

module diagnostics 'modules/diagnostics.bicep' = {
  name: 'diagnostics'
  dependsOn: [functions]
  params: {
    workspaceId: monitoring.outputs.workspaceId
    appName: appName
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
    database: database
    databaseId: databaseId
    isEveryRequestLogged: isEveryRequestLogged
  }
}

module alerts 'modules/alerts.bicep' = if (!empty(alertEmails)) {
  name: 'alerts'
  params: {
    name: appName
    location: location
    tags: tags
    emails: alertEmails
    workspaceId: monitoring.outputs.workspaceId
    storageId: storage.outputs.id
    databaseId: databaseId
    database: database
    slowSeconds: slowSeconds
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    title: 'Genesis-Flow: ${appName}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    storageId: storage.outputs.id
    databaseId: databaseId
    database: database
  }
}

module budget 'modules/budget.bicep' = if (monthlyBudget > 0) {
  name: 'budget'
  params: {
    name: appName
    amount: monthlyBudget
    start: budgetStart
    emails: alertEmails
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
