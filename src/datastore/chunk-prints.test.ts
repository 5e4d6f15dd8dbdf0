/** What is remembered of a disk speeds the next backup up and must never change what it holds. */
import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { CHUNK_BYTES } from './chunk.ts'
import { chunkPrints } from './chunk-prints.ts'
import { type MemoryDisk, memoryDisk, readerOf } from './memory-disks.ts'
import { openDatastore } from './open.ts'
import { assertHolds, at, fixedKeyring, openOn, silentLog } from './test-realm.ts'

const CHUNKS = 9

function diskWith(seeds: readonly number[]): MemoryDisk {
  const disk = memoryDisk(CHUNKS * CHUNK_BYTES)
  for (const [chunk, seed] of seeds.entries())
    if (seed > 0) disk.write(Buffer.alloc(CHUNK_BYTES, `content ${seed} `), chunk * CHUNK_BYTES)
  return disk
}

const FIRST = diskWith([1, 2, 3, 0, 4, 5, 6, 7, 8])
const NEXT = diskWith([1, 2, 9, 10, 4, 0, 6, 7, 8])

async function rememberingIn(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'prints-'))
  context.after(() => rm(folder, { recursive: true }))
  const objectStore = memoryObjectStore()
  const open = (where = folder) => {
    const prints = { folder: where }
    const datastore = openDatastore({ objectStore, keyring: fixedKeyring, log: silentLog(), prints })
    context.after(() => datastore.close())
    return datastore
  }
  const fileOf = (digest: string): string => join(folder, `r.${digest}`)
  return { folder, objectStore, open, fileOf }
}

/** By a datastore that remembers nothing. */
async function digestOf(disk: MemoryDisk): Promise<string> {
  await using datastore = openOn(memoryObjectStore())
  return (await datastore.write({ ...at('alone'), source: readerOf(disk) })).digest
}

test('what has changed is found, and what is remembered afterwards is the new disk', async context => {
  const { folder, open, fileOf } = await rememberingIn(context)
  const datastore = open()
  const first = await datastore.write({ ...at('first'), source: readerOf(FIRST) })
  assert.deepEqual(await readdir(folder), [`r.${first.digest}`])
  const next = await datastore.write({ ...at('next'), source: readerOf(NEXT), base: at('first') })
  assert.equal(next.digest, await digestOf(NEXT))
  const back = await datastore.write({ ...at('back'), source: readerOf(FIRST), base: at('next') })
  assert.equal(back.digest, first.digest)
  const told = { base: at('back'), changed: [{ offset: 2 * CHUNK_BYTES, length: 4 * CHUNK_BYTES, data: true }] }
  assert.equal((await datastore.write({ ...at('told'), source: readerOf(NEXT), ...told })).digest, next.digest)
  await rm(fileOf(first.digest))
  assert.equal((await datastore.write({ ...at('last'), source: readerOf(NEXT), base: at('told') })).digest, next.digest)
  for (const [id, disk] of [['back', FIRST] as const, ['told', NEXT] as const, ['last', NEXT] as const])
    await assertHolds(datastore, id, disk)
})

test('a chunk that has its fingerprint of before is not hashed', async context => {
  const { open, fileOf } = await rememberingIn(context)
  const datastore = open()
  const first = await datastore.write({ ...at('first'), source: readerOf(FIRST) })
  const next = await datastore.write({ ...at('next'), source: readerOf(NEXT) })
  // Only who can write into the data directory can do this: the fingerprints of one disk as if they were another's.
  await copyFile(fileOf(next.digest), fileOf(first.digest))
  const fooled = await datastore.write({ ...at('fooled'), source: readerOf(NEXT), base: at('first') })
  assert.notEqual(fooled.digest, next.digest)
})

test('fingerprints that are torn, cut or gone agree with nothing', async context => {
  const { folder, open, fileOf } = await rememberingIn(context)
  const datastore = open()
  const { digest } = await datastore.write({ ...at('first'), source: readerOf(FIRST) })
  const expected = await digestOf(NEXT)
  const harm = [
    () => writeFile(fileOf(digest), Buffer.alloc(CHUNKS * 16, 7)),
    () => truncate(fileOf(digest), 40),
    () => truncate(fileOf(digest), 0),
    () => rm(folder, { recursive: true }),
  ]
  for (const [number, work] of harm.entries()) {
    await work()
    const id = `next-${number}`
    const written = await datastore.write({ ...at(id), source: readerOf(NEXT), base: at('first') })
    assert.equal(written.digest, expected)
    await assertHolds(datastore, id, NEXT)
  }
})

test('a backup needs no folder for fingerprints, and leaves none of a failed one', async context => {
  const { folder, open } = await rememberingIn(context)
  const failing = readerOf(FIRST, {
    onRead: offset => {
      if (offset > 0) throw new Error('no')
    },
  })
  await assert.rejects(open().write({ ...at('failed'), source: failing }), /no/)
  assert.deepEqual(await readdir(folder), [])
  await writeFile(join(folder, 'file'), '')
  const datastore = open(join(folder, 'file'))
  await datastore.write({ ...at('first'), source: readerOf(FIRST) })
  await datastore.write({ ...at('next'), source: readerOf(NEXT), base: at('first') })
  await assertHolds(datastore, 'next', NEXT)
})

test('those not used for longest make room', async context => {
  const { folder } = await rememberingIn(context)
  const prints = chunkPrints({ folder, log: silentLog(), mostBytes: 100 })
  const remember = async (digest: string, before?: string): Promise<void> => {
    await using disk = await prints.begin({ name: 'r', naming: new Uint8Array(32) }, before)
    await disk.put(0, new Uint8Array(48).fill(1))
    await disk.keep(digest)
  }
  for (const digest of ['a', 'b']) await remember(digest)
  await utimes(join(folder, 'r.a'), 1, 1)
  await utimes(join(folder, 'r.b'), 2, 2)
  await remember('c', 'a')
  assert.deepEqual((await readdir(folder)).sort(), ['r.a', 'r.c'])
})
