import assert from 'node:assert/strict'
import { open, readFile, rm, truncate } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { alice } from '../../test/desk.ts'
import { MIB, openWorkshop, type Workshop } from '../../test/workshop.ts'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { GIB } from '../contract/sizes.ts'
import { showCheckpoint } from '../control/checkpoint/show-checkpoint.ts'
import { listOpLogs } from '../control/operation-log/list-op-logs.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'
import { Fault } from '../ports/fault.ts'
import { startRunner } from './runner.ts'

const { projectId } = alice

const overwrite = async ({ path }: DiskRecord, at: number, bytes: Buffer) => {
  await using file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, at)
}

const rowsOf = async ({ ports }: Workshop, backupId: string) =>
  ports.catalog.read(async ({ backups }) => ({
    backup: await backups.find(backupId),
    children: [...(await backups.childrenOf([backupId]))].sort((a, b) => (a.name < b.name ? 1 : -1)),
  }))

const content = async ({ ports }: Workshop, id: string) => {
  const reader = await ports.datastore.open({ realm: projectId, id })
  return reader.read(0, reader.sizeBytes)
}

const logsOf = async ({ ports }: Workshop, type = 'backup' as const) => {
  const query = { operation_type: type }
  const { operation_logs: logs = [] } = await listOpLogs(ports, alice, {
    path: { project_id: projectId },
    query,
    body: undefined,
  })
  return logs
}

const bound = async ({ ports }: Workshop, vaultId: string) => {
  const [resource] = await ports.catalog.read(({ resources }) => resources.of([vaultId]))
  assert.ok(resource)
  return resource
}

const usedBytes = async ({ ports }: Workshop, vaultId: string) =>
  (await ports.catalog.read(({ vaults }) => vaults.find(projectId, vaultId)))?.usedBytes

test('a server: every disk byte for byte, charged once, and everything says so', async () => {
  await using shop = await openWorkshop()
  const server = await shop.server('db-01', ['root', 'data'])
  const vault = await shop.vault([server])
  const { id: checkpointId, backups } = await shop.checkpoint(vault, { retention_duration_days: 3 })
  const [id = ''] = backups
  await shop.work()
  const { backup, children } = await rowsOf(shop, id)
  assert.equal(backup?.status, 'available')
  assert.deepEqual(
    children.map(child => [child.resourceName, child.status, child.full]),
    [
      ['root', 'available', true],
      ['data', 'available', true],
    ],
  )
  for (const [at, child] of children.entries()) {
    assert.deepEqual(await content(shop, child.id), await readFile(server.disks[at]?.path ?? ''))
    assert.match(child.digest ?? '', /^[0-9a-f]{64}$/)
    assert.ok(child.storedBytes >= 2 * MIB && child.fullBytes >= 2 * MIB)
  }
  const sum = (key: 'storedBytes' | 'fullBytes') => children.reduce((total, child) => total + child[key], 0)
  assert.deepEqual([backup?.storedBytes, backup?.fullBytes], [sum('storedBytes'), sum('fullBytes')])
  assert.equal(await usedBytes(shop, vault), sum('storedBytes'))
  const resource = await bound(shop, vault)
  assert.deepEqual(
    [resource.protectStatus, resource.backupBytes, resource.backupCount],
    ['available', sum('storedBytes'), 1],
  )
  const shown = await shop.show(id)
  assert.equal(shown.extend_info.supported_restore_mode, 'backup')
  assert.ok(shown.protected_at && shown.expired_at)
  assert.deepEqual(
    shown.children?.map(child => child.status),
    ['available', 'available'],
  )
  const [log] = await logsOf(shop)
  assert.equal(log?.status, 'success')
  assert.equal(log?.extra_info?.common.progress, 100)
  assert.deepEqual(log?.error_info, { code: '', message: '' })
  const { checkpoint } = await showCheckpoint(shop.ports, alice, {
    path: { project_id: projectId, checkpoint_id: checkpointId },
    query: {},
    body: undefined,
  })
  assert.equal(checkpoint?.status, 'available')
  assert.equal(checkpoint?.vault?.resources?.[0]?.protect_status, 'available')
  assert.deepEqual(shop.complaints, [])
})

