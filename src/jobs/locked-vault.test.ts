/** A locked vault's automatic backups outlive every call, and every bug above the datastore (semantics 3.6). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice, refused } from '../../test/desk.ts'
import { openWorkshop, type Workshop } from '../../test/workshop.ts'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { expire } from '../control/policy/apply-retention.ts'
import { migrateVaultResource } from '../control/resource/migrate-vault-resource.ts'
import { removeVaultResource } from '../control/resource/remove-vault-resource.ts'
import { deleteVault } from '../control/vault/delete-vault.ts'
import { updateExpirationTime } from '../control/vault/update-expiration-time.ts'
import { updateVault } from '../control/vault/update-vault.ts'
import type { BackupPatch, BackupRecord } from '../ports/catalog/backup.ts'

const DAY = 24 * 60 * 60 * 1000
const { projectId } = alice
/** Whatever the caller's roles are, the rules know none. */
const admin = { ...alice, roles: ['admin', 'te_admin', 'service'] }

const place = (vault_id: string) => ({ path: { project_id: projectId, vault_id }, query: {} })
const lock = (shop: Workshop, vault: string) =>
  updateVault(shop.ports, admin, { ...place(vault), body: { vault: { locked: true } } })
const find = (shop: Workshop, id: string) => shop.ports.catalog.read(({ backups }) => backups.find(id))
const patch = (shop: Workshop, id: string, changes: BackupPatch) =>
  shop.ports.catalog.change(({ backups }) => backups.update([id], changes))
const removeManifest = (shop: Workshop, id: string) => shop.ports.datastore.removeManifest({ realm: projectId, id })

async function automatic(shop: Workshop, vault: string, days?: number): Promise<BackupRecord> {
  const [id = ''] = (await shop.checkpoint(vault)).backups
  const expiredAt = days === undefined ? undefined : new Date(shop.ports.now().getTime() + days * DAY)
  await patch(shop, id, { autoTrigger: true, ...(expiredAt && { expiredAt }) })
  await shop.work()
  const backup = await find(shop, id)
  assert.equal(backup?.status, 'available')
  return backup
}

async function diskVault(shop: Workshop) {
  const disk = await shop.disk('db-01')
  return { disk, vault: await shop.vault([disk], 'disk') }
}

const denied = { name: 'Fault', kind: 'denied' }

test('no call ends an automatic backup of a locked vault before its time; a manual one can go', async () => {
  await using shop = await openWorkshop()
  const { disk, vault } = await diskVault(shop)
  const other = await shop.vault([], 'disk')
  const [manual = ''] = (await shop.checkpoint(vault)).backups
  await shop.work()
  const first = await automatic(shop, vault, 30)
  await lock(shop, vault)
  const second = await automatic(shop, vault, 30)
  const resources = [disk.id]
  for (const { id } of [first, second]) await refused('6220', shop.erase(id, admin))
  await refused('6111', deleteVault(shop.ports, admin, { ...place(vault), body: undefined }))
  await refused('6110', removeVaultResource(shop.ports, admin, { ...place(vault), body: { resource_ids: resources } }))
  const move = { destination_vault_id: other, resource_ids: resources }
  await refused('6110', migrateVaultResource(shop.ports, admin, { ...place(vault), body: move }))
  const unlock = { vault: { locked: false } }
  await assert.rejects(updateVault(shop.ports, admin, { ...place(vault), body: unlock }), {
    message: /vault not support to modify locked attribute from true to false\./,
  })
  const sooner = { expect_expiration_date: new Date(Date.now() + DAY).toISOString().slice(0, 10) }
  await updateExpirationTime(shop.ports, admin, { ...place(vault), body: sooner })
  assert.deepEqual((await find(shop, first.id))?.expiredAt, first.expiredAt)
  await shop.erase(manual, admin)
  await shop.work()
  assert.equal(await find(shop, manual), undefined)
})

for (const when of ['before', 'after'] as const) {
  test(`a backup that is made ${when} the vault is locked is held in the store until it expires`, async () => {
    await using shop = await openWorkshop()
    const { vault } = await diskVault(shop)
    if (when === 'after') await lock(shop, vault)
    const { id } = await automatic(shop, vault, 30)
    if (when === 'before') await lock(shop, vault)
    await automatic(shop, vault) // the newest good one stays in any case
    await shop.work()
    await assert.rejects(removeManifest(shop, id), denied)
    shop.later(31 * DAY)
    await shop.ports.catalog.change(records => expire(records, id, shop.ports.now()))
    shop.ports.wake()
    await shop.work()
    assert.equal(await find(shop, id), undefined)
    const keys = (await Array.fromAsync(shop.objectStore.list(`realms/${projectId}/`))).map(({ key }) => key)
    assert.ok(!keys.some(key => key.includes(id)), keys.join('\n'))
    assert.deepEqual(shop.complaints, [])
  })
}

test('a server’s backup is held by its disks, one without a date for ever, a longer life is followed', async () => {
  await using shop = await openWorkshop()
  const server = await shop.server('web', ['system', 'data'])
  const vault = await shop.vault([server])
  await lock(shop, vault)
  const endless = await automatic(shop, vault)
  const short = await automatic(shop, vault, 2)
  const far = new Date(Date.now() + 400 * DAY).toISOString().slice(0, 10)
  await updateExpirationTime(shop.ports, admin, { ...place(vault), body: { expect_expiration_date: far } })
  await shop.work()
  const parts = await shop.ports.catalog.read(({ backups }) => backups.childrenOf([endless.id, short.id]))
  assert.equal(parts.length, 4)
  shop.later(399 * DAY)
  for (const { id } of parts) await assert.rejects(removeManifest(shop, id), denied)
  shop.later(10_000 * DAY)
  const [one] = parts.filter(({ parentId }) => parentId === endless.id)
  await assert.rejects(removeManifest(shop, one?.id ?? ''), denied)
})

test('rows that a bug or a thief removes take no bytes with them', async () => {
  await using shop = await openWorkshop({ objectStore: memoryObjectStore({ clock: () => new Date() }) })
  const { vault } = await diskVault(shop)
  await lock(shop, vault)
  const { id } = await automatic(shop, vault, 30)
  await shop.ports.catalog.change(({ backups }) => backups.remove([id]))
  await shop.ports.catalog.change(({ jobs }) =>
    jobs.insert([
      {
        id: crypto.randomUUID(),
        kind: 'collect-garbage',
        projectId,
        payload: { realm: projectId },
        createdAt: new Date(),
        runAfter: new Date(),
        attempts: 0,
      },
    ]),
  )
  shop.ports.wake()
  await shop.work()
  const { problems } = await shop.ports.datastore.verify({ realm: projectId, id }, {})
  assert.deepEqual(problems, [])
})

test('a manual backup in a locked vault is not held', async () => {
  await using shop = await openWorkshop()
  const { vault } = await diskVault(shop)
  await lock(shop, vault)
  const [id = ''] = (await shop.checkpoint(vault)).backups
  await shop.work()
  await removeManifest(shop, id)
})
