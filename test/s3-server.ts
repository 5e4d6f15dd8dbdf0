/** S3 stores for live tests: the one that is there already, and servers of a test's own that it may stop. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'
import type { S3Place } from '../src/adapters/object-store/s3-place.ts'

export type { S3Place }

const folder = process.env.STATE_DIR ?? join(homedir(), '.cache', 'opencbr-services')
/** Where the script that starts services leaves the server. */
const program = join(folder, 'bin', 'versitygw')

/** A prefix of its own in the bucket of the environment. */
export function sharedPlace(): S3Place {
  const { S3_ENDPOINT, S3_BUCKET, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY } = process.env
  return {
    bucket: S3_BUCKET ?? '',
    endpoint: S3_ENDPOINT,
    region: S3_REGION ?? 'us-east-1',
    pathStyle: true,
    prefix: `test-${crypto.randomUUID()}`,
    accessKey: S3_ACCESS_KEY ?? '',
    secretKey: S3_SECRET_KEY ?? '',
  }
}

/** The prefix of a benchmark's store, of which this is the folder. */
export const benchPlace = (store: string): S3Place => ({
  ...sharedPlace(),
  prefix: `bench-${createHash('sha256').update(store).digest('hex').slice(0, 16)}`,
})

export function clientOf(place: S3Place): S3Client {
  return new S3Client({
    region: place.region,
    forcePathStyle: true,
    credentials: { accessKeyId: place.accessKey, secretAccessKey: place.secretKey },
    ...(place.endpoint !== undefined && { endpoint: place.endpoint }),
  })
}

export type BucketKind = 'plain' | 'versioned' | 'locked'

export interface S3Server {
  /** A new bucket. */
  bucket(kind: BucketKind): Promise<S3Place>
  /** SIGKILL. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** A versitygw of the test's own, on a folder that goes with the test; `mount` may put a file system there. */
export async function openS3Server(context: TestContext, mount?: (folder: string) => void): Promise<S3Server> {
  const root = await mkdtemp(join(tmpdir(), 's3-'))
  mount?.(root)
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const [accessKey, secretKey] = ['test', 'test-secret']
  for (const part of ['data', 'versions']) await mkdir(join(root, part))
  let running: ChildProcess | undefined

  const start = async () => {
    running = spawn(
      program,
      [
        '--quiet',
        '--keep-alive',
        '--port',
        `127.0.0.1:${port}`,
        'posix',
        '--versioning-dir',
        join(root, 'versions'),
        join(root, 'data'),
      ],
      { env: { ...process.env, ROOT_ACCESS_KEY_ID: accessKey, ROOT_SECRET_ACCESS_KEY: secretKey }, stdio: 'ignore' },
    )
    await once(running, 'spawn')
    while (!(await answers(endpoint))) await setTimeout(50)
  }
  const stop = async () => {
    if (running?.exitCode !== null || running.signalCode !== null) return
    running.kill('SIGKILL')
    await once(running, 'exit')
  }
  context.after(async () => {
    await stop()
    if (mount) execFileSync('umount', [root])
    await rm(root, { recursive: true, force: true })
  })
  await start()
  return {
    start,
    stop,
    async bucket(kind) {
      const bucket = `test-${crypto.randomUUID()}`
      const place = { bucket, endpoint, region: 'us-east-1', pathStyle: true, prefix: '', accessKey, secretKey }
      const client = clientOf(place)
      await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: kind === 'locked' }))
      if (kind === 'versioned')
        await client.send(
          new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
        )
      client.destroy()
      return place
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('there is no port')
  return address.port
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url)
    return true
  } catch (error) {
    if (error instanceof TypeError) return false // not yet
    throw error
  }
}

/** Removes all that is under the prefix, ours or not. */
export async function emptied(place: S3Place): Promise<void> {
  const client = clientOf(place)
  for await (const Key of keysIn(client, place))
    await client.send(new DeleteObjectCommand({ Bucket: place.bucket, Key }))
  client.destroy()
}

async function* keysIn(client: S3Client, { bucket, prefix }: S3Place): AsyncIterable<string> {
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix }))
    for (const { Key = '' } of Contents) yield Key
}

export interface Version {
  readonly Key: string
  readonly VersionId: string
}

/** All versions and delete markers under the prefix but that of the note which says whose bucket it is. */
export async function versionsIn(place: S3Place): Promise<readonly Version[]> {
  const client = clientOf(place)
  const {
    Versions = [],
    DeleteMarkers = [],
    IsTruncated,
  } = await client.send(new ListObjectVersionsCommand({ Bucket: place.bucket, Prefix: place.prefix }))
  client.destroy()
  if (IsTruncated === true) throw new Error('a test looks at a thousand versions at most')
  return [...Versions, ...DeleteMarkers].flatMap(({ Key = '', VersionId = '' }) =>
    Key.endsWith('OPENCBR') ? [] : [{ Key, VersionId }],
  )
}
