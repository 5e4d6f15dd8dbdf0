import { refuse } from '../../contract/errors.ts'
import type { VaultAssociate } from '../../contract/operations.gen.ts'
import type { Ports } from '../../ports/ports.ts'
import { checkDestination, lookAt } from '../replication/look-at-destination.ts'
import { checkTakesReplicas } from '../replication/replication-rules.ts'
import type { ProjectCaller, UseCase } from '../use-case.ts'
import { checkChangeable, lockVault, ownVault } from '../vault/vault-rules.ts'
import { applyPolicy } from './apply-policy.ts'
import { checkFits, ownPolicy } from './policy-rules.ts'
import { destinationOf } from './run-replication.ts'

type Reach = 'catalog' | 'identity' | 'replicas' | 'settings' | 'now'

/**
 * A vault has one policy of each type: another one takes its place (semantics 9.4). Where replicas are to go is looked at
 * before: 1005, 1011, 6118, 6120, 6119.
 */
export const associateVaultPolicy: UseCase<'AssociateVaultPolicy', Reach> = async (ports, caller, { path, body }) => {
  const at = ports.now()
  const destinationVaultId = body.destination_vault_id
  const vaultId = path.vault_id
  const [first, ...more] = namedPolicies(body)
  for (const policyId of [first, ...more]) await checkGoal(ports, caller, { vaultId, policyId, destinationVaultId })
  await ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, vaultId)
    checkChangeable(vault)
    for (const policyId of [first, ...more]) await applyPolicy(records, vault, { policyId, destinationVaultId, at })
  })
  return {
    associate_policy: {
      vault_id: vaultId,
      policy_id: first,
      ...(destinationVaultId && { destination_vault_id: destinationVaultId }),
    },
  }
}

/** `policy_id`, or the newest edition's `add_policy_ids`, and not both: 9900. */
function namedPolicies({ policy_id: one, add_policy_ids: several }: VaultAssociate): readonly [string, ...string[]] {
  const [first, ...more] = several ?? (one === undefined ? [] : [one])
  if (first === undefined) refuse('9900', { policy_id: 'is missing' })
  if (one !== undefined && several !== undefined) refuse('9900', { add_policy_ids: 'and policy_id exclude each other' })
  return [first, ...more]
}

interface Goal {
  readonly vaultId: string
  readonly policyId: string
  readonly destinationVaultId: string | undefined
}

/** Nothing is asked of elsewhere before all that can be refused here has been. */
async function checkGoal(ports: Pick<Ports, Reach>, caller: ProjectCaller, goal: Goal): Promise<void> {
  const destination = await ports.catalog.read(async records => {
    const vault = await ownVault(records, caller.projectId, goal.vaultId)
    const policy = await ownPolicy(records, caller.projectId, goal.policyId)
    checkChangeable(vault)
    checkFits(policy, vault)
    if (policy.operationType !== 'replication') return undefined
    const { destinationVaultId } = goal
    if (destinationVaultId === undefined) refuse('9900', { destination_vault_id: 'is missing' })
    return destinationOf(policy, { destinationVaultId })
  })
  if (destination === undefined) return
  await checkDestination(ports, caller, destination)
  const { vault } = await lookAt(ports, destination, new Map())
  checkTakesReplicas(vault, destination.vaultId)
}
