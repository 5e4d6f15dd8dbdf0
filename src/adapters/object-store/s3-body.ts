/** Bytes to a store and from it. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { PutObjectCommand } from '@aws-sdk/client-s3'
import { Fault } from '../../ports/fault.ts'

/** What is hashed, and handed to the socket, in one go: others have their turn in between. */
const PIECE = 1024 * 1024

export interface Outgoing {
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
  /** The bytes anew, for another try. */
  body(): Readable | Uint8Array
}

/** `parts` are read as they are, without a copy. */
export async function outgoing(parts: readonly Uint8Array[]): Promise<Outgoing> {
  const hash = createHash('sha256')
  let bytes = 0
  for (const piece of pieces(parts)) {
    hash.update(piece)
    bytes += piece.length
    if (piece.length === PIECE) await setImmediate()
  }
  const sha256 = hash.digest('hex')
  return { bytes, sha256, body: () => (bytes === 0 ? new Uint8Array(0) : Readable.from(pieces(parts))) }
}

function* pieces(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const part of parts) for (let at = 0; at < part.length; at += PIECE) yield part.subarray(at, at + PIECE)
}

/** The store refuses bytes with another hash: also those of a put that was given up and whose memory is used again. */
export function signedOver(command: PutObjectCommand, { sha256 }: Outgoing): PutObjectCommand {
  command.middlewareStack.add(
    next => async args => {
      const { request } = args as { readonly request: { readonly headers: Record<string, string> } }
      request.headers['x-amz-content-sha256'] = sha256
      return next(args)
    },
    { step: 'build', name: 'signedOverItsBytes' },
  )
  return command
}

interface Answer {
  readonly Body?: unknown
  readonly ContentLength?: number | undefined
}

/** The answer's bytes in memory of their own, exactly `length`; other lengths are a Fault `corrupt`. */
export async function incoming(key: string, answer: Answer, length: number): Promise<Buffer> {
  const stream = streamOf(answer)
  const wrong = () => new Fault('corrupt', `object ${key} has not the ${length} bytes asked for`)
  if (answer.ContentLength !== length) {
    stream.destroy()
    throw wrong()
  }
  const into = Buffer.allocUnsafeSlow(length)
  let at = 0
  for await (const piece of stream as AsyncIterable<Buffer>) at += piece.copy(into, at)
  if (at !== length) throw wrong()
  return into
}

/** All bytes there are. */
export async function incomingAll(key: string, answer: Answer): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of streamOf(answer) as AsyncIterable<Buffer>) pieces.push(piece)
  const all = Buffer.concat(pieces)
  if (answer.ContentLength !== undefined && all.length !== answer.ContentLength)
    throw new Fault('unavailable', `object ${key} broke off after ${all.length} bytes`)
  return all
}

function streamOf({ Body }: Answer): Readable {
  if (Body instanceof Readable) return Body
  throw new Error('the SDK has answered without a stream')
}
