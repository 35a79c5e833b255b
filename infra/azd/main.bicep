metadata description = 'What `azd up` deploys: a resource group, and Genesis-Flow in it.'

targetScope = 'subscription'

@description('Required. Name of the environment, as azd knows it.')
@minLength(2)
@maxLength(20)
param environmentName string

@description('Required. Azure region.')
param location string

@description('Optional. Database: ru or vcore. Defaults to ru.')
@allowed(['ru', 'vcore'])
param database string = 'ru'

@description('Optional. Who may call: token, entra or platform. Defaults to token.')
@allowed(['token', 'entra', 'platform'])
param auth string = 'token'

@description('Optional. With entra or platform, where it is needed: client id of the app registration. Defaults to none.')
param entraClientId string = ''

@description('Optional. Whether database, storage and vault are reached by private endpoints alone. Defaults to no.')
param isPrivate bool = false

@description('Optional. Mail addresses that hear of failures. Defaults to none.')
param alertEmails string[] = []

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: { 'azd-env-name': environmentName }
}

module genesis '../bicep/main.bicep' = {
  name: 'genesis'
  scope: group
  params: {
    location: location
    name: toLower(environmentName)
    tags: { 'azd-env-name': environmentName }
    database: database
    auth: auth
    entraClientId: entraClientId
    isPrivate: isPrivate
    alertEmails: alertEmails
  }
}

@description('The tracking URI of every client.')
output MLFLOW_TRACKING_URI string = genesis.outputs.trackingUri

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the key vault.')
output AZURE_KEY_VAULT_NAME string = genesis.outputs.vaultName
