import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { alice, bob, putImage } from '../../test/desk.ts'
import { MIB, openWorkshop, type Workshop } from '../../test/workshop.ts'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { removeVaultResource } from '../control/resource/remove-vault-resource.ts'
import { deleteVault } from '../control/vault/delete-vault.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'
import { Fault } from '../ports/fault.ts'

const { projectId } = alice

const overwrite = async ({ path }: DiskRecord, at: number, bytes: Buffer) => {
  await using file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, at)
}

const take = async (shop: Workshop, vault: string): Promise<string> => {
  shop.later(1000)
  const { backups } = await shop.checkpoint(vault)
  await shop.work()
  return backups[0] ?? ''
}

const erase = async (shop: Workshop, id: string) => {
  await shop.erase(id)
  await shop.work()
  await assert.rejects(shop.show(id), { code: '6200' })
}

const within = ({ ports }: Workshop, vaultId: string) =>
  ports.catalog.read(({ backups }) => backups.within({ projectId, vaultId }))

const vaultOf = ({ ports }: Workshop, id: string) => ports.catalog.read(({ vaults }) => vaults.find(projectId, id))

const objectsOf = async ({ objectStore }: Workshop, part: RegExp) => {
  const keys: string[] = []
  for await (const { key } of objectStore.list('realms/')) if (part.test(key)) keys.push(key)
  return keys
}

/** The vault's use, and each resource's, are sums over the backups; what is stored verifies and reads as it was. */
async function checkBooks(shop: Workshop, vaultId: string, contents: ReadonlyMap<string, Buffer> = new Map()) {
  const rows = await within(shop, vaultId)
  const top = rows.filter(row => row.parentId === undefined)
  const sum = (some: readonly BackupRecord[]) => some.reduce((total, row) => total + row.storedBytes, 0)
  assert.equal((await vaultOf(shop, vaultId))?.usedBytes, sum(top))
  assert.equal(sum(top.filter(row => row.resourceType === 'OS::Nova::Server')), sum(rows.filter(row => row.parentId)))
  for (const resource of await shop.ports.catalog.read(({ resources }) => resources.of([vaultId]))) {
    const own = top.filter(row => row.resourceId === resource.id && row.status === 'available')
    assert.deepEqual([resource.backupBytes, resource.backupCount], [sum(own), own.length])
  }
  for (const row of rows) {
    assert.ok(row.storedBytes >= 0 && row.storedBytes <= Math.max(row.fullBytes, row.storedBytes))
    const expected = contents.get(row.id)
    if (expected === undefined) continue
    const ref = { realm: projectId, id: row.id }
    assert.deepEqual((await shop.ports.datastore.verify(ref, {})).problems, [])
    const reader = await shop.ports.datastore.open(ref)
    assert.ok((await reader.read(0, reader.sizeBytes)).equals(expected), 'reads as it was')
  }
}

test('what later backups need moves to the next newer one, the rest is freed', async () => {
  await using shop = await openWorkshop()
  const server = await shop.server('db-01', ['root', 'data'])
  const vault = await shop.vault([server])
  const first = await take(shop, vault)
  const [root] = server.disks
  assert.ok(root)
  await overwrite(root, 0, randomBytes(MIB))
  const second = await take(shop, vault)
  const stored = async (id: string) => (await within(shop, vault)).find(row => row.id === id)?.storedBytes ?? Number.NaN
  const [one, two] = [await stored(first), await stored(second)]
  await erase(shop, first)
  await checkBooks(shop, vault)
  const left = await stored(second)
  // The first megabyte of the root disk is in no backup any more; its other chunks are the second one's now.
  assert.ok(left < one + two - 0.9 * MIB && left > one - 1.1 * MIB, `${one} + ${two} -> ${left}`)
  await erase(shop, second)
  await checkBooks(shop, vault)
  assert.equal((await vaultOf(shop, vault))?.usedBytes, 0)
  assert.deepEqual(await objectsOf(shop, /packs|manifests/), [])
  assert.deepEqual(shop.complaints, [])
})

