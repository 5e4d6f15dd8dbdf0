/** What a bucket is like, asked when it is opened. */
import {
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  PutObjectCommand,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { Fault } from '../../ports/fault.ts'
import type { Bucket } from './s3-bucket.ts'
import { answerCode } from './s3-faults.ts'
import { listPage } from './s3-list.ts'
import { nameOf } from './s3-place.ts'

export interface BucketNature {
  /** What is deleted or replaced stays as a version. */
  readonly versioned: boolean
  /** It can keep objects by its own clock; it is versioned, too. */
  readonly locks: boolean
}

/** Fault when the bucket cannot be used as it is. */
export async function natureOf(bucket: Bucket): Promise<BucketNature> {
  const name = nameOf(bucket.place)
  await listPage(bucket, `cannot use ${name}`, { ...at(bucket), Prefix: bucket.object('').Key, MaxKeys: 1 })
  const { ObjectLockConfiguration: lock } = await askIfAble(
    bucket,
    `cannot ask whether ${name} has object lock`,
    options => bucket.client.send(new GetObjectLockConfigurationCommand(at(bucket)), options),
  )
  if (lock?.Rule?.DefaultRetention?.Mode !== undefined) {
    const why = 'nothing could be collected before: remove that rule, OpenCBR locks by itself what has to be kept'
    throw new Fault('denied', `${name} keeps everything for a time of its own (default retention), and ${why}`)
  }
  if (lock?.ObjectLockEnabled === 'Enabled') return { versioned: true, locks: true }
  const { Status } = await askIfAble(bucket, `cannot ask whether ${name} keeps versions`, options =>
    bucket.client.send(new GetBucketVersioningCommand(at(bucket)), options),
  )
  return { versioned: Status !== undefined, locks: false }
}

const at = ({ place }: Bucket) => ({ Bucket: place.bucket })

/** Codes of stores, or buckets, that do not have what is asked for. */
const without = new Set([
  'ObjectLockConfigurationNotFoundError',
  'VersioningNotConfigured',
  'NotImplemented',
  'MethodNotAllowed',
])

/** Nothing where the store has no such thing. */
async function askIfAble<T extends object>(
  bucket: Bucket,
  what: string,
  request: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<Partial<T>> {
  return bucket.ask(what, async options => {
    try {
      return await request(options)
    } catch (error) {
      if (without.has(answerCode(error) ?? '')) return {}
      throw error
    }
  })
}

/** No object of ours can have it as its key. */
const MARKER = 'OPENCBR'
const SAYS = 'OpenCBR keeps backups in this bucket. They are sealed: without its master key nobody can read them.\n'

/**
 * Fault for a store that replaces an object although it was asked not to: backups would be replaced, and nobody told. The
 * first start leaves the object that later ones ask about.
 */
export async function checkCreatesOnly(bucket: Bucket): Promise<void> {
  for (let puts = 0; puts < 2; puts++) {
    if (!(await putMarker(bucket))) return
  }
  const what = `${nameOf(bucket.place)} does not heed If-None-Match when it is put to`
  const why = 'backups could be replaced (some stores heed it only in buckets without versions)'
  throw new Fault('unavailable', `${what}: ${why}`, { permanent: true })
}

/** False when it is there and was left as it is. */
const putMarker = (bucket: Bucket): Promise<boolean> =>
  bucket.ask(`cannot write into ${nameOf(bucket.place)}`, async options => {
    const command = new PutObjectCommand({ ...bucket.object(MARKER), Body: SAYS, IfNoneMatch: '*' })
    try {
      await bucket.client.send(command, options)
      return true
    } catch (error) {
      if (isPreconditionFailed(error)) return false
      throw error
    }
  })

/** There is such an object already. */
export const isPreconditionFailed = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412
