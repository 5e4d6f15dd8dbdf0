/** What a vault's project is told of its capacity (semantics 3.4), by whatever puts something into it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice, type Desk, NOW, openDesk, putVault } from '../../../test/desk.ts'
import { listenIn } from '../../../test/listening.ts'
import * as ground from '../../../test/sharing-ground.ts'
import { openSqliteCatalog } from '../../adapters/catalog/sqlite.ts'
import type { VaultPatch } from '../../ports/catalog/vault.ts'
import { batchUpdateVault } from './batch-update-vault.ts'
import { occupy } from './occupy.ts'
import { updateVault } from './update-vault.ts'
import { LARGEST_GB, lockVault } from './vault-rules.ts'

const GIB = 2 ** 30

/** A vault of 100 GB, and a webhook that hears of it. */
async function openStage(given: VaultPatch & { usedBytes?: number } = {}) {
  const desk = await openDesk()
  const { id = '' } = await putVault(desk, given)
  const ear = await listenIn(desk.catalog, alice.projectId)
  return {
    ear: async () => (await ear()).map(({ type, data }) => [type, data.vault.size, data.vault.used_percent]),
    grow: (gib: number) =>
      desk.catalog.change(async records =>
        occupy(records, await lockVault(records, alice.projectId, id), gib * GIB, NOW),
      ),
    free: (gib: number) => desk.catalog.change(({ vaults }) => vaults.charge(id, -gib * GIB)),
    set: (vault: object) => update(desk, id, vault),
    desk,
    [Symbol.asyncDispose]: () => desk[Symbol.asyncDispose](),
  }
}

const update = ({ ports }: Desk, id: string, vault: object) =>
  updateVault(ports, alice, { path: { project_id: alice.projectId, vault_id: id }, query: {}, body: { vault } })

test('the threshold is told when it is reached, once, and again when it is reached again', async () => {
  await using stage = await openStage()
  await stage.grow(79)
  assert.deepEqual(await stage.ear(), [])
  await stage.grow(1)
  assert.deepEqual(await stage.ear(), [['vault.threshold_reached', 100, 80]])
  await stage.grow(5)
  assert.deepEqual(await stage.ear(), [])
  await stage.free(10)
  await stage.grow(10)
  assert.deepEqual(await stage.ear(), [['vault.threshold_reached', 100, 85]])
})

test('a vault or a threshold that becomes smaller reaches it too; a larger one is below it again', async () => {
  await using stage = await openStage({ usedBytes: 60 * GIB })
  await stage.set({ billing: { size: 70 } })
  assert.deepEqual(await stage.ear(), [['vault.threshold_reached', 70, 85]])
  await stage.set({ billing: { size: 200 } })
  await stage.set({ threshold: 30 })
  assert.deepEqual(await stage.ear(), [['vault.threshold_reached', 200, 30]])
  await stage.set({ threshold: 20 })
  assert.deepEqual(await stage.ear(), [])
  const body = { vault: { threshold: 90 } }
  const batch = { path: { project_id: alice.projectId }, query: {} }
  await batchUpdateVault(stage.desk.ports, alice, { ...batch, body })
  await batchUpdateVault(stage.desk.ports, alice, { ...batch, body: { vault: { threshold: 30 } } })
  assert.deepEqual(await stage.ear(), [['vault.threshold_reached', 200, 30]])
})

test('who wants no notification of a vault gets none of its threshold, until he does', async () => {
  await using stage = await openStage({ smnNotify: false })
  await stage.grow(90)
  assert.deepEqual(await stage.ear(), [])
  await stage.set({ smn_notify: true })
  assert.deepEqual(await stage.ear(), [['vault.threshold_reached', 100, 90]])
})

test('a vault that expands by itself says so, and the threshold where it is reached all the same', async () => {
  await using stage = await openStage({ autoExpand: true, usedBytes: 70 * GIB })
  await stage.grow(30)
  assert.deepEqual(await stage.ear(), [
    ['vault.expanded', 125, 80],
    ['vault.threshold_reached', 125, 80],
  ])
  await stage.set({ threshold: 90 })
  await stage.grow(25)
  assert.deepEqual(await stage.ear(), [['vault.expanded', 157, 79]])
})

test('switched on in a full vault, expanding waits for the next growth', async () => {
  await using stage = await openStage({ usedBytes: 100 * GIB })
  await stage.set({ auto_expand: true })
  assert.deepEqual(await stage.ear(), [])
  await stage.grow(1)
  assert.deepEqual(await stage.ear(), [['vault.expanded', 125, 80]])
})

test('the largest vault there is does not expand, and says so', async () => {
  await using stage = await openStage({ autoExpand: true, threshold: 100, sizeGb: LARGEST_GB, usedBytes: 9e15 })
  await stage.grow(LARGEST_GB)
  const [expansion, threshold] = await stage.ear()
  assert.deepEqual(
    [expansion?.slice(0, 2), threshold?.[0]],
    [['vault.not_expanded', LARGEST_GB], 'vault.threshold_reached'],
  )
})

test('an accepted share counts: its vault tells its threshold, and does not expand to take it', async () => {
  await using catalog = await openSqliteCatalog({ file: ':memory:' }).then(opened => ({
    ...opened,
    [Symbol.asyncDispose]: opened.close,
  }))
  const stage = ground.groundOn(catalog)
  const { post, put } = ground.calls(stage)
  const { sharer, recipient, FULL_BYTES } = ground
  const backup = await ground.putBackup(stage, await ground.putVault(stage, sharer))
  const [small, large] = [
    await ground.putVault(stage, recipient, { sizeGb: FULL_BYTES / GIB, autoExpand: true }),
    await ground.putVault(stage, recipient, { sizeGb: FULL_BYTES / GIB + 1, autoExpand: true, threshold: 75 }),
  ]
  const ear = await listenIn(catalog, recipient.projectId, { events: ['vault.*'] })
  await post(sharer, backup.id, [recipient.projectId])
  const accept = (vault: { readonly id: string }) =>
    ground.outcomeOf(put(recipient, backup.id, { status: 'accepted', vault_id: vault.id }))
  assert.equal(await accept(small), '6129')
  assert.deepEqual(await ear(), [])
  assert.equal(await accept(large), 'ok')
  const [{ type, data } = { type: '', data: {} }] = await ear()
  assert.deepEqual([type, data.vault.id, data.vault.used_percent], ['vault.threshold_reached', large.id, 75])
})

test('what nobody listens to is not written down; what somebody does not want to hear, neither', async () => {
  await using stage = await openStage()
  const strangers = await listenIn(stage.desk.catalog, 'f'.repeat(32))
  const sharing = await listenIn(stage.desk.catalog, alice.projectId, { events: ['share.*', 'task.failed'] })
  const exact = await listenIn(stage.desk.catalog, alice.projectId, { events: ['vault.threshold_reached'] })
  await stage.grow(90)
  assert.equal((await stage.ear()).length, 1)
  assert.equal((await exact()).length, 1)
  assert.deepEqual([await strangers(), await sharing()], [[], []])
})
