/** For tests of what a recipient makes of a share: db-01 of alice's, really backed up, and accepted by bob. */
import assert from 'node:assert/strict'
import type { Person, TestHouse } from './house.ts'
import { projects } from './house.ts'

export interface SharedBackup {
  readonly backupId: string
  /** Of the system disk and of the data disk, in this order. */
  readonly disks: readonly [string, string]
  readonly vaultId: string
}

export async function shareBackup(house: TestHouse): Promise<SharedBackup> {
  const { call } = house
  const { instances } = (await call('alice', 'GET', '/v3/{project_id}/protectables/server/instances')).body
  const source = await putVault(house, 'alice', [{ id: instances[0].id, type: 'OS::Nova::Server' }])
  const taken = await call('alice', 'POST', '/v3/{project_id}/checkpoints', { checkpoint: { vault_id: source } })
  assert.equal(taken.status, 200, JSON.stringify(taken.body))
  const list = `/v3/{project_id}/backups?checkpoint_id=${taken.body.checkpoint.id}`
  const backup = await until(async () => {
    const [made] = (await call('alice', 'GET', list)).body.backups
    assert.notEqual(made.status, 'error')
    return made.status === 'available' ? made : undefined
  })
  const { children } = (await call('alice', 'GET', `/v3/{project_id}/backups/${backup.id}`)).body.backup
  const idOf = (system: boolean): string =>
    children.find((child: { extend_info: { system_disk: boolean } }) => child.extend_info.system_disk === system).id
  const shared = await call('alice', 'POST', `/v3/{project_id}/backups/${backup.id}/members`, {
    members: [projects.beta],
  })
  assert.equal(shared.status, 200, JSON.stringify(shared.body))
  const vaultId = await putVault(house, 'bob')
  const accepted = await call('bob', 'PUT', `/v3/{project_id}/backups/${backup.id}/members/${projects.beta}`, {
    status: 'accepted',
    vault_id: vaultId,
  })
  assert.equal(accepted.status, 200, JSON.stringify(accepted.body))
  return { backupId: backup.id, disks: [idOf(true), idOf(false)], vaultId }
}

async function putVault({ call }: TestHouse, by: Person, resources: readonly object[] = []): Promise<string> {
  const billing = { consistent_level: 'crash_consistent', object_type: 'server', protect_type: 'backup', size: 100 }
  const { status, body } = await call(by, 'POST', '/v3/{project_id}/vaults', {
    vault: { name: 'vault', resources, billing },
  })
  assert.equal(status, 200, JSON.stringify(body))
  return body.vault.id
}

/** Looks every few milliseconds, for at most 20 seconds. */
export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error('it has not come to pass within 20 s')
}
