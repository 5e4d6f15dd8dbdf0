/** A backup handed from one realm to another, in pieces: what is asked for, what is believed, what a collection leaves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { Fault } from '../ports/fault.ts'
import { CHUNK_BYTES, hashOf } from './chunk.ts'
import type { Datastore, IncomingChunk, OutgoingBackup } from './datastore.ts'
import { diskOf, type MemoryDisk, readerOf } from './memory-disks.ts'
import { assertHolds, noise, openOn } from './test-realm.ts'

const FROM = 'other'
const UPLOAD = { realm: 'r', upload: 'u' }

const write = (datastore: Datastore, id: string, disk: MemoryDisk) =>
  datastore.write({ realm: FROM, id, source: readerOf(disk) })

/** All that an upload would bring, page by page. */
async function piecesOf(outgoing: OutgoingBackup): Promise<readonly IncomingChunk[]> {
  const pieces: IncomingChunk[] = []
  for (let page = 0; page * 32 < outgoing.pages.length; page++) {
    const { content, chunks } = await outgoing.page(page)
    const contents = await outgoing.contents(chunks)
    for (const [at, { hash }] of chunks.entries())
      pieces.push({ kind: 0, hash, content: contents[at] ?? assert.fail('no content') })
    pieces.push({ kind: 1, hash: outgoing.pages.slice(page * 32, (page + 1) * 32), content })
  }
  return pieces
}

const missing = async (datastore: Datastore, pieces: readonly IncomingChunk[]): Promise<number> => {
  let count = 0
  for (const kind of [0, 1] as const) {
    const hashes = Buffer.concat(pieces.filter(piece => piece.kind === kind).map(({ hash }) => hash))
    count += (await datastore.incoming.missing(UPLOAD, { kind, hashes })).reduce((sum, one) => sum + one, 0)
  }
  return count
}

const fault = (kind: string) => (error: unknown) => error instanceof Fault && error.kind === kind

async function stage() {
  const datastore = openOn(memoryObjectStore())
  const disk = diskOf(noise(9 * CHUNK_BYTES + 1000, 1))
  await write(datastore, 'b', disk)
  const outgoing = await datastore.outgoing({ realm: FROM, id: 'b' })
  const pieces = await piecesOf(outgoing)
  const put = (pages = outgoing.pages, sizeBytes = outgoing.sizeBytes) =>
    datastore.incoming.put(UPLOAD, { id: 'copy', sizeBytes, pages })
  return { datastore, disk, outgoing, pieces, put }
}

test('everything is missing in another realm, then nothing; the copy has the same digest and content', async () => {
  const { datastore, disk, outgoing, pieces, put } = await stage()
  await using _ = datastore
  assert.equal(await missing(datastore, pieces), pieces.length)
  await datastore.incoming.store(UPLOAD, pieces.slice(0, 4))
  assert.equal(await missing(datastore, pieces), pieces.length - 4)
  await datastore.incoming.store(UPLOAD, pieces)
  assert.equal(await missing(datastore, pieces), 0)
  assert.equal((await put()).digest, outgoing.digest)
  assert.equal((await put()).digest, outgoing.digest)
  await assertHolds(datastore, 'copy', disk)
})

test('a page is there only with all that it lists', async () => {
  const { datastore, pieces } = await stage()
  await using _ = datastore
  const page = pieces.filter(({ kind }) => kind === 1)
  await datastore.incoming.store(UPLOAD, page)
  assert.equal(await missing(datastore, page), page.length)
})

test('what is not what it says is refused whole: hashes, kinds, lists of pages, sizes', async () => {
  const { datastore, outgoing, pieces, put } = await stage()
  await using _ = datastore
  const [first, second] = pieces
  assert.ok(first && second)
  const lie = [second, { ...first, content: Buffer.from(first.content).fill(1, 0, 1) }]
  await assert.rejects(datastore.incoming.store(UPLOAD, lie), fault('corrupt'))
  assert.equal(await missing(datastore, pieces), pieces.length)
  const odd = Buffer.alloc(33, 7)
  await assert.rejects(
    datastore.incoming.store(UPLOAD, [{ kind: 1, hash: hashOf(odd), content: odd }]),
    fault('corrupt'),
  )
  await assert.rejects(put(), fault('missing'))
  await datastore.incoming.store(UPLOAD, pieces.slice(1))
  await assert.rejects(put(), fault('missing'))
  await datastore.incoming.store(UPLOAD, pieces)
  await assert.rejects(put(outgoing.pages, outgoing.sizeBytes + 1), fault('corrupt'))
  await assert.rejects(put(outgoing.pages.subarray(1)), fault('corrupt'))
  await assert.rejects(put(outgoing.pages, 2 ** 60), fault('corrupt'))
  await put()
})

test('what an upload has brought stays good for it while a collection waits for it, and only for it', async () => {
  const { datastore, disk, pieces, put } = await stage()
  await using _ = datastore
  await datastore.incoming.store(UPLOAD, pieces)
  let live: readonly string[] = []
  const ended = Promise.withResolvers<void>()
  const condemned = Promise.withResolvers<void>()
  const collecting = datastore.collect({
    realm: 'r',
    live: async () => live,
    writersDrained: () => {
      condemned.resolve()
      return ended.promise
    },
  })
  await condemned.promise
  assert.equal(await missing(datastore, pieces), 0)
  const hashes = Buffer.concat(pieces.filter(({ kind }) => kind === 0).map(({ hash }) => hash))
  const others = await datastore.incoming.missing({ realm: 'r', upload: 'another' }, { kind: 0, hashes })
  assert.ok(others.every(one => one === 1))
  await put()
  live = ['copy']
  ended.resolve()
  await collecting
  await assertHolds(datastore, 'copy', disk)
})

test('what nobody refers to goes with a collection, and is asked for again', async () => {
  const { datastore, pieces, put } = await stage()
  await using _ = datastore
  await datastore.incoming.store(UPLOAD, pieces)
  await datastore.collect({ realm: 'r', live: async () => [], writersDrained: async () => undefined })
  assert.equal(await missing(datastore, pieces), pieces.length)
  await assert.rejects(put(), fault('missing'))
})
