import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesOf, firstDifference } from './compare.ts'
import { compareDigests, readAtOnce } from './demo-access.ts'
import { type Body, Mismatch, type Person, signIn } from './demo-client.ts'
import { allocatedBytes, changeDisks, changedFileOn, type DemoDisks } from './demo-disks.ts'
import { type Screen, size, throughput } from './demo-screen.ts'
import { type DemoService, passwords } from './demo-service.ts'

export interface Stage {
  readonly screen: Screen
  readonly service: DemoService
  readonly disks: DemoDisks
  /** Where files may be put. */
  readonly folder: string
}

interface Cast extends Stage {
  readonly alice: Person
  readonly bob: Person
}

/** From the first backup to the revoked share; throws a Mismatch where anything is not as it should be. */
export async function tell(stage: Stage): Promise<void> {
  const { screen, service, disks } = stage
  const paths = [disks.system, disks.data]
  const whole = (await Promise.all(paths.map(path => stat(path)))).reduce((sum, it) => sum + it.size, 0)
  screen.say(`${size(whole)} on two disks, ${size(await allocatedBytes(paths))} of it allocated`)
  screen.say(`opencbr listens at ${service.url} after ${service.startMilliseconds.toFixed(0)} ms`)
  const alice = await signIn(service.url, { name: 'alice', password: passwords.alice, project: 'alpha' }, screen)
  const bob = await signIn(service.url, { name: 'bob', password: passwords.bob, project: 'beta' }, screen)
  const cast = { ...stage, alice, bob }

  const backupId = await backUpTwice(cast)
  const stored = await service.storeBytes()
  const vaultId = await share(cast, backupId)
  await compareDigests(cast, backupId)
  await readAtOnce(cast, { backupId, disk: 'db-01-data', source: disks.data })
  const imageId = await makeImage(cast, backupId)
  await grewBy(cast, stored, 0)
  const volumes = await makeDisksOf(cast, backupId, imageId)
  await revoke(cast, { backupId, imageId, vaultId, volumes })
}

async function backUpTwice(cast: Cast): Promise<string> {
  const { screen, alice, disks, folder, service } = cast
  screen.step('alice of project alpha backs the server up')
  const { instances } = await alice.call('GET', '/v3/{project_id}/protectables/server/instances', 200)
  const server = instances[0]
  const vaultId = await makeVault(alice, 'alpha-vault', [{ id: server.id, type: 'OS::Nova::Server' }])
  await backUp(cast, vaultId, 'first')
  const first = await service.storeBytes()

  screen.step('A few files change, and she backs up again')
  screen.say(await changeDisks(disks, folder))
  const backupId = await backUp(cast, vaultId, 'second')
  const stored = await service.storeBytes()
  const logical = 2 * (await allocatedBytes([disks.system, disks.data]))
  screen.say(`the second backup added ${size(stored - first)} to the ${size(first)} of the first`)
  screen.say(`two backups of ${size(logical)} lie in ${size(stored)}: ${(logical / stored).toFixed(2)} to 1`)
  return backupId
}

async function makeVault(person: Person, name: string, resources: readonly object[]): Promise<string> {
  const billing = {
    cloud_type: 'public',
    consistent_level: 'crash_consistent',
    object_type: 'server',
    protect_type: 'backup',
    size: 100,
  }
  const { vault } = await person.call('POST', '/v3/{project_id}/vaults', 200, { vault: { name, billing, resources } })
  return vault.id
}

async function backUp({ screen, alice, disks }: Cast, vaultId: string, name: string): Promise<string> {
  const data = await allocatedBytes([disks.system, disks.data])
  const begun = performance.now()
  const { checkpoint } = await alice.call('POST', '/v3/{project_id}/checkpoints', 200, {
    checkpoint: { vault_id: vaultId, parameters: { name, incremental: true } },
  })
  const logs = `/v3/{project_id}/operation-logs?vault_id=${vaultId}&operation_type=backup&limit=1`
  await alice.task(`backup "${name}"`, logs, data)
  screen.say(`${size(data)} of data at ${throughput(data, (performance.now() - begun) / 1000)}`)
  const { backups } = await alice.call('GET', `/v3/{project_id}/backups?checkpoint_id=${checkpoint.id}`, 200)
  const [backup] = backups
  must(backup?.status === 'available', `the backup is ${backup?.status}`)
  must(backup.children.length === 2, `the backup has ${backup.children.length} disks`)
  return backup.id
}

async function share({ screen, alice, bob }: Cast, backupId: string): Promise<string> {
  screen.step('She shares it with project beta')
  const answer = await alice.call('POST', `/v3/{project_id}/backups/${backupId}/members`, 200, {
    members: [bob.projectId],
  })
  screen.say(JSON.stringify(answer))
  must(answer.count === 1 && answer.members[0].status === 'pending', 'the share is not pending')

  screen.step('bob of project beta accepts it into his vault')
  const shared = await bob.call('GET', '/v3/{project_id}/backups?own_type=shared&member_status=pending', 200)
  must(shared.backups.length === 1 && shared.backups[0].id === backupId, 'bob does not see the pending share')
  const vaultId = await makeVault(bob, 'beta-vault', [])
  const accepted = await bob.call('PUT', `/v3/{project_id}/backups/${backupId}/members/${bob.projectId}`, 200, {
    status: 'accepted',
    vault_id: vaultId,
  })
  must(accepted.member.status === 'accepted', `the share is ${accepted.member.status}`)
  return vaultId
}

