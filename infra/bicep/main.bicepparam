using './main.bicep'

param name = 'genesis'
param retentionDays = 7
param leftoverDays = 30
param origins = []
