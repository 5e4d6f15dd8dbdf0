import assert from 'node:assert/strict'
import { test } from 'node:test'
import { roleNames } from '../contract/role-names.ts'
import type { PolicyStatement } from '../ports/identity.ts'
import { mayCall } from './may-call.ts'

const roles = {
  full: ['CBR FullAccess', 'cbr_admin', 'admin'],
  backups: ['CBR BackupsAndVaultsFullAccess', 'cbr_user', 'member'],
  readOnly: ['CBR ReadOnlyAccess', 'cbr_reader', 'reader'],
}

/** The matrix of permissions, row by row: action, may backups-and-vaults, may read-only. Full access may all. */
const matrix: readonly (readonly [action: string, backups: boolean, readOnly: boolean])[] = [
  ['cbr:vaults:addResources', true, false],
  ['cbr:vaults:associatePolicy', true, false],
  ['cbr:vaults:update', true, false],
  ['cbr:vaults:create', true, false],
  ['cbr:vaults:delete', true, false],
  ['cbr:vaults:dissociatePolicy', true, false],
  ['cbr:vaults:list', true, true],
  ['cbr:vaults:migrateResources', true, false],
  ['cbr:vaults:removeResources', true, false],
  ['cbr:vaults:setResources', true, false],
  ['cbr:vaults:get', true, true],
  ['cbr:vaults:bulkCreateOrDeleteTags', true, false],
  ['cbr:vaults:setTags', true, false],
  ['cbr:vaults:deleteTags', true, false],
  ['cbr:vaults:listProjectTags', true, true],
  ['cbr:vaults:listResourceInstances', true, true],
  ['cbr:vaults:getTags', true, true],
  ['cbr:vaults:replicate', true, false],
  ['cbr:vaults:backup', true, false],
  ['cbr:vaults:sync', true, false],
  ['cbr:backups:get', true, true],
  ['cbr:member:create', true, false],
  ['cbr:member:delete', true, false],
  ['cbr:member:get', true, true],
  ['cbr:member:list', true, true],
  ['cbr:member:update', true, false],
  ['cbr:backups:replicate', true, false],
  ['cbr:backups:delete', true, false],
  ['cbr:backups:sync', true, false],
  ['cbr:backups:list', true, true],
  ['cbr:backups:restore', true, false],
  ['cbr:backups:update', true, false],
  ['cbr:policies:create', false, false],
  ['cbr:policies:delete', false, false],
  ['cbr:policies:list', true, true],
  ['cbr:policies:get', true, true],
  ['cbr:policies:update', false, false],
  ['cbr:organizationPolicies:create', false, false],
  ['cbr:organizationPolicies:delete', false, false],
  ['cbr:organizationPolicies:list', true, true],
  ['cbr:organizationPolicies:get', true, true],
  ['cbr:organizationPolicies:update', false, false],
  ['cbr:tasks:list', true, true],
  ['cbr:tasks:get', true, true],
  ['cbr:vaults:listProtectables', true, true],
  ['cbr:vaults:getProtectables', true, true],
  ['cbr:backups:queryReplicationCapability', true, true],
  ['cbr:agents:update', true, false],
  ['cbr:backups:checkAgent', true, false],
  ['cbr:agents:list', true, true],
  ['cbr:agents:create', true, false],
  ['cbr:agents:get', true, true],
  ['cbr:agents:delete', true, false],
  ['cbr:migrates:create', true, false],
  ['cbr:migrates:get', true, true],
  ['cbr:webhooks:create', false, false],
  ['cbr:webhooks:delete', false, false],
  ['cbr:webhooks:update', false, false],
  ['cbr:webhooks:get', true, true],
  ['cbr:webhooks:list', true, true],
  ['cbr:audits:view', false, false],
]

const holding = (...names: string[]) => ({ roles: names, statements: [] })
const with_ = (...statements: PolicyStatement[]) => ({ roles: [], statements })
const allow = (...actions: string[]): PolicyStatement => ({ effect: 'allow', actions })
const deny = (...actions: string[]): PolicyStatement => ({ effect: 'deny', actions })