test('a newest backup is deleted without a trace, and the older ones stay readable', async () => {
  await using shop = await openWorkshop()
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  const first = await take(shop, vault)
  const contents = new Map([[first, await readFile(disk.path)]])
  const before = (await vaultOf(shop, vault))?.usedBytes
  await overwrite(disk, 0, randomBytes(MIB))
  await erase(shop, await take(shop, vault))
  assert.equal((await vaultOf(shop, vault))?.usedBytes, before)
  await checkBooks(shop, vault, contents)
})

test('bytes that wait for the collector are charged to the backup that takes them up again', async () => {
  await using shop = await openWorkshop()
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  const runner = shop.start({ lanes: { collect: 0 } })
  const used = async () => (await vaultOf(shop, vault))?.usedBytes
  const first = await take(shop, vault)
  const whole = await used()
  await overwrite(disk, 0, randomBytes(MIB))
  const second = await take(shop, vault)
  const both = await used()
  await erase(shop, second)
  assert.equal(await used(), whole)
  await take(shop, vault)
  assert.equal(await used(), both)
  await checkBooks(shop, vault)
  for (const { id } of await within(shop, vault)) await shop.erase(id)
  await runner.idle()
  assert.equal(await used(), 0)
  const again = await take(shop, vault)
  assert.equal(await used(), whole)
  assert.notEqual(again, first)
})

test('the log, the checkpoint and the rows: waiting_delete at once, gone afterwards', async () => {
  await using shop = await openWorkshop()
  const [one, two] = [await shop.disk('one'), await shop.disk('two')]
  const vault = await shop.vault([one, two], 'disk')
  const { id: checkpointId, backups } = await shop.checkpoint(vault)
  await shop.work()
  const checkpoint = () => shop.ports.catalog.read(({ checkpoints }) => checkpoints.find(projectId, checkpointId))
  const [first = '', second = ''] = backups
  await shop.erase(first)
  assert.equal((await shop.show(first)).status, 'waiting_delete')
  await assert.rejects(shop.erase(first), { code: '6201' })
  await shop.work()
  assert.equal((await checkpoint())?.status, 'available')
  await erase(shop, second)
  assert.equal(await checkpoint(), undefined)
  const logs = await shop.ports.catalog.read(({ operationLogs }) =>
    operationLogs.list(projectId, { type: 'delete' }, { limit: 10, offset: 0 }),
  )
  assert.deepEqual(
    logs.rows.map(log => log.status),
    ['success', 'success'],
  )
  assert.deepEqual(new Set(logs.rows.map(log => log.detail.delete?.backup_id)), new Set(backups))
})

test('a backup whose manifest is damaged or gone can still be deleted', async () => {
  await using shop = await openWorkshop()
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  const ids = [await take(shop, vault), await take(shop, vault)]
  await shop.objectStore.remove(await objectsOf(shop, /manifests/))
  for (const id of ids) {
    await erase(shop, id)
    await checkBooks(shop, vault)
  }
  assert.equal((await vaultOf(shop, vault))?.usedBytes, 0)
  assert.ok(shop.complaints.some(line => /cannot be read/.test(line)))
})

test('a store that refuses to remove does not keep a backup: the collector takes its manifest later', async () => {
  const memory = memoryObjectStore()
  let refusing = true
  const remove: typeof memory.remove = keys =>
    refusing && keys.some(key => key.includes('manifests'))
      ? Promise.reject(new Fault('denied', 'no'))
      : memory.remove(keys)
  await using shop = await openWorkshop({ objectStore: { ...memory, remove } })
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  const id = await take(shop, vault)
  await shop.erase(id)
  await shop.work()
  await assert.rejects(shop.show(id), { code: '6200' })
  refusing = false
  await take(shop, vault)
  await erase(shop, (await within(shop, vault))[0]?.id ?? '')
  assert.deepEqual(await objectsOf(shop, /packs|manifests/), [])
})

