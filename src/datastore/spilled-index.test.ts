/** The index when next to nothing of it fits into memory. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { Fault } from '../ports/fault.ts'
import { type ChunkIndex, chunkIndex } from './chunk-index.ts'
import type { ChunkPlace } from './chunk-row.ts'
import { memoryDisk, readerOf } from './memory-disks.ts'
import { openDatastore } from './open.ts'
import { PAGE_WORDS, type PagePool, pagePool } from './pages.ts'
import { references } from './references.ts'
import { openSpillFile, type SpillFile, sweepSpillFiles } from './spill-file.ts'
import { assertHolds, at, collectLeaving, fixedKeyring, noise, silentLog } from './test-realm.ts'

const PAGE_BYTES = PAGE_WORDS * 4

/** Few enough that some share the tag that they are looked up by. */
function nameOf(number: number): DataView {
  const name = Buffer.from(noise(16, number))
  name.writeUInt32BE((name.readUInt32BE(0) & 0xfff0000f) >>> 0, 0)
  return new DataView(name.buffer, name.byteOffset, 16)
}

const placeOf = (number: number, pack: number): ChunkPlace => ({
  pack,
  offset: number,
  sealedLength: 1000 + (number % 1000),
  rawLength: 2000,
  ordinal: number % 16_384,
  codec: 1,
  kind: 0,
})

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'opencbr-spill-'))
  try {
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Known {
  readonly id: number
  pack: number | undefined
}

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('idOf' as const), from: fc.nat(3000), count: fc.nat(400) }),
    fc.record({ do: fc.constant('place' as const), from: fc.nat(3000), count: fc.nat(100) }),
    fc.record({ do: fc.constant('load' as const), from: fc.nat(3000), count: fc.nat(1200) }),
  ),
  { maxLength: 12 },
)
type Step = typeof steps extends fc.Arbitrary<infer T> ? (T extends readonly (infer S)[] ? S : never) : never

/** Both are told the same; where several places are told of, the first is kept. `trying` may repeat what failed. */
function apply(index: ChunkIndex, model: Map<number, Known>, { do: what, from, count }: Step, trying: Trying): void {
  const pack = model.size
  for (let number = from; number < from + count; number++) {
    const known = model.get(number)
    if (what === 'load') trying(() => index.enterLater(nameOf(number), 0, placeOf(number, pack)))
    else {
      const id = trying(() => index.idOf(nameOf(number), 0))
      if (known) assert.equal(id, known.id)
      if (what === 'place') trying(() => index.setPlace(id, placeOf(number, pack)))
      model.set(number, { id, pack: what === 'place' ? pack : known?.pack })
    }
  }
  trying(() => index.settle((id, place) => index.place(id) ?? index.setPlace(id, place)))
  for (let number = from; what === 'load' && number < from + count; number++) {
    const known = model.get(number)
    model.set(number, { id: known?.id ?? trying(() => index.find(nameOf(number), 0)), pack: known?.pack ?? pack })
  }
}

type Trying = <T>(work: () => T) => T
const once: Trying = work => work()

function assertSame(index: ChunkIndex, model: ReadonlyMap<number, Known>): void {
  for (const [number, { id, pack }] of model) {
    assert.equal(index.find(nameOf(number), 0), id)
    assert.deepEqual(index.place(id), pack === undefined ? undefined : placeOf(number, pack))
    const { buffer, byteOffset } = nameOf(number)
    assert.deepEqual(index.nameOf(id), Buffer.from(buffer, byteOffset, 16))
  }
  assert.equal(new Set([...model.values()].map(({ id }) => id)).size, model.size)
  for (let number = 5000; number < 5100; number++) assert.equal(index.find(nameOf(number), 0), -1)
}

const small = (open: () => SpillFile): PagePool => pagePool({ mostBytes: 3 * PAGE_BYTES, open })

