import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { chunkIndex, NO_PACK } from './chunk-index.ts'
import { type ChunkPlace, readRow, writeRow } from './chunk-row.ts'
import { idSet } from './id-set.ts'
import { decodeSegment, encodeSegment, mergeSegments, type Segment } from './index-segment.ts'
import { indexMemory } from './open.ts'
import { noise } from './test-realm.ts'

const places: fc.Arbitrary<ChunkPlace> = fc.record(
  {
    pack: fc.nat(0xfffffffe),
    offset: fc.nat(0xffffffff),
    sealedLength: fc.nat(0xffffff),
    rawLength: fc.integer({ min: 1, max: 262_144 }),
    ordinal: fc.nat(16_383),
    codec: fc.constantFrom(0, 1),
    kind: fc.constantFrom(0, 1),
  },
  { noNullPrototype: true },
)

test('a row says what was written into it', () => {
  fc.assert(
    fc.property(places, place => {
      const row = Buffer.alloc(40)
      writeRow(row, 8, noise(16, 1), place)
      assert.deepEqual(readRow(row, 8), place)
    }),
  )
})

test('names keep their ids while the index grows, and places can be changed', () => {
  const index = chunkIndex(indexMemory(undefined).pool)
  const count = 50_000
  const names = noise(count * 16, 7)
  const view = new DataView(names.buffer, names.byteOffset, names.length)
  const place = { pack: 3, offset: 5, sealedLength: 1000, rawLength: 2000, ordinal: 9, codec: 1, kind: 0 } as const
  for (let n = 0; n < count; n++) {
    assert.equal(index.find(view, n * 16), -1)
    assert.equal(index.idOf(view, n * 16), n)
    if (n % 3 === 0) index.setPlace(n, { ...place, offset: n })
  }
  for (let n = 0; n < count; n++) {
    assert.equal(index.find(view, n * 16), n)
    assert.equal(index.idOf(view, n * 16), n)
    if (n % 3 === 0) assert.deepEqual(index.place(n), { ...place, offset: n })
    else assert.equal(index.packOf(n), NO_PACK)
    if (n % 5000 === 0) assert.ok(index.nameOf(n).equals(names.subarray(n * 16, n * 16 + 16)))
  }
  assert.equal(index.count(), count)
})

test('a set of ids is a set', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200_000)), ids => {
      const set = idSet()
      const known = new Set<number>()
      for (const id of ids) {
        assert.equal(set.add(id), !known.has(id))
        known.add(id)
      }
      assert.deepEqual(
        [...set.values()],
        [...known].sort((a, b) => a - b),
      )
      assert.ok(ids.every(set.has) && !set.has(200_001))
    }),
  )
})

function segmentOf(packs: number, rowsPerPack: number): Segment {
  const rows = Buffer.alloc(packs * rowsPerPack * 32)
  for (let row = 0; row < packs * rowsPerPack; row++) {
    const pack = Math.floor(row / rowsPerPack)
    const place = {
      pack,
      offset: row,
      sealedLength: 20,
      rawLength: 4,
      ordinal: row % rowsPerPack,
      codec: 0,
      kind: 0,
    } as const
    writeRow(rows, row * 32, randomBytes(16), place)
  }
  const ids = Array.from({ length: packs }, () => ({ id: randomBytes(16).toString('hex'), bytes: rowsPerPack * 20 }))
  return { packs: ids, rows }
}

const rowsOf = ({ packs, rows }: Segment): readonly string[] =>
  Array.from({ length: rows.length / 32 }, (_, row) => {
    const at = row * 32
    return `${rows.toString('hex', at, at + 16)} ${packs[rows.readUInt32BE(at + 16)]?.id} ${rows.toString('hex', at + 20, at + 32)}`
  })

test('a segment comes back sorted, with the same rows, and merges without the packs that go', () => {
  const sealing = randomBytes(32)
  const segments = [segmentOf(3, 3000), segmentOf(1, 1), segmentOf(0, 0)]
  for (const segment of segments) {
    const { parts } = encodeSegment(sealing, segment)
    const object = Buffer.concat(parts)
    const decoded = decodeSegment(sealing, object, 'here')
    assert.deepEqual(decoded.packs, segment.packs)
    assert.deepEqual(rowsOf(decoded), [...rowsOf(segment)].sort())
    assert.throws(() => decodeSegment(sealing, Buffer.concat([object, Buffer.alloc(1)]), 'here'))
    for (const cut of [10, 34, 50, object.length - 1])
      assert.throws(() => decodeSegment(sealing, object.subarray(0, Math.min(cut, object.length - 1)), 'here'))
  }
  const gone = segments[0]?.packs[1]?.id ?? ''
  const merged = mergeSegments(segments, pack => pack === gone)
  assert.deepEqual(
    [...rowsOf(merged)].sort(),
    segments
      .flatMap(rowsOf)
      .filter(row => !row.includes(gone))
      .sort(),
  )
})
