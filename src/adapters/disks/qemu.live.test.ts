/**
 * Disk images through QEMU itself.
 * Needs programs: qemu-img qemu-nbd qemu-io
 */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { DiskReader } from '../../ports/disks.ts'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import type { ImageFormat } from './image-layers.ts'
import { localDisks } from './local.ts'
import { connectNbd } from './nbd-client.ts'

const run = promisify(execFile)
const MiB = 1024 * 1024
const disks = localDisks()
const kind = (wanted: FaultKind, text?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.kind === wanted && (text === undefined || text.test(error.message))

async function folderFor(t: TestContext): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'qemu-')))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Data at its beginning and in its middle, holes between. */
function content(): Buffer {
  const bytes = Buffer.alloc(16 * MiB)
  randomBytes(MiB).copy(bytes, 0)
  randomBytes(300_000).copy(bytes, 9 * MiB + 777)
  return bytes
}

async function converted(folder: string, bytes: Buffer, format: ImageFormat, ...options: string[]): Promise<string> {
  const [raw, path] = [join(folder, 'source.raw'), join(folder, `image.${format}`)]
  await writeFile(raw, bytes)
  await run('qemu-img', ['convert', '-f', 'raw', '-O', format, ...options, raw, path])
  return path
}

async function whole(reader: DiskReader): Promise<Buffer> {
  const bytes = Buffer.alloc(reader.sizeBytes)
  await reader.read(bytes, 0)
  return bytes
}

/** What our servers leave while they run. */
const servers = async () => (await readdir(tmpdir())).filter(name => name.startsWith('opencbr-qemu-'))

for (const [format, ...options] of [
  ['qcow2'],
  ['qcow2', '-c', '-o', 'compat=0.10'],
  ['vmdk'],
  ['vmdk', '-o', 'subformat=streamOptimized'],
  ['vhdx'],
  ['vpc'],
  ['vpc', '-o', 'subformat=fixed'],
] as const) {
  test(`reads ${format} ${options.join(' ')}`, async t => {
    const bytes = content()
    const path = await converted(await folderFor(t), bytes, format, ...options)
    const disk = { path, format }
    const { sizeBytes, allocatedBytes } = await disks.stat(disk)
    ok(sizeBytes >= bytes.length && allocatedBytes > 0)
    const before = await servers()
    {
      await using reader = await disks.openReader(disk)
      equal(reader.sizeBytes, sizeBytes)
      const read = await whole(reader)
      ok(read.subarray(0, bytes.length).equals(bytes))
      let end = 0
      for await (const { offset, length, data } of reader.extents()) {
        equal(offset, end)
        if (!data) ok(read.subarray(offset, offset + length).every(byte => byte === 0))
        end = offset + length
      }
      equal(end, sizeBytes)
      await reader.checkUnchangedSize()
    }
    deepEqual(await servers(), before, 'nothing is left of the server')
  })
}

test('a qcow2 tells its holes, and reads through its backing files', async t => {
  const folder = await folderFor(t)
  const base = await converted(folder, content(), 'qcow2')
  const top = join(folder, 'top.qcow2')
  await run('qemu-img', ['create', '-f', 'qcow2', '-b', 'image.qcow2', '-F', 'qcow2', top], { cwd: folder })
  await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 9 4M 64k', '-c', 'write -z 0 64k', top])
  const expected = await readFile(join(folder, 'source.raw'))
  expected.fill(9, 4 * MiB, 4 * MiB + 65_536).fill(0, 0, 65_536)
  await using reader = await disks.openReader({ path: top, format: 'qcow2' })
  ok((await whole(reader)).equals(expected))
  const dataBytes = (await Array.fromAsync(reader.extents())).reduce(
    (sum, { length, data }) => sum + (data ? length : 0),
    0,
  )
  ok(dataBytes < 2 * MiB, `${dataBytes} bytes are data`)
  await using both = await disks.openReader({ path: base, format: 'qcow2' })
  equal(both.sizeBytes, reader.sizeBytes)
})

test('a backing file outside the allowed folders is refused, whatever QEMU would do', async t => {
  const folder = await folderFor(t)
  await mkdir(join(folder, 'mine'))
  await writeFile(join(folder, 'secret.raw'), Buffer.alloc(MiB, 's'))
  const path = join(folder, 'mine', 'top.qcow2')
  await run('qemu-img', ['create', '-f', 'qcow2', '-b', '../secret.raw', '-F', 'raw', path])
  const disk = { path, format: 'qcow2' } as const
  for (const use of [disks.openReader, disks.openWriter, disks.stat])
    await rejects(use(disk), kind('denied', /none of the folders/))
  await using allowed = await localDisks({ backingFolders: [folder] }).openReader(disk)
  equal((await whole(allowed))[0], 's'.charCodeAt(0))
})

