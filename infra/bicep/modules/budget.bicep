metadata description = 'A budget of the resource group: mails when money is spent, or will be. It stops nothing.'

@description('Required. Name of the budget.')
param name string

@description('Required. Money for a month, in the currency of the bill.')
param amount int

@description('Required. First day of a month, as 2030-01-01.')
param start string

@description('Required. Mail addresses that hear of it; owners of the resource group always do.')
param emails string[]

var told = { enabled: true, operator: 'GreaterThanOrEqualTo', contactEmails: emails, contactRoles: ['Owner'] }

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: start }
    notifications: {
      spent80: union(told, { threshold: 80, thresholdType: 'Actual' })
      spent100: union(told, { threshold: 100, thresholdType: 'Actual' })
      expected100: union(told, { threshold: 100, thresholdType: 'Forecasted' })
    }
  }
}
