/**
 * Which resources a vault takes (semantics 4.2). Where several codes fit: a server or disk that is itself in another vault
 * is 6103, a server one of whose disks is in a disk vault 7006, a server that shares a disk with one in another vault 6137.
 */
import { type About, type ErrorCode, refuse } from '../../contract/errors.ts'
import type { ResourceCreate } from '../../contract/operations.gen.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { vaultTypesFor } from '../vault/vault-kinds.ts'
import { type Candidate, chosenDisks } from './candidate.ts'

export const MOST_RESOURCES = 256
const MOST_SHARED_DISKS = 10

/** Running or stopped; attached or not. */
const SERVER_STATUSES = ['active', 'shutoff']
const DISK_STATUSES = ['available', 'in-use']

/** Why a resource cannot be put into a vault, as a refusal would say it. */
export interface Hindrance {
  readonly code: ErrorCode
  readonly about: About
  /** The vault that holds it already. */
  readonly vaultId?: string
}

/** The request by itself: 6104 for a resource named twice, 6116 for a type that does not exist, 6102 for an unfit one. */
export function checkWanted(vault: Pick<VaultRecord, 'objectType'>, wanted: readonly ResourceCreate[]): void {
  const ids = wanted.map(resource => resource.id)
  const twice = ids.find((id, at) => ids.indexOf(id) !== at)
  if (twice !== undefined) refuse('6104', { resource: twice })
  for (const { id, type } of wanted) {
    const takenBy = vaultTypesFor(type) ?? refuse('6116', { resource: id, type })
    if (!takenBy.includes(vault.objectType)) refuse('6102', { resource: id, type, vault: vault.objectType })
  }
}

/** The choice of disks leaves at least one: 9900. */
export function checkChoice(candidate: Candidate): void {
  if (candidate.disks.length > 0 && chosenDisks(candidate.disks, candidate).length === 0) {
    refuse('9900', { resource: candidate.id, exclude_volumes: 'at least one disk must remain' })
  }
}

/** What the resource's own state has against a backup: 7108, 7101, 7107, 7003. */
export function stateHindrance(candidate: Candidate): Hindrance | undefined {
  const { id, type, status, disks } = candidate
  const about = { resource: id, status }
  if (type === 'OS::Cinder::Volume') {
    return DISK_STATUSES.includes(status.toLowerCase()) ? undefined : { code: '7003', about }
  }
  if (!SERVER_STATUSES.includes(status.toLowerCase())) return { code: '7101', about }
  if (disks.length === 0) return { code: '7108', about: { resource: id } }
  const shared = chosenDisks(disks, candidate).filter(disk => disk.shareable).length
  return shared > MOST_SHARED_DISKS ? { code: '7107', about: { resource: id, 'shared disks': shared } } : undefined
}

/** Where resources of the project are bound, and which servers share a disk with which. */
export interface Bindings {
  readonly bound: readonly ResourceRecord[]
  /** Per disk that servers share: the servers. */
  readonly sharers: ReadonlyMap<string, readonly string[]>
}

/** What other vaults have against it: 6103, 7006, 6137; and 6134 while the vault itself is removing it. */
export function bindingHindrance(
  candidate: Candidate,
  { bound, sharers }: Bindings,
  vaultId?: string,
): Hindrance | undefined {
  const at = (id: string) => bound.find(resource => resource.id === id)
  const own = at(candidate.id)
  if (own?.protectStatus === 'removing') return hindrance('6134', candidate, own)
  if (own !== undefined && own.vaultId !== vaultId) return hindrance('6103', candidate, own)
  if (candidate.type === 'OS::Cinder::Volume') return undefined
  for (const disk of chosenDisks(candidate.disks, candidate)) {
    const alone = at(disk.id)
    if (alone !== undefined) return hindrance('7006', candidate, alone, disk.id)
    for (const server of sharers.get(disk.id) ?? []) {
      const other = server === candidate.id ? undefined : at(server)
      if (other !== undefined && other.vaultId !== vaultId && chosenDisks([disk], other).length > 0) {
        return hindrance('6137', candidate, other, disk.id)
      }
    }
  }
  return undefined
}

function hindrance(code: ErrorCode, { id }: Candidate, { vaultId }: ResourceRecord, disk?: string): Hindrance {
  return { code, about: { resource: id, ...(disk !== undefined && { disk }), vault: vaultId }, vaultId }
}

/** Every id whose binding matters to these candidates. */
export const idsConcerned = (candidates: readonly Candidate[], sharers: Bindings['sharers']): readonly string[] => [
  ...new Set(
    candidates.flatMap(({ id, disks }) => [id, ...disks.flatMap(disk => [disk.id, ...(sharers.get(disk.id) ?? [])])]),
  ),
]
