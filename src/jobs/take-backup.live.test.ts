/**
 * Backups of a server that is a real QEMU machine, running (stopped before its first instruction, see test/machine.ts).
 * Needs programs: qemu-system-x86_64 qemu-img
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { alice } from '../../test/desk.ts'
import { folderFor, makeDisk, startMachine, type TestMachine } from '../../test/machine.ts'
import { MIB, openWorkshop, type Workshop, workAndStop } from '../../test/workshop.ts'
import { localMachines } from '../adapters/machines/local.ts'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'
import { Fault } from '../ports/fault.ts'
import type { Log } from '../ports/log.ts'
import { startRunner } from './runner.ts'

const { projectId } = alice
const KIB = 1024
/** Of the raw disk that nobody has written to: `qemu-img create` writes its first sector. */
const RAW_BYTES = 256 * KIB
const none = () => undefined
const silent: Log = { debug: none, info: none, warn: none, error: none, child: () => silent }

interface Stage extends Workshop {
  readonly files: string
  readonly machine: TestMachine
  readonly vaultId: string
  /** A qcow2 disk and a raw one. */
  readonly diskRecords: readonly DiskRecord[]
  /** Bytes that were read of each disk since the last question, by the name of its export or its file. */
  bytesRead(): number
  /** Does what happens in the middle of the next reading, once. */
  meanwhile(work: () => Promise<void>): void
  /** What the store does when it is written to. */
  storeFails(how: Fault | undefined): void
  /** Takes a checkpoint and does its job; answers the server backup's id. */
  take(incremental?: boolean): Promise<string>
  restart(): Promise<void>
}

async function openStage(t: TestContext, objectType: 'server' | 'disk' = 'server'): Promise<Stage> {
  const files = await folderFor(t)
  const made = [await makeDisk(files, 'root', 'qcow2'), await makeDisk(files, 'data', 'raw')] as const
  const serverId = randomUUID()
  const sockets = new Map([[serverId, { qmp: join(files, 'qmp') }]])
  const machines = localMachines({ sockets, folder: join(files, 'm'), log: silent, patience: { monitor: 5000 } })
  const memory = memoryObjectStore()
  let failure: Fault | undefined
  const put: typeof memory.put = async (...given) => {
    if (failure) throw failure
    return memory.put(...given)
  }
  const shop = await openWorkshop({ machines, objectStore: { ...memory, put } })
  const server = { id: serverId, projectId, name: 'db-01', status: 'ACTIVE', availabilityZone: 'az-1' }
  await shop.ports.catalog.change(({ servers }) => servers.put({ ...server, createdAt: shop.ports.now() }))
  const diskRecords: DiskRecord[] = []
  for (const [at, { path, format }] of made.entries()) {
    const place = { serverId, device: `/dev/vd${'ab'[at]}`, bootable: at === 0 }
    diskRecords.push(await shop.disk(at === 0 ? 'root' : 'data', { path, format, sizeBytes: 16 * MIB, ...place }))
  }
  let machine = await startMachine(t, files, made)
  const vaultId = await shop.vault(objectType === 'server' ? [{ id: serverId }] : diskRecords.slice(0, 1), objectType)
  let read = 0
  let middle: (() => Promise<void>) | undefined
  const openReader: typeof shop.ports.disks.openReader = async location => {
    const reader = await shop.ports.disks.openReader(location)
    return {
      ...reader,
      async read(into, offset) {
        const now = middle
        middle = undefined
        await now?.()
        read += into.length
        await reader.read(into, offset)
      },
    }
  }
  const ports = { ...shop.ports, disks: { ...shop.ports.disks, openReader } }
  const start: Workshop['start'] = () => startRunner(ports, { lookEvery: 20, drainFor: 0, alone: true })
  return {
    ...shop,
    start,
    files,
    vaultId,
    diskRecords,
    get machine() {
      return machine
    },
    bytesRead() {
      const bytes = read
      read = 0
      return bytes
    },
    meanwhile(work) {
      middle = work
    },
    storeFails(how) {
      failure = how
    },
    async take(incremental = true) {
      shop.later(1000)
      const { backups } = await shop.checkpoint(vaultId, { incremental })
      await workAndStop({ start })
      return backups[0] ?? ''
    },
    async restart() {
      machine = await startMachine(t, files, made)
    },
  }
}

