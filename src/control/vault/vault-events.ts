/** What of a vault's capacity its project's webhooks are told (semantics 3.4). */
import { asMb, GIB } from '../../contract/sizes.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { isFull } from '../checkpoint/checkpoint-rules.ts'
import type { Happening } from '../webhook/tell.ts'

/** Sizes as on the wire: capacity in GB, what is used in MB. */
const viewOf = (vault: VaultRecord) => ({
  id: vault.id,
  name: vault.name,
  size: vault.sizeGb,
  used: asMb(vault.usedBytes),
  used_percent: Math.floor((100 * vault.usedBytes) / (vault.sizeGb * GIB)),
  threshold: vault.threshold,
})

/** Whether the vault's owner wants to know that it is as full as it is. */
const isOver = ({ smnNotify, usedBytes, sizeGb, threshold }: VaultRecord): boolean =>
  smnNotify && 100 * usedBytes >= threshold * sizeGb * GIB

/**
 * Once for each time that the threshold is reached: by what is put in, or by a vault or a threshold that becomes smaller.
 * Whatever brings it below again needs nothing noted for the next time.
 */
export function crossings(before: VaultRecord, after: VaultRecord): readonly Happening[] {
  if (isOver(before) || !isOver(after)) return []
  return [{ projectId: after.projectId, type: 'vault.threshold_reached', data: { vault: viewOf(after) } }]
}

/** A vault that was full, and is larger now; or, being as large as a vault can be, is full still. */
export function expansions(before: VaultRecord, after: VaultRecord): readonly Happening[] {
  const type = isFull(after) ? 'vault.not_expanded' : 'vault.expanded'
  const data = { vault: viewOf(after), size_before: before.sizeGb }
  return [{ projectId: after.projectId, type, data }]
}
