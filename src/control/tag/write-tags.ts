import type { Tag } from '../../contract/operations.gen.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { checkChangeable } from '../vault/vault-rules.ts'
import { checkRoomForTags, cleanTags } from './tag-rules.ts'

/** Sets tags of a vault that the caller has locked, so that the limit holds whoever else sets some: 9900, 6112, 6600. */
export async function writeTags(
  records: Pick<Records, 'tags'>,
  vault: VaultRecord,
  named: readonly Tag[],
): Promise<void> {
  const tags = cleanTags(named)
  checkChangeable(vault)
  checkRoomForTags(await records.tags.of([vault.id]), tags)
  await records.tags.put(
    tags.map(({ key, value }) => ({ vaultId: vault.id, key, value })),
    vault.projectId,
  )
}
