import assert from 'node:assert/strict'
import test from 'node:test'
import { alice, bob, type Desk, openDesk, putVault, refused } from '../../../test/desk.ts'
import type { BillingCreate, CbcOrderChange, ChangeToPeriod, VaultCreate } from '../../contract/operations.gen.ts'
import { createVault } from '../vault/create-vault.ts'
import { deleteVault } from '../vault/delete-vault.ts'
import { showVault } from '../vault/show-vault.ts'
import { updateVault } from '../vault/update-vault.ts'
import { changeOrder } from './change-order.ts'
import { changeVaultChargeMode } from './change-vault-charge-mode.ts'
import { createPostPaidVault } from './create-post-paid-vault.ts'
import { updateOrder } from './update-order.ts'

const SERVER = 'vault.backup.server.normal'
const path = { project_id: alice.projectId }
const period = { period_type: 'month', period_num: 1 } as const
const ORDER = /^CS[0-9A-Z]{15}$/

const wanted = (billing: Partial<BillingCreate>, more: Partial<VaultCreate> = {}) => ({
  vault: {
    name: 'ordered',
    resources: [],
    billing: { object_type: 'server', protect_type: 'backup', size: 80, ...billing } as const,
    ...more,
  },
})

const order = (desk: Desk, billing: Partial<BillingCreate> = period, more: Partial<VaultCreate> = {}) =>
  createPostPaidVault(desk.ports, alice, { path, query: {}, body: wanted(billing, more) })

/** A subscription's vault and its order. */
async function subscribe(desk: Desk, billing: Partial<BillingCreate> = {}) {
  const { vault, orders } = await createVault(desk.ports, alice, {
    path,
    query: {},
    body: wanted({ charging_mode: 'pre_paid', ...period, ...billing }),
  })
  assert.ok(vault && orders?.[0])
  return { id: vault.id, orderId: orders[0].orderId }
}

const product = (size: number, code: string) =>
  ({ product_id: 'p', resource_size: size, resource_spec_code: code }) as CbcOrderChange['product_info']

const change = (desk: Desk, id: string, size: number, code = SERVER, caller = alice) =>
  changeOrder(desk.ports, caller, {
    path: { project_id: caller.projectId },
    query: {},
    body: { resource_id: id, product_info: product(size, code) },
  })

const update = (desk: Desk, order_id: string, id: string, size: number) =>
  updateOrder(desk.ports, alice, {
    path: { ...path, order_id },
    query: {},
    body: { resourceId: id, productInfo: { productId: 'p', resourceSize: size, resourceSpecCode: SERVER } },
  })

const charge = (desk: Desk, vault_ids: readonly string[], more: Partial<ChangeToPeriod> = {}) =>
  changeVaultChargeMode(desk.ports, alice, { path, query: {}, body: { vault_ids, ...period, ...more } })

async function billingOf(desk: Desk, id: string) {
  const { vault } = await showVault(desk.ports, alice, { path: { ...path, vault_id: id }, query: {}, body: undefined })
  assert.ok(vault)
  return vault.billing
}

const remove = (desk: Desk, id: string) =>
  deleteVault(desk.ports, alice, { path: { ...path, vault_id: id }, query: {}, body: undefined })

test('an ordered vault is there when the call returns, and shows its order', async () => {
  await using desk = await openDesk()
  const answer = await order(desk)
  const [made] = answer.orders ?? []
  assert.match(made?.orderId ?? '', ORDER)
  assert.deepEqual(answer, {
    orders: [{ cloudServiceId: 'cbr', orderId: made?.orderId, resourceId: made?.resourceId, subscribeResult: 1 }],
    retCode: 0,
    errText: 'success',
    error_code: '0',
  })
  const billing = await billingOf(desk, made?.resourceId ?? '')
  const { charging_mode: mode, order_id: id, size, status } = billing
  assert.deepEqual([mode, id, size, status], ['pre_paid', made?.orderId, 80, 'available'])
})

test('an order without a period is refused, one that is post_paid makes such a vault', async () => {
  await using desk = await openDesk()
  await refused('9900', order(desk, { period_type: 'year' }))
  await refused('9900', order(desk, { period_num: 1 }))
  await refused('9900', order(desk, { charging_mode: 'post_paid' }))
  await refused('6000', order(desk, period, { backup_policy_id: crypto.randomUUID() }))
  const { orders } = await order(desk, { ...period, charging_mode: 'post_paid' })
  const billing = await billingOf(desk, orders?.[0]?.resourceId ?? '')
  assert.deepEqual([billing.charging_mode, billing.order_id], ['post_paid', undefined])
})

test('CreateVault answers the order of a subscription beside the vault, and none else', async () => {
  await using desk = await openDesk()
  const { id, orderId } = await subscribe(desk)
  assert.equal((await billingOf(desk, id)).order_id, orderId)
  const plain = await createVault(desk.ports, alice, { path, query: {}, body: wanted({}) })
  assert.deepEqual(Object.keys(plain), ['vault'])
  const demanding = wanted({ charging_mode: 'pre_paid', ...period }, { demand_billing: true })
  const { vault } = await createVault(desk.ports, alice, { path, query: {}, body: demanding })
  assert.equal(vault?.demand_billing, true)
})

