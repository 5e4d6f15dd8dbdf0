import { pageOf } from '../../contract/paging.ts'
import { pageSlice } from '../page-slice.ts'
import type { UseCase } from '../use-case.ts'
import { viewPolicies } from './policy-view.ts'

/** Newest first. The vendor does not page this list; one client pages every list. */
export const listPolicies: UseCase<'ListPolicies', 'catalog'> = (ports, caller, { query }) =>
  ports.catalog.read(async records => {
    const { operation_type: operationType, vault_id: vaultId } = query
    const filter = { ...(operationType && { operationType }), ...(vaultId && { vaultId }) }
    const found = await records.policies.list(caller.projectId, filter)
    return { policies: await viewPolicies(records, pageSlice(found, pageOf(query))), count: found.length }
  })