async function makeImage({ screen, bob, disks }: Cast, backupId: string): Promise<string> {
  screen.step('He registers a whole image of it')
  const { job_id: jobId } = await bob.call('POST', '/image/v1/cloudimages/wholeimages/action', 200, {
    name: 'db-01-from-alpha',
    backup_id: backupId,
    whole_image_type: 'CBR',
  })
  const ended = ({ status }: Body) => status === 'SUCCESS' || status === 'FAIL'
  const job = await bob.until(`/image/v1/{project_id}/jobs/${jobId}`, ended)
  must(job.status === 'SUCCESS', `the image failed: ${job.fail_reason}`)
  const imageId: string = job.entities.image_id
  const image = await bob.call('GET', `/image/v2/images/${imageId}`, 200)
  must(image.status === 'active', `the image is ${image.status}`)
  const begun = performance.now()
  const bytes = await bob.download(`/image/v2/images/${imageId}/file`)
  const found = await firstDifference(bytes, disks.system)
  same(found, 'the image')
  const seconds = (performance.now() - begun) / 1000
  screen.say(
    `downloaded, and the same byte for byte as the system disk: ${size(found.compared)}, ${throughput(found.compared, seconds)}`,
  )
  return imageId
}

async function grewBy({ screen, service }: Cast, before: number, wanted: number): Promise<void> {
  const after = await service.storeBytes()
  must(after - before === wanted, `the store grew by ${after - before} bytes for the share`)
  screen.say(`the store: ${before} bytes before the share, ${after} bytes now: it grew by ${after - before} bytes`)
}

interface Volume {
  readonly id: string
  readonly path: string
  readonly source: string
}

async function makeDisksOf(cast: Cast, backupId: string, imageId: string): Promise<readonly Volume[]> {
  const { screen, bob, disks, folder } = cast
  screen.step('He makes disks of it')
  const { backup } = await bob.call('GET', `/v3/{project_id}/backups/${backupId}`, 200)
  const data = backup.children.find((child: Body) => child.resource_name === 'db-01-data')
  must(data !== undefined, 'bob does not see the data disk of the backup')
  const system = await makeVolume(cast, { name: 'from-image', imageRef: imageId }, disks.system)
  const volumes = [system, await makeVolume(cast, { name: 'from-backup', backup_id: data.id }, disks.data)]
  for (const { path, source } of volumes) {
    const found = await firstDifference(bytesOf(path), source)
    same(found, path)
    screen.say(`the same byte for byte as ${source.slice(source.lastIndexOf('/') + 1)}: ${size(found.compared)}`)
  }
  if (disks.ext4) {
    const { same: unchanged, name } = await changedFileOn(system.path, folder)
    must(unchanged, `${name} on bob's disk is another file`)
    screen.say(`${name}, written between the backups, is on his disk as it was written`)
  }
  return volumes
}

async function makeVolume({ screen, bob, service }: Cast, order: object, source: string): Promise<Volume> {
  const begun = performance.now()
  const { volume } = await bob.call('POST', '/volume/v3/{project_id}/volumes', 202, { volume: order })
  const ended = ({ volume: now }: Body) => now.status !== 'creating'
  const made = await bob.until(`/volume/v3/{project_id}/volumes/${volume.id}`, ended)
  must(made.volume.status === 'available', `the disk is ${made.volume.status}: ${made.volume['opencbr:failure']}`)
  const bytes = await allocatedBytes([source])
  screen.say(`${size(bytes)} of data restored at ${throughput(bytes, (performance.now() - begun) / 1000)}`)
  return { id: volume.id, path: join(service.dataFolder, 'disks', `${volume.id}.raw`), source }
}

interface Shared {
  readonly backupId: string
  readonly imageId: string
  readonly vaultId: string
  readonly volumes: readonly Volume[]
}

async function revoke({ screen, alice, bob }: Cast, { backupId, imageId, vaultId, volumes }: Shared): Promise<void> {
  const member = `/v3/{project_id}/backups/${backupId}/members/${bob.projectId}`
  screen.step("alice cannot take it back while bob's image exists")
  const refused = await alice.call('DELETE', member, 400)
  must(refused.error_code === 'BackupService.6710', `the refusal is ${refused.error_code}`)

  screen.step('bob deletes the image, alice revokes')
  await bob.call('DELETE', `/image/v2/images/${imageId}`, 204)
  await alice.call('DELETE', member, 204)
  await bob.call('GET', `/v3/{project_id}/backups/${backupId}`, 404)
  const left = await bob.call('GET', '/v3/{project_id}/backups?own_type=shared', 200)
  must(left.backups.length === 0, 'bob still sees the share')
  const { vault } = await bob.call('GET', `/v3/{project_id}/vaults/${vaultId}`, 200)
  must(vault.billing.used === 0, `bob's vault still counts ${vault.billing.used} MB`)
  for (const { id, path, source } of volumes) {
    const { volume } = await bob.call('GET', `/volume/v3/{project_id}/volumes/${id}`, 200)
    must(volume.status === 'available', `bob's disk is ${volume.status}`)
    same(await firstDifference(bytesOf(path), source), path)
  }
  screen.say("bob's access is gone; his disks stay, byte for byte")
}

function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Mismatch(otherwise)
}

function same({ differsAt }: { readonly differsAt?: number }, what: string): void {
  must(differsAt === undefined, `${what} differs from its source at byte ${differsAt}`)
}
