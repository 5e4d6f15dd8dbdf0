/** Chunks out of a realm: found in the index, read in as few ranges as they lie in, opened and checked in a worker. */
import { Fault } from '../ports/fault.ts'
import { type ChunkKind, kind, nameOf } from './chunk.ts'
import { viewOf } from './chunk-index.ts'
import type { ChunkPlace } from './chunk-row.ts'
import type { Realm } from './realms.ts'
import type { SealedChunk } from './thread-jobs.ts'

/** The chunk by its hash, or (for moving it) by its id alone; `at` is where its content goes in `raw`. */
export type WantedChunk = {
  readonly at: number
  readonly rawLength: number
  readonly kind: ChunkKind
} & ({ readonly hash: Uint8Array } | { readonly id: number })

/** `chunk` is its name, `pack` the pack's id; both hex, `pack` empty for a chunk that is in none. */
export interface ChunkProblem {
  readonly chunk: string
  readonly pack: string
  readonly what: string
}

/** Reading a little too much is cheaper than reading twice. */
const MOST_GAP = 65_536

interface Located {
  readonly wanted: WantedChunk
  readonly name: Buffer
  /** The pack's id, also where it is gone; empty where the index knows none. */
  readonly pack: string
  readonly place: ChunkPlace | undefined
}

/**
 * What is wrong with each of the chunks, in their order; undefined where its content is in `raw`. Faults other than
 * corruption and loss are thrown.
 */
export async function fetchChunks(
  realm: Realm,
  wanted: readonly WantedChunk[],
  raw: SharedArrayBuffer,
): Promise<readonly (ChunkProblem | undefined)[]> {
  const first = await tryFetch(realm, wanted, raw)
  const bad = first.filter(problem => problem !== undefined)
  if (bad.length === 0) return first
  for (const problem of bad) if (!problem.lost) realm.index.doubt(idOf(realm, problem), problem.pack)
  // Another process may have moved them since the index was read, or stored what is damaged again.
  await realm.index.refresh({ packs: bad.some(problem => problem.lost) })
  for (const problem of bad) if (problem.lost) realm.index.lookElsewhere(idOf(realm, problem))
  const again = bad.some(problem => problem.lost || placeOf(realm, problem) !== problem.pack)
  if (!again) return first
  const second = await tryFetch(realm, wanted, raw)
  for (const problem of second) if (problem?.lost === false) realm.index.doubt(idOf(realm, problem), problem.pack)
  return second
}

const idOf = ({ index }: Realm, { chunk }: ChunkProblem): number => {
  const name = Buffer.from(chunk, 'hex')
  return index.chunks.idOf(viewOf(name), 0)
}

const placeOf = (realm: Realm, problem: ChunkProblem): string | undefined =>
  realm.index.packs.at(realm.index.chunks.packOf(idOf(realm, problem)))?.id

/** As `fetchChunks`, but the first problem is thrown as a Fault `corrupt` that names chunk and pack. */
export async function fetchGoodChunks(
  realm: Realm,
  wanted: readonly WantedChunk[],
  raw: SharedArrayBuffer,
): Promise<void> {
  const problem = (await fetchChunks(realm, wanted, raw)).find(found => found !== undefined)
  if (problem === undefined) return
  const { chunk, pack, what } = problem
  throw new Fault('corrupt', pack ? `chunk ${chunk} in pack ${pack}: ${what}` : `chunk ${chunk}: ${what}`)
}

/** The hashes that a page lists, one after the other; the page by its own hash or by its id. Fault `corrupt`. */
export async function fetchPage(
  realm: Realm,
  page: { readonly hash: Uint8Array } | { readonly id: number },
  rawLength: number,
): Promise<Uint8Array> {
  const raw = new SharedArrayBuffer(rawLength)
  await fetchGoodChunks(realm, [{ ...page, at: 0, rawLength, kind: kind.page }], raw)
  return new Uint8Array(raw)
}

interface Problem extends ChunkProblem {
  /** It is not where the index says; elsewhere, perhaps. */
  readonly lost: boolean
}

