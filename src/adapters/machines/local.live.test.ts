/**
 * Moments of a real QEMU machine's disks.
 * Needs programs: qemu-system-x86_64 qemu-img fallocate
 */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, statfs } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { folderFor, type MachineDisk, makeDisk, startMachine, type TestMachine } from '../../../test/machine.ts'
import type { DiskLocation, DiskReader, Extent } from '../../ports/disks.ts'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import type { Log } from '../../ports/log.ts'
import type { Moment, WantedDisk } from '../../ports/machines.ts'
import { localDisks } from '../disks/local.ts'
import { namesIn } from './answers.ts'
import { atRest } from './guest-agent.ts'
import { localMachines } from './local.ts'

const KiB = 1024
const MiB = 1024 * KiB
const disks = localDisks()
const serverId = 'a1'
const run = promisify(execFile)
const kind = (wanted: FaultKind, text: RegExp) => (error: unknown) =>
  error instanceof Fault && error.kind === wanted && text.test(error.message)

async function stage(t: TestContext, formats: readonly MachineDisk['format'][], agent = false) {
  const folder = await folderFor(t)
  const made: MachineDisk[] = []
  for (const [at, format] of formats.entries()) made.push(await makeDisk(folder, `disk-${at}`, format))
  const complaints: string[] = []
  const complain = (facts: object, message: string) => {
    complaints.push(`${message} ${String((facts as { readonly err?: unknown }).err)}`)
  }
  const ignore = () => undefined
  const log: Log = { debug: ignore, info: ignore, warn: complain, error: complain, child: () => log }
  const machines = localMachines({
    sockets: new Map([[serverId, { qmp: join(folder, 'qmp'), guestAgent: agent ? join(folder, 'agent') : undefined }]]),
    folder: join(folder, 'machines'),
    log,
    patience: { monitor: 2000, agent: { sync: 300, freeze: 300 } },
  })
  const start = () => startMachine(t, folder, made)
  const open = async (backupId: string, baseId?: string): Promise<Moment> => {
    const wanted = made.map((disk): WantedDisk => ({ disk, backupId, ...(baseId !== undefined && { baseId }) }))
    const moment = await machines.openMoment({ serverId, disks: wanted })
    ok(moment, 'the machine runs')
    return moment
  }
  return { folder, made, machines, log, complaints, start, open }
}

async function whole(reader: DiskReader): Promise<Buffer> {
  const bytes = Buffer.alloc(reader.sizeBytes)
  await reader.read(bytes, 0)
  return bytes
}

const readerAt = (moment: Moment, place: number) => {
  const location = moment.locations[place]
  ok(location)
  return disks.openReader(location)
}

const runs = (extents: readonly Extent[] | undefined) => extents?.map(({ offset, length }) => [offset, length])

test('two disks at one moment, while the machine goes on writing', async t => {
  const { open, start, folder, complaints } = await stage(t, ['qcow2', 'raw'])
  const machine = await start()
  await machine.write(0, 1, '0', '3M')
  await machine.write(1, 2, '1M', '5M')
  const before = [await machine.content(0), await machine.content(1)] as const
  {
    await using moment = await open('b1')
    await machine.write(0, 9, '64k', '1M')
    await machine.write(1, 9, '0', '16M')
    await machine.io(0, 'write -z -u 2M 1M')
    await using first = await readerAt(moment, 0)
    await using other = await readerAt(moment, 1)
    equal(await first.changed?.(), undefined)
    const told = await Array.fromAsync(first.extents())
    deepEqual(
      told.filter(({ data }) => data).map(({ offset, length }) => [offset, length]),
      [[0, 3 * MiB]],
    )
    await machine.write(0, 8, '1500k', '100k')
    ok((await whole(first)).equals(before[0]))
    ok((await whole(other)).equals(before[1]))
    await moment.check()
    deepEqual(moment.guest, { atRest: false })
    moment.keep()
  }
  deepEqual(complaints, [])
  deepEqual(await readdir(join(folder, 'machines')), [])
  deepEqual(await machine.bitmaps(0), ['opencbr-b1'])
  deepEqual(await machine.bitmaps(1), ['opencbr-b1'])
  {
    await machine.write(0, 7, '8M', '64k')
    await using moment = await open('b2', 'b1')
    await machine.write(0, 7, '12M', '64k')
    await using first = await readerAt(moment, 0)
    await using other = await readerAt(moment, 1)
    deepEqual(runs(await first.changed?.()), [
      [64 * KiB, MiB],
      [1500 * KiB - (1500 % 64) * KiB, 128 * KiB],
      [2 * MiB, MiB],
      [8 * MiB, 64 * KiB],
    ])
    deepEqual(runs(await other.changed?.()), [[0, 16 * MiB]])
  }
  deepEqual(await machine.bitmaps(0), ['opencbr-b1'], 'not kept: the old record goes on')
  equal(complaints.length, 0)
})

