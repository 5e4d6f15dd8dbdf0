import { errors } from '../../contract/errors.ts'
import type { VaultBackup } from '../../contract/operations.gen.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { CheckpointRecord, SkippedResource } from '../../ports/catalog/checkpoint.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { noteSkipped } from '../operation-log/note-skipped.ts'
import { startOperation } from '../operation-log/start-operation.ts'
import type { ProjectCaller, UseCase } from '../use-case.ts'
import { providerOf } from '../vault/vault-kinds.ts'
import { lockVault } from '../vault/vault-rules.ts'
import { backupRows } from './backup-rows.ts'
import {
  backupName,
  type Chosen,
  checkAnyChosen,
  checkpointName,
  checkTakesBackups,
  choose,
  type Inventory,
  namedResources,
  pickResources,
  retentionDays,
  type Skipped,
} from './checkpoint-rules.ts'
import { asCheckpoint } from './checkpoint-view.ts'

type Reach = 'catalog' | 'protectables' | 'now' | 'wake'

/** Starts one backup per resource of a vault; answers at once, the work is the jobs' (semantics 2, 6). */
export const createCheckpoint: UseCase<'CreateCheckpoint', Reach> = async (ports, caller, { body }) => {
  const asked = body.checkpoint
  const days = retentionDays(asked.parameters)
  const { projectId } = caller
  const [servers, disks] = await Promise.all([
    ports.protectables.servers(projectId),
    ports.protectables.disks(projectId),
  ])
  const inventory = { servers: byId(servers), disks: byId(disks) }
  const answer = await ports.catalog.change(async records => {
    const vault = await lockVault(records, projectId, asked.vault_id)
    checkTakesBackups(vault)
    const plan = await planned(records, vault, { asked, days, inventory, at: ports.now() })
    await records.checkpoints.insert(plan.checkpoint)
    await start(records, { ...plan, vault, caller })
    const backups = await records.backups.within({ projectId, checkpointId: plan.checkpoint.id })
    const resources = await records.resources.of([vault.id])
    return asCheckpoint(plan.checkpoint, { backups, resources })
  })
  ports.wake()
  return { checkpoint: answer }
}

const byId = <T extends { readonly id: string }>(all: readonly T[]): ReadonlyMap<string, T> =>
  new Map(all.map(one => [one.id, one]))

interface Wanted {
  readonly asked: VaultBackup
  readonly days: number
  readonly inventory: Inventory
  readonly at: Date
}

async function planned(
  records: Pick<Records, 'resources'>,
  vault: VaultRecord,
  { asked, days, inventory, at }: Wanted,
) {
  const parameters = asked.parameters ?? {}
  const named = namedResources(parameters)
  const resources = pickResources(await records.resources.of([vault.id]), named)
  const { chosen, skipped } = choose(resources, inventory)
  checkAnyChosen(chosen, skipped, named === undefined)
  const autoTrigger = parameters.auto_trigger ?? false
  const checkpoint: CheckpointRecord = {
    id: crypto.randomUUID(),
    projectId: vault.projectId,
    vaultId: vault.id,
    vaultName: vault.name,
    name: checkpointName({ asked: parameters.name, auto: autoTrigger, prefix: vault.backupNamePrefix }),
    description: parameters.description ?? '',
    status: 'protecting',
    createdAt: at,
    autoTrigger,
    incremental: parameters.incremental ?? true,
    retentionDays: days,
    resources: chosen.map(({ resource, server, disks }) => ({
      id: resource.id,
      type: resource.type,
      name: server?.name ?? disks[0]?.name ?? resource.name,
      sizeBytes: disks.reduce((sum, disk) => sum + disk.sizeBytes, 0),
    })),
    skipped: skipped.map(asSkipped),
  }
  return { checkpoint, chosen, skipped }
}

const asSkipped = ({ resource, code }: Skipped): SkippedResource => ({
  id: resource.id,
  type: resource.type,
  name: resource.name,
  code: `BackupService.${code}`,
  reason: errors[code][1],
})

interface Plan {
  readonly checkpoint: CheckpointRecord
  readonly chosen: readonly Chosen[]
  readonly skipped: readonly Skipped[]
  readonly vault: VaultRecord
  readonly caller: ProjectCaller
}

/** The rows of every backup, one operation log and job each; and a log for what is left out. */
async function start(records: Records, { checkpoint, chosen, skipped, vault, caller }: Plan): Promise<void> {
  const { createdAt: at, projectId } = checkpoint
  const common = {
    type: 'backup',
    projectId,
    requestId: caller.requestId,
    at,
    providerId: providerOf(vault.objectType),
    checkpointId: checkpoint.id,
  } as const
  for (const [position, choice] of chosen.entries()) {
    const name = backupName(checkpoint.name, position, chosen.length)
    const rows = backupRows(choice, checkpoint, { vault, name })
    const backupId = rows[0].id
    await records.backups.insert(rows)
    await records.resources.setStatus(vault.id, [choice.resource.id], 'protecting')
    await startOperation(records, {
      ...common,
      resource: { id: choice.resource.id, name: rows[0].resourceName, type: choice.resource.type },
      detail: {
        backup: { backup_id: backupId, backup_name: name, incremental: checkpoint.incremental ? 'true' : 'false' },
      },
      job: 'take-backup',
      payload: { backupId },
      vault,
    })
  }
  for (const { resource, code } of skipped) {
    const about = { id: resource.id, name: resource.name, type: resource.type }
    await noteSkipped(records, { ...common, code, resource: about, vaultId: vault.id, vaultName: vault.name })
  }
}