/** Backups of the disks, in the order of `diskRecords`. */
async function parts(stage: Stage, backupId: string) {
  const children = await stage.ports.catalog.read(({ backups }) => backups.childrenOf([backupId]))
  return stage.diskRecords.map(({ id }) => children.find(child => child.resourceId === id))
}

async function contentOf(stage: Stage, backupId: string, disk: number): Promise<Buffer> {
  const part = (await parts(stage, backupId))[disk]
  assert.equal(part?.status, 'available')
  const reader = await stage.ports.datastore.open({ realm: projectId, id: part.id })
  return reader.read(0, reader.sizeBytes)
}

async function now(stage: Stage): Promise<readonly Buffer[]> {
  return [await stage.machine.content(0), await stage.machine.content(1)]
}

/** The backup holds the disks as they were, bit by bit. */
async function holds(stage: Stage, backupId: string, disks: readonly Buffer[]): Promise<void> {
  for (const [disk, content] of disks.entries()) {
    const found = await contentOf(stage, backupId, disk)
    const wrong = found.findIndex((byte, at) => byte !== content[at])
    assert.equal(wrong, -1, `disk ${disk}, byte ${wrong}: ${found[wrong]} instead of ${content[wrong]}`)
  }
}

const opLog = async (stage: Stage) => {
  const { rows } = await stage.ports.catalog.read(({ operationLogs }) =>
    operationLogs.list(projectId, { type: 'backup' }, { limit: 1, offset: 0 }),
  )
  return rows[0]
}

test('a running server: one moment of all disks; then only what changed is read, whatever is written meanwhile', async t => {
  await using stage = await openStage(t)
  await stage.machine.write(0, 1, '0', '4M')
  await stage.machine.write(1, 2, '8M', '2M')
  const atFirst = await now(stage)
  stage.meanwhile(async () => {
    await stage.machine.write(0, 3, '3M', '2M')
    await stage.machine.write(1, 3, '0', '1M')
  })
  const first = await stage.take()
  await holds(stage, first, atFirst)
  assert.ok(stage.bytesRead() >= 6 * MIB)
  assert.equal((await opLog(stage))?.detail.backup?.app_consistency_status, '0')
  assert.deepEqual(await readdir(join(stage.files, 'm')), [], 'nothing is left of the moment')

  await stage.machine.write(0, 4, '12M', '100k')
  const atSecond = await now(stage)
  stage.meanwhile(() => stage.machine.write(0, 5, '0', '16M'))
  const second = await stage.take()
  await holds(stage, second, atSecond)
  assert.equal(stage.bytesRead(), 2 * MIB + 256 * KIB + MIB, 'what changed since the first, in whole chunks')

  const third = await stage.take()
  await holds(stage, third, await now(stage))
  assert.equal(stage.bytesRead(), 16 * MIB, 'the first disk was overwritten during the second, the other one was not')

  const fourth = await stage.take()
  assert.equal(stage.bytesRead(), 0)
  await holds(stage, fourth, await now(stage))

  const full = await stage.take(false)
  assert.ok(stage.bytesRead() > 16 * MIB, 'a full backup reads everything')
  await holds(stage, full, await now(stage))
  assert.deepEqual(stage.complaints, [])
  for (const disk of [0, 1]) {
    const record = `opencbr-${(await parts(stage, full))[disk]?.id}`
    assert.deepEqual(await stage.machine.bitmaps(disk), [record])
  }
})

