import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Extent } from '../ports/disks.ts'
import { BLOCK_BYTES, cut, type ExportDisk } from './export-disk.ts'
import { openOverlay } from './overlay.ts'

const GRAIN = 64 * 1024
/** Ends within a grain, and within a block. */
const SIZE = 2 * BLOCK_BYTES + GRAIN + 1000

/** Fives in its first and last block, zeros between. */
function baseDisk(): { readonly disk: ExportDisk; readonly content: Buffer } {
  const content = Buffer.alloc(SIZE)
  content.fill(5, 0, BLOCK_BYTES).fill(5, 2 * BLOCK_BYTES)
  const disk: ExportDisk = {
    sizeBytes: SIZE,
    read: async (offset, length) => content.subarray(offset, offset + length),
    async *extents(from, to) {
      for (const { offset, length } of cut(from, to - from, BLOCK_BYTES))
        yield { offset, length, data: content[offset] === 5 }
    },
    close: async () => undefined,
  }
  return { disk, content: Buffer.from(content) }
}

async function whole(disk: ExportDisk): Promise<Buffer> {
  return Buffer.concat(await Promise.all(cut(0, SIZE, BLOCK_BYTES).map(piece => disk.read(piece.offset, piece.length))))
}

const place = fc.nat(SIZE - 1)
const change = fc.record({
  at: fc.oneof(place, fc.constantFrom(0, GRAIN, GRAIN - 1, BLOCK_BYTES, SIZE - 1000)),
  length: fc.oneof(fc.integer({ min: 1, max: 3 * GRAIN }), fc.constantFrom(1, GRAIN, 2 * GRAIN)),
  fill: fc.integer({ min: 0, max: 255 }),
  zero: fc.boolean(),
})

test('reads what was written last, the backup elsewhere; extents never hide data', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'overlay-'))
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 12 }), async changes => {
        const { disk, content } = baseDisk()
        const overlay = await openOverlay(disk, join(folder, 'o'))
        deepEqual(await readdir(folder), [], 'nothing is left if this process dies')
        for (const { at, length: wished, fill, zero } of changes) {
          const length = Math.min(wished, SIZE - at)
          content.fill(zero ? 0 : fill, at, at + length)
          if (zero) await overlay.changes?.zero(at, length)
          else await overlay.changes?.write(Buffer.alloc(length, fill), at)
        }
        ok((await whole(overlay)).equals(content))
        let end = 0
        for await (const { offset, length, data } of overlay.extents(0, SIZE)) {
          equal(offset, end)
          if (!data) ok(content.subarray(offset, offset + length).every(byte => byte === 0))
          end = offset + length
        }
        equal(end, SIZE)
        equal((await whole(disk)).indexOf(9), -1)
        await overlay.close()
      }),
      { numRuns: 60 },
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('writes to one grain at once lose nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'overlay-'))
  const { disk, content } = baseDisk()
  const overlay = await openOverlay(disk, join(folder, 'o'))
  try {
    await Promise.all(
      Array.from({ length: 64 }, (_, n) => {
        content.fill(n + 1, n * 2048, n * 2048 + 512)
        return overlay.changes?.write(Buffer.alloc(512, n + 1), n * 2048)
      }),
    )
    ok((await whole(overlay)).equals(content))
    const written: Extent[] = await Array.fromAsync(overlay.extents(0, GRAIN))
    deepEqual(written, [{ offset: 0, length: GRAIN, data: true }])
  } finally {
    await overlay.close()
    await rm(folder, { recursive: true })
  }
})

test('a backup that cannot be read fails the write that needs it, and no other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'overlay-'))
  const { disk } = baseDisk()
  const broken = { ...disk, read: async () => Promise.reject(new Error('unreadable')) }
  const overlay = await openOverlay(broken, join(folder, 'o'))
  try {
    const some = Buffer.alloc(10, 1)
    const [failed, done] = [overlay.changes?.write(some, 0), overlay.changes?.write(Buffer.alloc(GRAIN, 2), 0)]
    await rejects(failed ?? Promise.resolve(), /unreadable/)
    await done
    await overlay.changes?.write(some, 5)
    deepEqual(
      (await overlay.read(0, 20)).subarray(0, 16),
      Buffer.concat([Buffer.alloc(5, 2), some, Buffer.alloc(1, 2)]),
    )
  } finally {
    await overlay.close()
    await rm(folder, { recursive: true })
  }
})
