import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { backupViews } from './backup-view.ts'
import { lockVisibleBackup } from './visible-backup.ts'

/** Renames an available backup of one's own; recipients see the new name (semantics 5.7, 8.8). */
export const updateBackup: UseCase<'UpdateBackup', 'catalog' | 'now'> = (ports, caller, { path, body }) =>
  ports.catalog.change(async records => {
    const { backup, member } = await lockVisibleBackup(records, caller.projectId, path.backup_id)
    if (member) refuse('6707', { backup: backup.id })
    if (backup.status !== 'available') refuse('6216', { status: backup.status })
    const name = body.backup?.name
    const changes = name === undefined ? {} : { name, updatedAt: ports.now() }
    if (name !== undefined) await records.backups.update([backup.id], changes)
    const [view] = await backupViews(records, caller.projectId, [{ backup: { ...backup, ...changes } }])
    return view ? { backup: view } : {}
  })
