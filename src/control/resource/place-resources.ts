import { refuse } from '../../contract/errors.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { Candidate } from './candidate.ts'
import type { Candidates } from './find-candidates.ts'
import { bindingHindrance, idsConcerned, MOST_RESOURCES } from './resource-rules.ts'

/**
 * Puts resources into a vault that the caller has made or locked: 6103, 7006, 6137, 6134, 6100. What is in it already
 * only gets the new choice of disks (semantics 4.2).
 */
export async function placeResources(
  records: Pick<Records, 'resources'>,
  vault: VaultRecord,
  { resources, sharers }: Candidates,
  at: Date,
): Promise<void> {
  if (resources.length === 0) return
  const bound = await records.resources.bound(vault.projectId, idsConcerned(resources, sharers))
  for (const candidate of resources) {
    const hindrance = bindingHindrance(candidate, { bound, sharers }, vault.id)
    if (hindrance !== undefined) refuse(hindrance.code, hindrance.about)
  }
  const inside = new Set((await records.resources.of([vault.id])).map(resource => resource.id))
  for (const { id } of resources) inside.add(id)
  if (inside.size > MOST_RESOURCES) refuse('6100', { resources: inside.size })
  for (const candidate of resources) await put(records, vault, candidate, at)
}

const put = (records: Pick<Records, 'resources'>, vault: VaultRecord, candidate: Candidate, at: Date): Promise<void> =>
  records.resources.put({
    vaultId: vault.id,
    projectId: vault.projectId,
    id: candidate.id,
    type: candidate.type,
    name: candidate.name,
    sizeBytes: candidate.sizeBytes,
    protectStatus: 'available',
    autoProtect: true,
    excludeVolumes: candidate.excludeVolumes,
    includeVolumes: candidate.includeVolumes,
    addedAt: at,
    backupBytes: 0,
    backupCount: 0,
  })
