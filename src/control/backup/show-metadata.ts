import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { backupViews } from './backup-view.ts'
import { visibleBackup } from './visible-backup.ts'

/**
 * What the server was when it was backed up, as JSON in strings (semantics 5.8). Only server backups have it, once
 * available; a recipient reads it after accepting.
 */
export const showMetadata: UseCase<'ShowMetadata', 'catalog'> = (ports, caller, { path }) =>
  ports.catalog.read(async records => {
    const seen = await visibleBackup(records, caller.projectId, path.backup_id)
    const { backup, member } = seen
    if (backup.metadata === undefined) refuse('6206', { resource_type: backup.resourceType })
    if (backup.status === 'error' || backup.protectedAt === undefined) refuse('6206', { status: backup.status })
    if (member?.status === 'pending') refuse('6206', { share: 'not accepted yet' })
    const { flavor, interface: attachments, server, floatingips, ports, volumes } = backup.metadata
    const [view] = await backupViews(records, caller.projectId, [seen])
    return {
      backup_id: backup.id,
      backups: JSON.stringify(view),
      flavor: JSON.stringify({ flavor }),
      interface: JSON.stringify({ interfaceAttachments: attachments }),
      server: JSON.stringify({ server }),
      floatingips: floatingips.map(floatingip => JSON.stringify({ floatingip })),
      ports: ports.map(port => JSON.stringify({ port })),
      volumes: volumes.map(volume => JSON.stringify({ volume })),
    }
  })
