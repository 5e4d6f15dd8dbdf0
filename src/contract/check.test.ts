import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ContractCheck, contractCheck } from './check.ts'
import { Refusal } from './errors.ts'
import { type OperationId, operations } from './operations.gen.ts'

const check = contractCheck()
const bytes = (body: unknown): Uint8Array => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
const bodyOf = (operation: OperationId, body: unknown) => check.bodyOf(operation, bytes(body))

/** Refused with 9900, and the text names what is wrong. */
function refused(attempt: () => unknown, words: RegExp): void {
  assert.throws(attempt, error => error instanceof Refusal && error.code === '9900' && words.test(error.message))
}

const vault = { name: 'v', resources: [], billing: { object_type: 'server', protect_type: 'backup', size: 100 } }
const project = '075e6035d300d48c2fd0c00b78b71ebf'

test('a body is taken as it is, unknown fields and all', () => {
  assert.deepEqual(bodyOf('AddMember', { members: [project], _: 'x' }), { members: [project], _: 'x' })
  assert.deepEqual(bodyOf('CreateVault', { vault: { ...vault, whatever: { a: 1 } } }), {
    vault: { ...vault, whatever: { a: 1 } },
  })
})

test('null counts as not given, in objects alone', () => {
  assert.deepEqual(bodyOf('CreateVault', { vault: { ...vault, description: null } }), { vault })
  refused(() => bodyOf('CreateVault', { vault: { ...vault, billing: null } }), /vault\.billing is missing/)
  refused(() => bodyOf('AddMember', { members: [null] }), /members\.0 must be string/)
})

test('an enterprise project may be a number', () => {
  assert.deepEqual(bodyOf('CreateVault', { vault: { ...vault, enterprise_project_id: 0 } }), {
    vault: { ...vault, enterprise_project_id: '0' },
  })
  refused(() => bodyOf('CreateVault', { vault: { ...vault, enterprise_project_id: 1.5 } }), /enterprise_project_id/)
})

test('what is no JSON, no UTF-8 or nothing at all is refused', () => {
  refused(() => bodyOf('CreateVault', '{'), /body is not JSON/)
  refused(() => check.bodyOf('CreateVault', Buffer.from([0x22, 0xff, 0x22])), /body is not JSON/)
  refused(() => check.bodyOf('CreateVault', undefined), /body is missing/)
  refused(() => check.bodyOf('CreateVault', new Uint8Array(0)), /body is missing/)
  for (const other of [[], 'text', 5, true, null]) refused(() => bodyOf('CreateVault', JSON.stringify(other)), /body/)
})

test('U+0000 is refused wherever a text can be, an escaped backslash is not taken for it', () => {
  refused(() => bodyOf('UpdateBackup', { backup: { name: 'a\0' } }), /name must not contain U\+0000/)
  assert.deepEqual(
    bodyOf(
      'CreateCheckpoint',
      '{"checkpoint":{"vault_id":"82c51a77-40ba-419e-bfff-ddce696a29bf","parameters":{"description":"\\\\u0000"}}}',
    ),
    {
      checkpoint: { vault_id: '82c51a77-40ba-419e-bfff-ddce696a29bf', parameters: { description: '\\u0000' } },
    },
  )
})

test('each limit that is 9900 is held on both sides', () => {
  const members = (count: number) => ({ members: Array.from({ length: count }, (_, at) => `${at}`) })
  assert.ok(bodyOf('AddMember', members(10)))
  refused(() => bodyOf('AddMember', members(11)), /members must NOT have more than 10/)
  refused(() => bodyOf('AddMember', members(0)), /members must NOT have fewer than 1/)
  refused(() => bodyOf('AddMember', { members: [project, project] }), /members must NOT have duplicate/)
  refused(() => bodyOf('AddMember', {}), /members/)
  assert.ok(bodyOf('AddMember', { domains: ['acme'] }))

  const named = (name: unknown) => ({ backup: { name } })
  assert.ok(bodyOf('UpdateBackup', named('A_中-.9')))
  assert.ok(bodyOf('UpdateBackup', named('中'.repeat(64))))
  for (const name of ['', 'a b', 'a/b', '<', 'x'.repeat(65), 7])
    refused(() => bodyOf('UpdateBackup', named(name)), /backup\.name/)

  const days = (retention_duration_days: number) => ({
    checkpoint: { vault_id: '82c51a77-40ba-419e-bfff-ddce696a29bf', parameters: { retention_duration_days } },
  })
  assert.ok(bodyOf('CreateCheckpoint', days(-1)))
  assert.ok(bodyOf('CreateCheckpoint', days(36_500)))
  for (const wrong of [-2, 36_501, 1.5])
    refused(() => bodyOf('CreateCheckpoint', days(wrong)), /retention_duration_days/)
  refused(() => bodyOf('CreateCheckpoint', { checkpoint: { vault_id: 'x' } }), /checkpoint\.vault_id/)
})

