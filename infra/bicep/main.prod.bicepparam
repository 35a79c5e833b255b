using './main.bicep'

param name = 'genesis'
param database = 'vcore'
param databaseTier = 'M30'
param databaseIsHighlyAvailable = true

// People sign in with the directory; `az ad app create` makes the id (docs/deployment.md).
param auth = 'entra'
param entraClientId = readEnvironmentVariable('GENESIS_ENTRA_CLIENT_ID')

// Clients that send artifacts must be in the network, or in one that is peered with it.
param isPrivate = true

param readyInstances = 1
param storageSku = 'Standard_ZRS'
param retentionDays = 30
param logDays = 90
param dailyLogGigabytes = 5
param alertEmails = ['mlflow@example.com']
param monthlyBudget = 1000
