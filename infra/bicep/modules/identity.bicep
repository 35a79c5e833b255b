metadata description = 'The identity that the function app runs as; roles are given to it before the app exists.'

@description('Required. Name of the user-assigned managed identity.')
param name string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resource. Defaults to none.')
param tags object = {}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id of the identity.')
output id string = identity.id

@description('Client id, by which the app asks for tokens of this identity.')
output clientId string = identity.properties.clientId

@description('Object id, to which roles are assigned.')
output principalId string = identity.properties.principalId
