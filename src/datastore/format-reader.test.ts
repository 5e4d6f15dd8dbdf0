/**
 * Another program: reads a store by docs/format.md alone. It shares no code with the datastore, so that what the page says
 * and what the datastore writes cannot drift apart unnoticed.
 */
import assert from 'node:assert/strict'
import { createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { diskOf, memoryDisk, readerOf } from './memory-disks.ts'
import { fixedKeyring, noise, openOn } from './test-realm.ts'

type Objects = ReadonlyMap<string, Buffer>
interface Keys {
  readonly naming: Uint8Array
  readonly sealing: Uint8Array
}
interface Place {
  readonly pack: Buffer
  readonly row: Buffer
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
const under = (objects: Objects, folder: string): Buffer[] =>
  [...objects].filter(([key]) => key.includes(`/${folder}/`)).map(([, object]) => object)

function unseal(
  keys: Keys,
  object: Buffer,
  part: Buffer,
  [space, number]: [number, number],
  more: Uint8Array = new Uint8Array(),
) {
  const header = object.subarray(0, 32)
  assert.equal(header.toString('latin1', 0, 4), 'OCBR')
  assert.equal(header.readUInt16BE(8), 1)
  const info = `opencbr/1/${header.toString('latin1', 4, 8)}`
  const key = new Uint8Array(hkdfSync('sha256', keys.sealing, header.subarray(16), info, 32))
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(space, 0)
  nonce.writeUInt32BE(number, 8)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(Buffer.concat([header, more]))
  decipher.setAuthTag(part.subarray(-16))
  return Buffer.concat([decipher.update(part.subarray(0, -16)), decipher.final()])
}

/** From the tables of the packs. */
function indexOfPacks(keys: Keys, objects: Objects): Map<string, Place> {
  const index = new Map<string, Place>()
  for (const pack of under(objects, 'packs')) {
    const trailer = pack.subarray(-16)
    assert.equal(trailer.toString('latin1', 8), 'OCBRPEND')
    const table = pack.subarray(trailer.readUInt32BE(0), -16)
    const rows = unseal(keys, pack, table, [1, 0], trailer)
    assert.equal(rows.length, trailer.readUInt32BE(4) * 32)
    for (let at = 0; at < rows.length; at += 32)
      index.set(rows.toString('hex', at, at + 16), { pack, row: rows.subarray(at, at + 32) })
  }
  return index
}

/** From the index segments. */
function indexOfSegments(keys: Keys, objects: Objects): Map<string, Place> {
  const index = new Map<string, Place>()
  const packs = new Map(under(objects, 'packs').map(pack => [pack.toString('hex', 16, 32), pack]))
  for (const segment of under(objects, 'index')) {
    const end = 36 + segment.readUInt32BE(32)
    const directory = unseal(keys, segment, segment.subarray(36, end), [2, 0])
    const packCount = directory.readUInt32BE(0)
    const rowCount = directory.readUInt32BE(4)
    let from = end
    for (let block = 0; block * 4096 < rowCount; block++) {
      const to = from + Math.min(4096, rowCount - block * 4096) * 32 + 16
      const rows = unseal(keys, segment, segment.subarray(from, to), [3, block])
      const first = 8 + packCount * 20 + block * 16
      assert.ok(rows.subarray(0, 16).equals(directory.subarray(first, first + 16)))
      for (let at = 0; at < rows.length; at += 32) {
        const listed = 8 + rows.readUInt32BE(at + 16) * 20
        const pack = packs.get(directory.toString('hex', listed, listed + 16))
        assert.ok(pack)
        assert.equal(pack.length, directory.readUInt32BE(listed + 16))
        index.set(rows.toString('hex', at, at + 16), { pack, row: rows.subarray(at, at + 32) })
      }
      from = to
    }
    assert.equal(from, segment.length)
  }
  return index
}

function chunk(keys: Keys, index: Map<string, Place>, kind: number, hash: Buffer): Buffer {
  const input = Buffer.concat([Buffer.of(kind), hash])
  const name = createHmac('sha256', keys.naming).update(input).digest().subarray(0, 16)
  const found = index.get(name.toString('hex'))
  assert.ok(found, `chunk ${name.toString('hex')}`)
  const { pack, row } = found
  const [offset, lengths, shape] = [row.readUInt32BE(20), row.readUInt32BE(24), row.readUInt32BE(28)]
  const [codec, sealed, length, ordinal] = [
    (lengths >>> 24) & 15,
    lengths & 0xffffff,
    (shape >>> 14) + 1,
    shape & 16383,
  ]
  assert.equal(lengths >>> 28, kind)
  const more = Buffer.alloc(26)
  name.copy(more)
  more.writeUInt32BE(ordinal, 16)
  more.writeUInt32BE(length, 20)
  more[24] = kind
  more[25] = codec
  const bytes = unseal(keys, pack, pack.subarray(offset, offset + sealed), [0, ordinal], more)
  const content = codec === 1 ? zstdDecompressSync(bytes) : bytes
  assert.equal(content.length, length)
  assert.ok(sha256(content).equals(hash))
  return content
}

function restore(
  keys: Keys,
  objects: Objects,
  id: string,
  index: Map<string, Place>,
): { disk: Buffer; digest: string } {
  const [, object] = [...objects].find(([key]) => key.endsWith(`/manifests/${id}`)) ?? []
  assert.ok(object)
  const body = zstdDecompressSync(unseal(keys, object, object.subarray(32), [4, 0], Buffer.from(id)))
  const disk = Buffer.alloc(Number(body.readBigUInt64BE(0)))
  assert.deepEqual([body.readUInt32BE(40), body.readUInt32BE(44)], [262_144, 1024])
  const pages = body.subarray(80)
  const preimage = Buffer.concat([Buffer.from('opencbr/1/digest'), body.subarray(0, 8), body.subarray(40, 48), pages])
  assert.ok(sha256(preimage).equals(body.subarray(48, 80)))
  for (let page = 0; page * 32 < pages.length; page++) {
    const hash = pages.subarray(page * 32, page * 32 + 32)
    if (hash.every(byte => byte === 0)) continue
    const hashes = chunk(keys, index, 1, hash)
    for (let number = 0; number * 32 < hashes.length; number++) {
      const of = hashes.subarray(number * 32, number * 32 + 32)
      if (of.some(byte => byte !== 0)) chunk(keys, index, 0, of).copy(disk, (page * 1024 + number) * 262_144)
    }
  }
  return { disk, digest: sha256(preimage).toString('hex') }
}

test('the test vectors of docs/format.md', async () => {
  const page = await readFile(new URL('../../docs/format.md', import.meta.url), 'utf8')
  const vectors = JSON.parse(/```json\n([\s\S]+?)\n```/.exec(page)?.[1] ?? '')
  const bytes = (from: number) => Uint8Array.from({ length: 32 }, (_, number) => from + number)
  const keys = { naming: bytes(0x20), sealing: bytes(0) }
  const content = Buffer.from('hello world')
  const nameOf = (kind: number, hash: Buffer) =>
    createHmac('sha256', keys.naming).update(Buffer.of(kind)).update(hash).digest('hex').slice(0, 32)
  assert.equal(vectors.hash, sha256(content).toString('hex'))
  assert.equal(vectors.name, nameOf(0, sha256(content)))
  assert.equal(vectors.pageHash, sha256(sha256(content)).toString('hex'))
  assert.equal(vectors.pageName, nameOf(1, sha256(sha256(content))))
  const objects = new Map(Object.entries<string>(vectors.objects).map(([key, hex]) => [key, Buffer.from(hex, 'hex')]))
  const [pack] = under(objects, 'packs')
  assert.ok(pack)
  const packKey = hkdfSync('sha256', keys.sealing, pack.subarray(16, 32), 'opencbr/1/PACK', 32)
  assert.equal(vectors.packKey, Buffer.from(packKey).toString('hex'))
  for (const index of [indexOfPacks(keys, objects), indexOfSegments(keys, objects)]) {
    const restored = restore(keys, objects, 'backup-1', index)
    assert.ok(restored.disk.equals(content))
    assert.equal(restored.digest, vectors.digest)
  }
})

test('a program written from docs/format.md alone restores what the datastore wrote', async () => {
  const store = memoryObjectStore()
  await using datastore = openOn(store)
  const disk = memoryDisk(2 ** 28 + 12_345)
  disk.write(noise(3_000_000, 1), 100_000)
  disk.write(Buffer.alloc(2_000_000, 'text that compresses '), 5_000_000)
  disk.write(noise(12_345, 2), 2 ** 28)
  const written = await datastore.write({ realm: 'r', id: 'a', source: readerOf(disk, { holes: true }) })
  await datastore.write({ realm: 'r', id: 'b', source: readerOf(diskOf(noise(700_000, 3))) })
  const objects = new Map<string, Buffer>()
  for await (const { key } of store.list('')) objects.set(key, await store.get(key))
  const { chunkNaming, sealing } = await fixedKeyring.open('r')
  const keys = { naming: chunkNaming, sealing }
  const expected = Buffer.alloc(disk.sizeBytes)
  disk.read(expected, 0)
  for (const index of [indexOfPacks(keys, objects), indexOfSegments(keys, objects)]) {
    const restored = restore(keys, objects, 'a', index)
    assert.ok(restored.disk.equals(expected))
    assert.equal(restored.digest, written.digest)
    assert.ok(restore(keys, objects, 'b', index).disk.equals(noise(700_000, 3)))
  }
})
