/** What becomes of a request: collects its reply, checks that it is whole and within what was asked for. */
import type { ByteStream } from '../../nbd-wire/byte-stream.ts'
import { CHUNK_ERROR, chunk, LONGEST_TEXT } from '../../nbd-wire/numbers.ts'
import type { ChunkHead } from '../../nbd-wire/transmission-frames.ts'
import { NbdRefused, spoken, violation } from './nbd-peer.ts'

/** The bytes of a chunk are all taken from the stream, or a Fault ends the connection. */
export interface Reply {
  readonly hasData: boolean
  chunk(head: ChunkHead, stream: ByteStream): Promise<void>
  /** Of a simple reply without error. */
  simple(stream: ByteStream): Promise<void>
  /** Throws unless what was asked for is there, all of it, once. */
  check(): void
}

/** Of requests that are answered by their success alone. */
export const plainReply = (): Reply => ({
  hasData: false,
  chunk: async () => {
    throw violation('data nobody asked for')
  },
  simple: async () => undefined,
  check: () => undefined,
})

export function readReply(into: Uint8Array, offset: number): Reply {
  const filled = ranges()
  const place = async (stream: ByteStream) => {
    const found = Number(await stream.take(8).then(bytes => bytes.readBigUInt64BE()))
    return found - offset
  }
  const claim = (from: number, length: number): Uint8Array => {
    if (!(from >= 0 && length > 0 && from + length <= into.length))
      throw violation('data from outside of what was asked')
    if (!filled.add(from, from + length)) throw violation('the same data twice')
    return into.subarray(from, from + length)
  }
  return {
    hasData: true,
    async chunk({ type, length }, stream) {
      if (type === chunk.offsetData && length > 8 && length - 8 <= into.length) {
        await stream.fill(claim(await place(stream), length - 8))
      } else if (type === chunk.offsetHole && length === 12) {
        const from = await place(stream)
        claim(from, (await stream.take(4)).readUInt32BE()).fill(0)
      } else throw violation(`a chunk of type ${type} with ${length} bytes in the answer to a read`)
    },
    simple: stream => stream.fill(into),
    check() {
      if (!filled.isWhole(into.length)) throw violation('it leaves out a part of what was read')
    },
  }
}

/** A run as the server describes it; the meaning of the flags is the context's. */
export interface StatusRun {
  readonly length: number
  readonly flags: number
}

/** Runs in one answer: QEMU's own limit. */
const MOST_RUNS = 2 ** 17

/**
 * `runs` fills with what covers the asked range from its start; the last run may reach beyond it. A server answers for
 * every context that was agreed on: what it says of `others` is passed over.
 */
export function statusReply(context: number, others: readonly number[], asked: number, runs: StatusRun[]): Reply {
  const passedOver = new Set<number>()
  return {
    hasData: true,
    async chunk({ type, length }, stream) {
      if (type !== chunk.blockStatus || length < 12 || length % 8 !== 4 || length > 4 + 8 * MOST_RUNS)
        throw violation(`a chunk of type ${type} with ${length} bytes in the answer to a question of status`)
      const data = await stream.take(length)
      const told = data.readUInt32BE(0)
      if (others.includes(told) && !passedOver.has(told)) return void passedOver.add(told)
      if (told !== context || runs.length > 0) throw violation('a status of another context')
      let covered = 0
      for (let at = 4; at < data.length; at += 8) {
        const run = { length: data.readUInt32BE(at), flags: data.readUInt32BE(at + 4) }
        if (run.length === 0 || covered >= asked) throw violation('a status of no bytes, or of too many')
        covered += run.length
        runs.push(run)
      }
    },
    simple: async () => {
      throw violation('a simple answer to a question of status')
    },
    check() {
      if (runs.length === 0) throw violation('no status where one was asked for')
    },
  }
}

/** An error's chunk; the connection goes on. */
export async function errorChunk({ length }: ChunkHead, stream: ByteStream): Promise<NbdRefused> {
  if (length < 6 || length > 6 + 2 * LONGEST_TEXT) throw violation(`an error of ${length} bytes`)
  const data = await stream.take(length)
  const text = data.readUInt16BE(4)
  if (6 + text > length) throw violation('an error whose text is longer than itself')
  return new NbdRefused(data.readUInt32BE(0), spoken(data.subarray(6, 6 + text)))
}

export const isError = ({ type }: ChunkHead): boolean => (type & CHUNK_ERROR) !== 0

/** Ranges that may come in any order and must not overlap; those that touch become one. */
function ranges() {
  const known: { from: number; to: number }[] = []
  return {
    /** False: a part of it is there already. */
    add(from: number, to: number): boolean {
      const at = known.findLastIndex(range => range.from < to) + 1
      const [before, after] = [known[at - 1], known[at]]
      if (before && before.to > from) return false
      const [joinsBefore, joinsAfter] = [before?.to === from, after?.from === to]
      const joined = { from: joinsBefore && before ? before.from : from, to: joinsAfter && after ? after.to : to }
      known.splice(joinsBefore ? at - 1 : at, Number(joinsBefore) + Number(joinsAfter), joined)
      return true
    },
    isWhole: (length: number): boolean =>
      length === 0 || (known.length === 1 && known[0]?.from === 0 && known[0].to === length),
  }
}
