import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, madeAt, nobodysHash, passwordMatches, usualCost } from './password.ts'

test('a hash names its cost, is salted, and matches its password only', async () => {
  const hash = await hashPassword('correct horse', usualCost)
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.notEqual(await hashPassword('correct horse', usualCost), hash)
  assert.equal(await passwordMatches('correct horse', hash), true)
  assert.equal(await passwordMatches('correct horsf', hash), false)
  assert.equal(await passwordMatches('', hash), false)
})

test('a vector of the reference implementation matches, and every part of it counts', async () => {
  const vector = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  assert.equal(await passwordMatches('password', vector), true)
  for (const [from, to] of [
    ['t=2', 't=1'],
    ['m=65536', 'm=65535'],
    ['c29t', 'c29u'],
    ['CTFh', 'CTFi'],
  ] as const) {
    assert.equal(await passwordMatches('password', vector.replace(from, to)), false, to)
  }
})

test('what is no such hash matches nothing', async () => {
  const hash = await hashPassword('x', { memoryKib: 64, passes: 1 })
  for (const other of ['', 'x', '$2b$10$abc', hash.replace('argon2id', 'argon2i'), hash.slice(0, -4), `${hash}$`]) {
    assert.equal(await passwordMatches('x', other), false, other)
  }
  assert.equal(await passwordMatches('x', nobodysHash({ memoryKib: 64, passes: 1 })), false)
})

test('a hash of another cost is told apart', async () => {
  const hash = nobodysHash({ memoryKib: 64, passes: 1 })
  assert.equal(madeAt(hash, { memoryKib: 64, passes: 1 }), true)
  assert.equal(madeAt(hash, { memoryKib: 64, passes: 2 }), false)
  assert.equal(madeAt('', usualCost), false)
})
