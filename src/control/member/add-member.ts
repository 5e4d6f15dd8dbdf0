import type { AddMembersReq } from '../../contract/operations.gen.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'
import type { Identity } from '../../ports/identity.ts'
import type { UseCase } from '../use-case.ts'
import { checkSeen, lockStanding } from './find-shared.ts'
import {
  checkNewcomers,
  checkReadable,
  checkSharable,
  checkSharingVault,
  isProjectId,
  type Wanted,
} from './member-rules.ts'
import { asMembers } from './member-view.ts'
import { orderedIds } from './ordered-ids.ts'
import { tellShares } from './share-events.ts'

/**
 * Offers a backup to projects: all of them or, if one is refused, none. Refuses in the order of semantics 8.4: 6200,
 * 6714, 6700, 6707, 6702, 6712, 6709, 6704, 6703, 6701.
 */
export const addMember: UseCase<'AddMember', 'identity' | 'catalog' | 'now'> = async (
  ports,
  caller,
  { path, body },
) => {
  const wanted = await resolve(ports.identity, caller.projectId, body) // may ask the network, so never in the transaction
  return ports.catalog.change(async records => {
    const { backup } = checkSeen(await lockStanding(records, caller.projectId, path.backup_id))
    checkSharable(backup, caller.projectId)
    checkSharingVault(await records.vaults.statusOf(backup.projectId, backup.vaultId))
    checkReadable(backup)
    const present = await records.members.of(backup.id)
    checkNewcomers(caller.projectId, present, wanted)
    const at = ports.now()
    const added = await offer(records, backup.id, wanted.projectIds, at)
    await tellShares(records, 'share.added', { backup, members: added }, at)
    return { members: asMembers(added), count: present.length + added.length }
  })
}

/** The projects that are meant, in request order, then those of the named domains, and what nobody knows. */
async function resolve(identity: Identity, sharerId: string, body: AddMembersReq): Promise<Wanted> {
  const named = body.members ?? []
  const strange = named.filter(id => !isProjectId(id))
  const unknown = [...strange, ...(await identity.unknownProjects(named.filter(isProjectId)))]
  const ofDomains: string[] = []
  for (const domain of body.domains ?? []) {
    const projects = (await identity.projectsOfDomain({ id: domain })) ?? []
    // The sharer's own project is not meant by naming its domain; a domain with nobody else in it is as good as unknown.
    const others = projects.map(project => project.id).filter(id => id !== sharerId)
    if (others.length === 0) unknown.push(domain)
    ofDomains.push(...others)
  }
  return { projectIds: [...new Set([...named, ...ofDomains])], unknown }
}

async function offer(
  records: Pick<Records, 'members'>,
  backupId: string,
  projectIds: readonly string[],
  at: Date,
): Promise<readonly MemberRecord[]> {
  const nextId = orderedIds(at)
  const members = projectIds.map(destProjectId => ({
    id: nextId(),
    backupId,
    destProjectId,
    status: 'pending' as const,
    createdAt: at,
    chargedBytes: 0,
  }))
  await records.members.insert(members)
  return members
}
