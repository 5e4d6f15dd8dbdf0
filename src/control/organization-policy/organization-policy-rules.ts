import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { OrganizationPolicyRecord } from '../../ports/catalog/organization-policy.ts'

/** The account's policy of that id: 6000. */
export async function ownOrganizationPolicy(
  records: Pick<Records, 'organizationPolicies'>,
  domainId: string,
  id: string,
): Promise<OrganizationPolicyRecord> {
  const policy = isUuid(id) ? await records.organizationPolicies.find(domainId, id) : undefined
  return policy ?? refuse('6000', { policy: id })
}

/** As `ownOrganizationPolicy`, held until the transaction ends. */
export async function lockOrganizationPolicy(
  records: Pick<Records, 'organizationPolicies'>,
  domainId: string,
  id: string,
): Promise<OrganizationPolicyRecord> {
  const policy = isUuid(id) ? await records.organizationPolicies.lock(domainId, id) : undefined
  return policy ?? refuse('6000', { policy: id })
}
