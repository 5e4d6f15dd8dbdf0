/**
 * How a policy of an account comes into its projects: as a row of each project's own, which differs from others in that
 * the project cannot change it. Making, changing and deleting the account's policy does the same in all projects within
 * one transaction; projects that are made later get theirs in a round (jobs/roll-outs.ts).
 */
import type { Records } from '../../ports/catalog/catalog.ts'
import type { OrganizationPolicyRecord } from '../../ports/catalog/organization-policy.ts'
import type { PolicyRecord } from '../../ports/catalog/policy.ts'

/** Those of the projects that have none of it yet. */
export function lacking(
  { id }: Pick<OrganizationPolicyRecord, 'id'>,
  rolledOut: readonly PolicyRecord[],
  projectIds: readonly string[],
): readonly string[] {
  const having = rolledOut.filter(policy => policy.organizationPolicyId === id).map(({ projectId }) => projectId)
  const known = new Set(having)
  return projectIds.filter(projectId => !known.has(projectId))
}

/** Gives it to the projects that have none. The caller has made the account's policy or holds its lock. */
export async function rollOut(
  records: Pick<Records, 'policies'>,
  policy: OrganizationPolicyRecord,
  projectIds: readonly string[],
): Promise<void> {
  const present = await records.policies.rolledOut([policy.id])
  for (const projectId of lacking(policy, present, projectIds)) {
    await records.policies.insert(projectPolicy(policy, projectId))
  }
}

const projectPolicy = (policy: OrganizationPolicyRecord, projectId: string): PolicyRecord => ({
  id: crypto.randomUUID(),
  projectId,
  name: policy.policyName,
  enabled: policy.enabled,
  operationType: policy.operationType,
  definition: policy.definition,
  triggerId: crypto.randomUUID(),
  patterns: policy.patterns,
  ...(policy.startWindowMinutes !== undefined && { startWindowMinutes: policy.startWindowMinutes }),
  createdAt: policy.createdAt,
  updatedAt: policy.updatedAt,
  organizationPolicyId: policy.id,
})
