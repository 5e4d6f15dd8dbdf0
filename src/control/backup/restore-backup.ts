import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ProtectableServer } from '../../ports/protectables.ts'
import { startOperation } from '../operation-log/start-operation.ts'
import type { ProjectCaller, UseCase } from '../use-case.ts'
import { diskBackups, providerOfBackup } from './backup-rules.ts'
import { checkRestorable, checkTarget, type Mapping, mappingsFrom, type Target, targetsOf } from './target-rules.ts'
import { visibleBackup } from './visible-backup.ts'

type Reach = 'catalog' | 'protectables' | 'now' | 'wake'

/**
 * Starts a restore onto the server or disk the backup was taken from, in place (semantics 7). A recipient has no such
 * server: it makes disks and images instead (8.6). Answers the operation log's id as `job_id`.
 */
export const restoreBackup: UseCase<'RestoreBackup', Reach> = async (ports, caller, { path, body }) => {
  const { projectId } = caller
  const { backup: seen, member } = await ports.catalog.read(records =>
    visibleBackup(records, projectId, path.backup_id),
  )
  const mappings = mappingsFrom(seen, body.restore)
  if (member) refuse('2003', { reason: 'a shared backup is used through an image or a new disk' })
  const server =
    seen.resourceType === 'OS::Nova::Server' ? await ports.protectables.server(projectId, seen.resourceId) : undefined
  const jobId = await ports.catalog.change(async records => {
    const plan = await planned(records, seen, mappings, server)
    return start(records, { ...plan, server, caller, powerOn: body.restore.power_on ?? true, at: ports.now() })
  })
  ports.wake()
  return { job_id: jobId }
}

/** The rows, locked in their order, once every rule has been asked. */
async function planned(
  records: Records,
  { id, projectId, vaultId, resourceId }: BackupRecord,
  mappings: readonly Mapping[],
  server: ProtectableServer | undefined,
) {
  const vault = await records.vaults.lock(projectId, vaultId)
  const backup = (await records.backups.lock(id)) ?? refuse('6200', { backup: id })
  const parts = diskBackups(backup, await records.backups.childrenOf([id]))
  const disks = []
  for (const { diskId } of mappings) {
    const disk = await records.disks.lock(projectId, diskId)
    if (disk) disks.push(disk)
  }
  const targets = targetsOf(mappings, parts, disks)
  const resource = await records.resources.find(backup.vaultId, resourceId)
  const chain = await records.backups.within({ projectId, resourceId })
  checkRestorable(backup, { vault, resource, chain, server })
  for (const target of targets) checkTarget(target, server)
  return { backup, vault, targets }
}

interface Plan extends Awaited<ReturnType<typeof planned>> {
  readonly server: ProtectableServer | undefined
  readonly caller: ProjectCaller
  readonly powerOn: boolean
  readonly at: Date
}

async function start(records: Records, plan: Plan): Promise<string> {
  const { backup, vault, targets, server, at, caller } = plan
  await records.backups.update([backup.id], { status: 'waiting_restore', updatedAt: at })
  for (const { disk } of targets) await records.disks.update(disk.id, { status: 'restoring-backup', updatedAt: at })
  await records.resources.setStatus(backup.vaultId, [backup.resourceId], 'restoring')
  const target = server ?? targets[0]?.disk
  return startOperation(records, {
    type: 'restore',
    projectId: backup.projectId,
    requestId: caller.requestId,
    at,
    resource: { id: backup.resourceId, name: backup.resourceName, type: backup.resourceType },
    detail: {
      restore: {
        backup_id: backup.id,
        backup_name: backup.name,
        ...(target && { target_resource_id: target.id, target_resource_name: target.name }),
      },
    },
    job: 'restore-backup',
    payload: {
      backupId: backup.id,
      targets: targets.map(({ part, disk }: Target) => ({ backupId: part.id, diskId: disk.id })),
      ...(server && { serverId: server.id }),
      powerOn: plan.powerOn,
    },
    providerId: providerOfBackup(backup),
    ...(vault && { vault }),
    checkpointId: backup.checkpointId,
  })
}
