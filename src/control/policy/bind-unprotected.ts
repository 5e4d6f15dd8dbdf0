/**
 * Automatic association (semantics 4.5): when a policy runs in a vault that binds by itself, it takes what is in no vault
 * yet. Of several such vaults the one that runs first takes a resource, as long as it has room.
 */
import { asGb } from '../../contract/sizes.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { ProtectableDisk, ProtectableServer } from '../../ports/protectables.ts'
import type { Inventory } from '../checkpoint/checkpoint-rules.ts'
import { noteSkipped } from '../operation-log/note-skipped.ts'
import { type Candidate, diskCandidate, serverCandidate } from '../resource/candidate.ts'
import { sharersOf } from '../resource/find-candidates.ts'
import { placeResources } from '../resource/place-resources.ts'
import { bindingHindrance, idsConcerned, MOST_RESOURCES, stateHindrance } from '../resource/resource-rules.ts'
import { allVaults } from '../vault/all-vaults.ts'
import { providerOf } from '../vault/vault-kinds.ts'

const LEAST_ROOM_GB = 40

export interface Binding {
  readonly inventory: Inventory
  readonly at: Date
  readonly requestId: string
  readonly policyId: string
}

/** The caller holds the vault's lock. What no vault has room for is logged (6142). */
export async function bindUnprotected(records: Records, vault: VaultRecord, binding: Binding): Promise<void> {
  if (!vault.autoBind) return
  const { inventory, at } = binding
  const wanted = unprotectedLike(vault, inventory)
  if (wanted.length === 0) return
  const candidates = wanted.map(({ candidate }) => candidate)
  const sharers = sharersOf([...inventory.servers.values()])
  const hosts = wanted.flatMap(({ serverId }) => serverId ?? [])
  const concerned = [...idsConcerned(candidates, sharers), ...hosts]
  let bound = await records.resources.bound(vault.projectId, concerned)
  for (const { candidate, serverId } of wanted) {
    const isBound = bound.some(({ id }) => id === candidate.id || id === serverId)
    if (isBound || bindingHindrance(candidate, { bound, sharers })) continue
    if (hasRoom(vault, await records.resources.of([vault.id]))) {
      await placeResources(records, vault, { resources: [candidate], sharers }, at)
      bound = await records.resources.bound(vault.projectId, concerned)
    } else if (!(await isWantedElsewhere(records, vault, inventory, candidate.id))) {
      await noteNoRoom(records, vault, candidate, binding)
    }
  }
}

interface Wanted {
  readonly candidate: Candidate
  /** The server a disk is attached to, which may protect it. */
  readonly serverId?: string | undefined
}

/** What the vault's type and tags ask for and what can be backed up, in the order in which it was made. */
function unprotectedLike(vault: VaultRecord, { servers, disks }: Inventory): readonly Wanted[] {
  const found =
    vault.objectType === 'server'
      ? oldestFirst(servers, vault).map(server => ({ candidate: serverCandidate(server) }))
      : vault.objectType === 'disk'
        ? oldestFirst(disks, vault).map(disk => ({ candidate: diskCandidate(disk), serverId: disk.serverId }))
        : []
  return found.filter(({ candidate }) => stateHindrance(candidate) === undefined)
}

const oldestFirst = <T extends ProtectableServer | ProtectableDisk>(
  all: ReadonlyMap<string, T>,
  vault: VaultRecord,
): readonly T[] =>
  [...all.values()]
    .filter(one => isTagged(one, vault))
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1))

/** Any of the vault's tags will do; a vault without tags takes everything. */
const isTagged = ({ tags = {} }: Pick<ProtectableDisk, 'tags'>, { bindTags }: VaultRecord): boolean =>
  bindTags.length === 0 || bindTags.some(({ key, value }) => tags[key] === value)

/** More than 40 GB, and more than what it has taken already. */
function hasRoom({ sizeGb }: VaultRecord, resources: readonly ResourceRecord[]): boolean {
  const allocated = resources.reduce((sum, resource) => sum + asGb(resource.sizeBytes), 0)
  return resources.length < MOST_RESOURCES && sizeGb - allocated > Math.max(LEAST_ROOM_GB, allocated)
}

/** Whether another vault will take it when its own policy runs. */
async function isWantedElsewhere(
  records: Records,
  { id, projectId, objectType }: VaultRecord,
  inventory: Inventory,
  resourceId: string,
): Promise<boolean> {
  const others = await allVaults(records, projectId, { objectType, protectType: 'backup', status: 'available' })
  const binding = others.filter(other => other.id !== id && other.autoBind)
  const applied = await records.appliedPolicies.inVaults(binding.map(other => other.id))
  for (const other of binding) {
    const runs = applied.some(one => one.vaultId === other.id && one.operationType === 'backup' && one.nextDue)
    const wants = unprotectedLike(other, inventory).some(({ candidate }) => candidate.id === resourceId)
    if (runs && wants && hasRoom(other, await records.resources.of([other.id]))) return true
  }
  return false
}

const noteNoRoom = (
  records: Records,
  vault: VaultRecord,
  candidate: Candidate,
  { at, requestId, policyId }: Binding,
): Promise<void> =>
  noteSkipped(records, {
    type: 'backup',
    projectId: vault.projectId,
    requestId,
    at,
    policyId,
    providerId: providerOf(vault.objectType),
    vaultId: vault.id,
    vaultName: vault.name,
    resource: { id: candidate.id, name: candidate.name, type: candidate.type },
    code: '6142',
  })
