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

module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    principalId: identity.outputs.principalId
    storageName: storage.outputs.name
    artifactsContainer: storage.outputs.artifactsContainer
    deploymentsContainer: storage.outputs.deploymentsContainer
  }
}

@description('What GENESIS_ARTIFACTS_URI is set to.')
output artifactsUri string = '${storage.outputs.blobEndpoint}${storage.outputs.artifactsContainer}'

@description('Client id of the identity of the function app.')
output clientId string = identity.outputs.clientId
