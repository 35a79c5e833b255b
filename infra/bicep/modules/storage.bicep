metadata description = 'The storage account, without shared keys: artifacts, and the packages of the function app.'

@description('Required. Name of the storage account: 3 to 24 lower-case letters and digits.')
@minLength(3)
@maxLength(24)
param name string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resource. Defaults to none.')
param tags object = {}

@description('Required. Origins (scheme://host) of the pages that may read and write blobs by signed URLs; never *.')
@minLength(1)
param origins string[]

@description('Optional. Redundancy of the account. Defaults to three copies in one data centre.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param sku string = 'Standard_LRS'

@description('Optional. Days for which a deleted or overwritten blob, or a deleted container, can be brought back. Defaults to 7.')
@minValue(1)
@maxValue(365)
param retentionDays int = 7

@description('Optional. Whether nobody reaches the account but by a private endpoint. Defaults to no.')
param isPrivate bool = false

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    // Nobody can sign with an account key: URLs are signed by user delegation keys, which an identity gets.
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    // What `genesis init` tells an emulator, too.
    cors: {
      corsRules: [
        {
          allowedOrigins: origins
          allowedMethods: ['GET', 'HEAD', 'PUT', 'OPTIONS']
          allowedHeaders: ['range', 'content-type', 'content-md5', 'x-ms-*']
          exposedHeaders: ['ETag', 'Content-*', 'x-ms-*']
          maxAgeInSeconds: 3600
        }
      ]
    }
    // Soft delete keeps what is overwritten, too, and forgets it by itself; versions would double that.
    isVersioningEnabled: false
    deleteRetentionPolicy: { enabled: true, days: retentionDays }
    containerDeleteRetentionPolicy: { enabled: true, days: retentionDays }
  }
}

resource artifacts 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: 'artifacts'
}

resource deployments 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: 'deployments'
}

@description('Name of the storage account.')
output name string = account.name

@description('Resource id of the storage account.')
output id string = account.id

@description('URL of the blob service, with a slash at its end.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Name of the container of artifacts.')
output artifactsContainer string = artifacts.name

@description('Name of the container of the function app\'s packages.')
output deploymentsContainer string = deployments.name
