/** What a process leaves that is killed at some point of a job, and what the next one makes of it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { alice } from '../../test/desk.ts'
import { openWorkshop, type Workshop } from '../../test/workshop.ts'
import { localDisks } from '../adapters/disks/local.ts'
import { deleteVault } from '../control/vault/delete-vault.ts'
import type { Datastore } from '../datastore/datastore.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'
import { startRunner } from './runner.ts'

const { projectId } = alice

type Step = 'write' | 'restore' | 'removeManifest' | 'heldAlone' | 'collect'

/**
 * Runs jobs until one is about to do (`before`) or has just done (`after`) this step the given time, and leaves that run
 * hanging there: to everybody else its process is dead. `revive` lets it go on as a process would that only slept.
 */
async function dieAt(shop: Workshop, when: 'before' | 'after', name: Step, time = 1) {
  const reached = Promise.withResolvers<void>()
  const wake = Promise.withResolvers<void>()
  let times = 0
  const { datastore } = shop.ports
  const real: (...given: never[]) => Promise<unknown> = datastore[name]
  const hanging = async (...given: never[]) => {
    times += 1
    if (times !== time) return real(...given)
    const result = when === 'after' ? await real(...given) : undefined
    reached.resolve()
    await wake.promise
    return when === 'after' ? result : real(...given)
  }
  const ports = { ...shop.ports, datastore: { ...datastore, [name]: hanging } as Datastore }
  const runner = startRunner(ports, { lookEvery: 1e9, drainFor: 1e9 })
  await reached.promise
  return {
    async revive() {
      wake.resolve()
      await runner.stop()
    },
  }
}

const setting = async (shop: Workshop) => {
  const server = await shop.server('db-01', ['root', 'data'])
  const vault = await shop.vault([server])
  return { server, vault }
}

const keysOf = async ({ objectStore }: Workshop, part: RegExp) => {
  const keys: string[] = []
  for await (const { key } of objectStore.list('realms/')) if (part.test(key)) keys.push(key)
  return keys
}

/** Nothing is in a transitional state, nothing waits, and the vault's books balance. */
async function checkSettled(shop: Workshop, vault: string) {
  await shop.ports.catalog.read(async records => {
    const rows = await records.backups.within({ projectId })
    for (const row of rows) assert.ok(['available', 'error'].includes(row.status), row.status)
    for (const disk of await records.disks.ofProject(projectId)) assert.match(disk.status, /^(in-use|available)$/)
    for (const resource of await records.resources.of([vault])) assert.equal(resource.protectStatus, 'available')
    assert.deepEqual(await records.jobs.open(), [])
    const used = rows.filter(row => row.parentId === undefined).reduce((sum, row) => sum + row.storedBytes, 0)
    const row = await records.vaults.find(projectId, vault)
    if (row) assert.equal(row.usedBytes, used)
    const logs = await records.operationLogs.list(projectId, {}, { limit: 100, offset: 0 })
    for (const log of logs.rows) assert.equal(log.status, 'success')
  })
}

const readable = async (shop: Workshop, backupId: string, disks: readonly DiskRecord[]) => {
  const children = await shop.ports.catalog.read(({ backups }) => backups.childrenOf([backupId]))
  for (const child of children) {
    const reader = await shop.ports.datastore.open({ realm: projectId, id: child.id })
    assert.equal(reader.digest, child.digest)
    const disk = disks.find(({ id }) => id === child.resourceId)
    assert.ok((await reader.read(0, reader.sizeBytes)).equals(await readFile(disk?.path ?? '')))
  }
}

for (const [when, time] of [
  ['before', 1],
  ['after', 1],
  ['before', 2],
  ['after', 2],
] as const) {
  test(`a backup cut short ${when} disk ${time} was written is taken from scratch, once`, async () => {
    await using shop = await openWorkshop()
    const { server, vault } = await setting(shop)
    const { backups } = await shop.checkpoint(vault)
    const dead = await dieAt(shop, when, 'write', time)
    assert.equal((await shop.show(backups[0] ?? '')).status, 'protecting')
    for (const disk of server.disks) await writeFile(disk.path, randomBytes(disk.sizeBytes))
    await shop.work()
    assert.equal((await shop.show(backups[0] ?? '')).status, 'available')
    await checkSettled(shop, vault)
    await readable(shop, backups[0] ?? '', server.disks)
    // What the first run had written is garbage: exactly the packs of one whole backup are left when all is deleted.
    await dead.revive()
    await checkSettled(shop, vault)
    await shop.erase(backups[0] ?? '')
    await shop.work()
    assert.deepEqual(await keysOf(shop, /packs|manifests/), [])
  })
}

