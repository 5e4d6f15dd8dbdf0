import assert from 'node:assert/strict'
import test from 'node:test'
import { contractCheck } from './check.ts'

const check = contractCheck()
const bodyOf = (body: unknown) => check.bodyOf('ChangeOrder', Buffer.from(JSON.stringify(body)))

const product = {
  product_id: 'p',
  resource_size: 50,
  resource_size_measure_id: 17,
  resource_spec_code: 'vault.backup.server.normal',
}
const order = { product_info: product, resource_id: 'v', is_auto_pay: true, cloud_service_console_url: 'https://x' }

test('an order is understood in both spellings', () => {
  assert.deepEqual(bodyOf(order), order)
  const { product_id: productId, resource_size: resourceSize, resource_spec_code: resourceSpecCode } = product
  const productInfo = { productId, resourceSize, resourceSizeMeasureId: 17, resourceSpecCode }
  const other = { productInfo, resourceId: 'v', isAutoPay: true, cloudServiceConsoleURL: 'https://x' }
  assert.deepEqual(bodyOf(other), order)
})

test("where a field comes in both spellings, the schema's counts", () => {
  for (const body of [
    { resourceId: 'other', ...order },
    { ...order, resourceId: 'other' },
  ])
    assert.equal(bodyOf(body).resource_id, 'v')
})

test('what the contract does not allow is refused in both', () => {
  const wrong = [
    { resourceSize: '50' },
    { resource_size_measure_id: 16 },
    { resourceSizeMeasureId: 16, resource_size_measure_id: undefined },
    { product_id: 'p'.repeat(65) },
    { product_id: '' },
    { resource_spec_code: 'vault.backup.tape.normal' },
  ]
  for (const fields of wrong) {
    const product_info = { ...product, ...fields, ...('resourceSize' in fields && { resource_size: undefined }) }
    assert.throws(() => bodyOf({ ...order, product_info }), { code: '9900' }, JSON.stringify(fields))
  }
  assert.throws(() => bodyOf([order]), { code: '9900' })
  assert.throws(() => bodyOf('x'), { code: '9900' })
})
