import type { BackupResp } from '../../contract/operations.gen.ts'
import { asGb } from '../../contract/sizes.ts'
import { asProtectedAt, asTimestamp } from '../../contract/times.ts'
import type { BackupRecord, VisibleBackup } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ImageRecord } from '../../ports/catalog/image.ts'
import { providerOfBackup } from './backup-rules.ts'

/** What `version` of a backup is unless it says otherwise (semantics 5.4). */
const VERSION = 3

/**
 * Backups as one project sees them, in the order given, with their children and that project's own images. Which of
 * them it may see has been decided before.
 */
export async function backupViews(
  records: Pick<Records, 'backups' | 'images'>,
  projectId: string,
  seen: readonly VisibleBackup[],
): Promise<readonly BackupResp[]> {
  const servers = seen.filter(({ backup }) => backup.resourceType === 'OS::Nova::Server').map(({ backup }) => backup.id)
  const children = servers.length > 0 ? await records.backups.childrenOf(servers) : []
  const images = seen.length > 0 ? await records.images.ofBackups(seen.map(({ backup }) => backup.id)) : []
  const own = images.filter(image => image.projectId === projectId)
  const childrenByParent = Map.groupBy(children, child => child.parentId ?? '')
  const imagesByBackup = Map.groupBy(own, image => image.backupId)
  return seen.map(({ backup, member }) => {
    const vaultId = member ? (member.vaultId ?? '') : backup.vaultId
    return {
      ...asBackup(backup, vaultId, imagesByBackup.get(backup.id)),
      children: (childrenByParent.get(backup.id) ?? []).map(child => asBackup(child, vaultId)),
    }
  })
}

/** `vaultId` is the recipient's own where the backup is shared, empty while the share is pending (semantics 8.6). */
function asBackup(backup: BackupRecord, vaultId: string, images: readonly ImageRecord[] = []): BackupResp {
  return {
    id: backup.id,
    name: backup.name,
    description: backup.description,
    status: backup.status,
    project_id: backup.projectId,
    vault_id: vaultId,
    checkpoint_id: backup.checkpointId,
    ...(backup.parentId !== undefined && { parent_id: backup.parentId }),
    provider_id: providerOfBackup(backup),
    image_type: backup.imageType,
    resource_id: backup.resourceId,
    resource_name: backup.resourceName,
    resource_type: backup.resourceType,
    resource_size: asGb(backup.resourceSizeBytes),
    resource_az: backup.resourceAz,
    incremental: backup.incremental,
    created_at: asTimestamp(backup.createdAt),
    updated_at: asTimestamp(backup.updatedAt),
    ...(backup.protectedAt && { protected_at: asProtectedAt(backup.protectedAt) }),
    ...(backup.expiredAt && { expired_at: asTimestamp(backup.expiredAt) }),
    enterprise_project_id: backup.enterpriseProjectId,
    version: VERSION,
    ...(backup.digest !== undefined && { digest: backup.digest }),
    children: [],
    extend_info: {
      auto_trigger: backup.autoTrigger,
      supported_restore_mode: backup.status === 'available' ? 'backup' : 'na',
      support_lld: true,
      contain_system_disk: backup.containSystemDisk,
      system_disk: backup.systemDisk,
      bootable: backup.bootable,
      encrypted: backup.encrypted,
      is_multi_az: false,
      incremental: !backup.full,
      os_images_data: images.map(image => ({ image_id: image.id })),
    },
  }
}
