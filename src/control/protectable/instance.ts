/** Servers and disks of a project as protectables, with what an association of each would meet (semantics 11). */
import { Refusal } from '../../contract/errors.ts'
import type { ProtectableResult, ProtectablesResp, VaultGet } from '../../contract/operations.gen.ts'
import { asGb } from '../../contract/sizes.ts'
import type { Catalog, Records } from '../../ports/catalog/catalog.ts'
import type { ProtectableDisk, ProtectableServer, Protectables } from '../../ports/protectables.ts'
import { type Candidate, diskCandidate, serverCandidate } from '../resource/candidate.ts'
import { findSharers } from '../resource/find-candidates.ts'
import { bindingHindrance, type Hindrance, idsConcerned, stateHindrance } from '../resource/resource-rules.ts'
import { asVaultGet, viewVault } from '../vault/vault-view.ts'
import { asChild, diskDetail, serverDetail } from './protectable-detail.ts'

/** A server or disk before it is known what holds it. */
export interface Instance {
  readonly id: string
  readonly createdAt: Date
  readonly candidate: Candidate
  /** Where a disk is attached. */
  readonly serverId?: string
  readonly children: ProtectablesResp['children']
  readonly detail: Readonly<Record<string, unknown>>
}

export const serverInstance = (server: ProtectableServer): Instance => ({
  id: server.id,
  createdAt: server.createdAt,
  candidate: serverCandidate(server),
  children: server.disks.map(asChild),
  detail: serverDetail(server),
})

export const diskInstance = (disk: ProtectableDisk): Instance => ({
  id: disk.id,
  createdAt: disk.createdAt,
  candidate: diskCandidate(disk),
  ...(disk.serverId !== undefined && { serverId: disk.serverId }),
  children: [],
  detail: diskDetail(disk),
})

/** The instances on the wire, in the order given. */
export async function viewInstances(
  ports: { readonly catalog: Catalog; readonly protectables: Protectables },
  projectId: string,
  instances: readonly Instance[],
): Promise<readonly ProtectablesResp[]> {
  if (instances.length === 0) return []
  const candidates = instances.map(instance => instance.candidate)
  const sharers = await findSharers(ports.protectables, projectId, candidates)
  return ports.catalog.read(async records => {
    const bound = await records.resources.bound(projectId, idsConcerned(candidates, sharers))
    const hindrances = candidates.map(
      candidate => bindingHindrance(candidate, { bound, sharers }) ?? stateHindrance(candidate),
    )
    const vaults = await vaultsOf(records, projectId, hindrances)
    return instances.map((instance, at) => asProtectable(instance, resultOf(hindrances[at], vaults)))
  })
}

type Vaults = ReadonlyMap<string, VaultGet>

/** The vaults that hold what is hindered, in full. */
async function vaultsOf(
  records: Records,
  projectId: string,
  hindrances: readonly (Hindrance | undefined)[],
): Promise<Vaults> {
  const vaults = new Map<string, VaultGet>()
  for (const id of new Set(hindrances.flatMap(hindrance => hindrance?.vaultId ?? []))) {
    const vault = await records.vaults.find(projectId, id)
    if (vault !== undefined) vaults.set(id, asVaultGet(vault, await viewVault(records, vault)))
  }
  return vaults
}

function resultOf(hindrance: Hindrance | undefined, vaults: Vaults): ProtectableResult {
  if (hindrance === undefined) return { result: true, code: '', reason: '' }
  const { message } = new Refusal(hindrance.code, hindrance.about)
  const vault = hindrance.vaultId === undefined ? undefined : vaults.get(hindrance.vaultId)
  return {
    result: false,
    code: `BackupService.${hindrance.code}`,
    reason: message,
    message,
    ...(vault !== undefined && { vault }),
  }
}

const asProtectable = (
  { id, candidate, children, detail }: Instance,
  protectable: ProtectableResult,
): ProtectablesResp => ({
  id,
  name: candidate.name,
  type: candidate.type,
  size: asGb(candidate.sizeBytes),
  status: candidate.status,
  children,
  detail,
  protectable,
})
