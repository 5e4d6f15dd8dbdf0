/** Replicas within one installation: another project's vault and the own one, what they may be used for, what refuses. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { type Answer, openHouse, type Person, projects, type TestHouse } from '../house.ts'
import {
  asked,
  aVault,
  backUp,
  type Destination,
  replicate,
  replicationEnded,
  seen,
  write,
} from '../replication-ground.ts'

let house: TestHouse
let source: string
let backup: Answer['body']
/** In the project beside, which alice may use as well. */
let beside: Destination
before(async () => {
  house = await openHouse({
    environment: { OPENCBR_REPLICATION_WITHIN_REGION: 'true' },
    more: { roles: { alice: { beta: ['CBR FullAccess'] } } },
  })
  source = await aVault(house, 'alice', 'backup')
  backup = await backUp(house, source)
  beside = { region: 'local-1', project: projects.beta, vault: await aVault(house, 'bob', 'replication') }
})
after(() => house.close())

/** Of the chunks that a project has stored. */
async function storeBytes(project: string): Promise<number> {
  const { packs, readBytes } = await house.datastore.check({ realm: project, read: true })
  assert.ok(packs > 0)
  return readBytes
}

const codeOf = ({ status, body }: Answer): string => `${status} ${body?.error_code}`

test('a replica in another project: the bytes, the records on both sides, the operation log', async () => {
  const answer = await replicate(house, backup.id, beside, { name: 'far', description: 'away' })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  const { replication } = answer.body
  assert.deepEqual([replication.backup_id, replication.source_region], [backup.id, 'local-1'])
  const log = await replicationEnded(house)
  assert.equal(log.status, 'success', JSON.stringify(log))
  const told = log.extra_info.replication
  const listed = async (query: string) =>
    (await house.call('alice', 'GET', `/v3/{project_id}/operation-logs?${query}`)).body.operation_logs
  assert.deepEqual(await listed(`destination_region=local-1&destination_project_id=${projects.beta}`), [log])
  assert.deepEqual(await listed(`destination_region=local-1&destination_project_id=${projects.gamma}`), [])
  assert.deepEqual(await listed('destination_region=local_1'), [])
  const replica = await seen(house, 'bob', told.destination_backup_id)
  assert.deepEqual(
    [replica.name, replica.description, replica.image_type, replica.status, replica.vault_id, replica.created_at],
    ['far', 'away', 'replication', 'available', beside.vault, backup.created_at],
  )
  const [record] = replica.replication_records
  assert.deepEqual([record.id, record.status], [replication.replication_record_id, 'success'])
  assert.equal(record.extra_info.destinatio_vault_id, beside.vault)
  assert.deepEqual((await seen(house, 'alice', backup.id)).replication_records, [record])
  assert.equal(replica.children.length, 2)
  for (const child of replica.children) {
    const twin = backup.children.find((other: { resource_id: string }) => other.resource_id === child.resource_id)
    assert.equal(child.digest, twin.digest)
    const disk = house.diskFiles[child.extend_info.system_disk ? 0 : 1]
    const reader = await house.datastore.open({ realm: projects.beta, id: child.id })
    assert.deepEqual(await reader.read(0, reader.sizeBytes), await readFile(disk))
    assert.deepEqual((await house.datastore.verify({ realm: projects.beta, id: child.id }, {})).problems, [])
  }
  const used = async (person: Person, vault: string) =>
    (await house.call(person, 'GET', `/v3/{project_id}/vaults/${vault}`)).body.vault.billing.used
  assert.equal(await used('bob', beside.vault), await used('alice', source))
})

test('once per region; again when the replica is gone, and then nothing is sent that is there', async () => {
  assert.equal(codeOf(await replicate(house, backup.id, beside)), '400 BackupService.1009')
  const [{ destination_backup_id: replica }] = (await seen(house, 'alice', backup.id)).replication_records
  assert.equal((await house.call('bob', 'DELETE', `/v3/{project_id}/backups/${replica}`)).status, 204)
  await house.runner?.idle()
  assert.equal((await replicate(house, backup.id, beside)).status, 200)
  assert.equal((await replicationEnded(house)).status, 'success')
  assert.equal((await seen(house, 'alice', backup.id)).replication_records.length, 1)
})

