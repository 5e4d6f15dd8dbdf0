/** Filters of vault lists. What comes in here has passed the contract check. */
import { enterpriseProjectAsked } from '../../contract/enterprise-project.ts'
import type { Operations } from '../../contract/operations.gen.ts'
import type { VaultFilter } from '../../ports/catalog/vault.ts'

export interface KindQuery {
  readonly cloud_type?: string
  readonly object_type?: string
  readonly protect_type?: string
  readonly enterprise_project_id?: string
}

/** The filters that all vault lists share. */
export function kindFilter(query: KindQuery): VaultFilter {
  const enterprise = enterpriseProjectAsked(query.enterprise_project_id)
  return {
    ...(query.cloud_type && { cloudType: query.cloud_type }),
    ...(query.object_type && { objectType: query.object_type }),
    ...(query.protect_type && { protectType: query.protect_type }),
    ...(enterprise && { enterpriseProjectId: enterprise }),
  }
}

export const listFilter = (query: Operations['ListVault']['query']): VaultFilter => ({
  ...kindFilter(query),
  ...(query.id && { ids: query.id }),
  ...(query.name && { name: query.name }),
  ...(query.status && { status: query.status }),
  ...(query.policy_id && { policyId: query.policy_id }),
  ...(query.availability_zone && { availabilityZone: query.availability_zone }),
  ...(query.resource_ids && { resourceIds: query.resource_ids.split(',').map(id => id.trim()) }),
})
