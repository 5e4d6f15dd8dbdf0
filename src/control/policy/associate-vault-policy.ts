import { refuse } from '../../contract/errors.ts'
import type { VaultAssociate } from '../../contract/operations.gen.ts'
import type { UseCase } from '../use-case.ts'
import { checkChangeable, lockVault } from '../vault/vault-rules.ts'
import { applyPolicy } from './apply-policy.ts'

/** A vault has one policy of each type: another one takes its place (semantics 9.4). */
export const associateVaultPolicy: UseCase<'AssociateVaultPolicy', 'catalog' | 'now'> = async (
  ports,
  caller,
  { path, body },
) => {
  const at = ports.now()
  const destinationVaultId = body.destination_vault_id
  const vaultId = path.vault_id
  const [first, ...more] = namedPolicies(body)
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
