metadata description = 'What the identity of the function app may do, each role at the narrowest scope that serves.'

@description('Required. Object id of the identity.')
param principalId string

@description('Required. Name of the storage account.')
param storageName string

@description('Required. Name of the container of artifacts.')
param artifactsContainer string

@description('Required. Name of the container of the function app\'s packages.')
param deploymentsContainer string

var roles = {
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDelegator: 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'
}

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  parent: account
  name: 'default'
}

resource artifacts 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  parent: blobs
  name: artifactsContainer
}

resource deployments 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  parent: blobs
  name: deploymentsContainer
}

// Lists, reads, writes and deletes artifacts; a signed URL allows no more than this identity itself may do.
resource artifactsRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(artifacts.id, principalId, roles.storageBlobDataContributor)
  scope: artifacts
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

// Gets the user delegation key that signs those URLs; it belongs to the account, so no container can grant it.
resource delegatorRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, roles.storageBlobDelegator)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDelegator)
  }
}

// The platform puts the function app's package there and starts the app from it.
resource deploymentsRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(deployments.id, principalId, roles.storageBlobDataOwner)
  scope: deployments
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
  }
}
