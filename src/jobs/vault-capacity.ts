import { GIB } from '../contract/sizes.ts'
import { isFull } from '../control/checkpoint/checkpoint-rules.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobPorts } from './job-ports.ts'

const LARGEST_GB = 10_485_760

/** A vault that expands by itself and has become full grows by a quarter until there is room again (semantics 3.4). */
export async function expandIfFull(
  records: Pick<Records, 'vaults'>,
  projectId: string,
  vaultId: string,
): Promise<void> {
  const vault = await records.vaults.find(projectId, vaultId)
  if (!vault?.autoExpand || vault.chargingMode !== 'post_paid' || !isFull(vault)) return
  let { sizeGb } = vault
  while (vault.usedBytes >= sizeGb * GIB && sizeGb < LARGEST_GB) sizeGb = Math.min(Math.ceil(sizeGb * 1.25), LARGEST_GB)
  await records.vaults.update(vaultId, { sizeGb })
}

/** Whoever reads the log learns that a vault is filled to the threshold its owner has set. */
export async function noteThreshold(ports: JobPorts, projectId: string, vaultId: string): Promise<void> {
  const vault = await ports.catalog.read(({ vaults }) => vaults.find(projectId, vaultId))
  if (!vault?.smnNotify) return
  const usedPercent = Math.floor((100 * vault.usedBytes) / (vault.sizeGb * GIB))
  const { threshold } = vault
  if (usedPercent >= threshold) ports.log.warn({ vault: vaultId, usedPercent, threshold }, 'the vault is nearly full')
}
