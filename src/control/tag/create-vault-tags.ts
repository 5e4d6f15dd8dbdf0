import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { lockVault } from '../vault/vault-rules.ts'
import { writeTags } from './write-tags.ts'

/** Sets one tag; a key that is there already is overwritten. */
export const createVaultTags: UseCase<'CreateVaultTags', 'catalog'> = async (ports, caller, { path, body }) => {
  await ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, path.vault_id)
    await writeTags(records, vault, [body.tag ?? refuse('9900', { tag: 'missing' })])
  })
  return undefined
}