test('the next backup: only what has changed since is charged', async () => {
  await write(house.diskFiles[1], 2 ** 20, randomBytes(256 * 1024))
  const next = await backUp(house, source)
  assert.equal((await replicate(house, next.id, beside)).status, 200)
  assert.equal((await replicationEnded(house)).status, 'success')
  const rows = await house.ports.catalog.read(({ backups }) => backups.within({ projectId: projects.beta }))
  const charged = rows.filter(row => row.resourceName === 'db-01-data').map(row => row.storedBytes)
  assert.equal(charged.length, 2)
  assert.ok(Math.min(...charged) < 300 * 1024, String(charged))
  const used = rows.filter(row => row.parentId === undefined).reduce((sum, row) => sum + row.storedBytes, 0)
  const vault = await house.ports.catalog.read(({ vaults }) => vaults.find(projects.beta, beside.vault))
  assert.equal(vault?.usedBytes, used)
})

test('a replica is for images: not restored, shared or replicated', async () => {
  const replica = (await house.call('bob', 'GET', '/v3/{project_id}/backups?image_type=replication')).body.backups[0]
  const path = `/v3/{project_id}/backups/${replica.id}`
  const [child] = replica.children
  const mappings = [{ backup_id: child.id, volume_id: child.resource_id }]
  const restore = { server_id: replica.resource_id, mappings }
  assert.equal(codeOf(await house.call('bob', 'POST', `${path}/restore`, { restore })), '400 BackupService.2003')
  const shared = await house.call('bob', 'POST', `${path}/members`, { members: [projects.gamma] })
  assert.equal(codeOf(shared), '400 BackupService.6707')
  const again = await house.call('bob', 'POST', `${path}/replicate`, { replicate: asked(beside) })
  assert.equal(codeOf(again), '400 BackupService.1002')
  const image = await house.call('bob', 'POST', '/image/v1/cloudimages/wholeimages/action', {
    name: 'of-the-replica',
    backup_id: replica.id,
  })
  assert.equal(image.status, 200, JSON.stringify(image.body))
})

test('what is refused, and in which order', async () => {
  const other = await backUp(house, source)
  const refused = async (wrong: Partial<Destination>, code: string) =>
    assert.equal(codeOf(await replicate(house, other.id, { ...beside, ...wrong })), `400 BackupService.${code}`)
  await refused({ region: 'elsewhere-1' }, '1005')
  await refused({ project: projects.gamma }, '1011')
  await refused({ vault: crypto.randomUUID() }, '6120')
  await refused({ project: projects.alpha, vault: source }, '6119')
  assert.equal(codeOf(await replicate(house, crypto.randomUUID(), beside)), '404 BackupService.6200')
  assert.equal(codeOf(await replicate(house, other.children[0].id, beside)), '400 BackupService.1002')
})

test('a vault: what has no replica yet, into the own project, where nothing is copied', async () => {
  const own = { region: 'local-1', project: projects.alpha, vault: await aVault(house, 'alice', 'replication') }
  const call = (body: object) => house.call('alice', 'POST', '/v3/{project_id}/checkpoints/replicate', body)
  const { body } = await call({ checkpoint: { vault_id: source, ...asked(own) } })
  assert.equal(body.replication?.backups.length, 1, JSON.stringify(body))
  const bytes = await storeBytes(projects.alpha)
  await house.runner?.idle()
  const log = await replicationEnded(house)
  assert.equal(log.status, 'success', JSON.stringify(log))
  // Manifests are new; of chunks and their index there is nothing new.
  assert.deepEqual(await storeBytes(projects.alpha), bytes)
  assert.equal(codeOf(await call({ replicate: { vault_id: source, ...asked(own) } })), '400 BackupService.0001')
  const empty = await aVault(house, 'bob', 'replication')
  const nothing = await house.call('bob', 'POST', '/v3/{project_id}/checkpoints/replicate', {
    replicate: { vault_id: empty, ...asked({ ...beside, vault: empty }) },
  })
  assert.equal(codeOf(nothing), '400 BackupService.1002')
})

test('the source goes, the replicas stay; with a replica being made no vault goes', async () => {
  const [{ destination_backup_id: replica }] = (await seen(house, 'alice', backup.id)).replication_records
  assert.equal((await house.call('alice', 'DELETE', `/v3/{project_id}/backups/${backup.id}`)).status, 204)
  await house.runner?.idle()
  const left = await seen(house, 'bob', replica)
  assert.deepEqual([left.status, left.replication_records.length], ['available', 1])
})
