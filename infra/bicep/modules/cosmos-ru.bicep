metadata description = 'Cosmos DB for MongoDB, paid by the request: a serverless account, its connection string in a vault.'

@description('Required. Name of the account: 3 to 44 lower-case letters, digits and hyphens.')
param name string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resource. Defaults to none.')
param tags object = {}

@description('Required. Name of the database.')
param databaseName string

@description('Required. Name of the vault that takes the connection string.')
param vaultName string

@description('Optional. Whether nobody reaches the account but by a private endpoint. Defaults to no.')
param isPrivate bool = false

resource account 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' = {
  name: name
  location: location
  tags: tags
  kind: 'MongoDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [{ locationName: location, failoverPriority: 0, isZoneRedundant: false }]
    apiProperties: { serverVersion: '7.0' }
    capabilities: [
      { name: 'EnableMongo' }
      { name: 'EnableServerless' }
      // Only collections made after it take documents of more than 2 MB; it cannot be added from here later.
      { name: 'EnableMongo16MBDocumentSupport' }
    ]
    // What one instance of the app has written, another one finds.
    consistencyPolicy: { defaultConsistencyLevel: 'Strong' }
    // The MongoDB protocol of these accounts knows nothing but keys.
    disableLocalAuth: false
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: 'Continuous7Days' } }
  }
}

resource database 'Microsoft.DocumentDB/databaseAccounts/mongodbDatabases@2025-10-15' = {
  parent: account
  name: databaseName
  properties: {
    resource: { id: databaseName }
  }
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

resource kept 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'database-uri'
  properties: {
    contentType: 'MongoDB connection string'
    // Put in front of the query: the database, which the string that Azure gives does not name.
    value: replace(account.listConnectionStrings().connectionStrings[0].connectionString, '/?', '/${database.name}?')
  }
}

@description('What GENESIS_DATABASE_URI is set to: a reference that the function app follows with its identity.')
output databaseUri string = '@Microsoft.KeyVault(SecretUri=${kept.properties.secretUri})'

@description('Resource id of the account.')
output id string = account.id