test('a resource leaves with all its backups, a vault with everything; the logs count them', async () => {
  await using shop = await openWorkshop()
  const [one, two] = [await shop.disk('one'), await shop.disk('two')]
  const vault = await shop.vault([one, two], 'disk')
  await take(shop, vault)
  await take(shop, vault)
  await removeVaultResource(shop.ports, alice, {
    path: { project_id: projectId, vault_id: vault },
    query: {},
    body: { resource_ids: [one.id] },
  })
  await shop.work()
  const rows = await within(shop, vault)
  assert.deepEqual(new Set(rows.map(row => row.resourceId)), new Set([two.id]))
  assert.equal(rows.length, 2)
  await checkBooks(shop, vault)
  const resources = await shop.ports.catalog.read(records => records.resources.of([vault]))
  assert.deepEqual(
    resources.map(resource => resource.id),
    [two.id],
  )
  await deleteVault(shop.ports, alice, { path: { project_id: projectId, vault_id: vault }, query: {}, body: undefined })
  await shop.work()
  assert.equal(await vaultOf(shop, vault), undefined)
  assert.deepEqual(await objectsOf(shop, /packs|manifests/), [])
  const logs = await shop.ports.catalog.read(({ operationLogs }) =>
    operationLogs.list(projectId, { vaultId: vault }, { limit: 10, offset: 0 }),
  )
  const detail = (type: string) => logs.rows.find(log => log.type === type)
  assert.equal(detail('remove_resource')?.status, 'success')
  assert.deepEqual(detail('remove_resource')?.detail.remove_resources, {
    total_count: 2,
    fail_count: 0,
    resources: [{ id: one.id, name: 'one', type: 'OS::Cinder::Volume' }],
  })
  assert.deepEqual(detail('vault_delete')?.detail.vault_delete, {
    total_count: 2,
    fail_count: 0,
    total_delete_count: 2,
    fail_delete_count: 0,
  })
})

test('a vault deletion that is given up leaves a vault in error, whole backups and a count; it can be repeated', async () => {
  const memory = memoryObjectStore()
  let away = true
  const remove: typeof memory.remove = keys =>
    away && keys.some(key => key.includes('manifests'))
      ? Promise.reject(new Fault('unavailable', 'no answer'))
      : memory.remove(keys)
  await using shop = await openWorkshop({ objectStore: { ...memory, remove } })
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  await take(shop, vault)
  const second = await take(shop, vault)
  const ask = () =>
    deleteVault(shop.ports, alice, { path: { project_id: projectId, vault_id: vault }, query: {}, body: undefined })
  await ask()
  for (let tries = 0; tries < 12; tries += 1) {
    await shop.work()
    shop.later(600_000)
    shop.ports.wake()
  }
  assert.equal((await vaultOf(shop, vault))?.status, 'error')
  const rows = await within(shop, vault)
  assert.deepEqual(
    rows.map(row => [row.id, row.status]),
    [[second, 'available']],
  )
  const { rows: logs } = await shop.ports.catalog.read(({ operationLogs }) =>
    operationLogs.list(projectId, { type: 'vault_delete' }, { limit: 10, offset: 0 }),
  )
  assert.equal(logs[0]?.status, 'failed')
  assert.deepEqual(logs[0]?.detail.vault_delete, {
    total_count: 2,
    fail_count: 1,
    total_delete_count: 2,
    fail_delete_count: 1,
  })
  away = false
  await ask()
  await shop.work()
  assert.equal(await vaultOf(shop, vault), undefined)
  assert.deepEqual(await objectsOf(shop, /packs|manifests/), [])
})

/** A step of a random life: write into a disk, back it up, delete one of the backups there are. */
const steps = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ do: fc.constant('write' as const), disk: fc.nat(2), chunk: fc.nat(5) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('back up' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), which: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('delete two' as const), which: fc.nat(20) }) },
  ),
  { minLength: 4, maxLength: 14 },
)

