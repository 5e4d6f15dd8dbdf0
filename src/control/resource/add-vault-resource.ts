import type { UseCase } from '../use-case.ts'
import { checkTakesResources, findVault, lockVault } from '../vault/vault-rules.ts'
import { findCandidates } from './find-candidates.ts'
import { placeResources } from './place-resources.ts'

/** All or nothing; repeatable: a resource that is in the vault already gets the new choice of disks. */
export const addVaultResource: UseCase<'AddVaultResource', 'catalog' | 'protectables' | 'now'> = async (
  ports,
  caller,
  { path, body: { resources: wanted } },
) => {
  const vault = await findVault(ports, caller, path.vault_id)
  const candidates = await findCandidates(ports.protectables, vault, wanted)
  const at = ports.now()
  await ports.catalog.change(async records => {
    const held = await lockVault(records, caller.projectId, vault.id)
    checkTakesResources(held)
    await placeResources(records, held, candidates, at)
  })
  return { add_resource_ids: wanted.map(resource => resource.id) }
}
