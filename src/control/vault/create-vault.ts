import { orderAnswer } from '../order/order-rules.ts'
import type { UseCase } from '../use-case.ts'
import { makeVault } from './make-vault.ts'

/** The full vault, and of a subscription the order beside it (semantics 3.2). */
export const createVault: UseCase<'CreateVault', 'catalog' | 'protectables' | 'settings' | 'now'> = async (
  ports,
  caller,
  { body },
) => {
  const { vault, orderId } = await makeVault(ports, caller, body.vault)
  return { vault, ...(orderId !== undefined && orderAnswer(orderId, vault.id)) }
}
