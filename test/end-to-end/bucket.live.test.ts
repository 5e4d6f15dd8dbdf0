// Needs S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY, S3_SECRET_KEY.
/** A service whose chunks lie in a bucket: all that a disk's bytes go through, and what object lock adds. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DeleteObjectCommand, type S3ServiceException } from '@aws-sdk/client-s3'
import { connectNbd } from '../../src/adapters/disks/nbd-client.ts'
import { diskContexts } from '../../src/adapters/disks/nbd-disk.ts'
import { nbdAddress } from '../../src/adapters/disks/nbd-uri.ts'
import { opencbr } from '../command-line.ts'
import { openHouse, projects, type TestHouse } from '../house.ts'
import { clientOf, emptied, openS3Server, type S3Place, sharedPlace, type Version, versionsIn } from '../s3-server.ts'
import { shareBackup, until } from '../shared-backup.ts'

const settings = ({ bucket, endpoint, prefix, region, accessKey, secretKey }: S3Place) => ({
  OPENCBR_CHUNK_STORE_URL: `s3://${bucket}?${new URLSearchParams({ endpoint: endpoint ?? '', region, prefix, pathStyle: 'true' })}`,
  OPENCBR_CHUNK_STORE_ACCESS_KEY: accessKey,
  OPENCBR_CHUNK_STORE_SECRET_KEY: secretKey,
})

/** Keys of alpha's objects of the kind, without what stands before them. */
const objectsIn = async (place: S3Place, kind: 'packs' | 'manifests' | 'holds' | 'index') =>
  (await versionsIn(place)).filter(({ Key }) => Key.includes(`realms/${projects.alpha}/${kind}/`))

async function readOverNbd(house: TestHouse, backupId: string): Promise<Buffer> {
  const exports = `/opencbr/v1/{project_id}/backups/${backupId}/exports`
  const { status, body } = await house.call('bob', 'POST', exports, { listen: 'unix' })
  assert.equal(status, 201, JSON.stringify(body))
  await using client = await connectNbd(nbdAddress(body.export.uri), { contexts: diskContexts })
  const bytes = Buffer.alloc(body.export.size_bytes)
  await client.read(bytes, 0)
  const ended = await house.call('bob', 'DELETE', `/opencbr/v1/{project_id}/exports/${body.export.id}`)
  assert.equal(ended.status, 204)
  return bytes
}

/** Overwrites db-01's disks and has them restored; they are what they were. */
async function restoreOver(house: TestHouse, backupId: string): Promise<void> {
  const originals = await Promise.all(house.diskFiles.map(file => readFile(file)))
  for (const file of house.diskFiles) await writeFile(file, randomBytes((await stat(file)).size))
  const { backup } = (await house.call('alice', 'GET', `/v3/{project_id}/backups/${backupId}`)).body
  const mappings = backup.children.map((child: { id: string; resource_id: string }) => ({
    backup_id: child.id,
    volume_id: child.resource_id,
  }))
  const { status, body } = await house.call('alice', 'POST', `/v3/{project_id}/backups/${backupId}/restore`, {
    restore: { server_id: backup.resource_id, mappings, power_on: false },
  })
  assert.equal(status, 202, JSON.stringify(body))
  assert.equal((await house.ended('alice', body.job_id)).status, 'success')
  for (const [at, file] of house.diskFiles.entries())
    assert.ok((await readFile(file)).equals(originals[at] ?? Buffer.of()))
}

/** By an operator, on a copy of what a service that was killed would leave. */
async function storeCheck(context: TestContext, house: TestHouse, place: S3Place): Promise<void> {
  const copy = join(house.folder, `copy-${crypto.randomUUID()}`)
  execFileSync('cp', ['-r', house.config.dataDir, copy])
  const words = ['store', 'check', '--read', '--data', copy]
  const { code, out, err } = await opencbr({ ...settings(place), OPENCBR_LOG_LEVEL: 'silent' }, words)
  assert.deepEqual([code, err], [0, ''], `${context.name}: ${out}${err}`)
}

