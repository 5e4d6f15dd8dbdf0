import type { OrganizationPolicyRecord } from '../../ports/catalog/organization-policy.ts'
import { calendarOf } from '../policy/pattern.ts'
import { checkedDefinition, checkNumber, closedRegion } from '../policy/policy-rules.ts'
import type { UseCase } from '../use-case.ts'
import { asOrganizationPolicy } from './organization-policy-view.ts'
import { ownDomain } from './own-domain.ts'
import { rollOut } from './roll-out.ts'

/** What a client gets that names no scope: the policy goes to every project in any case. */
const EVERYWHERE = 'all'
const COUNT = { limit: 1, offset: 0 }

/** When the call returns, every project of the account has the policy, and no vault yet. */
export const createOrganizationPolicy: UseCase<
  'CreateOrganizationPolicy',
  'catalog' | 'identity' | 'settings' | 'replicas' | 'now'
> = async (ports, caller, { body: { policy: wanted } }) => {
  const at = ports.now()
  const { pattern, start_window_minutes: window } = wanted.policy_trigger.properties
  calendarOf(pattern, at)
  const operationType = wanted.operation_type
  const definition = checkedDefinition(operationType, wanted.policy_operation_definition, closedRegion(ports))
  const domain = await ownDomain(ports.identity, caller)
  const policy: OrganizationPolicyRecord = {
    id: crypto.randomUUID(),
    domainId: domain.id,
    name: wanted.name,
    description: wanted.description ?? '',
    effectiveScope: wanted.effective_scope || EVERYWHERE,
    operationType,
    policyName: wanted.policy_name,
    enabled: wanted.policy_enabled,
    definition,
    patterns: pattern,
    ...(typeof window === 'number' && { startWindowMinutes: window }),
    createdAt: at,
    updatedAt: at,
  }
  await ports.catalog.change(async records => {
    const { total } = await records.organizationPolicies.list(domain.id, { operationType }, COUNT)
    checkNumber(operationType, total)
    await records.organizationPolicies.insert(policy)
    await rollOut(
      records,
      policy,
      domain.projects.map(({ id }) => id),
    )
  })
  return { policy: asOrganizationPolicy(policy, domain, true) }
}
