import { pageOf } from '../../contract/paging.ts'
import { pageSlice } from '../page-slice.ts'
import type { UseCase } from '../use-case.ts'
import { ownOrganizationPolicy } from './organization-policy-rules.ts'
import { ownDomain } from './own-domain.ts'

/** Which projects have it, and as which policy of theirs. */
export const listOrganizationPolicyDetail: UseCase<'ListOrganizationPolicyDetail', 'catalog' | 'identity'> = async (
  ports,
  caller,
  { path, query },
) => {
  const page = pageOf(query)
  const { limit, offset } = page
  const { id: domainId } = await ownDomain(ports.identity, caller)
  return ports.catalog.read(async records => {
    const { id } = await ownOrganizationPolicy(records, domainId, path.organization_policy_id)
    const found = await records.policies.rolledOut([id])
    const policies = pageSlice(found, page).map(policy => ({
      domain_id: domainId,
      project_id: policy.projectId,
      policy_id: policy.id,
      status: 'available',
    }))
    return { policies, count: found.length, limit, offset }
  })
}
