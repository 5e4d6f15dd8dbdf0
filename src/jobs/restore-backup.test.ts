import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { open, readFile, rename, truncate } from 'node:fs/promises'
import { test } from 'node:test'
import { alice, bob } from '../../test/desk.ts'
import { MIB, openWorkshop, type Workshop } from '../../test/workshop.ts'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'

const { projectId } = alice

const scribble = async ({ path, sizeBytes }: DiskRecord) => {
  await using file = await open(path, 'r+')
  await file.write(randomBytes(sizeBytes), 0, sizeBytes, 0)
}

/** A server of two disks with one backup, whose disks have been overwritten since. */
const setting = async (shop: Workshop) => {
  const server = await shop.server('db-01', ['root', 'data'])
  const vault = await shop.vault([server])
  const originals = await Promise.all(server.disks.map(disk => readFile(disk.path)))
  const { backups } = await shop.checkpoint(vault)
  await shop.work()
  for (const disk of server.disks) await scribble(disk)
  const [id = ''] = backups
  const children = await shop.ports.catalog.read(records => records.backups.childrenOf([id]))
  const part = (name: string) => children.find(child => child.resourceName === name) as BackupRecord
  const [root, data] = server.disks as [DiskRecord, DiskRecord]
  const mapping = (one: BackupRecord, disk: DiskRecord) => ({ backup_id: one.id, volume_id: disk.id })
  const mappings = [mapping(part('root'), root), mapping(part('data'), data)]
  return { server, vault, id, part, root, data, mapping, mappings, originals }
}

const statuses = (shop: Workshop, backupId: string, serverId: string, vault: string) =>
  shop.ports.catalog.read(async ({ backups, disks, servers, resources }) => ({
    backup: (await backups.find(backupId))?.status,
    server: (await servers.find(projectId, serverId))?.status,
    disks: (await disks.ofProject(projectId)).map(disk => disk.status),
    resource: (await resources.of([vault]))[0]?.protectStatus,
  }))

test('a server gets all its bytes back, and every state says what goes on', async () => {
  await using shop = await openWorkshop()
  const { server, vault, id, mappings, originals } = await setting(shop)
  const job = await shop.restore(id, { server_id: server.id, mappings })
  assert.deepEqual(await statuses(shop, id, server.id, vault), {
    backup: 'waiting_restore',
    server: 'ACTIVE',
    disks: ['restoring-backup', 'restoring-backup'],
    resource: 'restoring',
  })
  assert.equal((await shop.log(job)).status, 'waiting')
  await shop.work()
  const log = await shop.log(job)
  assert.equal(log.status, 'success')
  assert.deepEqual(log.extra_info?.restore, {
    backup_id: id,
    backup_name: (await shop.show(id)).name,
    target_resource_id: server.id,
    target_resource_name: 'db-01',
  })
  assert.deepEqual(await statuses(shop, id, server.id, vault), {
    backup: 'available',
    server: 'ACTIVE',
    disks: ['in-use', 'in-use'],
    resource: 'available',
  })
  for (const [at, disk] of server.disks.entries()) {
    assert.ok((await readFile(disk.path)).equals(originals[at] ?? Buffer.alloc(0)), disk.name)
  }
  assert.deepEqual(shop.complaints, [])
})

test('a data disk onto another data disk of the server, larger, which keeps no old bytes; the server stays off', async () => {
  await using shop = await openWorkshop()
  const { server, vault, id, part, mapping, originals } = await setting(shop)
  const other = await shop.disk('other', { serverId: server.id, device: '/dev/vdc', sizeBytes: 5 * MIB })
  await shop.restore(id, { server_id: server.id, mappings: [mapping(part('data'), other)], power_on: false })
  await shop.work()
  const bytes = await readFile(other.path)
  assert.equal(bytes.length, 5 * MIB)
  assert.ok(bytes.subarray(0, 3 * MIB).equals(originals[1] ?? Buffer.alloc(0)))
  assert.ok(bytes.subarray(3 * MIB).every(byte => byte === 0))
  assert.equal((await statuses(shop, id, server.id, vault)).server, 'SHUTOFF')
})

