import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'
import { releaseMember } from '../member/member-release.ts'
import type { ProjectCaller, UseCase } from '../use-case.ts'
import { checkDeletable } from './backup-rules.ts'
import { beginDeletion, holdForDeletion } from './begin-deletion.ts'
import { visibleBackup } from './visible-backup.ts'

/**
 * The owner's call ends every share and starts the deletion; a recipient's gives up its share and touches no data
 * (semantics 5.6, last rows of 8.7).
 */
export const deleteBackup: UseCase<'DeleteBackup', 'catalog' | 'now' | 'wake'> = async (ports, caller, { path }) => {
  await ports.catalog.change(async records => {
    const { backup, member } = await visibleBackup(records, caller.projectId, path.backup_id)
    if (member) await giveUp(records, backup, caller, ports.now())
    else await startDeletion(records, backup.id, caller, ports.now())
  })
  ports.wake()
  return undefined
}

async function giveUp(records: Records, backup: BackupRecord, caller: ProjectCaller, at: Date): Promise<void> {
  if (backup.parentId !== undefined) refuse('6201', { reason: `it goes with the server backup ${backup.parentId}` })
  await records.backups.lock(backup.id)
  const member = await records.members.find(backup.id, caller.projectId)
  if (member === undefined) refuse('6200', { backup: backup.id })
  checkGivenUp(member)
  await releaseMember(records, member, at)
}

/** A share that was not accepted is answered, not deleted: 6201; one that an image depends on stays: 6710. */
function checkGivenUp(member: MemberRecord): void {
  if (member.status !== 'accepted') refuse('6201', { share: member.status })
  if (member.imageId !== undefined) refuse('6710', { image: member.imageId })
}

async function startDeletion(records: Records, id: string, { projectId, requestId }: ProjectCaller, at: Date) {
  const held = (await holdForDeletion(records, projectId, id, at)) ?? refuse('6200', { backup: id })
  checkDeletable(held.backup, held.around)
  await beginDeletion(records, held, { requestId })
}