test('an order makes a vault larger; repeated, it is the same order', async () => {
  await using desk = await openDesk()
  const { id, orderId } = await subscribe(desk)
  const first = await change(desk, id, 100)
  assert.deepEqual([first.retCode, first.retMsg], [0, 'success'])
  assert.match(first.orderId ?? '', ORDER)
  assert.notEqual(first.orderId, orderId)
  assert.deepEqual(await change(desk, id, 100), first)
  const billing = await billingOf(desk, id)
  assert.deepEqual([billing.size, billing.order_id], [100, first.orderId])
  const second = await change(desk, id, 120)
  assert.notEqual(second.orderId, first.orderId)
  await refused('6101', change(desk, id, 100))
})

test('what cannot be ordered is refused', async () => {
  await using desk = await openDesk()
  const { id } = await subscribe(desk)
  for (const size of [9, 79, 80, 10_485_761]) await refused('6101', change(desk, id, size))
  await refused('6110', change(desk, id, 100, 'vault.backup.volume.normal'))
  await refused('6105', change(desk, crypto.randomUUID(), 100))
  await refused('6105', change(desk, 'x', 100))
  await refused('6105', change(desk, id, 100, SERVER, bob))
  await refused('6109', change(desk, (await putVault(desk)).id, 200))
  const statuses = [
    ['lock', '6123'],
    ['frozen', '6112'],
    ['error', '6112'],
    ['deleting', '6112'],
  ] as const
  for (const [status, code] of statuses) {
    await desk.catalog.change(({ vaults }) => vaults.update(id, { status }))
    await refused(code, change(desk, id, 100))
  }
  assert.equal((await billingOf(desk, id)).size, 80)
})

test('an order with the code of application consistency makes a server vault consistent, and never back', async () => {
  await using desk = await openDesk()
  const { id } = await subscribe(desk)
  await change(desk, id, 90, 'vault.backup.database.normal')
  const { consistent_level: level, spec_code: code } = await billingOf(desk, id)
  assert.deepEqual([level, code], ['app_consistent', 'vault.backup.database.normal'])
  await refused('6110', change(desk, id, 100))
  const disk = await subscribe(desk, { object_type: 'disk' })
  await refused('6110', change(desk, disk.id, 100, 'vault.backup.database.normal'))
})

test('the older form names the order that the vault has now, and can be repeated', async () => {
  await using desk = await openDesk()
  const { id, orderId } = await subscribe(desk)
  const other = await subscribe(desk)
  await refused('6109', update(desk, other.orderId, id, 100))
  await refused('6109', update(desk, 'CS0', id, 100))
  const changed = await update(desk, orderId, id, 100)
  assert.deepEqual([changed.retCode, changed.retMsg], ['0', 'success'])
  assert.deepEqual(await update(desk, orderId, id, 100), changed)
  await refused('6109', update(desk, orderId, id, 110))
  assert.equal((await change(desk, id, 100)).orderId, changed.orderId)
  await update(desk, changed.orderId ?? '', id, 110)
  assert.equal((await billingOf(desk, id)).size, 110)
})

test('several vaults become subscriptions by one order, all or none; repeated, it is the same order', async () => {
  await using desk = await openDesk()
  const [one, two] = [(await putVault(desk)).id, (await putVault(desk)).id]
  const expanding = (await putVault(desk, { autoExpand: true })).id
  await refused('6110', charge(desk, [one, expanding]))
  await refused('6105', charge(desk, [one, crypto.randomUUID()]))
  await refused('6105', charge(desk, ['x']))
  assert.equal((await billingOf(desk, one)).charging_mode, 'post_paid')
  const changed = await charge(desk, [one, two, one])
  assert.match(changed.orderId ?? '', ORDER)
  assert.deepEqual([changed.retCode, changed.retMsg], [0, 'success'])
  assert.deepEqual(await charge(desk, [two, one]), changed)
  for (const id of [one, two]) {
    const { charging_mode: mode, order_id: order } = await billingOf(desk, id)
    assert.deepEqual([mode, order], ['pre_paid', changed.orderId])
  }
  const locked = (await putVault(desk, { status: 'lock' })).id
  await refused('6123', charge(desk, [locked]))
})

test('a subscription is not deleted and does not grow by itself, until it has ceased to be one', async () => {
  await using desk = await openDesk()
  const { id } = await subscribe(desk)
  const expand = () =>
    updateVault(desk.ports, alice, {
      path: { ...path, vault_id: id },
      query: {},
      body: { vault: { auto_expand: true } },
    })
  await refused('6110', expand())
  await refused('6111', remove(desk, id))
  await charge(desk, [id], { charging_mode: 'post_paid' })
  await refused('6109', change(desk, id, 100))
  assert.equal((await billingOf(desk, id)).order_id, undefined)
  await expand()
  await remove(desk, id)
})
