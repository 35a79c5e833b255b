metadata description = 'What services write about themselves, sent to the workspace; metrics need no setting to be read.'

@description('Required. Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Required. Name of the function app.')
param appName string

@description('Required. Name of the storage account.')
param storageName string

@description('Required. Name of the key vault.')
param vaultName string

@description('Required. Database: ru or vcore.')
@allowed(['ru', 'vcore'])
param database string

@description('Required. Resource id of the database\'s account or cluster.')
param databaseId string

@description('Required. Whether each request to the database and the storage is logged, and each line of the host; who changed or deleted what always is.')
param isEveryRequestLogged bool

resource app 'Microsoft.Web/sites@2025-03-01' existing = { name: appName }

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = { name: storageName }

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  parent: account
  name: 'default'
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = { name: vaultName }

resource ru 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' existing = if (database == 'ru') {
  name: last(split(databaseId, '/'))
}

resource cluster 'Microsoft.DocumentDB/mongoClusters@2025-09-01' existing = if (database == 'vcore') {
  name: last(split(databaseId, '/'))
}

resource vaultLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: vault
  properties: { workspaceId: workspaceId, logs: [{ category: 'AuditEvent', enabled: true }] }
}

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'StorageDelete', enabled: true }
      { category: 'StorageRead', enabled: isEveryRequestLogged }
      { category: 'StorageWrite', enabled: isEveryRequestLogged }
    ]
  }
}

resource ruLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (database == 'ru') {
  name: 'workspace'
  scope: ru
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      { category: 'ControlPlaneRequests', enabled: true }
      { category: 'MongoRequests', enabled: isEveryRequestLogged }
    ]
  }
}

// A cluster has no other category than its requests.
resource clusterLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (database == 'vcore' && isEveryRequestLogged) {
  name: 'workspace'
  scope: cluster
  properties: { workspaceId: workspaceId, logs: [{ category: 'vCoreMongoRequests', enabled: true }] }
}

// The app's own lines come through Application Insights; these are the host's, and repeat them.
resource appLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (isEveryRequestLogged) {
  name: 'workspace'
  scope: app
  properties: { workspaceId: workspaceId, logs: [{ category: 'FunctionAppLogs', enabled: true }] }
}
