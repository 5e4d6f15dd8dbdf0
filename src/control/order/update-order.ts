import type { UseCase } from '../use-case.ts'
import { carryOut, changeIdOf } from './order-rules.ts'

/** The older form of ChangeOrder: it names the order that the vault has now (6109), and `retCode` is a string. */
export const updateOrder: UseCase<'UpdateOrder', 'catalog' | 'now'> = async (ports, caller, { path, body }) => {
  const { resourceSize: sizeGb, resourceSpecCode: specCode } = body.productInfo
  const wanted = { vaultId: body.resourceId, sizeGb, specCode }
  const orderId = await changeIdOf(wanted)
  const ordered = { projectId: caller.projectId, at: ports.now(), orderId, changes: path.order_id }
  await ports.catalog.change(records => carryOut(records, wanted, ordered))
  return { orderId, retCode: '0', retMsg: 'success' }
}