async function tryFetch(realm: Realm, wanted: readonly WantedChunk[], raw: SharedArrayBuffer) {
  const located = wanted.map(chunk => locate(realm, chunk))
  const ranges = await Promise.all(coalesced(located).map(range => readRange(realm, range)))
  const chunks: SealedChunk[] = []
  const numbers: number[] = []
  const problems: (Problem | undefined)[] = located.map(() => undefined)
  for (const [number, { wanted: chunk, name, pack, place }] of located.entries()) {
    const range = place && ranges.findIndex(read => read.pack === place.pack && holds(read, place))
    const read = range === undefined ? undefined : ranges[range]
    const about = { chunk: name.toString('hex'), pack }
    if (place === undefined || range === undefined || read === undefined)
      problems[number] = { ...about, what: pack === '' ? 'it is in no pack' : 'the pack is missing', lost: true }
    else if ('what' in read) problems[number] = { ...about, what: read.what, lost: read.lost }
    else if (place.rawLength !== chunk.rawLength || place.kind !== chunk.kind)
      problems[number] = { ...about, what: `it is ${place.rawLength} bytes, not ${chunk.rawLength}`, lost: false }
    else {
      const hash = 'hash' in chunk ? { hash: chunk.hash } : {}
      const sealedAt = place.offset - read.offset
      chunks.push({ ...place, ...hash, name, pack: Buffer.from(pack, 'hex'), range, sealedAt, at: chunk.at })
      numbers.push(number)
    }
  }
  const buffers = ranges.map(read => ('bytes' in read ? read.bytes : new ArrayBuffer(0)))
  const job = { sealing: realm.sealing, naming: realm.naming, raw, ranges: buffers, chunks }
  const opened = await realm.threads.run('open', job, buffers)
  for (const [at, what] of opened.problems.entries()) {
    const number = numbers[at]
    const chunk = chunks[at]
    if (what === undefined || number === undefined || chunk === undefined) continue
    const named = { chunk: Buffer.from(chunk.name).toString('hex'), pack: Buffer.from(chunk.pack).toString('hex') }
    problems[number] = { ...named, what, lost: false }
  }
  return problems
}

function locate(realm: Realm, wanted: WantedChunk): Located {
  const { chunks, packs } = realm.index
  const name = 'hash' in wanted ? Buffer.from(nameOf(realm.naming, wanted.kind, wanted.hash)) : chunks.nameOf(wanted.id)
  const id = chunks.find(viewOf(name), 0)
  const place = id < 0 ? undefined : chunks.place(id)
  const pack = place ? (packs.at(place.pack)?.id ?? '') : ''
  return { wanted, name, pack, place: place && packs.state(place.pack) !== 'gone' ? place : undefined }
}

interface Range {
  readonly pack: number
  readonly offset: number
  readonly end: number
}
type ReadRange = Range & ({ readonly bytes: ArrayBuffer } | { readonly what: string; readonly lost: boolean })

const holds = (range: Range, place: ChunkPlace): boolean =>
  range.offset <= place.offset && place.offset + place.sealedLength <= range.end

function coalesced(located: readonly Located[]): readonly Range[] {
  const places = located.flatMap(({ place }) => (place ? [place] : []))
  const ranges: Range[] = []
  for (const { pack, offset, sealedLength } of places.sort((a, b) => a.pack - b.pack || a.offset - b.offset)) {
    const last = ranges.at(-1)
    const end = offset + sealedLength
    if (last && last.pack === pack && offset <= last.end + MOST_GAP)
      ranges[ranges.length - 1] = { ...last, end: Math.max(last.end, end) }
    else ranges.push({ pack, offset, end })
  }
  return ranges
}

async function readRange(realm: Realm, range: Range): Promise<ReadRange> {
  const key = realm.keys.pack(realm.index.packs.at(range.pack)?.id ?? '')
  try {
    const bytes = await realm.objectStore.getRange(key, range.offset, range.end - range.offset)
    return { ...range, bytes: ownBuffer(bytes) }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    if (error.kind === 'missing') return { ...range, what: 'the pack is missing', lost: true }
    if (error.kind === 'corrupt') return { ...range, what: 'the pack is too short', lost: false }
    if (error.kind === 'unreadable') return { ...range, what: 'the pack cannot be read', lost: false }
    throw error
  }
}

/** A buffer that can be given away: one that shares its memory with others is copied. */
export function ownBuffer(bytes: Buffer): ArrayBuffer {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length ? buffer : new Uint8Array(bytes).buffer
}
