/** Replicas in another region: two installations on real HTTP, what passes between them counted. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, beforeEach, test } from 'node:test'
import { decodeChunks } from '../../src/replica-wire/chunk-frames.ts'
import { type Answer, projects } from '../house.ts'
import { aVault, backUp, type Destination, replicate, replicationEnded, seen, write } from '../replication-ground.ts'
import { openTwoRegions, type TwoRegions } from '../two-regions.ts'

let regions: TwoRegions
/** Of this side's clock, milliseconds. */
let shift = 0
let source: string
let first: Answer['body']
let to: Destination
before(async () => {
  regions = await openTwoRegions(() => new Date(Date.now() + shift))
  source = await aVault(regions.here, 'alice', 'backup')
  first = await backUp(regions.here, source)
  to = { region: 'there-1', project: projects.beta, vault: await aVault(regions.there, 'bob', 'replication') }
})
beforeEach(() => {
  regions.gate.passed.length = 0
  regions.gate.watch = () => undefined
  regions.gate.twist = (_, answer) => answer
})
after(() => regions[Symbol.asyncDispose]())

const codeOf = ({ status, body }: Answer): string => `${status} ${body?.error_code}`

/** How many data chunks went over. */
async function sent(): Promise<number> {
  let chunks = 0
  for (const { body } of regions.gate.passed.filter(({ path }) => path.endsWith('/chunks')))
    chunks += ((await decodeChunks(body, 32)) ?? []).filter(({ kind }) => kind === 'data').length
  return chunks
}

const CHUNK = 256 * 1024
const HOUR = 3_600_000

test('a replica there: the same bytes under other names, records on both sides', async () => {
  const { here, there } = regions
  const answer = await replicate(here, first.id, to)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  const log = await replicationEnded(here)
  assert.equal(log.status, 'success', JSON.stringify(log))
  assert.equal(await sent(), (2 * 2 * 2 ** 20) / CHUNK)
  const id = log.extra_info.replication.destination_backup_id
  const replica = await seen(there, 'bob', id)
  assert.deepEqual([replica.status, replica.image_type], ['available', 'replication'])
  assert.equal(replica.replication_records[0].source_region, 'here-1')
  assert.deepEqual((await seen(here, 'alice', first.id)).replication_records[0].destination_backup_id, id)
  for (const child of replica.children) {
    const reader = await there.datastore.open({ realm: projects.beta, id: child.id })
    const file = here.diskFiles[child.extend_info.system_disk ? 0 : 1]
    assert.deepEqual(await reader.read(0, reader.sizeBytes), await readFile(file))
    assert.deepEqual((await there.datastore.verify({ realm: projects.beta, id: child.id }, {})).problems, [])
  }
  assert.equal(codeOf(await replicate(here, first.id, to)), '400 BackupService.1009')
})

test('the next one: what has changed goes over, nothing else', async () => {
  await write(regions.here.diskFiles[1], 4 * CHUNK, randomBytes(CHUNK))
  const next = await backUp(regions.here, source)
  assert.equal((await replicate(regions.here, next.id, to)).status, 200)
  assert.equal((await replicationEnded(regions.here)).status, 'success')
  assert.equal(await sent(), 1)
})

test('an interruption: what has come already does not go over again', async () => {
  await write(regions.here.diskFiles[0], 0, randomBytes(2 * CHUNK))
  await write(regions.here.diskFiles[1], 0, randomBytes(3 * CHUNK))
  const next = await backUp(regions.here, source)
  let disks = 0
  regions.gate.watch = ({ path }) => {
    if (!path.includes('/disks/')) return undefined
    disks += 1
    return disks === 2 ? Promise.resolve({ status: 503, body: '{}' }) : undefined
  }
  assert.equal((await replicate(regions.here, next.id, to)).status, 200)
  assert.equal((await replicationEnded(regions.here)).status, 'success')
  assert.equal(await sent(), 5)
  assert.equal(disks, 4)
})

