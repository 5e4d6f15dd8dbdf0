import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { checkChangeable, findVault, lockVault } from '../vault/vault-rules.ts'
import { keysToDelete } from './tag-rules.ts'
import { writeTags } from './write-tags.ts'

/** Sets or deletes several tags. An empty list changes nothing; system tags are the vendor's own business (semantics 12). */
export const batchCreateAndDeleteVaultTags: UseCase<'BatchCreateAndDeleteVaultTags', 'catalog'> = async (
  ports,
  caller,
  { path, body },
) => {
  await findVault(ports, caller, path.vault_id)
  if (body.sys_tags && body.sys_tags.length > 0) refuse('9900', { sys_tags: 'only a system account has them' })
  const named = body.tags ?? refuse('9900', { tags: 'missing' })
  if (body.action === 'create') {
    await ports.catalog.change(records => writeTags(records, caller.projectId, path.vault_id, named))
    return undefined
  }
  if (body.action !== 'delete') refuse('9900', { action: body.action })
  await ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, path.vault_id)
    checkChangeable(vault)
    await records.tags.remove(vault.id, keysToDelete(await records.tags.of([vault.id]), named))
  })
  return undefined
}