test('what has a code of its own is left to the operation', () => {
  assert.ok(bodyOf('CreateVault', { vault: { ...vault, billing: { ...vault.billing, object_type: 'toaster' } } })) // 6116
  assert.ok(bodyOf('CreateVault', { vault: { ...vault, billing: { ...vault.billing, size: 0 } } })) // 6101
  assert.ok(bodyOf('UpdateMemberStatus', { status: 'perhaps', vault_id: 5 })) // 6706
  assert.ok(bodyOf('UpdateMemberStatus', {}))
})

test('query values have their types, empty ones are not given, unknown ones are ignored', () => {
  assert.deepEqual(
    check.queryOf('ListBackups', {
      limit: '5',
      offset: '0',
      incremental: 'True',
      name: '',
      status: ['available', 'error'],
      no: '1',
    }),
    { limit: 5, offset: 0, incremental: true, status: ['available', 'error'] },
  )
  assert.deepEqual(check.queryOf('ListBackups', { status: 'error' }), { status: ['error'] })
})

test('a limit above the most is capped, what is no count is refused', () => {
  assert.deepEqual(check.queryOf('ListVault', { limit: '5000' }), { limit: 1000 })
  assert.deepEqual(check.queryOf('ListProtectable', { limit: '51' }), { limit: 50 })
  for (const limit of ['0', '-1', 'x', '1.5', '1e3', '99999999999999999999'])
    refused(() => check.queryOf('ListVault', { limit }), /limit must be a whole number/)
  refused(() => check.queryOf('ListVault', { offset: '-1' }), /offset must be a whole number from 0/)
})

test('words outside an enum, malformed markers, and repeated single values are refused', () => {
  refused(() => check.queryOf('ListVault', { status: 'gone' }), /status must be equal to one of/)
  refused(() => check.queryOf('ListBackups', { status: ['available', 'gone'] }), /status/)
  refused(() => check.queryOf('ListBackups', { own_type: 'mine' }), /own_type/)
  refused(() => check.queryOf('ListBackups', { marker: 'x' }), /marker/)
  refused(() => check.queryOf('ListBackups', { name: ['a', 'b'] }), /name is given more than once/)
  refused(() => check.queryOf('ListBackups', { name: 'a\0' }), /name must not contain/)
  refused(() => check.queryOf('ListExternalVault', {}), /external_project_id is missing/)
})

test('a path value that no engine stores is what is missing', () => {
  assert.throws(
    () => check.pathOf('ShowVault', { project_id: project, vault_id: 'a\0' }),
    error => error instanceof Refusal && error.code === '6105',
  )
  refused(() => check.pathOf('ListProtectable', { project_id: project, protectable_type: 'moon' }), /protectable_type/)
})

test('whatever a body is, the check takes it or refuses it with 9900', () => {
  const withBody = (Object.keys(operations) as OperationId[]).filter(id => operations[id].body !== undefined)
  const total = (attempt: (held: ContractCheck) => unknown): boolean => {
    try {
      attempt(check)
      return true
    } catch (error) {
      return error instanceof Refusal && error.code === '9900'
    }
  }
  fc.assert(
    fc.property(fc.constantFrom(...withBody), fc.oneof(fc.json(), fc.string()), (operation, text) =>
      total(held => held.bodyOf(operation, Buffer.from(text))),
    ),
  )
  fc.assert(
    fc.property(fc.constantFrom(...(Object.keys(operations) as OperationId[])), fc.string(), (operation, value) =>
      total(held =>
        held.queryOf(
          operation,
          Object.fromEntries(Object.keys(operations[operation].query).map(name => [name, value])),
        ),
      ),
    ),
  )
})
