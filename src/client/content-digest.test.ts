import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { CHUNK_BYTES, contentDigest, type DiskBytes } from './content-digest.ts'

const diskOf = (bytes: Buffer): DiskBytes => ({
  sizeBytes: bytes.length,
  read: async (into, offset) => bytes.copy(into, 0, offset) > 0,
})

test('the digest of the vectors in docs/format.md', async () => {
  const page = await readFile(new URL('../../docs/format.md', import.meta.url), 'utf8')
  const { digest } = JSON.parse(/```json\n([\s\S]+?)\n```/.exec(page)?.[1] ?? '')
  assert.equal(await contentDigest(diskOf(Buffer.from('hello world')), () => undefined), digest)
})

test('zeros that are read and zeros that are known count alike, and where they lie counts', async () => {
  const [zeros, ones] = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES, 1)]
  const seen: number[] = []
  const read = await contentDigest(diskOf(Buffer.concat([zeros, ones])), bytes => seen.push(bytes))
  const known = await contentDigest(
    { sizeBytes: 2 * CHUNK_BYTES, read: async (into, offset) => offset > 0 && into.fill(1).length > 0 },
    () => undefined,
  )
  assert.equal(known, read)
  assert.deepEqual(seen, [CHUNK_BYTES, 2 * CHUNK_BYTES])
  assert.notEqual(await contentDigest(diskOf(Buffer.concat([ones, zeros])), () => undefined), read)
})
