/**
 * One disk's backup to where its replica is made. Pages are offered first: of one that the destination has with all it
 * lists nothing more is said. Of the others the chunks are offered, and those that are missing sent, then the page. What
 * came before an interruption is not missing any more, so that a second run sends the rest.
 */
import type { OutgoingBackup, OutgoingChunk } from '../datastore/datastore.ts'
import { MOST_CHUNKS, MOST_HASHES, type ReplicaChunk, type ReplicaDoor, type Upload } from '../ports/replicas.ts'

const HASH_BYTES = 32

export interface Sending {
  readonly door: ReplicaDoor
  readonly upload: Upload
  readonly signal: AbortSignal
  /** Of the pages. */
  readonly onProgress: (done: number, total: number) => void
}

export interface Sent {
  readonly chunks: number
  /** Of content, before any compression on the way. */
  readonly bytes: number
}

export async function sendDisk(outgoing: OutgoingBackup, sending: Sending): Promise<Sent> {
  const { door, upload, signal, onProgress } = sending
  const total = outgoing.pages.length / HASH_BYTES
  const sent = { chunks: 0, bytes: 0 }
  for (let first = 0; first < total; first += MOST_HASHES) {
    const hashes = outgoing.pages.subarray(first * HASH_BYTES, (first + MOST_HASHES) * HASH_BYTES)
    const missing = await door.missing(upload, { kind: 'page', hashes })
    for (let page = 0; page * HASH_BYTES < hashes.length; page++) {
      signal.throwIfAborted()
      if (missing[page] === 1) {
        const more = await sendPage(outgoing, sending, { number: first + page, hash: hashAt(hashes, page) })
        sent.chunks += more.chunks
        sent.bytes += more.bytes
      }
      onProgress(first + page + 1, total)
    }
  }
  return sent
}

const hashAt = (hashes: Uint8Array, at: number): Uint8Array => hashes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES)

interface Page {
  readonly number: number
  readonly hash: Uint8Array
}

async function sendPage(outgoing: OutgoingBackup, sending: Sending, page: Page): Promise<Sent> {
  const { door, upload, signal } = sending
  const { content, chunks } = await outgoing.page(page.number)
  const distinct = [...new Map(chunks.map(chunk => [Buffer.from(chunk.hash).toString('latin1'), chunk])).values()]
  const wanted = await missingOf(sending, distinct)
  let bytes = content.length
  for (let first = 0; first < wanted.length; first += MOST_CHUNKS) {
    signal.throwIfAborted()
    const some = wanted.slice(first, first + MOST_CHUNKS)
    const contents = await outgoing.contents(some)
    await door.store(
      upload,
      some.flatMap(({ hash }, at) => asChunk(hash, contents[at])),
    )
    bytes += some.reduce((sum, { length }) => sum + length, 0)
  }
  await door.store(upload, [{ kind: 'page', hash: page.hash, content }])
  return { chunks: wanted.length + 1, bytes }
}

const asChunk = (hash: Uint8Array, content: Uint8Array | undefined): readonly ReplicaChunk[] =>
  content === undefined ? [] : [{ kind: 'data', hash, content }]

/** A page lists as many chunks as one offer may hold. */
async function missingOf(
  { door, upload }: Sending,
  chunks: readonly OutgoingChunk[],
): Promise<readonly OutgoingChunk[]> {
  if (chunks.length === 0) return []
  const hashes = new Uint8Array(chunks.length * HASH_BYTES)
  for (const [at, { hash }] of chunks.entries()) hashes.set(hash, at * HASH_BYTES)
  const missing = await door.missing(upload, { kind: 'data', hashes })
  return chunks.filter((_, at) => missing[at] === 1)
}
