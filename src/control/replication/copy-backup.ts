import { refuse } from '../../contract/errors.ts'
import { providerOfBackup } from '../backup/backup-rules.ts'
import { visibleBackup } from '../backup/visible-backup.ts'
import type { UseCase } from '../use-case.ts'
import { checkDestination, earlierReplicas, lookAt } from './look-at-destination.ts'
import { checkFirst, checkGround, checkReady, checkReplicable } from './replication-rules.ts'
import { asReplication } from './replication-view.ts'
import { startReplication } from './start-replication.ts'

type Reach = 'catalog' | 'identity' | 'replicas' | 'settings' | 'now' | 'wake'

/** Starts one replica of a server's backup; the destination is looked at first and decides again when the work begins. */
export const copyBackup: UseCase<'CopyBackup', Reach> = async (ports, caller, { path, body: { replicate: asked } }) => {
  const { projectId, requestId } = caller
  const id = path.backup_id
  const destination = {
    region: asked.destination_region,
    projectId: asked.destination_project_id,
    vaultId: asked.destination_vault_id,
  }
  const earlier = await ports.catalog.read(async records => {
    const { backup, member } = await visibleBackup(records, projectId, id)
    if (member) refuse('1002', { reason: 'it is shared with you' })
    checkReplicable(backup, await records.vaults.find(projectId, backup.vaultId))
    checkReady(backup)
    return earlierReplicas(records, [id], destination.region)
  })
  await checkDestination(ports, caller, destination)
  const ground = await lookAt(ports, destination, earlier)
  const answer = await ports.catalog.change(async records => {
    const backup = (await records.backups.lock(id)) ?? refuse('6200', { backup: id })
    const vault = await records.vaults.find(projectId, backup.vaultId)
    checkReplicable(backup, vault)
    checkReady(backup)
    const known = (await records.replications.ofBackups([id])).filter(record => record.sourceBackupId === id)
    checkFirst(known, destination.region, ground.existing)
    checkGround(ground, destination.vaultId, backup.fullBytes)
    const start = {
      destination,
      sourceRegion: ports.settings.region,
      name: asked.name,
      description: asked.description,
      autoTrigger: false,
      at: ports.now(),
      requestId,
    }
    return asReplication(await startReplication(records, { backup, vault }, start), providerOfBackup(backup))
  })
  ports.wake()
  return { replication: answer }
}