test('an index in three pages of memory and a file answers as one that is all in memory', () => {
  inFolder(folder => {
    fc.assert(
      fc.property(steps, all => {
        const pool = small(() => openSpillFile(folder))
        const [index, model] = [chunkIndex(pool), new Map<number, Known>()]
        for (const step of all) apply(index, model, step, once)
        assertSame(index, model)
        assert.ok(pool.usage().memory <= 3 * PAGE_BYTES)
        pool.close()
      }),
      { numRuns: 40 },
    )
    assert.deepEqual(readdirSync(folder), [])
  })
})

test('a full disk is a Fault, and what was known is still known when there is room again', () => {
  inFolder(folder => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 9 }), (all, often) => {
        let [calls, failed] = [0, 0]
        const open = (): SpillFile => {
          const file = openSpillFile(folder)
          const write: SpillFile['write'] = (from, offset) => {
            if (++calls > 0 && calls % (often + 1) === 0) throw new Fault('full', 'no room')
            file.write(from, offset)
          }
          return { ...file, write }
        }
        const untilDone: Trying = work => {
          for (;;) {
            try {
              return work()
            } catch (error) {
              assert.ok(error instanceof Fault && error.kind === 'full')
              failed += 1
              // Growing takes many writes in a row: it succeeds when the disk has room for a while.
              if (failed % 20 === 0) calls = -5000
            }
          }
        }
        const pool = small(open)
        const [index, model] = [chunkIndex(pool), new Map<number, Known>()]
        for (const step of all) apply(index, model, step, untilDone)
        calls = Number.NEGATIVE_INFINITY
        assertSame(index, model)
        pool.close()
      }),
      { numRuns: 25 },
    )
  })
})

test('counts of references are the same wherever they lie, and end with a clear', () => {
  inFolder(folder => {
    const pool = small(() => openSpillFile(folder))
    const counted = references(pool)
    const model = new Map<number, number>()
    const numbers = new Uint32Array(noise(40_000, 3).buffer, 0, 10_000).map(number => number % 9000)
    for (const [turn, id] of numbers.entries()) {
      const before = model.get(id) ?? 0
      assert.equal(counted.has(id), before > 0)
      if (turn % 3 < 2 || before === 0) assert.equal(counted.add(id), before === 0)
      else assert.equal(counted.remove(id), before === 1)
      model.set(id, turn % 3 < 2 || before === 0 ? before + 1 : before - 1)
    }
    const left = [...model].flatMap(([id, count]) => (count > 0 ? [id] : [])).sort((a, b) => a - b)
    assert.deepEqual([...counted.values()], left)
    counted.clear()
    assert.deepEqual([...counted.values()], [])
    pool.close()
  })
})

test('what a killed process left is swept, and nothing else', () => {
  inFolder(folder => {
    writeFileSync(join(folder, 'spill-1'), 'left')
    writeFileSync(join(folder, 'mine'), 'kept')
    const file = openSpillFile(folder)
    sweepSpillFiles(folder)
    assert.deepEqual(readdirSync(folder), ['mine'])
    file.write(Buffer.from('still there'), 100)
    const read = Buffer.alloc(20)
    file.read(read, 95)
    assert.equal(read.toString('latin1', 5, 16), 'still there')
    file.close()
    sweepSpillFiles(join(folder, 'none'))
  })
})

test('backups, collections and new starts with an index that does not fit', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'opencbr-spill-'))
  try {
    const objectStore = memoryObjectStore()
    const disks = [1, 2, 3].map(seed => {
      const disk = memoryDisk(24 * 2 ** 20)
      for (let page = 0; page < 96; page++)
        if (page % 3 !== seed % 3)
          disk.write(noise(262_144, page % 5 === 0 ? page : page + seed * 1000), page * 262_144)
      return disk
    })
    const start = () =>
      openDatastore({
        ...{ objectStore, keyring: fixedKeyring, log: silentLog(), packBytes: 1 << 20 },
        index: { mostBytes: 1, folder },
      })
    for (const [turn, disk] of disks.entries()) {
      const datastore = start()
      await datastore.write({ ...at(`b${turn}`), source: readerOf(disk) })
      for (let before = 0; before <= turn; before++)
        if (before !== 0 || turn < 2) await assertHolds(datastore, `b${before}`, disks[before] ?? disk)
      if (turn === 1) await collectLeaving(datastore, ['b1'])
      await datastore.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
