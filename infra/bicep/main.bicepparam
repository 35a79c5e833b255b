using './main.bicep'

param name = 'genesis'
param database = 'ru'
param origins = []
