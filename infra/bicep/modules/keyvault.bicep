metadata description = 'The vault for what cannot do without a secret; access by roles only.'

@description('Required. Name of the vault: 3 to 24 letters, digits and hyphens.')
param name string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resource. Defaults to none.')
param tags object = {}

@description('Optional. Whether nobody reaches the vault but by a private endpoint. Defaults to no.')
param isPrivate bool = false

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    // Cannot be taken back: a vault of this name stays recoverable, and its name taken, until the days are over.
    enablePurgeProtection: true
    softDeleteRetentionInDays: 7
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }
}

@description('Resource id of the vault.')
output id string = vault.id

@description('Name of the vault.')
output name string = vault.name
