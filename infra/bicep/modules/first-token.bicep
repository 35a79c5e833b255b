metadata description = 'The first token: made at the first deployment, kept in the vault, never shown and never replaced.'

@description('Required. Name of the vault.')
param vaultName string

@description('Optional. The token. Defaults to a new one of 244 random bits, which only the first deployment uses.')
@secure()
param token string = 'gf_first_${replace('${newGuid()}${newGuid()}', '-', '')}'

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = { name: vaultName }

// A deployment makes a new value each time; without this, each would lock out who holds the token.
@onlyIfNotExists()
resource kept 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'first-token'
  properties: { contentType: 'Genesis-Flow token', value: token }
}

@description('What GENESIS_TOKEN is set to: a reference without a version, so that a newer one is picked up.')
output reference string = '@Microsoft.KeyVault(SecretUri=${kept.properties.secretUri})'
