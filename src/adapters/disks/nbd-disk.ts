/** Disks over a connection to an NBD server. Requests are cut to what the server takes, and several are under way at once. */
import { ALLOCATION, allocation } from '../../nbd-wire/numbers.ts'
import type { DiskReader, DiskWriter, Extent } from '../../ports/disks.ts'
import { Fault } from '../../ports/fault.ts'
import type { NbdClient } from './nbd-client.ts'
import { NbdRefused } from './nbd-peer.ts'
import type { StatusRun } from './nbd-replies.ts'

/** Bytes of one request: large enough that the way there costs little, small enough that the server can overlap them. */
const PIECE = 1024 * 1024
/** Bytes that one question of status, or one order to zero, is about. */
export const SPAN = 512 * 1024 * 1024
/** An answer that tells of less is not worth asking on: what is left is read. */
const LEAST_TOLD = 64 * 1024

/** Contexts to ask for when a disk is opened. */
export const diskContexts = [ALLOCATION] as const

/** `name` is for messages. The size cannot change: the protocol fixes it for the life of a connection. */
export function nbdReader(client: NbdClient, name: string): DiskReader {
  const { sizeBytes } = client.export
  return {
    sizeBytes,
    read: (into, offset) => named(name, () => read(client, into, offset)),
    extents: () => extents(client, name),
    checkUnchangedSize: async () => undefined,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

/** Fault `denied` where the server takes no writes, or would not say when they are durable. */
export async function nbdWriter(client: NbdClient, name: string): Promise<DiskWriter> {
  const { sizeBytes, readOnly, canFlush } = client.export
  if (readOnly) throw new Fault('denied', `${name} cannot be written: its server offers it for reading only`)
  if (!canFlush) throw new Fault('denied', `${name} cannot be written: its server never says that data is durable`)
  const blank = await isBlank(client, name)
  return {
    sizeBytes,
    blank,
    write: (from, offset) => named(name, () => write(client, from, offset)),
    zero: (offset, length) => named(name, () => zero(client, offset, length)),
    read: (into, offset) => named(name, () => read(client, into, offset)),
    flush: () => named(name, () => client.flush()),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

async function read(client: NbdClient, into: Uint8Array, offset: number): Promise<void> {
  checkWithin(client, offset, into.length)
  const { least } = client.export.block
  await Promise.all(
    pieces(client, offset, into.length).map(async ({ at, length }) => {
      const target = into.subarray(at - offset, at - offset + length)
      const [from, to] = [down(at, least), down(at + length - 1, least) + least]
      if (to - from === length) return client.read(target, at)
      const blocks = Buffer.allocUnsafe(to - from)
      await client.read(blocks, from)
      target.set(blocks.subarray(at - from, at - from + length))
    }),
  )
}

async function write(client: NbdClient, from: Uint8Array, offset: number): Promise<void> {
  checkWithin(client, offset, from.length)
  const { least } = client.export.block
  await Promise.all(
    pieces(client, offset, from.length).map(async ({ at, length }) => {
      const source = from.subarray(at - offset, at - offset + length)
      const [first, end] = [down(at, least), down(at + length - 1, least) + least]
      if (end - first === length) return client.write(source, at)
      const blocks = Buffer.allocUnsafe(end - first)
      await client.read(blocks, first)
      blocks.set(source, at - first)
      await client.write(blocks, first)
    }),
  )
}

async function zero(client: NbdClient, offset: number, length: number): Promise<void> {
  checkWithin(client, offset, length)
  const { least } = client.export.block
  const end = offset + length
  const [from, to] = [Math.min(down(offset + least - 1, least), end), down(end, least)]
  if (!client.export.canZero || to <= from) return zeroByHand(client, offset, length)
  await zeroByHand(client, offset, from - offset)
  for (let at = from; at < to; at += SPAN) await client.zero(at, Math.min(SPAN, to - at))
  await zeroByHand(client, to, end - to)
}

/** Writes zeros where there are others. */
async function zeroByHand(client: NbdClient, offset: number, length: number): Promise<void> {
  const zeros = Buffer.alloc(Math.min(PIECE, length))
  const found = Buffer.alloc(zeros.length)
  for (let at = offset; at < offset + length; at += PIECE) {
    const bytes = Math.min(PIECE, offset + length - at)
    await read(client, found.subarray(0, bytes), at)
    if (!found.subarray(0, bytes).equals(zeros.subarray(0, bytes))) await write(client, zeros.subarray(0, bytes), at)
  }
}

interface Piece {
  readonly at: number
  readonly length: number
}

/** Cut where blocks begin, so that at most the first and the last need care. */
function pieces({ export: { block } }: NbdClient, offset: number, length: number): readonly Piece[] {
  const most = Math.max(block.least, down(Math.min(PIECE, block.most), block.least))
  const found: Piece[] = []
  for (let at = offset; at < offset + length; ) {
    const next = Math.min(down(at, most) + most, offset + length)
    found.push({ at, length: next - at })
    at = next
  }
  return found
}

const down = (number: number, step: number): number => number - (number % step)

/** How a question of what is allocated is asked, and how its answer is read. */
export type AskStatus = (offset: number, length: number) => Promise<readonly StatusRun[]>

export async function* extents(client: NbdClient, name: string, ask?: AskStatus): AsyncIterable<Extent> {
  let last: Extent | undefined
  for await (const extent of told(client, ask ?? (async (at, length) => statusOf(client, name, at, length)))) {
    if (last?.data === extent.data) last = { ...last, length: last.length + extent.length }
    else {
      if (last) yield last
      last = extent
    }
  }
  if (last) yield last
}

/** As the server tells it, as far as it does; the rest is data. */
async function* told(client: NbdClient, ask: AskStatus): AsyncIterable<Extent> {
  const { sizeBytes, contexts } = client.export
  let offset = 0
  let speaks = contexts.has(ALLOCATION)
  while (speaks && offset < sizeBytes) {
    const span = Math.min(SPAN, sizeBytes - offset)
    const runs = await ask(offset, span)
    const end =
      offset +
      Math.min(
        runs.reduce((sum, { length }) => sum + length, 0),
        span,
      )
    speaks = end - offset >= Math.min(LEAST_TOLD, span)
    for (const { length, flags } of runs) {
      const bytes = Math.min(length, end - offset)
      yield { offset, length: bytes, data: (flags & allocation.zero) === 0 }
      offset += bytes
    }
  }
  if (offset < sizeBytes) yield { offset, length: sizeBytes - offset, data: true }
}

/** None where the server cannot tell. */
export async function statusOf(client: NbdClient, name: string, offset: number, span: number, context = ALLOCATION) {
  try {
    return await named(name, () => client.status(context, offset, span))
  } catch (error) {
    if (error instanceof Fault && error.cause instanceof NbdRefused) return []
    throw error
  }
}

async function isBlank(client: NbdClient, name: string): Promise<boolean> {
  for await (const { data } of extents(client, name)) if (data) return false
  return true
}

function checkWithin({ export: { sizeBytes } }: NbdClient, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > sizeBytes)
    throw new RangeError(`${length} bytes from ${offset} are not within a disk of ${sizeBytes} bytes`)
}

/** Every Fault says of which disk. */
async function named<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw new Fault(error.kind, `${name}: ${error.message}`, { permanent: error.permanent, cause: error })
  }
}
