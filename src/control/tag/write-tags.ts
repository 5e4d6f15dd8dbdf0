import type { Records } from '../../ports/catalog/catalog.ts'
import { checkChangeable, lockVault } from '../vault/vault-rules.ts'
import { type CleanTag, checkRoomForTags } from './tag-rules.ts'

/** Sets tags of a vault under its lock, so that the limit holds whoever else sets some: 6105, 6112, 6600. */
export async function writeTags(
  records: Pick<Records, 'vaults' | 'tags'>,
  projectId: string,
  vaultId: string,
  tags: readonly CleanTag[],
): Promise<void> {
  const vault = await lockVault(records, projectId, vaultId)
  checkChangeable(vault)
  checkRoomForTags(await records.tags.of([vault.id]), tags)
  await records.tags.put(
    tags.map(({ key, value }) => ({ vaultId: vault.id, key, value })),
    projectId,
  )
}
