metadata description = 'Sign-in at the platform: App Service checks Entra ID tokens before the app is asked.'

@description('Required. Name of the function app.')
param appName string

@description('Required. Tenant whose tokens are taken.')
param tenantId string

@description('Required. Client id of the app registration that stands for this deployment.')
param clientId string

@description('Required. Paths that need no token: health, and what tells strangers no more than a stock server does.')
param openPaths string[]

resource app 'Microsoft.Web/sites@2025-03-01' existing = { name: appName }

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: {
      requireAuthentication: true
      // Clients are programs: a page to sign in at would be no answer to them.
      unauthenticatedClientAction: 'Return401'
      excludedPaths: openPaths
    }
    httpSettings: { requireHttps: true }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: clientId
          openIdIssuer: uri(environment().authentication.loginEndpoint, '${tenantId}/v2.0')
        }
        validation: { allowedAudiences: [clientId, 'api://${clientId}'] }
      }
    }
    login: { tokenStore: { enabled: false } }
  }
}
