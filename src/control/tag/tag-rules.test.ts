import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { checkRoomForTags, cleanTag, cleanTags, keysToDelete } from './tag-rules.ts'

const alphabet = [...'abzAZ059_-', '保', '龥', '豈']
const keys = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 36 })
const values = fc.string({ unit: fc.constantFrom(...alphabet, '.'), maxLength: 43 })
const blanks = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 })

test('every key and value of the contract is taken, without the blanks around', () => {
  fc.assert(
    fc.property(keys, values, blanks, blanks, (key, value, before, after) => {
      assert.deepEqual(cleanTag({ key: before + key + after, value: before + value + after }), { key, value })
    }),
  )
})

test('no forbidden character is taken anywhere', () => {
  const control = fc.integer({ min: 0, max: 31 }).map(code => String.fromCharCode(code))
  const forbidden = fc.oneof(fc.constantFrom(...'=*<>\\,|/'), control)
  fc.assert(
    fc.property(keys, forbidden, keys, (before, bad, after) => {
      const text = (before.slice(0, 10) || 'a') + bad + (after.slice(0, 10) || 'a')
      assert.throws(() => cleanTag({ key: text, value: '' }), { code: '9900' })
      assert.throws(() => cleanTag({ key: 'k', value: text }), { code: '9900' })
    }),
  )
})

test('lengths', () => {
  cleanTag({ key: 'k'.repeat(36), value: 'v'.repeat(43) })
  for (const tag of [{ key: 'k'.repeat(37) }, { key: 'k', value: 'v'.repeat(44) }, { key: '' }, { key: '  ' }]) {
    assert.throws(() => cleanTag(tag), { code: '9900' })
  }
  assert.deepEqual(cleanTag({ key: 'k' }), { key: 'k', value: '' })
  assert.deepEqual(cleanTag({ key: 'cost centre', value: 'a+b c' }), { key: 'cost centre', value: 'a+b c' })
})

test('a list has each key once, and at most twenty', () => {
  assert.throws(() => cleanTags([{ key: 'a' }, { key: ' a ', value: 'x' }]), { code: '9900' })
  const many = Array.from({ length: 21 }, (_, at) => ({ key: `k${at}` }))
  assert.throws(() => cleanTags(many), { code: '6600' })
  assert.equal(cleanTags(many.slice(1)).length, 20)
})

test('the limit counts keys, however tags are added', () => {
  const tag = fc.integer({ min: 0, max: 30 }).map(n => ({ key: `k${n}`, value: 'v' }))
  fc.assert(
    fc.property(fc.array(tag), fc.array(tag), (present, added) => {
      const total = new Set([...present, ...added].map(({ key }) => key)).size
      if (total > 20) assert.throws(() => checkRoomForTags(present, added), { code: '6600' })
      else checkRoomForTags(present, added)
    }),
  )
})

test('deletion goes by key, and by value where one is given', () => {
  const present = [
    { key: 'a', value: '1' },
    { key: 'b', value: '' },
    { key: 'c', value: '3' },
  ]
  assert.deepEqual(keysToDelete(present, [{ key: 'a' }, { key: 'z' }]), ['a'])
  assert.deepEqual(keysToDelete(present, [{ key: 'a', value: '2' }]), [])
  assert.deepEqual(
    keysToDelete(present, [
      { key: ' c ', value: ' 3' },
      { key: 'b', value: '' },
    ]),
    ['b', 'c'],
  )
  assert.deepEqual(keysToDelete(present, [{ key: 'a', value: '' }]), [])
  assert.deepEqual(keysToDelete(present, [{ key: '=<any>|', value: '*' }]), [])
  assert.throws(() => keysToDelete(present, [{ key: 'k'.repeat(128) }]), { code: '9900' })
  assert.throws(() => keysToDelete(present, [{ key: 'k', value: 'v'.repeat(256) }]), { code: '9900' })
})
