import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aDisk, alice, aServer, bob, type Desk, NOW, openDesk, putVault, refused } from '../../../test/desk.ts'
import type { CheckpointParam } from '../../contract/operations.gen.ts'
import { GIB } from '../../contract/sizes.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { ProjectCaller } from '../use-case.ts'
import { createCheckpoint } from './create-checkpoint.ts'
import { showCheckpoint } from './show-checkpoint.ts'

const ask = async (desk: Desk, vaultId: string, parameters?: CheckpointParam, caller: ProjectCaller = alice) => {
  const { checkpoint } = await createCheckpoint(desk.ports, caller, {
    path: { project_id: caller.projectId },
    query: {},
    body: { checkpoint: { vault_id: vaultId, ...(parameters && { parameters }) } },
  })
  assert.ok(checkpoint)
  return checkpoint
}

const bind = async (desk: Desk, vaultId: string, given: Partial<ResourceRecord> & { readonly id: string }) =>
  desk.catalog.change(({ resources }) =>
    resources.put({
      vaultId,
      projectId: alice.projectId,
      type: 'OS::Nova::Server',
      name: given.id,
      sizeBytes: 50 * GIB,
      protectStatus: 'available',
      autoProtect: true,
      excludeVolumes: [],
      includeVolumes: [],
      addedAt: NOW,
      backupBytes: 0,
      backupCount: 0,
      ...given,
    }),
  )

const boundServer = async (desk: Desk, vaultId: string, given: Partial<ResourceRecord> = {}, name = 'db-01') => {
  const server = aServer({ name })
  desk.servers.push(server)
  await bind(desk, vaultId, { id: server.id, ...given })
  return server
}

test('a server is backed up as a parent and a child per disk, with a log and a job, at once', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  const server = await boundServer(desk, vault.id)
  const checkpoint = await ask(desk, vault.id, { name: 'nightly', description: 'before the upgrade' })
  assert.equal(checkpoint.status, 'protecting')
  assert.deepEqual(checkpoint.extra_info, {
    name: 'nightly',
    description: 'before the upgrade',
    retention_duration: -1,
  })
  assert.deepEqual(checkpoint.vault?.resources, [
    {
      id: server.id,
      type: 'OS::Nova::Server',
      name: 'db-01',
      protect_status: 'protecting',
      resource_size: '50',
      backup_size: '0',
      backup_count: '0',
    },
  ])
  assert.deepEqual(checkpoint.vault?.skipped_resources, [])
  assert.equal(desk.woken.times, 1)
  await desk.catalog.read(async records => {
    const rows = await records.backups.within({ projectId: alice.projectId, checkpointId: checkpoint.id })
    const parent = rows.find(row => row.parentId === undefined)
    assert.ok(parent)
    assert.equal(parent.name, 'nightly')
    assert.equal(parent.status, 'waiting_protect')
    assert.equal(parent.containSystemDisk, true)
    assert.equal(parent.metadata?.volumes.length, 2)
    const children = rows.filter(row => row.parentId === parent.id)
    assert.deepEqual(children.map(row => row.name).sort(), ['nightly_data', 'nightly_root'])
    assert.deepEqual(children.map(row => [row.resourceName, row.systemDisk]).sort(), [
      ['data', false],
      ['root', true],
    ])
    assert.equal((await records.resources.find(vault.id, server.id))?.protectStatus, 'protecting')
    const [job] = await records.jobs.open(alice.projectId)
    assert.deepEqual([job?.kind, job?.payload], ['take-backup', { backupId: parent.id }])
    const log = await records.operationLogs.find(alice.projectId, job?.operationLogId ?? '')
    assert.equal(log?.status, 'waiting')
    assert.deepEqual(log?.detail, { backup: { backup_id: parent.id, backup_name: 'nightly', incremental: 'true' } })
    assert.equal(log?.checkpointId, checkpoint.id)
  })
})