test('a backup that fails in the middle loses no change', async t => {
  await using stage = await openStage(t)
  await stage.machine.write(0, 1, '0', '2M')
  const first = await stage.take()
  // Of both: whichever comes first, something is read before the store fails.
  await stage.machine.write(0, 2, '4M', '256k')
  await stage.machine.write(1, 2, '4M', '256k')
  stage.storeFails(new Fault('full', 'the store is full'))
  stage.meanwhile(() => stage.machine.write(0, 3, '8M', '256k'))
  const failed = await stage.take()
  assert.equal((await stage.show(failed)).status, 'error')
  assert.deepEqual(await readdir(join(stage.files, 'm')), [])
  assert.deepEqual(await stage.machine.bitmaps(0), [`opencbr-${(await parts(stage, first))[0]?.id}`])
  stage.storeFails(undefined)
  await stage.machine.write(0, 4, '12M', '256k')
  stage.bytesRead()
  const next = await stage.take()
  await holds(stage, next, await now(stage))
  assert.equal(stage.bytesRead(), 4 * 256 * KIB)
})

const lost: Readonly<Record<string, (stage: Stage, name: string) => Promise<unknown>>> = {
  removed: ({ machine }, name) => machine.monitor.execute('block-dirty-bitmap-remove', { node: 'n0', name }),
  disabled: ({ machine }, name) => machine.monitor.execute('block-dirty-bitmap-disable', { node: 'n0', name }),
  'of another backup': async ({ machine }, name) => {
    await machine.monitor.execute('block-dirty-bitmap-remove', { node: 'n0', name })
    await machine.monitor.execute('block-dirty-bitmap-add', { node: 'n0', name: `opencbr-${randomUUID()}` })
  },
  'left behind by a crash': async stage => {
    await stage.machine.kill()
    await stage.restart()
  },
}

for (const [how, lose] of Object.entries(lost)) {
  test(`a record of changes that is ${how}: everything is read`, async t => {
    await using stage = await openStage(t)
    await stage.machine.write(0, 1, '0', '2M')
    const first = await stage.take()
    await stage.machine.write(0, 2, '1M', '64k')
    await stage.machine.io(0, 'flush')
    await lose(stage, `opencbr-${(await parts(stage, first))[0]?.id}`)
    await stage.machine.write(0, 3, '4M', '64k')
    stage.bytesRead()
    const second = await stage.take()
    await holds(stage, second, await now(stage))
    const other = how === 'left behind by a crash' ? RAW_BYTES : 0
    assert.equal(stage.bytesRead(), 2 * MIB + 256 * KIB + other)
    await stage.machine.write(0, 4, '0', '64k')
    await holds(stage, await stage.take(), await now(stage))
    assert.equal(stage.bytesRead(), 256 * KIB, 'recorded again')
    assert.deepEqual(stage.complaints, [])
  })
}

test('disks that grow between two backups', async t => {
  await using stage = await openStage(t)
  await stage.machine.write(0, 1, '15M', '1M')
  await stage.take()
  for (const node of ['n0', 'n1'])
    await stage.machine.monitor.execute('block_resize', { 'node-name': node, size: 18 * MIB + 512 })
  await stage.machine.write(0, 2, '17M', '64k')
  await stage.machine.write(1, 3, '18M', '512')
  stage.bytesRead()
  await holds(stage, await stage.take(), await now(stage))
  const bytes = stage.bytesRead()
  assert.equal(bytes, 2 * (2 * MIB + 512), 'the new part of both')
})

test('the record of a deleted backup is of no use to the one before it', async t => {
  await using stage = await openStage(t)
  await stage.machine.write(0, 1, '0', '2M')
  await stage.take()
  await stage.machine.write(0, 2, '1M', '64k')
  const second = await stage.take()
  await stage.erase(second)
  await workAndStop(stage)
  stage.bytesRead()
  const third = await stage.take()
  await holds(stage, third, await now(stage))
  assert.equal(stage.bytesRead(), 2 * MIB + RAW_BYTES)
})