test('the second backup stores what changed, a full one nothing that is there already', async () => {
  await using shop = await openWorkshop()
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  const take = async (incremental: boolean) => {
    shop.later(1000)
    const { backups } = await shop.checkpoint(vault, { incremental })
    await shop.work()
    const { backup } = await rowsOf(shop, backups[0] ?? '')
    assert.ok(backup)
    return backup
  }
  const first = await take(true)
  await overwrite(disk, MIB + 10, Buffer.from('changed'))
  const second = await take(true)
  const third = await take(false)
  assert.deepEqual([first.full, second.full, third.full], [true, false, true])
  assert.ok(second.storedBytes < first.storedBytes / 3, `${second.storedBytes} of ${first.storedBytes}`)
  assert.equal(third.storedBytes, 0)
  assert.equal(third.digest, second.digest)
  assert.equal((await shop.show(second.id)).extend_info.incremental, true)
  assert.equal(await usedBytes(shop, vault), first.storedBytes + second.storedBytes)
})

interface Failing {
  readonly name: string
  readonly harm: (shop: Workshop, disk: DiskRecord, vault: string) => Promise<unknown>
  readonly code: string
  readonly words: RegExp
}

const failing: readonly Failing[] = [
  { name: 'its file is gone', harm: (_, disk) => rm(disk.path), code: '7000', words: /^disk data: .*does not exist/ },
  {
    name: 'it is not there any more',
    harm: ({ ports }, disk) => ports.catalog.change(({ disks }) => disks.remove(disk.id)),
    code: '7000',
    words: /^disk data does not exist/,
  },
  {
    name: 'it has come into a state that allows none',
    harm: ({ ports }, disk) => ports.catalog.change(({ disks }) => disks.update(disk.id, { status: 'error' })),
    code: '7003',
    words: /^disk data is in status error/,
  },
  {
    name: 'the vault has been filled meanwhile',
    harm: ({ ports }, _, vault) => ports.catalog.change(({ vaults }) => vaults.charge(vault, 10 * GIB)),
    code: '6114',
    words: /is full$/,
  },
]

for (const { name, harm, code, words } of failing) {
  test(`a disk whose backup fails because ${name}`, async () => {
    await using shop = await openWorkshop()
    const disk = await shop.disk('data')
    const vault = await shop.vault([disk], 'disk')
    const { id: checkpointId, backups } = await shop.checkpoint(vault)
    await harm(shop, disk, vault)
    const before = await usedBytes(shop, vault)
    await shop.work()
    const { backup } = await rowsOf(shop, backups[0] ?? '')
    assert.equal(backup?.status, 'error')
    assert.equal(await usedBytes(shop, vault), before)
    assert.equal((await bound(shop, vault)).protectStatus, 'error')
    const [log] = await logsOf(shop)
    assert.equal(log?.status, 'failed')
    assert.equal(log?.error_info.code, `BackupService.${code}`)
    assert.match(log?.error_info.message ?? '', words)
    assert.ok(!log?.error_info.message?.includes(shop.folder), 'no path of this machine')
    const checkpoint = await shop.ports.catalog.read(({ checkpoints }) => checkpoints.find(projectId, checkpointId))
    assert.equal(checkpoint?.status, 'error')
    assert.equal(shop.complaints.length, 1)
  })
}

test('a failed backup can be tried again at once, and deleted', async () => {
  await using shop = await openWorkshop()
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  const path = `${disk.path}.away`
  await shop.ports.catalog.change(({ disks }) => disks.update(disk.id, { path }))
  const first = await shop.checkpoint(vault)
  await shop.work()
  await shop.ports.catalog.change(({ disks }) => disks.update(disk.id, { path: disk.path }))
  const second = await shop.checkpoint(vault)
  await shop.work()
  assert.equal((await shop.show(second.backups[0] ?? '')).status, 'available')
  assert.equal((await bound(shop, vault)).protectStatus, 'available')
  await shop.erase(first.backups[0] ?? '')
  await shop.work()
  await assert.rejects(shop.show(first.backups[0] ?? ''), { code: '6200' })
  assert.equal((await bound(shop, vault)).backupCount, 1)
  assert.equal(await usedBytes(shop, vault), (await bound(shop, vault)).backupBytes)
})

