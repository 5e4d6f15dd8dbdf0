import type { PolicyRecord } from '../../ports/catalog/policy.ts'
import type { UseCase } from '../use-case.ts'
import { calendarOf } from './pattern.ts'
import { checkedDefinition, checkNumber, closedRegion } from './policy-rules.ts'
import { asPolicy } from './policy-view.ts'

/** It does nothing until it is applied to a vault. */
export const createPolicy: UseCase<'CreatePolicy', 'catalog' | 'settings' | 'replicas' | 'now'> = async (
  ports,
  caller,
  { body: { policy: wanted } },
) => {
  const { projectId } = caller
  const at = ports.now()
  const { pattern, start_window_minutes: window } = wanted.trigger.properties
  calendarOf(pattern, at)
  const operationType = wanted.operation_type
  const policy: PolicyRecord = {
    id: crypto.randomUUID(),
    projectId,
    name: wanted.name,
    enabled: wanted.enabled ?? true,
    operationType,
    definition: checkedDefinition(operationType, wanted.operation_definition, closedRegion(ports)),
    triggerId: crypto.randomUUID(),
    patterns: pattern,
    ...(typeof window === 'number' && { startWindowMinutes: window }),
    createdAt: at,
    updatedAt: at,
  }
  await ports.catalog.change(async ({ policies }) => {
    const own = (await policies.list(projectId, { operationType })).filter(one => !one.organizationPolicyId)
    checkNumber(operationType, own.length)
    await policies.insert(policy)
  })
  return { policy: asPolicy(policy, []) }
}
