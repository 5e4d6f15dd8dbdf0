import type { UseCase } from '../use-case.ts'
import { backupViews } from './backup-view.ts'
import { visibleBackup } from './visible-backup.ts'

/** The sharer and a recipient get the same backup, each with the vault it has there (semantics 8.6). */
export const showBackup: UseCase<'ShowBackup', 'catalog'> = (ports, caller, { path }) =>
  ports.catalog.read(async records => {
    const seen = await visibleBackup(records, caller.projectId, path.backup_id)
    const [backup] = await backupViews(records, caller.projectId, [seen])
    return backup ? { backup } : {}
  })
