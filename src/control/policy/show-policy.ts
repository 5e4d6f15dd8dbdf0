import type { UseCase } from '../use-case.ts'
import { ownPolicy } from './policy-rules.ts'
import { viewPolicies } from './policy-view.ts'

export const showPolicy: UseCase<'ShowPolicy', 'catalog'> = (ports, caller, { path }) =>
  ports.catalog.read(async records => {
    const found = await ownPolicy(records, caller.projectId, path.policy_id)
    const [policy] = await viewPolicies(records, [found])
    return { ...(policy && { policy }) }
  })
