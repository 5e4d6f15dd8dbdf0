/** Run with `--measure`, this file backs up 2 GiB into a store that forgets packs, and tells the most memory it took. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import type { DiskReader } from '../ports/disks.ts'
import { openOn } from './test-realm.ts'

const SIZE = 2 ** 31

/** No two chunks alike, none that compresses. */
function endlessNoise(): DiskReader {
  const piece = new Uint8Array(new Uint32Array(65_536).map((_, at) => Math.imul(at, 2_654_435_761)).buffer)
  return {
    sizeBytes: SIZE,
    async read(into, offset) {
      for (let at = 0; at < into.length; at += piece.length) {
        into.set(piece.subarray(0, into.length - at), at)
        new DataView(into.buffer, into.byteOffset + at).setFloat64(0, offset + at + 1)
      }
    },
    async *extents() {
      yield { offset: 0, length: SIZE, data: true }
    },
    async checkUnchangedSize() {
      // It cannot change.
    },
    async [Symbol.asyncDispose]() {
      // Nothing is open.
    },
  }
}

async function measure(): Promise<void> {
  const store = memoryObjectStore()
  const put: typeof store.put = (key, parts) => store.put(key, key.includes('/packs/') ? [] : parts)
  await using datastore = openOn({ ...store, put }, 32 * 2 ** 20)
  const { storedBytes } = await datastore.write({ realm: 'r', id: 'a', source: endlessNoise() })
  console.log(JSON.stringify({ storedBytes, peakMib: process.resourceUsage().maxRSS / 1024 }))
}

if (process.argv.includes('--measure')) await measure()
else
  test('memory does not grow with the disk', { timeout: 120_000 }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), '--measure'])
    const { storedBytes, peakMib } = JSON.parse(stdout)
    assert.ok(storedBytes > 0.8 * SIZE, `${storedBytes}`)
    assert.ok(peakMib < 400, `${peakMib} MiB`)
  })
