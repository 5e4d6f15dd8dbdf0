import { GIB } from '../../contract/sizes.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { isFull } from '../checkpoint/checkpoint-rules.ts'
import { LARGEST_GB } from './vault-rules.ts'

/**
 * Puts bytes into a vault, and does what follows of that: the one place where what a vault holds grows, whether by a
 * backup, a replica, an accepted share or a migration. The caller holds the vault's lock and gives what it read under it.
 */
export async function occupy(records: Pick<Records, 'vaults'>, vault: VaultRecord, bytes: number): Promise<void> {
  await records.vaults.charge(vault.id, bytes)
  const held = { ...vault, usedBytes: vault.usedBytes + bytes }
  const { sizeGb } = expanded(held)
  if (sizeGb !== vault.sizeGb) await records.vaults.update(vault.id, { sizeGb })
}

/** A vault that expands by itself and has become full grows by a quarter until there is room again (semantics 3.4). */
function expanded(vault: VaultRecord): VaultRecord {
  if (!vault.autoExpand || vault.chargingMode !== 'post_paid' || !isFull(vault)) return vault
  let { sizeGb } = vault
  while (vault.usedBytes >= sizeGb * GIB && sizeGb < LARGEST_GB) sizeGb = Math.min(Math.ceil(sizeGb * 1.25), LARGEST_GB)
  return { ...vault, sizeGb }
}
