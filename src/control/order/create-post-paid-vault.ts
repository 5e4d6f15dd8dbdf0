import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { makeVault } from '../vault/make-vault.ts'
import { orderAnswer, orderIdOf } from './order-rules.ts'

/**
 * Orders a vault: despite the operation's name a subscription where `charging_mode` is absent, and for a period in any
 * case. The order is carried out when the call returns.
 */
export const createPostPaidVault: UseCase<
  'CreatePostPaidVault',
  'catalog' | 'protectables' | 'settings' | 'now'
> = async (ports, caller, { body: { vault: wanted } }) => {
  const { billing } = wanted
  if (billing.period_type === undefined) refuse('9900', { period_type: 'is missing' })
  if (billing.period_num === undefined) refuse('9900', { period_num: 'is missing' })
  const chargingMode = billing.charging_mode ?? 'pre_paid'
  const made = await makeVault(ports, caller, { ...wanted, billing: { ...billing, charging_mode: chargingMode } })
  const { vault, orderId = await orderIdOf('create', made.vault.id) } = made
  return orderAnswer(orderId, vault.id)
}