test('a header exchanged after it was looked at gets nobody any further', async t => {
  const folder = await folderFor(t)
  await mkdir(join(folder, 'mine'))
  await writeFile(join(folder, 'secret.raw'), Buffer.alloc(16 * MiB, 's'))
  const path = await converted(join(folder, 'mine'), content(), 'qcow2')
  const good = await readFile(path)
  // The hostile one differs by a backing file, or by an external data file.
  const evil: Buffer[] = []
  for (const options of [
    ['-b', join(folder, 'secret.raw'), '-F', 'raw'],
    ['-o', `data_file=${join(folder, 'secret.raw')},data_file_raw=on`, '16M'],
  ]) {
    await writeFile(join(folder, 'secret.raw'), Buffer.alloc(16 * MiB, 's'))
    const made = join(folder, 'evil.qcow2')
    await run('qemu-img', ['create', '-f', 'qcow2', made, ...options])
    evil.push(await readFile(made))
  }
  await writeFile(join(folder, 'secret.raw'), Buffer.alloc(16 * MiB, 's'))
  let served = 0
  for (let round = 0; round < 12; round += 1) {
    await writeFile(path, good)
    const opening = disks.openReader({ path, format: 'qcow2' }).then(
      async reader => {
        await using open = reader
        return await whole(open)
      },
      error => error,
    )
    await setTimeout(round / 2)
    await writeFile(path, evil[round % 2] ?? good)
    const found = await opening
    if (!(found instanceof Buffer)) ok(found instanceof Fault, String(found))
    else {
      served += 1
      equal(found.indexOf('ssssssssssssssss'), -1, 'the secret has been read')
    }
  }
  t.diagnostic(`${served} of 12 were served`)
})

test('truncated images are refused, where reading would find zeros', async t => {
  for (const format of ['qcow2', 'vmdk', 'vhdx', 'vpc'] as const) {
    const folder = await folderFor(t)
    const path = await converted(folder, content(), format)
    const { size } = await stat(path)
    for (const left of [size - 300_000, Math.floor(size / 2), 70_000, 1000]) {
      const cut = join(folder, `cut-${left}`)
      await copyFile(path, cut)
      await truncate(cut, left)
      const opening = disks.openReader({ path: cut, format })
      opening.then(reader => reader[Symbol.asyncDispose]()).catch(() => undefined)
      await rejects(opening, kind('corrupt'), `${format} cut to ${left}`)
    }
  }
})

test('junk, and images of another format, are refused in words', async t => {
  const folder = await folderFor(t)
  const junk = join(folder, 'junk')
  await writeFile(junk, randomBytes(MiB))
  const qcow2 = await converted(folder, content(), 'qcow2')
  for (const format of ['qcow2', 'vmdk', 'vhdx', 'vpc'] as const) {
    await rejects(disks.openReader({ path: junk, format }), kind('corrupt', /junk/))
    if (format !== 'qcow2') await rejects(disks.openReader({ path: qcow2, format }), kind('corrupt', /image.qcow2/))
    await rejects(disks.openReader({ path: join(folder, 'none'), format }), kind('missing', /none/))
  }
  for (const [at, bytes] of [
    [20, 40],
    [36, 0xff],
    [40, 0xff],
  ] as const) {
    await copyFile(qcow2, junk)
    await using handle = await open(junk, 'r+')
    await handle.write(Buffer.alloc(4, bytes), 0, 4, at)
    await rejects(disks.openReader({ path: junk, format: 'qcow2' }), kind('corrupt'))
  }
})

test('writes a qcow2, durable when flushed; a blank one is known to be blank', async t => {
  const folder = await folderFor(t)
  const path = join(folder, 'target.qcow2')
  await run('qemu-img', ['create', '-f', 'qcow2', path, '16M'])
  const bytes = content()
  {
    await using writer = await disks.openWriter({ path, format: 'qcow2' })
    equal(writer.blank, true)
    equal(writer.sizeBytes, bytes.length)
    await writer.write(bytes.subarray(0, 3 * MiB), 0)
    await writer.write(bytes.subarray(9 * MiB, 10 * MiB), 9 * MiB)
    await writer.zero(500, 70_000)
    await writer.flush()
    const back = Buffer.alloc(1000)
    await writer.read(back, 100)
    ok(back.equals(Buffer.concat([bytes.subarray(100, 500), Buffer.alloc(600)])))
  }
  bytes.fill(0, 500, 70_500)
  {
    await using writer = await disks.openWriter({ path, format: 'qcow2' })
    equal(writer.blank, false)
  }
  await writeFile(join(folder, 'expected.raw'), bytes)
  await run('qemu-img', ['compare', '-f', 'qcow2', '-F', 'raw', path, join(folder, 'expected.raw')])
  await run('qemu-img', ['check', '-f', 'qcow2', path])
})

