import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { alice, bob, type Desk, openDesk, putVault, refused } from '../../../test/desk.ts'
import type { VaultUpdate } from '../../contract/operations.gen.ts'
import type { VaultStatus } from '../../ports/catalog/vault.ts'
import { showVault } from './show-vault.ts'
import { updateVault } from './update-vault.ts'

const GIB = 2 ** 30

const update = (desk: Desk, id: string, vault: VaultUpdate, caller = alice) =>
  updateVault(desk.ports, caller, {
    path: { project_id: caller.projectId, vault_id: id },
    query: {},
    body: { vault },
  })

const show = (desk: Desk, id: string) =>
  showVault(desk.ports, alice, { path: { project_id: alice.projectId, vault_id: id }, query: {}, body: undefined })

test('only what is sent changes, and the whole vault is answered', async () => {
  await using desk = await openDesk()
  const before = await putVault(desk)
  const { vault } = await update(desk, before.id, { name: 'vault_name02', billing: { size: 200 } })
  assert.deepEqual(vault, { ...before, name: 'vault_name02', billing: { ...before.billing, size: 200 } })
  assert.deepEqual(await show(desk, before.id), { vault })
})

test('every field can be changed, false and empty ones too', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk)
  const sent: VaultUpdate = {
    auto_bind: true,
    auto_expand: true,
    smn_notify: false,
    threshold: 1,
    locked: true,
    backup_name_prefix: 'pre',
    bind_rules: { tags: [{ key: 'k', value: 'v' }] },
  }
  const { vault } = await update(desk, id, sent)
  for (const [field, value] of Object.entries(sent)) assert.deepEqual(vault?.[field as 'locked'], value, field)
  const cleared = await update(desk, id, { bind_rules: { tags: [] }, auto_bind: false, locked: true })
  assert.deepEqual(cleared.vault?.bind_rules, {})
  assert.equal(cleared.vault?.auto_bind, false)
})

test('a locked vault is never unlocked, in the words clients look for', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk, { locked: true })
  await assert.rejects(update(desk, id, { locked: false, name: 'new' }), {
    code: '6110',
    message: /vault not support to modify locked attribute from true to false\./,
  })
  assert.equal((await show(desk, id)).vault?.name, 'vault-1')
  const open = await putVault(desk)
  assert.equal((await update(desk, open.id, { locked: false })).vault?.locked, false)
})

test('capacity grows and shrinks, down to what is used', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk, { usedBytes: 20 * GIB + 1 })
  await refused('6101', update(desk, id, { billing: { size: 20 } }))
  for (const size of [0, -5, 10_485_761]) await refused('6101', update(desk, id, { billing: { size } }))
  assert.equal((await update(desk, id, { billing: { size: 21 } })).vault?.billing.size, 21)
  const empty = await putVault(desk)
  assert.equal((await update(desk, empty.id, { billing: { size: 1 } })).vault?.billing.size, 1)
})

test('a size is taken exactly when it is in bounds and not below what is used', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk, { usedBytes: 7 * GIB })
  const size = fc.oneof(fc.integer({ min: -3, max: 20 }), fc.integer({ min: 10_485_755, max: 10_485_765 }))
  await fc.assert(
    fc.asyncProperty(size, async asked => {
      const fits = asked >= 7 && asked <= 10_485_760
      const answer = await update(desk, id, { billing: { size: asked } }).catch(error => error)
      if (fits) assert.equal(answer.vault.billing.size, asked)
      else assert.equal(answer.code, '6101')
    }),
    { numRuns: 60 },
  )
})

test('consistency goes from crash to app, for servers', async () => {
  await using desk = await openDesk()
  const server = await putVault(desk)
  const disk = await putVault(desk, { objectType: 'disk' })
  const to = (consistent_level: 'app_consistent' | 'crash_consistent') => ({ billing: { consistent_level } })
  await refused('6110', update(desk, disk.id, to('app_consistent')))
  await update(desk, disk.id, to('crash_consistent'))
  const { vault } = await update(desk, server.id, to('app_consistent'))
  assert.equal(vault?.billing.spec_code, 'vault.backup.database.normal')
  await update(desk, server.id, to('app_consistent'))
  await refused('6110', update(desk, server.id, to('crash_consistent')))
})

test('the status decides, after the path and the body', async () => {
  await using desk = await openDesk()
  const statuses: readonly [VaultStatus, '6112' | '6123'][] = [
    ['deleting', '6112'],
    ['error', '6112'],
    ['frozen', '6112'],
    ['lock', '6123'],
  ]
  for (const [status, code] of statuses) {
    const { id } = await putVault(desk, { status })
    await refused(code, update(desk, id, { name: 'new' }))
  }
  const { id } = await putVault(desk)
  await refused('6105', update(desk, id, { billing: { size: 0 } }, bob))
  await refused('6105', update(desk, 'no-uuid', {}))
})
