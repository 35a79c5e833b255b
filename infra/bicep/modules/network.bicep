metadata description = 'The private network: a subnet that the app leaves by, and one for the private endpoints.'

@description('Required. Name of the network.')
param name string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resource. Defaults to none.')
param tags object = {}

@description('Required. Addresses of the network: a /24 that no network it is peered with uses.')
param addresses string

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addresses] }
    // Within the network, for whoever writes subnets on their own takes those away that stand here.
    subnets: [
      {
        name: 'app'
        properties: {
          // Flex Consumption takes nothing smaller than a /27, and no underscore in the name.
          addressPrefix: cidrSubnet(addresses, 25, 0)
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addresses, 26, 2)
          defaultOutboundAccess: false
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

resource app 'Microsoft.Network/virtualNetworks/subnets@2024-07-01' existing = {
  parent: network
  name: 'app'
}

resource endpoints 'Microsoft.Network/virtualNetworks/subnets@2024-07-01' existing = {
  parent: network
  name: 'endpoints'
}

@description('Resource id of the network.')
output id string = network.id

@description('Resource id of the subnet that the app leaves by.')
output appSubnetId string = app.id

@description('Resource id of the subnet of the private endpoints.')
output endpointsSubnetId string = endpoints.id
