import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskWriter } from '../ports/disks.ts'
import { memoryDisk, targetOf } from './memory-disks.ts'
import { readBack } from './read-back.ts'
import { noise } from './test-realm.ts'

const MIB = 2 ** 20
/** Two windows and a bit. */
const SIZE = 130 * MIB

async function writeAll(target: DiskWriter): Promise<void> {
  const checked = readBack(target, SIZE, undefined)
  try {
    const content = noise(MIB, 1)
    for (let offset = 0; offset < SIZE; offset += MIB) {
      content.writeUInt32BE(offset, 0)
      await target.write(content, offset)
      await checked.wrote(offset, content)
    }
    await checked.finish()
  } finally {
    await checked.settled()
  }
}

test('all that was written is read, a part of each window after a flush that follows its write', async () => {
  const target = targetOf(memoryDisk(SIZE), true)
  const flushed = new Set<number>()
  const written = new Set<number>()
  const read: number[] = []
  const late: number[] = []
  await writeAll({
    ...target,
    async write(from, offset) {
      await target.write(from, offset)
      written.add(offset)
    },
    async flush() {
      for (const offset of written) flushed.add(offset)
    },
    async read(into, offset) {
      assert.ok(written.has(offset))
      read.push(offset)
      if (flushed.has(offset)) late.push(offset)
      await target.read(into, offset)
    },
  })
  assert.deepEqual(
    read.toSorted((a, b) => a - b),
    Array.from({ length: SIZE / MIB }, (_, at) => at * MIB),
  )
  for (const [window, least] of [4, 4, 1].entries())
    assert.ok(late.filter(offset => Math.floor(offset / (64 * MIB)) === window).length >= least)
})

test('a target that loses what it was given is found out, wherever that was', async () => {
  for (const lost of [0, 64 * MIB, SIZE - MIB]) {
    const disk = memoryDisk(SIZE)
    const target = targetOf(disk, true)
    const losing: DiskWriter = {
      ...target,
      async write(from, offset) {
        await target.write(from, offset)
        if (offset === lost) disk.zero(lost, 4096)
      },
    }
    await assert.rejects(writeAll(losing), /does not hold what was written to it/)
  }
})

test('a target that keeps nothing of what it flushes is found out', async () => {
  const disk = memoryDisk(SIZE)
  const losing: DiskWriter = {
    ...targetOf(disk, true),
    async flush() {
      disk.zero(0, SIZE)
    },
  }
  await assert.rejects(writeAll(losing), /does not hold what was written to it/)
})

test('a flush that fails ends it, and nothing is read any more', async () => {
  for (const [failing, expected] of [
    [1, 60],
    [2, 64 + 60],
    [3, 128 + 1],
  ]) {
    const target = targetOf(memoryDisk(SIZE), true)
    let flushes = 0
    let reads = 0
    const full: DiskWriter = {
      ...target,
      async flush() {
        if (++flushes === failing) throw new Error('no space')
      },
      async read(into, offset) {
        reads += 1
        await target.read(into, offset)
      },
    }
    await assert.rejects(writeAll(full), /no space/)
    assert.equal(flushes, failing)
    assert.equal(reads, expected)
  }
})
