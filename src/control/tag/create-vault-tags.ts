import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { findVault } from '../vault/vault-rules.ts'
import { writeTags } from './write-tags.ts'

/** Sets one tag; a key that is there already is overwritten. */
export const createVaultTags: UseCase<'CreateVaultTags', 'catalog'> = async (ports, caller, { path, body }) => {
  await findVault(ports, caller, path.vault_id)
  const tag = body.tag ?? refuse('9900', { tag: 'missing' })
  await ports.catalog.change(records => writeTags(records, caller.projectId, path.vault_id, [tag]))
  return undefined
}