/** What of ours is in the machine, records aside. */
async function left({ monitor }: TestMachine): Promise<readonly string[]> {
  return [
    ...(await namesIn(monitor, 'query-named-block-nodes', 'node-name', { flat: true })),
    ...(await namesIn(monitor, 'query-block-exports', 'id')),
    ...(await namesIn(monitor, 'query-jobs', 'id')),
  ].filter(name => name.startsWith('opencbr-'))
}

test('what a process leaves that is killed in the middle is removed by the next one, and no change is lost', async t => {
  const { open, start, folder, made, complaints } = await stage(t, ['qcow2', 'raw'])
  const machine = await start()
  {
    await using moment = await open('b1')
    moment.keep()
  }
  await machine.write(0, 1, '1M', '64k')
  const script = `
    import { localMachines } from ${JSON.stringify(new URL('./local.ts', import.meta.url).href)}
    const none = () => undefined
    const log = { debug: none, info: none, warn: none, error: none, child: () => log }
    const sockets = new Map([['a1', { qmp: ${JSON.stringify(machine.qmp)} }]])
    const machines = localMachines({ sockets, folder: ${JSON.stringify(join(folder, 'machines'))}, log })
    const disks = ${JSON.stringify(made)}.map(disk => ({ disk, backupId: 'b2', baseId: 'b1' }))
    const moment = await machines.openMoment({ serverId: 'a1', disks })
    console.log(moment.locations.length)
    setInterval(none, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  await rejects(open('b3', 'b1'), kind('unavailable', /another client/), "the monitor is one client's at a time")
  child.kill('SIGKILL')
  await once(child, 'exit')
  ok((await left(machine)).length >= 8, 'there is something to remove')
  await machine.write(0, 2, '4M', '64k')
  {
    await using moment = await open('b2', 'b1')
    await using reader = await readerAt(moment, 0)
    deepEqual(runs(await reader.changed?.()), [
      [MiB, 64 * KiB],
      [4 * MiB, 64 * KiB],
    ])
    ok((await whole(reader)).equals(await machine.content(0)))
    moment.keep()
  }
  deepEqual(await left(machine), [])
  deepEqual(await machine.bitmaps(0), ['opencbr-b2'])
  deepEqual(complaints, [])
})

test('a machine that is off is nobody to ask; one that runs has to have the disk, by the same format', async t => {
  const { machines, start, made, folder } = await stage(t, ['qcow2'])
  const [disk] = made
  ok(disk)
  const ask = (disk: DiskLocation) => machines.openMoment({ serverId, disks: [{ disk, backupId: 'b1' }] })
  equal(await ask(disk), undefined, 'no socket')
  equal(await machines.openMoment({ serverId: 'other', disks: [{ disk, backupId: 'b1' }] }), undefined)
  const machine = await start()
  await rejects(ask({ ...disk, format: 'raw' }), kind('conflict', /configured as raw; its machine uses it as qcow2/))
  const stray = await makeDisk(folder, 'stray', 'qcow2')
  await rejects(ask(stray), kind('conflict', /none of the disks it writes to/))
  const top = join(folder, 'top.qcow2')
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', disk.path, top])
  const snapshot = { 'node-name': 'n0', 'snapshot-file': top, 'snapshot-node-name': 'top', mode: 'existing' }
  await machine.monitor.execute('blockdev-snapshot-sync', snapshot)
  await rejects(ask(disk), kind('conflict', /none of the disks it writes to/), 'the file is an old state by now')
  await machine.kill()
  equal(await ask(disk), undefined, 'nobody listens')
})

test('exports of others are left alone', async t => {
  const { open, start, folder } = await stage(t, ['qcow2'])
  const { monitor } = await start()
  await monitor.execute('nbd-server-start', { addr: { type: 'unix', data: { path: join(folder, 'theirs') } } })
  await monitor.execute('block-export-add', { type: 'nbd', id: 'theirs', 'node-name': 'n0', name: 'theirs' })
  await rejects(open('b1'), kind('conflict', /in use by somebody else/))
  deepEqual(await namesIn(monitor, 'query-block-exports', 'id'), ['theirs'])
})

test('a moment that somebody ends is noticed', async t => {
  const { open, start } = await stage(t, ['raw'])
  const { monitor } = await start()
  await using moment = await open('b1')
  await moment.check()
  await monitor.execute('job-cancel', { id: 'opencbr-0' })
  for (let tries = 0; (await namesIn(monitor, 'query-jobs', 'id')).length > 0; tries += 1) ok(tries < 1000)
  await rejects(moment.check(), kind('changed', /no one moment/))
})

test('a qcow2 of the old kind, which has no room for records, is backed up all the same', async t => {
  const { open, start, made } = await stage(t, ['qcow2'])
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', 'compat=0.10', made[0]?.path ?? '', '16M'])
  const machine = await start()
  await machine.write(0, 1, '0', '1M')
  {
    await using moment = await open('b1')
    moment.keep()
  }
  await machine.write(0, 2, '2M', '64k')
  await using moment = await open('b2', 'b1')
  await using reader = await readerAt(moment, 0)
  deepEqual(runs(await reader.changed?.()), [[2 * MiB, 64 * KiB]], 'recorded for as long as the machine lives')
})

/** Not QEMU's: a socket that answers as the agent in a guest would, and notes what it is asked. */
async function fakeAgent(t: TestContext, path: string, answers: Readonly<Record<string, object | undefined>>) {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter(line => line !== '')) {
        const { execute, arguments: given } = JSON.parse(line)
        asked.push(execute)
        if (execute === 'guest-sync') socket.write(`junk{\n{"return": 5}\n{"return": ${given.id}}\n`)
        else if (answers[execute]) socket.write(`${JSON.stringify(answers[execute])}\n`)
      }
    })
  })
  await new Promise<void>(resolve => server.listen(path, resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return asked
}

const willing = {
  'guest-fsfreeze-status': { return: 'thawed' },
  'guest-fsfreeze-freeze': { return: 2 },
  'guest-fsfreeze-thaw': { return: 2 },
}
const [STATUS, FREEZE, THAW] = ['guest-fsfreeze-status', 'guest-fsfreeze-freeze', 'guest-fsfreeze-thaw']
const agents: readonly {
  readonly what: string
  readonly answers?: Readonly<Record<string, object | undefined>>
  readonly asked?: readonly string[]
  readonly atRest: boolean
}[] = [
  { what: 'willing', answers: willing, asked: [STATUS, FREEZE, THAW], atRest: true },
  {
    what: 'left frozen by a process that was killed',
    answers: { ...willing, [STATUS]: { return: 'frozen' } },
    asked: [STATUS, THAW, FREEZE, THAW],
    atRest: true,
  },
  {
    what: 'refusing',
    answers: { ...willing, [FREEZE]: { error: { class: 'GenericError', desc: 'no' } } },
    asked: [STATUS, FREEZE, THAW],
    atRest: false,
  },
  {
    what: 'silent when it comes to it',
    answers: { ...willing, [FREEZE]: undefined },
    asked: [STATUS, FREEZE, THAW],
    atRest: false,
  },
  { what: 'not there', atRest: false },
]

for (const { what, answers, asked, atRest } of agents) {
  test(`a guest agent (not a real one) that is ${what}`, async t => {
    const { open, start, folder, complaints } = await stage(t, ['qcow2'], true)
    await start()
    const noted = answers && (await fakeAgent(t, join(folder, 'agent'), answers))
    await using moment = await open('b1')
    deepEqual(
      noted?.filter(name => name !== 'guest-sync'),
      asked,
    )
    deepEqual(moment.guest, atRest ? { atRest } : { atRest, why: 'the guest agent did not do its part' })
    equal(complaints.length > 0, !atRest)
  })
}

test('the guest goes on when the moment cannot be taken', async t => {
  const { folder, log } = await stage(t, [], true)
  const path = join(folder, 'agent')
  const noted = await fakeAgent(t, path, willing)
  const work = async () => {
    throw new Error('no moment')
  }
  await rejects(atRest(path, { log }, work), /no moment/)
  equal(noted.at(-1), THAW)
})

test("somebody else's backup of the same disk goes on, and ours fails", async t => {
  const { open, start } = await stage(t, ['qcow2'])
  const { monitor } = await start()
  await monitor.execute('blockdev-add', { driver: 'null-co', 'node-name': 'sink', size: 16 * MiB })
  await monitor.execute('blockdev-backup', { 'job-id': 'theirs', device: 'n0', target: 'sink', sync: 'none' })
  await rejects(open('b1'), kind('conflict', /another job/))
  deepEqual(await namesIn(monitor, 'query-jobs', 'id'), ['theirs'])
})

test('when space runs out, the backup ends and the guest goes on', async t => {
  const { folder, made, log, complaints, start } = await stage(t, ['qcow2'])
  const machine = await start()
  await machine.write(0, 1, '0', '1M')
  const { bavail, bsize } = await statfs(folder)
  const sockets = new Map([[serverId, { qmp: machine.qmp }]])
  const own = (leastFree: number) => localMachines({ sockets, folder: join(folder, 'machines'), log, leastFree })
  const request = { serverId, disks: made.map(disk => ({ disk, backupId: 'b1' })) }
  await rejects(own(Number.MAX_SAFE_INTEGER).openMoment(request), kind('full', /bytes are free/))
  deepEqual(await left(machine), [])
  const moment = await own(bavail * bsize - 256 * MiB).openMoment(request)
  ok(moment)
  await using reader = await readerAt(moment, 0)
  await reader.read(Buffer.alloc(MiB), 0)
  await run('fallocate', ['-l', '1G', join(folder, 'ballast')])
  for (let tries = 0; (await left(machine)).length > 0; tries += 1) {
    ok(tries < 500, 'given up within five seconds')
    await setTimeout(10)
  }
  await machine.write(0, 2, '0', '1M')
  await rejects(reader.read(Buffer.alloc(MiB), 0), kind('unavailable', /NBD server/))
  await rejects(moment.check(), kind('full', /no space/))
  await moment[Symbol.asyncDispose]()
  equal(complaints.length, 1)
  deepEqual(await machine.bitmaps(0), [])
})

test('a machine with iothreads, whose QEMU an export would take down, is refused and goes on', async t => {
  const { open, folder, made } = await stage(t, ['qcow2', 'raw'])
  const machine = await startMachine(t, folder, made, { iothreads: true })
  await rejects(open('b1'), kind('denied', /iothreads/))
  await machine.write(0, 1, '0', '64k')
  deepEqual(await left(machine), [])
  deepEqual(await machine.bitmaps(0), [])
})
