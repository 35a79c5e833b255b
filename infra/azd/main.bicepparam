using './main.bicep'

// `azd env set NAME VALUE` sets these.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param database = readEnvironmentVariable('GENESIS_DATABASE', 'ru')
param auth = readEnvironmentVariable('GENESIS_AUTH', 'token')
param entraClientId = readEnvironmentVariable('GENESIS_ENTRA_CLIENT_ID', '')
param isPrivate = bool(readEnvironmentVariable('GENESIS_PRIVATE', 'false'))
