/** For tests of replication: backups of alice's db-01, vaults for replicas, and what becomes of a replication. */
import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import type { Answer, Person, TestHouse } from './house.ts'

type Body = Answer['body']

/** A vault of the person's; one for backups has db-01 in it. */
export async function aVault(house: TestHouse, person: Person, protectType: 'backup' | 'replication', size = 100) {
  const { instances } = (await house.call(person, 'GET', '/v3/{project_id}/protectables/server/instances')).body
  const own = protectType === 'backup' ? instances.slice(0, 1) : []
  const { status, body } = await house.call(person, 'POST', '/v3/{project_id}/vaults', {
    vault: {
      name: protectType,
      resources: own.map(({ id }: { id: string }) => ({ id, type: 'OS::Nova::Server' })),
      billing: { object_type: 'server', protect_type: protectType, size, consistent_level: 'crash_consistent' },
    },
  })
  assert.equal(status, 200, JSON.stringify(body))
  return body.vault.id as string
}

/** One more backup of what is in the vault, once it is available. */
export async function backUp(house: TestHouse, vaultId: string): Promise<Body> {
  const taken = await house.call('alice', 'POST', '/v3/{project_id}/checkpoints', { checkpoint: { vault_id: vaultId } })
  assert.equal(taken.status, 200, JSON.stringify(taken.body))
  const logs = await house.call(
    'alice',
    'GET',
    `/v3/{project_id}/operation-logs?vault_id=${vaultId}&operation_type=backup&limit=1`,
  )
  const log = await house.ended('alice', logs.body.operation_logs[0].id)
  assert.equal(log.status, 'success', JSON.stringify(log))
  const list = `/v3/{project_id}/backups?checkpoint_id=${taken.body.checkpoint.id}`
  return (await house.call('alice', 'GET', list)).body.backups[0]
}

export interface Destination {
  readonly region: string
  readonly project: string
  readonly vault: string
}

export const replicate = (house: TestHouse, backupId: string, to: Destination, more: object = {}): Promise<Answer> =>
  house.call('alice', 'POST', `/v3/{project_id}/backups/${backupId}/replicate`, {
    replicate: { ...asked(to), ...more },
  })

export const asked = ({ region, project, vault }: Destination) => ({
  destination_region: region,
  destination_project_id: project,
  destination_vault_id: vault,
})

/** The latest replication's operation log, ended. */
export async function replicationEnded(house: TestHouse): Promise<Body> {
  const list = '/v3/{project_id}/operation-logs?operation_type=replication&limit=1'
  const { body } = await house.call('alice', 'GET', list)
  return house.ended('alice', body.operation_logs[0].id)
}

/** A backup as the person sees it, with its records. */
export async function seen(house: TestHouse, person: Person, backupId: string): Promise<Body> {
  const list = `/v3/{project_id}/backups?id=${backupId}&show_replication=true`
  return (await house.call(person, 'GET', list)).body.backups[0]
}

/** Writes into the disk from `at` on. */
export async function write(file: string, at: number, bytes: Uint8Array): Promise<void> {
  await using handle = await open(file, 'r+')
  await handle.write(bytes, 0, bytes.length, at)
}
