using './main.bicep'

// A team that tries it: everything is paid by use, and an idle month costs next to nothing.
param name = 'genesis-dev'
param database = 'ru'
param auth = 'token'
