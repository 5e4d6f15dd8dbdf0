/**
 * The server's side of the transmission: several requests of a connection at once, answered as they are ready. Memory is
 * bounded: what is under way counts against a budget, and the next request is not read before there is room.
 */
import { ConnectionEnded } from '../nbd-wire/byte-stream.ts'
import { allocation, CHUNK_DONE, chunk, command, commandFlag, errno, LARGEST_REQUEST } from '../nbd-wire/numbers.ts'
import { packed } from '../nbd-wire/option-frames.ts'
import {
  chunkFrame,
  REQUEST_BYTES,
  type Request,
  requestOf,
  simpleReplyFrame,
} from '../nbd-wire/transmission-frames.ts'
import type { Extent } from '../ports/disks.ts'
import { Fault } from '../ports/fault.ts'
import type { Log } from '../ports/log.ts'
import { BLOCK_BYTES, cut, type ExportDisk } from './export-disk.ts'
import { type Agreed, ALLOCATION_ID } from './negotiate.ts'

const MOST_REQUESTS = 16
/** Bytes of data under way on one connection; one larger request alone is let through. */
const MOST_BYTES = LARGEST_REQUEST
/** Blocks of one read that are fetched ahead of what is being sent. */
const READ_AHEAD = 4
/** A read of less is not worth looking for holes. */
const SMALL_READ = 64 * 1024
/** Extents in one answer; the client asks on from where it ends. */
const MOST_EXTENTS = 4096

/** Until the client leaves or talks nonsense; rejects when the connection ends. */
export async function serveRequests(agreed: Agreed, log: Log): Promise<void> {
  const { stream } = agreed
  const running = new Map<Promise<void>, number>()
  for (;;) {
    const request = requestOf(await stream.take(REQUEST_BYTES))
    if (request === undefined || request.command === command.disconnect) break
    const cost = costOf(request, agreed.structured)
    if (request.command === command.write && request.length > LARGEST_REQUEST) break
    while (!hasRoom(running, cost)) await Promise.race(running.keys())
    const data = request.command === command.write ? await stream.take(request.length) : undefined
    const done: Promise<void> = respond(agreed, request, data, log)
      .catch(error => {
        if (!(error instanceof ConnectionEnded)) log.error({ err: error }, 'a bug in serving an export')
        agreed.hangUp()
      })
      .finally(() => running.delete(done))
    running.set(done, cost)
  }
  await Promise.all(running.keys())
}

function hasRoom(running: ReadonlyMap<unknown, number>, cost: number): boolean {
  const bytes = running.values().reduce((sum, one) => sum + one, 0)
  return running.size === 0 || (running.size < MOST_REQUESTS && bytes + cost <= MOST_BYTES)
}

function costOf({ command: asked, length }: Request, structured: boolean): number {
  if (asked === command.write) return length
  if (asked !== command.read) return 0
  return structured ? Math.min(length, READ_AHEAD * BLOCK_BYTES) : length
}

/** An error as the client gets it. */
class Refused extends Error {
  readonly code: number

  constructor(code: number) {
    super(`error ${code}`)
    this.name = 'Refused'
    this.code = code
  }
}

/** Rejects only when the connection ends. */
async function respond(agreed: Agreed, request: Request, data: Uint8Array | undefined, log: Log): Promise<void> {
  const { served, send, structured } = agreed
  try {
    if (!(await served.admits())) throw new Refused(errno.ESHUTDOWN)
    const at = rangeOf(request, served.disk)
    if (request.command === command.read) return await (structured ? sendChunks : sendWhole)(agreed, request, at)
    if (request.command === command.blockStatus && agreed.allocation) return await sendStatus(agreed, request, at)
    await change(served.disk, request, at, data)
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    if (!(error instanceof Refused))
      log.error({ err: error, offset: String(request.offset) }, 'an export cannot be read or written')
    const failed = { flags: CHUNK_DONE, type: chunk.error, cookie: request.cookie, length: 6 }
    if (structured) return send(chunkFrame(failed), packed({ u32: code }, { u16: 0 }))
    return send(simpleReplyFrame(request.cookie, code))
  }
  await send(simpleReplyFrame(request.cookie, 0))
}

