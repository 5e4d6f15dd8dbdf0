import type { UseCase } from '../use-case.ts'
import { ownOrganizationPolicy } from './organization-policy-rules.ts'
import { viewOrganizationPolicies } from './organization-policy-view.ts'
import { ownDomain } from './own-domain.ts'

export const showOrganizationPolicy: UseCase<'ShowOrganizationPolicy', 'catalog' | 'identity'> = async (
  ports,
  caller,
  { path },
) => {
  const domain = await ownDomain(ports.identity, caller)
  return ports.catalog.read(async records => {
    const found = await ownOrganizationPolicy(records, domain.id, path.organization_policy_id)
    const [policy] = await viewOrganizationPolicies(records, [found], domain)
    return { ...(policy && { policy }) }
  })
}
