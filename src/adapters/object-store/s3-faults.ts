/**
 * What S3 stores answer, in the house's words. The answers themselves are not kept as causes: some stores put the request's
 * signature and the access key into them, and causes are logged.
 */
import { S3ServiceException } from '@aws-sdk/client-s3'
import { Fault, type FaultKind } from '../../ports/fault.ts'

interface Meaning {
  readonly kind: FaultKind
  readonly words: string
  readonly permanent?: boolean
}

const unknownKey = { kind: 'denied', words: 'the store does not know chunkStore.accessKey' } as const
const room = { kind: 'full', words: 'the store has no room left, or the quota is used up' } as const
const region = {
  kind: 'denied',
  words: 'the bucket is in another region: name it in chunkStore.url (region=...)',
} as const
const clock = { kind: 'unavailable', words: "this machine's clock and the store's differ" } as const

/** By the code in the answer. A bucket that is gone must not look like an object that is. */
const meanings: Readonly<Record<string, Meaning>> = {
  NoSuchKey: { kind: 'missing', words: 'there is no such object' },
  NoSuchVersion: { kind: 'missing', words: 'there is no such object' },
  NoSuchBucket: { kind: 'unavailable', words: 'there is no such bucket', permanent: true },
  AccessDenied: { kind: 'denied', words: 'the access key is not permitted to do this, or object lock forbids it' },
  ObjectLocked: { kind: 'denied', words: 'object lock forbids it' },
  AllAccessDisabled: { kind: 'denied', words: 'the store has closed the bucket or the account' },
  InvalidAccessKeyId: unknownKey,
  XAdminUserNotFound: unknownKey, // versitygw
  SignatureDoesNotMatch: { kind: 'denied', words: 'chunkStore.secretKey is not that of chunkStore.accessKey' },
  InvalidRange: { kind: 'corrupt', words: 'the object is shorter' },
  QuotaExceeded: room,
  InsufficientStorage: room,
  InsufficientCapacity: room,
  XMinioStorageFull: room,
  XMinioAdminBucketQuotaExceeded: room,
  ObjectParentIsFile: { kind: 'conflict', words: 'an object would be a folder, too' },
  ExistingObjectIsDirectory: { kind: 'conflict', words: 'a folder would be an object, too' },
  AuthorizationHeaderMalformed: region,
  PermanentRedirect: region,
  IllegalLocationConstraintException: region,
  RequestTimeTooSkewed: clock,
  RequestExpired: clock,
  ConditionalRequestConflict: { kind: 'unavailable', words: 'another write of the object is under way' },
  OperationAborted: { kind: 'unavailable', words: 'another change is under way' },
  BadDigest: { kind: 'unavailable', words: 'other bytes arrived than were sent' },
  XAmzContentSHA256Mismatch: { kind: 'unavailable', words: 'other bytes arrived than were sent' },
  IncompleteBody: { kind: 'unavailable', words: 'not all bytes arrived' },
  RequestTimeout: { kind: 'unavailable', words: 'the request did not arrive in time' },
  SlowDown: { kind: 'unavailable', words: 'the store is asked too much' },
}

/** Faults and bugs pass unchanged. */
export function s3Fault(what: string, error: unknown): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error
  if (error instanceof S3ServiceException) return answered(what, error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  if (code.startsWith('CERT_') || code.includes('CERT') || code.startsWith('ERR_TLS'))
    return new Fault('denied', `${what}: the store's certificate is not trusted (${code})`, { cause: error })
  if (code === 'ENOTFOUND') return unreachable(what, 'its name is not known', error)
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return unreachable(what, 'it does not answer', error)
  if (/^(E[A-Z]+|ERR_STREAM_PREMATURE_CLOSE|HPE_[A-Z_]+)$/.test(code)) return unreachable(what, code, error)
  // The SDK could not make sense of what came back: no XML, say, since the address is that of some other server.
  if ('$response' in error || '$metadata' in error)
    return new Fault('unavailable', `${what}: the answer is not that of an S3 store`, { permanent: true })
  return error
}

function unreachable(what: string, why: string, cause: Error): Fault {
  return new Fault('unavailable', `${what}: the store cannot be reached (${why})`, { cause })
}

function answered(what: string, { name, $metadata }: S3ServiceException): Fault {
  const { kind, words, permanent } = meanings[name] ?? byStatus($metadata.httpStatusCode ?? 0)
  const request = $metadata.requestId === undefined ? '' : `, request ${$metadata.requestId}`
  return new Fault(kind, `${what}: ${words} (${name}, status ${$metadata.httpStatusCode}${request})`, {
    ...(permanent !== undefined && { permanent }),
  })
}

function byStatus(status: number): Meaning {
  if (status === 507) return room
  if (status === 401 || status === 403) return { kind: 'denied', words: 'the store refuses' }
  const passes = status >= 500 || status === 429 || status === 408
  return {
    kind: 'unavailable',
    words: passes ? 'the store has failed' : 'the store cannot do this',
    permanent: !passes,
  }
}

/** The code of an answer, such as `NoSuchKey`; undefined for anything else. */
export const answerCode = (error: unknown): string | undefined =>
  error instanceof S3ServiceException ? error.name : undefined