/** Undefined: none of the disk's. */
function codeOf(error: unknown): number | undefined {
  if (error instanceof Refused) return error.code
  if (error instanceof Fault) return error.kind === 'full' ? errno.ENOSPC : errno.EIO
  return undefined
}

const flagsOf: Readonly<Record<number, number>> = {
  [command.read]: 0,
  [command.write]: commandFlag.fua,
  [command.flush]: 0,
  [command.writeZeroes]: commandFlag.fua | commandFlag.noHole,
  [command.blockStatus]: commandFlag.requestOne,
}

/** Where the request begins; refuses what is not within the disk, and what nobody offered. */
function rangeOf({ command: asked, flags, offset, length }: Request, { sizeBytes, changes }: ExportDisk): number {
  const known = flagsOf[asked]
  if (known === undefined || (flags & ~known) !== 0) throw new Refused(errno.EINVAL)
  const writes = asked === command.write || asked === command.writeZeroes
  if (writes && changes === undefined) throw new Refused(errno.EPERM)
  if (asked === command.flush) return 0
  if (offset + BigInt(length) > BigInt(sizeBytes)) throw new Refused(writes ? errno.ENOSPC : errno.EINVAL)
  if (length === 0 || (asked === command.read && length > LARGEST_REQUEST)) throw new Refused(errno.EINVAL)
  return Number(offset)
}

/** A change is seen by every connection when it is answered; none of it outlives the session, so a flush waits for nothing. */
async function change(disk: ExportDisk, request: Request, at: number, data: Uint8Array | undefined): Promise<void> {
  if (request.command === command.flush) return
  if (request.command === command.write && data) return disk.changes?.write(data, at)
  if (request.command === command.writeZeroes) return disk.changes?.zero(at, request.length)
  throw new Refused(errno.EINVAL)
}

async function sendWhole({ send, served }: Agreed, { cookie, length }: Request, at: number): Promise<void> {
  const parts: Uint8Array[] = []
  for await (const { bytes } of blocks(served.disk, at, length)) parts.push(bytes)
  await send(simpleReplyFrame(cookie, 0), ...parts)
}

/** Data and holes as they come, then the end. */
async function sendChunks({ send, served }: Agreed, { cookie, length }: Request, at: number): Promise<void> {
  const { disk } = served
  const whole = [{ offset: at, length, data: true }]
  for await (const extent of length <= SMALL_READ ? whole : disk.extents(at, at + length)) {
    const offset = packed(BigInt(extent.offset))
    if (!extent.data) {
      const head = chunkFrame({ flags: 0, type: chunk.offsetHole, cookie, length: 12 })
      await send(head, offset, packed({ u32: extent.length }))
    } else {
      for await (const block of blocks(disk, extent.offset, extent.length)) {
        const head = chunkFrame({ flags: 0, type: chunk.offsetData, cookie, length: 8 + block.bytes.length })
        await send(head, packed(BigInt(block.offset)), block.bytes)
      }
    }
  }
  await send(chunkFrame({ flags: CHUNK_DONE, type: chunk.none, cookie, length: 0 }))
}

async function* blocks(disk: ExportDisk, offset: number, length: number) {
  const ahead: Promise<{ offset: number; bytes: Uint8Array }>[] = []
  for (const piece of cut(offset, length, BLOCK_BYTES)) {
    const block = disk.read(piece.offset, piece.length).then(bytes => ({ offset: piece.offset, bytes }))
    block.catch(() => undefined) // told where it is awaited, if it still is
    ahead.push(block)
    const next = ahead.length > READ_AHEAD ? ahead.shift() : undefined
    if (next) yield await next
  }
  for (const block of ahead) yield await block
}

async function sendStatus({ send, served }: Agreed, request: Request, at: number): Promise<void> {
  const most = (request.flags & commandFlag.requestOne) !== 0 ? 1 : MOST_EXTENTS
  const runs: Extent[] = []
  for await (const extent of served.disk.extents(at, at + request.length)) {
    runs.push(extent)
    if (runs.length === most) break
  }
  const told = runs.flatMap(({ length, data }) => [
    { u32: length },
    { u32: data ? 0 : allocation.hole | allocation.zero },
  ])
  const content = packed({ u32: ALLOCATION_ID }, ...told)
  const { cookie } = request
  await send(chunkFrame({ flags: CHUNK_DONE, type: chunk.blockStatus, cookie, length: content.length }), content)
}
