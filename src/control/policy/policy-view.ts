import type { Policy } from '../../contract/operations.gen.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { AppliedPolicyRecord } from '../../ports/catalog/applied-policy.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { PolicyRecord } from '../../ports/catalog/policy.ts'

/** A policy on the wire: definition and patterns as the client sent them (client-notes 4.5, 4.9). */
export const asPolicy = (policy: PolicyRecord, applied: readonly AppliedPolicyRecord[]): Policy => ({
  id: policy.id,
  name: policy.name,
  enabled: policy.enabled,
  operation_type: policy.operationType,
  operation_definition: policy.definition,
  trigger: {
    id: policy.triggerId,
    name: 'default',
    type: 'time',
    properties: {
      pattern: policy.patterns,
      start_time: asTimestamp(policy.createdAt),
      ...(policy.startWindowMinutes !== undefined && { start_window_minutes: policy.startWindowMinutes }),
    },
  },
  associated_vaults: applied.map(({ vaultId, destinationVaultId }) => ({
    vault_id: vaultId,
    ...(destinationVaultId !== undefined && { destination_vault_id: destinationVaultId }),
  })),
  policy_type: policy.organizationPolicyId === undefined ? 'custom_policy' : 'organization_policy_v2',
})

/** The policies in the order given, each with the vaults it is applied to. */
export async function viewPolicies(
  records: Pick<Records, 'appliedPolicies'>,
  policies: readonly PolicyRecord[],
): Promise<readonly Policy[]> {
  if (policies.length === 0) return []
  const applied = await records.appliedPolicies.of(policies.map(policy => policy.id))
  const byPolicy = Map.groupBy(applied, one => one.policyId)
  return policies.map(policy => asPolicy(policy, byPolicy.get(policy.id) ?? []))
}
