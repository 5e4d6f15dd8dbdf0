/**
 * Removal that gives space back. Where the bucket keeps versions (as all with object lock do) a plain delete only hides an
 * object behind a marker: every version and marker has to go, by its id. The others go before the current one, so that none
 * of them comes to light when the removal is cut short.
 */
import { DeleteObjectsCommand, ListObjectVersionsCommand, type ObjectIdentifier } from '@aws-sdk/client-s3'
import { Fault } from '../../ports/fault.ts'
import { type Bucket, each } from './s3-bucket.ts'

/** S3's own limit. */
const MOST_OF_REQUEST = 1000

/** Missing ones are fine; Fault `denied` for what object lock keeps. */
export async function removeObjects(bucket: Bucket, keys: readonly string[], versioned: boolean): Promise<void> {
  const hidden = versioned ? keys : await removePlain(bucket, keys)
  await each(new Set(hidden), key => removeVersions(bucket, key))
}

/** Answers those that a marker stands for now: the bucket has begun to keep versions. */
async function removePlain(bucket: Bucket, keys: readonly string[]): Promise<readonly string[]> {
  const hidden: string[] = []
  for (let at = 0; at < keys.length; at += MOST_OF_REQUEST) {
    const some = [...new Set(keys.slice(at, at + MOST_OF_REQUEST))]
    const marked = await remove(
      bucket,
      some.map(key => ({ Key: bucket.object(key).Key })),
    )
    hidden.push(...some.filter(key => marked.has(bucket.object(key).Key)))
  }
  return hidden
}

async function removeVersions(bucket: Bucket, key: string): Promise<void> {
  let current: ObjectIdentifier | undefined
  for await (const page of versionsOf(bucket, key)) {
    current ??= page.find(({ latest }) => latest)?.id
    const older = page.flatMap(({ id, latest }) => (latest ? [] : [id]))
    if (older.length > 0) await remove(bucket, older)
  }
  if (current) await remove(bucket, [current])
}

interface Version {
  readonly id: ObjectIdentifier
  readonly latest: boolean
}

async function* versionsOf(bucket: Bucket, key: string): AsyncIterable<readonly Version[]> {
  const { Bucket, Key } = bucket.object(key)
  let marker: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } = {}
  for (;;) {
    const page = await bucket.ask(`cannot look for versions of object ${key}`, options =>
      bucket.client.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key, ...marker }), options),
    )
    const found = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
    yield found.flatMap(version =>
      version.Key === Key && version.VersionId !== undefined
        ? [{ id: { Key, VersionId: version.VersionId }, latest: version.IsLatest === true }]
        : [],
    )
    // Of all that begins like this key its own versions come first.
    if (page.IsTruncated !== true || page.NextKeyMarker !== Key) return
    marker = {
      KeyMarker: Key,
      ...(page.NextVersionIdMarker !== undefined && { VersionIdMarker: page.NextVersionIdMarker }),
    }
  }
}

/** Answers the keys that a delete marker was made for. */
async function remove(bucket: Bucket, objects: ObjectIdentifier[]): Promise<ReadonlySet<string>> {
  const { Deleted = [], Errors = [] } = await bucket.ask('cannot remove objects', options =>
    bucket.client.send(
      new DeleteObjectsCommand({ Bucket: bucket.place.bucket, Delete: { Objects: objects } }),
      options,
    ),
  )
  const failed = Errors.find(({ Code }) => Code !== 'NoSuchKey' && Code !== 'NoSuchVersion')
  if (failed?.Code === 'AccessDenied' || failed?.Code === 'ObjectLocked')
    throw new Fault('denied', `object ${failed.Key} is kept by the store (object lock), or may not be removed`)
  if (failed) throw new Fault('unavailable', `object ${failed.Key} cannot be removed (${failed.Code})`)
  return new Set(Deleted.flatMap(({ Key, DeleteMarker }) => (DeleteMarker === true && Key !== undefined ? [Key] : [])))
}
