import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice, bob, type Desk, openDesk, putBackup, putVault, refused } from '../../../test/desk.ts'
import type { ProjectCaller } from '../use-case.ts'
import { importBackup } from './import-backup.ts'
import { importCheckpoint } from './import-checkpoint.ts'

const request = <B>(caller: ProjectCaller, body: B) => ({ path: { project_id: caller.projectId }, query: {}, body })
const logOf = (desk: Desk, id: string | undefined) =>
  desk.catalog.read(({ operationLogs }) => operationLogs.find(alice.projectId, id ?? ''))

test('a hybrid vault is in line at once, as nothing is there to bring; any other takes no part', async () => {
  await using desk = await openDesk()
  const hybrid = await putVault(desk, { cloudType: 'hybrid' })
  const ask = (vault_id: string, caller = alice) =>
    importCheckpoint(desk.ports, caller, request(caller, { sync: { vault_id, auto_trigger: false } }))
  const { sync } = await ask(hybrid.id)
  assert.equal(sync?.vault_id, hybrid.id)
  const log = await logOf(desk, sync?.operation_log_id)
  assert.deepEqual([log?.type, log?.status, log?.vaultId], ['sync', 'success', hybrid.id])
  await refused('7300', ask((await putVault(desk)).id))
  await refused('6105', ask(crypto.randomUUID()))
  await refused('6105', ask(hybrid.id, bob))
  await refused('6112', ask((await putVault(desk, { cloudType: 'hybrid', status: 'frozen' })).id))
})

test('a backup that is here is in line; another one cannot be brought, and its task says so', async () => {
  await using desk = await openDesk()
  const backup = await putBackup(desk, (await putVault(desk)).id)
  const named = (backup_id: string) => ({
    ...{ backup_id, backup_name: 'b', bucket_name: 'b', image_path: 'p', created_at: 1_553_587_260 },
    ...{ resource_id: 'r', resource_name: 'r', resource_type: 'OS::Native::Server' },
  })
  const unknown = crypto.randomUUID()
  const body = { sync: [named(backup.id), named(unknown)] }
  const { sync = [] } = await importBackup(desk.ports, alice, request(alice, body))
  assert.deepEqual(
    sync.map(({ backup_id }) => backup_id),
    [backup.id, unknown],
  )
  const [here, missing] = [await logOf(desk, sync[0]?.operation_log_id), await logOf(desk, sync[1]?.operation_log_id)]
  assert.deepEqual([here?.status, here?.errorCode], ['success', ''])
  assert.deepEqual([missing?.status, missing?.errorCode], ['failed', 'BackupService.6200'])
  assert.equal(missing?.detail.sync?.err_sync_backup_num, 1)
})