test('system roles may do what the permission tables say, under each of their names', () => {
  for (const [action, backups, readOnly] of matrix) {
    for (const role of roles.full) assert.equal(mayCall(holding(role), action), true, `${role} ${action}`)
    for (const role of roles.backups) assert.equal(mayCall(holding(role), action), backups, `${role} ${action}`)
    for (const role of roles.readOnly) assert.equal(mayCall(holding(role), action), readOnly, `${role} ${action}`)
  }
})

test('no role, an unknown role or the role of a service allows nothing', () => {
  for (const [action] of matrix) {
    for (const names of [[], ['service'], ['CBR'], ['constructor'], ['__proto__'], ['cbr fullaccess']]) {
      assert.equal(mayCall(holding(...names), action), false)
    }
  }
  assert.deepEqual([...new Set(roleNames)].length, roleNames.length)
})

test('roles add up', () => {
  assert.equal(mayCall(holding('reader', 'member'), 'cbr:vaults:create'), true)
  assert.equal(mayCall(holding('member', 'cbr_admin'), 'cbr:policies:create'), true)
})

test('deny wins over allow, whatever the order and wherever it comes from', () => {
  const denied = deny('cbr:member:*')
  const all = allow('cbr:*:*')
  assert.equal(mayCall(with_(all, denied), 'cbr:member:create'), false)
  assert.equal(mayCall(with_(denied, all), 'cbr:member:create'), false)
  assert.equal(mayCall({ roles: ['CBR FullAccess'], statements: [denied] }, 'cbr:member:create'), false)
  assert.equal(mayCall({ roles: ['CBR FullAccess'], statements: [denied] }, 'cbr:vaults:create'), true)
})

test('a wildcard stands for any run of characters within its part', () => {
  const cases: readonly (readonly [pattern: string, action: string, matches: boolean])[] = [
    ['cbr:vaults:list', 'cbr:vaults:list', true],
    ['cbr:vaults:list', 'cbr:vaults:listProtectables', false],
    ['cbr:vaults:list*', 'cbr:vaults:list', true],
    ['cbr:vaults:list*', 'cbr:vaults:listProtectables', true],
    ['cbr:*:list*', 'cbr:backups:list', true],
    ['*:*:*', 'cbr:backups:list', true],
    ['cbr:*', 'cbr:backups:list', false],
    ['*', 'cbr:backups:list', false],
    ['cbr:*:*:*', 'cbr:backups:list', false],
    ['cbr:b*s:l*t', 'cbr:backups:list', true],
    ['cbr:*a*k*:*', 'cbr:backups:list', true],
    ['cbr:*kab*:*', 'cbr:backups:list', false],
    ['cbr:backups:*list*', 'cbr:backups:list', true],
    ['cbr:backups:lis*ist', 'cbr:backups:list', false],
    ['cbr:backups:**', 'cbr:backups:list', true],
    ['cbr:backups:l**t', 'cbr:backups:list', true],
    ['CBR:backups:list', 'cbr:backups:list', false],
    ['cbr:backups:', 'cbr:backups:list', false],
    ['cbr:back.ps:list', 'cbr:backups:list', false],
  ]
  for (const [pattern, action, matches] of cases) {
    assert.equal(mayCall(with_(allow(pattern)), action), matches, `${pattern} ${action}`)
  }
})

test('a pattern cannot be made slow', () => {
  const pattern = `cbr:${'*a'.repeat(500)}:*`
  const began = performance.now()
  assert.equal(mayCall(with_(allow(pattern)), `cbr:${'a'.repeat(400)}b:x`), false)
  assert.ok(performance.now() - began < 100)
})

test('moving resources takes the right to add them too', () => {
  assert.equal(mayCall(with_(allow('cbr:vaults:migrateResources')), 'cbr:vaults:migrateResources'), false)
  const both = allow('cbr:vaults:migrateResources', 'cbr:vaults:addResources')
  assert.equal(mayCall(with_(both), 'cbr:vaults:migrateResources'), true)
  assert.equal(mayCall(with_(both, deny('cbr:vaults:addResources')), 'cbr:vaults:migrateResources'), false)
})
