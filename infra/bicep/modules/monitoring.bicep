metadata description = 'Where logs, traces and metrics go: a Log Analytics workspace and an Application Insights component on it.'

@description('Required. Name of the workspace and of the component.')
param name string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resources. Defaults to none.')
param tags object = {}

@description('Optional. Days for which logs are kept; the first 31 cost nothing. Defaults to 30.')
@minValue(30)
@maxValue(730)
param retentionDays int = 30

@description('Optional. Gigabytes a day after which the workspace takes no more; -1 for no limit. Defaults to 1.')
@minValue(-1)
param dailyGigabytes int = 1

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyGigabytes }
    features: { disableLocalAuth: true }
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: name
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    // Telemetry is taken from an identity that may publish it, not from whoever has read the connection string.
    DisableLocalAuth: true
  }
}

@description('Name of the Application Insights component.')
output componentName string = component.name

@description('Resource id of the Log Analytics workspace.')
output workspaceId string = workspace.id