for (const [when, time] of [
  ['before', 1],
  ['before', 2],
  ['after', 2],
] as const) {
  test(`a restore cut short ${when} disk ${time} starts over`, async () => {
    await using shop = await openWorkshop()
    const { server, vault } = await setting(shop)
    const { backups } = await shop.checkpoint(vault)
    const [id = ''] = backups
    const runner = shop.start({ alone: false })
    await runner.idle()
    await runner.stop()
    const originals = await Promise.all(server.disks.map(disk => readFile(disk.path)))
    for (const disk of server.disks) await writeFile(disk.path, randomBytes(disk.sizeBytes))
    const children = await shop.ports.catalog.read(records => records.backups.childrenOf([id]))
    const mappings = children.map(child => ({ backup_id: child.id, volume_id: child.resourceId }))
    const job = await shop.restore(id, { server_id: server.id, mappings })
    const dead = await dieAt(shop, when, 'restore', time)
    // Its process is not dead at all, and still holds the file; who does without the C library does not see that.
    const disks = localDisks({ cLibrary: false })
    const again = startRunner({ ...shop.ports, disks }, { alone: true })
    await again.idle()
    await again.stop()
    assert.equal((await shop.log(job)).status, 'success')
    await checkSettled(shop, vault)
    for (const [at, disk] of server.disks.entries()) {
      assert.ok((await readFile(disk.path)).equals(originals[at] ?? Buffer.alloc(0)))
    }
    await dead.revive()
    await checkSettled(shop, vault)
  })
}

for (const [when, step] of [
  ['before', 'heldAlone'],
  ['before', 'removeManifest'],
  ['after', 'removeManifest'],
  ['before', 'collect'],
  ['after', 'collect'],
] as const) {
  test(`a deletion cut short ${when} ${step} is finished`, async () => {
    await using shop = await openWorkshop()
    const { server, vault } = await setting(shop)
    const ids: string[] = []
    for (let times = 0; times < 2; times += 1) {
      const { backups } = await shop.checkpoint(vault)
      ids.push(...backups)
      const runner = shop.start({ alone: false })
      await runner.idle()
      await runner.stop()
      shop.later(1000)
    }
    const [first = '', second = ''] = ids
    await shop.erase(first)
    const dead = await dieAt(shop, when, step)
    const runner = shop.start()
    await runner.idle()
    await assert.rejects(shop.show(first), { code: '6200' })
    await checkSettled(shop, vault)
    await dead.revive()
    await checkSettled(shop, vault)
    await readable(shop, second, server.disks)
    await shop.erase(second)
    await runner.idle()
    assert.deepEqual(await keysOf(shop, /packs|manifests/), [])
  })
}

for (const time of [1, 3, 4]) {
  test(`a vault's deletion cut short at manifest ${time} is finished`, async () => {
    await using shop = await openWorkshop()
    const { vault } = await setting(shop)
    for (let times = 0; times < 2; times += 1) {
      await shop.checkpoint(vault)
      const runner = shop.start({ alone: false })
      await runner.idle()
      await runner.stop()
    }
    await deleteVault(shop.ports, alice, {
      path: { project_id: projectId, vault_id: vault },
      query: {},
      body: undefined,
    })
    const dead = await dieAt(shop, 'before', 'removeManifest', time)
    const runner = shop.start()
    await runner.idle()
    assert.equal(await shop.ports.catalog.read(({ vaults }) => vaults.find(projectId, vault)), undefined)
    await dead.revive()
    await checkSettled(shop, vault)
    assert.deepEqual(await keysOf(shop, /packs|manifests/), [])
  })
}
