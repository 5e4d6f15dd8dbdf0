import type { UseCase } from '../use-case.ts'
import { carryOut, changeIdOf } from './order-rules.ts'

/** Expands a vault of a subscription. */
export const changeOrder: UseCase<'ChangeOrder', 'catalog' | 'now'> = async (ports, caller, { body }) => {
  const { resource_size: sizeGb, resource_spec_code: specCode } = body.product_info
  const wanted = { vaultId: body.resource_id, sizeGb, specCode }
  const orderId = await changeIdOf(wanted)
  const ordered = { projectId: caller.projectId, at: ports.now(), orderId }
  await ports.catalog.change(records => carryOut(records, wanted, ordered))
  return { orderId, retCode: 0, retMsg: 'success' }
}
