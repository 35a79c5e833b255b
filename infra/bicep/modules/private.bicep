metadata description = 'Everything that makes the deployment private: the network, and in it the storage, the database and the vault.'

@description('Required. What the names begin with.')
param name string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resources. Defaults to none.')
param tags object = {}

@description('Required. Addresses of the network, a /24.')
param addresses string

@description('Required. Resource id of the storage account.')
param storageId string

@description('Required. Resource id of the key vault.')
param vaultId string

@description('Required. Resource id of the database\'s account or cluster.')
param databaseId string

@description('Required. Database: ru or vcore.')
@allowed(['ru', 'vcore'])
param database string

module network 'network.bicep' = {
  name: 'network'
  params: {
    name: name
    location: location
    tags: tags
    addresses: addresses
  }
}

module storage 'endpoint.bicep' = {
  name: 'storage-endpoint'
  params: {
    name: '${name}-storage'
    location: location
    tags: tags
    networkId: network.outputs.id
    subnetId: network.outputs.endpointsSubnetId
    serviceId: storageId
    groupId: 'blob'
    zoneName: 'privatelink.blob.${environment().suffixes.storage}'
  }
}

module databases 'endpoint.bicep' = {
  name: 'database-endpoint'
  params: {
    name: '${name}-database'
    location: location
    tags: tags
    networkId: network.outputs.id
    subnetId: network.outputs.endpointsSubnetId
    serviceId: databaseId
    groupId: database == 'ru' ? 'MongoDB' : 'MongoCluster'
    zoneName: 'privatelink.${database == 'ru' ? 'mongo' : 'mongocluster'}.cosmos.azure.com'
  }
}

module vault 'endpoint.bicep' = {
  name: 'vault-endpoint'
  params: {
    name: '${name}-vault'
    location: location
    tags: tags
    networkId: network.outputs.id
    subnetId: network.outputs.endpointsSubnetId
    serviceId: vaultId
    groupId: 'vault'
    zoneName: 'privatelink.vaultcore.azure.net'
  }
}

@description('Resource id of the network.')
output networkId string = network.outputs.id

@description('Resource id of the subnet that the app leaves by.')
output appSubnetId string = network.outputs.appSubnetId

@description('Resource id of the subnet of the private endpoints.')
output endpointsSubnetId string = network.outputs.endpointsSubnetId
