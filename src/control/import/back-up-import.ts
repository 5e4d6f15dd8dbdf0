import { refuse } from '../../contract/errors.ts'
import type { ImportedBackup } from '../../contract/opencbr-api.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { DiskRecord } from '../../ports/catalog/disk.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProtectableDisk } from '../../ports/protectables.ts'
import { checkTakesBackups } from '../checkpoint/checkpoint-rules.ts'
import { startCheckpoint } from '../checkpoint/start-checkpoint.ts'
import { diskCandidate } from '../resource/candidate.ts'
import { placeResources } from '../resource/place-resources.ts'
import { checkWanted } from '../resource/resource-rules.ts'
import type { ProjectCaller } from '../use-case.ts'
import { checkTakesResources, lockVault } from '../vault/vault-rules.ts'
import { importBeingSent, receivedBytes } from './import-rules.ts'

export interface ImportedBackupOrder {
  readonly vaultId: string
  readonly name?: string
  readonly description?: string
}

/**
 * Takes the backup of an image that is there in full, as of any disk of the vault (6105, 6108, 6112, 6113, 6114, 6124, and
 * 6102 where the vault is not for disks). Policies leave it out: there will be nothing to back up again.
 */
export async function backUpImport(
  ports: Pick<Ports, 'catalog' | 'now' | 'wake'>,
  caller: ProjectCaller,
  id: string,
  order: ImportedBackupOrder,
): Promise<ImportedBackup> {
  const begun = await ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, order.vaultId)
    checkTakesResources(vault)
    checkTakesBackups(vault)
    checkWanted(vault, [{ id, type: 'OS::Cinder::Volume' }])
    const disk = await importBeingSent(records, caller.projectId, id, 'lock')
    const received = receivedBytes(disk)
    if (received < disk.sizeBytes) refuse('9900', { reason: `${received} of ${disk.sizeBytes} bytes have been sent` })
    const at = ports.now()
    await records.disks.update(id, { status: 'available', metadata: {}, updatedAt: at })
    return start(records, { vault, disk, order, at, requestId: caller.requestId })
  })
  ports.wake()
  return begun
}

interface Start {
  readonly vault: VaultRecord
  readonly disk: DiskRecord
  readonly order: ImportedBackupOrder
  readonly at: Date
  readonly requestId: string
}

async function start(records: Records, { vault, disk, order, at, requestId }: Start): Promise<ImportedBackup> {
  const seen = asProtectable(disk)
  await placeResources(records, vault, { resources: [diskCandidate(seen)], sharers: new Map() }, at)
  await records.resources.setAutoProtect(vault.id, [disk.id], false)
  const resource = await records.resources.find(vault.id, disk.id)
  if (resource === undefined) throw new Error(`the disk ${disk.id} was put into vault ${vault.id} and is not there`)
  const checkpoint = await startCheckpoint(records, vault, {
    chosen: [{ resource, disks: [seen] }],
    skipped: [],
    name: order.name,
    description: order.description,
    autoTrigger: false,
    incremental: () => false,
    retentionDays: -1,
    at,
    requestId,
  })
  const [backup] = await records.backups.within({ projectId: vault.projectId, checkpointId: checkpoint.id })
  if (backup === undefined) throw new Error(`the checkpoint ${checkpoint.id} was begun without a backup`)
  return { backup_id: backup.id, checkpoint_id: checkpoint.id }
}

const asProtectable = ({
  id,
  projectId,
  name,
  sizeBytes,
  availabilityZone,
  createdAt,
}: DiskRecord): ProtectableDisk => ({
  id,
  projectId,
  name,
  sizeBytes,
  status: 'available',
  bootable: false,
  encrypted: false,
  shareable: false,
  availabilityZone,
  createdAt,
})