test('lies: a chunk that is changed on the way is refused, and so is another digest', async () => {
  const { here, there, gate } = regions
  await write(here.diskFiles[1], 0, randomBytes(CHUNK))
  const next = await backUp(here, source)
  gate.watch = ({ path, body }) => {
    if (path.endsWith('/chunks')) body.writeUInt8((body.at(-1) ?? 0) ^ 1, body.length - 1)
    return undefined
  }
  assert.equal((await replicate(here, next.id, to)).status, 200)
  const log = await replicationEnded(here)
  assert.deepEqual([log.status, log.error_info.code], ['failed', 'BackupService.9900'])
  const [record] = (await seen(here, 'alice', next.id)).replication_records
  assert.deepEqual([record.status, record.extra_info.fail_code], ['fail', 'BackupService.9900'])
  gate.watch = () => undefined
  gate.twist = ({ path }, answer) => (path.includes('/disks/') ? Buffer.from(`{"digest":"${'0'.repeat(64)}"}`) : answer)
  assert.equal((await replicate(here, next.id, to)).status, 200)
  assert.equal((await replicationEnded(here)).status, 'failed')
  await there.runner?.idle()
  const left = await there.ports.catalog.read(({ backups }) => backups.within({ projectId: projects.beta }))
  assert.ok(left.every(({ status }) => status === 'available'))
})

test('manifests are not believed: pages that lead nowhere, sizes that are wrong, uploads of others', async () => {
  const { there } = regions
  const begin = (vaultId: string, by: 'bob' | 'carol') =>
    there.call(by, 'POST', '/opencbr/v1/{project_id}/replicas', anOrder(vaultId))
  const { body } = await begin(to.vault, 'bob')
  const path = `/opencbr/v1/{project_id}/replicas/${body.upload.id}`
  const disk = `${path}/disks/${body.disks[0]}`
  const put = (bytes: number, pages: Buffer) => there.call('bob', 'PUT', `${disk}?bytes=${bytes}`, pages)
  assert.equal(codeOf(await put(CHUNK, randomBytes(32))), '400 BackupService.9900')
  assert.equal(codeOf(await put(CHUNK + 1, randomBytes(32))), '400 BackupService.9900')
  assert.equal(codeOf(await put(CHUNK, randomBytes(64))), '400 BackupService.9900')
  assert.equal(codeOf(await there.call('bob', 'POST', `${path}/finish`)), '400 BackupService.9900')
  for (const bad of [randomBytes(100), Buffer.alloc(42), Buffer.from([9])])
    assert.equal(codeOf(await there.call('bob', 'POST', `${path}/chunks`, bad)), '400 BackupService.9900')
  assert.equal((await there.call('carol', 'POST', `${path}/finish`)).status, 409)
  assert.equal(codeOf(await begin(to.vault, 'carol')), '400 BackupService.6120')
  assert.equal((await there.call('rita', 'POST', '/opencbr/v1/{project_id}/replicas', {})).status, 403)
  const hashes = randomBytes(32)
  const other = await there.call('bob', 'POST', `${path}/missing?kind=data`, hashes)
  assert.equal(other.status, 200)
  assert.equal((await there.call('bob', 'POST', `${path}/abandon`, { code: 'c', message: 'm' })).status, 204)
  assert.equal((await put(CHUNK, randomBytes(32))).status, 409)
})

