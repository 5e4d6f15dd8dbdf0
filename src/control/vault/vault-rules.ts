/** What may be done to a vault, by its status and kind (semantics 3). */
import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import { GIB } from '../../contract/sizes.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { Ports } from '../../ports/ports.ts'

export const LARGEST_GB = 10_485_760

/** The path check of everything under a vault, which the front door asks before it looks at the body: 6105. */
export async function findVault(
  ports: Pick<Ports, 'catalog'>,
  caller: { readonly projectId: string },
  vaultId: string,
): Promise<VaultRecord> {
  return ports.catalog.read(records => ownVault(records, caller.projectId, vaultId))
}

/** The project's vault of that id: 6105. */
export async function ownVault(
  records: Pick<Records, 'vaults'>,
  projectId: string,
  vaultId: string,
): Promise<VaultRecord> {
  const vault = isUuid(vaultId) ? await records.vaults.find(projectId, vaultId) : undefined
  return vault ?? refuse('6105', { vault: vaultId })
}

/** As `ownVault`, held until the transaction ends. */
export async function lockVault(
  records: Pick<Records, 'vaults'>,
  projectId: string,
  vaultId: string,
): Promise<VaultRecord> {
  const vault = isUuid(vaultId) ? await records.vaults.lock(projectId, vaultId) : undefined
  return vault ?? refuse('6105', { vault: vaultId })
}

/** Statuses in which a vault and what is in it may be changed (semantics 3.1): 6112. */
export function checkChangeable(vault: VaultRecord): void {
  if (vault.status !== 'available' && vault.status !== 'lock') refuse('6112', { status: vault.status })
}

/** 6123 while the vault is being expanded; 6112 in every other status but `available`. */
export function checkUpdatable(vault: VaultRecord): void {
  if (vault.status === 'lock') refuse('6123', { status: vault.status })
  if (vault.status !== 'available') refuse('6112', { status: vault.status })
}

/** A vault that is being expanded takes no further resources (6108), one for replicas takes none at all (6124). */
export function checkTakesResources(vault: VaultRecord): void {
  checkChangeable(vault)
  if (vault.status === 'lock') refuse('6108', { status: vault.status })
  if (vault.protectType !== 'backup') refuse('6124', { protect_type: vault.protectType })
}

/** A locked vault lets no resource go (semantics 3.6): 6110. Not to be confused with status `lock`. */
export function checkNotLocked(vault: VaultRecord): void {
  if (vault.locked) refuse('6110', { vault: vault.id, locked: true })
}

/** GB within bounds: 6101. */
export function checkSize(sizeGb: number, smallestGb: number): void {
  if (sizeGb < smallestGb || sizeGb > LARGEST_GB) {
    refuse('6101', { size: sizeGb, smallest: smallestGb, largest: LARGEST_GB })
  }
}

/** Bytes that may still be put in; negative when a running backup overshot. */
export const freeBytes = (vault: VaultRecord): number => vault.sizeGb * GIB - vault.usedBytes
