import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { Fault } from '../../ports/fault.ts'
import type { StoredObject } from '../../ports/object-store.ts'
import { isKey } from './key.ts'
import type { Bucket } from './s3-bucket.ts'
import { nameOf } from './s3-place.ts'

/** The objects whose keys begin with the prefix, in order, a thousand a request. What others have put there is left out. */
export async function* listObjects(bucket: Bucket, prefix: string): AsyncIterable<StoredObject> {
  const { Bucket, Key: begins } = bucket.object(prefix)
  const cut = begins.length - prefix.length
  let last = ''
  let token: string | undefined
  do {
    const page = await listPage(bucket, `cannot list objects under ${prefix}`, {
      Bucket,
      Prefix: begins,
      ...(token !== undefined && { ContinuationToken: token }),
    })
    for (const { Key = '', Size = 0 } of page.Contents ?? []) {
      // Collections rely on the order; and a listing that goes backwards would never end.
      if (Key <= last) throw new Fault('unavailable', `${nameOf(bucket.place)} lists out of order`, { permanent: true })
      last = Key
      if (isKey(Key.slice(cut))) yield { key: Key.slice(cut), bytes: Size }
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}

export interface Listing {
  readonly Bucket: string
  readonly Prefix: string
  readonly ContinuationToken?: string
  readonly MaxKeys?: number
}

/** An answer without the bucket's name is none of an S3 store: some error page, which would look like an empty bucket. */
export async function listPage(bucket: Bucket, what: string, listing: Listing): Promise<ListObjectsV2CommandOutput> {
  const page = await bucket.ask(what, options => bucket.client.send(new ListObjectsV2Command(listing), options))
  if (page.Name !== undefined) return page
  throw new Fault('unavailable', `${what}: the answer is not that of an S3 store`, { permanent: true })
}
