import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultFilter, VaultRecord } from '../../ports/catalog/vault.ts'

const AT_ONCE = 1000

/** Every vault of a project that fits the filter, newest first, read page by page in one consistent view. */
export async function allVaults(
  records: Pick<Records, 'vaults'>,
  projectId: string,
  filter: VaultFilter = {},
): Promise<readonly VaultRecord[]> {
  const vaults: VaultRecord[] = []
  for (;;) {
    const { rows, total } = await records.vaults.list(projectId, filter, { limit: AT_ONCE, offset: vaults.length })
    vaults.push(...rows)
    if (rows.length === 0 || vaults.length >= total) return vaults
  }
}
