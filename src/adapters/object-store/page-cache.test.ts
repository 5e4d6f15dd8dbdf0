import { equal, ok } from 'node:assert/strict'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bytesInMemory } from '../../../test/bytes-in-memory.ts'
import { openFilesystemObjectStore } from './filesystem.ts'

const MiB = 1024 * 1024
const TMPFS = 0x01021994

test('large objects do not stay in memory once they are durable', async context => {
  const folder = await mkdtemp(join(tmpdir(), 'objects-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  if ((await statfs(folder)).type === TMPFS) return context.skip('temporary files are in memory here')
  if (!process.execArgv.includes('--experimental-ffi')) return context.skip('this process has no node:ffi')
  const store = await openFilesystemObjectStore(folder)
  context.after(() => store.close())
  const content = Buffer.alloc(32 * MiB, 'x')
  await store.put('large', [content])
  const inMemory = await bytesInMemory(join(folder, 'objects', 'large'))
  if (inMemory === undefined) return context.skip('there is no fincore here to ask')
  ok(inMemory <= MiB, `${inMemory}`)
  equal(Buffer.compare(await store.get('large'), content), 0)
})
