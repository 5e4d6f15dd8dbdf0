/**
 * Orders of a deployment without billing (semantics 20): free, and complete when the call returns. An order is no record
 * of its own: its id is made of what was ordered, and the vault of a subscription names the one that shaped it last. So
 * who repeats a call, not knowing whether the first was heard, gets the same order again.
 */
import { refuse } from '../../contract/errors.ts'
import type { CbcOrderResult } from '../../contract/operations.gen.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultPatch, VaultRecord } from '../../ports/catalog/vault.ts'
import { specCodeOf } from '../vault/vault-kinds.ts'
import { checkSize, checkUpdatable, lockVault } from '../vault/vault-rules.ts'

/** GB: an order never asks for less. */
const SMALLEST_GB = 10
const SERVICE = 'cbr'
const ID_LENGTH = 15

/** In the vendor's form: CS, then capital letters and digits. */
export async function orderIdOf(...ordered: readonly (string | number)[]): Promise<string> {
  const bytes = new TextEncoder().encode(ordered.join(' '))
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).subarray(0, 12)
  const digits = BigInt(`0x${Array.from(hash, byte => byte.toString(16).padStart(2, '0')).join('')}`).toString(36)
  return `CS${digits.toUpperCase().padStart(ID_LENGTH, '0').slice(-ID_LENGTH)}`
}

/** What an answer says of the order that made a vault. */
export const orderAnswer = (orderId: string, vaultId: string) => ({
  orders: [{ cloudServiceId: SERVICE, orderId, resourceId: vaultId, subscribeResult: 1 } satisfies CbcOrderResult],
  retCode: 0,
  errText: 'success',
  error_code: '0',
})

export interface ChangeWanted {
  readonly vaultId: string
  readonly sizeGb: number
  readonly specCode: string
}

export interface Ordered {
  readonly projectId: string
  readonly at: Date
  /** Of this change (`changeIdOf`). */
  readonly orderId: string
  /** The order that the vault has to have, where the caller names one. */
  readonly changes?: string
}

/** The id that an order for this change has, whenever it is given. */
export const changeIdOf = ({ vaultId, sizeGb, specCode }: ChangeWanted): Promise<string> =>
  orderIdOf('change', vaultId, sizeGb, specCode)

/**
 * Makes a vault of a subscription larger, and app consistent where the spec code says so: 6105, 6109, 6123, 6112, 6101,
 * 6110. An order that has been carried out is left at that.
 */
export async function carryOut(
  records: Pick<Records, 'vaults'>,
  wanted: ChangeWanted,
  { projectId, at, orderId, changes }: Ordered,
): Promise<void> {
  const vault = await lockVault(records, projectId, wanted.vaultId)
  if (vault.chargingMode !== 'pre_paid') refuse('6109', { vault: vault.id, charging_mode: vault.chargingMode })
  if (vault.orderId === orderId && vault.sizeGb === wanted.sizeGb) return
  if (changes !== undefined && vault.orderId !== changes) refuse('6109', { order: changes, vault: vault.id })
  checkUpdatable(vault)
  await records.vaults.update(vault.id, { ...changeOf(vault, wanted), orderId, updatedAt: at })
}

function changeOf(vault: VaultRecord, { sizeGb, specCode }: ChangeWanted): VaultPatch {
  checkSize(sizeGb, SMALLEST_GB)
  if (sizeGb <= vault.sizeGb) refuse('6101', { size: sizeGb, 'size now': vault.sizeGb })
  if (specCode === specCodeOf(vault)) return { sizeGb }
  const grown = { ...vault, consistentLevel: 'app_consistent' as const }
  const isConsistency = vault.objectType === 'server' && specCode === specCodeOf(grown)
  if (!isConsistency) refuse('6110', { 'spec code': specCode, 'spec code now': specCodeOf(vault) })
  return { sizeGb, consistentLevel: grown.consistentLevel }
}
