import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { alice, NOW } from '../../../test/desk.ts'
import { contractCheck } from '../../contract/check.ts'
import { newVault } from './new-vault.ts'

const check = contractCheck()
const made = { by: alice, at: NOW, smallestGb: 10 }

/** What becomes of a name and a size that a client sends: the vault's, or the code of the refusal. */
function sent(name: string, size: unknown): readonly [string, number] | string {
  const billing = { object_type: 'server', protect_type: 'backup', size }
  const raw = Buffer.from(JSON.stringify({ vault: { name, billing, resources: [] } }))
  try {
    const vault = newVault(check.bodyOf('CreateVault', raw).vault, made)
    return [vault.name, vault.sizeGb]
  } catch (error) {
    return (error as { code: string }).code
  }
}

const letter = fc.oneof(
  fc.constantFrom(...'azAZ09_-.'),
  fc.integer({ min: 0x4e00, max: 0x9fa5 }).map(code => String.fromCodePoint(code)),
  fc.integer({ min: 0xf900, max: 0xfa2d }).map(code => String.fromCodePoint(code)),
)

test('every name of the contract is taken as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: letter, minLength: 1, maxLength: 64 }), name => {
      assert.deepEqual(sent(name, 100), [name, 100])
    }),
  )
})

test('a name with anything else in it, or of another length, is refused', () => {
  const known = /^[\w.\-\u4e00-\u9fa5\uf900-\ufa2d]$/
  const stranger = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter(text => !known.test(text))
  const some = fc.string({ unit: letter, maxLength: 20 })
  fc.assert(
    fc.property(some, stranger, some, (before, bad, after) => assert.equal(sent(before + bad + after, 100), '9900')),
  )
  for (const name of ['', 'x'.repeat(65)]) assert.equal(sent(name, 100), '9900')
})

test('a size is a whole number of GB within bounds', () => {
  const size = fc.oneof(
    fc.integer({ min: -5, max: 30 }),
    fc.integer({ min: 10_485_755, max: 10_485_765 }),
    fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
  )
  fc.assert(
    fc.property(size, asked => {
      const expected = asked >= 10 && asked <= 10_485_760 ? ['v', asked] : '6101'
      assert.deepEqual(sent('v', asked), Number.isInteger(asked) ? expected : '9900')
    }),
  )
  for (const asked of ['100', null, true, [100]]) assert.equal(sent('v', asked), '9900')
})
