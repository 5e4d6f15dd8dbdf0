import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice, bob, type Desk, NOW, openDesk, refused } from '../../../test/desk.ts'
import { aVault } from '../../adapters/catalog/samples.ts'
import type { Operations } from '../../contract/operations.gen.ts'
import type { OperationLogRecord } from '../../ports/catalog/operation-log.ts'
import { listOpLogs } from './list-op-logs.ts'
import { showOpLog } from './show-op-log.ts'

const put = async (desk: Desk, given: Partial<OperationLogRecord> = {}) => {
  const log: OperationLogRecord = {
    id: crypto.randomUUID(),
    projectId: alice.projectId,
    type: 'backup',
    status: 'success',
    createdAt: NOW,
    startedAt: NOW,
    updatedAt: NOW,
    endedAt: NOW,
    providerId: 'p',
    vaultId: 'v',
    vaultName: 'vault',
    checkpointId: 'c',
    errorCode: '',
    errorMessage: '',
    progress: 100,
    requestId: 'req-1',
    resource: { id: 'r', name: 'db-01', type: 'OS::Nova::Server' },
    detail: { backup: { backup_id: 'b', backup_name: 'nightly', incremental: 'true' } },
    ...given,
  }
  await desk.catalog.change(({ operationLogs }) => operationLogs.insert([log]))
  return log
}

const list = (desk: Desk, query: Operations['ListOpLogs']['query'] = {}, caller = alice) =>
  listOpLogs(desk.ports, caller, { path: { project_id: caller.projectId }, query, body: undefined })

test('a task on the wire; unknown and foreign ones are 6500', async () => {
  await using desk = await openDesk()
  const log = await put(desk)
  const show = (id: string, caller = alice) =>
    showOpLog(desk.ports, caller, {
      path: { project_id: caller.projectId, operation_log_id: id },
      query: {},
      body: undefined,
    })
  const at = '2026-11-23T14:15:54.210+00:00'
  assert.deepEqual((await show(log.id)).operation_log, {
    id: log.id,
    project_id: alice.projectId,
    operation_type: 'backup',
    status: 'success',
    created_at: at,
    started_at: at,
    updated_at: at,
    ended_at: at,
    provider_id: 'p',
    vault_id: 'v',
    vault_name: 'vault',
    checkpoint_id: 'c',
    error_info: { code: '', message: '' },
    extra_info: {
      common: { progress: 100, request_id: 'req-1', task_id: log.id },
      resource: { id: 'r', name: 'db-01', type: 'OS::Nova::Server' },
      backup: { backup_id: 'b', backup_name: 'nightly', incremental: 'true' },
    },
  })
  await refused('6500', show('no-uuid'))
  await refused('6500', show(log.id, bob))
})

test('lists: newest first, by every filter, page by page', async () => {
  await using desk = await openDesk()
  const later = new Date(NOW.getTime() + 5000)
  const backup = await put(desk)
  const deletion = await put(desk, {
    type: 'vault_delete',
    status: 'running',
    createdAt: later,
    startedAt: later,
    endedAt: undefined as never,
    vaultId: 'w',
    vaultName: 'other',
    providerId: 'q',
    resource: { id: 's', name: 'web', type: 'vault' },
  })
  await put(desk, { projectId: bob.projectId })
  const ids = async (query: Operations['ListOpLogs']['query'] = {}) =>
    (await list(desk, query)).operation_logs?.map(log => log.id)
  assert.deepEqual(await ids(), [deletion.id, backup.id])
  const filters: readonly (readonly [Operations['ListOpLogs']['query'], OperationLogRecord])[] = [
    [{ operation_type: 'vault_delete' }, deletion],
    [{ status: 'success' }, backup],
    [{ provider_id: 'q' }, deletion],
    [{ resource_id: 's' }, deletion],
    [{ resource_name: 'db-01' }, backup],
    [{ vault_id: 'w' }, deletion],
    [{ vault_name: 'vault' }, backup],
    [{ start_time: '2026-11-23T14:15:55Z' }, deletion],
    [{ end_time: '2026-11-23T14:15:55Z' }, backup],
  ]
  for (const [query, expected] of filters) assert.deepEqual(await ids(query), [expected.id], JSON.stringify(query))
  assert.deepEqual(await ids({ enterprise_project_id: '0' }), [deletion.id, backup.id])
  assert.deepEqual(await ids({ enterprise_project_id: 'other' }), [])
  assert.deepEqual(await ids({ destination_region: 'elsewhere' }), [])
  assert.deepEqual(await ids({ limit: 1, marker: deletion.id }), [backup.id])
  const { operation_logs: _, ...page } = await list(desk, { limit: 1, offset: 1 })
  assert.deepEqual(page, { count: 2, limit: 1, offset: 1 })
  await refused('9900', list(desk, { start_time: 'soon' }))
})

test('a task belongs to the enterprise project of its vault, and to the default one when the vault is gone', async () => {
  await using desk = await openDesk()
  const vault = aVault(alice.projectId, { enterpriseProjectId: 'research' })
  const plain = aVault(alice.projectId)
  await desk.catalog.change(async ({ vaults }) => {
    await vaults.insert(vault)
    await vaults.insert(plain)
  })
  const [research, other] = [await put(desk, { vaultId: vault.id }), await put(desk, { vaultId: plain.id })]
  const gone = await put(desk, { vaultId: crypto.randomUUID() })
  const ids = async (enterprise?: string) => {
    const { operation_logs: logs = [], count } = await list(
      desk,
      enterprise ? { enterprise_project_id: enterprise } : {},
    )
    assert.equal(count, logs.length)
    return new Set(logs.map(log => log.id))
  }
  assert.deepEqual(await ids('research'), new Set([research.id]))
  assert.deepEqual(await ids('0'), new Set([other.id, gone.id]))
  for (const all of [undefined, 'all_granted_eps']) assert.equal((await ids(all)).size, 3)
})
