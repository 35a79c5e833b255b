metadata description = 'Removes what soft delete does not forget by itself: old snapshots and versions of artifacts.'

@description('Required. Name of the storage account.')
param storageName string

@description('Required. Name of the container of artifacts; others are not touched, for the Functions host keeps its own.')
param artifactsContainer string

@description('Optional. Days after which a snapshot or an earlier version is removed. Defaults to 30.')
@minValue(1)
param days int = 30

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

// Uploads that nobody finished need no rule, and there is no action for them: Blob Storage itself drops uncommitted
// blocks after a week. Snapshots are left when a deleted blob is brought back, and by backup tools; versions come
// into being only where a policy of the subscription turns them on.
resource policy 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'remove-leftovers'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${artifactsContainer}/'] }
            actions: {
              snapshot: { delete: { daysAfterCreationGreaterThan: days } }
              version: { delete: { daysAfterCreationGreaterThan: days } }
            }
          }
        }
      ]
    }
  }
}
