// Needs S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY, S3_SECRET_KEY.
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  PutBucketVersioningCommand,
  PutObjectRetentionCommand,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { type BucketKind, clientOf, emptied, openS3Server, sharedPlace, versionsIn } from '../../../test/s3-server.ts'
import { Fault } from '../../ports/fault.ts'
import { retentionSuite } from './retention-suite.ts'
import { openS3ObjectStore } from './s3.ts'
import { objectStoreSuite } from './suite.ts'

const openIn = (kind: BucketKind) => async (context: TestContext) =>
  openS3ObjectStore(await (await openS3Server(context)).bucket(kind))

objectStoreSuite('s3', async context => {
  const place = sharedPlace()
  context.after(() => emptied(place))
  return openS3ObjectStore(place)
})
objectStoreSuite('s3 with object lock', openIn('locked'))
retentionSuite('s3 with object lock', openIn('locked'))

test('a bucket with versions gives the space back, also one that begins to keep them', async context => {
  const server = await openS3Server(context)
  for (const kind of ['versioned', 'plain'] as const) {
    const place = await server.bucket(kind)
    const store = await openS3ObjectStore(place)
    await store.put('a/b', [Buffer.from('first')])
    const client = clientOf(place)
    await client.send(
      new PutBucketVersioningCommand({ Bucket: place.bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    )
    await store.put('a/b', [Buffer.from('second')])
    await store.put('a/bc', [Buffer.from('stays')])
    await client.send(new DeleteObjectCommand({ Bucket: place.bucket, Key: 'a/b' }))
    await store.put('a/b', [Buffer.from('third')])
    client.destroy()
    equal((await versionsIn(place)).filter(({ Key }) => Key === 'a/b').length, 4)
    await store.remove(['a/b'])
    deepEqual(
      (await versionsIn(place)).map(({ Key }) => Key),
      ['a/bc'],
      kind,
    )
    await store.close()
  }
})

test('object lock holds out against the credentials of the store itself', async context => {
  const place = await (await openS3Server(context)).bucket('locked')
  const store = await openS3ObjectStore(place)
  await store.put('a', [Buffer.from('kept')])
  const until = Date.now() + 3_600_000
  await store.retention?.keep(['a'], until)
  const [version] = await versionsIn(place)
  const client = clientOf(place)
  const object = { Bucket: place.bucket, Key: 'a', VersionId: version?.VersionId }
  const refusal = (error: unknown) => error instanceof S3ServiceException && error.name === 'AccessDenied'
  for (const BypassGovernanceRetention of [false, true]) {
    await rejects(client.send(new DeleteObjectCommand({ ...object, BypassGovernanceRetention })), refusal)
    const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: new Date(until - 60_000) } as const
    await rejects(
      client.send(new PutObjectRetentionCommand({ ...object, Retention, BypassGovernanceRetention })),
      refusal,
    )
  }
  await rejects(store.remove(['a']), (error: unknown) => error instanceof Fault && error.kind === 'denied')
  const { Retention } = await client.send(new GetObjectRetentionCommand(object))
  equal(Retention?.Mode, 'COMPLIANCE')
  equal(Retention?.RetainUntilDate?.getTime(), Math.ceil(until / 1000) * 1000)

  // Who has the credentials can hide an object, no more: without the marker it is there again.
  const { VersionId } = await client.send(new DeleteObjectCommand({ Bucket: place.bucket, Key: 'a' }))
  await rejects(store.get('a'), (error: unknown) => error instanceof Fault && error.kind === 'missing')
  await client.send(new DeleteObjectCommand({ ...object, VersionId }))
  equal((await store.get('a')).toString(), 'kept')
  client.destroy()
  await store.close()
})

test('a lock that has a way around is not taken for one of ours', async context => {
  const place = await (await openS3Server(context)).bucket('locked')
  const store = await openS3ObjectStore(place)
  await store.put('a', [Buffer.from('a')])
  const client = clientOf(place)
  const [until, later] = [Date.now() + 3_600_000, new Date(Date.now() + 7_200_000)]
  const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: later } as const
  await client.send(new PutObjectRetentionCommand({ Bucket: place.bucket, Key: 'a', Retention }))
  client.destroy()
  await rejects(store.retention?.keep(['a'], until) ?? store.get('none'), (error: Fault) => error.kind === 'denied')
  deepEqual(await store.retention?.kept(['a']), new Set(['a']))
  await store.close()
})
