import { refuse } from '../../contract/errors.ts'
import type { CheckpointReplicateRespBody } from '../../contract/operations.gen.ts'
import type { UseCase } from '../use-case.ts'
import { providerOf } from '../vault/vault-kinds.ts'
import { checkChangeable, lockVault, ownVault } from '../vault/vault-rules.ts'
import { checkDestination, lookAt } from './look-at-destination.ts'
import { earlierReplicasOfVault, replicateVault } from './replicate-vault.ts'
import { checkSourceVault } from './replication-rules.ts'

type Reach = 'catalog' | 'identity' | 'replicas' | 'settings' | 'now' | 'wake'

/** Replicates all of a vault's backups that have no replica in the region yet (semantics 14). */
export const copyCheckpoint: UseCase<'CopyCheckpoint', Reach> = async (
  ports,
  caller,
  { body: { replicate: asked } },
) => {
  const { projectId, requestId } = caller
  const destination = {
    region: asked.destination_region,
    projectId: asked.destination_project_id,
    vaultId: asked.destination_vault_id,
  }
  const earlier = await ports.catalog.read(async records => {
    const vault = await ownVault(records, projectId, asked.vault_id)
    checkSourceVault(vault)
    return earlierReplicasOfVault(records, vault, destination.region)
  })
  await checkDestination(ports, caller, destination)
  const ground = await lookAt(ports, destination, earlier)
  const answer = await ports.catalog.change(async records => {
    const vault = await lockVault(records, projectId, asked.vault_id)
    checkSourceVault(vault)
    checkChangeable(vault)
    const begun = await replicateVault(records, vault, {
      destination,
      ground,
      sourceRegion: ports.settings.region,
      autoTrigger: asked.auto_trigger ?? false,
      at: ports.now(),
      requestId,
    })
    if (begun.length === 0) refuse('0001', { vault: vault.id, reason: 'all its backups have a replica there' })
    const replication: CheckpointReplicateRespBody = {
      backups: begun.map(record => ({ backup_id: record.sourceBackupId, replication_record_id: record.id })),
      vault_id: vault.id,
      project_id: projectId,
      provider_id: providerOf(vault.objectType),
      source_region: ports.settings.region,
      destination_region: destination.region,
      destination_project_id: destination.projectId,
      destination_vault_id: destination.vaultId,
    }
    return replication
  })
  ports.wake()
  return { replication: answer }
}
