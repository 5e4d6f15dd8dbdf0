import { pageOf } from '../../contract/paging.ts'
import type { UseCase } from '../use-case.ts'
import { viewOrganizationPolicies } from './organization-policy-view.ts'
import { ownDomain } from './own-domain.ts'

/** Newest first; without a type all (semantics 24.1 #21). */
export const listOrganizationPolicies: UseCase<'ListOrganizationPolicies', 'catalog' | 'identity'> = async (
  ports,
  caller,
  { query },
) => {
  const page = pageOf(query)
  const { limit, offset } = page
  const { operation_type: operationType } = query
  const domain = await ownDomain(ports.identity, caller)
  return ports.catalog.read(async records => {
    const filter = operationType ? { operationType } : {}
    const { rows, total } = await records.organizationPolicies.list(domain.id, filter, page)
    return { policies: await viewOrganizationPolicies(records, rows, domain), count: total, limit, offset }
  })
}
