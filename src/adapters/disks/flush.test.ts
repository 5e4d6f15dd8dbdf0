import { ok } from 'node:assert/strict'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bytesInMemory } from '../../../test/bytes-in-memory.ts'
import { findCLibrary } from './c-library.ts'
import { localDisks } from './local.ts'

const MiB = 1024 * 1024
const TMPFS = 0x01021994

test('what has been flushed, or read since, does not stay in memory', async context => {
  if (!(await findCLibrary())) return context.skip('this process has no node:ffi')
  const folder = await mkdtemp(join(tmpdir(), 'disks-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  if ((await statfs(folder)).type === TMPFS) return context.skip('temporary files are in memory here')
  const path = join(folder, 'disk')
  const disks = localDisks()
  await using target = await disks.openWriter(await disks.create(path, 32 * MiB))
  const piece = Buffer.alloc(MiB, 'x')
  for (const work of [target.write, target.read]) {
    for (let at = 0; at < 32; at++) await work(piece, at * MiB)
    await target.flush()
    const inMemory = await bytesInMemory(path)
    if (inMemory === undefined) return context.skip('there is no fincore here to ask')
    ok(inMemory <= MiB, `${inMemory}`)
  }
})
