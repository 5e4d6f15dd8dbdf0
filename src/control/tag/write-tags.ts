import type { Tag } from '../../contract/operations.gen.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import { checkChangeable, lockVault } from '../vault/vault-rules.ts'
import { checkRoomForTags, cleanTags } from './tag-rules.ts'

/** Sets tags of a vault under its lock, so that the limit holds whoever else sets some: 6105, 9900, 6112, 6600. */
export async function writeTags(
  records: Pick<Records, 'vaults' | 'tags'>,
  projectId: string,
  vaultId: string,
  named: readonly Tag[],
): Promise<void> {
  const vault = await lockVault(records, projectId, vaultId)
  const tags = cleanTags(named)
  checkChangeable(vault)
  checkRoomForTags(await records.tags.of([vault.id]), tags)
  await records.tags.put(
    tags.map(({ key, value }) => ({ vaultId: vault.id, key, value })),
    projectId,
  )
}
