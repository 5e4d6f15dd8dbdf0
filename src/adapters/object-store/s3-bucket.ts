/** Requests to one bucket: with patience, and with faults for answers. */
import { setTimeout } from 'node:timers/promises'
import { S3Client } from '@aws-sdk/client-s3'
import { Fault } from '../../ports/fault.ts'
import { s3Fault } from './s3-faults.ts'
import { type Patience, type S3Place, usualPatience } from './s3-place.ts'

/** The SDK would write to the console; what went wrong is told by faults. */
const quiet = { debug: noting, info: noting, warn: noting, error: noting }

function noting(): void {
  // see above
}

export interface Bucket {
  readonly client: S3Client
  readonly place: S3Place
  /** An object as requests name it. */
  object(key: string): { readonly Bucket: string; readonly Key: string }
  /**
   * Asks again, a few times, while the store fails in ways that pass: only for what may be done twice. `what` begins the
   * message of the fault that comes of it in the end.
   */
  ask<T>(what: string, request: (options: { readonly abortSignal: AbortSignal }) => Promise<T>): Promise<T>
  /** The store's time in milliseconds since 1970, within some minutes: the SDK notes when ours differs by more. */
  time(): number
}

export function openBucket(place: S3Place, patience: Patience = usualPatience): Bucket {
  const client = new S3Client({
    region: place.region,
    forcePathStyle: place.pathStyle,
    credentials: { accessKeyId: place.accessKey, secretAccessKey: place.secretKey },
    ...(place.endpoint !== undefined && { endpoint: place.endpoint }),
    // Not all stores know the SDK's own checksums. What is stored is sealed, and a put is signed over its bytes.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 1, // `ask` tries again: the SDK would not with bodies that are streamed
    logger: quiet,
    requestHandler: { connectionTimeout: patience.connectMs, socketTimeout: patience.silentMs },
  })
  const { bucket, prefix } = place
  const before = prefix === '' ? '' : `${prefix}/`
  return {
    client,
    place,
    object: key => ({ Bucket: bucket, Key: before + key }),
    time: () => Date.now() + client.config.systemClockOffset,
    async ask(what, request) {
      for (let tries = 1; ; tries++) {
        try {
          return await request({ abortSignal: AbortSignal.timeout(patience.tryMs) })
        } catch (error) {
          const fault = s3Fault(what, error)
          if (!(fault instanceof Fault) || fault.permanent || tries >= patience.tries) throw fault
        }
        // Half of it by chance, so that those who failed together do not come back together.
        await setTimeout(patience.waitMs * 4 ** (tries - 1) * (0.5 + Math.random() / 2))
      }
    },
  }
}

/** Runs `work` on each, a few at a time; the first failure is thrown when all that was begun has ended. */
export async function each<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = Iterator.from(items)
  const failures: unknown[] = []
  const run = async () => {
    for (const item of waiting) {
      await work(item).catch((error: unknown) => failures.push(error))
      if (failures.length > 0) return
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
  if (failures.length > 0) throw failures[0]
}

const AT_ONCE = 8
