import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'
import type { EventType } from '../../ports/catalog/webhook.ts'
import { type Outbox, tell } from '../webhook/tell.ts'
import { asMember } from './member-view.ts'

export type ShareEvent = Extract<EventType, `share.${string}`>

/** What the event's backup has to be known by. */
export type SharedBackup = Pick<BackupRecord, 'id' | 'projectId' | 'name' | 'resourceName' | 'resourceType'>

/** A change of shares (semantics 8.7), told to the sharer and to each recipient, who hears of its own record only. */
export function tellShares(
  records: Outbox,
  type: ShareEvent,
  { backup, members }: { readonly backup: SharedBackup; readonly members: readonly MemberRecord[] },
  at: Date,
): Promise<void> {
  const happenings = () =>
    members.flatMap(member => {
      const data = { backup: viewOf(backup), member: asMember(member) }
      return [backup.projectId, member.destProjectId].map(projectId => ({ projectId, type, data }))
    })
  return tell(records, happenings, at)
}

const viewOf = (backup: SharedBackup) => ({
  id: backup.id,
  name: backup.name,
  project_id: backup.projectId,
  resource_name: backup.resourceName,
  resource_type: backup.resourceType,
})