test('names: given by the caller, made, numbered, with the prefix of the vault before automatic ones only', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk, { backupNamePrefix: 'pre-' })
  await boundServer(desk, vault.id, { addedAt: NOW }, 'one')
  await boundServer(desk, vault.id, { addedAt: new Date(NOW.getTime() + 1) }, 'two')
  const names = async (id: string) =>
    (await desk.catalog.read(({ backups }) => backups.within({ projectId: alice.projectId, checkpointId: id })))
      .filter(row => row.parentId === undefined)
      .map(row => row.name)
      .sort()
  const auto = await ask(desk, vault.id, { auto_trigger: true })
  const base = auto.extra_info?.name ?? ''
  assert.match(base, /^pre-autobk_[0-9a-f]{4}$/)
  assert.deepEqual(await names(auto.id), [`${base}-0001`, `${base}-0002`])
  const other = await putVault(desk, { backupNamePrefix: 'pre-' })
  await boundServer(desk, other.id)
  const manual = await ask(desk, other.id)
  assert.match((await names(manual.id))[0] ?? '', /^manualbk_[0-9a-f]{4}$/)
})

test('excluded disks are left out, included ones are the only ones', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  const server = aServer()
  desk.servers.push(server)
  const [root, data] = server.disks
  assert.ok(root && data)
  await bind(desk, vault.id, { id: server.id, excludeVolumes: [root.id] })
  const { id } = await ask(desk, vault.id)
  const rows = await desk.catalog.read(({ backups }) =>
    backups.within({ projectId: alice.projectId, checkpointId: id }),
  )
  assert.deepEqual(
    rows.filter(row => row.parentId).map(row => row.resourceId),
    [data.id],
  )
  assert.equal(rows.find(row => !row.parentId)?.containSystemDisk, false)
  const only = await putVault(desk)
  const second = aServer()
  desk.servers.push(second)
  const [first] = second.disks
  assert.ok(first)
  await bind(desk, only.id, { id: second.id, includeVolumes: [{ id: first.id }] })
  const checkpoint = await ask(desk, only.id)
  assert.equal(checkpoint.vault?.resources?.[0]?.resource_size, '40')
})

test('retention: filled for manual backups, refused for automatic ones and for zero days', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  await boundServer(desk, vault.id)
  await refused('9900', ask(desk, vault.id, { retention_duration_days: 7, auto_trigger: true }))
  await refused('9900', ask(desk, vault.id, { retention_duration_days: 0 }))
  const checkpoint = await ask(desk, vault.id, { retention_duration_days: 7 })
  assert.equal(checkpoint.extra_info?.retention_duration, 7)
  const rows = await desk.catalog.read(({ backups }) =>
    backups.within({ projectId: alice.projectId, checkpointId: checkpoint.id }),
  )
  for (const row of rows) assert.equal(row.expiredAt?.getTime(), NOW.getTime() + 7 * 86_400_000)
})

test('the vault: 6105, 6113, 6124, 6114', async () => {
  await using desk = await openDesk()
  await refused('6105', ask(desk, crypto.randomUUID()))
  const vault = await putVault(desk)
  await boundServer(desk, vault.id)
  await refused('6105', ask(desk, vault.id, undefined, bob))
  for (const status of ['lock', 'frozen', 'deleting', 'error'] as const) {
    await desk.catalog.change(({ vaults }) => vaults.update(vault.id, { status }))
    await refused('6113', ask(desk, vault.id))
  }
  const replicas = await putVault(desk, { protectType: 'replication' })
  await refused('6124', ask(desk, replicas.id))
  const full = await putVault(desk, { usedBytes: 100 * GIB })
  await boundServer(desk, full.id)
  await refused('6114', ask(desk, full.id))
})

