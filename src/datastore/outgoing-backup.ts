/** A backup as it is handed to another realm or another store: content by its hashes, since names are each realm's own. */
import { CHUNK_BYTES, CHUNKS_PER_PAGE, HASH_BYTES, kind } from './chunk.ts'
import type { OutgoingBackup, OutgoingChunk } from './datastore.ts'
import { fetchGoodChunks } from './fetch-chunks.ts'
import { digestOf, type Manifest } from './manifest.ts'
import { readPage } from './manifest-store.ts'
import type { Realm } from './realms.ts'

export function outgoingBackup(realm: Realm, manifest: Manifest): OutgoingBackup {
  const { sizeBytes, pages } = manifest
  return {
    sizeBytes,
    digest: digestOf(manifest),
    pages,
    async page(number) {
      const hashes = await readPage(realm, manifest, number)
      const chunks: OutgoingChunk[] = []
      for (let chunk = 0; chunk * HASH_BYTES < hashes.length; chunk++) {
        const offset = (number * CHUNKS_PER_PAGE + chunk) * CHUNK_BYTES
        const hash = hashes.slice(chunk * HASH_BYTES, (chunk + 1) * HASH_BYTES)
        if (hash.some(byte => byte !== 0)) chunks.push({ hash, length: Math.min(CHUNK_BYTES, sizeBytes - offset) })
      }
      return { content: hashes, chunks }
    },
    async contents(chunks) {
      const wanted = chunks.map(({ hash, length }, number) => ({
        at: number * CHUNK_BYTES,
        rawLength: length,
        kind: kind.data,
        hash,
      }))
      const raw = new SharedArrayBuffer(chunks.length * CHUNK_BYTES)
      await fetchGoodChunks(realm, wanted, raw)
      return chunks.map(({ length }, number) => new Uint8Array(raw, number * CHUNK_BYTES, length))
    },
  }
}
