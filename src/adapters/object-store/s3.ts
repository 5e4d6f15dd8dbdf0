/**
 * Objects in a bucket of an S3-compatible store. A put is one request, durable when the store has answered it: nothing is
 * uploaded in parts (a pack has some 32 MiB), so nothing is ever left half done. Every request may be repeated: a key has
 * one content, and a `putNew` knows its own object by a mark in its metadata.
 *
 * To be loaded only where it is configured: the SDK takes half a second.
 */
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3'
import { Fault } from '../../ports/fault.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { checkKey, checkPrefix, checkRange } from './key.ts'
import { incoming, incomingAll, outgoing, signedOver } from './s3-body.ts'
import { type Bucket, openBucket } from './s3-bucket.ts'
import { answerCode } from './s3-faults.ts'
import { listObjects, listPage } from './s3-list.ts'
import type { Patience, S3Place } from './s3-place.ts'
import { checkCreatesOnly, isPreconditionFailed, natureOf } from './s3-probe.ts'
import { removeObjects } from './s3-removal.ts'
import { s3Retention } from './s3-retention.ts'

/** Fault when the bucket cannot be used, in words for the operator. `retention` is there where it has object lock. */
export async function openS3ObjectStore(place: S3Place, patience?: Patience): Promise<ObjectStore> {
  const bucket = openBucket(place, patience)
  try {
    const { versioned, locks } = await natureOf(bucket)
    await checkCreatesOnly(bucket)
    return { ...storeIn(bucket, versioned), ...(locks && { retention: s3Retention(bucket) }) }
  } catch (error) {
    bucket.client.destroy()
    throw error
  }
}

function storeIn(bucket: Bucket, versioned: boolean): ObjectStore {
  const list: ObjectStore['list'] = prefix => {
    checkPrefix(prefix)
    return listObjects(bucket, prefix)
  }
  return {
    async put(key, parts) {
      checkKey(key)
      await send(bucket, { key, parts })
    },
    async putNew(key, parts) {
      checkKey(key)
      return sendNew(bucket, key, parts)
    },
    get(key) {
      checkKey(key)
      return bucket.ask(`cannot read object ${key}`, async options =>
        incomingAll(key, await bucket.client.send(new GetObjectCommand(bucket.object(key)), options)),
      )
    },
    async getRange(key, offset, length) {
      checkKey(key)
      checkRange(offset, length)
      return length === 0 ? noBytes(bucket, key, offset) : getRange(bucket, { key, offset, length })
    },
    list,
    async remove(keys) {
      keys.forEach(checkKey)
      await removeObjects(bucket, keys, versioned)
    },
    async usage(prefix) {
      let sum = 0
      for await (const { bytes } of list(prefix)) sum += bytes
      return sum
    },
    async sweepInterrupted() {
      // A put that is interrupted leaves nothing: it is one request.
    },
    async close() {
      bucket.client.destroy()
    },
  }
}

type Conditions = Pick<PutObjectCommandInput, 'IfNoneMatch' | 'Metadata'>

interface Writing {
  readonly key: string
  readonly parts: readonly Uint8Array[]
  readonly conditions?: Conditions
}

/** False when a condition does not hold. */
async function send(bucket: Bucket, { key, parts, conditions }: Writing): Promise<boolean> {
  const content = await outgoing(parts)
  return bucket.ask(`cannot write object ${key}`, async options => {
    const input = { ...bucket.object(key), ...conditions, Body: content.body(), ContentLength: content.bytes }
    try {
      await bucket.client.send(signedOver(new PutObjectCommand(input), content), options)
      return true
    } catch (error) {
      if (isPreconditionFailed(error)) return false
      throw error
    }
  })
}

const MARK = 'opencbr-put'

/** An object that is there may be ours, put by a try whose answer got lost. */
async function sendNew(bucket: Bucket, key: string, parts: readonly Uint8Array[]): Promise<boolean> {
  const mark = crypto.randomUUID()
  if (await send(bucket, { key, parts, conditions: { IfNoneMatch: '*', Metadata: { [MARK]: mark } } })) return true
  return bucket.ask(`cannot ask whose object ${key} is`, async options => {
    try {
      const { Metadata } = await bucket.client.send(new HeadObjectCommand(bucket.object(key)), options)
      return Metadata?.[MARK] === mark
    } catch (error) {
      if (answerCode(error) === 'NotFound') return false // removed in between
      throw error
    }
  })
}

interface Range {
  readonly key: string
  readonly offset: number
  readonly length: number
}

const getRange = (bucket: Bucket, { key, offset, length }: Range): Promise<Buffer> =>
  bucket.ask(`cannot read object ${key}`, async options => {
    const Range = `bytes=${offset}-${offset + length - 1}`
    const answer = await bucket.client.send(new GetObjectCommand({ ...bucket.object(key), Range }), options)
    return incoming(key, answer, length)
  })

/** S3 has no empty ranges. Not a HEAD, whose 404 could be the bucket's as well. */
async function noBytes(bucket: Bucket, key: string, offset: number): Promise<Buffer> {
  const { Bucket, Key } = bucket.object(key)
  const page = await listPage(bucket, `cannot read object ${key}`, { Bucket, Prefix: Key, MaxKeys: 1 })
  const found = page.Contents?.[0]
  if (found?.Key !== Key) throw new Fault('missing', `there is no object ${key}`)
  if (offset > (found.Size ?? 0)) throw new Fault('corrupt', `object ${key} ends before byte ${offset}`)
  return Buffer.alloc(0)
}
