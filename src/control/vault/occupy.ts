import { GIB } from '../../contract/sizes.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { isFull } from '../checkpoint/checkpoint-rules.ts'
import { type Outbox, tell } from '../webhook/tell.ts'
import { crossings, expansions } from './vault-events.ts'
import { LARGEST_GB } from './vault-rules.ts'

/**
 * Puts bytes into a vault, and does what follows of that: the one place where what a vault holds grows, whether by a
 * backup, a replica, an accepted share or a migration. The caller holds the vault's lock and gives what it read under it.
 */
export async function occupy(
  records: Outbox & Pick<Records, 'vaults'>,
  vault: VaultRecord,
  bytes: number,
  at: Date,
): Promise<void> {
  await records.vaults.charge(vault.id, bytes)
  const held = { ...vault, usedBytes: vault.usedBytes + bytes }
  const expands = held.autoExpand && isFull(held)
  const after = expands ? { ...held, sizeGb: expandedGb(held) } : held
  if (after.sizeGb !== vault.sizeGb) await records.vaults.update(vault.id, { sizeGb: after.sizeGb })
  await tell(records, () => [...(expands ? expansions(held, after) : []), ...crossings(vault, after)], at)
}

/** A vault that expands by itself and has become full grows by a quarter until there is room again (semantics 3.4). */
function expandedGb({ usedBytes, sizeGb }: VaultRecord): number {
  let size = sizeGb
  while (usedBytes >= size * GIB && size < LARGEST_GB) size = Math.min(Math.ceil(size * 1.25), LARGEST_GB)
  return size
}
