import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { link, mkdir, mkdtemp, open, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import type { Disks, DiskWriter } from '../../ports/disks.ts'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import { findCLibrary } from './c-library.ts'
import { localDisks } from './local.ts'

const run = promisify(execFile)
const MiB = 1024 * 1024
const kind = (wanted: FaultKind, text?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.kind === wanted && (text === undefined || text.test(error.message))
const raw = (path: string) => ({ path, format: 'raw' }) as const

async function folderFor(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'disks-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The same promises with the C library's help, and without it. */
function both(what: string, hold: (disks: Disks, folder: string, context: TestContext) => Promise<void>): void {
  for (const cLibrary of [true, false])
    test(`${what} (${cLibrary ? 'with' : 'without'} the C library)`, async context => {
      if (cLibrary && !(await findCLibrary())) return context.skip('this process has no node:ffi')
      await hold(localDisks({ cLibrary }), await folderFor(context), context)
    })
}

both('reads any range, in any order, beside each other', async (disks, folder) => {
  const content = randomBytes(3 * MiB + 517)
  await writeFile(join(folder, 'd'), content)
  await using reader = await disks.openReader(raw(join(folder, 'd')))
  equal(reader.sizeBytes, content.length)
  const ranges = [0, 1, 511, MiB, 2 * MiB + 3, content.length - 9, content.length].flatMap(from =>
    [0, 1, 4096, MiB].filter(length => from + length <= content.length).map(length => [from, length] as const),
  )
  await Promise.all(
    ranges.map(async ([from, length]) => {
      const into = Buffer.alloc(length)
      await reader.read(into, from)
      ok(into.equals(content.subarray(from, from + length)))
    }),
  )
  for (const [from, length] of [
    [content.length, 1],
    [-1, 1],
    [0.5, 1],
    [Number.NaN, 1],
    [0, content.length + 1],
  ] as const)
    await rejects(reader.read(Buffer.alloc(length), from), RangeError)
  await reader.checkUnchangedSize()
})

both('extents cover the disk without gaps, and a hole is all zeros', async (disks, folder) => {
  const run = fc.record({ length: fc.integer({ min: 1, max: 300_000 }), data: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(run, { maxLength: 8 }), async runs => {
      const path = join(folder, crypto.randomUUID())
      const handle = await open(path, 'wx')
      let size = 0
      for (const { length, data } of runs) {
        if (data) await handle.write(Buffer.alloc(length, 7), 0, length, size)
        size += length
      }
      await handle.truncate(size)
      await handle.close()
      await using reader = await disks.openReader(raw(path))
      let at = 0
      for await (const { offset, length, data } of reader.extents()) {
        equal(offset, at)
        ok(length > 0)
        const into = Buffer.alloc(length, 1)
        await reader.read(into, offset)
        if (!data) ok(into.equals(Buffer.alloc(length)))
        at += length
      }
      equal(at, size)
    }),
    { numRuns: 40 },
  )
})

test('holes are found where they are: at the start, between data, at the end, everywhere', async context => {
  if (!(await findCLibrary())) return context.skip('this process has no node:ffi')
  const folder = await folderFor(context)
  const disks = localDisks()
  const { path } = await disks.create(join(folder, 'd'), 64 * MiB)
  const extents = async () => {
    await using reader = await disks.openReader(raw(path))
    return await Array.fromAsync(reader.extents())
  }
  deepEqual(await extents(), [{ offset: 0, length: 64 * MiB, data: false }])
  const handle = await open(path, 'r+')
  await handle.write(Buffer.alloc(MiB, 1), 0, MiB, 8 * MiB)
  await handle.write(Buffer.alloc(MiB, 1), 0, MiB, 32 * MiB)
  await handle.close()
  deepEqual(await extents(), [
    { offset: 0, length: 8 * MiB, data: false },
    { offset: 8 * MiB, length: MiB, data: true },
    { offset: 9 * MiB, length: 23 * MiB, data: false },
    { offset: 32 * MiB, length: MiB, data: true },
    { offset: 33 * MiB, length: 31 * MiB, data: false },
  ])
})

both('a file cut short while open is changed, one that grew too', async (disks, folder) => {
  const path = join(folder, 'd')
  await writeFile(path, Buffer.alloc(MiB, 3))
  await using reader = await disks.openReader(raw(path))
  await truncate(path, 1000)
  await rejects(reader.read(Buffer.alloc(4096), 0), kind('changed'))
  await rejects(reader.read(Buffer.alloc(1), MiB - 1), kind('changed'))
  await rejects(reader.checkUnchangedSize(), kind('changed'))
  const covered = (await Array.fromAsync(reader.extents())).reduce((sum, { length }) => sum + length, 0)
  equal(covered, MiB)
  await truncate(path, MiB)
  await reader.checkUnchangedSize()
  await truncate(path, MiB + 1)
  await rejects(reader.checkUnchangedSize(), kind('changed'))
})

test('a disk that gives an I/O error is unreadable', async context => {
  const folder = await folderFor(context)
  // A process's own memory is a file that opens, and cannot be read at 0.
  await rejects(async () => {
    await using reader = await localDisks().openReader(raw('/proc/self/mem'))
    await reader.read(Buffer.alloc(1), 0)
  }, Error)
  await mkdir(join(folder, 'd'))
  await rejects(localDisks().openReader(raw(join(folder, 'd'))), kind('unreadable'))
  await run('mkfifo', [join(folder, 'pipe')])
  await rejects(localDisks().openReader(raw(join(folder, 'pipe'))), kind('unreadable'))
  await rejects(localDisks().openReader(raw('/dev/zero')), kind('unreadable'))
})

both('a path is absolute, plain, and no link', async (disks, folder) => {
  const path = join(folder, 'd')
  await writeFile(path, 'secret')
  await symlink(path, join(folder, 'link'))
  for (const hostile of ['d', './d', `${folder}/../${folder.split('/').at(-1)}/d`, `${path}\0`, `${folder}//d`, ''])
    for (const ask of [disks.openReader, disks.openWriter, disks.stat, disks.remove])
      await rejects(ask(raw(hostile)), kind('denied'), JSON.stringify(hostile))
  for (const ask of [disks.openReader, disks.openWriter, disks.stat, disks.remove]) {
    await rejects(ask(raw(join(folder, 'link'))), kind('denied'))
    if (ask !== disks.remove) await rejects(ask(raw(join(folder, 'none'))), kind('missing'))
  }
  equal(await readFile(path, 'utf8'), 'secret')
})

both('a writer is alone, also by another name of the file', async (disks, folder) => {
  const { path } = await disks.create(join(folder, 'd'), MiB)
  await link(path, join(folder, 'other'))
  const writer = await disks.openWriter(raw(path))
  await rejects(disks.openWriter(raw(path)), kind('conflict'))
  await rejects(disks.openWriter(raw(join(folder, 'other'))), kind('conflict'))
  await rejects(disks.remove(raw(path)), kind('conflict'))
  await using reader = await disks.openReader(raw(path))
  equal(reader.sizeBytes, MiB)
  await writer[Symbol.asyncDispose]()
  await (await disks.openWriter(raw(join(folder, 'other'))))[Symbol.asyncDispose]()
  const tries = await Promise.allSettled([1, 2, 3, 4].map(() => disks.openWriter(raw(path))))
  const opened = tries.flatMap(it => (it.status === 'fulfilled' ? [it.value] : []))
  equal(opened.length, 1)
  await Promise.all(opened.map(it => it[Symbol.asyncDispose]()))
})

test('a disk that another process, or a virtual machine, has is not written, and the other way round', async context => {
  const c = await findCLibrary()
  if (!c) return context.skip('this process has no node:ffi')
  const { path } = await localDisks().create(join(await folderFor(context), 'd'), MiB)
  const other = await open(path, 'r+')
  equal(c.take(other.fd), true)
  await rejects(localDisks().openWriter(raw(path)), kind('conflict', /virtual machine/))
  await (await localDisks().openReader(raw(path)))[Symbol.asyncDispose]()
  await other.close()
  await using _writer = await localDisks().openWriter(raw(path))
  const later = await open(path, 'r+')
  equal(c.take(later.fd), false)
  await later.close()
})

both('writes, zeros and reads are what a plain array would have (property)', async (disks, folder) => {
  const size = 600_000
  const step = fc.record({
    zero: fc.boolean(),
    offset: fc.integer({ min: 0, max: size }),
    length: fc.integer({ min: 0, max: 200_000 }),
    byte: fc.integer({ min: 0, max: 255 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async steps => {
      const { path } = await disks.create(join(folder, crypto.randomUUID()), size)
      const model = Buffer.alloc(size)
      {
        await using writer = await disks.openWriter(raw(path))
        for (const { zero, offset, length, byte } of steps) {
          const bytes = Math.min(length, size - offset)
          model.fill(zero ? 0 : byte, offset, offset + bytes)
          if (zero) await writer.zero(offset, bytes)
          else await writer.write(Buffer.alloc(bytes, byte), offset)
        }
        const back = Buffer.alloc(size)
        await writer.read(back, 0)
        ok(back.equals(model))
        await writer.flush()
      }
      ok((await readFile(path)).equals(model))
    }),
    { numRuns: 30 },
  )
})

test('zeroing frees the blocks, and only what was never written is blank', async context => {
  if (!(await findCLibrary())) return context.skip('this process has no node:ffi')
  const folder = await folderFor(context)
  const disks = localDisks()
  const disk = await disks.create(join(folder, 'd'), 8 * MiB)
  const writing = async (work: (writer: DiskWriter) => Promise<void>): Promise<boolean> => {
    await using writer = await disks.openWriter(disk)
    await work(writer)
    await writer.flush()
    return writer.blank
  }
  equal(await writing(writer => writer.write(Buffer.alloc(8 * MiB, 1), 0)), true)
  equal((await disks.stat(disk)).allocatedBytes >= 8 * MiB, true)
  equal(await writing(writer => writer.zero(MiB, 6 * MiB)), false)
  ok((await disks.stat(disk)).allocatedBytes <= 2 * MiB + 65_536)
  equal(await writing(writer => writer.zero(0, 8 * MiB)), false)
  equal(await writing(async () => undefined), true)
  await rejects(
    writing(writer => writer.zero(MiB, 8 * MiB)),
    RangeError,
  )
})

both('makes sparse files of its own and removes them; replaces nothing', async (disks, folder) => {
  const path = join(folder, 'new/disks/d.raw')
  const made = await disks.create(path, 10 * 1024 * MiB)
  deepEqual(made, raw(path))
  const { sizeBytes, allocatedBytes } = await disks.stat(made)
  deepEqual([sizeBytes, allocatedBytes], [10 * 1024 * MiB, 0])
  equal((await stat(path)).mode & 0o777, 0o600)
  await rejects(disks.create(path, MiB), kind('conflict'))
  await symlink(join(folder, 'elsewhere'), join(folder, 'dangling'))
  await rejects(disks.create(join(folder, 'dangling'), MiB), kind('conflict'))
  for (const size of [0, -1, 1.5, Number.NaN]) await rejects(disks.create(join(folder, 'x'), size), RangeError)
  await disks.remove(made)
  await disks.remove(made)
  await disks.remove(raw(join(path, 'below')))
  await rejects(disks.stat(made), kind('missing'))
  await rejects(disks.remove(raw(folder)), kind('unreadable'))
})

both('a full target says so', async (disks, folder, context) => {
  const mounted = join(folder, 'tiny')
  await mkdir(mounted)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mounted], { stdio: 'ignore' })
  } catch {
    return context.skip('mounting a tmpfs needs root')
  }
  try {
    const disk = await disks.create(join(mounted, 'd'), 8 * MiB)
    await using writer = await disks.openWriter(disk)
    await rejects(writer.write(Buffer.alloc(8 * MiB, 1), 0), kind('full'))
    await writer.zero(0, MiB)
  } finally {
    execFileSync('umount', [mounted])
  }
})

test('a file put in the place of another while it is opened is noticed by its identity', async context => {
  const folder = await folderFor(context)
  const disks = localDisks()
  const path = join(folder, 'd')
  await writeFile(path, 'first one')
  await writeFile(join(folder, 'e'), 'other')
  await using reader = await disks.openReader(raw(path))
  await rename(join(folder, 'e'), path)
  const into = Buffer.alloc(9)
  await reader.read(into, 0)
  equal(into.toString(), 'first one')
})

both('a block device: its size, its bytes, and no writing while it is mounted', async (disks, folder, context) => {
  const image = join(folder, 'image')
  await writeFile(image, randomBytes(5 * MiB + 512))
  let device: string
  try {
    device = execFileSync('losetup', ['-f', '--show', image], { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' })
  } catch {
    return context.skip('a loop device needs root')
  }
  device = device.trim()
  try {
    await holdOnDevice(disks, raw(device), await readFile(image))
    await symlink(device, join(folder, 'link'))
    await rejects(disks.openReader(raw(join(folder, 'link'))), kind('denied'))
    execFileSync('mkfs.ext4', ['-q', device])
    const mounted = join(folder, 'mounted')
    await mkdir(mounted)
    execFileSync('mount', [device, mounted])
    try {
      await rejects(disks.openWriter(raw(device)), kind('conflict'))
      await (await disks.openReader(raw(device)))[Symbol.asyncDispose]()
    } finally {
      execFileSync('umount', [mounted])
    }
  } finally {
    execFileSync('losetup', ['-d', device])
  }
})

async function holdOnDevice(disks: Disks, device: ReturnType<typeof raw>, content: Buffer): Promise<void> {
  deepEqual(await disks.stat(device), { sizeBytes: content.length, allocatedBytes: content.length })
  {
    await using reader = await disks.openReader(device)
    const into = Buffer.alloc(content.length)
    await reader.read(into, 0)
    ok(into.equals(content))
    deepEqual(await Array.fromAsync(reader.extents()), [{ offset: 0, length: content.length, data: true }])
    await reader.checkUnchangedSize()
  }
  await using writer = await disks.openWriter(device)
  equal(writer.blank, false)
  await rejects(disks.openWriter(device), kind('conflict'))
  await writer.write(Buffer.alloc(1000, 9), 100)
  await writer.zero(4096, MiB)
  await writer.zero(2 * MiB + 1, 17)
  await writer.flush()
  const back = Buffer.alloc(content.length)
  await writer.read(back, 0)
  const wanted = Buffer.from(content)
    .fill(9, 100, 1100)
    .fill(0, 4096, 4096 + MiB)
  ok(back.equals(wanted.fill(0, 2 * MiB + 1, 2 * MiB + 18)))
  await rejects(disks.remove(device), kind('denied'))
}

test('without node:ffi the disks work as well', async context => {
  const folder = await folderFor(context)
  const script = `const { localDisks } = await import(${JSON.stringify(new URL('./local.ts', import.meta.url).href)})
    const { findCLibrary } = await import(${JSON.stringify(new URL('./c-library.ts', import.meta.url).href)})
    const disks = localDisks()
    await using reader = await disks.openReader({ path: ${JSON.stringify(join(folder, 'd'))}, format: 'raw' })
    console.log(await findCLibrary(), JSON.stringify(await Array.fromAsync(reader.extents())))`
  await writeFile(join(folder, 'd'), '')
  await truncate(join(folder, 'd'), 1000)
  for (const flags of [['--no-experimental-ffi'], ['--permission', '--allow-fs-read=*']]) {
    const { stdout } = await run(process.execPath, [...flags, '--input-type=module', '-e', script])
    equal(stdout.trim(), 'undefined [{"offset":0,"length":1000,"data":true}]')
  }
})