test('a detached disk, as the CLI asks for it: with empty mappings', async () => {
  await using shop = await openWorkshop()
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  const original = await readFile(disk.path)
  const { backups } = await shop.checkpoint(vault)
  const [id = ''] = backups
  const ask = () => shop.restore(id, { volume_id: disk.id, mappings: [], power_on: false })
  await assert.rejects(ask(), { code: '2005' })
  await shop.work()
  await scribble(disk)
  await ask()
  await assert.rejects(ask(), { code: '2010' })
  await assert.rejects(shop.checkpoint(vault), { code: '2010' })
  await shop.work()
  assert.ok((await readFile(disk.path)).equals(original))
})

test('a restore that fails before the first write leaves everything as it was', async () => {
  await using shop = await openWorkshop()
  const { server, vault, id, mappings, root, data } = await setting(shop)
  await rename(data.path, `${data.path}.away`)
  const before = await readFile(root.path)
  const job = await shop.restore(id, { server_id: server.id, mappings })
  await shop.work()
  const log = await shop.log(job)
  assert.equal(log.status, 'failed')
  assert.equal(log.error_info.code, 'BackupService.7000')
  assert.match(log.error_info.message ?? '', /^disk data: /)
  assert.deepEqual(await statuses(shop, id, server.id, vault), {
    backup: 'available',
    server: 'ACTIVE',
    disks: ['in-use', 'in-use'],
    resource: 'available',
  })
  assert.ok((await readFile(root.path)).equals(before))
  await rename(`${data.path}.away`, data.path)
  await using _vm = await shop.ports.disks.openWriter(root)
  const other = await shop.restore(id, { server_id: server.id, mappings })
  await shop.work()
  assert.match((await shop.log(other)).error_info.message ?? '', /^disk root: .*stop that first/)
})

test('a restore that fails in the middle leaves a log, and states that the next restore mends', async () => {
  const memory = memoryObjectStore()
  let damaged = false
  const getRange: typeof memory.getRange = async (...given) => {
    const bytes = await memory.getRange(...given)
    return damaged && given[0].includes('packs') ? bytes.fill(0) : bytes
  }
  await using shop = await openWorkshop({ objectStore: { ...memory, getRange } })
  const { server, vault, id, mappings, originals, root } = await setting(shop)
  damaged = true
  const first = await shop.restore(id, { server_id: server.id, mappings })
  await shop.work()
  const log = await shop.log(first)
  assert.equal(log.status, 'failed')
  assert.equal(log.error_info.code, 'BackupService.9910')
  assert.match(log.error_info.message ?? '', /^disk root: stored data is damaged/)
  assert.deepEqual(await statuses(shop, id, server.id, vault), {
    backup: 'available',
    server: 'SHUTOFF',
    disks: ['error', 'error'],
    resource: 'error',
  })
  await assert.rejects(shop.checkpoint(vault), { code: '0001' })
  damaged = false
  await shop.restore(id, { server_id: server.id, mappings })
  await shop.work()
  assert.deepEqual(await statuses(shop, id, server.id, vault), {
    backup: 'available',
    server: 'ACTIVE',
    disks: ['in-use', 'in-use'],
    resource: 'available',
  })
  assert.ok((await readFile(root.path)).equals(originals[0] ?? Buffer.alloc(0)))
})

test('a file that became smaller than its row says is refused before the first write', async () => {
  await using shop = await openWorkshop()
  const { server, id, part, mapping, data } = await setting(shop)
  await truncate(data.path, MIB)
  const before = await readFile(data.path)
  const job = await shop.restore(id, { server_id: server.id, mappings: [mapping(part('data'), data)] })
  await shop.work()
  assert.equal((await shop.log(job)).error_info.code, 'BackupService.2001')
  assert.ok((await readFile(data.path)).equals(before))
})

