metadata description = 'Cosmos DB for MongoDB on a cluster of its own (vCore), with Entra ID alone: there is no password.'

@description('Required. Name of the cluster: 3 to 40 lower-case letters, digits and hyphens.')
param name string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resource. Defaults to none.')
param tags object = {}

@description('Required. Name of the database.')
param databaseName string

@description('Required. Object id of the identity that reads and writes the database.')
param principalId string

@description('Optional. Size of a node: Free, M10, M20, M25, M30 and so on. Defaults to M10.')
param tier string = 'M10'

@description('Optional. Gigabytes of disk. Defaults to 32.')
@minValue(32)
param diskGigabytes int = 32

@description('Optional. Whether a second node stands by; not in the tiers below M30. Defaults to no.')
param isHighlyAvailable bool = false

@description('Optional. Whether nobody reaches the cluster but by a private endpoint. Defaults to no.')
param isPrivate bool = false

resource cluster 'Microsoft.DocumentDB/mongoClusters@2025-09-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    serverVersion: '8.0'
    compute: { tier: tier }
    storage: { sizeGb: diskGigabytes }
    sharding: { shardCount: 1 }
    highAvailability: { targetMode: isHighlyAvailable ? 'ZoneRedundantPreferred' : 'Disabled' }
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    authConfig: { allowedModes: ['MicrosoftEntraID'] }
  }
}

// 0.0.0.0 stands for addresses in Azure, of any tenant; who comes from there still needs a token for this cluster.
resource azureServices 'Microsoft.DocumentDB/mongoClusters/firewallRules@2025-09-01' = if (!isPrivate) {
  parent: cluster
  name: 'azure-services'
  properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' }
}

resource user 'Microsoft.DocumentDB/mongoClusters/users@2025-09-01' = {
  parent: cluster
  name: principalId
  properties: {
    identityProvider: { type: 'MicrosoftEntraID', properties: { principalType: 'servicePrincipal' } }
    roles: [{ db: 'admin', role: 'root' }]
  }
}

// Azure's own text has placeholders for a user and a password before the host.
var host = first(split(last(split(cluster.properties.connectionString, '@')), '/'))

@description('What GENESIS_DATABASE_URI is set to; nothing in it is secret.')
output databaseUri string = 'mongodb+srv://${host}/${databaseName}?tls=true&authMechanism=MONGODB-OIDC&retryWrites=false'

@description('Resource id of the cluster.')
output id string = cluster.id
