import { equal, ok, rejects } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { findCLibrary } from './c-library.ts'
import { localDisks } from './local.ts'
import { writeBehind } from './write-behind.ts'

const MiB = 1024 * 1024
const TMPFS = 0x01021994
const run = promisify(execFile)

test('a part that could not be written out is told to every flush after it, though the system tells once', async context => {
  const c = await findCLibrary()
  if (c === undefined) return context.skip('this process has no node:ffi')
  let failures = 0
  const datasync = async () => {
    if (failures++ === 0) throw Object.assign(new Error('lost'), { code: 'EIO' })
  }
  const behind = writeBehind({ fd: -1, datasync }, c)
  await behind.wrote(31 * MiB)
  equal(failures, 0)
  await behind.wrote(MiB) // goes on beside what is written next
  equal(failures, 1)
  await rejects(behind.wrote(32 * MiB), /lost/)
  await rejects(behind.flush(), /lost/)
  await rejects(behind.flush(), /lost/)
})

test('a disk that is written and read back stays out of memory', async context => {
  if (!(await findCLibrary())) return context.skip('this process has no node:ffi')
  const folder = await mkdtemp(join(tmpdir(), 'disks-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  if ((await statfs(folder)).type === TMPFS) return context.skip('temporary files are in memory here')
  const path = join(folder, 'disk')
  const disks = localDisks()
  await using target = await disks.openWriter(await disks.create(path, 256 * MiB))
  const piece = Buffer.alloc(MiB, 'x')
  for (let at = 0; at < 256; at++) await target.write(piece, at * MiB)
  await target.flush()
  const inMemory = async () => Number(await pagesOf(path))
  const written = await inMemory()
  if (Number.isNaN(written)) return context.skip('there is no fincore here to ask')
  ok(written <= 64 * MiB, `${written} bytes of what was written`)
  for (let at = 0; at < 256; at++) await target.read(piece, at * MiB)
  const read = await inMemory()
  ok(read <= 64 * MiB, `${read} bytes of what was read`)
})

/** Bytes of the file in the page cache; undefined where the program is missing. */
async function pagesOf(path: string): Promise<string | undefined> {
  try {
    return (await run('fincore', ['--bytes', '--noheadings', '--output', 'RES', path])).stdout
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