test('every rule of the target has its code', async () => {
  await using shop = await openWorkshop()
  const { server, vault, id, part, root, data, mapping, mappings } = await setting(shop)
  const { catalog } = shop.ports
  const fine = { server_id: server.id, mappings }
  const refused = (code: string, body: Parameters<Workshop['restore']>[1] = fine, backup = id, caller = alice) =>
    assert.rejects(shop.restore(backup, body, caller), { name: 'Refusal', code }, code)
  await refused('6200', fine, crypto.randomUUID())
  await refused('6200', fine, id, bob)
  await refused('9900', { mappings })
  await refused('9900', { server_id: server.id })
  await refused('9900', { server_id: server.id, mappings: [] })
  await refused('9900', { server_id: server.id, mappings: [...mappings, mapping(part('data'), root)] })
  await refused('9900', { volume_id: root.id }, part('root').id)
  await refused('2003', { server_id: crypto.randomUUID(), mappings })
  const unknown = crypto.randomUUID()
  await refused('6200', { server_id: server.id, mappings: [{ backup_id: unknown, volume_id: data.id }] })
  await refused('7000', { server_id: server.id, mappings: [{ backup_id: part('data').id, volume_id: unknown }] })
  const lone = await shop.disk('lone')
  await refused('2003', { server_id: server.id, mappings: [mapping(part('data'), lone)] })
  const small = await shop.disk('small', { serverId: server.id, device: '/dev/vdd', sizeBytes: MIB })
  await refused('2001', { server_id: server.id, mappings: [mapping(part('data'), small)] })
  await refused('2013', { server_id: server.id, mappings: [mapping(part('data'), root)] })

  const setDisk = (status: DiskRecord['status']) => catalog.change(({ disks }) => disks.update(data.id, { status }))
  await setDisk('deleting')
  await refused('2012')
  await setDisk('restoring-backup')
  await refused('2010')
  await setDisk('in-use')
  for (const [status, code] of [
    ['ERROR', '2008'],
    ['DELETED', '2007'],
  ] as const) {
    await catalog.change(({ servers }) => servers.setStatus(server.id, status))
    await refused(code)
  }
  await catalog.change(({ servers }) => servers.setStatus(server.id, 'SHUTOFF'))
  await catalog.change(({ vaults }) => vaults.update(vault, { status: 'frozen' }))
  await refused('6202')
  await catalog.change(({ vaults }) => vaults.update(vault, { status: 'lock' }))
  for (const [status, code] of [
    ['protecting', '2002'],
    ['restoring', '2010'],
  ] as const) {
    await catalog.change(({ resources }) => resources.setStatus(vault, [server.id], status))
    await refused(code)
  }
  await catalog.change(({ resources }) => resources.setStatus(vault, [server.id], 'available'))
  for (const [status, code] of [
    ['error', '2005'],
    ['waiting_delete', '2005'],
    ['restoring', '2010'],
  ] as const) {
    await catalog.change(({ backups }) => backups.update([id], { status }))
    await refused(code)
  }
  await catalog.change(({ backups }) => backups.update([id], { status: 'available' }))
  await catalog.change(({ servers }) => servers.remove(server.id))
  await refused('2007')
})

test('the rules of a disk: 9900, 2003, 7000, 2011; a recipient restores nothing in place', async () => {
  await using shop = await openWorkshop()
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  const { backups } = await shop.checkpoint(vault)
  const [id = ''] = backups
  await shop.work()
  const { catalog } = shop.ports
  const refused = (code: string, body: Parameters<Workshop['restore']>[1], caller = alice) =>
    assert.rejects(shop.restore(id, body, caller), { code })
  await refused('9900', {})
  await refused('2003', { volume_id: crypto.randomUUID() })
  const attach = (patch: Partial<DiskRecord>) => catalog.change(({ disks }) => disks.update(disk.id, patch))
  await attach({ status: 'in-use', serverId: crypto.randomUUID() })
  await refused('2011', { volume_id: disk.id })
  await catalog.change(async ({ members }) =>
    members.insert([
      {
        id: crypto.randomUUID(),
        backupId: id,
        destProjectId: bob.projectId,
        status: 'pending',
        createdAt: new Date(),
        chargedBytes: 0,
      },
    ]),
  )
  await refused('2003', { volume_id: disk.id }, bob)
  await catalog.change(({ disks }) => disks.remove(disk.id))
  await refused('7000', { volume_id: disk.id })
})