test('an image in use is neither read nor written', async t => {
  const path = await converted(await folderFor(t), content(), 'qcow2')
  const disk = { path, format: 'qcow2' } as const
  const machine = spawn('qemu-io', ['-f', 'qcow2', path], { stdio: ['pipe', 'pipe', 'ignore'] })
  t.after(() => machine.stdin.end())
  await new Promise(resolve => machine.stdout.once('data', resolve))
  await rejects(disks.openReader(disk), kind('conflict', /virtual machine/))
  await rejects(disks.openWriter(disk), kind('conflict'))
  machine.stdin.end()
  await new Promise(resolve => machine.once('close', resolve))
  await using writer = await disks.openWriter(disk)
  await rejects(disks.openWriter(disk), kind('conflict'))
  await rejects(disks.openReader(disk), kind('conflict'))
  equal(writer.blank, false)
})

test('a process that is killed leaves no server and no folder', async t => {
  const path = await converted(await folderFor(t), content(), 'qcow2')
  const before = await servers()
  const script = `
    import { localDisks } from ${JSON.stringify(new URL('./local.ts', import.meta.url).href)}
    const reader = await localDisks().openReader({ path: ${JSON.stringify(path)}, format: 'qcow2' })
    console.log(reader.sizeBytes)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise(resolve => child.stdout.once('data', resolve))
  equal((await servers()).length, before.length + 1)
  child.kill('SIGKILL')
  for (let tries = 0; tries < 100 && (await servers()).length > before.length; tries += 1) await setTimeout(20)
  deepEqual(await servers(), before)
  const { stdout } = await run('pgrep', ['-f', path]).catch(error => error)
  equal(stdout, '', 'no process has the image open')
})

test('a machine without QEMU says so', async t => {
  const path = await converted(await folderFor(t), content(), 'qcow2')
  const before = process.env.PATH
  t.after(() => {
    process.env.PATH = before
  })
  process.env.PATH = await folderFor(t)
  await rejects(disks.stat({ path, format: 'qcow2' }), kind('missing', /qemu-img is not installed/))
  await rejects(disks.openReader({ path, format: 'qcow2' }), kind('missing'))
})

async function served(t: TestContext, ...args: string[]): Promise<string> {
  const socket = join(await folderFor(t), 'nbd')
  const server = spawn('qemu-nbd', ['--persistent', '--shared=4', `--socket=${socket}`, ...args], { stdio: 'ignore' })
  t.after(() => server.kill())
  for (let tries = 0; tries < 200; tries += 1) {
    if (await stat(socket).catch(() => undefined)) return socket
    await setTimeout(10)
  }
  throw new Error('qemu-nbd does not start')
}

test('an NBD export is a disk, by its URI', async t => {
  const bytes = content()
  const path = await converted(await folderFor(t), bytes, 'qcow2')
  const socket = await served(t, '-f', 'qcow2', '-x', 'my disk', path)
  const disk = { path: `nbd+unix:///my%20disk?socket=${socket}`, format: 'nbd' } as const
  deepEqual(await disks.stat(disk), { sizeBytes: bytes.length, allocatedBytes: bytes.length })
  {
    await using reader = await disks.openReader(disk)
    ok((await whole(reader)).equals(bytes))
    ok((await Array.fromAsync(reader.extents())).some(({ data }) => !data))
  }
  {
    await using writer = await disks.openWriter(disk)
    await writer.write(Buffer.alloc(5000, 1), 12_345)
    await writer.zero(0, 10_000)
    await writer.flush()
  }
  bytes.fill(1, 12_345, 17_345).fill(0, 0, 10_000)
  await using again = await disks.openReader(disk)
  ok((await whole(again)).equals(bytes))
  await rejects(disks.stat({ ...disk, path: `nbd+unix:///other?socket=${socket}` }), kind('missing'))
  await rejects(disks.remove(disk), kind('denied'))
})

test("what has changed since a bitmap was begun is QEMU's to tell", async t => {
  const path = await converted(await folderFor(t), content(), 'qcow2')
  await run('qemu-img', ['bitmap', '--add', '--enable', '-f', 'qcow2', path, 'b0'])
  await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 1 2M 64k', path])
  const socket = await served(t, '--read-only', '-f', 'qcow2', '-B', 'b0', path)
  const contexts = ['qemu:dirty-bitmap:b0', 'qemu:dirty-bitmap:none']
  await using client = await connectNbd({ at: { path: socket }, exportName: '' }, { contexts })
  deepEqual([...client.export.contexts.keys()], contexts.slice(0, 1))
  const runs = await client.status('qemu:dirty-bitmap:b0', 0, 16 * MiB)
  deepEqual(
    runs.map(({ length, flags }) => [length, flags]),
    [
      [2 * MiB, 0],
      [65_536, 1],
      [14 * MiB - 65_536, 0],
    ],
  )
})