test('the resources: 6135, 0001, 6125, 1001, 2010; what cannot be backed up is skipped beside what can', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  await refused('0001', ask(desk, vault.id))
  await refused('6135', ask(desk, vault.id, { resources: [crypto.randomUUID()] }))
  const busy = await boundServer(desk, vault.id, { protectStatus: 'protecting' }, 'busy')
  await refused('1001', ask(desk, vault.id))
  await refused('6125', ask(desk, vault.id, { resources: [busy.id] }))
  const restoring = await boundServer(desk, vault.id, { protectStatus: 'restoring' }, 'restoring')
  await refused('2010', ask(desk, vault.id, { resources: [restoring.id] }))
  await refused('0001', ask(desk, vault.id, { resources: [restoring.id, busy.id] }))
  const removing = await boundServer(desk, vault.id, { protectStatus: 'removing' }, 'removing')
  const gone = crypto.randomUUID()
  await bind(desk, vault.id, { id: gone })
  const broken = aServer({ status: 'ERROR' })
  const empty = aServer({ disks: [] })
  const bad = aServer({ disks: [aDisk({ status: 'error' })] })
  const mending = aServer({ disks: [aDisk({ status: 'restoring-backup' })] })
  desk.servers.push(broken, empty, bad, mending)
  for (const { id } of [broken, empty, bad, mending]) await bind(desk, vault.id, { id })
  const fine = await boundServer(desk, vault.id, { protectStatus: 'error' }, 'fine')
  const { vault: shown, id } = await ask(desk, vault.id)
  assert.deepEqual(
    shown?.resources?.map(resource => resource.id),
    [fine.id],
  )
  const codes = new Map(shown?.skipped_resources?.map(skipped => [skipped.id, skipped.code?.slice(-4)]))
  assert.deepEqual(
    codes,
    new Map([
      [busy.id, '6125'],
      [restoring.id, '2010'],
      [removing.id, '6134'],
      [gone, '7100'],
      [broken.id, '7101'],
      [empty.id, '7108'],
      [bad.id, '7003'],
      [mending.id, '2010'],
    ]),
  )
  const logs = await desk.catalog.read(({ operationLogs }) =>
    operationLogs.list(alice.projectId, { status: 'skipped' }, { limit: 100, offset: 0 }),
  )
  assert.equal(logs.total, codes.size)
  assert.ok(logs.rows.every(log => log.checkpointId === id && log.endedAt && log.errorCode !== ''))
})

test('a disk vault: gone 7000, the rest as with servers; resources and resource_details name the same once', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk, { objectType: 'disk' })
  const disk = aDisk({ name: 'data' })
  desk.disks.push(disk)
  const type = 'OS::Cinder::Volume' as const
  const gone = crypto.randomUUID()
  await bind(desk, vault.id, { id: gone, type })
  await bind(desk, vault.id, { id: disk.id, type })
  const checkpoint = await ask(desk, vault.id, {
    resources: [disk.id, gone],
    resource_details: [{ id: disk.id, type }],
  })
  assert.deepEqual(
    checkpoint.vault?.resources?.map(resource => resource.name),
    ['data'],
  )
  assert.deepEqual(
    checkpoint.vault?.skipped_resources?.map(skipped => skipped.code),
    ['BackupService.7000'],
  )
  const rows = await desk.catalog.read(({ backups }) =>
    backups.within({ projectId: alice.projectId, checkpointId: checkpoint.id }),
  )
  assert.equal(rows.length, 1)
})

test('of two calls at the same time one is refused', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  await boundServer(desk, vault.id)
  const results = await Promise.allSettled([1, 2, 3].map(() => ask(desk, vault.id)))
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  const jobs = await desk.catalog.read(({ jobs }) => jobs.open(alice.projectId))
  assert.equal(jobs.length, 1)
})

test('a checkpoint shows how far each resource has come; unknown and foreign ones are 6217', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  const [one, two] = [await boundServer(desk, vault.id, {}, 'one'), await boundServer(desk, vault.id, {}, 'two')]
  const { id } = await ask(desk, vault.id)
  const show = (caller = alice, checkpointId = id) =>
    showCheckpoint(desk.ports, caller, {
      path: { project_id: caller.projectId, checkpoint_id: checkpointId },
      query: {},
      body: undefined,
    })
  await desk.catalog.change(async ({ backups, checkpoints }) => {
    const rows = await backups.within({ projectId: alice.projectId, checkpointId: id })
    const top = (resourceId: string) => rows.filter(row => row.resourceId === resourceId).map(row => row.id)
    await backups.update(top(one.id), { status: 'available' })
    await backups.update(top(two.id), { status: 'error' })
    await checkpoints.setStatus(id, 'available')
  })
  const { checkpoint } = await show()
  const statuses = new Map(checkpoint?.vault?.resources?.map(resource => [resource.name, resource.protect_status]))
  assert.deepEqual([statuses.get('one'), statuses.get('two')], ['available', 'error'])
  assert.equal(checkpoint?.status, 'available')
  assert.equal(checkpoint?.created_at, '2026-11-23T14:15:54.210+00:00')
  await refused('6217', show(bob))
  await refused('6217', show(alice, 'no-uuid'))
})
