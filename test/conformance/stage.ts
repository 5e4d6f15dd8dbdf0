/** Real objects for the documented examples to name: servers with disks, vaults, backups, a share. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openHouse, type Person, type TestHouse } from '../house.ts'

export interface Stage extends AsyncDisposable {
  readonly house: TestHouse
  /** By name: id of the server, and of its system and data disk. */
  readonly servers: Readonly<Record<'web-1' | 'web-2' | 'web-3', StagedServer>>
  vault(person: Person, name: string, protectType?: 'backup' | 'replication'): Promise<string>
  /** A finished backup of the server in a fresh vault. */
  backup(server: StagedServer): Promise<StagedBackup>
}

export interface StagedServer {
  readonly id: string
  readonly disks: readonly [string, string]
}

export interface StagedBackup {
  readonly id: string
  readonly vaultId: string
  readonly checkpointId: string
  readonly operationLogId: string
  /** Of the system disk, then the data disk. */
  readonly children: readonly { readonly id: string; readonly resource_id: string }[]
}

const NAMES = ['web-1', 'web-2', 'web-3'] as const

export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'opencbr-stage-'))
  const disks = NAMES.flatMap(name => [`${name}-root`, `${name}-data`])
  for (const disk of disks) await writeFile(join(folder, disk), randomBytes(512 * 1024))
  const house = await openHouse({
    environment: {
      OPENCBR_REPLICATION_WITHIN_REGION: 'true',
      OPENCBR_RESOURCES_LOCAL_DISKS: JSON.stringify(
        disks.map(name => ({ project: 'alpha', name, path: join(folder, name), format: 'raw' })),
      ),
      OPENCBR_RESOURCES_LOCAL_SERVERS: JSON.stringify(
        NAMES.map(name => ({ project: 'alpha', name, disks: [`${name}-root`, `${name}-data`] })),
      ),
    },
  })
  const listed = await house.call('alice', 'GET', '/v3/{project_id}/protectables/server/instances')
  const byName = new Map<string, StagedServer>(
    listed.body.instances.map((server: { id: string; name: string; children: readonly { id: string }[] }) => [
      server.name,
      { id: server.id, disks: server.children.map(({ id }) => id) },
    ]),
  )
  const server = (name: string): StagedServer => byName.get(name) ?? missing(name)
  const vault: Stage['vault'] = async (person, name, protectType = 'backup') => {
    const billing = {
      object_type: 'server',
      protect_type: protectType,
      size: 100,
      consistent_level: 'crash_consistent',
    }
    const made = await house.call(person, 'POST', '/v3/{project_id}/vaults', {
      vault: { name, resources: [], billing },
    })
    return made.body.vault.id
  }
  return {
    house,
    servers: { 'web-1': server('web-1'), 'web-2': server('web-2'), 'web-3': server('web-3') },
    vault,
    backup: async from => backUp(house, await vault('alice', 'staged'), from),
    async [Symbol.asyncDispose]() {
      await house.close()
      await rm(folder, { recursive: true })
    },
  }
}

function missing(what: string): never {
  throw new Error(`the stage lacks ${what}`)
}

async function backUp(house: TestHouse, vaultId: string, server: StagedServer): Promise<StagedBackup> {
  const resources = [{ id: server.id, type: 'OS::Nova::Server' }]
  await house.call('alice', 'POST', `/v3/{project_id}/vaults/${vaultId}/addresources`, { resources })
  const { body } = await house.call('alice', 'POST', '/v3/{project_id}/checkpoints', {
    checkpoint: { vault_id: vaultId },
  })
  const checkpointId = body.checkpoint.id
  const logs = await house.call('alice', 'GET', `/v3/{project_id}/operation-logs?vault_id=${vaultId}`)
  const operationLogId = logs.body.operation_logs[0].id
  const log = await house.ended('alice', operationLogId)
  if (log.status !== 'success') throw new Error(`the staged backup has failed: ${JSON.stringify(log.error_info)}`)
  const backups = await house.call('alice', 'GET', `/v3/{project_id}/backups?checkpoint_id=${checkpointId}`)
  const [{ id, children }] = backups.body.backups
  return { id, vaultId, checkpointId, operationLogId, children }
}
