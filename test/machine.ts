/**
 * A real QEMU machine for a test: emulated and stopped before its first instruction, its disks written to by the test
 * through the devices' own back ends, as a guest's driver would. It has a monitor for OpenCBR, and one for the test.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { devicesOf } from '../src/adapters/machines/answers.ts'
import { NobodyThere } from '../src/adapters/machines/lines.ts'
import { connectQmp, type QmpClient } from '../src/adapters/machines/qmp-client.ts'

const run = promisify(execFile)

export interface MachineDisk {
  readonly path: string
  readonly format: 'raw' | 'qcow2'
}

export interface TestMachine {
  /** OpenCBR's monitor. */
  readonly qmp: string
  /** The test's own. */
  readonly monitor: QmpClient
  readonly process: ChildProcess
  /** Fills a run of a disk, counted from 0, with one byte; lengths as qemu-io has them, such as `64k`. */
  write(disk: number, pattern: number, offset: string, length: string): Promise<void>
  io(disk: number, command: string): Promise<void>
  /** What the disk holds now, by its file. */
  content(disk: number): Promise<Buffer>
  /** Names of all bitmaps of a disk. */
  bitmaps(disk: number): Promise<readonly string[]>
  /** Ends as when its power is taken. */
  kill(): Promise<void>
  /** Ends as when it is told to, so that bitmaps are saved. */
  quit(): Promise<void>
}

export async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'machine-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export async function makeDisk(folder: string, name: string, format: MachineDisk['format'], size = '16M') {
  const path = join(folder, `${name}.${format}`)
  await run('qemu-img', ['create', '-q', '-f', format, path, size])
  return { path, format }
}

/** QEMU's socket has a name before anybody listens at it. */
async function reached(path: string, process: ChildProcess): Promise<QmpClient> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await connectQmp(path)
    } catch (error) {
      assert.ok(tries < 500 && process.exitCode === null, 'QEMU starts')
      if (!(error instanceof NobodyThere)) throw error
      await sleep(10)
    }
  }
}

/** Sockets lie in `folder`, by the same names each time. `iothreads`: each disk has one, as on a busy host. */
export async function startMachine(
  t: TestContext,
  folder: string,
  disks: readonly MachineDisk[],
  { iothreads = false } = {},
): Promise<TestMachine> {
  const [qmp, own] = [join(folder, 'qmp'), join(folder, 'own')]
  await rm(own, { force: true })
  const process = spawn(
    'qemu-system-x86_64',
    [
      ...(iothreads ? disks.flatMap((_, at) => ['-object', `iothread,id=t${at}`]) : []),
      ...['-S', '-machine', 'pc', '-accel', 'tcg', '-m', '32', '-nodefaults', '-display', 'none'],
      ...[qmp, own].flatMap(path => ['-qmp', `unix:${path},server=on,wait=off`]),
      ...disks.flatMap(({ path, format }, at) => [
        ...['-blockdev', `driver=${format},node-name=n${at},discard=unmap,file.driver=file,file.filename=${path}`],
        ...['-device', `virtio-blk-pci,id=d${at},drive=n${at}${iothreads ? `,iothread=t${at}` : ''}`],
      ]),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const ended = once(process, 'exit')
  const kill = async () => {
    process.kill('SIGKILL')
    await ended
  }
  t.after(kill)
  const monitor = await reached(own, process)
  const io = async (disk: number, command: string) => {
    const line = `qemu-io -d /machine/peripheral/d${disk}/virtio-backend "${command}"`
    const said = await monitor.execute('human-monitor-command', { 'command-line': line })
    assert.doesNotMatch(String(said), /error|fail|denied|cannot/i)
  }
  return {
    qmp,
    monitor,
    process,
    io,
    write: (disk, pattern, offset, length) => io(disk, `write -P ${pattern} ${offset} ${length}`),
    async content(disk) {
      await io(disk, 'flush')
      const [path = '', raw] = [disks[disk]?.path, join(folder, 'content')]
      await run('qemu-img', ['convert', '-U', '-f', disks[disk]?.format ?? '', '-O', 'raw', path, raw])
      return readFile(raw)
    },
    async bitmaps(disk) {
      return (await devicesOf(monitor))[disk]?.bitmaps.map(({ name }) => name) ?? []
    },
    kill,
    async quit() {
      await monitor.execute('quit')
      await ended
    },
  }
}