test('a policy: what it has not replicated yet, kept there by its rules, once per due time', async () => {
  const { here, there } = regions
  const call = async (method: string, path: string, body: object) => {
    const answer = await here.call('alice', method, `/v3/{project_id}/${path}`, body)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body
  }
  const target = await aVault(there, 'bob', 'replication')
  const soon = new Date(Date.now() + shift - HOUR / 6)
  const pattern = [`FREQ=DAILY;INTERVAL=1;BYHOUR=${soon.getUTCHours()};BYMINUTE=${soon.getUTCMinutes()}`]
  const { policy } = await call('POST', 'policies', {
    policy: {
      name: 'copies',
      operation_type: 'replication',
      operation_definition: {
        max_backups: 2,
        destination_region: 'there-1',
        destination_project_id: projects.beta,
      },
      trigger: { properties: { pattern } },
    },
  })
  const apply = (destination_vault_id: string) =>
    here.call('alice', 'POST', `/v3/{project_id}/vaults/${source}/associatepolicy`, {
      policy_id: policy.id,
      destination_vault_id,
    })
  assert.equal(codeOf(await apply(crypto.randomUUID())), '400 BackupService.6120')
  assert.equal((await apply(target)).status, 200)
  const run = async () => {
    shift += 24 * HOUR
    await Promise.all([here.schedule?.look(), here.schedule?.look()])
    await here.runner?.idle()
    await there.runner?.idle()
    return there.ports.catalog.read(async ({ backups }) => {
      const rows = await backups.within({ projectId: projects.beta, vaultId: target })
      return rows.filter(({ parentId }) => parentId === undefined)
    })
  }
  // Of the two newest one has a replica already.
  const begun = await run()
  assert.deepEqual(
    begun.map(({ autoTrigger, imageType, status }) => [autoTrigger, imageType, status]),
    [[true, 'replication', 'available']],
  )
  const [second, third] = [await backUp(here, source), await backUp(here, source)]
  const kept = await run()
  assert.deepEqual(new Set(kept.map(({ name }) => name)), new Set([second.name, third.name]))
  await run()
  const { body } = await here.call('alice', 'GET', '/v3/{project_id}/operation-logs?operation_type=replication&limit=1')
  const [log] = body.operation_logs
  assert.deepEqual([log.status, log.error_info.code, log.policy_id], ['skipped', 'BackupService.0001', policy.id])
})

test('other vaults, capabilities, features; what refuses', async () => {
  const { here, gate } = regions
  const external = `/v3/{project_id}/vaults/external?region_id=there-1&external_project_id=`
  const { body } = await here.call('alice', 'GET', `${external}${projects.beta}&protect_type=replication`)
  assert.deepEqual([body.count, body.vaults.at(-1).id], [2, to.vault])
  assert.equal((await here.call('alice', 'GET', `${external}${projects.gamma}`)).body.count, 0)
  const capable = await here.call('alice', 'GET', '/v3/{project_id}/replication-capabilities')
  assert.deepEqual(capable.body.regions, [{ name: 'here-1', replication_destinations: ['there-1'] }])
  const backup = await backUp(here, source)
  assert.equal(codeOf(await replicate(here, backup.id, { ...to, project: projects.gamma })), '400 BackupService.1011')
  assert.equal(
    codeOf(await replicate(here, backup.id, { ...to, vault: crypto.randomUUID() })),
    '400 BackupService.6120',
  )
  gate.watch = () => Promise.resolve({ status: 503, body: '{}' })
  assert.equal(codeOf(await replicate(here, backup.id, to)), '400 BackupService.6118')
})

const anOrder = (vaultId: string) => {
  const disk = { resourceId: 'd', resourceName: 'd', resourceAz: 'a', sizeBytes: CHUNK, encrypted: false, full: true }
  return {
    recordId: crypto.randomUUID(),
    vaultId,
    name: 'n',
    description: '',
    autoTrigger: false,
    source: {
      region: 'elsewhere-1',
      projectId: projects.alpha,
      vaultId: crypto.randomUUID(),
      backupId: crypto.randomUUID(),
      checkpointId: crypto.randomUUID(),
    },
    backup: {
      ...disk,
      createdAt: new Date().toISOString(),
      incremental: false,
      fullBytes: 1,
      disks: [{ ...disk, bootable: true, systemDisk: true }],
    },
  }
}
