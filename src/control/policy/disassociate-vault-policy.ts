import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { checkChangeable, lockVault } from '../vault/vault-rules.ts'
import { lockPolicy } from './policy-rules.ts'

/** A backup that runs is finished; its expiry stands, rules by number end (semantics 9.4, 10). */
export const disassociateVaultPolicy: UseCase<'DisassociateVaultPolicy', 'catalog'> = async (
  ports,
  caller,
  { path, body },
) => {
  const ids = { vault_id: path.vault_id, policy_id: body.policy_id }
  const applied = await ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, path.vault_id)
    checkChangeable(vault)
    const policy = await lockPolicy(records, caller.projectId, body.policy_id)
    const found = (await records.appliedPolicies.inVaults([vault.id])).find(one => one.policyId === policy.id)
    if (found === undefined) refuse('6002', { vault: vault.id, policy: policy.id })
    await records.appliedPolicies.remove({ vaultId: vault.id, operationType: policy.operationType })
    return found
  })
  const { destinationVaultId } = applied
  return { dissociate_policy: { ...ids, ...(destinationVaultId && { destination_vault_id: destinationVaultId }) } }
}
