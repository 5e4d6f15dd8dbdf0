import assert from 'node:assert/strict'
import test from 'node:test'
import {
  alice,
  aServer,
  bob,
  type Desk,
  NOW,
  openDesk,
  putBackup,
  putImage,
  putVault,
  refused,
} from '../../../test/desk.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { VaultPatch } from '../../ports/catalog/vault.ts'
import { addVaultResource } from './add-vault-resource.ts'
import { removeVaultResource } from './remove-vault-resource.ts'
import { setVaultResource } from './set-vault-resource.ts'

const pathTo = (vaultId: string) => ({ project_id: alice.projectId, vault_id: vaultId })

const remove = (desk: Desk, vaultId: string, resource_ids: readonly string[], caller = alice) =>
  removeVaultResource(desk.ports, caller, {
    path: { project_id: caller.projectId, vault_id: vaultId },
    query: {},
    body: { resource_ids },
  })

/** A vault with as many servers. */
async function vaultWith(desk: Desk, servers: number, given: VaultPatch = {}) {
  const { id } = await putVault(desk)
  const ids: string[] = []
  for (let at = 0; at < servers; at += 1) {
    const server = aServer({ name: `server-${at}` })
    desk.servers.push(server)
    ids.push(server.id)
  }
  const resources = ids.map(one => ({ id: one, type: 'OS::Nova::Server' }))
  await addVaultResource(desk.ports, alice, { path: pathTo(id), query: {}, body: { resources } })
  await desk.catalog.change(({ vaults }) => vaults.update(id, given))
  return { id, ids }
}

/** A server's backup and the backup of its disk. */
async function putServerBackup(desk: Desk, vaultId: string, resourceId: string, given: Partial<BackupRecord> = {}) {
  const parent = await putBackup(desk, vaultId, { resourceId, resourceType: 'OS::Nova::Server', ...given })
  const child = await putBackup(desk, vaultId, { parentId: parent.id, ...given })
  return { parent, child }
}

test('a resource leaves with its backups and their shares, by a job of its own', async () => {
  await using desk = await openDesk()
  const { id, ids } = await vaultWith(desk, 3)
  const [one = '', two = '', three = ''] = ids
  const { parent, child } = await putServerBackup(desk, id, one)
  const other = await putServerBackup(desk, id, three)
  await desk.catalog.change(({ members }) =>
    members.insert([
      {
        id: crypto.randomUUID(),
        backupId: parent.id,
        destProjectId: bob.projectId,
        status: 'pending',
        createdAt: NOW,
        chargedBytes: 0,
      },
    ]),
  )
  assert.deepEqual(await remove(desk, id, [one, two, one]), { remove_resource_ids: [one, two] })
  assert.equal(desk.woken.times, 1)
  await desk.catalog.read(async ({ resources, backups, members, jobs, operationLogs }) => {
    const status = new Map((await resources.of([id])).map(resource => [resource.id, resource.protectStatus]))
    assert.deepEqual([status.get(one), status.get(two), status.get(three)], ['removing', 'removing', 'available'])
    for (const backup of [parent, child]) assert.equal((await backups.find(backup.id))?.status, 'waiting_delete')
    assert.equal((await backups.find(other.child.id))?.status, 'available')
    assert.deepEqual(await members.of(parent.id), [])
    const open = await jobs.open(alice.projectId)
    assert.deepEqual(open.map(job => job.payload.resourceId).toSorted(), [one, two].toSorted())
    for (const job of open) {
      assert.equal(job.kind, 'remove-resource')
      assert.equal(job.payload.vaultId, id)
      const log = await operationLogs.find(alice.projectId, job.operationLogId ?? '')
      const total = job.payload.resourceId === one ? 1 : 0
      assert.deepEqual([log?.type, log?.resource.id], ['remove_resource', job.payload.resourceId])
      assert.deepEqual(log?.detail.remove_resources, { total_count: total, fail_count: 0, resources: [log?.resource] })
    }
  })
  await refused('6134', remove(desk, id, [one]))
})

test('what may not leave now', async () => {
  await using desk = await openDesk()
  const cases: readonly [Partial<BackupRecord>, ErrorCode][] = [
    [{ status: 'waiting_protect' }, '0002'],
    [{ status: 'protecting' }, '0002'],
    [{ status: 'restoring' }, '6125'],
    [{ uses: 1 }, '6216'],
  ]
  for (const [given, code] of cases) {
    const { id, ids } = await vaultWith(desk, 1)
    await putServerBackup(desk, id, ids[0] ?? '', given)
    await refused(code, remove(desk, id, ids))
  }
  const { id, ids } = await vaultWith(desk, 2)
  const [one = '', two = ''] = ids
  const { parent } = await putServerBackup(desk, id, one)
  const { parent: mine } = await putServerBackup(desk, id, two)
  await putImage(desk, parent.id, bob.projectId)
  await putImage(desk, mine.id, alice.projectId)
  await refused('6710', remove(desk, id, [one]))
  await refused('6204', remove(desk, id, [two]))
  await desk.catalog.read(async ({ resources, jobs }) => {
    assert.ok((await resources.of([id])).every(resource => resource.protectStatus === 'available'))
    assert.deepEqual(await jobs.open(alice.projectId), [])
  })
})

test('a child backup that is read keeps its server in the vault', async () => {
  await using desk = await openDesk()
  const { id, ids } = await vaultWith(desk, 1)
  const { child } = await putServerBackup(desk, id, ids[0] ?? '')
  await desk.catalog.change(({ backups }) => backups.use(child.id, 1))
  await refused('6216', remove(desk, id, ids))
})

test('the vault, the resource, the status', async () => {
  await using desk = await openDesk()
  const missing = crypto.randomUUID()
  const { id, ids } = await vaultWith(desk, 1, { status: 'error' })
  await refused('6105', remove(desk, id, ids, bob))
  await refused('6135', remove(desk, id, [missing]))
  await refused('6112', remove(desk, id, ids))
  const locked = await vaultWith(desk, 1, { locked: true })
  await refused('6110', remove(desk, locked.id, locked.ids))
})

test('suspend switches automatic backup on, unsuspend off', async () => {
  await using desk = await openDesk()
  const { id, ids } = await vaultWith(desk, 2)
  const [one = '', two = ''] = ids
  const set = (action: 'suspend' | 'unsuspend', resource_ids: readonly string[], vaultId = id) =>
    setVaultResource(desk.ports, alice, {
      path: pathTo(vaultId),
      query: {},
      body: { action, resource_ids },
    })
  const protectedOnes = async () =>
    (await desk.catalog.read(({ resources }) => resources.of([id]))).filter(r => r.autoProtect).map(r => r.id)
  assert.deepEqual(await set('unsuspend', [one]), { set_resource_ids: [one] })
  assert.deepEqual(await protectedOnes(), [two])
  await set('suspend', ids)
  assert.equal((await protectedOnes()).length, 2)
  await refused('6135', set('suspend', [one, crypto.randomUUID()]))
  await refused('6105', set('suspend', [one], crypto.randomUUID()))
  await remove(desk, id, [one])
  await refused('6134', set('suspend', [one]))
  await desk.catalog.change(({ vaults }) => vaults.update(id, { status: 'frozen' }))
  await refused('6112', set('suspend', [two]))
})