test('over any life of two disks and a server: the books balance, and what is kept reads as it was', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async life => {
      await using shop = await openWorkshop()
      const server = await shop.server('db-01', ['root', 'data'])
      const lone = await shop.disk('lone')
      const vaults = [await shop.vault([server]), await shop.vault([lone], 'disk')]
      const disks = [...server.disks, lone]
      const contents = new Map<string, Buffer>()
      const all = async () => (await Promise.all(vaults.map(vault => within(shop, vault)))).flat()
      for (const step of life) {
        if (step.do === 'write') {
          const disk = disks[step.disk]
          assert.ok(disk)
          // The same few contents again and again, so that chunks are shared across disks and come back.
          await overwrite(disk, step.chunk * 2 ** 18, Buffer.alloc(2 ** 18, `chunk ${step.chunk % 3}`))
        } else if (step.do === 'back up') {
          for (const vault of vaults) await take(shop, vault)
          for (const row of await all()) {
            const disk = disks.find(({ id }) => id === row.resourceId)
            if (disk && !contents.has(row.id)) contents.set(row.id, await readFile(disk.path))
          }
        } else {
          const top = (await all()).filter(row => row.parentId === undefined)
          const chosen = [top[step.which % top.length], ...(step.do === 'delete two' ? [top[0]] : [])]
          for (const { id } of new Set(chosen.filter(row => row !== undefined))) await shop.erase(id)
          await shop.work()
        }
        for (const vault of vaults) await checkBooks(shop, vault)
      }
      for (const vault of vaults) await checkBooks(shop, vault, contents)
      for (const { id, parentId } of await all()) if (parentId === undefined) await shop.erase(id)
      await shop.work()
      for (const vault of vaults) assert.equal((await vaultOf(shop, vault))?.usedBytes, 0)
      assert.deepEqual(await objectsOf(shop, /packs|manifests/), [])
      assert.deepEqual(shop.complaints, [])
    }),
    { numRuns: 15, verbose: 1 },
  )
})

test("refusals: a child, a running one, its image, a recipient's image, a locked vault, a base, one in use", async () => {
  await using shop = await openWorkshop()
  const server = await shop.server('db-01', ['root'])
  const vault = await shop.vault([server])
  const { backups } = await shop.checkpoint(vault, { auto_trigger: true })
  const [id = ''] = backups
  const refused = (code: string, backup = id, caller = alice) => assert.rejects(shop.erase(backup, caller), { code })
  await refused('6201')
  await shop.work()
  const { catalog } = shop.ports
  const [child] = await catalog.read(records => records.backups.childrenOf([id]))
  assert.ok(child)
  await refused('6201', child.id)
  await refused('6200', id, bob)
  await refused('6200', 'no-uuid')
  await catalog.change(({ backups: rows }) => rows.use(child.id, 1))
  await refused('6216')
  await catalog.change(({ backups: rows }) => rows.use(child.id, -1))
  for (const status of ['waiting_restore', 'restoring'] as const) {
    await catalog.change(({ backups: rows }) => rows.update([id], { status }))
    await refused('6216')
  }
  await catalog.change(({ backups: rows }) => rows.update([id], { status: 'available' }))
  await catalog.change(({ vaults }) => vaults.update(vault, { locked: true }))
  await refused('6220')
  await catalog.change(({ vaults }) => vaults.update(vault, { locked: false, status: 'deleting' }))
  await refused('6201')
  await catalog.change(({ vaults }) => vaults.update(vault, { status: 'frozen' }))
  await refused('6112')
  await catalog.change(({ vaults }) => vaults.update(vault, { status: 'available' }))
  const foreign = await putImage({ catalog }, id, bob.projectId)
  await refused('6710')
  await catalog.change(({ images }) => images.remove(foreign.id))
  const own = await putImage({ catalog }, id, projectId)
  await refused('6204')
  await catalog.change(({ images }) => images.remove(own.id))
  shop.later(1000)
  const next = await shop.checkpoint(vault)
  await refused('6203')
  await shop.work()
  await erase(shop, id)
  assert.equal((await shop.show(next.backups[0] ?? '')).status, 'available')
})