test('a disk that shrinks while it is read fails the backup and leaves no bytes', async () => {
  await using shop = await openWorkshop()
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  const { disks } = shop.ports
  const openReader: typeof disks.openReader = async location => {
    const reader = await disks.openReader(location)
    await truncate(disk.path, MIB)
    return reader
  }
  const { backups } = await shop.checkpoint(vault)
  const runner = startRunner({ ...shop.ports, disks: { ...disks, openReader } }, { alone: true })
  await runner.idle()
  await runner.stop()
  assert.equal((await shop.show(backups[0] ?? '')).status, 'error')
  const [log] = await logsOf(shop)
  assert.match(log?.error_info.message ?? '', /size changed/)
  await noPacks(shop)
})

const noPacks = async ({ objectStore }: Workshop) => {
  const keys: string[] = []
  for await (const { key } of objectStore.list('realms/')) if (/packs|manifests/.test(key)) keys.push(key)
  assert.deepEqual(keys, [])
}

test('a store that is full fails the backup; one that does not answer is tried again later', async (context: TestContext) => {
  const memory = memoryObjectStore()
  const trouble: Fault[] = []
  const put = async (...given: Parameters<typeof memory.put>) => {
    const fault = given[0].includes('packs') ? trouble.pop() : undefined
    if (fault) throw fault
    return memory.put(...given)
  }
  await using shop = await openWorkshop({ objectStore: { ...memory, put } })
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')

  await context.test('full', async () => {
    trouble.push(new Fault('full', `no space in ${shop.folder}`))
    const { backups } = await shop.checkpoint(vault)
    await shop.work()
    assert.equal((await shop.show(backups[0] ?? '')).status, 'error')
    const [log] = await logsOf(shop)
    assert.match(log?.error_info.message ?? '', /no space is left/)
  })
  await context.test('no answer', async () => {
    shop.later(1)
    trouble.push(new Fault('unavailable', 'no answer'), new Fault('unavailable', 'no answer'))
    const { backups } = await shop.checkpoint(vault)
    for (let tries = 0; tries < 3; tries += 1) {
      await shop.work()
      shop.later(60_000)
      shop.ports.wake()
    }
    await shop.work()
    assert.equal((await shop.show(backups[0] ?? '')).status, 'available')
    const [log] = await logsOf(shop)
    assert.equal(log?.status, 'success')
  })
})

test('ten failed automatic backups are kept, the newest ones; manual ones are not counted', async () => {
  await using shop = await openWorkshop()
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  await rm(disk.path)
  const fail = async (auto: boolean) => {
    shop.later(1000)
    const { id, backups } = await shop.checkpoint(vault, { auto_trigger: auto })
    await shop.work()
    return { checkpoint: id, backup: backups[0] ?? '' }
  }
  const manual = await fail(false)
  const auto: Awaited<ReturnType<typeof fail>>[] = []
  for (let times = 0; times < 12; times += 1) auto.push(await fail(true))
  const kept = await shop.ports.catalog.read(({ backups }) => backups.within({ projectId, vaultId: vault }))
  assert.deepEqual(new Set(kept.map(({ id }) => id)), new Set([manual, ...auto.slice(2)].map(({ backup }) => backup)))
  const [first] = auto
  const gone = await shop.ports.catalog.read(({ checkpoints }) => checkpoints.find(projectId, first?.checkpoint ?? ''))
  assert.equal(gone, undefined)
})

test('a vault that expands by itself grows by quarters until there is room; another one does not', async () => {
  await using shop = await openWorkshop()
  for (const autoExpand of [true, false]) {
    const disk = await shop.disk(`data-${autoExpand}`)
    const vault = await shop.vault([disk], 'disk')
    await shop.ports.catalog.change(async ({ vaults }) => {
      await vaults.update(vault, { autoExpand })
      await vaults.charge(vault, 10 * GIB - 100)
    })
    await shop.checkpoint(vault)
    await shop.work()
    const row = await shop.ports.catalog.read(({ vaults }) => vaults.find(projectId, vault))
    assert.equal(row?.sizeGb, autoExpand ? 13 : 10)
  }
})
