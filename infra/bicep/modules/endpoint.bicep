metadata description = 'One service inside the private network: its endpoint, and the DNS zone that leads to it.'

@description('Required. Name of the endpoint.')
param name string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resources. Defaults to none.')
param tags object = {}

@description('Required. Resource id of the network, whose names the zone answers.')
param networkId string

@description('Required. Resource id of the subnet that the endpoint has its address in.')
param subnetId string

@description('Required. Resource id of the service.')
param serviceId string

@description('Required. What of the service is reached: blob, MongoDB, MongoCluster, vault or sites.')
param groupId string

@description('Required. Name of the DNS zone, as Azure names it for this kind of service.')
param zoneName string

resource endpoint 'Microsoft.Network/privateEndpoints@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: name, properties: { privateLinkServiceId: serviceId, groupIds: [groupId] } }
    ]
  }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: zoneName
  location: 'global'
  tags: tags
}

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: zone
  name: name
  location: 'global'
  tags: tags
  properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
}

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [{ name: groupId, properties: { privateDnsZoneId: zone.id } }]
  }
}
