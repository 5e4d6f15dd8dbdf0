/** Filters of vault lists. What comes in here has passed the contract check. */
import type { Operations } from '../../contract/operations.gen.ts'
import type { VaultFilter } from '../../ports/catalog/vault.ts'

/** `enterprise_project_id` of a caller who wants all that he may see. */
const ALL_ENTERPRISE_PROJECTS = 'all_granted_eps'

export interface KindQuery {
  readonly cloud_type?: string
  readonly object_type?: string
  readonly protect_type?: string
  readonly enterprise_project_id?: string
}

/** The filters that all vault lists share. */
export function kindFilter(query: KindQuery): VaultFilter {
  const enterprise = query.enterprise_project_id
  return {
    ...(query.cloud_type && { cloudType: query.cloud_type }),
    ...(query.object_type && { objectType: query.object_type }),
    ...(query.protect_type && { protectType: query.protect_type }),
    ...(enterprise && enterprise !== ALL_ENTERPRISE_PROJECTS && { enterpriseProjectId: enterprise }),
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