async function deleteBackup(house: TestHouse, backupId: string): Promise<void> {
  const backup = `/v3/{project_id}/backups/${backupId}`
  const revoked = await house.call('alice', 'DELETE', `${backup}/members/${projects.beta}`)
  assert.equal(revoked.status, 204, JSON.stringify(revoked.body))
  assert.equal((await house.call('alice', 'DELETE', backup)).status, 204)
  await until(async () => ((await house.call('alice', 'GET', backup)).status === 404 ? true : undefined))
}

test('backup, share, restore, export, check, delete and collect in a bucket', async context => {
  const place = sharedPlace()
  context.after(() => emptied(place))
  await using house = await openHouse({ environment: settings(place) })
  const { backupId, disks } = await shareBackup(house)
  assert.ok((await objectsIn(place, 'packs')).length > 0)
  assert.equal((await objectsIn(place, 'manifests')).length, 2)
  for (const [at, id] of disks.entries())
    assert.ok((await readOverNbd(house, id)).equals(await readFile(house.diskFiles[at] ?? '')))
  await restoreOver(house, backupId)
  await storeCheck(context, house, place)
  const text = await (await fetch(`${house.url}/metrics`)).text()
  assert.match(text, /^opencbr_store_bytes [1-9]\d{6,}$/m)

  await deleteBackup(house, backupId)
  await until(async () => ((await objectsIn(place, 'packs')).length === 0 ? true : undefined))
  assert.deepEqual(await objectsIn(place, 'manifests'), [])
  await storeCheck(context, house, place)
})

test('what is held outlasts its deletion here, and the credentials of the store', async context => {
  const place = await (await openS3Server(context)).bucket('locked')
  await using house = await openHouse({ environment: settings(place) })
  const { backupId, disks } = await shareBackup(house)
  for (const id of disks) await house.datastore.hold({ realm: projects.alpha, id }, new Date(Date.now() + 3_600_000))
  const client = clientOf(place)
  const held = await Promise.all((['packs', 'manifests', 'holds'] as const).map(kind => objectsIn(place, kind)))
  for (const objects of held) {
    assert.ok(objects.length > 0)
    const remove = (version: Version) => client.send(new DeleteObjectCommand({ Bucket: place.bucket, ...version }))
    for (const version of objects)
      await assert.rejects(remove(version), (error: S3ServiceException) => error.name === 'AccessDenied', version.Key)
  }
  client.destroy()
  await restoreOver(house, backupId)

  await deleteBackup(house, backupId)
  const collections = () => house.ports.catalog.read(({ jobs }) => jobs.open(projects.alpha, ['collect-garbage']))
  await until(async () => ((await collections()).length === 0 ? true : undefined))
  assert.deepEqual(
    await Promise.all((['packs', 'manifests', 'holds'] as const).map(kind => objectsIn(place, kind))),
    held,
  )
  for (const [at, id] of disks.entries()) {
    const reader = await house.datastore.open({ realm: projects.alpha, id })
    const bytes = await reader.read(0, reader.sizeBytes)
    assert.ok(Buffer.from(bytes).equals(await readFile(house.diskFiles[at] ?? '')))
  }
  await storeCheck(context, house, place)
})

test('a backup outlasts the restart of the store, also one that begins without it', async context => {
  const server = await openS3Server(context)
  const place = await server.bucket('plain')
  await using house = await openHouse({ environment: settings(place), diskBytes: 64 * 2 ** 20 })
  await server.stop()
  const made = shareBackup(house)
  const taken = () => house.ports.catalog.read(({ jobs }) => jobs.open(projects.alpha, ['take-backup']))
  await until(async () => ((await taken()).some(({ claimedBy }) => claimedBy !== undefined) ? true : undefined))
  await server.start()
  await until(async () => ((await objectsIn(place, 'packs')).length > 0 ? true : undefined))
  await server.stop()
  await server.start()
  const { backupId } = await made
  await restoreOver(house, backupId)
  await storeCheck(context, house, place)
})
