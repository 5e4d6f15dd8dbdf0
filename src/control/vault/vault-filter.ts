/** Filters of vault lists: an enum's unknown value is 9900 (semantics 1.6). */
import { refuse } from '../../contract/errors.ts'
import type { Operations } from '../../contract/operations.gen.ts'
import type { VaultFilter } from '../../ports/catalog/vault.ts'
import { objectTypeNamed } from './vault-kinds.ts'

const STATUSES = ['available', 'lock', 'frozen', 'deleting', 'error']
const CLOUD_TYPES = ['public', 'hybrid']
const PROTECT_TYPES = ['backup', 'replication', 'hybrid']

/** `enterprise_project_id` of a caller who wants all that he may see. */
const ALL_ENTERPRISE_PROJECTS = 'all_granted_eps'

export interface VaultQuery {
  readonly cloud_type?: string
  readonly object_type?: string
  readonly protect_type?: string
  readonly status?: string
}

/** The filters that all vault lists share. */
export function kindFilter(query: VaultQuery): VaultFilter {
  const { cloud_type: cloudType, object_type: objectType, protect_type: protectType, status } = query
  checkKnown('cloud_type', cloudType, CLOUD_TYPES)
  checkKnown('protect_type', protectType, PROTECT_TYPES)
  checkKnown('status', status, STATUSES)
  if (objectType && objectTypeNamed(objectType) === undefined) refuse('9900', { object_type: objectType })
  return {
    ...(cloudType && { cloudType }),
    ...(objectType && { objectType }),
    ...(protectType && { protectType }),
    ...(status && { status }),
  }
}

export function listFilter(query: Operations['ListVault']['query']): VaultFilter {
  const enterprise = query.enterprise_project_id
  return {
    ...kindFilter(query),
    ...(query.id && { ids: query.id }),
    ...(query.name && { name: query.name }),
    ...(enterprise && enterprise !== ALL_ENTERPRISE_PROJECTS && { enterpriseProjectId: enterprise }),
    ...(query.availability_zone && { availabilityZone: query.availability_zone }),
    ...(query.resource_ids && { resourceIds: query.resource_ids.split(',').map(id => id.trim()) }),
  }
}

function checkKnown(field: string, value: string | undefined, known: readonly string[]): void {
  if (value && !known.includes(value)) refuse('9900', { [field]: value, known })
}
