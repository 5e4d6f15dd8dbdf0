import { refuse } from '../../contract/errors.ts'
import type { BulkCreateAndDeleteVaultTagsReq, Tag } from '../../contract/operations.gen.ts'
import type { UseCase } from '../use-case.ts'
import { checkChangeable, lockVault } from '../vault/vault-rules.ts'
import { keysToDelete } from './tag-rules.ts'
import { writeTags } from './write-tags.ts'

/** Sets or deletes several tags. */
export const batchCreateAndDeleteVaultTags: UseCase<'BatchCreateAndDeleteVaultTags', 'catalog'> = async (
  ports,
  caller,
  { path, body },
) => {
  await ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, path.vault_id)
    const named = namedIn(body)
    if (body.action === 'create') return writeTags(records, vault, named)
    const keys = keysToDelete(await records.tags.of([vault.id]), named)
    checkChangeable(vault)
    await records.tags.remove(vault.id, keys)
  })
  return undefined
}

/** An empty list is fine and changes nothing; system tags are for the vendor's own accounts (semantics 12). */
function namedIn(body: BulkCreateAndDeleteVaultTagsReq): readonly Tag[] {
  if (body.sys_tags && body.sys_tags.length > 0) refuse('9900', { sys_tags: 'only a system account has them' })
  return body.tags ?? refuse('9900', { tags: 'missing' })
}