test('the record of a qcow2 disk outlives its machine; that of a raw one does not', async t => {
  await using stage = await openStage(t)
  await stage.machine.write(0, 1, '0', '2M')
  await stage.machine.write(1, 1, '0', '1M')
  await stage.take()
  await stage.machine.write(0, 2, '5M', '64k')
  await stage.machine.quit()
  await stage.restart()
  await stage.machine.write(0, 2, '6M', '64k')
  stage.bytesRead()
  const second = await stage.take()
  await holds(stage, second, await now(stage))
  assert.equal(stage.bytesRead(), 2 * 256 * KIB + MIB)
})

test('a machine that dies in the middle: the try fails, nothing is published, and the next one reads the files', async t => {
  await using stage = await openStage(t)
  await stage.machine.write(0, 1, '0', '2M')
  await stage.machine.io(0, 'flush')
  const content = await now(stage)
  stage.meanwhile(() => stage.machine.kill())
  const id = await stage.take()
  assert.equal((await stage.show(id)).status, 'protecting')
  assert.deepEqual(
    (await parts(stage, id)).map(part => part?.status),
    ['protecting', 'protecting'],
  )
  stage.later(60_000)
  await workAndStop(stage)
  await holds(stage, id, content)
  assert.equal((await opLog(stage))?.detail.backup?.app_consistency_status, undefined)
})

test('one disk of a running server, and a machine that is off', async t => {
  await using stage = await openStage(t, 'disk')
  await stage.machine.write(0, 1, '0', '2M')
  const content = await stage.machine.content(0)
  stage.meanwhile(() => stage.machine.write(0, 2, '0', '4M'))
  const id = await stage.take()
  const holder = await stage.ports.catalog.read(({ backups }) => backups.find(id))
  assert.equal(holder?.status, 'available')
  const reader = await stage.ports.datastore.open({ realm: projectId, id })
  assert.ok((await reader.read(0, reader.sizeBytes)).equals(content))
  const last = await stage.machine.content(0)
  await stage.machine.quit()
  const offline = await stage.take()
  const second = await stage.ports.datastore.open({ realm: projectId, id: offline })
  assert.ok((await second.read(0, second.sizeBytes)).equals(last))
})

/** Byte of what the test writes n-th, and where: to one disk after the other, over and over the same few places. */
const nth = (n: number) => ({ disk: n % 2, pattern: (n % 250) + 1, block: (n * 7) % 23, zero: n % 5 === 4 })
const BLOCK = 128 * KIB

function apply(disks: readonly Buffer[], n: number): void {
  const { disk, pattern, block, zero } = nth(n)
  disks[disk]?.fill(zero ? 0 : pattern, block * BLOCK, (block + 1) * BLOCK)
}

test('whatever is written while backups run, each holds both disks as they were after the same write', async t => {
  await using stage = await openStage(t)
  let written = 0
  let stop = false
  const guest = async () => {
    for (; !stop; written += 1) {
      const { disk, pattern, block, zero } = nth(written)
      await stage.machine.io(disk, `write ${zero ? '-z -u' : `-P ${pattern}`} ${block * BLOCK} ${BLOCK}`)
    }
  }
  const writing = guest()
  const rounds: { readonly id: string; readonly before: number; readonly after: number }[] = []
  while (rounds.length < 5) {
    const before = written
    const id = await stage.take()
    rounds.push({ id, before, after: written + 1 })
  }
  stop = true
  await writing
  for (const { id, before, after } of rounds) {
    const found = [await contentOf(stage, id, 0), await contentOf(stage, id, 1)]
    const disks = [Buffer.alloc(16 * MIB), Buffer.alloc(16 * MIB)]
    for (let n = 0; n < before; n += 1) apply(disks, n)
    let fits = before
    while (fits <= after && !disks.every((disk, at) => found[at]?.equals(disk))) apply(disks, fits++)
    assert.ok(fits <= after, `${id} is as no moment from write ${before} to ${after} was`)
    t.diagnostic(`writes ${before} to ${after}: as after ${fits}`)
  }
  assert.ok(
    rounds.some(({ before, after }) => after > before + 5),
    'there were writes meanwhile',
  )
})
