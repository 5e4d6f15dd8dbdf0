import type { Records } from '../../ports/catalog/catalog.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { startOperation } from '../operation-log/start-operation.ts'
import type { ProjectCaller, UseCase } from '../use-case.ts'
import { checkDeletable, condemnBackups, isWhole, takenOf } from '../vault/condemn-backups.ts'
import { providerOf } from '../vault/vault-kinds.ts'
import { checkChangeable, checkNotLocked, lockVault } from '../vault/vault-rules.ts'
import { namedResources } from './named-resources.ts'

/** The resources leave the vault together with all their backups in it (semantics 4.3); a job does the work. */
export const removeVaultResource: UseCase<'RemoveVaultResource', 'catalog' | 'wake' | 'now'> = async (
  ports,
  caller,
  { path, body },
) => {
  const ids = [...new Set(body.resource_ids)]
  const at = ports.now()
  await ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, path.vault_id)
    const resources = await namedResources(records, vault.id, ids)
    checkChangeable(vault)
    checkNotLocked(vault)
    for (const resource of resources) await removeOne(records, caller, { vault, resource, at })
    await records.resources.setStatus(vault.id, ids, 'removing')
  })
  ports.wake()
  return { remove_resource_ids: ids }
}

interface Removal {
  readonly vault: VaultRecord
  readonly resource: ResourceRecord
  readonly at: Date
}

async function removeOne(
  records: Records,
  { projectId, requestId }: ProjectCaller,
  { vault, resource: { id, name, type }, at }: Removal,
): Promise<void> {
  const backups = await takenOf(records, { projectId, vaultId: vault.id, resourceId: id })
  await checkDeletable(records, projectId, backups, { backup: '0002', restore: '6125' })
  await condemnBackups(records, backups, at)
  const resource = { id, name, type }
  await startOperation(records, {
    type: 'remove_resource',
    projectId,
    requestId,
    at,
    providerId: providerOf(vault.objectType),
    vault,
    resource,
    detail: {
      remove_resources: { total_count: backups.filter(isWhole).length, fail_count: 0, resources: [resource] },
    },
    job: 'remove-resource',
    payload: { vaultId: vault.id, resourceId: id },
  })
}
